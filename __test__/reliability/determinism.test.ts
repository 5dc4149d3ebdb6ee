/** The same bits: at any number of threads, again with the same seed, and beside other trainings. */
import { config, Sequential, tensor } from 'ferrograd'
import * as layers from 'ferrograd/layers'
import { afterEach, describe, expect, test } from 'vitest'
import { bits, heavy, noise } from './busy.js'

const x = noise(150, 96)
const y = Float32Array.from({ length: 150 }, (_, i) => Math.cos(i))

async function train(seed = 7): Promise<{ weights: Float32Array; history: object; predictions: unknown }> {
  const model = heavy(96, seed)
  const { history } = await model.fit(x, y, {
    epochs: 2,
    batchSize: 64,
    validationSplit: 0.2,
    sampleWeight: Float32Array.from(y, (_, i) => 1 + (i % 3)),
    verbose: 0,
  })
  return { weights: bits(model), history, predictions: await (await model.predict(x)).data() }
}

afterEach(() => config.setThreads(0))

describe('a training with dropout, shuffling and a short last batch', () => {
  test('has the same bits at 1, 2, 3, 4 and 8 threads', async () => {
    config.setThreads(1)
    const one = await train()
    for (const threads of [2, 3, 4, 8]) {
      config.setThreads(threads)
      expect(config.threads()).toBe(threads)
      expect(await train()).toEqual(one)
    }
  })

  test('has the same bits again, and others with another seed', async () => {
    const first = await train()
    expect(await train()).toEqual(first)
    expect((await train(8)).weights).not.toEqual(first.weights)
  })

  test('has the same bits beside others, that use other numbers of threads', async () => {
    const alone = await train()
    const fits = []
    for (const threads of [1, 3, 4]) {
      config.setThreads(threads)
      fits.push(train())
    }
    expect(await Promise.all(fits)).toEqual([alone, alone, alone])
  })
})

/** Pictures that are changed, convolved in three ways, normalised and pooled. */
async function trainOnPictures(): Promise<{ weights: Float32Array; history: object }> {
  config.setSeed(11)
  const model = new Sequential([
    new layers.RandomFlip({ seed: 1, inputShape: [20, 18, 3] }),
    new layers.RandomRotation({ factor: 0.1, seed: 2 }),
    new layers.RandomErasing({ factor: 0.5, seed: 3, valueRange: [0, 1] }),
    new layers.Conv2D({ filters: 24, kernelSize: 3, padding: 'same', useBias: false }),
    new layers.BatchNormalization(),
    new layers.Activation({ activation: 'relu' }),
    new layers.MaxPooling2D(),
    new layers.DepthwiseConv2D({ kernelSize: 3, activation: 'relu' }),
    new layers.Conv2DTranspose({ filters: 16, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }),
    new layers.AveragePooling2D({ poolSize: 2 }),
    new layers.SpatialDropout2D({ rate: 0.2, seed: 4 }),
    new layers.GlobalAveragePooling2D(),
    new layers.Dense({ units: 3, activation: 'softmax' }),
  ])
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] })
  const { values } = noise(40, 20 * 18 * 3)
  const pictures = { values: values.map((one) => (one + 1) / 2), shape: [40, 20, 18, 3] }
  const labels = Int32Array.from({ length: 40 }, (_, i) => (7 * i) % 3)
  const { history } = await model.fit(pictures, labels, { epochs: 2, batchSize: 16, verbose: 0 })
  return { weights: bits(model), history }
}

/** What each layer of pictures makes in training, by name. */
function augmented(): ReadonlyMap<string, Float32Array> {
  const x = tensor(
    noise(8, 24 * 20 * 3).values.map((one) => Math.round(127.5 * (one + 1))),
    [8, 24, 20, 3],
  )
  const all = [
    new layers.RandomFlip({ seed: 1 }),
    new layers.RandomRotation({ factor: 0.3, seed: 1 }),
    new layers.RandomTranslation({ heightFactor: 0.3, widthFactor: 0.3, seed: 1 }),
    new layers.RandomZoom({ heightFactor: 0.3, seed: 1 }),
    new layers.RandomShear({ xFactor: 0.3, yFactor: 0.2, seed: 1 }),
    new layers.RandomPerspective({ seed: 1 }),
    new layers.RandomCrop({ height: 11, width: 9, seed: 1 }),
    new layers.RandomColorJitter({
      brightnessFactor: 0.3,
      contrastFactor: 0.3,
      saturationFactor: [0.2, 0.8],
      hueFactor: 0.3,
      seed: 1,
    }),
    new layers.RandomSharpness({ factor: 0.8, seed: 1 }),
    new layers.RandomPosterization({ factor: 6, seed: 1 }),
    new layers.RandomColorDegeneration({ factor: 0.8, seed: 1 }),
    new layers.RandomGrayscale({ seed: 1 }),
    new layers.RandomInvert({ seed: 1 }),
    new layers.RandomErasing({ seed: 1 }),
    new layers.RandomGaussianBlur({ kernelSize: 5, seed: 1 }),
    new layers.Solarization({ thresholdFactor: 0.7, seed: 1 }),
    new layers.AutoContrast(),
    new layers.Equalization(),
    new layers.RandAugment({ seed: 1 }),
    new layers.Resizing({ height: 17, width: 31, interpolation: 'lanczos3', antialias: true }),
    new layers.MixUp({ seed: 1 }),
    new layers.CutMix({ seed: 1 }),
  ]
  const made = all.map((layer) => {
    const images = layer instanceof layers.MixUp || layer instanceof layers.CutMix ? { images: x } : x
    const [y] = (layer as layers.Layer).applyMany(images, { training: true })
    return [layer.className, y!.dataSync() as Float32Array] as const
  })
  return new Map(made)
}

describe('pictures', () => {
  test('a network of them has the same bits at 1, 2 and 3 threads', async () => {
    config.setThreads(1)
    const one = await trainOnPictures()
    for (const threads of [2, 3]) {
      config.setThreads(threads)
      expect(await trainOnPictures()).toEqual(one)
    }
  })

  test('are changed to the same bits at 1, 2, 3 and 4 threads', () => {
    config.setThreads(1)
    const one = augmented()
    for (const [name, y] of one) expect(new Set(y).size, name).toBeGreaterThan(2)
    for (const threads of [2, 3, 4]) {
      config.setThreads(threads)
      expect(augmented()).toEqual(one)
    }
  })
})
