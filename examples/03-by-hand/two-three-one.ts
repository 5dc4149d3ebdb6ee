import { ops, valueAndGrad, variable } from 'ferrograd'
import { allNear, checkGradients, near, numbers, sigmoid } from '../check.js'

/** Two inputs, three sigmoid units, one linear output, squared error: forwards, backwards, one update. */
export function twoThreeOne(): void {
  const f64 = { dtype: 'float64' } as const
  const x = [1, 2]
  const [first, bias] = [
    [
      [0.1, 0.2, 0.3],
      [0.4, 0.5, 0.6],
    ],
    [0.1, 0.2, 0.3],
  ]
  const [second, offset] = [[0.7, 0.8, 0.9], 0.4]
  const parameters = [variable(first, f64), variable(bias, f64), variable(second, f64), variable(offset, f64)] as const
  const [w1, b1, w2, b2] = parameters

  const forward = () => {
    const z = ops.add(ops.matmul(x, w1), b1)
    const a = ops.sigmoid(z)
    return { z, a, guess: ops.add(ops.dot(a, w2), b2) }
  }
  const loss = () => ops.square(ops.subtract(forward().guess, 0))
  const [value, gradients] = valueAndGrad(loss, parameters)

  // The textbook: δ₂ = 2(ŷ − y), ∂w₂ = a·δ₂, δ₁ = w₂·δ₂·a(1 − a), ∂w₁ = x·δ₁.
  const z = bias.map((b, j) => first[0]![j]! * x[0]! + first[1]![j]! * x[1]! + b)
  const a = z.map(sigmoid)
  const guess = a.reduce((sum, unit, j) => sum + unit * second[j]!, offset)
  const d2 = 2 * guess
  const d1 = a.map((unit, j) => second[j]! * d2 * unit * (1 - unit))

  const drawn = forward()
  const [dw1, db1, dw2, db2] = gradients.map((gradient) => gradient!.dataSync())
  const [zs, as, ŷ] = [drawn.z.dataSync(), drawn.a.dataSync(), drawn.guess.itemSync()]
  console.log(numbers({ 'z = x·W₁ + b₁': zs, 'a = σ(z)': as, 'ŷ = a·w₂ + b₂': ŷ, 'loss = (ŷ − 0)²': value.itemSync() }))
  console.log(numbers({ '∂b₂ = δ₂ = 2(ŷ − 0)': db2!, '∂w₂ = a·δ₂': dw2! }))
  console.log(numbers({ '∂b₁ = δ₁ = w₂·δ₂·a(1 − a)': db1!, '∂W₁ = xᵀ·δ₁': dw1! }))
  allNear('z', drawn.z.dataSync(), z)
  allNear('a', drawn.a.dataSync(), a)
  near('ŷ', drawn.guess.itemSync(), guess)
  allNear(
    '∂w₂',
    dw2!,
    a.map((unit) => unit * d2),
  )
  allNear('∂b₂', db2!, [d2])
  allNear(
    '∂w₁',
    dw1!,
    x.flatMap((input) => d1.map((delta) => input * delta)),
  )
  allNear('∂b₁', db1!, d1)
  checkGradients(loss, parameters, gradients)

  const before = value.itemSync()
  for (const [i, parameter] of parameters.entries()) parameter.assignSub(gradients[i]!.mul(0.01))
  const after = loss().itemSync()
  console.log(numbers({ 'w₂ after a step of 0.01': w2.dataSync(), 'loss before, after': [before, after] }))
  allNear(
    'w₂',
    w2.dataSync(),
    second.map((weight, j) => weight - 0.01 * a[j]! * d2),
  )
  if (!(after < before)) throw new Error('The update did not lower the loss')
}
