import { GradientTape, jit, ops, random, Sequential, type Tensor, tensor } from 'ferrograd'
import { Dataset } from 'ferrograd/data'
import { BatchNormalization, Conv2D, Conv2DTranspose, Dense, Flatten, LeakyReLU, ReLU, Reshape } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { bold } from '../terminal.js'
import { digitPictures, draw, type Pictures, SIDE } from './pictures.js'

const [LATENT, BATCH, STEPS] = [32, 64, 1500] as const

/** A deep convolutional GAN (Radford et al., 2016): one network makes digits of noise, another tells them from real ones. */
export async function dcgan(): Promise<void> {
  const { train, test } = digitPictures()
  const [maker, judge] = [makerOfPictures(), judgeOfPictures()]
  const [making, judging] = [new Adam({ learningRate: 1e-3, beta1: 0.5 }), new Adam({ learningRate: 2e-3, beta1: 0.5 })]
  const seed = new random.SeedGenerator(11)
  const make = (count: number, training: boolean): Tensor =>
    maker.apply(random.normal([count, LATENT], { seed }), { training })

  const step = jit((real: Tensor) => {
    const judgement = new GradientTape()
    const judged = judgement.record(() => {
      const fake = ops.stopGradient(make(BATCH, true))
      const of = (pictures: Tensor): Tensor => judge.apply(pictures, { training: true })
      return ops.add(verdict(of(real), 0.9), verdict(of(fake), 0))
    })
    judging.apply(judgement.gradient(judged, judge.trainableVariables), judge.trainableVariables)

    const work = new GradientTape()
    const fooled = work.record(() => verdict(judge.apply(make(BATCH, true), { training: true }), 1))
    making.apply(work.gradient(fooled, maker.trainableVariables), maker.trainableVariables)
    return { judged, fooled }
  })

  const batches = Dataset.fromArrays({ x: train.x }).shuffle({ seed: 1 }).repeat().batch(BATCH, { dropRemainder: true })
  let count = 0
  for await (const { x } of batches) {
    const { judged, fooled } = await step(x)
    count += 1
    if (count % 300 === 0) {
      const [a, b] = [await judged.item(), await fooled.item()]
      console.log(`  step ${String(count).padStart(4)}  judge ${a.toFixed(3)}  maker ${b.toFixed(3)}`)
    }
    if (count === STEPS) break
  }
  const made = make(400, false)
  await draw(made, '')
  const reader = await readerOf(train)
  const [ofMade, ofReal] = [await score(reader, made), await score(reader, tensor(test.x.values, test.x.shape))]
  console.log(`  score ${bold(ofMade.toFixed(1))}, of real digits ${ofReal.toFixed(1)}; 10 is the most, 1 the least`)
  if (!(ofMade > 5.5)) throw new Error(`The score is ${ofMade}: more than 5.5 was expected`)
}

function makerOfPictures(): Sequential {
  const up = (filters: number) =>
    new Conv2DTranspose({ filters, kernelSize: 4, strides: 2, padding: 'same', useBias: false })
  return new Sequential([
    new Dense({ units: 2 * 2 * 64, useBias: false, inputShape: [LATENT] }),
    new BatchNormalization(),
    new ReLU(),
    new Reshape({ targetShape: [2, 2, 64] }),
    up(32),
    new BatchNormalization(),
    new ReLU(),
    new Conv2DTranspose({ filters: 1, kernelSize: 4, strides: 2, padding: 'same', activation: 'sigmoid' }),
  ])
}

function judgeOfPictures(): Sequential {
  return new Sequential([
    new Conv2D({ filters: 32, kernelSize: 4, strides: 2, padding: 'same', inputShape: [SIDE, SIDE, 1] }),
    new LeakyReLU({ negativeSlope: 0.2 }),
    new Conv2D({ filters: 64, kernelSize: 4, strides: 2, padding: 'same' }),
    new LeakyReLU({ negativeSlope: 0.2 }),
    new Flatten(),
    new Dense({ units: 1 }),
  ])
}

/** The mean cross-entropy of judgements where all are `truth`. */
function verdict(logits: Tensor, truth: number): Tensor {
  return ops.mean(ops.sigmoidCrossEntropy(logits, ops.full(logits.shape, truth, logits.dtype)))
}

/** One that reads digits. */
async function readerOf({ x, y }: Pictures): Promise<Sequential> {
  const reader = new Sequential([
    new Conv2D({ filters: 16, kernelSize: 3, activation: 'relu', inputShape: [SIDE, SIDE, 1] }),
    new Flatten(),
    new Dense({ units: 10, activation: 'softmax' }),
  ])
  reader.compile({ optimizer: new Adam({ learningRate: 5e-3 }), loss: 'sparseCategoricalCrossentropy' })
  await reader.fit(x, y, { epochs: 10, verbose: 0 })
  return reader
}

/**
 * `exp(mean of KL(p(y | x), p(y)))`, as the inception score: high where each picture is clearly some digit, and all digits
 * are there.
 */
async function score(reader: Sequential, pictures: Tensor): Promise<number> {
  const given = await reader.predict(pictures, { verbose: 0 })
  const all = ops.mean(given, { axis: 0, keepdims: true })
  const log = (p: Tensor): Tensor => ops.log(ops.add(p, 1e-7))
  const divergence = ops.sum(ops.multiply(given, ops.subtract(log(given), log(all))), { axis: 1 })
  return Math.exp(await ops.mean(divergence).item())
}
