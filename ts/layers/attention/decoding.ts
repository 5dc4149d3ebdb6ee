/**
 * Decoding step by step: what attention keeps of the steps before.
 *
 * Calls are synchronous, so what runs right now is one step of one model: this never carries anything to another.
 */

import type { Tensor } from '../../core/tensor.js'
import { untraced } from '../../core/trace.js'
import { type Variable, variable } from '../../core/variable.js'
import * as ops from '../../ops.js'
import type { FloatDType, Shape } from '../../types.js'
import type { Layer } from '../layer.js'

/** Keys and values of all places, (batch, places, heads, size). */
export interface KeysAndValues {
  readonly keys: Tensor
  readonly values: Tensor
}

/** What the attention layers of a model keep while it decodes: filled by the first steps, one place more a step. */
export class Cache {
  /** How many places there are. */
  readonly places: number
  readonly #kept = new Map<Layer, { readonly keys: Variable; readonly values: Variable }>()

  constructor(places: number) {
    this.places = places
  }

  /** The first steps: they are kept, and attended to as they are. */
  fill(layer: Layer, { keys, values }: KeysAndValues): void {
    const kept = this.#of(layer, keys, values)
    const padded = (x: Tensor): Tensor =>
      ops.pad(x, [
        [0, 0],
        [0, this.places - x.shape[1]!],
        [0, 0],
        [0, 0],
      ])
    kept.keys.assign(padded(keys))
    kept.values.assign(padded(values))
  }

  /** One step at a place of its own for each sequence, (batch): all that is kept, with it. */
  put(layer: Layer, { keys, values }: KeysAndValues, at: Tensor): KeysAndValues {
    const kept = this.#of(layer, keys, values)
    const here = ops.reshape(ops.equal(ops.expandDims(at, 1), ops.arange(this.places)), [-1, this.places, 1, 1])
    const all = { keys: ops.where(here, keys, kept.keys), values: ops.where(here, values, kept.values) }
    kept.keys.assign(all.keys)
    kept.values.assign(all.values)
    return all
  }

  #of(layer: Layer, keys: Tensor, values: Tensor): { readonly keys: Variable; readonly values: Variable } {
    const known = this.#kept.get(layer)
    if (known !== undefined) return known
    const made = { keys: this.#room('keys', keys), values: this.#room('values', values) }
    this.#kept.set(layer, made)
    return made
  }

  #room(name: string, like: Tensor): Variable {
    const [batch, , heads, size] = like.shape as readonly [number, number, number, number]
    const shape: Shape = [batch, this.places, heads, size]
    const dtype = like.dtype as FloatDType
    return untraced(() => variable(ops.zeros(shape, dtype), { name, dtype, trainable: false }))
  }
}

/** One step of decoding. */
export interface Decoding {
  readonly cache: Cache
  /** The place of the step in each sequence, (batch); none for the first steps, which begin at 0. */
  readonly at: Tensor | undefined
}

let current: Decoding | undefined

/** The step of decoding that is being drawn, if any. */
export function decoding(): Decoding | undefined {
  return current
}

/** Draws a step of decoding. */
export function whileDecoding<R>(step: Decoding, draw: () => R): R {
  const before = current
  current = step
  try {
    return draw()
  } finally {
    current = before
  }
}
