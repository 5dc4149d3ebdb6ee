/** Where the windows of convolution and pooling lie: strides, dilations and paddings, one for each axis of a picture. */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { Margin } from '../options/field-types.js'
import { camel, type Spelling } from '../options/names.js'
import { lengthOf } from './operand.js'
import { transpose } from './shape.js'

/** One number for all axes of a picture, or one for each. */
export type PerAxis = number | readonly number[]

/** Where the channels of a picture lie: after its axes, as inside, or before them. */
export type DataFormat = Spelling<'channelsLast' | 'channelsFirst'>

export const formatFields = {
  /** Where the channels lie. Default 'channelsLast'. */
  dataFormat: { type: 'choice', of: ['channelsLast', 'channelsFirst'], default: 'channelsLast' },
} as const

/** Pictures with channels last, and the way back to how they came. */
export interface Pictures {
  readonly x: Tensor
  /** The lengths of the axes between the first and the last. */
  readonly sizes: readonly number[]
  readonly back: (y: Tensor) => Tensor
}

/** Pictures of one to three axes, channels last. */
export function pictures(op: string, x: Tensor, format: DataFormat = 'channelsLast'): Pictures {
  if (x.rank < 3 || x.rank > 5)
    fail('ERR_SHAPE', op, 'pictures of 3 to 5 axes (images, …places, channels)', { text: shown(x) })
  const first = camel(format) === 'channelsFirst'
  const places = Array.from({ length: x.rank - 2 }, (_, axis) => axis + 1)
  const last = first ? transpose(x, [0, ...places.map((axis) => axis + 1), 1]) : x
  const back = (y: Tensor): Tensor => (first ? transpose(y, [0, y.rank - 1, ...places]) : y)
  return { x: last, sizes: places.map((axis) => lengthOf(last, axis)), back }
}

/** An integer for each axis, not below `least`. */
export function perAxis(where: string, value: PerAxis, axes: number, least = 1): number[] {
  const all = typeof value === 'number' ? Array.from({ length: axes }, () => value) : [...value]
  if (all.length !== axes || !all.every((one) => Number.isInteger(one) && one >= least))
    fail('ERR_CONFIG', where, `an integer of at least ${least}, or ${axes} of them`, value)
  return all
}

/** Windows along one axis. */
export interface Windows {
  readonly size: number
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
}

/** Places before the first and after the last of each axis: as given, or so that there are as many windows as the name says. */
export function padding(where: string, how: string | readonly Margin[], axes: readonly Windows[]): number[] {
  if (typeof how !== 'string') return margins(where, how, axes.length).flat()
  const known = axes.length === 1 ? ['valid', 'same', 'causal'] : ['valid', 'same']
  if (!known.includes(how)) fail('ERR_CONFIG', where, known.map((one) => `'${one}'`).join(' or '), how)
  return axes.flatMap(({ size, kernel, stride, dilation }) => {
    const reach = (kernel - 1) * dilation + 1
    if (how === 'valid') return [0, 0]
    if (how === 'causal') return [reach - 1, 0]
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0)
    return [Math.floor(total / 2), total - Math.floor(total / 2)]
  })
}

/** Places before and after, for so many axes. */
export function margins(where: string, given: readonly Margin[], axes: number): readonly Margin[] {
  return given.length === axes ? given : fail('ERR_CONFIG', where, `${axes} pairs [before, after], one an axis`, given)
}

/** A shape as messages show it. */
export function shown(x: Tensor): string {
  return `[${x.shape.join(', ')}]`
}
