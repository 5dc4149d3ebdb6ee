/** Losses. */

export {
  BinaryCrossentropy,
  type BinaryCrossentropyOptions,
  binaryCrossentropy,
  CategoricalCrossentropy,
  type CategoricalCrossentropyOptions,
  type CrossentropyOptions,
  categoricalCrossentropy,
  SparseCategoricalCrossentropy,
  type SparseCategoricalCrossentropyOptions,
  sparseCategoricalCrossentropy,
} from './crossentropy.js'
export { CTC } from './ctc.js'
export { getLoss, type LossFunction, type LossLike, type LossName } from './family.js'
export {
  BinaryFocalCrossentropy,
  type BinaryFocalCrossentropyOptions,
  CategoricalFocalCrossentropy,
  type CategoricalFocalCrossentropyOptions,
} from './focal.js'
export { CategoricalHinge, categoricalHinge, Hinge, hinge, SquaredHinge, squaredHinge } from './hinge.js'
export { Loss, type LossOptions, type Reduction, type Weighting } from './loss.js'
export { Dice, type DiceOptions, Tversky, type TverskyOptions } from './overlap.js'
export {
  CategoricalGeneralizedCrossEntropy,
  type CategoricalGeneralizedCrossEntropyOptions,
  KLDivergence,
  klDivergence,
} from './probabilistic.js'
export {
  CosineSimilarity,
  type CosineSimilarityOptions,
  Huber,
  type HuberOptions,
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
