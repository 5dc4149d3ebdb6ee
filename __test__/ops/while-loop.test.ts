import {
  GradientTape,
  grad,
  input,
  jit,
  Model,
  ops,
  type SymbolicTensor,
  type Tensor,
  tensor,
  variable,
} from 'ferrograd'
import { expect, test } from 'vitest'
import { caught } from '../caught.js'

/** The smallest power of 2 that is at least `x`, and how many doublings it takes. */
const doublings = (x: Tensor): readonly [Tensor, Tensor] =>
  ops.whileLoop(
    (power) => ops.less(power, x),
    (power, count) => [ops.multiply(power, 2), ops.add(count, 1)],
    [tensor(1, [], 'float64'), tensor(0, [], 'int32')],
  )

test('goes on while its condition holds, eagerly, compiled and synchronously, with no turn and with many', async () => {
  for (const [x, power, count] of [
    [0.5, 1, 0],
    [1000, 1024, 10],
  ] as const) {
    const given = tensor(x, [], 'float64')
    expect(doublings(given).map((one) => one.itemSync())).toEqual([power, count])
    const compiled = await jit((at: Tensor) => doublings(at))(given)
    expect(compiled.map((one) => one.itemSync())).toEqual([power, count])
  }
  const sum = ops.whileLoop(
    ({ n }) => ops.less(n, 100_000),
    ({ n, total }) => ({ n: ops.add(n, 1), total: ops.add(total, n) }),
    { n: tensor(0, [], 'float64'), total: tensor(0, [], 'float64') },
  )
  expect(await sum.total.item()).toBe((100_000 * 99_999) / 2)
})

test('takes one variable, nested ones and variables, and draws each function once', () => {
  expect(
    ops
      .whileLoop(
        (i) => ops.less(i, 10),
        (i) => ops.add(i, 1),
        0,
      )
      .itemSync(),
  ).toBe(10)
  expect(
    ops
      .whileLoop(
        () => true,
        (i) => ops.multiply(i, 2),
        1,
        { maximumIterations: 5 },
      )
      .itemSync(),
  ).toBe(32)
  expect(
    ops
      .whileLoop(
        () => true,
        (i) => ops.multiply(i, 2),
        1,
        { maximumIterations: 0 },
      )
      .itemSync(),
  ).toBe(1)
  const [x, y] = ops.whileLoop(
    (a) => ops.less(a, 10),
    (a, b) => [ops.add(a, b), ops.add(b, 1)],
    [0, 1],
  )
  expect([x.itemSync(), y.itemSync()]).toEqual([10, 5])
  const rate = variable(3, { name: 'rate' })
  let [asked, ran] = [0, 0]
  const [[a, { b }], list] = ops.whileLoop(
    ([first]) => {
      asked += 1
      return ops.less(first, 20)
    },
    ([first, { b }], xs) => {
      ran += 1
      return [[ops.multiply(first, rate), { b: ops.add(b, first) }], ops.add(xs, first)]
    },
    [
      [tensor(1), { b: tensor(0) }],
      [0, 10],
    ],
  )
  expect([a.itemSync(), b.itemSync(), list.arraySync()]).toEqual([27, 13, [13, 23]])
  expect([asked, ran]).toEqual([1, 1])
})

test('a functional model loops', async () => {
  const x = input({ shape: [2] })
  const halved = ops.whileLoop(
    (y) => ops.greater(ops.max(y), 1),
    (y) => ops.divide(y, 2),
    x,
  )
  expect(halved.shape).toEqual([null, 2])
  const out = await new Model({ inputs: x, outputs: halved }).predict(tensor([3, 8], [1, 2]))
  expect((out as Tensor).arraySync()).toEqual([[0.375, 1]])
})

/** Σ over a few turns of something that has derivatives with respect to what it begins with and to a constant. */
const wound = (x: Tensor, w: Tensor, maximumIterations = 8): Tensor =>
  ops.sum(
    ops.whileLoop(
      (h) => ops.less(ops.sum(ops.square(h)), 4),
      (h) => ops.add(ops.multiply(ops.tanh(ops.matmul(h, w)), 0.5), ops.multiply(h, 1.3)),
      x,
      { maximumIterations },
    ),
  )

test('with a bound it has the derivatives that central differences have, of a few turns, all, and none', () => {
  const from = (numbers: readonly number[]): [Tensor, Tensor] => [
    tensor(numbers.slice(0, 2), [1, 2], 'float64'),
    tensor(numbers.slice(2), [2, 2], 'float64'),
  ]
  const start = [0.3, -0.4, 0.5, 0.2, -0.3, 0.7]
  for (const [scale, bound] of [
    [1, 8],
    [1, 2],
    [20, 8],
  ] as const) {
    const at = [...start.slice(0, 2).map((x) => x * scale), ...start.slice(2)]
    const [x, w] = from(at)
    const tape = new GradientTape()
    tape.watch(x)
    tape.watch(w)
    const value = tape.record(() => wound(x, w, bound))
    const slopes = (tape.gradient(value, [x, w]) as Tensor[]).flatMap((one) => [...one.dataSync()])
    const moved = (i: number, by: number): number => {
      const [a, b] = from(at.map((value, j) => (i === j ? value + by : value)))
      return wound(a, b, bound).itemSync()
    }
    for (const i of at.keys()) expect(slopes[i]).toBeCloseTo((moved(i, 1e-5) - moved(i, -1e-5)) / 2e-5, 7)
  }
})

test('second derivatives go through it', () => {
  // Three turns of x², of which the last two happen: x⁸, whose derivatives are 8x⁷ and 56x⁶.
  const eighth = (x: Tensor): Tensor =>
    ops.whileLoop(
      (_, n) => ops.less(n, 3),
      (y, n) => [ops.square(y), ops.add(n, 1)],
      [x, tensor(0, [], 'int32')],
      { maximumIterations: 5 },
    )[0]
  const x = tensor(1.1, [], 'float64')
  expect(eighth(x).itemSync()).toBeCloseTo(1.1 ** 8, 12)
  expect(grad(eighth)(x).itemSync()).toBeCloseTo(8 * 1.1 ** 7, 11)
  expect(grad((at) => grad(eighth)(at))(x).itemSync()).toBeCloseTo(56 * 1.1 ** 6, 10)
})

test('a scan goes through a while, and a while through a scan, with derivatives', () => {
  const xs = tensor([1, 2, 3], [3], 'float64')
  const inner = (x: Tensor): Tensor =>
    ops.whileLoop(
      (y) => ops.less(y, 10),
      (y) => ops.multiply(y, 3),
      x,
      { maximumIterations: 4 },
    )
  // 1 → 27, 2 → 18, 3 → 27: slopes 27, 9, 9.
  const scanned = (all: Tensor): Tensor => ops.scan((sum, x) => [ops.add(sum, inner(x)), null], zero(), all)[0]
  expect(scanned(xs).itemSync()).toBe(72)
  expect(grad(scanned)(xs).arraySync()).toEqual([27, 9, 9])
  // Each turn adds Σ xᵢ² · y: y · (1 + 14) a turn, twice.
  const looped = (all: Tensor): Tensor =>
    ops.whileLoop(
      (y) => ops.less(y, 100),
      (y) => ops.scan((sum, x) => [ops.add(sum, ops.multiply(ops.square(x), y)), null], y, all)[0],
      tensor(1, [], 'float64'),
      { maximumIterations: 3 },
    )
  expect(looped(xs).itemSync()).toBe(225)
  expect(grad(looped)(xs).arraySync()).toEqual([60, 120, 180])
})

const zero = (): Tensor => tensor(0, [], 'float64')

test('an endless loop ends with its signal, and leaves variables as they were', async () => {
  const count = variable(0, { name: 'count' })
  const controller = new AbortController()
  const spin = jit(
    (x: Tensor) => {
      count.assignAdd(1)
      return ops.whileLoop(
        (y) => ops.less(y, 1e9),
        (y) => ops.multiply(y, 1),
        x,
      )
    },
    { signal: controller.signal },
  )
  const run = spin(1)
  // The event loop is free meanwhile.
  setTimeout(() => controller.abort(new Error('enough')), 30)
  await expect(run).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: { message: 'enough' } })
  await expect(spin(1)).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  expect(count.read().itemSync()).toBe(0)
})

test('fit ends amid an endless loop', async () => {
  const x = input({ shape: [1] })
  const y = ops.whileLoop(
    (at) => ops.less(ops.max(at), 1e9),
    (at) => ops.multiply(at, 1),
    x,
  )
  const model = new Model({ inputs: x, outputs: y })
  const run = model.predict([[1], [2]], { signal: AbortSignal.timeout(30) })
  await expect(run).rejects.toMatchObject({ code: 'ERR_ABORTED' })
})

test('refuses what does not fit, with both sides named', () => {
  const grows = () =>
    ops.whileLoop(
      () => true,
      (x) => ops.stack([x, x]) as never,
      tensor(0),
    )
  expect(caught(grows)).toMatchObject({ code: 'ERR_SHAPE', expected: '[float32[]]', received: '[float32[2]]' })
  const casts = () =>
    ops.whileLoop(
      () => true,
      (x) => [ops.cast(x, 'int32')],
      [tensor(0)],
    )
  expect(caught(casts)).toMatchObject({ code: 'ERR_DTYPE', expected: '[float32[]]', received: '[int32[]]' })
  const many = () =>
    ops.whileLoop(
      (x) => ops.less(x, 1),
      (x) => x,
      tensor([0, 1]),
    )
  expect(caught(many)).toMatchObject({ code: 'ERR_SHAPE', received: [2] })
  const endless = () =>
    grad((x) =>
      ops.whileLoop(
        (y) => ops.less(y, 9),
        (y) => ops.multiply(y, 2),
        x,
      ),
    )(1)
  expect(endless).toThrow('whileLoop: expected a bound where a gradient is drawn, got none')
  const bound = () =>
    ops.whileLoop(
      () => true,
      (x) => x,
      0,
      { maximumIterations: -1 },
    )
  expect(bound).toThrow('whileLoop maximumIterations: expected an integer ≥ 0, got -1')
  const state = variable(0, { name: 'state' })
  const assigns = () =>
    ops.whileLoop(
      () => true,
      (x) => state.assignAdd(1) ?? x,
      0,
      { maximumIterations: 1 },
    )
  expect(assigns).toThrow("whileLoop step: expected a step that changes nothing, got an assignment to 'state'")
})

test('symbolic tensors are met in second place and in lists too', () => {
  const x = input({ shape: [2] })
  const [turns, [last]] = ops.whileLoop(
    (turn) => ops.less(turn, 3),
    (turn, [y]) => [ops.add(turn, 1), [ops.multiply(y, 2)]] as never,
    [0, [x]],
  ) as unknown as readonly [SymbolicTensor, readonly [SymbolicTensor]]
  const model = new Model({ inputs: x, outputs: [turns, last] })
  const [count, doubled] = model.apply(tensor([[1, -1]])) as unknown as readonly [Tensor, Tensor]
  expect([count.itemSync(), doubled.arraySync()]).toEqual([3, [[8, -8]]])
})
