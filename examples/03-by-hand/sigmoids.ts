import { ops, type Tensor, tensor, valueAndGrad, variable } from 'ferrograd'
import { allNear, checkGradients, numbers, sigmoid } from '../check.js'

const rate = 0.01
const x = [1, 2]
const target = 3
const start = {
  w1: [0.1, 0.2],
  b1: [0.1, 0.2],
  w2: [
    [0.3, 0.4],
    [0.4, 0.5],
    [0.5, 0.5],
  ],
  b2: [0.3, 0.4, 0.5],
  w3: [0.6, 0.7, 0.8],
  b3: [0.6],
}

/** Sigmoids everywhere: two units fed one input each, three hidden ones, one output; cost ½(y − ŷ)². */
export function sigmoids(): void {
  const entries = Object.entries(start).map(([name, value]) => variable(value, { name, dtype: 'float64' }))
  const [w1, b1, w2, b2, w3, b3] = entries
  const layers = (): Record<string, Tensor> => {
    const z1 = ops.add(ops.multiply(w1!, tensor(x, [2], 'float64')), b1!)
    const a1 = ops.sigmoid(z1)
    const z2 = ops.add(ops.matmul(w2!, a1), b2!)
    const a2 = ops.sigmoid(z2)
    const z3 = ops.add(ops.sum(ops.multiply(w3!, a2)), b3!)
    return { z1, a1, z2, a2, z3, a3: ops.sigmoid(z3) }
  }
  const cost = (): Tensor => ops.multiply(0.5, ops.sum(ops.square(ops.subtract(target, layers().a3!))))
  const [value, gradients] = valueAndGrad(cost, entries)

  const drawn = Object.fromEntries(Object.entries(layers()).map(([name, t]) => [name, t.dataSync()]))
  const slopes = Object.fromEntries(entries.map(({ name }, i) => [`∂${name}`, gradients[i]!.dataSync()]))
  console.log(numbers(inFormulas({ ...drawn, cost: [value.itemSync()] })))
  console.log(numbers(inFormulas(slopes)))
  const book = textbook()
  for (const [name, values] of Object.entries({ ...drawn, ...slopes })) allNear(name, values, book[name]!)
  console.log(`  σ(0.2) = ${sigmoid(0.2).toFixed(4)}; 0.5236, as some texts print it, is a slip.`)
  checkGradients(cost, entries, gradients)

  for (const [i, parameter] of entries.entries()) parameter.assignSub(gradients[i]!.mul(rate))
  console.log(numbers(Object.fromEntries(entries.map((parameter) => [`${parameter.name} next`, parameter.dataSync()]))))
  for (const { name, dataSync } of entries.map((v) => ({
    name: v.name as keyof typeof start,
    dataSync: () => v.dataSync(),
  })))
    allNear(
      name,
      dataSync(),
      start[name].flat().map((weight, i) => weight - rate * book[`∂${name}`]![i]!),
    )
}

const formulas: Readonly<Record<string, string>> = {
  ...{ z1: 'z₁ = w₁·x + b₁', a1: 'a₁ = σ(z₁)', z2: 'z₂ = W₂·a₁ + b₂', a2: 'a₂ = σ(z₂)' },
  ...{ z3: 'z₃ = w₃·a₂ + b₃', a3: 'ŷ = σ(z₃)', cost: 'cost = ½(y − ŷ)²' },
  ...{ '∂w3': '∂w₃ = a₂·δ₃', '∂b3': '∂b₃ = δ₃ = (ŷ − y)·ŷ(1 − ŷ)' },
  ...{ '∂w2': '∂W₂ = δ₂·a₁ᵀ', '∂b2': '∂b₂ = δ₂ = w₃·δ₃·a₂(1 − a₂)' },
  ...{ '∂w1': '∂w₁ = x·δ₁', '∂b1': '∂b₁ = δ₁ = W₂ᵀ·δ₂·a₁(1 − a₁)' },
}

/** The same numbers by the formulas that they follow. */
function inFormulas(rows: Readonly<Record<string, ArrayLike<number>>>): Record<string, ArrayLike<number>> {
  return Object.fromEntries(Object.entries(rows).map(([name, values]) => [formulas[name]!, values]))
}

/** The formulas as a book prints them: δ₃ = (ŷ − y)·ŷ(1 − ŷ), δ₂ = w₃·δ₃·a₂(1 − a₂), δ₁ = w₂ᵀ·δ₂·a₁(1 − a₁). */
function textbook(): Record<string, number[]> {
  const { w1, b1, w2, b2, w3, b3 } = start
  const slope = (a: number): number => a * (1 - a)
  const z1 = w1.map((w, i) => w * x[i]! + b1[i]!)
  const a1 = z1.map(sigmoid)
  const z2 = w2.map((row, j) => row[0]! * a1[0]! + row[1]! * a1[1]! + b2[j]!)
  const a2 = z2.map(sigmoid)
  const z3 = [w3.reduce((sum, w, j) => sum + w * a2[j]!, b3[0]!)]
  const a3 = z3.map(sigmoid)
  const d3 = (a3[0]! - target) * slope(a3[0]!)
  const d2 = a2.map((a, j) => w3[j]! * d3 * slope(a))
  const d1 = a1.map((a, i) => w2.reduce((sum, row, j) => sum + row[i]! * d2[j]!, 0) * slope(a))
  return {
    ...{ z1, a1, z2, a2, z3, a3 },
    ...{ '∂w3': a2.map((a) => a * d3), '∂b3': [d3] },
    ...{ '∂w2': d2.flatMap((d) => a1.map((a) => a * d)), '∂b2': d2 },
    ...{ '∂w1': d1.map((d, i) => d * x[i]!), '∂b1': d1 },
  }
}
