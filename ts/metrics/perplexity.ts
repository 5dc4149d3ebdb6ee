/** How many tokens a model of language hesitates between. */

import { maskOn } from '../core/mask.js'
import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { alignLabels } from '../losses/align.js'
import { SparseCategoricalCrossentropy } from '../losses/crossentropy.js'
import { divideNoNan, type Weighting } from '../losses/loss.js'
import { type Operand, toTensor } from '../ops/operand.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { weightsOf } from './mean.js'
import { accumulate, Metric, type MetricOptions } from './metric.js'

const fields = {
  /** Whether predictions are logits rather than probabilities. Default false. */
  fromLogits: { type: 'boolean', default: false },
  /** The token of padding: where it is the target, nothing is counted. Default null. */
  maskTokenId: { type: 'integer', default: null, min: -2_147_483_648 },
} as const

/** Options of {@link Perplexity}. */
export interface PerplexityOptions extends OptionsOf<typeof fields>, MetricOptions {}

const PerplexityBase: With<typeof Metric, typeof fields, PerplexityOptions> = Metric.with(fields)

/**
 * `exp(Σ w · −log p[token] / Σ w)`, over all tokens but those of padding: as many equally likely tokens would be as hard
 * to foretell. 0 before any token was counted.
 *
 * Targets (batch, …) are whole numbers, predictions (batch, …, tokens). Means are over tokens, not over samples.
 *
 * @see keras_hub.metrics.Perplexity
 *
 * @example
 * import { Perplexity } from 'ferrograd/metrics'
 *
 * const metric = new Perplexity({ fromLogits: true, maskTokenId: 0 })
 */
export class Perplexity extends PerplexityBase {
  static override readonly className = 'Perplexity'
  readonly #loss: SparseCategoricalCrossentropy = new SparseCategoricalCrossentropy({
    fromLogits: this.options.fromLogits,
    ignoreClass: this.options.maskTokenId,
  })
  readonly crossentropy: Variable = this.addSum('aggregate_crossentropy')
  readonly tokens: Variable = this.addSum('number_of_samples')

  override update(targets: Operand, predictions: Operand, weighting: Weighting = {}): void {
    const yPred = toTensor(predictions)
    const labels = alignLabels(toTensor(targets), yPred, this.title)
    const losses = this.#loss.call(labels, yPred)
    const weights = this.#weights(labels, losses, { ...weighting, mask: weighting.mask ?? maskOn(yPred) })
    accumulate(this.crossentropy, ops.sum(ops.multiply(losses, weights)))
    accumulate(this.tokens, ops.sum(weights))
  }

  override result(): Tensor {
    const { crossentropy, tokens } = this
    const perplexity = ops.exp(divideNoNan(crossentropy.read(), tokens.read()))
    return this.cast(ops.where(ops.equal(tokens, 0), 0, perplexity))
  }

  /** What each token counts, in the losses' shape. */
  #weights(labels: Tensor, losses: Tensor, { sampleWeight, mask }: Weighting): Tensor {
    const { maskTokenId } = this.options
    const all = ops.onesLike(losses)
    const given = weightsOf(all, sampleWeight, mask, this.title)
    const counted = given === undefined ? all : ops.multiply(all, given)
    return maskTokenId === null ? counted : ops.where(ops.equal(labels, maskTokenId), 0, counted)
  }
}
