/** What one call costs from JavaScript: a node, a cached evaluation, a compiled step. Medians of several rounds. */
import { GradientTape, jit, ops, type Tensor, tensor, variable } from 'ferrograd'
import { Adam } from 'ferrograd/optimizers'

const rounds = 15
const results: { what: string; microseconds: number; goal: number }[] = []

function report(what: string, goal: number, times: number[]): void {
  const [least, median] = [Math.min(...times), [...times].sort((a, b) => a - b)[times.length >> 1]!]
  results.push({ what, microseconds: median, goal })
  console.log(`${what.padEnd(48)} ${median.toFixed(2).padStart(8)} µs, at least ${least.toFixed(2)} (goal ${goal})`)
}

/** Microseconds a call, for each round of `calls`. */
async function measure(what: string, goal: number, calls: number, run: () => unknown): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < rounds + 3; round++) {
    const began = performance.now()
    for (let i = 0; i < calls; i++) {
      const result = run()
      if (result instanceof Promise) await result
    }
    // The first rounds warm up.
    if (round >= 3) times.push(((performance.now() - began) * 1000) / calls)
    await new Promise((resolve) => setImmediate(resolve))
  }
  report(what, goal, times)
}

const [a, b] = [tensor([1, 2, 3]), tensor([4, 5, 6])]
await measure('a node: add(a, b)', 2, 5000, () => ops.add(a, b))
await measure('a node: multiply(a, 2)', 4, 5000, () => ops.multiply(a, 2))
await measure('20 ops on 3 numbers, drawn and evaluated', 60 + 20 * 2, 300, () => {
  let x: Tensor = a
  for (let i = 0; i < 10; i++) x = ops.add(ops.multiply(x, b), a)
  return x.dataSync()
})
const chains: Tensor[] = []
for (let round = 0; round < rounds + 3; round++) {
  for (let n = 0; n < 200; n++) {
    let x: Tensor = a
    for (let i = 0; i < 10; i++) x = ops.add(ops.multiply(x, b), a)
    chains.push(x)
  }
}
await measure('20 ops on 3 numbers, evaluated', 60, 200, () => chains.pop()!.dataSync())

const parameters = [
  variable([
    [0.1, 0.2, 0.3],
    [0.4, 0.5, 0.6],
  ]),
  variable([0.1, 0.2, 0.3]),
  variable([[0.7], [0.8], [0.9]]),
  variable([0.4]),
]
const [w1, b1, w2, b2] = parameters
const optimizer = new Adam({ learningRate: 1e-3 })
const step = jit((x: Tensor, y: Tensor) => {
  const tape = new GradientTape()
  const loss = tape.record(() => {
    const hidden = ops.sigmoid(ops.add(ops.matmul(x, w1!), b1!))
    return ops.mean(ops.square(ops.subtract(ops.add(ops.matmul(hidden, w2!), b2!), y)))
  })
  optimizer.apply(tape.gradient(loss, parameters), parameters)
  return loss
})
const [x, y] = [tensor([[1, 2]]), tensor([[0]])]
await measure('a compiled 2-3-1 Adam step', 25, 1000, () => step(x, y))
