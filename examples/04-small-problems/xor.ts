import { config, Sequential, type Tensor, tensor, valueAndGrad } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { BinaryCrossentropy } from 'ferrograd/losses'
import { Adam } from 'ferrograd/optimizers'
import { checkGradients, near } from '../check.js'
import { paint } from '../terminal.js'

/** The smallest problem that no straight line solves. */
export async function xor(): Promise<void> {
  config.setFloatx('float64')
  const x = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]
  const y = [[0], [1], [1], [0]]
  const model = new Sequential([
    new Dense({ units: 8, activation: 'tanh', inputShape: [2] }),
    new Dense({ units: 1, activation: 'sigmoid' }),
  ])
  const loss = (): Tensor => new BinaryCrossentropy().apply(tensor(y), model.apply(tensor(x)))
  const [, gradients] = valueAndGrad(loss, model.trainableVariables)
  checkGradients(loss, model.trainableVariables, gradients)

  model.compile({ optimizer: new Adam({ learningRate: 0.05 }), loss: 'binaryCrossentropy' })
  await model.fit(x, y, { epochs: 300, batchSize: 4, verbose: 0 })
  const guesses = await (await model.predict(x)).data()
  config.setFloatx('float32')
  for (const [i, [a, b]] of x.entries()) {
    console.log(`  ${a} xor ${b} = ${paint(guesses[i]!.toFixed(3), Math.round(guesses[i]!) === y[i]![0] ? 35 : 203)}`)
    near(`${a} xor ${b}`, guesses[i]!, y[i]![0]!, 0.1)
  }
}
