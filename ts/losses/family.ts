/** The closed set of losses and the names they go by. */

import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import { type ClassOf, type Family, isClass, resolveObject } from '../options/family.js'
import { orFunction } from '../options/functions.js'
import type { Spelling } from '../options/names.js'
import { canAlign } from './align.js'
import { BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy } from './crossentropy.js'
import { CTC } from './ctc.js'
import { BinaryFocalCrossentropy, CategoricalFocalCrossentropy } from './focal.js'
import { CategoricalHinge, Hinge, SquaredHinge } from './hinge.js'
import { Loss } from './loss.js'
import { Dice, Tversky } from './overlap.js'
import { CategoricalGeneralizedCrossEntropy, KLDivergence } from './probabilistic.js'
import {
  CosineSimilarity,
  Huber,
  LogCosh,
  MeanAbsoluteError,
  MeanAbsolutePercentageError,
  MeanSquaredError,
  MeanSquaredLogarithmicError,
  Poisson,
} from './regression.js'

/** The names of the losses. */
export type LossName =
  | 'meanSquaredError'
  | 'mse'
  | 'meanAbsoluteError'
  | 'mae'
  | 'meanAbsolutePercentageError'
  | 'mape'
  | 'meanSquaredLogarithmicError'
  | 'msle'
  | 'huber'
  | 'logCosh'
  | 'cosineSimilarity'
  | 'poisson'
  | 'hinge'
  | 'squaredHinge'
  | 'categoricalHinge'
  | 'binaryCrossentropy'
  | 'bce'
  | 'categoricalCrossentropy'
  | 'sparseCategoricalCrossentropy'
  | 'klDivergence'
  | 'kld'
  | 'binaryFocalCrossentropy'
  | 'categoricalFocalCrossentropy'
  | 'categoricalGeneralizedCrossEntropy'
  | 'dice'
  | 'tversky'
  | 'ctc'

/** A function of targets and predictions (…, n) → (…). */
export type LossFunction = (yTrue: Tensor, yPred: Tensor) => Tensor

/** A name in either spelling, an instance, or a function of ops. */
export type LossLike = Spelling<LossName> | Loss | LossFunction

type Alias = 'mse' | 'mae' | 'mape' | 'msle' | 'kld' | 'bce'

const classes = {
  meanSquaredError: MeanSquaredError,
  meanAbsoluteError: MeanAbsoluteError,
  meanAbsolutePercentageError: MeanAbsolutePercentageError,
  meanSquaredLogarithmicError: MeanSquaredLogarithmicError,
  huber: Huber,
  logCosh: LogCosh,
  cosineSimilarity: CosineSimilarity,
  poisson: Poisson,
  hinge: Hinge,
  squaredHinge: SquaredHinge,
  categoricalHinge: CategoricalHinge,
  binaryCrossentropy: BinaryCrossentropy,
  categoricalCrossentropy: CategoricalCrossentropy,
  sparseCategoricalCrossentropy: SparseCategoricalCrossentropy,
  klDivergence: KLDivergence,
  binaryFocalCrossentropy: BinaryFocalCrossentropy,
  categoricalFocalCrossentropy: CategoricalFocalCrossentropy,
  categoricalGeneralizedCrossEntropy: CategoricalGeneralizedCrossEntropy,
  dice: Dice,
  tversky: Tversky,
  ctc: CTC,
} satisfies Record<Exclude<LossName, Alias>, ClassOf<Loss>>

const aliases = {
  mse: 'meanSquaredError',
  mae: 'meanAbsoluteError',
  mape: 'meanAbsolutePercentageError',
  msle: 'meanSquaredLogarithmicError',
  kld: 'klDivergence',
  bce: 'binaryCrossentropy',
} satisfies Record<Alias, keyof typeof classes>

/** The closed set of losses. */
export const lossFamily: Family<Loss> = {
  noun: 'a loss: a name, an instance or a function',
  module: 'keras.losses',
  classes,
  aliases,
  is: (value): value is Loss => value instanceof Loss,
}

/** A plain function as a loss. */
class FunctionLoss extends Loss {
  readonly #function: LossFunction

  constructor(call: LossFunction) {
    super({ name: call.name || 'loss' })
    this.#function = call
  }

  protected override get origin(): string {
    return `the loss ${this.name}`
  }

  /** The function knows what shapes it takes: targets need not have that of the predictions. */
  override align(yTrue: Tensor, yPred: Tensor): Tensor {
    return canAlign(yTrue.shape, yPred.shape) ? super.align(yTrue, yPred) : ops.cast(yTrue, yPred.dtype)
  }

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return this.#function(yTrue, yPred)
  }
}

/** The loss of a name in any spelling, of a function or of a serialized object; an instance is itself. */
export function getLoss(loss: LossLike, where = 'loss'): Loss {
  const given = orFunction(loss, where)
  if (typeof given === 'function' && !isClass(given)) return new FunctionLoss(given as LossFunction)
  return resolveObject(given, where, lossFamily)
}
