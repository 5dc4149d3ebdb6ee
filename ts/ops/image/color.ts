/** Colours. */

import { type Op, op } from '../../core/operation.js'
import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import {
  abs,
  add,
  clip,
  divide,
  equal,
  greater,
  less,
  maximum,
  minimum,
  mod,
  multiply,
  subtract,
  where,
} from '../elementwise.js'
import type { Operand } from '../operand.js'
import { opOptions } from '../options.js'
import { cast, slice, squeeze, stack } from '../shape.js'
import { formatFields } from '../windows.js'
import { asBatch, type PictureOptions } from './pictures.js'

const readRgbToGrayscale = opOptions('image.rgbToGrayscale', formatFields)
const readRgbToHsv = opOptions('image.rgbToHsv', formatFields)
const readHsvToRgb = opOptions('image.hsvToRgb', formatFields)

/**
 * `0.2989·red + 0.587·green + 0.114·blue`: (…, height, width, 3) → (…, height, width, 1); pictures of one channel as they
 * are.
 *
 * Errors: ERR_SHAPE for other than one or three channels.
 *
 * @see keras.ops.image.rgb_to_grayscale
 */
export const rgbToGrayscale: Op<[images: Operand, options?: PictureOptions]> = op(
  'rgbToGrayscale',
  (images, options) => {
    const { dataFormat } = readRgbToGrayscale(options)
    const { x, back } = asBatch('image.rgbToGrayscale', images, dataFormat)
    if (x.shape[3] === 1) return back(x)
    return back(gray(planes('image.rgbToGrayscale', x)))
  },
)

function gray([red, green, blue]: Planes): Tensor {
  return stack([add(add(multiply(red, 0.2989), multiply(green, 0.587)), multiply(blue, 0.114))], { axis: 3 })
}

/**
 * Hue, saturation and value, each from 0 to 1, of red, green and blue: value is the largest of the three, saturation
 * `(largest − smallest) / largest`, hue a sixth for each sector of the circle that begins at red. (…, height, width, 3) as
 * they are.
 *
 * Errors: ERR_SHAPE for other than three channels.
 *
 * @see keras.ops.image.rgb_to_hsv
 */
export const rgbToHsv: Op<[images: Operand, options?: PictureOptions]> = op('rgbToHsv', (images, options) => {
  const { dataFormat } = readRgbToHsv(options)
  const { x, back } = asBatch('image.rgbToHsv', images, dataFormat)
  return back(stack(hsv(planes('image.rgbToHsv', x)), { axis: 3 }))
})

/**
 * Red, green and blue of hue, saturation and value: the other way of {@link rgbToHsv}. (…, height, width, 3) as they are.
 *
 * Errors: ERR_SHAPE for other than three channels.
 *
 * @see keras.ops.image.hsv_to_rgb
 */
export const hsvToRgb: Op<[images: Operand, options?: PictureOptions]> = op('hsvToRgb', (images, options) => {
  const { dataFormat } = readHsvToRgb(options)
  const { x, back } = asBatch('image.hsvToRgb', images, dataFormat)
  return back(stack(rgb(planes('image.hsvToRgb', x)), { axis: 3 }))
})

/** The three channels, (batch, height, width) each. */
type Planes = readonly [Tensor, Tensor, Tensor]

function planes(where: string, x: Tensor): Planes {
  const [batch = 0, height = 0, width = 0, channels] = x.shape
  if (channels !== 3) fail('ERR_SHAPE', `${where} images`, 'three channels', x.shape)
  const plane = (at: number): Tensor => squeeze(slice(x, { begin: [0, 0, 0, at], size: [batch, height, width, 1] }), 3)
  return [plane(0), plane(1), plane(2)]
}

function hsv([red, green, blue]: Planes): Planes {
  const value = maximum(maximum(red, green), blue)
  const range = subtract(value, minimum(minimum(red, green), blue))
  const saturation = where(greater(value, 0), divide(range, where(greater(value, 0), value, 1)), 0)
  const sixth = divide(1, multiply(where(greater(range, 0), range, 1), 6))
  const sector = (a: Tensor, b: Tensor, from: number): Tensor => add(multiply(sixth, subtract(a, b)), from)
  const greenOrBlue = where(equal(value, green), sector(blue, red, 2 / 6), sector(red, green, 4 / 6))
  const hue = where(greater(range, 0), where(equal(value, red), sector(green, blue, 0), greenOrBlue), 0)
  return [add(hue, cast(less(hue, 0), hue.dtype)), saturation, value]
}

function rgb([hue, saturation, value]: Planes): Planes {
  const sector = multiply(mod(hue, 1), 6)
  const part = (share: Tensor): Tensor =>
    multiply(value, add(subtract(1, saturation), multiply(saturation, clip(share, 0, 1))))
  return [
    part(subtract(abs(subtract(sector, 3)), 1)),
    part(subtract(2, abs(subtract(sector, 2)))),
    part(subtract(2, abs(subtract(sector, 4)))),
  ]
}
