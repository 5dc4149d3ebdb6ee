/** The options that every optimizer has. */

import type { Named, OptionsOf } from '../options/fields.js'

export const optimizerFields = {
  /** Its name in Keras's files. Default null. */
  name: { type: 'string', default: null },
  /** How far a step goes: a number, a schedule, or a function of the step. Default 0.001. */
  learningRate: { type: 'learningRate', default: 0.001 },
  /** Shrinks weights by `w · weightDecay · learningRate` before each update. Default null. */
  weightDecay: { type: 'number', default: null, min: 0 },
  /** The longest norm of the gradient of one variable. Default null. */
  clipnorm: { type: 'number', default: null, above: 0 },
  /** The longest norm of all gradients together. Default null. */
  globalClipnorm: { type: 'number', default: null, above: 0 },
  /** The largest size of a gradient's element. Default null. */
  clipvalue: { type: 'number', default: null, above: 0 },
  /** Whether an exponential moving average of each weight is kept. Default false. */
  useEma: { type: 'boolean', default: false },
  /** How much of the average stays at each step. Default 0.99. */
  emaMomentum: { type: 'number', default: 0.99, min: 0, max: 1 },
  /** Every so many steps the weights are set to their averages. Default null. */
  emaOverwriteFrequency: { type: 'integer', default: null, min: 1 },
  /** Gradients are divided by it (the loss was multiplied). Default null. */
  lossScaleFactor: { type: 'number', default: null, above: 0 },
  /** Updates happen every so many steps, on the mean gradient. Default null. */
  gradientAccumulationSteps: { type: 'integer', default: null, min: 2 },
} as const

/** The fields every optimizer has. */
export type OptimizerFields = typeof optimizerFields

/** Options that every optimizer has. */
export interface OptimizerOptions extends OptionsOf<OptimizerFields>, Named {}
