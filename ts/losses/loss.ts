/** The base of losses: per-sample values, and how they become one number. */

import { returnedTensor } from '../core/check-returned.js'
import { maskOn } from '../core/mask.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { type Operand, toTensor } from '../ops/operand.js'
import * as ops from '../ops.js'
import { Configurable } from '../options/configurable.js'
import type { FieldTable, Named, OptionsOf, ValuesOf } from '../options/fields.js'
import { snakeClass } from '../options/names.js'
import type { Config, Shape, TypedArray } from '../types.js'
import { alignTargets, alignWeights } from './align.js'

const lossFields = {
  /**
   * How the per-sample values become one number: their (weighted) sum over their count, their sum, over the sum of
   * weights, or not at all. Default 'sumOverBatchSize'.
   */
  reduction: {
    type: 'choice',
    of: ['sumOverBatchSize', 'sum', 'mean', 'meanWithSampleWeight', 'none'],
    default: 'sumOverBatchSize',
  },
  /** Its name in logs. Default null. */
  name: { type: 'string', default: null },
  /** The element type of the arithmetic; that of the predictions unless given. */
  dtype: { type: 'dtype', default: null, config: false },
} as const

/** The fields every loss has. */
export type LossFields = typeof lossFields

/** Options that every loss has. */
export interface LossOptions extends OptionsOf<LossFields>, Named {}

/** How per-sample values become one number. */
export type Reduction = LossFields['reduction']['of'][number]

/** Weights and masks of the samples. */
export interface Weighting {
  /** How much each sample counts. */
  readonly sampleWeight?: Operand | undefined
  /** Which entries count; the mean is then over those alone. By default the mask that came with the predictions. */
  readonly mask?: Operand | undefined
}

/**
 * Base of losses; your own extend it and write `call`.
 *
 * @see keras.losses.Loss
 *
 * @example
 * import { Loss } from 'ferrograd/losses'
 * import { ops, type Tensor } from 'ferrograd'
 *
 * class Quartic extends Loss {
 *   override call(yTrue: Tensor, yPred: Tensor): Tensor {
 *     return ops.mean(ops.power(ops.subtract(yTrue, yPred), 4), { axis: -1 })
 *   }
 * }
 */
export abstract class Loss extends Configurable<ValuesOf<LossFields>> {
  static override readonly fields: FieldTable = lossFields
  /** Its name in logs. */
  readonly name: string

  /** Whether targets are labels, whole numbers that name a class: they stay integers on their way. */
  readonly takesLabels: boolean = false

  constructor(options?: LossOptions) {
    super(options)
    this.name = this.options.name ?? this.defaultName
  }

  /** What the loss is called unless it is given a name. */
  protected get defaultName(): string {
    return snakeClass(this.className)
  }

  /** What errors call the loss: the name it was given, else that of its class in camelCase, as options are written. */
  protected get title(): string {
    return this.options.name ?? this.className.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]/, (head) => head.toLowerCase())
  }

  /** How errors call what computes the values. */
  protected get origin(): string {
    return `${this.className}.call`
  }

  /** How the per-sample values become one number. */
  get reduction(): Reduction {
    return this.options.reduction
  }

  /** The loss of each sample: targets and predictions of one shape (…, n) → (…). */
  abstract call(yTrue: Tensor, yPred: Tensor): Tensor

  /** Targets as `call` wants them, checked against the shape of the predictions. */
  align(yTrue: Tensor, yPred: Tensor): Tensor {
    return alignTargets(yTrue, yPred, this.title)
  }

  /** The loss as one number (per sample with reduction `none`). */
  apply(targets: Operand, predictions: Operand, weighting: Weighting = {}): Tensor {
    const [yTrue, yPred] = [toTensor(targets), toTensor(predictions)]
    const { dtype } = this.options
    const predicted = dtype === null || dtype === yPred.dtype ? yPred : ops.cast(yPred, dtype)
    const target = this.align(yTrue, predicted)
    const mask = both(weighting.mask ?? maskOn(yPred), this.maskOf(target))
    const [values, left] = this.weighed(target, predicted, { sampleWeight: weighting.sampleWeight, mask })
    return reduce(values, this.reduction, left, this.title)
  }

  /** The values, and the weights that are still to be counted. */
  protected weighed(yTrue: Tensor, yPred: Tensor, weighting: Weighting): readonly [Tensor, Weighting] {
    return [returnedTensor(this.call(yTrue, yPred), this.origin), weighting]
  }

  /** Which targets count at all; all unless a loss says otherwise. */
  protected maskOf(_target: Tensor): Tensor | undefined {
    return undefined
  }

  /** Throws where a target is a number this loss cannot mean, naming the first such sample; `shape` and `predicted` begin with the batch. */
  checkTargets(values: TypedArray, shape: Shape, _predicted: Shape): void {
    checkEach(values, shape, this.title, 'finite targets', Number.isFinite)
  }

  override getConfig(): Config {
    return { ...super.getConfig(), name: this.name }
  }
}

function both(a: Operand | undefined, b: Tensor | undefined): Operand | undefined {
  return a && b ? ops.logicalAnd(ops.cast(a, 'bool'), b) : (a ?? b)
}

/** Throws at the first value that `test` refuses, naming its sample. */
export function checkEach(
  values: TypedArray,
  shape: Shape,
  where: string,
  expected: string,
  test: (value: number) => boolean,
): void {
  for (let i = 0; i < values.length; i++) {
    if (test(values[i]!)) continue
    const perSample = Math.max(1, values.length / Math.max(1, shape[0] ?? 1))
    fail('ERR_DATA', `${where} targets`, expected, { text: `${values[i]} (sample ${Math.floor(i / perSample)})` })
  }
}

/** Per-sample values, weighted and masked, as one number. */
export function reduce(values: Tensor, reduction: Reduction, { sampleWeight, mask }: Weighting, where: string): Tensor {
  const weights = combine(values, reduction, sampleWeight, mask, where)
  const weighted = weights === undefined ? values : ops.multiply(values, weights)
  switch (reduction) {
    case 'none':
      return weighted
    case 'sum':
      return ops.sum(weighted)
    case 'meanWithSampleWeight':
      return weights === undefined ? ops.mean(weighted) : divideNoNan(ops.sum(weighted), ops.sum(weights))
    case 'mean':
    case 'sumOverBatchSize':
      return ops.divide(ops.sum(weighted), Math.max(1, weighted.size))
  }
}

function combine(
  values: Tensor,
  reduction: Reduction,
  sampleWeight: Operand | undefined,
  mask: Operand | undefined,
  where: string,
): Tensor | undefined {
  const weights = sampleWeight === undefined ? undefined : alignWeights(sampleWeight, values, where)
  if (mask === undefined) return weights
  const valid = maskWeights(ops.cast(mask, values.dtype), reduction)
  const aligned = alignWeights(valid, values, where)
  return weights === undefined ? aligned : ops.multiply(weights, aligned)
}

/** Where a mean is taken, valid entries weigh total / valid, so that it is a mean over them alone. */
function maskWeights(mask: Tensor, reduction: Reduction): Tensor {
  if (reduction !== 'mean' && reduction !== 'sumOverBatchSize') return mask
  const total = ops.add(ops.zerosLike(ops.sum(mask)), mask.size)
  return ops.multiply(mask, divideNoNan(total, ops.sum(mask)))
}

/** `a / b`, 0 where b is 0. */
export function divideNoNan(a: Tensor, b: Tensor): Tensor {
  const empty = ops.equal(b, 0)
  // The unused quotient stays finite, so that its gradient does too.
  return ops.where(empty, ops.zerosLike(a), ops.divide(a, ops.where(empty, ops.onesLike(b), b)))
}
