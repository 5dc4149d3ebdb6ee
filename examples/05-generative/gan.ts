import { config, GradientTape, jit, ops, random, Sequential, type Tensor, tensor, valueAndGrad } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { checkGradients } from '../check.js'
import { paint } from '../terminal.js'

const [latent, batchSize, steps] = [4, 64, 2500]

/** Points on a ring, made out of noise by a network that is judged by another: two optimizers, one compiled step. */
export async function gan(): Promise<{ readonly radius: number; readonly spread: number; readonly losses: number[] }> {
  const dense = (units: number, input: number) => new Dense({ units, activation: 'relu', inputShape: [input] })
  const maker = new Sequential([dense(32, latent), dense(32, 32), new Dense({ units: 2 })])
  const judge = new Sequential([dense(32, 2), dense(32, 32), new Dense({ units: 1 })])
  const [making, judging] = [new Adam({ learningRate: 1e-3, beta1: 0.5 }), new Adam({ learningRate: 2e-3, beta1: 0.5 })]
  const seed = new random.SeedGenerator(11)

  gradientsInFloat64()
  const make = (count: number): Tensor => maker.apply(random.normal([count, latent], { seed }))
  const step = jit(() => {
    const judgement = new GradientTape()
    const judged = judgement.record(() => {
      const [real, fake] = [judge.apply(ring(seed)), judge.apply(ops.stopGradient(make(batchSize)))]
      return ops.add(verdict(real, 0.9), verdict(fake, 0))
    })
    judging.apply(judgement.gradient(judged, judge.trainableVariables), judge.trainableVariables)

    // The maker meets the judge as it is after its step.
    const work = new GradientTape()
    const fooled = work.record(() => verdict(judge.apply(make(batchSize)), 1))
    making.apply(work.gradient(fooled, maker.trainableVariables), maker.trainableVariables)
    return { judged, fooled }
  })

  let losses: number[] = []
  for (let i = 1; i <= steps; i++) {
    const { judged, fooled } = await step()
    if (i % 500 !== 0) continue
    losses = [await judged.item(), await fooled.item()]
    console.log(`  step ${String(i).padStart(4)}  judge ${losses[0]!.toFixed(3)}  maker ${losses[1]!.toFixed(3)}`)
  }
  const points = await make(500).data()
  console.log(`\n${draw(points)}`)
  const radii = Array.from({ length: 500 }, (_, i) => Math.hypot(points[2 * i]!, points[2 * i + 1]!))
  const radius = radii.reduce((sum, r) => sum + r, 0) / 500
  return { radius, spread: Math.sqrt(radii.reduce((sum, r) => sum + (r - radius) ** 2, 0) / 500), losses }
}

/** `batchSize` points around the circle of radius 1. */
function ring(seed: random.SeedGenerator): Tensor {
  const angle = random.uniform([batchSize, 1], { minval: 0, maxval: 2 * Math.PI, seed })
  const off = random.normal([batchSize, 2], { stddev: 0.03, seed })
  return ops.add(ops.concatenate([ops.cos(angle), ops.sin(angle)], { axis: -1 }), off)
}

/** A smaller twin in float64, the maker behind the judge, against finite differences. */
function gradientsInFloat64(): void {
  config.setFloatx('float64')
  const judge = new Sequential([new Dense({ units: 4, activation: 'relu', inputShape: [2] }), new Dense({ units: 1 })])
  const maker = new Sequential([new Dense({ units: 2, inputShape: [2] })])
  const noise = tensor([
    [0.3, -1],
    [0.8, 0.1],
    [-0.5, 0.7],
  ])
  const loss = (): Tensor => verdict(judge.apply(maker.apply(noise)), 1)
  const weights = [...maker.trainableVariables, ...judge.trainableVariables]
  checkGradients(loss, weights, valueAndGrad(loss, weights)[1])
  config.setFloatx('float32')
}

/** The mean cross-entropy of judgements where all are `truth`. */
function verdict(logits: Tensor, truth: number): Tensor {
  return ops.mean(ops.sigmoidCrossEntropy(logits, ops.full(logits.shape, truth, logits.dtype)))
}

function draw(points: ArrayLike<number>): string {
  const [wide, high] = [56, 24]
  const cells = new Array<string>(wide * high).fill(' ')
  const put = (x: number, y: number, mark: string): void => {
    const [column, row] = [Math.round(((x + 1.6) * wide) / 3.2), Math.round(((1.6 - y) * high) / 3.2)]
    if (column >= 0 && column < wide && row >= 0 && row < high) cells[row * wide + column] = mark
  }
  for (let i = 0; i < 100; i++) put(Math.cos(i / 15.9), Math.sin(i / 15.9), paint('·', 240))
  for (let i = 0; i < points.length; i += 2) put(points[i]!, points[i + 1]!, paint('o', 215))
  return Array.from({ length: high }, (_, row) => `  ${cells.slice(row * wide, (row + 1) * wide).join('')}`).join('\n')
}
