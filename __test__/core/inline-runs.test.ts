/** Runs that happen on the event loop's own thread leave it its turns, and order holds across both ways to run. */
import { config, jit, ops, type Tensor, tensor, variable } from 'ferrograd'
import { expect, test } from 'vitest'

test('a loop that awaits tiny steps lets timers through', async () => {
  const step = jit((x: Tensor) => ops.add(x, 1))
  const x = tensor([1, 2, 3])
  await step(x)
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)
  const until = performance.now() + 200
  while (performance.now() < until) await step(x)
  clearInterval(timer)
  expect(turns).toBeGreaterThan(5)
})

test('calls that nobody awaits run in their order, here and on another thread', async () => {
  const w = variable(ops.zeros([200, 200]))
  const large = jit((x: Tensor) => {
    w.assign(ops.add(ops.matmul(w, x), 1))
    return ops.mean(w)
  })
  const small = jit(() => {
    w.assign(ops.multiply(w, 2))
    return ops.mean(w)
  })
  const eye = ops.eye(200)
  const results: Promise<Tensor>[] = []
  const expected: number[] = []
  let value = 0
  for (let i = 0; i < 40; i += 1) {
    const double = i % 5 === 4
    results.push(double ? small() : large(eye))
    value = double ? (value * 2) % 1e6 : value + 1
    expected.push(value)
  }
  const got = (await Promise.all(results)).map((result) => Math.round(result.itemSync()))
  expect(got).toEqual(expected.map(Math.round))
})

test('a failing run rejects, and the runs behind it go on', async () => {
  const w = variable(0)
  const pick = jit((at: Tensor) => {
    w.assignAdd(1)
    return ops.gather(ops.reshape(ops.arange(0, 100_000), [100_000]), ops.cast(at, 'int32'))
  })
  const calls = [pick(1), pick(200_000), pick(3)]
  const settled = await Promise.allSettled(calls)
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('hundreds of calls that nobody awaits: each settles with its own, and a failing one alone rejects', async () => {
  const total = variable(0)
  const pick = jit((at: Tensor) => {
    total.assignAdd(1)
    return { picked: ops.gather(tensor([10, 20, 30]), ops.cast(at, 'int32')), total: total.read() }
  })
  // The first ones run here, until this turn has had its share; the others line up for another thread.
  const settled = await Promise.allSettled(Array.from({ length: 700 }, (_, i) => pick(i % 4)))
  let ran = 0
  for (const [i, outcome] of settled.entries()) {
    if (i % 4 === 3) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'FerrogradError', code: 'ERR_DATA' } })
      continue
    }
    ran += 1
    const { value } = outcome as PromiseFulfilledResult<{ picked: Tensor; total: Tensor }>
    expect([value.picked.itemSync(), value.total.itemSync()]).toEqual([(1 + (i % 4)) * 10, ran])
  }
  expect(total.dataSync()).toEqual(Float32Array.of(525))
})

test('runs of two sets of threads keep the order of their calls', async () => {
  const w = variable(ops.ones([120, 120]))
  const double = (): (() => Promise<Tensor>) =>
    jit(() => {
      w.assign(ops.add(ops.multiply(w, 2), ops.multiply(ops.matmul(w, w), 0)))
      return ops.mean(w)
    })
  const add = jit(() => {
    w.assign(ops.add(w, 1))
    return ops.mean(w)
  })
  await add()
  config.setThreads(1)
  const twice = double()
  try {
    const results: number[] = []
    for (let i = 0; i < 5; i += 1) {
      results.push((await twice()).itemSync(), (await add()).itemSync())
    }
    let value = 2
    expect(results).toEqual(Array.from({ length: 10 }, (_, i) => (value = i % 2 === 0 ? value * 2 : value + 1)))
    // Nobody waits for the first ones: the process still hears of all.
    expect(await Promise.all([twice(), add(), twice()])).toHaveLength(3)
  } finally {
    config.setThreads(0)
  }
})

test.each([0, 1, 2, 3, 16, 17, 40])('%d inputs, here and on another thread', async (count) => {
  const sum = jit((...xs: Tensor[]) => {
    let total = ops.zeros([2])
    for (const x of xs) total = ops.add(total, x)
    return total
  })
  const inputs = Array.from({ length: count }, (_, i) => tensor([i, 2 * i]))
  const once = inputs.reduce((total, _, i) => total + i, 0)
  const wanted = [once, 2 * once]
  const [here, ...away] = [sum(...inputs), ...Array.from({ length: 300 }, () => sum(...inputs))]
  for (const result of [here, ...away]) expect((await result)?.arraySync()).toEqual(wanted)
})

test('one function, called with shapes, types and variables in turn, runs the program of each', async () => {
  const [v, w] = [variable([1, 2]), variable([10, 20])]
  const both = jit((x: Tensor, weight: ReturnType<typeof variable>) => ops.add(x, ops.cast(weight, x.dtype)))
  for (let i = 0; i < 3; i += 1) {
    expect((await both([1, 1], v)).arraySync()).toEqual([2, 3])
    expect((await both([1, 1], w)).arraySync()).toEqual([11, 21])
    expect((await both([[1], [2]], v)).arraySync()).toEqual([
      [2, 3],
      [3, 4],
    ])
    const wide = await both(tensor([1, 1], [2], 'float64'), v)
    expect([wide.dtype, wide.arraySync()]).toEqual(['float64', [2, 3]])
  }
})
