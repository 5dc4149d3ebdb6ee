import { config, input, Model, ops, Sequential, type Tensor, tensor, valueAndGrad } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { MeanSquaredError } from 'ferrograd/losses'
import { Adam, SGD } from 'ferrograd/optimizers'
import { allNear, checkGradients, numbers } from '../check.js'

/** 2-3-3-1, drawn as a graph of layers, all sigmoid: learns the mean of its two inputs. */
export async function functional(): Promise<void> {
  config.setFloatx('float64')
  const x0 = input({ shape: [2] })
  const hidden = new Dense({ units: 3, activation: 'sigmoid' }).apply(
    new Dense({ units: 3, activation: 'sigmoid' }).apply(x0),
  )
  const model = new Model({ inputs: x0, outputs: new Dense({ units: 1, activation: 'sigmoid' }).apply(hidden) })

  const steps = [0, 0.25, 0.5, 0.75, 1]
  const x = steps.flatMap((a) => steps.map((b) => [a, b]))
  const y = x.map(([a, b]) => [(a! + b!) / 2])
  check(model, x, y)

  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'meanSquaredError' })
  const losses: number[] = []
  for await (const { epoch, logs } of model.fit(x, y, { epochs: 1000, batchSize: x.length, verbose: 0 })) {
    losses.push(logs.loss!)
    if ((epoch + 1) % 100 === 0) console.log(`  epoch ${String(epoch + 1).padStart(4)}  loss ${logs.loss!.toFixed(6)}`)
  }
  config.setFloatx('float32')
  if (!(losses.at(-1)! < 0.01 && losses.at(-1)! < losses[99]!)) throw new Error(`The last loss is ${losses.at(-1)}`)
}

/** Dense(1, relu), Dense(1) on four rows, by SGD: every weight after 100 epochs. */
export async function twoLayers(): Promise<void> {
  config.setFloatx('float64')
  const model = new Sequential([new Dense({ units: 1, activation: 'relu', inputShape: [2] }), new Dense({ units: 1 })])
  model.setWeights([[[0.4], [0.2]], [0], [[0.5]], [0]])
  const x = [
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ]
  const y = [[1], [1], [2], [2]]
  check(model, x, y)
  const expected = inPlainNumbers(x, y.flat())

  model.compile({ optimizer: new SGD({ learningRate: 0.01 }), loss: 'mse' })
  const history = await model.fit(x, y, { epochs: 100, batchSize: 4, verbose: 0 })
  for (const { name, weights } of model.layers)
    console.log(numbers(Object.fromEntries(weights.map((weight) => [`${name} ${weight.name}`, weight.dataSync()]))))
  console.log(`  loss ${history.history.loss!.at(-1)!.toFixed(6)}`)
  const weights = model.getWeights().flatMap((weight) => [...weight.dataSync()])
  config.setFloatx('float32')
  allNear('weights', weights, expected, 1e-10)
}

function check(model: Model, x: number[][], y: number[][]): void {
  const loss = (): Tensor => new MeanSquaredError().apply(tensor(y), model.apply(tensor(x)))
  const [, gradients] = valueAndGrad(loss, model.trainableVariables)
  checkGradients(loss, model.trainableVariables, gradients)
  if (ops.isNan(loss()).itemSync() !== 0) throw new Error('The loss is no number')
}

/** The hundred epochs without any library: h = max(w·x + b, 0), ŷ = v·h + c, mean of (ŷ − y)². */
function inPlainNumbers(x: readonly number[][], y: readonly number[]): number[] {
  let [w1, w2, b, v, c] = [0.4, 0.2, 0, 0.5, 0]
  for (let epoch = 0; epoch < 100; epoch++) {
    const sums = [0, 0, 0, 0, 0]
    for (const [i, [p, q]] of x.entries()) {
      const h = Math.max(w1 * p! + w2 * q! + b, 0)
      const error = (2 * (v * h + c - y[i]!)) / y.length
      const back = h > 0 ? error * v : 0
      for (const [k, part] of [back * p!, back * q!, back, error * h, error].entries()) sums[k]! += part
    }
    ;[w1, w2, b, v, c] = [w1, w2, b, v, c].map((weight, k) => weight - 0.01 * sums[k]!) as [
      number,
      number,
      number,
      number,
      number,
    ]
  }
  return [w1, w2, b, v, c]
}
