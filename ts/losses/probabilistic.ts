/** Divergences, and a cross-entropy that bears wrong labels. */

import { epsilon } from '../config.js'
import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Shape, TypedArray } from '../types.js'
import { alignLabels } from './align.js'
import { checkEach, Loss, type LossOptions } from './loss.js'

/** `Σ y log(y / p)` over the last axis, both clipped to [ε, 1]. */
export function klDivergence(yTrue: Tensor, yPred: Tensor): Tensor {
  const [y, p] = [ops.clip(yTrue, epsilon(), 1), ops.clip(yPred, epsilon(), 1)]
  return ops.sum(ops.multiply(y, ops.log(ops.divide(y, p))), { axis: -1 })
}

/**
 * `Σ y log(y / p)`, the Kullback–Leibler divergence.
 *
 * @see keras.losses.KLDivergence
 *
 * @example
 * import { KLDivergence } from 'ferrograd/losses'
 *
 * const loss = new KLDivergence()
 */
export class KLDivergence extends Loss {
  static override readonly className = 'KLDivergence'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return klDivergence(yTrue, yPred)
  }
}

const generalizedFields = {
  /** Between cross-entropy (towards 0) and absolute error (1). Default 0.5. */
  q: { type: 'number', default: 0.5, above: 0, below: 1 },
} as const

/** Options of {@link CategoricalGeneralizedCrossEntropy}. */
export interface CategoricalGeneralizedCrossEntropyOptions extends OptionsOf<typeof generalizedFields>, LossOptions {}

const CategoricalGeneralizedCrossEntropyBase: With<
  typeof Loss,
  typeof generalizedFields,
  CategoricalGeneralizedCrossEntropyOptions
> = Loss.with(generalizedFields)

/**
 * `(1 − p[label]^q) / q` for integer labels; bears wrong labels (Zhang & Sabuncu, 2018). The gradient grows
 * without bound towards p = 0: a label whose probability has come to 0 is refused by `fit` (`ERR_NON_FINITE`), and the weights stay.
 *
 * @see keras.losses.CategoricalGeneralizedCrossEntropy
 *
 * @example
 * import { CategoricalGeneralizedCrossEntropy } from 'ferrograd/losses'
 *
 * const loss = new CategoricalGeneralizedCrossEntropy({ q: 0.7 })
 */
export class CategoricalGeneralizedCrossEntropy extends CategoricalGeneralizedCrossEntropyBase {
  static override readonly className = 'CategoricalGeneralizedCrossEntropy'
  override readonly takesLabels: boolean = true

  override align(yTrue: Tensor, yPred: Tensor): Tensor {
    return alignLabels(yTrue, yPred, this.title)
  }

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    const { q } = this.options
    const p = ops.squeeze(ops.takeAlongAxis(yPred, ops.expandDims(yTrue, -1), { axis: -1 }), -1)
    return ops.divide(ops.subtract(1, ops.power(p, q)), q)
  }

  override checkTargets(values: TypedArray, shape: Shape, predicted: Shape): void {
    const classes = predicted.at(-1) ?? 0
    checkEach(
      values,
      shape,
      this.title,
      `integer labels in [0, ${classes})`,
      (y) => Number.isInteger(y) && y >= 0 && y < classes,
    )
  }
}
