/** What layers of pictures draw at random has the means and variances of its distribution. */

import { config, ops, type Tensor } from 'ferrograd'
import { afterAll, beforeAll, expect, it } from 'vitest'
import * as layers from '../../ts/layers/index.js'

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

type Drawn = Readonly<Record<string, Tensor>>

interface Draws {
  getRandomTransformation(images: Tensor): Drawn
}

interface Distribution {
  readonly mean: number
  readonly variance: number
}

const uniform = (low: number, high: number): Distribution => ({
  mean: (low + high) / 2,
  variance: (high - low) ** 2 / 12,
})
/** Of both signs, equally often. */
const signed = (low: number, high: number): Distribution => ({
  mean: 0,
  variance: (low * low + low * high + high * high) / 3,
})
const integers = (low: number, below: number): Distribution => ({
  mean: (low + below - 1) / 2,
  variance: ((below - low) ** 2 - 1) / 12,
})
const happens = (chance: number): Distribution => ({ mean: chance, variance: chance * (1 - chance) })

/** Of `f / (1 − f)`, `f` uniform. */
function odds(low: number, high: number): Distribution {
  const first = (f: number): number => -f - Math.log(1 - f)
  const second = (f: number): number => 1 / (1 - f) + 2 * Math.log(1 - f) - (1 - f)
  const [mean, square] = [first, second].map((integral) => (integral(high) - integral(low)) / (high - low)) as [
    number,
    number,
  ]
  return { mean, variance: square - mean * mean }
}

/** Of normal numbers cut off at 0 and 1. */
function clippedNormal(): Distribution {
  const density = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  const above = 0.15865525393145707
  const mean = density(0) - density(1) + above
  // ∫ z² φ over 0 … 1 is ½ − above − φ(1).
  const square = 0.5 - density(1)
  return { mean, variance: square - mean * mean }
}

const scaled = ({ mean, variance }: Distribution, by: number): Distribution => ({
  mean: mean * by,
  variance: variance * by * by,
})

const column = (x: Tensor, at: number): Tensor => ops.take(x, at, { axis: -1 })
const [SEED, MANY, RARE] = [{ seed: 3 }, 20_000, 1000]
const FACTOR = [0.2, 0.6] as const
const of = (key: string) => (drawn: Drawn) => drawn[key]!

type Row = readonly [
  what: string,
  layer: unknown,
  read: (drawn: Drawn) => Tensor,
  wanted: Distribution,
  /** Of what is drawn once for all pictures, or of large pictures: the shape of one. */
  picture?: readonly number[],
  /** How often a batch is drawn. */
  times?: number,
]

const rows: readonly Row[] = [
  ['RandomFlip', new layers.RandomFlip(SEED), of('flips'), happens(0.5)],
  [
    'RandomRotation',
    new layers.RandomRotation({ factor: FACTOR, ...SEED }),
    of('angle'),
    scaled(uniform(...FACTOR), 360),
  ],
  [
    'RandomTranslation sideways',
    new layers.RandomTranslation({ heightFactor: [-0.2, 0.6], widthFactor: 0.3, ...SEED }),
    ({ translations }) => column(translations!, 0),
    uniform(-6, 6),
    [10, 20, 1],
  ],
  [
    'RandomTranslation down',
    new layers.RandomTranslation({ heightFactor: [-0.2, 0.6], widthFactor: 0.3, ...SEED }),
    ({ translations }) => column(translations!, 1),
    uniform(-2, 6),
    [10, 20, 1],
  ],
  [
    'RandomZoom of heights',
    new layers.RandomZoom({ heightFactor: [-0.5, 0.3], widthFactor: FACTOR, ...SEED }),
    of('heightZoom'),
    uniform(0.5, 1.3),
  ],
  [
    'RandomZoom of widths',
    new layers.RandomZoom({ heightFactor: [-0.5, 0.3], widthFactor: FACTOR, ...SEED }),
    of('widthZoom'),
    uniform(1.2, 1.6),
  ],
  [
    'RandomShear of columns',
    new layers.RandomShear({ xFactor: FACTOR, yFactor: [0.1, 0.3], ...SEED }),
    ({ shearFactor }) => column(shearFactor!, 0),
    signed(...FACTOR),
  ],
  [
    'RandomShear of rows',
    new layers.RandomShear({ xFactor: FACTOR, yFactor: [0.1, 0.3], ...SEED }),
    ({ shearFactor }) => column(shearFactor!, 1),
    signed(0.1, 0.3),
  ],
  [
    'RandomPerspective, whether',
    new layers.RandomPerspective({ factor: FACTOR, ...SEED }),
    of('applyPerspective'),
    happens(0.4),
  ],
  [
    'RandomPerspective of the last corner',
    new layers.RandomPerspective({ scale: 0.8, ...SEED }),
    ({ endPoints }) => column(ops.take(endPoints!, 3, { axis: 1 }), 0),
    uniform(20 * 0.6, 20 * 1.4),
    [11, 21, 1],
  ],
  [
    'RandomBrightness',
    new layers.RandomBrightness({ factor: [-0.2, 0.6], ...SEED }),
    of('rgbDelta'),
    scaled(uniform(-0.2, 0.6), 255),
  ],
  ['RandomContrast', new layers.RandomContrast({ factor: FACTOR, ...SEED }), of('contrastFactor'), uniform(0.8, 1.6)],
  ['RandomHue', new layers.RandomHue({ factor: FACTOR, ...SEED }), of('factor'), scaled(signed(...FACTOR), 0.5)],
  ['RandomSaturation', new layers.RandomSaturation({ factor: FACTOR, ...SEED }), of('factor'), odds(...FACTOR)],
  ['RandomSharpness', new layers.RandomSharpness({ factor: FACTOR, ...SEED }), of('factor'), uniform(...FACTOR)],
  [
    'RandomColorDegeneration',
    new layers.RandomColorDegeneration({ factor: FACTOR, ...SEED }),
    of('factor'),
    uniform(...FACTOR),
  ],
  [
    'RandomPosterization',
    new layers.RandomPosterization({ factor: [2, 6], ...SEED }),
    of('shiftFactor'),
    integers(3, 7),
  ],
  ['RandomGrayscale', new layers.RandomGrayscale({ factor: 0.3, ...SEED }), of('shouldApply'), happens(0.3)],
  ['RandomInvert', new layers.RandomInvert({ factor: FACTOR, ...SEED }), of('applyInversion'), happens(0.4)],
  [
    'Solarization, what is added',
    new layers.Solarization({ additionFactor: [0, 0.4], thresholdFactor: FACTOR, ...SEED }),
    of('additions'),
    uniform(0, 102),
  ],
  [
    'Solarization, from where on',
    new layers.Solarization({ additionFactor: [0, 0.4], thresholdFactor: FACTOR, ...SEED }),
    of('thresholds'),
    uniform(0.2, 153),
  ],
  ['RandomErasing, whether', new layers.RandomErasing({ factor: FACTOR, ...SEED }), of('applyErasing'), happens(0.4)],
  ['RandomErasing, with what', new layers.RandomErasing(SEED), of('fillValue'), scaled(clippedNormal(), 255)],
  [
    'RandomGaussianBlur, whether',
    new layers.RandomGaussianBlur({ factor: FACTOR, ...SEED }),
    of('shouldApplyBlur'),
    happens(0.4),
  ],
  [
    'RandomGaussianBlur, how much',
    new layers.RandomGaussianBlur({ sigma: FACTOR, ...SEED }),
    of('blurFactor'),
    uniform(...FACTOR),
    [1, 1, 1],
    RARE,
  ],
  ['RandomCrop of rows', crop(), of('top'), integers(0, 7), [9, 5, 1], RARE],
  ['RandomCrop of columns', crop(), of('left'), integers(0, 4), [9, 5, 1], RARE],
  [
    'MixUp',
    new layers.MixUp({ alpha: 0.4, ...SEED }),
    of('mixWeight'),
    { mean: 0.5, variance: 1 / (4 * (2 * 0.4 + 1)) },
  ],
  ['MixUp, with whom', new layers.MixUp(SEED), of('permutationOrder'), integers(0, MANY)],
  ['CutMix', new layers.CutMix({ factor: [1, 1], ...SEED }), of('mixWeight'), uniform(0, 1)],
  ['RandAugment', new layers.RandAugment({ numOps: MANY, ...SEED }), of('layerIdxes'), integers(0, 11), [4, 4, 3], 1],
]

function crop(): layers.Layer {
  const layer = new layers.RandomCrop({ height: 3, width: 2, ...SEED })
  // It draws where it was told that it is training.
  layer.apply(ops.zeros([1, 9, 5, 1]), { training: true })
  return layer
}

function numbersOf(layer: Draws, read: (drawn: Drawn) => Tensor, picture: readonly number[], times: number): number[] {
  const images = ops.zeros([times > 0 ? 1 : MANY, ...picture])
  return Array.from({ length: Math.max(times, 1) }, () => [
    ...ops.cast(read(layer.getRandomTransformation(images)), 'float64').dataSync(),
  ]).flat()
}

const table = rows.map(([what, layer, read, wanted, picture = [1, 1, 1], times = 0]) => ({
  what,
  layer: layer as Draws,
  read,
  wanted,
  picture,
  times,
}))

it.each(table)('$what', ({ layer, read, wanted: { mean, variance }, picture, times }) => {
  const numbers = numbersOf(layer, read, picture, times)
  const count = numbers.length
  expect(count).toBeGreaterThanOrEqual(RARE)
  const found = numbers.reduce((sum, one) => sum + one, 0) / count
  const spread = numbers.reduce((sum, one) => sum + (one - found) ** 2, 0) / count
  // Five standard errors; none of these has a kurtosis above 6.
  expect(Math.abs(found - mean)).toBeLessThan(5 * Math.sqrt(variance / count))
  expect(Math.abs(spread / variance - 1)).toBeLessThan(5 * Math.sqrt(5 / count))
})

it.each([
  [
    'RandomErasing',
    new layers.RandomErasing({ scale: [0.1, 0.5], ...SEED }),
    ((2 / 3) * (0.5 ** 1.5 - 0.1 ** 1.5)) / 0.4,
  ],
  ['CutMix', new layers.CutMix({ factor: [1, 1], ...SEED }), Math.SQRT1_2],
] as const)('the rectangles of %s have the area that was drawn, anywhere', (_, layer, side) => {
  const pictures = ops.zeros([2000, 64, 64, 1])
  const masks = ops.cast((layer as unknown as Draws).getRandomTransformation(pictures).batchMasks!, 'float64')
  // A side's share is of whole places: at most one place in 64 off.
  expect(Math.abs(Math.sqrt(ops.mean(masks).itemSync()) - side)).toBeLessThan(0.02)
  const place = (axis: number): number => {
    const at = ops.reshape(ops.cast(ops.arange(64), 'float64'), axis === 1 ? [1, 64, 1, 1] : [1, 1, 64, 1])
    return ops.divide(ops.sum(ops.multiply(masks, at)), ops.sum(masks)).itemSync()
  }
  for (const axis of [1, 2]) expect(Math.abs(place(axis) - 32)).toBeLessThan(1)
})
