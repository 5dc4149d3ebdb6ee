/**
 * Cross-entropies. Predictions that come out of a softmax or sigmoid, moved or not, are taken back to their logits, and
 * loss and activation become one stable op: with logits [−30, 0, 30] and class 0 the loss is 60, with a live gradient.
 */

import { epsilon } from '../config.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Shape, TypedArray } from '../types.js'
import { alignLabels, alignTargets, canAlignLabels } from './align.js'
import { logitsOf } from './logits.js'
import { checkEach, Loss, type LossOptions } from './loss.js'

/** Probabilities away from 0 and 1. */
export const clipped = (p: Tensor): Tensor => ops.clip(p, epsilon(), 1 - epsilon())

/** Probabilities that sum to 1 over the last axis, away from 0 and 1; where their sum is 0 they stay as they are. */
export function renormalised(p: Tensor): Tensor {
  const sum = ops.sum(p, { axis: -1, keepdims: true })
  const least = p.dtype === 'float64' ? 2 ** -1022 : 2 ** -126
  return clipped(ops.divide(p, ops.where(ops.less(ops.abs(sum), least), 1, sum)))
}

/** The tensor with an axis moved to the end. */
export function toLast(x: Tensor, axis: number): Tensor {
  const at = axis < 0 ? axis + x.rank : axis
  if (at === x.rank - 1) return x
  return ops.transpose(x, [...x.shape.keys()].filter((i) => i !== at).concat(at))
}

/** How predictions of classes are read. */
export interface CrossentropyOptions {
  readonly fromLogits?: boolean
  readonly labelSmoothing?: number
  readonly axis?: number
}

/** `−[y log p + (1 − y) log(1 − p)]`, elementwise. */
export function binaryTerms(yTrue: Tensor, yPred: Tensor, fromLogits: boolean): Tensor {
  const logits = logitsOf(yPred, 'sigmoid', fromLogits)
  return logits === undefined ? binaryProbabilityTerms(yTrue, yPred) : ops.sigmoidCrossEntropy(logits, yTrue)
}

function binaryProbabilityTerms(yTrue: Tensor, yPred: Tensor): Tensor {
  const p = clipped(yPred)
  const positive = ops.multiply(yTrue, ops.log(p))
  const negative = ops.multiply(ops.subtract(1, yTrue), ops.log(ops.subtract(1, p)))
  return ops.negative(ops.add(positive, negative))
}

/** `y(1 − s) + s/2`. */
export function smoothBinary(yTrue: Tensor, smoothing: number): Tensor {
  return smoothing === 0 ? yTrue : ops.add(ops.multiply(yTrue, 1 - smoothing), smoothing / 2)
}

/** `y(1 − s) + s/C` for C classes. */
export function smoothCategorical(yTrue: Tensor, smoothing: number): Tensor {
  return smoothing === 0 ? yTrue : ops.add(ops.multiply(yTrue, 1 - smoothing), smoothing / yTrue.shape.at(-1)!)
}

/** `mean −[y log p + (1 − y) log(1 − p)]` over an axis. */
export function binaryCrossentropy(
  yTrue: Tensor,
  yPred: Tensor,
  { fromLogits = false, labelSmoothing = 0, axis = -1 }: CrossentropyOptions = {},
): Tensor {
  return ops.mean(binaryTerms(smoothBinary(yTrue, labelSmoothing), yPred, fromLogits), { axis })
}

/** `−Σ y log p` over the class axis. */
export function categoricalCrossentropy(
  yTrue: Tensor,
  yPred: Tensor,
  { fromLogits = false, labelSmoothing = 0, axis = -1 }: CrossentropyOptions = {},
): Tensor {
  const target = smoothCategorical(toLast(yTrue, axis), labelSmoothing)
  const logits = logitsOf(toLast(yPred, axis), 'softmax', fromLogits)
  if (logits !== undefined) return ops.softmaxCrossEntropy(logits, target)
  const p = renormalised(toLast(yPred, axis))
  return ops.negative(ops.sum(ops.multiply(target, ops.log(p)), { axis: -1 }))
}

/** `−(1 − s) log p[label] − s/C Σ log p` for C classes; labels int32 in [0, C). */
export function sparseCategoricalCrossentropy(
  labels: Tensor,
  yPred: Tensor,
  { fromLogits = false, labelSmoothing = 0 }: CrossentropyOptions = {},
): Tensor {
  const logits = logitsOf(yPred, 'softmax', fromLogits)
  if (logits !== undefined) {
    const losses = fusedSparse(labels, logits)
    // log p is the logit less the same number for all classes: the difference that smoothing makes is one of logits.
    return labelSmoothing === 0 ? losses : ops.add(losses, aboveMean(labels, logits, labelSmoothing))
  }
  const p = renormalised(yPred)
  const picked = ops.log(ops.squeeze(ops.takeAlongAxis(p, ops.expandDims(labels, -1), { axis: -1 }), -1))
  if (labelSmoothing === 0) return ops.negative(picked)
  const mean = ops.mean(ops.log(p), { axis: -1 })
  return ops.negative(ops.add(ops.multiply(picked, 1 - labelSmoothing), ops.multiply(mean, labelSmoothing)))
}

/** `s · (x[label] − mean x)` in one pass that keeps nothing of the size of `x`, and so is its gradient. */
function aboveMean(labels: Tensor, x: Tensor, smoothing: number): Tensor {
  const classes = x.shape.at(-1)!
  const isLabel = ops.equal(ops.expandDims(labels, -1), ops.arange(classes))
  const rest = -smoothing / classes
  return ops.sum(ops.multiply(x, ops.where(isLabel, ops.full([], smoothing + rest, x.dtype), rest)), { axis: -1 })
}

/** The fused op takes rows. */
function fusedSparse(labels: Tensor, logits: Tensor): Tensor {
  const rows = ops.reshape(logits, [labels.size, logits.shape.at(-1)!])
  return ops.reshape(ops.sparseSoftmaxCrossEntropy(rows, ops.reshape(labels, [labels.size])), labels.shape)
}

const binaryFields = {
  /** Whether predictions are logits rather than probabilities. Default false. */
  fromLogits: { type: 'boolean', default: false },
  /** Pulls targets towards ½. Default 0. */
  labelSmoothing: { type: 'number', default: 0, min: 0, max: 1 },
  /** The axis the mean is taken over. Default -1. */
  axis: { type: 'integer', default: -1, min: -32 },
} as const

/** Options of {@link BinaryCrossentropy}. */
export interface BinaryCrossentropyOptions extends OptionsOf<typeof binaryFields>, LossOptions {}

const BinaryCrossentropyBase: With<typeof Loss, typeof binaryFields, BinaryCrossentropyOptions> =
  Loss.with(binaryFields)

/**
 * `mean −[y log p + (1 − y) log(1 − p)]`, `p` in [ε, 1 − ε].
 *
 * @see keras.losses.BinaryCrossentropy
 *
 * @example
 * import { BinaryCrossentropy } from 'ferrograd/losses'
 * import { tensor } from 'ferrograd'
 *
 * const loss = new BinaryCrossentropy({ fromLogits: true }).apply(tensor([[0], [1]]), tensor([[-2], [3]]))
 */
export class BinaryCrossentropy extends BinaryCrossentropyBase {
  static override readonly className = 'BinaryCrossentropy'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return binaryCrossentropy(yTrue, yPred, this.options)
  }

  override checkTargets(values: TypedArray, shape: Shape): void {
    checkEach(values, shape, this.title, 'numbers in [0, 1]', (y) => y >= 0 && y <= 1)
  }
}

const categoricalFields = {
  /** Whether predictions are logits rather than probabilities. Default false. */
  fromLogits: { type: 'boolean', default: false },
  /** Spreads this much of each target over all classes. Default 0. */
  labelSmoothing: { type: 'number', default: 0, min: 0, max: 1 },
  /** The axis of the classes. Default -1. */
  axis: { type: 'integer', default: -1, min: -32 },
} as const

/** Options of {@link CategoricalCrossentropy}. */
export interface CategoricalCrossentropyOptions extends OptionsOf<typeof categoricalFields>, LossOptions {}

const CategoricalCrossentropyBase: With<typeof Loss, typeof categoricalFields, CategoricalCrossentropyOptions> =
  Loss.with(categoricalFields)

/**
 * `−Σ y log p` for one-hot targets (…, classes).
 *
 * @see keras.losses.CategoricalCrossentropy
 *
 * @example
 * import { CategoricalCrossentropy } from 'ferrograd/losses'
 * import { tensor } from 'ferrograd'
 *
 * const loss = new CategoricalCrossentropy({ labelSmoothing: 0.1 }).apply(tensor([[0, 1]]), tensor([[0.2, 0.8]]))
 */
export class CategoricalCrossentropy extends CategoricalCrossentropyBase {
  static override readonly className = 'CategoricalCrossentropy'

  override align(yTrue: Tensor, yPred: Tensor): Tensor {
    const labels = canAlignLabels(yTrue.shape, yPred.shape)
    const hint = labels ? 'For integer labels use sparseCategoricalCrossentropy' : undefined
    return alignTargets(yTrue, yPred, this.title, hint)
  }

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return categoricalCrossentropy(yTrue, yPred, this.options)
  }

  override checkTargets(values: TypedArray, shape: Shape): void {
    checkEach(values, shape, this.title, 'class probabilities in [0, 1]', (y) => y >= 0 && y <= 1)
    if (this.options.axis === -1) checkSums(values, shape.at(-1) ?? 1, this.title)
  }
}

/** Throws where the targets of a sample are no distribution over the classes. */
function checkSums(values: TypedArray, classes: number, where: string): void {
  for (let row = 0; row * classes < values.length; row++) {
    let sum = 0
    for (let i = 0; i < classes; i++) sum += values[row * classes + i]!
    if (Math.abs(sum - 1) < 1e-3) continue
    const hint = 'For several labels a sample use binaryCrossentropy; to weigh samples use sampleWeight'
    fail('ERR_DATA', `${where} targets`, 'class probabilities that sum to 1', { text: `${sum} (sample ${row})` }, hint)
  }
}

const sparseFields = {
  /** Whether predictions are logits rather than probabilities. Default false. */
  fromLogits: { type: 'boolean', default: false },
  /** Spreads this much of each target over all classes, as CategoricalCrossentropy does. Default 0. */
  labelSmoothing: { type: 'number', default: 0, min: 0, max: 1, quiet: true },
  /** A label whose samples count 0. Default null. */
  ignoreClass: { type: 'integer', default: null, min: -2_147_483_648 },
  /** The axis of the classes: the last. Default -1. */
  axis: { type: 'integer', default: -1, min: -1, max: -1, quiet: true },
} as const

/** Options of {@link SparseCategoricalCrossentropy}. */
export interface SparseCategoricalCrossentropyOptions extends OptionsOf<typeof sparseFields>, LossOptions {}

const SparseCategoricalCrossentropyBase: With<typeof Loss, typeof sparseFields, SparseCategoricalCrossentropyOptions> =
  Loss.with(sparseFields)

/**
 * `−log p[label]` for integer labels (…) and predictions (…, classes); with `labelSmoothing` `s`, `−(1 − s) log p[label] −
 * s · mean log p`, for which no targets of the size of the predictions are made.
 *
 * @see keras.losses.SparseCategoricalCrossentropy
 *
 * @example
 * import { SparseCategoricalCrossentropy } from 'ferrograd/losses'
 * import { tensor } from 'ferrograd'
 *
 * const loss = new SparseCategoricalCrossentropy().apply(tensor([1, 0]), tensor([[0.2, 0.8], [0.5, 0.5]]))
 */
export class SparseCategoricalCrossentropy extends SparseCategoricalCrossentropyBase {
  static override readonly className = 'SparseCategoricalCrossentropy'
  override readonly takesLabels: boolean = true

  override align(yTrue: Tensor, yPred: Tensor): Tensor {
    return alignLabels(yTrue, yPred, this.title)
  }

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    const { fromLogits, ignoreClass, labelSmoothing } = this.options
    if (ignoreClass === null) return sparseCategoricalCrossentropy(yTrue, yPred, { fromLogits, labelSmoothing })
    const counts = ops.notEqual(yTrue, ignoreClass)
    const losses = sparseCategoricalCrossentropy(ops.where(counts, yTrue, 0), yPred, { fromLogits, labelSmoothing })
    return ops.where(counts, losses, 0)
  }

  protected override maskOf(target: Tensor): Tensor | undefined {
    const { ignoreClass } = this.options
    return ignoreClass === null ? undefined : ops.notEqual(target, ignoreClass)
  }

  override checkTargets(values: TypedArray, shape: Shape, predicted: Shape): void {
    const classes = predicted.at(-1) ?? 0
    const { ignoreClass } = this.options
    const valid = (y: number): boolean => (Number.isInteger(y) && y >= 0 && y < classes) || y === ignoreClass
    checkEach(values, shape, this.title, `integer labels in [0, ${classes})`, valid)
  }
}
