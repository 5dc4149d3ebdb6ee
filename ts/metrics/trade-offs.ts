/** The best of one rate over all thresholds where another is good enough. */

import type { Tensor } from '../core/tensor.js'
import { currentTrace } from '../core/trace-stack.js'
import type { Weighting } from '../losses/loss.js'
import { type Operand, toTensor } from '../ops/operand.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { CountingMetric } from './confusion.js'
import type { MetricOptions } from './metric.js'

const common = {
  /** How many thresholds are tried, evenly between 0 and 1. Default 200. */
  numThresholds: { type: 'integer', default: 200, min: 1 },
  /** Only this class is counted. Default null. */
  classId: { type: 'integer', default: null, min: 0 },
} as const

/** `n` numbers from 0 to 1; the middle where there is but one. */
export function evenThresholds(n: number): number[] {
  return n === 1 ? [0.5] : Array.from({ length: n }, (_, i) => i / (n - 1))
}

const TradeOffBase: With<typeof CountingMetric, typeof common> = CountingMetric.with(common)

/** The largest `sought` over the thresholds where `bounded` is at least the bound. */
abstract class TradeOff extends TradeOffBase {
  readonly #thresholds: readonly number[] = evenThresholds(this.options.numThresholds)

  constructor(options?: MetricOptions) {
    super(options)
    this.addCounts(this.#thresholds.length)
  }

  protected abstract readonly bound: number
  protected abstract get bounded(): Tensor
  protected abstract get sought(): Tensor

  override update(targets: Operand, predictions: Operand, weighting: Weighting = {}): void {
    const [yTrue, yPred] = [toTensor(targets), toTensor(predictions)]
    const { classId } = this.options
    const how = { thresholds: this.#thresholds, dtype: this.dtype, classId, where: this.title }
    this.addProbabilities(yTrue, yPred, weighting, how)
  }

  override result(): Tensor {
    if (currentTrace() === undefined) this.review()
    return this.cast(ops.max(ops.where(ops.greaterEqual(this.bounded, this.bound), this.sought, 0)))
  }
}

const specificityFields = {
  /** The least specificity. */
  specificity: { type: 'number', min: 0, max: 1 },
} as const

/** Options of {@link SensitivityAtSpecificity}. */
export interface SensitivityAtSpecificityOptions
  extends OptionsOf<typeof specificityFields & typeof common>,
    MetricOptions {}

const SensitivityAtSpecificityBase: With<typeof TradeOff, typeof specificityFields, SensitivityAtSpecificityOptions> =
  TradeOff.with(specificityFields)

/**
 * The best sensitivity (recall) at a specificity of at least the given.
 *
 * `max TP / (TP + FN)` over the thresholds where `TN / (TN + FP) ≥ specificity`.
 *
 * @see keras.metrics.SensitivityAtSpecificity
 *
 * @example
 * import { SensitivityAtSpecificity } from 'ferrograd/metrics'
 *
 * const metric = new SensitivityAtSpecificity({ specificity: 0.9 })
 */
export class SensitivityAtSpecificity extends SensitivityAtSpecificityBase {
  static override readonly className = 'SensitivityAtSpecificity'
  protected override readonly bound: number = this.options.specificity
  protected override get bounded(): Tensor {
    return this.specificity
  }
  protected override get sought(): Tensor {
    return this.recall
  }
}

const sensitivityFields = {
  /** The least sensitivity. */
  sensitivity: { type: 'number', min: 0, max: 1 },
} as const

/** Options of {@link SpecificityAtSensitivity}. */
export interface SpecificityAtSensitivityOptions
  extends OptionsOf<typeof sensitivityFields & typeof common>,
    MetricOptions {}

const SpecificityAtSensitivityBase: With<typeof TradeOff, typeof sensitivityFields, SpecificityAtSensitivityOptions> =
  TradeOff.with(sensitivityFields)

/**
 * The best specificity at a sensitivity (recall) of at least the given.
 *
 * `max TN / (TN + FP)` over the thresholds where `TP / (TP + FN) ≥ sensitivity`.
 *
 * @see keras.metrics.SpecificityAtSensitivity
 *
 * @example
 * import { SpecificityAtSensitivity } from 'ferrograd/metrics'
 *
 * const metric = new SpecificityAtSensitivity({ sensitivity: 0.9 })
 */
export class SpecificityAtSensitivity extends SpecificityAtSensitivityBase {
  static override readonly className = 'SpecificityAtSensitivity'
  protected override readonly bound: number = this.options.sensitivity
  protected override get bounded(): Tensor {
    return this.recall
  }
  protected override get sought(): Tensor {
    return this.specificity
  }
}

const recallFields = {
  /** The least recall. */
  recall: { type: 'number', min: 0, max: 1 },
} as const

/** Options of {@link PrecisionAtRecall}. */
export interface PrecisionAtRecallOptions extends OptionsOf<typeof recallFields & typeof common>, MetricOptions {}

const PrecisionAtRecallBase: With<typeof TradeOff, typeof recallFields, PrecisionAtRecallOptions> =
  TradeOff.with(recallFields)

/**
 * The best precision at a recall of at least the given.
 *
 * `max TP / (TP + FP)` over the thresholds where `TP / (TP + FN) ≥ recall`.
 *
 * @see keras.metrics.PrecisionAtRecall
 *
 * @example
 * import { PrecisionAtRecall } from 'ferrograd/metrics'
 *
 * const metric = new PrecisionAtRecall({ recall: 0.9 })
 */
export class PrecisionAtRecall extends PrecisionAtRecallBase {
  static override readonly className = 'PrecisionAtRecall'
  protected override readonly bound: number = this.options.recall
  protected override get bounded(): Tensor {
    return this.recall
  }
  protected override get sought(): Tensor {
    return this.precision
  }
}

const precisionFields = {
  /** The least precision. */
  precision: { type: 'number', min: 0, max: 1 },
} as const

/** Options of {@link RecallAtPrecision}. */
export interface RecallAtPrecisionOptions extends OptionsOf<typeof precisionFields & typeof common>, MetricOptions {}

const RecallAtPrecisionBase: With<typeof TradeOff, typeof precisionFields, RecallAtPrecisionOptions> =
  TradeOff.with(precisionFields)

/**
 * The best recall at a precision of at least the given.
 *
 * `max TP / (TP + FN)` over the thresholds where `TP / (TP + FP) ≥ precision`.
 *
 * @see keras.metrics.RecallAtPrecision
 *
 * @example
 * import { RecallAtPrecision } from 'ferrograd/metrics'
 *
 * const metric = new RecallAtPrecision({ precision: 0.9 })
 */
export class RecallAtPrecision extends RecallAtPrecisionBase {
  static override readonly className = 'RecallAtPrecision'
  protected override readonly bound: number = this.options.precision
  protected override get bounded(): Tensor {
    return this.precision
  }
  protected override get sought(): Tensor {
    return this.recall
  }
}
