/** Learning-rate schedules. */

export {
  CosineDecay,
  type CosineDecayOptions,
  CosineDecayRestarts,
  type CosineDecayRestartsOptions,
  PiecewiseConstantDecay,
  type PiecewiseConstantDecayOptions,
} from './cosine.js'
export {
  ExponentialDecay,
  type ExponentialDecayOptions,
  InverseTimeDecay,
  type InverseTimeDecayOptions,
  PolynomialDecay,
  type PolynomialDecayOptions,
} from './decay.js'
export { type LearningRate, Schedule } from './schedule.js'
