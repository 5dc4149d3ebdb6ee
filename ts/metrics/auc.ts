/** The area under a curve of two rates over all thresholds. */

import { sigmoid } from '../activations.js'
import { epsilon } from '../config.js'
import { type Tensor, tensor } from '../core/tensor.js'
import { currentTrace } from '../core/trace-stack.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import { divideNoNan, type Weighting } from '../losses/loss.js'
import { type Operand, toTensor } from '../ops/operand.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { CountingMetric } from './confusion.js'
import type { MetricOptions } from './metric.js'
import { evenThresholds } from './trade-offs.js'

const fields = {
  /** How many thresholds the curve is drawn with. Default 200. */
  numThresholds: { type: 'integer', default: 200, min: 2 },
  /** True over false positive rate, or precision over recall. Default 'ROC'. */
  curve: { type: 'choice', of: ['ROC', 'PR'], default: 'ROC' },
  /**
   * How the curve runs between its points: straight (PR: as interpolated counts), below or above them. Default
   * 'interpolation'.
   */
  summationMethod: { type: 'choice', of: ['interpolation', 'minoring', 'majoring'], default: 'interpolation' },
  /** Thresholds of your own, between 0 and 1. Default null. */
  thresholds: { type: 'numbers', default: null },
  /** One curve per label, then their mean; else all labels in one curve. Default false. */
  multiLabel: { type: 'boolean', default: false },
  /** How many labels there are, with `multiLabel`. Default null. */
  numLabels: { type: 'integer', default: null, min: 1 },
  /** How much each label counts. Default null. */
  labelWeights: { type: 'numbers', default: null },
  /** Whether predictions are logits rather than probabilities. Default false. */
  fromLogits: { type: 'boolean', default: false },
} as const

/** Options of {@link AUC}. */
export interface AUCOptions extends OptionsOf<typeof fields>, MetricOptions {}

const AUCBase: With<typeof CountingMetric, typeof fields, AUCOptions> = CountingMetric.with(fields)

/**
 * The area under the ROC (or precision–recall) curve, by `numThresholds` (200) points between −ε and 1 + ε.
 *
 * Targets 0 or 1 and predictions in [0, 1] of one shape (Davis & Goadrich, 2006, for the interpolated PR curve).
 *
 * `∫ TPR dFPR`, or `∫ precision dRecall`: `TPR = TP / (TP + FN)`, `FPR = FP / (FP + TN)` at each threshold.
 *
 * @see keras.metrics.AUC
 *
 * @example
 * import { AUC } from 'ferrograd/metrics'
 *
 * const metric = new AUC({ curve: 'PR' })
 */
export class AUC extends AUCBase {
  static override readonly className = 'AUC'
  readonly #thresholds: readonly number[] = this.#spread()

  override update(targets: Operand, predictions: Operand, weighting: Weighting = {}): void {
    const [yTrue, yPred] = [toTensor(targets), toTensor(predictions)]
    const { multiLabel, labelWeights, fromLogits, numLabels } = this.options
    if (multiLabel && yPred.rank !== 2) fail('ERR_SHAPE', this.title, 'predictions [batch, labels]', yPred.shape)
    if (!this.truePositives)
      this.addCounts(this.#thresholds.length, multiLabel ? (numLabels ?? yPred.shape[1]!) : undefined)
    const how = { thresholds: this.#thresholds, dtype: this.dtype, multiLabel, labelWeights, where: this.title }
    this.addProbabilities(yTrue, fromLogits ? sigmoid(yPred) : yPred, weighting, how)
  }

  protected override get advice(): string {
    return 'If they are logits, say fromLogits: true'
  }

  override result(): Tensor {
    if (currentTrace() === undefined) this.review()
    const { curve, summationMethod } = this.options
    if (!this.truePositives) return ops.zeros([], this.dtype)
    const areas = curve === 'PR' && summationMethod === 'interpolation' ? this.#interpolatedAreas() : this.#areas()
    return this.cast(this.#overLabels(ops.sum(areas, { axis: 0 })))
  }

  #spread(): number[] {
    const { thresholds, numThresholds } = this.options
    const inner =
      thresholds === null ? evenThresholds(numThresholds).slice(1, -1) : [...thresholds].sort((a, b) => a - b)
    return [-epsilon(), ...inner, 1 + epsilon()]
  }

  #overLabels(areas: Tensor): Tensor {
    const { multiLabel, labelWeights } = this.options
    if (!multiLabel) return areas
    if (labelWeights === null) return ops.mean(areas)
    const weights = tensor(labelWeights, undefined, 'float64')
    return divideNoNan(ops.sum(ops.multiply(areas, weights)), ops.sum(weights))
  }

  /** Width times height between neighbouring thresholds. */
  #areas(): Tensor {
    const roc = this.options.curve === 'ROC'
    const x = roc
      ? divideNoNan(this.falsePositives.read(), ops.add(this.falsePositives, this.trueNegatives))
      : this.recall
    const y = roc ? this.recall : this.precision
    return ops.multiply(ops.subtract(before(x), after(x)), this.#heights(before(y), after(y)))
  }

  #heights(left: Tensor, right: Tensor): Tensor {
    switch (this.options.summationMethod) {
      case 'interpolation':
        return ops.multiply(ops.add(left, right), 0.5)
      case 'minoring':
        return ops.minimum(left, right)
      case 'majoring':
        return ops.maximum(left, right)
    }
  }

  /** Under a curve on which true positives grow linearly with all positives between two thresholds. */
  #interpolatedAreas(): Tensor {
    const tp = this.truePositives.read()
    const positives = ops.add(tp, this.falsePositives)
    const gained = ops.subtract(before(tp), after(tp))
    const slope = divideNoNan(gained, ops.maximum(ops.subtract(before(positives), after(positives)), 0))
    const intercept = ops.subtract(after(tp), ops.multiply(slope, after(positives)))
    const both = ops.logicalAnd(ops.greater(before(positives), 0), ops.greater(after(positives), 0))
    const ratio = ops.where(both, divideNoNan(before(positives), ops.maximum(after(positives), 0)), 1)
    const area = ops.multiply(slope, ops.add(gained, ops.multiply(intercept, ops.log(ratio))))
    return divideNoNan(area, after(ops.add(tp, this.falseNegatives)))
  }
}

/** All but the last row. */
function before(x: Tensor | Variable): Tensor {
  const [rows = 0, ...rest] = x.shape
  return ops.slice(x, { begin: [0, ...rest.map(() => 0)], size: [rows - 1, ...rest] })
}

/** All but the first row. */
function after(x: Tensor | Variable): Tensor {
  const [rows = 0, ...rest] = x.shape
  return ops.slice(x, { begin: [1, ...rest.map(() => 0)], size: [rows - 1, ...rest] })
}
