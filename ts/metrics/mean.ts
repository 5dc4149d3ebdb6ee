/** Means and sums over everything that was seen. */

import { maskOn } from '../core/mask.js'
import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { alignWeights } from '../losses/align.js'
import { divideNoNan, type Weighting } from '../losses/loss.js'
import { type Operand, toTensor } from '../ops/operand.js'
import * as ops from '../ops.js'
import type { FloatDType } from '../types.js'
import { accumulate, Metric, Statistic } from './metric.js'

/** What a batch adds: the weighted values of its samples and their weights. */
interface Batch {
  readonly total: Tensor
  readonly count: Tensor | number
}

/**
 * Values of any rank as one number per sample by `perSample` (mean or sum over the other axes), weighted; in the metric's
 * type, unless they are float64 because no other type holds them.
 */
function gather(
  values: Tensor,
  { sampleWeight, mask }: Weighting,
  dtype: FloatDType,
  perSample: (x: Tensor) => Tensor,
  where: string,
): Batch {
  const x = values.dtype === 'float64' ? values : ops.cast(values, dtype)
  const weights = weightsOf(x, sampleWeight, mask, where)
  if (weights === undefined) return { total: ops.sum(perSample(x)), count: x.shape[0] ?? 1 }
  return { total: ops.sum(perSample(ops.multiply(x, weights))), count: ops.sum(perSample(weights)) }
}

/** What each of `x` counts, laid against it: its sample weight, and nothing where it is masked; undefined where all count the same. */
export function weightsOf(
  x: Tensor,
  sampleWeight: Operand | undefined,
  mask: Operand | undefined,
  where: string,
): Tensor | undefined {
  const weights = sampleWeight === undefined ? undefined : alignWeights(sampleWeight, x, where)
  const valid = mask === undefined ? undefined : alignWeights(mask, x, where)
  return weights && valid ? ops.multiply(weights, valid) : (weights ?? valid)
}

const meanPerSample = (x: Tensor): Tensor => (x.rank > 1 ? ops.mean(x, { axis: trailing(x) }) : x)
const trailing = (x: Tensor): number[] => Array.from({ length: x.rank - 1 }, (_, i) => i + 1)

/**
 * The weighted mean of all values, `Σ w·x / Σ w`.
 *
 * @see keras.metrics.Mean
 *
 * @example
 * import { Mean } from 'ferrograd/metrics'
 * import { tensor } from 'ferrograd'
 *
 * const mean = new Mean()
 * mean.update(tensor([1, 3]))
 * mean.result().itemSync() // 2
 */
export class Mean extends Statistic {
  static override readonly className = 'Mean'
  readonly total: Variable = this.addSum('total')
  readonly count: Variable = this.addSum('count')

  /** Takes values in. */
  update(values: Operand, weighting: Weighting = {}): void {
    addBatch(this, gather(toTensor(values), weighting, this.dtype, meanPerSample, this.title))
  }

  override result(): Tensor {
    return this.cast(divideNoNan(this.total.read(), this.count.read()))
  }
}

/**
 * The weighted sum of all values.
 *
 * `Σ w·x`.
 *
 * @see keras.metrics.Sum
 *
 * @example
 * import { Sum } from 'ferrograd/metrics'
 *
 * const metric = new Sum()
 */
export class Sum extends Statistic {
  static override readonly className = 'Sum'
  readonly total: Variable = this.addSum('total')

  /** Takes values in. */
  update(values: Operand, weighting: Weighting = {}): void {
    const { total } = gather(toTensor(values), weighting, this.dtype, (x) => x, this.title)
    accumulate(this.total, total)
  }

  override result(): Tensor {
    return this.cast(this.total.read())
  }
}

function addBatch(mean: { readonly total: Variable; readonly count: Variable }, { total, count }: Batch): void {
  accumulate(mean.total, total)
  accumulate(mean.count, count)
}

/** A metric that is the mean of one value per sample; its classes write `values`. */
export abstract class MeanMetric extends Metric {
  readonly total: Variable = this.addSum('total')
  readonly count: Variable = this.addSum('count')

  /** The values to average, of any rank, the batch first. */
  protected abstract values(yTrue: Tensor, yPred: Tensor): Tensor

  override update(targets: Operand, predictions: Operand, weighting: Weighting = {}): void {
    const [yTrue, yPred] = [toTensor(targets), toTensor(predictions)]
    const masked = { ...weighting, mask: weighting.mask ?? maskOn(yPred) }
    addBatch(this, gather(this.values(yTrue, yPred), masked, this.dtype, meanPerSample, this.title))
  }

  override result(): Tensor {
    return this.cast(divideNoNan(this.total.read(), this.count.read()))
  }
}
