/** Pictures as the ops on them take them: one, or a batch; channels last, or first. */

import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import type { Named } from '../../options/fields.js'
import type { FunctionOptions } from '../../options/reader.js'
import { round } from '../elementwise.js'
import { cast, type Operand, toFloat, toTensor } from '../operand.js'
import { expandDims, squeeze, transpose } from '../shape.js'
import type { DataFormat, formatFields } from '../windows.js'

/** What every op on pictures takes. */
export interface PictureOptions extends FunctionOptions<typeof formatFields>, Named {}

/** Pictures as (batch, height, width, channels) of floats, and the way back. */
export interface Batch {
  readonly x: Tensor
  /** The result in the shape, format and element type that the pictures came in; integers are rounded. */
  back(y: Tensor): Tensor
}

/** Refuses pictures without a place, of which nothing can be read. */
export function checkPlaces(where: string, { x }: Batch, pictures: Operand): void {
  if (x.shape[1] === 0 || x.shape[2] === 0)
    fail('ERR_SHAPE', `${where} images`, 'at least one row and one column', toTensor(pictures).shape)
}

/** Brings pictures of three axes or four to a batch of floats with the channels last. */
export function asBatch(where: string, pictures: Operand, dataFormat: DataFormat = 'channelsLast'): Batch {
  const given = toTensor(pictures)
  if (given.rank !== 3 && given.rank !== 4)
    fail('ERR_SHAPE', `${where} images`, 'three axes (one picture) or four (a batch)', given.shape)
  const single = given.rank === 3
  const first = dataFormat === 'channelsFirst'
  const floats = single ? expandDims(toFloat(given), 0) : toFloat(given)
  return {
    x: first ? transpose(floats, [0, 2, 3, 1]) : floats,
    back: (y) => {
      const placed = first ? transpose(y, [0, 3, 1, 2]) : y
      const whole = given.dtype === 'int32' ? cast(round(placed), 'int32') : placed
      return single ? squeeze(whole, 0) : whole
    },
  }
}
