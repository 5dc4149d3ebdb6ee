/** Losses. */

export {
  BinaryCrossentropy,
  binaryCrossentropy,
  CategoricalCrossentropy,
  categoricalCrossentropy,
  SparseCategoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from './crossentropy.js'
export { getLoss, type LossFunction, type LossLike, type LossName } from './family.js'
export { BinaryFocalCrossentropy, CategoricalFocalCrossentropy } from './focal.js'
export { CategoricalHinge, categoricalHinge, Hinge, hinge, SquaredHinge, squaredHinge } from './hinge.js'
export { Loss, type Reduction, type Weighting } from './loss.js'
export { Dice, Tversky } from './overlap.js'
export { CategoricalGeneralizedCrossEntropy, KLDivergence, klDivergence } from './probabilistic.js'
export {
  CosineSimilarity,
  Huber,
  huber,
  LogCosh,
  logCosh,
  MeanAbsoluteError,
  MeanAbsolutePercentageError,
  MeanSquaredError,
  MeanSquaredLogarithmicError,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  Poisson,
  poisson,
} from './regression.js'
