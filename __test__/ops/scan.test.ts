import {
  GradientTape,
  grad,
  input,
  jit,
  Model,
  ops,
  random,
  type SymbolicTensor,
  type Tensor,
  tensor,
  variable,
} from 'ferrograd'
import { expect, test } from 'vitest'
import { caught } from '../caught.js'

const decay = (xs: Tensor): Tensor =>
  ops.scan(
    (carry, x) => {
      const now = ops.add(ops.multiply(carry, 0.5), x)
      return [now, now]
    },
    tensor(0, [], 'float64'),
    xs,
  )[1]

test('walks forwards and backwards, eagerly and compiled', async () => {
  const xs = tensor([1, 2, 3], [3], 'float64')
  expect(decay(xs).arraySync()).toEqual([1, 2.5, 4.25])
  expect((await jit(decay)(xs)).arraySync()).toEqual([1, 2.5, 4.25])
  const rows = [
    [1, 2, 3],
    [4, 5, 6],
  ]
  const step = ([sum, count]: readonly [Tensor, Tensor], x: Tensor) => [[sum.add(x), count.add(1)], sum] as const
  const [[sum, count], all] = ops.scan(step, [tensor([0, 0]), 0], rows, { axis: 1, reverse: true })
  expect([sum.arraySync(), count.arraySync()]).toEqual([[6, 15], 3])
  expect(all.arraySync()).toEqual([
    [5, 3, 0],
    [11, 6, 0],
  ])
})

test('structures by name go through it, and there may be no sequence, no output or no carry', () => {
  const [last, all] = ops.scan(
    ({ h, c }, { a, b }) => [{ h: h.add(a), c: c.mul(b) }, { both: [h, c] }],
    { h: 1, c: 1 },
    { a: [1, 2, 3], b: [2, 2, 2] },
  )
  expect([last.h.itemSync(), last.c.itemSync()]).toEqual([7, 8])
  expect(all.both.map((one) => one.arraySync())).toEqual([
    [1, 2, 4],
    [1, 2, 4],
  ])
  expect(ops.scan((c) => [c.mul(2), null], 1, null, { length: 5 })[0].itemSync()).toBe(32)
  expect(ops.scan((_, x) => [null, x.mul(x)], null, [1, 2, 3])[1].arraySync()).toEqual([1, 4, 9])
})

test('a functional model scans what it is given', async () => {
  const x = input({ shape: [3, 2] })
  const [, all] = ops.scan((c, row) => [c.add(row), c.add(row)], ops.multiply(ops.sum(x, { axis: 1 }), 0), x, {
    axis: 1,
  })
  expect(all.shape).toEqual([null, 3, 2])
  const given = tensor([1, 2, 3, 4, 5, 6], [1, 3, 2])
  const out = await new Model({ inputs: x, outputs: all }).predict(given)
  expect((out as Tensor).arraySync()).toEqual([
    [
      [1, 2],
      [4, 6],
      [9, 12],
    ],
  ])
})

test('is differentiable', () => {
  expect(grad((xs) => ops.sum(decay(xs)))(tensor([1, 2, 3], [3], 'float64')).arraySync()).toEqual([1.75, 1.5, 1])
})

test('a step is drawn once, at any length, and what it uses from outside has gradients', async () => {
  const w = variable([[0.5, -0.25]], { name: 'w' })
  const bias = tensor([0.1, 0.2])
  let calls = 0
  const last = (xs: Tensor): Tensor => {
    const step = (c: Tensor, x: Tensor): [Tensor, null] => {
      calls += 1
      return [ops.tanh(ops.add(ops.matmul(x, w), ops.add(c, bias))), null]
    }
    return ops.scan(step, ops.zeros([1, 2]), xs)[0]
  }
  const xs = tensor(
    Float32Array.from({ length: 2000 }, (_, i) => Math.sin(i)),
    [2000, 1, 1],
  )
  const slopes = (x: Tensor): Tensor[] => {
    const tape = new GradientTape()
    const loss = tape.record(() => ops.sum(last(x)))
    return tape.gradient(loss, [w, bias]) as Tensor[]
  }
  const [compiled, eager] = [await jit(slopes)(xs), slopes(xs)]
  expect(calls).toBe(2)
  expect(compiled[0]!.shape).toEqual([1, 2])
  expect(compiled.map((one) => one.arraySync())).toEqual(eager.map((one) => one.arraySync()))
})

test('refuses a step that changes something', () => {
  const count = variable(0, { name: 'count' })
  const counts = () => ops.scan((c) => [count.assignAdd(1) ?? c, null], 0, null, { length: 2 })
  expect(counts).toThrow("scan step: expected a step that changes nothing, got an assignment to 'count'")
  expect(() => ops.scan((c) => [c.add(random.normal([])), null], 0, null, { length: 2 })).toThrow(
    'Draw the random numbers',
  )
})

test('of no elements the carry is the first one and the outputs are of length 0; of one it is one step', () => {
  const [last, all] = ops.scan((c, x) => [c.add(x), ops.stack([c, x])], 5, tensor([], [0]))
  expect([last.itemSync(), all.shape]).toEqual([5, [0, 2]])
  const [one, outputs] = ops.scan((c, x) => [c.add(x), ops.stack([c, x])], 5, [2])
  expect([one.itemSync(), outputs.arraySync()]).toEqual([7, [[5, 2]]])
})

test('refuses what does not fit, with both sides named', () => {
  const grows = () => ops.scan((c, x) => [ops.stack([c, x]), x], tensor(0), [1, 2])
  expect(grows).toThrow('scan carry: expected float32[], got float32[2]')
  const casts = () => ops.scan((c, x) => [{ c: ops.cast(c.c, 'int32') }, x], { c: 0 }, [1, 2])
  expect(caught(casts)).toMatchObject({ code: 'ERR_DTYPE', expected: '{ c: float32[] }', received: '{ c: int32[] }' })
  const lengths = () => ops.scan((c, [a]) => [c, a], 0, [tensor([1, 2]), tensor([1, 2, 3])])
  expect(caught(lengths)).toMatchObject({ code: 'ERR_SHAPE', received: '2, 3' })
  expect(() => ops.scan((c, x) => [c, x], 0, [1, 2], { length: 3 })).toThrow('got 2 and length 3')
  expect(() => ops.scan((c) => [c, c], 0)).toThrow('scan: expected xs, or a length, got neither')
  expect(() => ops.scan(((c: Tensor) => c) as never, 0, [1])).toThrow('scan step: expected a pair [carry, output]')
})

test('where chooses values and gradients, and a guarded side does not spoil them', () => {
  const f = (x: Tensor): Tensor => {
    const positive = ops.greater(x, 0)
    return ops.sum(ops.where(positive, ops.sqrt(ops.where(positive, x, 1)), 0))
  }
  expect(grad(f)([-4, 4]).arraySync()).toEqual([0, 0.25])
})

test('hundreds of steps compile, with the way back through all of them', async () => {
  const steps = 300
  const slope = jit((w: Tensor, xs: Tensor) =>
    grad((at) => {
      const next = (carry: Tensor, x: Tensor): Tensor => ops.tanh(ops.add(ops.matmul(carry, at), x))
      const step = (carry: Tensor, x: Tensor): [Tensor, Tensor] => {
        const state = next(carry, x)
        return [state, state]
      }
      return ops.mean(ops.scan(step, ops.zeros([4, 2], 'float64'), xs)[1])
    })(w),
  )
  const at = [0.1, 0.2, 0.3, 0.4]
  const xs = tensor(
    Float64Array.from({ length: steps * 8 }, (_, i) => Math.sin(i)),
    [steps, 4, 2],
  )
  const got = (await slope(tensor(at, [2, 2], 'float64'), xs)).dataSync()
  // The same by plain loops, and central differences.
  const mean = (w: readonly number[]): number => {
    const numbers = xs.dataSync()
    let [sum, h] = [0, new Array<number>(8).fill(0)]
    for (let t = 0; t < steps; t += 1) {
      const product = (row: number, j: number): number => h[2 * row]! * w[j]! + h[2 * row + 1]! * w[2 + j]!
      h = h.map((_, i) => Math.tanh(product(i >> 1, i & 1) + numbers[8 * t + i]!))
      sum = h.reduce((total, value) => total + value, sum)
    }
    return sum / (steps * 8)
  }
  for (const i of at.keys()) {
    const moved = (by: number): number => mean(at.map((value, j) => (i === j ? value + by : value)))
    expect(got[i]).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 8)
  }
})

test('a long loop ends with its signal, amid its turns, and leaves variables as they were', async () => {
  const count = variable(0, { name: 'count' })
  const walk = jit(
    (x: Tensor) => {
      count.assignAdd(1)
      const [last] = ops.scan((y) => [ops.multiply(y, 1), undefined], x, undefined, { length: 2 ** 30 })
      return last
    },
    { signal: AbortSignal.timeout(30) },
  )
  // All its turns would take minutes.
  await expect(walk(1)).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  expect(count.read().itemSync()).toBe(0)
})

test('segments that are walked once more give the same numbers, and derivatives of any order', async () => {
  const xs = tensor(
    Float64Array.from({ length: 46 }, (_, i) => Math.sin(3 * i)),
    [23, 2],
  )
  const w = tensor([0.4, -0.3, 0.2, 0.6], [2, 2], 'float64')
  const walk = (options: { checkpoint?: number; reverse?: boolean }): ((at: Tensor) => Tensor) => {
    const step = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
      const next = ops.tanh(ops.add(ops.matmul(ops.reshape(h, [1, 2]), w), x))
      return [ops.reshape(next, [2]), ops.sum(next)]
    }
    const loss = (at: Tensor): Tensor => {
      const [last, all] = ops.scan(step, ops.zeros([2], 'float64'), at, options)
      return ops.add(ops.sum(ops.square(last)), ops.sum(ops.multiply(all, all)))
    }
    const slope = grad(loss)
    return (at) => ops.stack([slope(at), grad((z) => ops.sum(ops.square(slope(z))))(at)])
  }
  for (const reverse of [false, true]) {
    const whole = walk({ reverse })(xs).dataSync()
    for (const checkpoint of [1, 4, 5, 23, 100]) {
      const cut = walk({ reverse, checkpoint })
      const compiled = (await jit(cut)(xs)).dataSync()
      expect(compiled).toEqual(cut(xs).dataSync())
      for (const [i, value] of compiled.entries()) expect(value).toBeCloseTo(whole[i]!, 12)
    }
  }
  expect(caught(() => ops.scan((c, x) => [c, x], 0, [1], { checkpoint: 0 }))).toMatchObject({
    code: 'ERR_CONFIG',
    message: expect.stringContaining('scan checkpoint: expected an integer ≥ 1'),
  })
})

test('a long loop in segments ends with its signal too', async () => {
  const walk = jit(
    (x: Tensor) =>
      ops.scan((y) => [ops.multiply(y, 1), undefined], x, undefined, { length: 2 ** 30, checkpoint: 2 ** 15 })[0],
    { signal: AbortSignal.timeout(30) },
  )
  await expect(walk(1)).rejects.toMatchObject({ code: 'ERR_ABORTED' })
})

test('symbolic tensors in second place, in lists and by name, are met as well', () => {
  const x = input({ shape: [3, 2] })
  const step = (sum: Tensor, [row]: readonly [Tensor]): [Tensor, Tensor] => [ops.add(sum, ops.sum(row)), ops.sum(row)]
  const data = ops.ones([2, 3, 2])
  const found = [
    ops.scan(step as never, 0, [x]),
    ops.scan(
      (({ sum }: { sum: Tensor }, { row }: { row: Tensor }) => [{ sum: ops.add(sum, ops.sum(row)) }, row]) as never,
      { sum: 0 },
      { row: x },
    ),
  ]
  const [[first], [second]] = found as never as readonly [
    readonly [SymbolicTensor],
    readonly [{ readonly sum: SymbolicTensor }],
  ]
  const all = new Model({ inputs: x, outputs: [first, second.sum] }).apply(data) as unknown as readonly Tensor[]
  expect(all.map((last) => last.itemSync())).toEqual([12, 12])
})
