/** Ids to numbers, as a layer of a model. */

import { type Tensor, tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import { IndexLookup } from './index-lookup.js'

const integerFields = {
  /** The id for padding: number 0 with mode `int`, left out with others. */
  maskToken: { type: 'integer', default: null, min: -2147483648 },
  /** What unknown numbers become with `invert`. */
  oovToken: { type: 'integer', default: -1, min: -2147483648 },
  /** How unknown ids are spread over several numbers: id modulo their count. */
  oovMethod: { type: 'choice', of: ['floormod'], default: 'floormod' },
} as const

/**
 * Ids to numbers: the mask 0 (if there is one), then those for unknown ids, then the vocabulary in order.
 *
 * Ids are 32-bit integers of any shape, and the numbers have their shape. Among several numbers for the unknown an id
 * gets `id mod numOovIndices`; with none, an unknown id becomes −1. `oneHot` gives each number a row; `multiHot`,
 * `count` and `tfIdf` give a sample, the axis after the batch, one row of the vocabulary's length: 1 where an id
 * occurs, how often, and how often times its weight.
 *
 * `y = start + place of x in the vocabulary`, start being the numbers that stand before it.
 *
 * @see keras.layers.IntegerLookup
 *
 * @example
 * import { IntegerLookup } from 'ferrograd/layers'
 *
 * const layer = new IntegerLookup({ vocabulary: [12, 36, 1138] })
 * const numbers = layer.apply(new Int32Array([36, 7])) // [2, 0]
 */
export class IntegerLookup extends IndexLookup<number, typeof integerFields> {
  static override readonly className = 'IntegerLookup'
  static override readonly fields: typeof integerFields = integerFields

  override setVocabulary(vocabulary: readonly number[], idfWeights?: readonly number[]): void {
    const odd = vocabulary.find((id) => id !== (id | 0))
    if (odd !== undefined) fail('ERR_CONFIG', 'IntegerLookup.vocabulary', '32-bit integers', odd)
    super.setVocabulary(vocabulary, idfWeights)
  }

  override call(input: Tensor): Tensor {
    const x = ops.cast(input, 'int32')
    return this.options.invert ? this.#inverted(x) : this.encoded(this.#numbers(x))
  }

  /** Each id against the whole vocabulary: where it matches is its number. */
  #numbers(x: Tensor): Tensor {
    const { maskToken } = this.options
    const same = ops.cast(ops.equal(ops.expandDims(x, -1), row(this.known.tokens)), 'int32')
    const known = ops.greater(ops.max(same, { axis: -1 }), 0)
    const numbers = ops.where(known, ops.add(ops.argmax(same, { axis: -1 }), this.start), this.#unknown(x))
    if (maskToken === null) return numbers
    return ops.where(ops.equal(x, maskToken), this.masks ? 0 : -1, numbers)
  }

  /** −1, which no encoding shows, where there is no number for unknown ids. */
  #unknown(x: Tensor): Tensor {
    const { numOovIndices } = this.options
    const first = this.masks ? 1 : 0
    if (numOovIndices > 1) return ops.add(ops.mod(x, numOovIndices), first)
    return ops.full(x.shape, numOovIndices === 0 ? -1 : first, 'int32')
  }

  #inverted(x: Tensor): Tensor {
    const all = this.getVocabulary()
    const inside = ops.logicalAnd(ops.greaterEqual(x, 0), ops.less(x, all.length))
    const found = ops.take(row(all), ops.where(inside, x, 0), { axis: 0 })
    return ops.where(inside, found, this.options.oovToken)
  }
}

function row(values: readonly number[]): Tensor {
  return tensor(Int32Array.from(values), [values.length], 'int32')
}
