import { ops, tensor, variable } from 'ferrograd'
import { checkGradients, near, numbers } from '../check.js'

/** `y = w·x + b`, fitted by gradients that are written down and not derived: no layers, no tape. */
export function fitLine(): void {
  const x = tensor([1, 2, 3, 4, 5], [5], 'float64')
  const y = tensor([5.1, 7.9, 11.2, 13.8, 17.1], [5], 'float64')
  const w = variable(0, { dtype: 'float64' })
  const b = variable(0, { dtype: 'float64' })

  const loss = () => ops.mean(ops.square(ops.subtract(ops.add(ops.multiply(w, x), b), y)))
  // ∂/∂w Σ(wx + b − y)²/n = Σ 2(wx + b − y)·x/n, and the same without x for b.
  const slopes = () => {
    const error = ops.subtract(ops.add(ops.multiply(w, x), b), y)
    return [ops.mean(ops.multiply(ops.multiply(error, 2), x)), ops.mean(ops.multiply(error, 2))] as const
  }
  checkGradients(loss, [w, b], slopes())

  for (let step = 0; step < 1000; step++) {
    const [dw, db] = slopes()
    w.assignSub(dw.mul(0.01))
    b.assignSub(db.mul(0.01))
  }

  console.log('  ∂w = Σ 2(wx + b − y)·x / n,  ∂b = Σ 2(wx + b − y) / n,  1,000 steps of 0.01')
  const [expectedW, expectedB] = inPlainNumbers([...x.dataSync()], [...y.dataSync()])
  console.log(numbers({ w: w.dataSync(), b: b.dataSync(), 'mean squared error': loss().itemSync() }))
  near('w', w.dataSync()[0]!, expectedW)
  near('b', b.dataSync()[0]!, expectedB)
  // Where the straight line of least squares lies: w = 2.99, b = 2.05.
  near('w', w.dataSync()[0]!, 2.99, 0.02)
  near('b', b.dataSync()[0]!, 2.05, 0.06)
}

/** The same thousand steps without any library. */
function inPlainNumbers(x: readonly number[], y: readonly number[]): [number, number] {
  let [w, b] = [0, 0]
  for (let step = 0; step < 1000; step++) {
    let [dw, db] = [0, 0]
    for (const [i, value] of x.entries()) {
      const error = w * value + b - y[i]!
      dw += (2 * error * value) / x.length
      db += (2 * error) / x.length
    }
    w -= 0.01 * dw
    b -= 0.01 * db
  }
  return [w, b]
}
