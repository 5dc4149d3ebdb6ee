/** Convolution over the axes between the images and the channels. */

import { type Op, op } from '../core/operation.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as raw from '../generated/ops.js'
import type { Margin } from '../options/field-types.js'
import type { Named, SettledOf } from '../options/fields.js'
import type { FunctionOptions } from '../options/reader.js'
import { floats, lengthOf, type Operand } from './operand.js'
import { opOptions } from './options.js'
import { repeat, reshape } from './shape.js'
import { formatFields, margins, padding, perAxis, pictures, shown } from './windows.js'

const strideFields = {
  /** From one window to the next. Default 1. */
  strides: { type: 'places', default: 1 },
  /** From one number of a window to the next. Default 1. */
  dilationRate: { type: 'places', default: 1 },
} as const

const ownFields = {
  /**
   * `'valid'`: windows inside the picture. `'same'`: `⌈length / stride⌉` windows. `'causal'`, for one axis: a window
   * ends at its own place. Or how many zeros lie before and after each axis, `[[1, 1], [0, 2]]`. Default 'valid'.
   */
  padding: { type: 'padding', of: ['valid', 'same', 'causal'], default: 'valid' },
} as const
const convFields: typeof strideFields & typeof ownFields & typeof formatFields = {
  ...strideFields,
  ...ownFields,
  ...formatFields,
}

/** How the windows of a convolution lie. */
export interface ConvOptions extends FunctionOptions<typeof convFields>, Named {}

const wayBackFields = {
  /**
   * `'valid'`: all that a window reaches. `'same'`: `length · stride` places. Or how many places of what windows reach
   * are cut off before and after each axis: the padding of the convolution whose gradient it is. Default 'valid'.
   */
  padding: { type: 'padding', of: ['valid', 'same'], default: 'valid' },
  /** Places more at the end of each axis; as Keras's null unless given. */
  outputPadding: { type: 'places', default: null },
} as const
const convTransposeFields: typeof strideFields & typeof wayBackFields & typeof formatFields = {
  ...strideFields,
  ...wayBackFields,
  ...formatFields,
}

/** How the windows of a convolution lie, and what a stride leaves open. */
export interface ConvTransposeOptions extends FunctionOptions<typeof convTransposeFields>, Named {}

type Arguments = [inputs: Operand, kernel: Operand, options?: ConvOptions]

const readConv = opOptions('conv', convFields)
const readDepthwise = opOptions('depthwiseConv', convFields)
const readTranspose = opOptions('convTranspose', convTransposeFields)

/**
 * `y[n, o, j] = Σ x[n, o·stride + k·dilation − before, c] · kernel[k, c, j]`, as `keras.ops.conv`.
 *
 * `inputs` (images, …places, channels), `kernel` (…sizes, channels / groups, filters): the groups follow from the
 * channels.
 *
 * @example
 * import { ops } from 'ferrograd'
 *
 * const y = ops.conv(ops.ones([8, 28, 28, 1]), ops.ones([3, 3, 1, 16]), { padding: 'same' })
 * console.log(y.shape) // [8, 28, 28, 16]
 */
export const conv: Op<Arguments> = op('conv', (inputs, kernel, options) => {
  const { dataFormat, ...how } = readConv(options)
  const [given, w] = floats(inputs, kernel)
  const { x, back } = pictures('conv', given, dataFormat)
  checkKernel('conv', x, w)
  const [channels, own] = [lengthOf(x, x.rank - 1), lengthOf(w, w.rank - 2)]
  if (own === 0 || channels % own !== 0)
    fail('ERR_SHAPE', 'conv kernel', `channels that divide ${channels}`, { text: `${shown(w)} for ${shown(given)}` })
  return back(output('conv', x, w, channels / own, how))
})

/**
 * A convolution of each channel for itself, as `keras.ops.depthwise_conv`: `kernel` (…sizes, channels, multiplier),
 * filter `j` of channel `c` is channel `c · multiplier + j` of the result.
 *
 * @example
 * import { ops } from 'ferrograd'
 *
 * const y = ops.depthwiseConv(ops.ones([8, 32, 32, 16]), ops.ones([3, 3, 16, 2]), { strides: 2, padding: 'same' })
 * console.log(y.shape) // [8, 16, 16, 32]
 */
export const depthwiseConv: Op<Arguments> = op('depthwiseConv', (inputs, kernel, options) => {
  const { dataFormat, ...how } = readDepthwise(options)
  const [given, w] = floats(inputs, kernel)
  const { x, back } = pictures('depthwiseConv', given, dataFormat)
  checkKernel('depthwiseConv', x, w)
  const channels = lengthOf(x, x.rank - 1)
  if (lengthOf(w, w.rank - 2) !== channels)
    fail('ERR_SHAPE', 'depthwiseConv kernel', `${channels} channels`, { text: `${shown(w)} for ${shown(given)}` })
  const filters = reshape(w, [...w.shape.slice(0, -2), 1, channels * lengthOf(w, w.rank - 1)])
  return back(output('depthwiseConv', x, filters, channels, how))
})

/** How windows lie. */
type Lying = Omit<SettledOf<typeof convFields>, 'dataFormat'>

/** The convolution of pictures with channels last. */
function output(name: string, given: Tensor, w: Tensor, inGroups: number, how: Lying): Tensor {
  const axes = given.rank - 2
  const { x, groups } = perFilter(given, w, inGroups)
  const strides = perAxis(`${name} strides`, how.strides, axes)
  const dilations = perAxis(`${name} dilationRate`, how.dilationRate, axes)
  const windows = strides.map((stride, axis) => ({
    size: lengthOf(x, axis + 1),
    kernel: lengthOf(w, axis),
    stride,
    dilation: dilations[axis]!,
  }))
  const padded = padding(`${name} padding`, how.padding, windows)
  return raw.convolution(x, w, { of: 0, strides, dilations, padding: padded, groups, sizes: [] })
}

/**
 * Where channels stand alone and have several filters each, a channel for each of these: the kernel for a filter a channel is
 * many times as fast as any for several.
 */
function perFilter(x: Tensor, w: Tensor, groups: number): { x: Tensor; groups: number } {
  const [channels, filters] = [lengthOf(x, x.rank - 1), lengthOf(w, w.rank - 1)]
  const alone = groups > 1 && groups === channels && filters > channels && filters % channels === 0
  return alone ? { x: repeat(x, filters / channels, { axis: -1 }), groups: filters } : { x, groups }
}

/**
 * The gradient of a convolution with respect to its input, as `keras.ops.conv_transpose`: `kernel` (…sizes, filters,
 * channels), each place of `inputs` spread over a window of the result.
 *
 * @example
 * import { ops } from 'ferrograd'
 *
 * const y = ops.convTranspose(ops.ones([8, 7, 7, 32]), ops.ones([3, 3, 16, 32]), { strides: 2, padding: 'same' })
 * console.log(y.shape) // [8, 14, 14, 16]
 */
export const convTranspose: Op<[inputs: Operand, kernel: Operand, options?: ConvTransposeOptions]> = op(
  'convTranspose',
  (inputs, kernel, options) => {
    const { dataFormat, padding: edges, ...how } = readTranspose(options)
    const [given, w] = floats(inputs, kernel)
    const { x, sizes, back } = pictures('convTranspose', given, dataFormat)
    checkKernel('convTranspose', x, w)
    const strides = perAxis('convTranspose strides', how.strides, sizes.length)
    const dilations = perAxis('convTranspose dilationRate', how.dilationRate, sizes.length)
    const extra = how.outputPadding
    const more = extra === undefined ? undefined : perAxis('convTranspose outputPadding', extra, sizes.length, 0)
    const cuts = typeof edges === 'string' ? undefined : margins('convTranspose padding', edges, sizes.length)
    const axes = sizes.map((size, axis) => {
      const [stride, reach] = [strides[axis]!, (lengthOf(w, axis) - 1) * dilations[axis]! + 1]
      const cut = cuts?.[axis] ?? (edges === 'same' ? 'same' : 'valid')
      return spread({ size, stride, reach, shapes: `${shown(w)} for ${shown(given)}` }, cut, more?.[axis])
    })
    const attributes = { of: 1, strides, dilations, groups: 1, sizes: axes.map((axis) => axis.size) }
    return back(raw.convolution(x, w, { ...attributes, padding: axes.flatMap((axis) => axis.padding) }))
  },
)

/** An axis whose places are spread over windows. */
interface Spread {
  readonly size: number
  readonly stride: number
  readonly reach: number
  /** What errors show. */
  readonly shapes: string
}

/** How long an axis becomes, and what is cut from what all windows reach. */
function spread(axis: Spread, cut: Margin | 'same' | 'valid', more: number | undefined) {
  const { size, stride, reach, shapes } = axis
  const full = (size - 1) * stride + reach
  const off = cut === 'valid' ? 0 : cut === 'same' ? 2 * Math.floor(reach / 2) : cut[0] + cut[1]
  // From there on there would be more windows than places.
  const limit = typeof cut === 'string' ? stride + off : stride
  if (more !== undefined && more >= limit)
    fail('ERR_CONFIG', 'convTranspose outputPadding', `less than ${limit}`, {
      text: `${more} at stride ${stride} (${shapes})`,
    })
  const plain = cut === 'same' ? size * stride : cut === 'valid' ? full + Math.max(stride - reach, 0) : full - off
  const length = more === undefined ? plain : full - off + more
  if (length < 1)
    fail('ERR_SHAPE', 'convTranspose', 'a result of at least one place', { text: `${length} (${shapes})` })
  if (typeof cut !== 'string') return { size: length, padding: [...cut] }
  const before = Math.floor(Math.max(full - length, 0) / 2)
  return { size: length, padding: [before, Math.max(full - length - before, 0)] }
}

function checkKernel(name: string, x: Tensor, w: Tensor): void {
  if (w.rank !== x.rank)
    fail('ERR_SHAPE', `${name} kernel`, `${x.rank} axes, as the pictures have`, { text: `${shown(w)} for ${shown(x)}` })
}
