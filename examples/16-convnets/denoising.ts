import { ops, random, Sequential, type Tensor, tensor } from 'ferrograd'
import { Conv2D, Conv2DTranspose, GaussianNoise, MaxPooling2D } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { bold } from '../terminal.js'
import { digitPictures, draw, SIDE } from './pictures.js'

const NOISE = 0.35

/** Digits under noise, and what was beneath it: an autoencoder that is given the ones and asked for the others. */
export async function denoising(): Promise<void> {
  const { train, test } = digitPictures()
  const conv = (filters: number) => new Conv2D({ filters, kernelSize: 3, padding: 'same', activation: 'relu' })
  const model = new Sequential([
    // In training alone: each time another one.
    new GaussianNoise({ stddev: NOISE, inputShape: [SIDE, SIDE, 1] }),
    conv(32),
    new MaxPooling2D(),
    conv(64),
    new Conv2DTranspose({ filters: 32, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }),
    new Conv2D({ filters: 1, kernelSize: 3, padding: 'same', activation: 'sigmoid' }),
  ])
  model.compile({ optimizer: new Adam({ learningRate: 2e-3 }), loss: 'binaryCrossentropy' })
  await model.fit(train.x, train.x, { epochs: 20, batchSize: 32, verbose: 0 })

  const clean = tensor(test.x.values, test.x.shape)
  const noisy = ops.add(clean, random.normal(clean.shape, { stddev: NOISE, seed: 5 }))
  const made = await model.predict(noisy)
  await draw(ops.clip(noisy, 0, 1), 'seen')
  await draw(made, 'made of it')
  await draw(clean, 'what it was')
  const [before, after] = [await distance(noisy, clean), await distance(made, clean)]
  console.log(`  mean squared error ${before.toFixed(3)} under noise, ${bold(after.toFixed(3))} without`)
  if (!(after < before / 3)) throw new Error(`The error is ${after}: less than a third of ${before} was expected`)
}

function distance(a: Tensor, b: Tensor): Promise<number> {
  return ops.mean(ops.square(ops.subtract(a, b))).item()
}
