/** Gradients of the ops on pictures, and their own gradients, against central differences in float64. */

import { it } from 'vitest'
import { type Tensor, tensor } from '../../ts/core/tensor.js'
import { gradient } from '../../ts/gradient.js'
import { jit } from '../../ts/jit.js'
import * as ops from '../../ts/ops.js'
import { expectClose, waves } from '../oracle.js'

const STEP = 1e-5

type Loss = (...inputs: Tensor[]) => Tensor

/** `Σ y · weight`: feels every element. */
const felt = (y: Tensor, by: number): Tensor => ops.sum(ops.multiply(y, waves(y.shape, by)))

/** The gradients of what is drawn, and theirs, are those of central differences, whose own error is about 1e-10, and 1e-8 for those of gradients. */
async function expectSlopes(draw: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]): Promise<void> {
  const loss: Loss = (...all) => felt(draw(...all), 1.3)
  await expectGradients('input', loss, inputs, 1e-8)
  const slope: Loss = (...all) => {
    const parts = gradient(loss(...all), all).map((one, i) => one && felt(one, 0.9 + i))
    return parts.reduce<Tensor>(
      (sum, part) => (part === undefined ? sum : ops.add(sum, part)),
      ops.zeros([], 'float64'),
    )
  }
  await expectGradients('gradient of input', slope, inputs, 1e-7)
}

async function expectGradients(what: string, loss: Loss, inputs: readonly Tensor[], tolerance: number): Promise<void> {
  const slopes = gradient(loss(...inputs), inputs)
  // Drawn once, and not for each element.
  const drawn = jit(loss)
  for (const [i, input] of inputs.entries()) {
    const values = input.dataSync() as Float64Array
    const at = async (k: number, by: number): Promise<number> => {
      const moved = values.map((value, j) => (j === k ? value + by : value))
      const x = tensor(moved, [...input.shape], 'float64')
      return (await drawn(...inputs.map((one, j) => (j === i ? x : one)))).item()
    }
    const difference = async (k: number): Promise<number> => ((await at(k, STEP)) - (await at(k, -STEP))) / (2 * STEP)
    const wanted = await Promise.all(Array.from(values, (_, k) => difference(k)))
    const found = slopes[i]?.dataSync() ?? new Float64Array(wanted.length)
    // Beside a 1, so that what is 0 is so on that scale.
    expectClose(Float64Array.of(...found, 1), { shape: [], data: [...wanted, 1] }, tolerance, `${what} ${i}`)
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

it.each(resized)('resize to $size by $interpolation, antialias $antialias', async ({ size, ...how }) => {
  await expectSlopes((x) => ops.image.resize(x, size, how), [waves([2, 5, 4, 2])])
})

it('resize with a frame, and of a part', async () => {
  await expectSlopes((x) => ops.image.resize(x, [3, 5], { padToAspectRatio: true, fillValue: 2 }), [waves([5, 4, 1])])
  await expectSlopes((x) => ops.image.resize(x, [3, 5], { cropToAspectRatio: true }), [waves([5, 4, 1])])
})

it('extractPatches', async () => {
  await expectSlopes((x) => ops.image.extractPatches(x, [2, 3], { strides: 1 }), [waves([1, 4, 4, 2])])
  await expectSlopes((x) => ops.image.extractPatches(x, 3, { strides: 2, padding: 'same' }), [waves([1, 5, 4, 2])])
})

// No place that is read lies on a whole row or column, where bilinear interpolation has a kink.
const turned = tensor([0.93, -0.21, 0.37, 0.17, 1.04, -0.43, 0.011, -0.007], [8], 'float64')

it.each(['constant', 'nearest', 'wrap', 'reflect', 'mirror'] as const)('affineTransform, %s', async (fillMode) => {
  const draw = (x: Tensor, transform: Tensor): Tensor =>
    ops.image.affineTransform(x, transform, { fillMode, fillValue: 3 })
  await expectSlopes(draw, [waves([2, 4, 5, 2]), turned])
})

it('perspectiveTransform, of pictures and of both lists of corners', async () => {
  const start = tensor([0.2, -0.1, 4.3, 0.15, -0.25, 3.2, 4.1, 3.35], [4, 2], 'float64')
  const end = tensor([0.6, 0.45, 3.7, 0.2, 0.1, 2.9, 4.4, 3.1], [4, 2], 'float64')
  await expectSlopes((x, from, to) => ops.image.perspectiveTransform(x, from!, to!), [waves([1, 4, 5, 2]), start, end])
})

it('gaussianBlur, of pictures and of deviations', async () => {
  const sigma = tensor([0.8, 1.4], [2], 'float64')
  await expectSlopes(
    (x, by) => ops.image.gaussianBlur(x, { kernelSize: [3, 5], sigma: by! }),
    [waves([1, 4, 5, 2]), sigma],
  )
})

it('colours', async () => {
  await expectSlopes((x) => ops.image.rgbToGrayscale(x), [colours])
  await expectSlopes((x) => ops.image.rgbToHsv(x), [colours])
  await expectSlopes((x) => ops.image.hsvToRgb(x), [colours])
})
