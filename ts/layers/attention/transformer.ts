/** What the blocks of transformers share: their options, and a part with what goes around it. */

import { sameShape, stretchesTo } from '../../core/shapes.js'
import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import { boolMask } from '../../ops/attention.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import { Dense } from '../dense.js'
import { Layer, type LayerOptions } from '../layer.js'
import { LayerNormalization } from '../normalization.js'
import { Dropout } from '../regularization.js'
import { both } from './masks.js'
import { MultiHeadAttention } from './multi-head-attention.js'

const fields = {
  /** Units of the inner layer of the feedforward network. */
  intermediateDim: { type: 'integer', min: 1 },
  /** How many heads; each has `⌊features / numHeads⌋` of them. */
  numHeads: { type: 'integer', min: 1 },
  /** The fraction that is dropped in training, of weights and of what each part gives. Default 0. */
  dropout: { type: 'number', default: 0, min: 0, below: 1 },
  /** Applied to the inner layer of the feedforward network. Default 'relu'. */
  activation: { type: 'activation', default: 'relu' },
  /** Keeps the divisor of the normalizations from 0. Default 1e-5. */
  layerNormEpsilon: { type: 'number', default: 1e-5, min: 0 },
  /** First value of the kernels. Default 'glorotUniform'. */
  kernelInitializer: { type: 'initializer', default: 'glorotUniform' },
  /** First value of the biases. Default 'zeros'. */
  biasInitializer: { type: 'initializer', default: 'zeros' },
  /** Whether each part is normalised before it, and not after it. Default false. */
  normalizeFirst: { type: 'boolean', default: false },
} as const

/** Options of {@link TransformerEncoder} and {@link TransformerDecoder}. */
export interface TransformerOptions extends OptionsOf<typeof fields>, LayerOptions {}

const TransformerBase: With<typeof Layer, typeof fields, TransformerOptions> = Layer.with(fields)

/** A part of a block, with what goes around it. */
export interface Part {
  readonly norm: LayerNormalization
  readonly dropout: Dropout
}

/** Two dense layers. */
export interface FeedForward {
  readonly intermediate: Dense
  readonly output: Dense
}

/** A block of attention and a feedforward network. */
export abstract class TransformerBlock extends TransformerBase {
  /** `x + dropout(part(x))` with a normalization before the part or after the sum; what else the part gives goes along. */
  protected around(x: Tensor, { norm, dropout }: Part, part: (x: Tensor) => readonly Tensor[]): Tensor[] {
    const { normalizeFirst } = this.options
    const [inner, ...more] = part(normalizeFirst ? norm.apply(x) : x) as [Tensor, ...Tensor[]]
    const sum = ops.add(dropout.apply(inner), x)
    return [normalizeFirst ? sum : norm.apply(sum), ...more]
  }

  protected feed({ intermediate, output }: FeedForward): (x: Tensor) => Tensor[] {
    return (x) => [output.apply(intermediate.apply(x))]
  }

  protected makeAttention(name: string, query: Shape, value: Shape): MultiHeadAttention {
    const { numHeads, dropout, kernelInitializer, biasInitializer } = this.options
    const keyDim = Math.floor(query.at(-1)! / numHeads)
    if (query.length !== 3 || keyDim < 1)
      fail('ERR_SHAPE', `${this.className} input`, `[batch, steps, at least ${numHeads} features]`, query)
    const how = { name, numHeads, keyDim, dropout, kernelInitializer, biasInitializer, dtype: this.dtype }
    const layer = new MultiHeadAttention(how)
    layer.ensureBuilt({ query, value })
    return layer
  }

  protected makeNorm(name: string, shape: Shape): LayerNormalization {
    const layer = new LayerNormalization({ name, epsilon: this.options.layerNormEpsilon, dtype: this.dtype })
    layer.ensureBuilt(shape)
    return layer
  }

  protected makeDropout(name: string): Dropout {
    return new Dropout({ name, rate: this.options.dropout, dtype: this.dtype })
  }

  protected makeIntermediate(shape: Shape): Dense {
    const { intermediateDim, activation } = this.options
    return this.#dense('feedforward_intermediate_dense', intermediateDim, shape, activation)
  }

  protected makeOutput(shape: Shape): Dense {
    const inner = [...shape.slice(0, -1), this.options.intermediateDim]
    return this.#dense('feedforward_output_dense', shape.at(-1)!, inner)
  }

  #dense(name: string, units: number, shape: Shape, activation: Dense['options']['activation'] | null = null): Dense {
    const { kernelInitializer, biasInitializer } = this.options
    const plain = { name, units, kernelInitializer, biasInitializer, dtype: this.dtype }
    const layer = new Dense(activation === null ? plain : { ...plain, activation })
    layer.ensureBuilt(shape)
    return layer
  }
}

/** How many sequences, queries and keys. */
export interface PairLengths {
  readonly batch: number
  readonly queries: number
  readonly keys: number
}

/** The lengths of the pairs of two sequences, (batch, steps, features) each. */
export function pairLengths(query: Tensor, key: Tensor): PairLengths {
  return { batch: query.shape[0]!, queries: query.shape[1]!, keys: key.shape[1]! }
}

/** A mask, if there is one, and what errors call it. */
export interface NamedMask {
  readonly where: string
  readonly mask: Tensor | undefined
}

/** The keys that may be seen: those that are no padding, (batch, keys), and those of pairs, (batch, queries, keys). */
export function seenKeys(
  { batch, queries, keys }: PairLengths,
  padding: NamedMask,
  pairs: NamedMask,
): Tensor | undefined {
  const whole = [batch, queries, keys]
  const steps = [batch, keys]
  if (padding.mask !== undefined && !sameShape(padding.mask.shape, steps))
    fail('ERR_SHAPE', padding.where, `[${steps.join(', ')}]`, padding.mask.shape)
  if (pairs.mask !== undefined && !stretchesTo(pairs.mask.shape, whole))
    fail('ERR_SHAPE', pairs.where, `what broadcasts to [${whole.join(', ')}]`, pairs.mask.shape)
  return both(
    padding.mask && ops.expandDims(ops.cast(padding.mask, 'bool'), 1),
    pairs.mask && boolMask(pairs.where, pairs.mask),
  )
}
