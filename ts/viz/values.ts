/** Numbers of pictures, from whatever holds them. */

import { sameShape } from '../core/shapes.js'
import { type DataLike, toColumn } from '../data/marshal.js'
import { fail } from '../errors.js'
import { type ColorMap, colorOf } from './color-maps.js'
import type { Pixels } from './png.js'

/** Pictures (samples, height, width, channels). */
export interface Stack {
  readonly values: ArrayLike<number>
  readonly shape: readonly [samples: number, height: number, width: number, channels: number]
}

/** The numbers that are black and white, or the ends of the colours. */
export type ValueRange = readonly [least: number, most: number]

/** One, or red, green and blue, or these and alpha. */
const CHANNELS: readonly number[] = [1, 3, 4]

/**
 * (samples, height, width, channels); (samples, height, width) of one channel; one picture (height, width) or (height, width,
 * channels). Channels are 1, 3 or 4.
 */
export function picturesOf(where: string, data: DataLike): Stack {
  const { values, shape } = toColumn(where, data, 'exact')
  const [a = 1, b = 1, c = 1, d = 1] = shape
  if (shape.length === 2) return { values, shape: [1, a, b, 1] }
  if (shape.length === 3) return { values, shape: CHANNELS.includes(c) ? [1, a, b, c] : [a, b, c, 1] }
  if (shape.length !== 4) fail('ERR_SHAPE', where, 'pictures [samples, height, width, channels]', shape)
  const hint = 'viz.featureMaps draws each channel by itself'
  if (!CHANNELS.includes(d)) fail('ERR_SHAPE', where, 'pictures of 1, 3 or 4 channels', shape, hint)
  return { values, shape: [a, b, c, d] }
}

/** Feature maps: (samples, height, width, channels) of any number of channels. */
export function featuresOf(where: string, data: DataLike): Stack {
  const { values, shape } = toColumn(where, data, 'exact')
  const [a = 1, b = 1, c = 1, d = 1] = shape
  if (shape.length !== 4) fail('ERR_SHAPE', where, 'feature maps [samples, height, width, channels]', shape)
  return { values, shape: [a, b, c, d] }
}

/** A map for each of some pictures: (samples, height, width), of one (height, width) too. */
export function mapsOf(where: string, data: DataLike, [samples, height, width]: Stack['shape']): Stack {
  const { values, shape } = toColumn(where, data, 'exact')
  const lengths = [samples, height, width]
  const fits = sameShape(shape, lengths) || sameShape(shape, [...lengths, 1])
  if (!fits && !(samples === 1 && sameShape(shape, [height, width])))
    fail('ERR_SHAPE', where, `[${lengths.join(', ')}], as x has`, shape)
  return { values, shape: [samples, height, width, 1] }
}

/** From 0 to 1 or to 255 where all numbers lie there, else from the least to the most; as it was given. */
export function rangeOf(where: string, values: ArrayLike<number>, given: unknown): ValueRange {
  if (given !== undefined) return checkedRange(where, given)
  const [least, most] = endsOf(values)
  if (least >= 0 && most <= 1) return [0, 1]
  return least >= 0 && most <= 255 ? [0, 255] : [least, most]
}

function checkedRange(where: string, given: unknown): ValueRange {
  const good = Array.isArray(given) && given.length === 2 && given.every(Number.isFinite) && given[0] < given[1]
  if (good) return [given[0], given[1]]
  return fail('ERR_CONFIG', `${where}.range`, 'two numbers, the smaller one first', given)
}

export function endsOf(values: ArrayLike<number>): ValueRange {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = 0; i < values.length; i += 1) {
    least = Math.min(least, values[i]!)
    most = Math.max(most, values[i]!)
  }
  return [least, most]
}

/** A channel in colours of a map; three as red, green and blue, of four the last is left out. */
export function tileOf({ values, shape }: Stack, sample: number, [least, most]: ValueRange, map: ColorMap): Pixels {
  const [, height, width, channels] = shape
  const rgb = new Uint8Array(3 * height * width)
  const start = sample * height * width * channels
  const share = (place: number): number => (most === least ? 0 : (values[place]! - least) / (most - least))
  for (let i = 0; i < height * width; i += 1) {
    const place = start + i * channels
    if (channels === 1) rgb.set(colorOf(map, share(place)), 3 * i)
    else for (const c of [0, 1, 2]) rgb[3 * i + c] = byteOf(share(place + c))
  }
  return { width, height, rgb }
}

export function byteOf(share: number): number {
  return Math.round(255 * Math.min(1, Math.max(0, share)))
}
