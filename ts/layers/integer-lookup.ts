/** Ids to numbers, as a layer of a model. */

import { type Tensor, tensor } from '../core/tensor.js'
import { untraced } from '../core/trace.js'
import { toColumn } from '../data/marshal.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { IndexLookup, type LookupData, type LookupOptions, type Tokens } from './index-lookup.js'
import type { InputKind } from './layer.js'

const integerFields = {
  /** The id for padding: number 0 with mode `int`, left out with others. Default null. */
  maskToken: { type: 'integer', default: null, min: -2147483648 },
  /** What unknown numbers become with `invert`. Default -1. */
  oovToken: { type: 'integer', default: -1, min: -2147483648 },
  /** How unknown ids are spread over several numbers: id modulo their count. Default 'floormod'. */
  oovMethod: { type: 'choice', of: ['floormod'], default: 'floormod' },
} as const

/** Options of {@link IntegerLookup}. */
export interface IntegerLookupOptions extends OptionsOf<typeof integerFields>, LookupOptions {}

const IntegerLookupBase: With<typeof IndexLookup<number>, typeof integerFields, IntegerLookupOptions> =
  (IndexLookup<number>).with(integerFields)

/**
 * Ids to numbers: the mask 0 (if there is one), then those for unknown ids, then the vocabulary in order.
 *
 * Ids are 32-bit integers of any shape, and the numbers have their shape; an id is found by halving the vocabulary. Among several numbers for the unknown an id
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
export class IntegerLookup extends IntegerLookupBase {
  static override readonly className = 'IntegerLookup'
  #indexed: Index | undefined

  override setVocabulary(vocabulary: string | readonly number[], idfWeights?: readonly number[]): void {
    const odd = typeof vocabulary === 'string' ? undefined : vocabulary.find((id) => id !== (id | 0))
    if (odd !== undefined) fail('ERR_CONFIG', 'IntegerLookup.vocabulary', '32-bit integers', odd)
    super.setVocabulary(vocabulary, idfWeights)
  }

  protected override tokenOf(line: string): number {
    const id = Number(line)
    return line.trim() !== '' && id === (id | 0)
      ? id
      : fail('ERR_DATA', 'IntegerLookup.vocabulary', 'a 32-bit integer on each line', line)
  }

  /** Ids in nested arrays, a typed array, `{ values, shape }` or a tensor. */
  protected override tokensOf(data: LookupData<number>): Tokens<number> {
    const { values, shape } = Array.isArray(data) ? { values: undefined, shape: [] } : idsOf(data)
    const ids = values === undefined ? (data as Tokens<number>) : rowsOf(values, shape)
    checkIds(ids)
    return ids
  }

  override inputKind(): InputKind {
    return 'ids'
  }

  override call(input: Tensor): Tensor {
    const x = ops.cast(input, 'int32')
    return this.options.invert ? this.#inverted(x) : this.encoded(this.#numbers(x))
  }

  /** Each id is searched for in the ascending vocabulary, and its place there has its number. */
  #numbers(x: Tensor): Tensor {
    const { maskToken } = this.options
    const { sorted, places } = this.#index()
    const at = ops.minimum(ops.searchSorted(sorted, x), sorted.size - 1)
    const known = ops.equal(ops.take(sorted, at, { axis: 0 }), x)
    const numbers = ops.where(known, ops.add(ops.take(places, at, { axis: 0 }), this.start), this.#unknown(x))
    if (maskToken === null) return numbers
    return ops.where(ops.equal(x, maskToken), this.masks ? 0 : -1, numbers)
  }

  /** The vocabulary in ascending order and where each of it stands; made once, a constant of every program. */
  #index(): Index {
    const { tokens } = this.known
    if (this.#indexed?.tokens !== tokens) this.#indexed = untraced(() => indexOf(tokens))
    return this.#indexed
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

interface Index {
  readonly tokens: readonly number[]
  readonly sorted: Tensor
  readonly places: Tensor
}

function indexOf(tokens: readonly number[]): Index {
  const order = Int32Array.from(tokens.keys()).sort((a, b) => tokens[a]! - tokens[b]!)
  return { tokens, sorted: row(Array.from(order, (i) => tokens[i]!)), places: tensor(order, [order.length], 'int32') }
}

/** Arrays that are not nested, as one checked column of whole numbers. */
function idsOf(data: unknown): { readonly values: ArrayLike<number>; readonly shape: readonly number[] } {
  return toColumn('IntegerLookup.adapt', data, 'int32')
}

/** One list a sample; a list of ids alone where each sample is one. */
function rowsOf(values: ArrayLike<number>, [rows = 0, ...rest]: readonly number[]): Tokens<number> {
  if (rest.length === 0) return Array.from(values)
  const width = values.length / rows
  return Array.from({ length: rows }, (_, row) => Array.from({ length: width }, (_, i) => values[row * width + i]!))
}

function checkIds(ids: Tokens<number>): void {
  if (Array.isArray(ids)) for (const one of ids as readonly Tokens<number>[]) checkIds(one)
  else if (typeof ids !== 'number' || ids !== (ids | 0)) fail('ERR_DATA', 'IntegerLookup.adapt', '32-bit integers', ids)
}

function row(values: readonly number[]): Tensor {
  return tensor(Int32Array.from(values), [values.length], 'int32')
}
