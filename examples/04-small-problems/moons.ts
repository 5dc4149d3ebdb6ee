import { config, Sequential, type Tensor, tensor, valueAndGrad } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { BinaryCrossentropy } from 'ferrograd/losses'
import { Adam } from 'ferrograd/optimizers'
import { checkGradients } from '../check.js'
import { colourful, paint } from '../terminal.js'

const [wide, high] = [64, 22]

/** Two crescents that lie inside each other, and the border that a network draws between them. */
export async function moons(): Promise<void> {
  const { x, y } = crescents(400)
  gradientsInFloat64(x.slice(0, 8), y.slice(0, 8))
  const model = network()
  model.compile({ optimizer: new Adam({ learningRate: 0.02 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] })
  await model.fit(x, y, { epochs: 200, batchSize: 32, verbose: 0 })
  const { accuracy = 0 } = await model.evaluate(x, y, { verbose: 0 })

  const grid = Array.from({ length: wide * high }, (_, i) => place(i % wide, Math.floor(i / wide)))
  console.log(draw(await (await model.predict(tensor(grid), { verbose: 0 })).data(), x, y))
  console.log(`  right on ${(100 * accuracy).toFixed(1)} % of ${y.length} points`)
  if (accuracy < 0.97) throw new Error(`The accuracy is ${accuracy}: at least 0.97 was expected`)
}

function network(): Sequential {
  return new Sequential([
    new Dense({ units: 16, activation: 'tanh', inputShape: [2] }),
    new Dense({ units: 16, activation: 'tanh' }),
    new Dense({ units: 1, activation: 'sigmoid' }),
  ])
}

function gradientsInFloat64(x: number[][], y: number[]): void {
  config.setFloatx('float64')
  const model = network()
  const loss = (): Tensor => new BinaryCrossentropy().apply(tensor(y), model.apply(tensor(x)))
  checkGradients(loss, model.trainableVariables, valueAndGrad(loss, model.trainableVariables)[1])
  config.setFloatx('float32')
}

/** Points on two half circles, each a little off its place; the same at each run. */
function crescents(count: number): { x: number[][]; y: number[] } {
  const y = Array.from({ length: count }, (_, i) => i % 2)
  const x = y.map((side, i) => {
    const angle = (Math.PI * i) / count
    const wobble = [0.12 * Math.sin(37 * i), 0.12 * Math.cos(53 * i)] as const
    const [u, v] = side === 0 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)]
    return [u + wobble[0], v + wobble[1]]
  })
  return { x, y }
}

function place(column: number, row: number): [number, number] {
  return [-1.5 + (4 * column) / wide, 1.5 - (2.5 * row) / high]
}

/** Shades for how sure the network is of either side, and the points themselves. */
function draw(sure: ArrayLike<number>, x: readonly number[][], y: readonly number[]): string {
  const shade = (p: number): string =>
    colourful ? paint('█', p > 0.5 ? 17 + Math.round(p * 4) : 52) : p > 0.5 ? '·' : ' '
  const cells = Array.from(sure, shade)
  for (const [i, [u, v]] of x.entries()) {
    const [column, row] = [Math.round(((u! + 1.5) * wide) / 4), Math.round(((1.5 - v!) * high) / 2.5)]
    if (column >= 0 && column < wide && row >= 0 && row < high)
      cells[row * wide + column] = paint(y[i] === 0 ? 'o' : 'x', y[i] === 0 ? 215 : 117)
  }
  return Array.from({ length: high }, (_, row) => `  ${cells.slice(row * wide, (row + 1) * wide).join('')}`).join('\n')
}
