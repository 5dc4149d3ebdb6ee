import { ops, type Tensor, valueAndGrad, variable } from 'ferrograd'
import { checkGradients, near, numbers, sigmoid } from '../check.js'

/** Three functions with their slopes, in plain numbers and in ops. */
const functions = {
  sigmoid: { g: ops.sigmoid, value: sigmoid, slope: (z: number) => sigmoid(z) * (1 - sigmoid(z)) },
  tanh: { g: ops.tanh, value: Math.tanh, slope: (z: number) => 1 - Math.tanh(z) ** 2 },
  relu: { g: ops.relu, value: (z: number) => Math.max(z, 0), slope: (z: number) => (z > 0 ? 1 : 0) },
}

/** `f = (w₂x₂ + b₂)·g(x₁ + w₁x₂ + b₁)` with x = (1, 2), y = 1 and all parameters 0.5; the loss is (f − y)². */
export function product(): void {
  const [x1, x2, y] = [1, 2, 1]
  for (const [name, { g, value, slope }] of Object.entries(functions)) {
    const parameters = ['w₁', 'b₁', 'w₂', 'b₂'].map((label) => variable(0.5, { name: label, dtype: 'float64' }))
    const [w1, b1, w2, b2] = parameters
    const f = (): Tensor => {
      const left = ops.add(ops.multiply(w2!, x2), b2!)
      return ops.multiply(left, g(ops.add(ops.add(ops.multiply(w1!, x2), x1), b1!)))
    }
    const loss = (): Tensor => ops.square(ops.subtract(f(), y))
    const [, gradients] = valueAndGrad(loss, parameters)
    const slopes = gradients.map((gradient) => gradient!.itemSync())

    // By the chain rule: z = 2.5, the left factor l = w₂x₂ + b₂ is 1.5.
    const [z, left] = [x1 + 0.5 * x2 + 0.5, 0.5 * x2 + 0.5]
    const outer = 2 * (left * value(z) - y)
    const expected = [outer * left * slope(z) * x2, outer * left * slope(z), outer * value(z) * x2, outer * value(z)]
    console.log(`  g = ${name}`)
    const rules = ['2(f − y)·l·g′(z)·x₂', '2(f − y)·l·g′(z)', '2(f − y)·g(z)·x₂', '2(f − y)·g(z)']
    const named = slopes.map((one, i) => [`∂${parameters[i]!.name} = ${rules[i]}`, one] as const)
    console.log(numbers({ 'f = l·g(z)': f().itemSync(), '(f − y)²': loss().itemSync(), ...Object.fromEntries(named) }))
    near(`${name}: f`, f().itemSync(), left * value(z))
    for (const [i, one] of slopes.entries()) near(`${name}: ∂${parameters[i]!.name}`, one, expected[i]!)
    checkGradients(loss, parameters, gradients)
  }
}
