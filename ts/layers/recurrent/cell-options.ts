/** The options of a cell among those of the layer that runs it. */

import type { FieldTable } from '../../options/fields.js'
import type { FloatDType } from '../../types.js'

/** What a layer has that runs a cell of its own. */
export const activityFields = {
  /** Penalty on the result. Default null. */
  activityRegularizer: { type: 'regularizer', default: null },
} as const

/** The options in `fields` that `layer` was given, for its cell, which is of the same element type. */
export function cellOptions<O>(layer: { readonly options: object; readonly dtype: FloatDType }, fields: FieldTable): O {
  const given = layer.options as Readonly<Record<string, unknown>>
  const own = Object.keys(fields).map((key) => [key, given[key]] as const)
  return { ...Object.fromEntries(own), dtype: layer.dtype } as O
}
