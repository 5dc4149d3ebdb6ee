/** Gradients of the ops on pictures against central differences in float64. */

import { expect, it } from 'vitest'
import { type Tensor, tensor } from '../../ts/core/tensor.js'
import { gradient } from '../../ts/gradient.js'
import * as ops from '../../ts/ops.js'
import { waves } from '../oracle.js'

const STEP = 1e-5

/** `Σ y · weight` has the same slope along every input as by central differences, whose own error is about 1e-10. */
function expectSlopes(draw: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]): void {
  const loss = (...all: Tensor[]): Tensor => {
    const y = draw(...all)
    return ops.sum(ops.multiply(y, waves(y.shape, 1.3)))
  }
  const slopes = gradient(loss(...inputs), inputs)
  for (const [i, input] of inputs.entries()) {
    const values = input.dataSync() as Float64Array
    const found = slopes[i]!.dataSync()
    const scale = Math.max(1, ...found.map(Math.abs))
    for (const k of values.keys()) {
      const at = (by: number): number => {
        const moved = tensor(
          values.map((value, j) => (j === k ? value + by : value)),
          [...input.shape],
          'float64',
        )
        return loss(...inputs.map((one, j) => (j === i ? moved : one))).itemSync()
      }
      const wanted = (at(STEP) - at(-STEP)) / (2 * STEP)
      expect(Math.abs(found[k]! - wanted) / scale, `input ${i}, element ${k}`).toBeLessThan(1e-8)
    }
  }
}

/** Colours between 0.1 and 0.9, no two channels of a place alike. */
const colours = ops.add(ops.multiply(waves([2, 2, 2, 3], 2.1), 0.4), 0.5)

const KINDS = ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'] as const
const resized = KINDS.flatMap((interpolation) =>
  (
    [
      [7, 3],
      [3, 9],
    ] as const
  ).flatMap((size) => [false, true].map((antialias) => ({ interpolation, size, antialias }))),
)

it.each(resized)('resize to $size by $interpolation, antialias $antialias', ({ size, ...how }) => {
  expectSlopes((x) => ops.image.resize(x, size, how), [waves([2, 5, 4, 2])])
})

it('resize with a frame, and of a part', () => {
  expectSlopes((x) => ops.image.resize(x, [3, 5], { padToAspectRatio: true, fillValue: 2 }), [waves([5, 4, 1])])
  expectSlopes((x) => ops.image.resize(x, [3, 5], { cropToAspectRatio: true }), [waves([5, 4, 1])])
})

it('extractPatches', () => {
  expectSlopes((x) => ops.image.extractPatches(x, [2, 3], { strides: 1 }), [waves([1, 4, 4, 2])])
  expectSlopes((x) => ops.image.extractPatches(x, 3, { strides: 2, padding: 'same' }), [waves([1, 5, 4, 2])])
})

// No place that is read lies on a whole row or column, where bilinear interpolation has a kink.
const turned = tensor([0.93, -0.21, 0.37, 0.17, 1.04, -0.43, 0.011, -0.007], [8], 'float64')

it.each(['constant', 'nearest', 'wrap', 'reflect', 'mirror'] as const)('affineTransform, %s', (fillMode) => {
  const draw = (x: Tensor, transform: Tensor): Tensor =>
    ops.image.affineTransform(x, transform, { fillMode, fillValue: 3 })
  expectSlopes(draw, [waves([2, 4, 5, 2]), turned])
})

it('perspectiveTransform, of pictures and of both lists of corners', () => {
  const start = tensor([0.2, -0.1, 4.3, 0.15, -0.25, 3.2, 4.1, 3.35], [4, 2], 'float64')
  const end = tensor([0.6, 0.45, 3.7, 0.2, 0.1, 2.9, 4.4, 3.1], [4, 2], 'float64')
  expectSlopes((x, from, to) => ops.image.perspectiveTransform(x, from!, to!), [waves([1, 4, 5, 2]), start, end])
})

it('gaussianBlur, of pictures and of deviations', () => {
  const sigma = tensor([0.8, 1.4], [2], 'float64')
  expectSlopes((x, by) => ops.image.gaussianBlur(x, { kernelSize: [3, 5], sigma: by! }), [waves([1, 4, 5, 2]), sigma])
})

it('colours', () => {
  expectSlopes((x) => ops.image.rgbToGrayscale(x), [colours])
  expectSlopes((x) => ops.image.rgbToHsv(x), [colours])
  expectSlopes((x) => ops.image.hsvToRgb(x), [colours])
})
