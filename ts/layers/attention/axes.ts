/** Attention along any axes: what it runs along is made one axis, the others are of the batch. */

import { sizeOf, stretchesTo } from '../../core/shapes.js'
import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import { boolMask } from '../../ops/attention.js'
import * as ops from '../../ops.js'
import type { Shape } from '../../types.js'

/** Moves between tensors as they come and (batch, steps, heads, size). */
export interface AttendedAxes {
  /** (batch, …places, heads, size) → (batch, steps, heads, size). */
  flatten(x: Tensor): Tensor
  /** The way back, to the places of a shape. */
  unflatten(x: Tensor, shape: Shape): Tensor
  /** A mask of places as (batch, steps). */
  places(where: string, mask: Tensor | undefined, shape: Shape): Tensor | undefined
  /** A mask of pairs of places, from the right of (batch, heads, …queries, …keys), as (batch, heads, queries, keys). */
  pairs(where: string, mask: Tensor | undefined, query: Shape, key: Shape): Tensor | undefined
  /** Weights (batch, heads, queries, keys) by their places. */
  scores(weights: Tensor, query: Shape, key: Shape): Tensor
}

/** The axes `along`, all between the batch and the features unless given, of inputs of a shape. */
export function attendedAxes(where: string, shape: Shape, along: readonly number[] | undefined): AttendedAxes {
  const inner = shape.slice(1, -1).map((_, i) => i + 1)
  const attended = (along ?? inner).map((axis) => (axis < 0 ? axis + shape.length : axis))
  const odd = attended.find((axis) => !inner.includes(axis))
  if (odd !== undefined || new Set(attended).size !== attended.length || attended.length === 0)
    fail('ERR_CONFIG', `${where}.attentionAxes`, `axes of ${inner.join(', ')}, each once`, along)
  return new Axes(
    inner.filter((axis) => !attended.includes(axis)),
    attended,
  )
}

class Axes implements AttendedAxes {
  /** Axes that count as batch. */
  readonly #free: readonly number[]
  readonly #along: readonly number[]

  constructor(free: readonly number[], along: readonly number[]) {
    this.#free = free
    this.#along = along
  }

  get #isPlain(): boolean {
    return this.#free.length === 0 && this.#along.length === 1
  }

  get #order(): number[] {
    return [0, ...this.#free, ...this.#along]
  }

  flatten(x: Tensor): Tensor {
    if (this.#isPlain) return x
    const order = this.#order
    const moved = ops.transpose(x, [...order, order.length, order.length + 1])
    return ops.reshape(moved, [this.#batch(x.shape), this.#steps(x.shape), ...x.shape.slice(-2)])
  }

  unflatten(x: Tensor, shape: Shape): Tensor {
    if (this.#isPlain) return x
    const order = this.#order
    const split = ops.reshape(x, [...order.map((axis) => shape[axis]!), ...x.shape.slice(-2)])
    const back = order.map((_, axis) => order.indexOf(axis))
    return ops.transpose(split, [...back, order.length, order.length + 1])
  }

  places(where: string, mask: Tensor | undefined, shape: Shape): Tensor | undefined {
    if (mask === undefined) return undefined
    const wanted = shape.slice(0, -1)
    if (mask.shape.join() !== wanted.join()) fail('ERR_SHAPE', where, `[${wanted.join(', ')}]`, mask.shape)
    const given = boolMask(where, ops.cast(mask, 'bool'))
    if (this.#isPlain) return given
    return ops.reshape(ops.transpose(given, this.#order), [this.#batch(shape), this.#steps(shape)])
  }

  pairs(where: string, mask: Tensor | undefined, query: Shape, key: Shape): Tensor | undefined {
    if (mask === undefined) return undefined
    const whole = this.#scoresShape(query, key, 1)
    const ranked = withRank(where, boolMask(where, mask), whole.length, 2 * this.#along.length)
    const heads = 1 + this.#free.length
    const target = whole.map((length, axis) => (axis === heads ? ranked.shape[heads]! : length))
    if (!stretchesTo(ranked.shape, target))
      fail('ERR_SHAPE', where, `what broadcasts to [${whole.map((n, i) => (i === heads ? 'heads' : n)).join(', ')}]`, {
        text: `[${mask.shape.join(', ')}]`,
      })
    if (this.#isPlain) return ranked
    const [batch, queries, keys] = [this.#batch(query), this.#steps(query), this.#steps(key)]
    return ops.reshape(ops.broadcastTo(ranked, target), [batch, target[heads]!, queries, keys])
  }

  scores(weights: Tensor, query: Shape, key: Shape): Tensor {
    return this.#isPlain ? weights : ops.reshape(weights, this.#scoresShape(query, key, weights.shape[1]!))
  }

  #scoresShape(query: Shape, key: Shape, heads: number): number[] {
    const of = (shape: Shape, axes: readonly number[]): number[] => axes.map((axis) => shape[axis]!)
    return [query[0]!, ...of(query, this.#free), heads, ...of(query, this.#along), ...of(key, this.#along)]
  }

  #batch(shape: Shape): number {
    return sizeOf([shape[0]!, ...this.#free.map((axis) => shape[axis]!)])
  }

  #steps(shape: Shape): number {
    return sizeOf(this.#along.map((axis) => shape[axis]!))
  }
}

/** `mask` with axes of length 1 before its last `pairs` axes, where the heads and the batch are. */
function withRank(where: string, mask: Tensor, rank: number, pairs: number): Tensor {
  if (mask.rank > rank || mask.rank < pairs)
    fail('ERR_SHAPE', where, `${pairs} to ${rank} axes, the last ${pairs} of queries and keys`, mask.shape)
  const before = mask.rank - pairs
  const ones = new Array<number>(rank - mask.rank).fill(1)
  return ops.reshape(mask, [...mask.shape.slice(0, before), ...ones, ...mask.shape.slice(before)])
}
