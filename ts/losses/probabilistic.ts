/** Divergences, focal losses and overlaps. */

import { epsilon } from '../config.js'
import { type Tensor, tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import type { Shape, TypedArray } from '../types.js'
import { alignLabels, alignTargets } from './align.js'
import { checkEach, Loss } from './loss.js'

const clipped = (p: Tensor): Tensor => ops.clip(p, epsilon(), 1 - epsilon())

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

const binaryFocalFields = {
  /** Whether classes are weighted by `alpha`. */
  applyClassBalancing: { type: 'boolean', default: false },
  /** Weight of class 1; class 0 has 1 − alpha. */
  alpha: { type: 'number', default: 0.25, min: 0, max: 1 },
  /** How much easy samples are played down. */
  gamma: { type: 'number', default: 2, min: 0 },
  /** Whether predictions are logits rather than probabilities. */
  fromLogits: { type: 'boolean', default: false },
  /** Pulls targets towards ½. */
  labelSmoothing: { type: 'number', default: 0, min: 0, max: 1 },
  /** The axis the mean is taken over. */
  axis: { type: 'integer', default: -1, min: -32 },
} as const

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
export class BinaryFocalCrossentropy extends Loss<typeof binaryFocalFields> {
  static override readonly className = 'BinaryFocalCrossentropy'
  static override readonly fields: typeof binaryFocalFields = binaryFocalFields

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    const { gamma, fromLogits, labelSmoothing, axis, applyClassBalancing, alpha } = this.options
    const y = labelSmoothing === 0 ? yTrue : ops.add(ops.multiply(yTrue, 1 - labelSmoothing), labelSmoothing / 2)
    const p = fromLogits ? ops.sigmoid(yPred) : yPred
    const focal = ops.multiply(ops.power(ops.subtract(1, mix(y, p)), gamma), binaryTerms(y, p))
    const balanced = applyClassBalancing ? ops.multiply(focal, classWeight(y, alpha)) : focal
    return ops.mean(balanced, { axis })
  }

  override checkTargets(values: TypedArray, shape: Shape): void {
    checkEach(values, shape, this.name, 'numbers in [0, 1]', (y) => y >= 0 && y <= 1)
  }
}

/** `y·p + (1 − y)(1 − p)`. */
function mix(y: Tensor, p: Tensor): Tensor {
  return ops.add(ops.multiply(y, p), ops.multiply(ops.subtract(1, y), ops.subtract(1, p)))
}

/** `y·alpha + (1 − y)(1 − alpha)`. */
function classWeight(y: Tensor, alpha: number): Tensor {
  return ops.add(ops.multiply(y, alpha), ops.multiply(ops.subtract(1, y), 1 - alpha))
}

function binaryTerms(y: Tensor, yPred: Tensor): Tensor {
  const p = clipped(yPred)
  return ops.negative(
    ops.add(ops.multiply(y, ops.log(p)), ops.multiply(ops.subtract(1, y), ops.log(ops.subtract(1, p)))),
  )
}

const categoricalFocalFields = {
  /** Weight of every class: one for all, or one each. */
  alpha: { type: 'numeric', default: 0.25 },
  /** How much easy samples are played down. */
  gamma: { type: 'number', default: 2, min: 0 },
  /** Whether predictions are logits rather than probabilities. */
  fromLogits: { type: 'boolean', default: false },
  /** Spreads this much of each target over all classes. */
  labelSmoothing: { type: 'number', default: 0, min: 0, max: 1 },
  /** The axis of the classes. */
  axis: { type: 'integer', default: -1, min: -32 },
} as const

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
export class CategoricalFocalCrossentropy extends Loss<typeof categoricalFocalFields> {
  static override readonly className = 'CategoricalFocalCrossentropy'
  static override readonly fields: typeof categoricalFocalFields = categoricalFocalFields

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    const { alpha, gamma, fromLogits, labelSmoothing, axis } = this.options
    const classes = yTrue.shape.at(-1)!
    const y = labelSmoothing === 0 ? yTrue : ops.add(ops.multiply(yTrue, 1 - labelSmoothing), labelSmoothing / classes)
    const q = fromLogits ? ops.softmax(yPred, { axis }) : yPred
    const p = clipped(ops.divide(q, ops.sum(q, { axis, keepdims: true })))
    const weight = ops.multiply(
      ops.power(ops.subtract(1, p), gamma),
      typeof alpha === 'number' ? alpha : tensor(alpha, [classes], p.dtype),
    )
    return ops.negative(ops.sum(ops.multiply(weight, ops.multiply(y, ops.log(p))), { axis }))
  }

  override checkTargets(values: TypedArray, shape: Shape): void {
    checkEach(values, shape, this.name, 'class probabilities in [0, 1]', (y) => y >= 0 && y <= 1)
  }
}

const generalizedFields = {
  /** Between cross-entropy (towards 0) and absolute error (1). */
  q: { type: 'number', default: 0.5, above: 0, below: 1 },
} as const

/**
 * `(1 − p[label]^q) / q` for integer labels; bears wrong labels (Zhang & Sabuncu, 2018).
 *
 * @see keras.losses.CategoricalGeneralizedCrossEntropy
 *
 * @example
 * import { CategoricalGeneralizedCrossEntropy } from 'ferrograd/losses'
 *
 * const loss = new CategoricalGeneralizedCrossEntropy({ q: 0.7 })
 */
export class CategoricalGeneralizedCrossEntropy extends Loss<typeof generalizedFields> {
  static override readonly className = 'CategoricalGeneralizedCrossEntropy'
  static override readonly fields: typeof generalizedFields = generalizedFields

  override align(yTrue: Tensor, yPred: Tensor): Tensor {
    return alignLabels(yTrue, yPred, this.name)
  }

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    const { q } = this.options
    const hot = ops.oneHot(yTrue, yPred.shape.at(-1)!, yPred.dtype)
    const p = ops.sum(ops.multiply(yPred, hot), { axis: -1 })
    return ops.divide(ops.subtract(1, ops.power(p, q)), q)
  }

  override checkTargets(values: TypedArray, shape: Shape, predicted: Shape): void {
    const classes = predicted.at(-1) ?? 0
    checkEach(
      values,
      shape,
      this.name,
      `integer labels in [0, ${classes})`,
      (y) => Number.isInteger(y) && y >= 0 && y < classes,
    )
  }
}

/** Sums over the given axes; over all where none are given. */
function total(x: Tensor, axis: number | readonly number[] | null): Tensor {
  return axis === null ? ops.sum(x) : ops.sum(x, { axis })
}

const diceFields = {
  /** The axes the overlap is counted over; all unless given. */
  axis: { type: 'axis', default: null },
} as const

/**
 * `1 − 2 Σ y·p / (Σ y + Σ p + ε)`.
 *
 * @see keras.losses.Dice
 *
 * @example
 * import { Dice } from 'ferrograd/losses'
 *
 * const loss = new Dice({ axis: [1] })
 */
export class Dice extends Loss<typeof diceFields> {
  static override readonly className = 'Dice'
  static override readonly fields: typeof diceFields = diceFields

  override align(yTrue: Tensor, yPred: Tensor): Tensor {
    return alignTargets(yTrue, yPred, this.name)
  }

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    const { axis } = this.options
    const both = ops.multiply(total(ops.multiply(yTrue, yPred), axis), 2)
    const sizes = ops.add(ops.add(total(yTrue, axis), total(yPred, axis)), epsilon())
    return ops.subtract(1, ops.divide(both, sizes))
  }
}

const tverskyFields = {
  /** Weight of targets that are missed. */
  alpha: { type: 'number', default: 0.5, min: 0 },
  /** Weight of predictions that are wrong. */
  beta: { type: 'number', default: 0.5, min: 0 },
  /** The axes the overlap is counted over; all unless given. */
  axis: { type: 'axis', default: null },
} as const

/**
 * `1 − Σyp / (Σyp + alpha · Σy(1−p) + beta · Σp(1−y) + ε)` (Salehi et al., 2017).
 *
 * @see keras.losses.Tversky
 *
 * @example
 * import { Tversky } from 'ferrograd/losses'
 *
 * const loss = new Tversky({ alpha: 0.3, beta: 0.7 })
 */
export class Tversky extends Loss<typeof tverskyFields> {
  static override readonly className = 'Tversky'
  static override readonly fields: typeof tverskyFields = tverskyFields

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    const { alpha, beta, axis } = this.options
    const both = total(ops.multiply(yTrue, yPred), axis)
    const missed = ops.multiply(total(ops.multiply(ops.subtract(1, yPred), yTrue), axis), alpha)
    const wrong = ops.multiply(total(ops.multiply(ops.subtract(1, yTrue), yPred), axis), beta)
    return ops.subtract(1, ops.divide(both, ops.add(ops.add(ops.add(both, missed), wrong), epsilon())))
  }
}
