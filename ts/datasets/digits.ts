/** The UCI handwritten digits: a real data set, small enough to ship with the package. */
import { inflateRawSync } from 'node:zlib'
import { trainTestSplit } from '../data/split.js'
import { fail } from '../errors.js'
import { checkSeed } from '../options/kinds.js'
import { packedDigits } from './digits-data.js'
import { checkOptions, type Labelled, scaled } from './labelled.js'

const images = 1797
const side = 8
const brightest = 16

export interface DigitsOptions {
  /** The share of images set aside as `test`, in (0, 1). Default 0.2. */
  readonly testSplit?: number
  /** Decides which images those are. Default 0. */
  readonly seed?: number
  /** `true`: pixels from 0 to 1; `false`: from 0 to 16, as they were scanned. Default true. */
  readonly scale?: boolean
}

/** All images, and the same images in two parts. */
export interface Digits extends Labelled {
  readonly train: Labelled
  readonly test: Labelled
  /** `[8, 8]`: how the 64 pixels of a row of `x` stand. */
  readonly imageShape: readonly [number, number]
  readonly classes: number
}

/**
 * 1,797 images of 8×8 handwritten digits with their labels: `x` is (1797, 64), `y` holds 0 … 9.
 *
 * Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998,
 * https://doi.org/10.24432/C50P49, CC BY 4.0; the test set, as scikit-learn carries it, in the same order.
 *
 * @example
 * ```ts
 * import { digits } from 'ferrograd/datasets'
 *
 * const { train, test } = digits({ testSplit: 0.2, seed: 7 })
 * console.log(train.x.shape, test.y.length) // [1438, 64] 359
 * ```
 */
export function digits(options: DigitsOptions = {}): Digits {
  checkOptions('digits', options, ['testSplit', 'seed', 'scale'])
  const { testSplit = 0.2, seed = 0, scale = true } = options
  if (!(testSplit > 0 && testSplit < 1)) fail('ERR_CONFIG', 'digits.testSplit', 'a number in (0, 1)', testSplit)
  const bytes = inflateRawSync(Buffer.from(packedDigits, 'base64'))
  const pixels = bytes.subarray(0, images * side * side)
  const x = { values: scaled(pixels, scale ? brightest : 1), shape: [images, side * side] }
  const y = Int32Array.from(bytes.subarray(pixels.length))
  const parts = trainTestSplit({ x, y }, { testSplit, seed: checkSeed('digits.seed', seed) })
  return { x, y, ...parts, imageShape: [side, side], classes: 10 }
}
