/** The axes of pictures: (batch, …places, channels), or with the channels before the places. */

import type { FieldSpec, FieldTable } from '../../options/fields.js'
import type { PartialShape } from '../../types.js'
import type { InputSpec } from '../input-spec.js'

/** Where the channels of a picture lie. */
export const formatFields = {
  /** Where the channels lie: after the places, or before them. Default 'channelsLast'. */
  dataFormat: { type: 'choice', of: ['channelsLast', 'channelsFirst'], default: 'channelsLast' },
} as const

/** Where the channels of a picture lie. */
export type Format = 'channelsLast' | 'channelsFirst'

/** The fields of a layer for pictures of so many axes: what is told for each axis has a number for each, in its default too. */
export function forAxes<F extends FieldTable>(fields: F, axes: number): F {
  return Object.fromEntries(Object.entries(fields).map(([key, spec]) => [key, spread(spec, axes)])) as F
}

function spread(spec: FieldSpec, axes: number): FieldSpec {
  if (spec.type !== 'perAxis') return spec
  const same = typeof spec.default === 'number' && axes > 1
  return { ...spec, axes, ...(same ? { default: new Array<unknown>(axes).fill(spec.default) } : {}) }
}

/** Which axis of a picture has the channels. */
export function channelAxis(format: Format): number {
  return format === 'channelsFirst' ? 1 : -1
}

/** Which axes of a picture, counted with the batch and the channels, are its places. */
export function placesOf(rank: number, format: Format): number[] {
  const first = format === 'channelsFirst' ? 2 : 1
  return Array.from({ length: rank - 2 }, (_, axis) => first + axis)
}

/** What a layer requires of pictures of so many axes. */
export function pictureSpec(axes: number, format: Format = 'channelsLast', channels?: number): InputSpec {
  return { rank: axes + 2, ...(channels === undefined ? {} : { axes: { [channelAxis(format)]: channels } }) }
}

/** The shape with the lengths of its places, and perhaps the number of channels, set anew. */
export function withPlaces(
  shape: PartialShape,
  format: Format,
  lengths: PartialShape,
  channels: number | null = shape.at(channelAxis(format)) ?? null,
): PartialShape {
  const batch = shape[0] ?? null
  return format === 'channelsFirst' ? [batch, channels, ...lengths] : [batch, ...lengths, channels]
}
