/** Cross-entropies that play down what is right already. */

import { type Tensor, tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Shape, TypedArray } from '../types.js'
import { binaryTerms, renormalised, smoothBinary, smoothCategorical, toLast } from './crossentropy.js'
import { logitsOf } from './logits.js'
import { checkEach, Loss, type LossOptions } from './loss.js'

const binaryFocalFields = {
  /** Whether classes are weighted by `alpha`. Default false. */
  applyClassBalancing: { type: 'boolean', default: false },
  /** Weight of class 1; class 0 has 1 − alpha. Default 0.25. */
  alpha: { type: 'number', default: 0.25, min: 0, max: 1 },
  /** How much easy samples are played down. Default 2. */
  gamma: { type: 'number', default: 2, min: 0 },
  /** Whether predictions are logits rather than probabilities. Default false. */
  fromLogits: { type: 'boolean', default: false },
  /** Pulls targets towards ½. Default 0. */
  labelSmoothing: { type: 'number', default: 0, min: 0, max: 1 },
  /** The axis the mean is taken over. Default -1. */
  axis: { type: 'integer', default: -1, min: -32 },
} as const

/** Options of {@link BinaryFocalCrossentropy}. */
export interface BinaryFocalCrossentropyOptions extends OptionsOf<typeof binaryFocalFields>, LossOptions {}

const BinaryFocalCrossentropyBase: With<typeof Loss, typeof binaryFocalFields, BinaryFocalCrossentropyOptions> =
  Loss.with(binaryFocalFields)

/**
 * `mean (1 − pₜ)^gamma · crossentropy` with pₜ the probability of the true class (Lin et al., 2018).
 *
 * @see keras.losses.BinaryFocalCrossentropy
 *
 * @example
 * import { BinaryFocalCrossentropy } from 'ferrograd/losses'
 *
 * const loss = new BinaryFocalCrossentropy({ gamma: 3, applyClassBalancing: true })
 */
export class BinaryFocalCrossentropy extends BinaryFocalCrossentropyBase {
  static override readonly className = 'BinaryFocalCrossentropy'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    const { gamma, fromLogits, labelSmoothing, axis, applyClassBalancing, alpha } = this.options
    const y = smoothBinary(yTrue, labelSmoothing)
    const weight = modulated(wrongness(y, yPred, fromLogits), gamma)
    const focal = ops.multiply(weight, binaryTerms(y, yPred, fromLogits))
    const balanced = applyClassBalancing ? ops.multiply(focal, classWeight(y, alpha)) : focal
    return ops.mean(balanced, { axis })
  }

  override checkTargets(values: TypedArray, shape: Shape): void {
    checkEach(values, shape, this.title, 'numbers in [0, 1]', (y) => y >= 0 && y <= 1)
  }
}

/** `1 − pₜ = y(1 − p) + (1 − y)p`, of logits where these are known: no digit is lost near 0. */
function wrongness(y: Tensor, yPred: Tensor, fromLogits: boolean): Tensor {
  const logits = logitsOf(yPred, 'sigmoid', fromLogits)
  const p = logits === undefined ? yPred : ops.sigmoid(logits)
  const rest = logits === undefined ? ops.subtract(1, yPred) : ops.sigmoid(ops.negative(logits))
  return ops.add(ops.multiply(y, rest), ops.multiply(ops.subtract(1, y), p))
}

/** `xᵞ`; below the least normal number as there, since with γ < 1 the slope at 0 is infinite. */
function modulated(x: Tensor, gamma: number): Tensor {
  if (gamma === 0) return ops.onesLike(x)
  return ops.power(ops.maximum(x, x.dtype === 'float64' ? 1e-300 : 1e-37), gamma)
}

/** `y·alpha + (1 − y)(1 − alpha)`. */
function classWeight(y: Tensor, alpha: number): Tensor {
  return ops.add(ops.multiply(y, alpha), ops.multiply(ops.subtract(1, y), 1 - alpha))
}

const categoricalFocalFields = {
  /** Weight of every class: one for all, or one each. Default 0.25. */
  alpha: { type: 'numeric', default: 0.25 },
  /** How much easy samples are played down. Default 2. */
  gamma: { type: 'number', default: 2, min: 0 },
  /** Whether predictions are logits rather than probabilities. Default false. */
  fromLogits: { type: 'boolean', default: false },
  /** Spreads this much of each target over all classes. Default 0. */
  labelSmoothing: { type: 'number', default: 0, min: 0, max: 1 },
  /** The axis of the classes. Default -1. */
  axis: { type: 'integer', default: -1, min: -32 },
} as const

/** Options of {@link CategoricalFocalCrossentropy}. */
export interface CategoricalFocalCrossentropyOptions extends OptionsOf<typeof categoricalFocalFields>, LossOptions {}

const CategoricalFocalCrossentropyBase: With<
  typeof Loss,
  typeof categoricalFocalFields,
  CategoricalFocalCrossentropyOptions
> = Loss.with(categoricalFocalFields)

/**
 * `Σ −alpha · (1 − p)^gamma · y log p` for one-hot targets (Lin et al., 2018).
 *
 * @see keras.losses.CategoricalFocalCrossentropy
 *
 * @example
 * import { CategoricalFocalCrossentropy } from 'ferrograd/losses'
 *
 * const loss = new CategoricalFocalCrossentropy({ gamma: 3 })
 */
export class CategoricalFocalCrossentropy extends CategoricalFocalCrossentropyBase {
  static override readonly className = 'CategoricalFocalCrossentropy'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    const { alpha, gamma, fromLogits, labelSmoothing, axis } = this.options
    const y = smoothCategorical(toLast(yTrue, axis), labelSmoothing)
    const { logs, rest } = classLogs(toLast(yPred, axis), fromLogits)
    const balance = typeof alpha === 'number' ? alpha : tensor(alpha, [y.shape.at(-1)!], logs.dtype)
    const weight = ops.multiply(modulated(rest, gamma), balance)
    return ops.negative(ops.sum(ops.multiply(weight, ops.multiply(y, logs)), { axis: -1 }))
  }

  override checkTargets(values: TypedArray, shape: Shape): void {
    checkEach(values, shape, this.title, 'class probabilities in [0, 1]', (y) => y >= 0 && y <= 1)
  }
}

/** `log p` and `1 − p` of each class, of logits where these are known. */
function classLogs(yPred: Tensor, fromLogits: boolean): { readonly logs: Tensor; readonly rest: Tensor } {
  const logits = logitsOf(yPred, 'softmax', fromLogits)
  if (logits === undefined) {
    const p = renormalised(yPred)
    return { logs: ops.log(p), rest: ops.subtract(1, p) }
  }
  const logs = ops.logSoftmax(logits)
  return { logs, rest: ops.negative(ops.expm1(logs)) }
}
