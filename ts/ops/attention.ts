/** Attention: weighted means of values, the weights from how well queries and keys agree. */

import { type Op, op } from '../core/operation.js'
import { stretchesTo } from '../core/shapes.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as raw from '../generated/ops.js'
import type { Named } from '../options/fields.js'
import type { FunctionOptions } from '../options/reader.js'
import { dropoutMask, type Seed } from '../random.js'
import type { FloatDType } from '../types.js'
import { abs, greaterEqual, less, logicalAnd, multiply, subtract, tanh, where } from './elementwise.js'
import { softmax } from './neural.js'
import { floats, full, type Operand, toBool, toTensor } from './operand.js'
import { opOptions } from './options.js'
import { any } from './reduce.js'
import { arange, cast, expandDims, reshape, transpose, zerosLike } from './shape.js'

const attentionFields = {
  /** Added to the scores: whatever broadcasts to (batch, heads, queries, keys). Default null. */
  bias: { type: 'operand', default: null },
  /**
   * Which keys a query may see: true or 1 where it may; whatever broadcasts to (batch, heads, queries, keys). Default
   * null.
   */
  mask: { type: 'operand', default: null },
  /** Factor on the products of queries and keys; `1 / √(head size)` unless given. */
  scale: { type: 'number', default: null },
  /** Whether a query sees no key behind its own place. Default false. */
  isCausal: { type: 'boolean', default: false },
  /** Whether scores are made block by block, never all in memory; where they are many unless given. */
  flashAttention: { type: 'boolean', default: null },
  /** Scores become `cap · tanh(score / cap)`, before mask and bias. Default null. */
  attnLogitsSoftCap: { type: 'number', default: null, above: 0 },
  /** A query sees keys that are less than so many places away, before and behind it; all unless given. */
  slidingWindow: { type: 'integer', default: null, min: 1 },
  /** The fraction of weights that is dropped, whoever calls; what is left is scaled up. Default 0. */
  dropout: { type: 'number', default: 0, min: 0, below: 1 },
  /** Decides what is dropped, as in `random.dropoutMask`; by default the next of the configured stream of seeds. */
  seed: { type: 'drawSeed', default: null },
} as const

/** Options of {@link dotProductAttention}, by Keras's names. */
export interface DotProductAttentionOptions extends FunctionOptions<typeof attentionFields>, Named {}

const readAttention = opOptions('dotProductAttention', attentionFields)

/**
 * `y[b, t, n] = Σₛ softmaxₛ(scale · q[b, t, n] · k[b, s, m] + bias[b, n, t, s]) · v[b, s, m]`, with query (batch, queries,
 * heads, size), key (batch, keys, key heads, size), value (batch, keys, key heads, value size), `y` (batch, queries, heads,
 * value size). Where there are fewer key heads, consecutive heads share one: `m = ⌊n · key heads / heads⌋`.
 *
 * A query that may see no key takes the mean of all values, as in Keras. `slidingWindow`, `dropout` and `seed` are what
 * Keras's attention layers have, its op has not.
 *
 * Errors: ERR_SHAPE for other than four axes, sizes that differ, heads that key heads do not divide, a bias or a mask that
 * does not broadcast; ERR_DTYPE for a mask of floats.
 *
 * @see keras.ops.dot_product_attention
 *
 * @example
 * import { ops, random } from 'ferrograd'
 *
 * const q = random.normal([2, 5, 4, 8])
 * const y = ops.dotProductAttention(q, q, q, { isCausal: true }) // (2, 5, 4, 8)
 */
export const dotProductAttention: Op<
  [query: Operand, key: Operand, value: Operand, options?: DotProductAttentionOptions]
> = op('dotProductAttention', (query, key, value, options) => {
  const { bias, mask, scale, isCausal, flashAttention, attnLogitsSoftCap, slidingWindow, dropout, seed } =
    readAttention(options)
  const [v, q] = floats(value, floats(query, key)[0])
  const [k] = floats(key, q)
  checkHeads('dotProductAttention', q, k, v)
  const how = {
    where: 'dotProductAttention',
    scale: scale ?? 1 / Math.sqrt(q.shape[3]!),
    bias: bias === undefined ? undefined : cast(bias, q.dtype),
    mask: mask === undefined ? undefined : boolMask('dotProductAttention mask', mask),
    isCausal,
    inBlocks: flashAttention,
    softCap: attnLogitsSoftCap,
    window: slidingWindow,
    dropped: dropout === 0 ? undefined : { rate: dropout, seed },
  }
  return attend(q, k, v, how).output
})

/** How scores become weights. */
export interface Attending {
  /** Who is told about mistakes. */
  readonly where: string
  readonly scale: number
  readonly bias?: Tensor | undefined
  readonly mask?: Tensor | undefined
  readonly isCausal?: boolean | undefined
  /** A query sees keys that are less than so many places away. */
  readonly window?: number | null | undefined
  readonly softCap?: number | undefined
  /** Whether the weights are wanted as well. */
  readonly needsWeights?: boolean | undefined
  /** Whether scores are made block by block; where they are many unless given. */
  readonly inBlocks?: boolean | null | undefined
  /** What is dropped of the weights. */
  readonly dropped?: Dropped | undefined
  /** Whether a query that may see no key takes nothing, and not the mean of all values. */
  readonly zeroed?: boolean | undefined
  /** Which keys there are for a query whatever the mask says: broadcasts to (batch, heads, queries, keys). */
  readonly reach?: Tensor | undefined
}

/** A fraction of the weights, and what decides which. */
export interface Dropped {
  readonly rate: number
  readonly seed: Seed | undefined
}

/** What attention gives: (batch, queries, heads, value size), and the weights (batch, heads, queries, keys). */
export interface Attended {
  readonly output: Tensor
  /** Undefined where nobody wants them and there are so many that they are never all in memory. */
  readonly weights?: Tensor
}

/** Scores of a head from which on they are never all in memory; fewer where half of them need not be made. */
const MANY = 1 << 22
const MANY_CAUSAL = 1 << 17

/** Attention over (batch, steps, heads, size), its weights too. */
export function attend(q: Tensor, k: Tensor, v: Tensor, how: Attending): Attended {
  if (goesInBlocks(q.shape[1]! * k.shape[1]!, how)) {
    const output = inBlocks(q, k, v, how)
    return { output: blindsNothing(how) ? output : where(seeing(q, k, how), output, 0) }
  }
  const scores = capped(scoresOf(multiply(q, how.scale), k), how.softCap)
  return attendBy(scores, v, how)
}

/**
 * The same over a sequence that is still being made: a query that may see no key takes the mean of what its place lets it
 * see, which nothing that is yet to come changes.
 */
export function attendSoFar(q: Tensor, k: Tensor, v: Tensor, how: Attending): Attended {
  const { output, ...more } = attend(q, k, v, how)
  const { mask, ...reach } = how
  if (mask === undefined) return { output, ...more }
  const sees = seeing(q, k, how)
  const means = attend(zerosLike(q), k, v, { ...reach, needsWeights: false }).output
  return { output: where(sees, output, means), ...more }
}

/** Which queries see a key, where something hides any: broadcasts to (batch, queries, heads, size). */
function seeing(q: Tensor, k: Tensor, how: Attending): Tensor {
  const allowed = allowedOf(how.where, [q.shape[0]!, q.shape[2]!, q.shape[1]!, k.shape[1]!], how)!
  const ranked = reshape(allowed, [...new Array<number>(4 - allowed.rank).fill(1), ...allowed.shape])
  return transpose(any(ranked, { axis: -1, keepdims: true }), [0, 2, 1, 3])
}

/** Whether no query has to be looked at for whether it sees a key: where attention is causal and no more, it sees the first. */
function blindsNothing({ zeroed = false, mask, window }: Pick<Attending, 'zeroed' | 'mask' | 'window'>): boolean {
  return !zeroed || (mask === undefined && typeof window !== 'number')
}

/** Whether the op of its own has all that is asked for, and pays. */
function goesInBlocks(scores: number, how: Attending): boolean {
  const { bias, softCap, dropped, reach, needsWeights = false, isCausal, window } = how
  if ([bias, softCap, dropped, reach].some((one) => one !== undefined) || needsWeights) return false
  return how.inBlocks ?? scores >= (isCausal || window ? MANY_CAUSAL : MANY)
}

/** The same over some queries and keys at a time. */
function inBlocks(q: Tensor, k: Tensor, v: Tensor, { where: title, scale, mask, isCausal, window }: Attending): Tensor {
  const shape = [q.shape[0]!, q.shape[2]!, q.shape[1]!, k.shape[1]!]
  const seen = mask === undefined ? full([1, 1, 1, 1], 1, 'bool') : fits(`${title} mask`, mask, shape)
  const ranked = reshape(seen, [...new Array<number>(4 - seen.rank).fill(1), ...seen.shape])
  const how = { scale, causal: isCausal ?? false, window: window ?? 0, masked: mask !== undefined }
  const [y] = raw.attention(q, k, v, ranked, how)
  return y!
}

/** Attention by scores (batch, heads, queries, keys) over values (batch, keys, key heads, size). */
export function attendBy(scores: Tensor, v: Tensor, { where: title, bias, dropped, ...masks }: Attending): Attended {
  const shape = scores.shape
  const biased = bias === undefined ? scores : raw.add(scores, fits(`${title} bias`, bias, shape))
  const allowed = allowedOf(title, shape, masks)
  const shown = allowed === undefined ? biased : where(allowed, biased, hidden(scores))
  const seen = softmax(shown)
  const weights = blindsNothing(masks) ? seen : where(allowed!, seen, 0)
  return { output: combined(dropped === undefined ? weights : thinned(weights, dropped), v), weights }
}

function thinned(weights: Tensor, { rate, seed }: Dropped): Tensor {
  return multiply(weights, dropoutMask(weights.shape, 1 - rate, { dtype: weights.dtype as FloatDType, seed }))
}

/** So low that its weight is 0, and finite: where all are hidden, all weigh the same. */
function hidden({ dtype }: Tensor): number {
  return dtype === 'float64' ? -1e300 : -1e30
}

function capped(scores: Tensor, cap: number | undefined): Tensor {
  return cap === undefined ? scores : multiply(tanh(multiply(scores, 1 / cap)), cap)
}

/** `q · kᵀ`, head by head: (batch, heads, queries, keys). */
function scoresOf(q: Tensor, k: Tensor): Tensor {
  const [batch, queries, heads] = q.shape as [number, number, number]
  const [keys, shared] = [k.shape[1]!, k.shape[2]!]
  if (shared === heads) return raw.matmul(byHead(q), byHead(k), { transposeA: false, transposeB: true })
  const grouped = raw.matmul(byGroup(q, shared), expandDims(byHead(k), 2), { transposeA: false, transposeB: true })
  return reshape(grouped, [batch, heads, queries, keys])
}

/** `weights · v`, head by head: (batch, queries, heads, size). */
function combined(weights: Tensor, v: Tensor): Tensor {
  const [batch, heads, queries, keys] = weights.shape as [number, number, number, number]
  const [shared, size] = [v.shape[2]!, v.shape[3]!]
  const plain = { transposeA: false, transposeB: false }
  if (shared === heads) return byHead(raw.matmul(weights, byHead(v), plain))
  const grouped = reshape(weights, [batch, shared, heads / shared, queries, keys])
  const sums = raw.matmul(grouped, expandDims(byHead(v), 2), plain)
  return byHead(reshape(sums, [batch, heads, queries, size]))
}

/** (batch, steps, heads, size) ↔ (batch, heads, steps, size). */
const byHead = (x: Tensor): Tensor => transpose(x, [0, 2, 1, 3])

/** (batch, steps, heads, size) → (batch, key heads, heads of each, steps, size). */
function byGroup(x: Tensor, shared: number): Tensor {
  const [batch, steps, heads, size] = x.shape as [number, number, number, number]
  return transpose(reshape(x, [batch, steps, shared, heads / shared, size]), [0, 2, 3, 1, 4])
}

/** Which keys a query may see, of all that is said about it; undefined where it sees all. */
function allowedOf(
  title: string,
  shape: readonly number[],
  { mask, isCausal = false, window, reach }: Pick<Attending, 'mask' | 'isCausal' | 'window' | 'reach'>,
): Tensor | undefined {
  const [queries, keys] = shape.slice(-2) as [number, number]
  const rules = [
    mask === undefined ? undefined : fits(`${title} mask`, mask, shape),
    isCausal ? causalMask(queries, keys) : undefined,
    window === undefined || window === null ? undefined : windowMask(queries, keys, window),
    reach,
  ].filter((rule) => rule !== undefined)
  return rules.length === 0 ? undefined : rules.reduce((all, rule) => logicalAnd(all, rule))
}

/** `t ≥ s`, (queries, keys). */
function causalMask(queries: number, keys: number): Tensor {
  return greaterEqual(expandDims(arange(queries), 1), arange(keys))
}

/** `|t − s| < window`, (queries, keys). */
function windowMask(queries: number, keys: number, window: number): Tensor {
  return less(abs(subtract(expandDims(arange(queries), 1), arange(keys))), window)
}

/** A mask of truth values, or of 0 and 1 in integers or plain numbers. */
export function boolMask(where: string, mask: Operand): Tensor {
  const given = toTensor(mask)
  if (given === mask && given.dtype.startsWith('float'))
    fail('ERR_DTYPE', where, 'a mask of bool or int32', { text: given.dtype }, `Scores to be added are a bias`)
  return toBool(given)
}

/** `x`, where it broadcasts to a shape. */
function fits(title: string, x: Tensor, shape: readonly number[]): Tensor {
  const from = shape.length - x.rank
  const fit = from >= 0 && stretchesTo(x.shape, shape.slice(from))
  return fit ? x : fail('ERR_SHAPE', title, `what broadcasts to [${shape.join(', ')}]`, x.shape)
}

function checkHeads(title: string, q: Tensor, k: Tensor, v: Tensor): void {
  for (const [name, x] of Object.entries({ query: q, key: k, value: v }))
    if (x.rank !== 4) fail('ERR_SHAPE', `${title} ${name}`, '[batch, steps, heads, size]', x.shape)
  const [batch, , heads, size] = q.shape as [number, number, number, number]
  const [, keys, shared] = k.shape as [number, number, number]
  if (shared < 1 || heads % shared !== 0)
    fail('ERR_SHAPE', `${title} key`, `a number of heads that divides the query's ${heads}`, k.shape)
  if (k.shape[0] !== batch || k.shape[3] !== size)
    fail('ERR_SHAPE', `${title} key`, `[${batch}, keys, heads, ${size}] as the query`, k.shape)
  if (v.shape[0] !== batch || v.shape[1] !== keys || v.shape[2] !== shared)
    fail('ERR_SHAPE', `${title} value`, `[${batch}, ${keys}, ${shared}, size] as the key`, v.shape)
}
