import {
  customGradient,
  GradientTape,
  grad,
  hessian,
  jacobian,
  jit,
  ops,
  type Tensor,
  tensor,
  valueAndGrad,
  variable,
} from 'ferrograd'
import { expect, test } from 'vitest'

const f64 = (values: number | number[]): Tensor => tensor(values, undefined, 'float64')

const failure = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`
  }
  return 'nothing thrown'
}

test('a tape differentiates by variables and tensors, again and again', () => {
  const w = variable([1, 2], { dtype: 'float64' })
  const x = f64([3, 4])
  const tape = new GradientTape()
  const loss = tape.record(() => ops.sum(ops.multiply(ops.square(w), x)))
  expect(tape.gradient(loss, [w, x]).map((slope) => slope?.arraySync())).toEqual([
    [6, 16],
    [1, 4],
  ])
  expect(tape.gradient(loss, [w])[0]?.arraySync()).toEqual([6, 16])
})

test('the loss may be read before the gradient is taken', async () => {
  const w = variable(3, { dtype: 'float64' })
  const tape = new GradientTape()
  const loss = tape.record(() => ops.square(w))
  expect(await loss.item()).toBe(9)
  expect(loss.itemSync()).toBe(9)
  expect(tape.gradient(loss, [w])[0]?.itemSync()).toBe(6)
})

test('what was assigned just before is what is differentiated by', () => {
  const w = variable(3, { dtype: 'float64' })
  w.assign(5)
  const tape = new GradientTape()
  const loss = tape.record(() => ops.square(w))
  w.assign(7)
  expect(tape.gradient(loss, [w])[0]?.itemSync()).toBe(10)
})

test('the source after an assignment inside a tape is the value first read', () => {
  const w = variable(2, { dtype: 'float64' })
  const tape = new GradientTape()
  const loss = tape.record(() => {
    w.assign(ops.square(w))
    return ops.multiply(w, 3)
  })
  expect(loss.itemSync()).toBe(12)
  expect(tape.gradient(loss, [w])[0]?.itemSync()).toBe(12)
})

test('unconnected gradients are undefined, or zero on demand', () => {
  const [w, other] = [variable(3), variable([1, 2])]
  const tape = new GradientTape()
  const loss = tape.record(() => ops.square(w))
  expect(tape.gradient(loss, [other])).toEqual([undefined])
  expect(tape.gradient(loss, [other], { unconnectedGradients: 'zero' })[0]?.arraySync()).toEqual([0, 0])
  expect(failure(() => tape.gradient(loss, [w], { unconnectedGradients: 'nil' as never }))).toMatch(/^ERR_CONFIG/)
})

test('bad losses and sources are typed errors', () => {
  const w = variable([1, 2])
  const tape = new GradientTape()
  const vector = tape.record(() => ops.square(w))
  expect(failure(() => tape.gradient(vector, [w]))).toMatch(
    /^ERR_SHAPE: gradient: expected a scalar loss, got shape \[2\]/,
  )
  const integer = tensor([1, 2], [2], 'int32')
  expect(failure(() => tape.gradient(ops.sum(integer), [w]))).toMatch(/^ERR_DTYPE: gradient loss/)
  expect(failure(() => tape.gradient(ops.sum(vector), [integer]))).toMatch(/^ERR_DTYPE: gradient source/)
  expect(failure(() => grad((x) => x)(integer))).toMatch(/^ERR_DTYPE: grad/)
  expect(failure(() => tape.gradient(3 as never, [w]))).toMatch(/^ERR_DATA/)
  expect(failure(() => new GradientTape().record(async () => w))).toMatch(/^ERR_DATA: GradientTape.record/)
})

test('valueAndGrad finds the trainable variables by itself', () => {
  const [a, b] = [variable(2, { dtype: 'float64' }), variable(5, { dtype: 'float64', trainable: false })]
  const [value, gradients, variables] = valueAndGrad(() => ops.multiply(ops.square(a), b))
  expect([value.itemSync(), gradients.map((slope) => slope?.itemSync()), variables]).toEqual([20, [20], [a]])
})

test('derivatives of higher order', () => {
  const f = (x: Tensor): Tensor => ops.sin(x)
  const at = f64(0.7)
  const third = grad(grad(grad(f)))
  expect(third(at).itemSync()).toBeCloseTo(-Math.cos(0.7), 12)
  const w = variable(2, { dtype: 'float64' })
  const [outer, inner] = [new GradientTape(), new GradientTape()]
  const slope = outer.record(() => {
    const y = inner.record(() => ops.power(w, 3))
    return inner.gradient(y, [w])[0]!
  })
  expect(outer.gradient(slope, [w])[0]?.itemSync()).toBeCloseTo(12, 12)
})

test('a derivative inside another by the same number is not mixed up with it', () => {
  // d/dx [x · d/dy (x·y) at y = x] = d/dx x² = 2x
  const f = (x: Tensor): Tensor => ops.multiply(x, grad((y) => ops.multiply(x, y))(x))
  expect(grad(f)(f64(3)).itemSync()).toBe(6)
})

test('stopGradient', () => {
  expect(grad((x) => ops.multiply(x, ops.stopGradient(x)))(f64(3)).itemSync()).toBe(3)
})

test('jacobian and hessian of small functions', () => {
  const f = (x: Tensor): Tensor => ops.stack([ops.prod(x), ops.sum(ops.square(x))])
  expect(jacobian(f)(f64([2, 3])).arraySync()).toEqual([
    [3, 2],
    [4, 6],
  ])
  expect(jacobian(f)([2, 3]).shape).toEqual([2, 2])
  const rosenbrock = (p: Tensor): Tensor => {
    const [x, y] = ops.split(p, 2) as [Tensor, Tensor]
    return ops.sum(
      ops.add(ops.square(ops.subtract(1, x)), ops.multiply(100, ops.square(ops.subtract(y, ops.square(x))))),
    )
  }
  expect(hessian(rosenbrock)(f64([1, 1])).arraySync()).toEqual([
    [802, -400],
    [-400, 200],
  ])
})

test('gradients of the user’s own: straight through, clipped, chained, in a trace', async () => {
  const round = customGradient((x: Tensor) => ({ value: ops.round(x), gradient: (dy: Tensor) => dy }))
  expect(grad((x) => ops.square(round(x)))(f64(2.6)).itemSync()).toBe(6)
  const clipped = customGradient((x: Tensor) => ({
    value: ops.multiply(x, 1),
    gradient: (dy: Tensor) => ops.clip(dy, -1, 1),
  }))
  expect(grad((x) => ops.multiply(5, clipped(x)))(f64(2)).itemSync()).toBe(1)
  // Two in a row, and a way around them.
  expect(grad((x) => ops.add(ops.multiply(round(clipped(ops.multiply(x, 2))), 3), x))(f64(2)).itemSync()).toBe(3)
  const product = customGradient((a: Tensor, b: Tensor) => ({
    value: ops.multiply(a, b),
    gradient: (dy: Tensor) => [ops.multiply(dy, 10), undefined],
  }))
  const [a, b] = [f64(2), f64(3)]
  const tape = new GradientTape()
  const y = tape.record(() => product(a, b))
  expect(tape.gradient(y, [a, b]).map((slope) => slope?.itemSync())).toEqual([10, undefined])
  const compiled = jit((x: Tensor) => grad((z) => ops.square(round(z)))(x))
  expect(await (await compiled(f64(2.6))).item()).toBe(6)
  // The gradient of a square root that is drawn by the user is differentiated in its turn.
  const root = customGradient((x: Tensor) => ({
    value: ops.sqrt(x),
    gradient: (dy: Tensor) => ops.divide(dy, ops.multiply(2, ops.sqrt(x))),
  }))
  expect(grad(grad((x) => root(x)))(f64(4)).itemSync()).toBeCloseTo(-1 / 32, 12)
  const wrong = customGradient((x: Tensor) => ({ value: x, gradient: () => tensor([1, 2]) }))
  expect(failure(() => grad((x) => wrong(x))(1))).toMatch(/^ERR_SHAPE: customGradient gradient/)
})

test('gradients come in the arrangement of the sources', () => {
  const [w, u] = [variable(3), variable([1, 2])]
  const tape = new GradientTape()
  const y = tape.record(() => ops.add(ops.square(w), ops.sum(u)))
  expect(tape.gradient(y, w)!.itemSync()).toBe(6)
  expect(tape.gradient(y, [u, w]).map((slope) => slope!.arraySync())).toEqual([[1, 1], 6])
  const named = tape.gradient(y, { w, u, other: tensor(1) })
  expect(Object.keys(named)).toEqual(['w', 'u', 'other'])
  expect(named.w!.itemSync()).toBe(6)
  expect(named.other).toBeUndefined()
  expect(tape.gradient(y, { other: tensor([1, 2]) }, { unconnectedGradients: 'zero' }).other!.arraySync()).toEqual([
    0, 0,
  ])
})

test('what is no source, no function and no gradient is refused by name', () => {
  const [w, tape] = [variable(3), new GradientTape()]
  const y = tape.record(() => ops.square(w))
  const anything = tape as unknown as { gradient: (...args: unknown[]) => unknown; record: (f: unknown) => unknown }
  expect(failure(() => anything.gradient(y, 3))).toMatch(
    /^ERR_DATA: gradient: expected tensors or variables, in a list/,
  )
  expect(failure(() => anything.gradient(y, [[3]]))).toMatch(/^ERR_DATA: gradient/)
  expect(failure(() => anything.gradient(y, [w], { unconnected_gradients: 'zero' }))).toMatch(/'unconnectedGradients'/)
  expect(failure(() => anything.record(3))).toMatch(/^ERR_CONFIG: GradientTape.record: expected a function/)
  // biome-ignore lint/suspicious/noThenProperty: it is what is tested
  expect(failure(() => tape.record(() => ({ then: () => undefined })))).toMatch(/^ERR_DATA: GradientTape.record/)
  for (const derive of [grad, jacobian, hessian, valueAndGrad, customGradient])
    expect(failure(() => (derive as (f: unknown) => unknown)(3))).toMatch(/^ERR_CONFIG.*expected a function, got 3/)
  const given = (gradient: unknown) => customGradient((() => ({ value: tensor(1), gradient })) as never)
  expect(failure(() => given(undefined)(1))).toMatch(/^ERR_DATA: customGradient result/)
  expect(failure(() => grad((x) => given(() => [1])(x))(1))).toMatch(
    /^ERR_DATA: customGradient gradient 0: expected a tensor/,
  )
  expect(failure(() => grad((x) => given(() => tensor(1, [], 'float64'))(x))(1))).toMatch(/^ERR_DTYPE: customGradient/)
})
