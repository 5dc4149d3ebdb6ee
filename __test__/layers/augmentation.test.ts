/** Layers that resize and change pictures against real Keras in float64; what they draw; what they refuse. */

import { config, GradientTape, ops, random, Sequential, type Tensor, tensor } from 'ferrograd'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as layers from '../../ts/layers/index.js'
import { getLayer } from '../../ts/layers/index.js'
import { camel } from '../../ts/options/names.js'
import { caught } from '../caught.js'
import { expectClose, fixture, type Numbers, toTensor } from '../oracle.js'

interface Changed {
  readonly name: string
  readonly class_name: string
  readonly options: Readonly<Record<string, unknown>>
  readonly images: Numbers
  readonly drawn: Readonly<Record<string, Numbers>>
  readonly output: Numbers
}

interface Called {
  readonly name: string
  readonly op: string
  readonly options: Readonly<Record<string, unknown>>
  readonly images: Numbers
  /** What comes between pictures and options. */
  readonly others?: readonly Numbers[]
  readonly output: Numbers
}

/** What both kinds of layers have: what they draw, and what they make of it. */
interface Changes {
  transformImages(images: Tensor, transformation: Readonly<Record<string, Tensor>>): Tensor
}

const drawnTensor = (numbers: Numbers): Tensor => {
  if (numbers.data.some((one) => typeof one === 'boolean')) return toTensor(numbers, 'bool')
  return toTensor(numbers, 'float64')
}

/** What has to be whole numbers; where a layer has others in it, behind the number of one. */
const WHOLE = /\b(permutationOrder|shiftFactor|top|left|layerIdxes)$/

function transformation(drawn: Changed['drawn']): Record<string, Tensor> {
  const entries = Object.entries(drawn).map(([name, value]) => [camel(name), drawnTensor(value)] as const)
  return Object.fromEntries(entries.map(([name, x]) => [name, WHOLE.test(name) ? ops.cast(x, 'int32') : x]))
}

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

describe('what layers make of what was drawn is what Keras makes of it', () => {
  it.each(fixture<Changed>('augmentation').cases)('$name', (one) => {
    const layer = getLayer({ class_name: one.class_name, config: one.options }) as unknown as Changes
    const y = layer.transformImages(toTensor(one.images), transformation(one.drawn))
    expect(y.shape).toEqual(one.output.shape)
    expectClose(y.dataSync(), one.output, 1e-6)
  })
})

describe('ops on pictures are those of Keras', () => {
  it.each(fixture<Called>('image_ops').cases)('$name', ({ op, options, images, others = [], output }) => {
    const { size, ...rest } = options
    const how = Object.fromEntries(
      Object.entries(rest).map(([key, value]) => [camel(key), key === 'data_format' ? camel(value as string) : value]),
    )
    const call = (ops.image as unknown as Record<string, (...args: unknown[]) => Tensor>)[camel(op)]!
    const between = [...others.map((one) => toTensor(one)), ...(size === undefined ? [] : [size])]
    const y = call(toTensor(images), ...between, how)
    expect(y.shape).toEqual(output.shape)
    expectClose(y.dataSync(), output, 1e-9)
  })
})

interface Resampled {
  readonly name: string
  readonly size: readonly [number, number]
  readonly options: ops.image.ResizeOptions
  readonly x: Numbers
  readonly value: Numbers
  readonly cotangent: Numbers
  readonly gradient: Numbers
}

describe('pictures of another size are those of Keras on JAX', () => {
  it.each(fixture<Resampled>('resampling').cases)('$name', ({ size, options, value, cotangent, gradient, ...one }) => {
    const x = toTensor(one.x)
    const tape = new GradientTape()
    const [y, loss] = tape.record(() => {
      const y = ops.image.resize(x, size, options)
      return [y, ops.sum(ops.multiply(y, toTensor(cotangent)))] as const
    })
    const [slope] = tape.gradient(loss, [x])
    expectClose(y.dataSync(), value, 1e-12)
    expectClose(slope!.dataSync(), gradient, 1e-12, 'gradient')
  })
})

const pictures = (shape: readonly number[]): Tensor => random.uniform(shape, { maxval: 255, seed: 3, dtype: 'float64' })

const plain = {
  Resizing: { height: 4, width: 3 },
  CenterCrop: { height: 4, width: 3 },
  RandomCrop: { height: 4, width: 3 },
  RandomRotation: { factor: 0.2 },
  RandomTranslation: { heightFactor: 0.2, widthFactor: 0.3 },
  RandomZoom: { heightFactor: 0.3 },
  RandomShear: { xFactor: 0.4 },
  RandomBrightness: { factor: 0.4 },
  RandomContrast: { factor: 0.4 },
  RandomHue: { factor: 0.4 },
  RandomSaturation: { factor: 0.4 },
  RandomColorDegeneration: { factor: 0.4 },
  RandomSharpness: { factor: 0.4 },
  RandomPosterization: { factor: 3 },
  RandomColorJitter: { brightnessFactor: 0.2, contrastFactor: 0.2, saturationFactor: 0.6, hueFactor: 0.2 },
  RandomFlip: {},
  RandomPerspective: {},
  RandomGrayscale: {},
  RandomInvert: {},
  Solarization: { thresholdFactor: 0.6 },
  AutoContrast: {},
  Equalization: {},
  RandomErasing: {},
  RandomGaussianBlur: {},
  RandAugment: {},
} as const

/** Those that give other sizes, or change pictures outside of training too. */
const ALWAYS = ['Resizing', 'CenterCrop', 'RandomCrop', 'AutoContrast']

describe.each(Object.entries(plain))('%s', (name, options) => {
  const make = (more = {}): layers.Layer =>
    getLayer({ class_name: name, config: { ...options, ...more } }) as layers.Layer

  it('draws the same with the same seed, and leaves pictures alone outside of training', () => {
    const x = pictures([4, 6, 5, 3])
    const seeded = Object.hasOwn(make().options, 'seed') ? { seed: 7 } : {}
    const [a, b] = [make(seeded), make(seeded)].map((layer) => layer.apply(x, { training: true }).dataSync())
    expect(a).toEqual(b)
    expect(a!.every(Number.isFinite)).toBe(true)
    if (!ALWAYS.includes(name)) expect(make().apply(x).dataSync()).toEqual(x.dataSync())
  })

  it('takes one picture, and channels first', () => {
    const x = pictures([6, 5, 3])
    const last = getLayer({ class_name: name, config: { ...options, ...seedOf(make()) } })
    const first = getLayer({
      class_name: name,
      config: { ...options, ...seedOf(make()), data_format: 'channels_first' },
    })
    const y = last.apply(x, { training: true })
    const z = first.apply(ops.transpose(x, [2, 0, 1]), { training: true })
    expect(z.shape).toEqual([y.shape[2], y.shape[0], y.shape[1]])
    expectClose(ops.transpose(z, [1, 2, 0]).dataSync(), { shape: y.shape, data: [...y.dataSync()] }, 1e-12)
  })
})

function seedOf(layer: layers.Layer): { readonly seed?: number } {
  return Object.hasOwn(layer.options, 'seed') ? { seed: 5 } : {}
}

it('a fit draws anew at each step, and predictions are of the pictures as they are', async () => {
  const model = new Sequential([
    new layers.RandomFlip({ mode: 'horizontal', seed: 1, inputShape: [4, 4, 1] }),
    new layers.RandomRotation({ factor: 0.1 }),
    new layers.Flatten(),
    new layers.Dense({ units: 1 }),
  ])
  model.compile({ optimizer: 'sgd', loss: 'mse' })
  const x = pictures([8, 4, 4, 1])
  const y = ops.zeros([8, 1], 'float64')
  await model.fit(ops.divide(x, 255), y, { epochs: 2, batchSize: 4 })
  const [once, twice] = [await model.predict(x), await model.predict(x)]
  expect(await once.data()).toEqual(await twice.data())
})

it('gradients reach the pictures through a rotation', () => {
  const layer = new layers.RandomRotation({ factor: [0.1, 0.1], fillMode: 'constant' })
  const x = pictures([1, 4, 5, 1])
  const direction = random.normal([1, 4, 5, 1], { seed: 9, dtype: 'float64' })
  const loss = (at: Tensor): Tensor => ops.sum(ops.square(layer.apply(at, { training: true })))
  const tape = new GradientTape()
  const value = tape.record(() => loss(x))
  const slope = ops.sum(ops.multiply(tape.gradient(value, [x])[0]!, direction)).itemSync()
  const step = ops.multiply(direction, 1e-4)
  const [after, before] = [loss(ops.add(x, step)).itemSync(), loss(ops.subtract(x, step)).itemSync()]
  expect(slope / ((after - before) / 2e-4)).toBeCloseTo(1, 7)
})

it('mixes labels as it mixes pictures', () => {
  const images = ops.reshape(tensor([0, 1, 2, 3, 4, 5], undefined, 'float64'), [6, 1, 1, 1])
  const labels = ops.oneHot(tensor(Int32Array.of(0, 1, 2, 3, 4, 5)), 6, 'float64')
  for (const layer of [new layers.MixUp({ alpha: 2, seed: 3 }), new layers.CutMix({ seed: 3 })]) {
    const [x, y] = layer.applyMany({ images, labels }, { training: true })
    const rows = y!.arraySync() as number[][]
    for (const row of rows) expect(row.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 12)
    // Of pictures of one place each, a mix is the mean of the labels' numbers.
    if (layer instanceof layers.MixUp) {
      const means = rows.map((row) => row.reduce((sum, one, i) => sum + one * i, 0))
      expectClose(x!.dataSync(), { shape: [6], data: means }, 1e-12)
    }
  }
})

it('leaves the labels of a picture alone', () => {
  const [images, labels] = [pictures([3, 2, 1]), tensor([1, 0, 0], undefined, 'float64')]
  const [x, y] = new layers.MixUp({ seed: 1 }).applyMany({ images, labels }, { training: true })
  expectClose(x!.dataSync(), { shape: [], data: [...images.dataSync()] }, 1e-12)
  expect(y!.arraySync()).toEqual([1, 0, 0])
})

describe('random draws have the moments of their distributions', () => {
  const moments = (x: ArrayLike<number>): [mean: number, variance: number] => {
    const numbers = Array.from(x)
    const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length
    return [mean, numbers.reduce((sum, one) => sum + (one - mean) ** 2, 0) / numbers.length]
  }
  it.each([0.3, 1, 4.5])('gamma of %d', (alpha) => {
    const [mean, variance] = moments(random.gamma([100_000], alpha, { seed: 11 }).dataSync())
    expect(mean / alpha).toBeCloseTo(1, 1)
    expect(variance / alpha).toBeCloseTo(1, 1)
  })
  it.each([
    [0.2, 0.2],
    [2, 5],
  ])('beta of %d and %d', (a, b) => {
    const [mean, variance] = moments(random.beta([100_000], a, b, { seed: 11 }).dataSync())
    expect(mean).toBeCloseTo(a / (a + b), 2)
    expect(variance).toBeCloseTo((a * b) / ((a + b) ** 2 * (a + b + 1)), 2)
  })
  it('a rotation is uniform over its angles', () => {
    const layer = new layers.RandomRotation({ factor: [0, 0.5], seed: 2 })
    const { angle } = layer.getRandomTransformation(pictures([20_000, 1, 1, 1]))
    const [mean, variance] = moments(angle!.dataSync())
    expect(mean / 90).toBeCloseTo(1, 1)
    expect(variance / (180 ** 2 / 12)).toBeCloseTo(1, 1)
  })
})

describe('refuses', () => {
  const corners = [
    [0, 0],
    [2, 0],
    [0, 3],
    [2, 3],
  ]
  const flat = [
    [0, 0],
    [2, 0],
    [2, 0],
    [2, 3],
  ]
  const training = (layer: layers.Layer, shape: readonly number[]): unknown =>
    layer.apply(pictures(shape), { training: true })
  it.each([
    [() => new layers.RandomRotation({ factor: 2 }), 'RandomRotation.factor'],
    [() => new layers.RandomContrast({ factor: [-1, 0.5] }), 'RandomContrast.factor'],
    [() => new layers.RandomBrightness({ factor: 0.1, valueRange: [3, 3] }), 'RandomBrightness valueRange'],
    [() => new layers.RandomZoom({ heightFactor: -1 }), 'RandomZoom.heightFactor'],
    [() => new layers.Resizing({ height: 0, width: 3 }), 'height'],
    [() => new layers.Resizing({ height: 2, width: 3 }).apply(pictures([4, 3])), 'three axes'],
    [() => ops.image.resize(pictures([4, 3, 1]), [2, 2], { cropToAspectRatio: true, padToAspectRatio: true }), 'both'],
    [() => ops.image.affineTransform(pictures([4, 3, 1]), [1, 0, 0]), 'transform'],
    [() => ops.image.extractPatches(pictures([4, 3, 1]), 5), 'at least 5 places'],
    [() => ops.image.rgbToHsv(pictures([4, 3, 1])), 'three channels'],
    [() => ops.image.gaussianBlur(pictures([4, 3, 1]), { kernelSize: [2, 3] }), 'odd'],
    [() => random.beta([3], 0, 1), 'above 0'],
    [() => ops.image.resize(ops.zeros([1, 0, 4, 1]), [2, 2]), 'image.resize images: expected at least one row'],
    [() => ops.image.resize(ops.zeros([1, 0, 4, 1]), [2, 2], { interpolation: 'nearest' }), 'got [1, 0, 4, 1]'],
    [() => ops.image.affineTransform(ops.zeros([1, 4, 0, 1]), [1, 0, 0, 0, 1, 0, 0, 0]), 'one column'],
    [
      () => ops.image.perspectiveTransform(pictures([4, 3, 1]), corners, flat),
      'endPoints: expected four corners of which',
    ],
    [() => ops.image.perspectiveTransform(pictures([4, 3, 1]), [flat], corners), 'startPoints: expected four corners'],
    [() => training(new layers.RandomErasing({ fillValue: [1, 2, 3, 4] }), [2, 4, 3, 3]), 'one for each of 3 channels'],
    [
      () => training(new layers.RandomHue({ factor: 0.3 }), [4, 3, 1]),
      'RandomHue images: expected pictures of 3 channels',
    ],
    [() => training(new layers.RandomSaturation({ factor: 0.3 }), [1, 4, 3, 1]), 'got [1, 4, 3, 1]'],
    [() => training(new layers.RandomGrayscale(), [2, 4, 3, 4]), 'RandomGrayscale images: expected pictures of 1 or 3'],
    [() => training(new layers.RandAugment(), [2, 4, 3, 4]), 'RandAugment images'],
    [() => training(new layers.RandomColorJitter({ hueFactor: 0.1 }), [2, 4, 3, 1]), 'RandomColorJitter images'],
    [
      () =>
        new layers.MixUp().applyMany({ images: pictures([2, 3, 3, 1]), labels: ops.ones([3, 4]) }, { training: true }),
      'MixUp labels: expected a row for each of 2 pictures, got [3, 4]',
    ],
  ])('%s', (call, text) => {
    expect((caught(call) as Error).message).toContain(text)
  })
})
