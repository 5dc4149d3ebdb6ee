import { ops, random, Sequential, type Tensor, tensor, valueAndGrad, variable } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { checkGradients } from '../check.js'
import { paint } from '../terminal.js'

/** A loss of one's own: how unlikely y is where the model says "about μ, give or take eˢ": `s + ½((y − μ)/eˢ)²`. */
function gaussian(yTrue: Tensor, yPred: Tensor): Tensor {
  const [mean, logSpread] = ops.split(yPred, 2, { axis: 1 }) as [Tensor, Tensor]
  const off = ops.multiply(ops.subtract(yTrue, mean), ops.exp(ops.negative(logSpread)))
  return ops.squeeze(ops.add(logSpread, ops.multiply(0.5, ops.square(off))), 1)
}

/** A sine that is measured worse and worse: the model learns the curve, and how far off its measurements are. */
export async function uncertainty(): Promise<void> {
  const rows = 1000
  const noise = random.normal([rows], { seed: new random.SeedGenerator(2) }).dataSync()
  const x = Array.from({ length: rows }, (_, i) => [(2 * i) / rows - 1])
  const spread = (at: number): number => 0.05 + (0.25 * (at + 1)) / 2
  const y = x.map(([at], i) => [Math.sin(3 * at!) + spread(at!) * noise[i]!])
  const model = new Sequential([
    new Dense({ units: 24, activation: 'tanh', inputShape: [1] }),
    new Dense({ units: 24, activation: 'tanh' }),
    new Dense({ units: 2 }),
  ])
  lossInFloat64()
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: gaussian })
  await model.fit(x, y, { epochs: 150, batchSize: 100, verbose: 0 })

  console.log('      x   curve   said   spread   said')
  for (const at of [-0.9, -0.5, 0, 0.5, 0.9]) {
    const [mean, logSpread] = await (await model.predict([[at]], { verbose: 0 })).data()
    const said = [mean!, Math.exp(logSpread!)] as const
    const row = [at, Math.sin(3 * at), said[0], spread(at), said[1]].map((value) => value.toFixed(2).padStart(7))
    console.log(`${row.join('')}  ${paint('─'.repeat(Math.round(said[1] * 60)), 117)}`)
    if (Math.abs(said[0] - Math.sin(3 * at)) > 0.15) throw new Error(`At ${at} the curve is said to be ${said[0]}`)
    if (Math.abs(said[1] / spread(at) - 1) > 0.4) throw new Error(`At ${at} the spread is said to be ${said[1]}`)
  }
}

function lossInFloat64(): void {
  const guess = variable(
    [
      [0.3, -1],
      [0.5, 0.2],
    ],
    { dtype: 'float64' },
  )
  const truth = tensor([[0.1], [0.9]], [2, 1], 'float64')
  const loss = (): Tensor => ops.mean(gaussian(truth, guess.read()))
  const [, gradients] = valueAndGrad(loss, [guess])
  checkGradients(loss, [guess], gradients)
}
