/** What one call costs from JavaScript: a node, a cached evaluation, a compiled step. Medians of several rounds. */
import { GradientTape, jit, ops, Sequential, type Tensor, tensor, variable } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
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
await measure('a node: multiply(a, 2)', 2, 5000, () => ops.multiply(a, 2))
const [rows, weights] = [tensor(new Float32Array(6), [2, 3]), tensor(new Float32Array(12), [3, 4])]
await measure('a node: matmul(rows, weights)', 2, 5000, () => ops.matmul(rows, weights))
await measure('a node: sum(rows, { axis: 1 })', 2, 5000, () => ops.sum(rows, { axis: 1 }))
await measure('a node: reshape(rows, [3, 2])', 2, 5000, () => ops.reshape(rows, [3, 2]))
await measure('two nodes: mean(rows)', 4, 5000, () => ops.mean(rows))
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
await measure('a compiled 2-3-1 Adam step', 4, 1000, () => step(x, y))

const model = new Sequential([
  new Dense({ units: 128, activation: 'relu', inputShape: [784] }),
  new Dense({ units: 10, activation: 'softmax' }),
])
const row = Float32Array.from({ length: 784 }, (_, i) => (i % 17) / 17)
const compiled = jit((x: Tensor) => model.apply(x))
const given = tensor(row, [1, 784])
await measure('a tensor of one row of 784', 1, 2000, () => tensor(row, [1, 784]))
await measure('784-128-10 on a tensor of one row, by jit', 8, 500, () => compiled(given))
await measure('784-128-10 on a row, by jit, numbers read', 10, 500, async () =>
  (await compiled(tensor(row, [1, 784]))).dataSync(),
)
await measure('784-128-10 on a row, by predict, numbers read', 20, 500, async () =>
  ((await model.predict({ values: row, shape: [1, 784] })) as Tensor).dataSync(),
)
