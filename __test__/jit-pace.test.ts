/** Runs that happen on the event loop's own thread leave it its turns, and order holds across both ways to run. */
import { jit, ops, type Tensor, tensor, variable } from 'ferrograd'
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
