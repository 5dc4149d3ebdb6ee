/** Learning-rate schedules. */

export { CosineDecay, CosineDecayRestarts, PiecewiseConstantDecay } from './cosine.js'
export { ExponentialDecay, InverseTimeDecay, PolynomialDecay } from './decay.js'
export { type LearningRate, Schedule } from './schedule.js'
