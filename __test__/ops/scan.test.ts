import { grad, jit, ops, type Tensor, tensor } from 'ferrograd'
import { expect, test } from 'vitest'

const decay = (xs: Tensor): Tensor =>
  ops.scan(
    (carry: Tensor, x) => {
      const now = ops.add(ops.multiply(carry, 0.5), x)
      return { carry: now, output: now }
    },
    tensor(0, [], 'float64'),
    xs,
  ).outputs

test('walks forwards and backwards, eagerly and compiled', async () => {
  const xs = tensor([1, 2, 3], [3], 'float64')
  expect(decay(xs).arraySync()).toEqual([1, 2.5, 4.25])
  expect((await jit(decay)(xs)).arraySync()).toEqual([1, 2.5, 4.25])
  const { carry, outputs } = ops.scan(
    ([sum, count]: readonly [Tensor, Tensor], x) => ({ carry: [sum.add(x), count.add(1)] as const, output: sum }),
    [tensor([0, 0]), tensor(0)],
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    { axis: 1, reverse: true },
  )
  expect(carry.map((one) => one.arraySync())).toEqual([[6, 15], 3])
  expect(outputs.arraySync()).toEqual([
    [5, 11],
    [3, 6],
    [0, 0],
  ])
})

test('is differentiable', () => {
  expect(grad((xs) => ops.sum(decay(xs)))(tensor([1, 2, 3], [3], 'float64')).arraySync()).toEqual([1.75, 1.5, 1])
})

test('refuses a carry that changes its shape, and an empty sequence', () => {
  const grows = () => ops.scan((c: Tensor, x) => ({ carry: ops.stack([c, x]), output: x }), tensor(0), [1, 2])
  expect(grows).toThrow('scan carry: expected float32[], got float32[2]')
  expect(() => decay(tensor([], [0], 'float64'))).toThrow('at least one element')
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
      const step = (carry: Tensor, x: Tensor): { carry: Tensor; output: Tensor } => {
        const state = next(carry, x)
        return { carry: state, output: state }
      }
      return ops.mean(ops.scan(step, ops.zeros([4, 2], 'float64'), xs).outputs)
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
