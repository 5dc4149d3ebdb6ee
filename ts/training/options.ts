/** The options of fit, evaluate and predict: their types, defaults and checks. */

import { fail } from '../errors.js'
import type { Named, OptionsOf, SettledOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { asksForCounts } from './class-weight.js'
import type { Verbose } from './data-types.js'
import { methodKinds } from './kinds.js'

const weightFields = {
  /** How much each sample counts. Default null. */
  sampleWeight: { type: 'perOutput', default: null },
} as const

const classFields = {
  /**
   * How much each class counts, beside the samples' own weights: by class, or `'balanced'`, for arrays, in which all
   * classes then weigh as much. Default null.
   */
  classWeight: { type: 'classWeight', default: null },
} as const

const runFields = {
  /** Samples a step. Default 32. */
  batchSize: { type: 'integer', default: 32, min: 1 },
  /**
   * What is printed: nothing, a live line, or a line an epoch. `'auto'` is live in `fit` and silent elsewhere. Default
   * 'auto'.
   */
  verbose: { type: 'verbose', default: 'auto' },
  /** What is told of the run: callbacks, or objects with some of their hooks. Default []. */
  callbacks: { type: 'callbacks', default: [] },
  /** Aborting rejects with ERR_ABORTED; the weights stay as they were after the last whole step. Default null. */
  signal: { type: 'signal', default: null },
} as const

const trainingFields = {
  /** Passes over the data, counted from 0. Default 1. */
  epochs: { type: 'integer', default: 1, min: 0 },
  /** The share of samples, from the end, that are not trained on but validated with, in [0, 1). Default 0. */
  validationSplit: { type: 'number', default: 0, min: 0, below: 1 },
  /** Data to validate with: `[x, y]`, `[x, y, sampleWeight]`, `{ x, y, sampleWeight }`, or a stream. Default null. */
  validationData: { type: 'validationData', default: null },
  /** Validate after every so many epochs (or after the epochs listed, from 1). Default 1. */
  validationFreq: { type: 'frequency', default: 1 },
  /** Samples a validation step; `batchSize` unless given. */
  validationBatchSize: { type: 'integer', default: null, min: 1 },
  /** Validation steps; all of the data unless given. */
  validationSteps: { type: 'integer', default: null, min: 1 },
  /** A new order each epoch, a pure function of the seed and the epoch. Default true. */
  shuffle: { type: 'boolean', default: true },
  /** Decides the orders; by default the next of the configured stream of seeds. */
  seed: { type: 'seed', default: null },
  /** The epoch to begin with: of a training that goes on. Default 0. */
  initialEpoch: { type: 'integer', default: 0, min: 0 },
  /** Steps an epoch; all of the data unless given. */
  stepsPerEpoch: { type: 'integer', default: null, min: 1 },
  /**
   * What a loss that is NaN or infinite does: `error` stops before the weights change and throws; `continue` goes on.
   * Default 'error'.
   */
  nonFinite: { type: 'choice', of: ['error', 'continue'], default: 'error' },
  /**
   * Writes all that changes to a directory now and then, so that a training that was killed goes on bit for bit.
   * Default null.
   */
  checkpoint: { type: 'checkpoint', default: null },
  /**
   * What a training goes on from: the newest whole one of the directory of `checkpoint` (`'auto'`), one by its path, or
   * none. Default 'auto'.
   */
  resume: { type: 'resume', default: 'auto' },
  /** Measures each kernel of the steps: `history.profile` says where the time goes. For arrays. Default false. */
  profile: { type: 'boolean', default: false },
} as const

const stepsFields = {
  /** Steps; all of the data unless given. */
  steps: { type: 'integer', default: null, min: 1 },
} as const

const fitFields: typeof runFields & typeof trainingFields & typeof weightFields & typeof classFields = {
  ...runFields,
  ...trainingFields,
  ...weightFields,
  ...classFields,
}
const predictFields: typeof runFields & typeof stepsFields = { ...runFields, ...stepsFields }
const evaluateFields: typeof predictFields & typeof weightFields = { ...predictFields, ...weightFields }
const batchFields: typeof weightFields & typeof classFields = { ...weightFields, ...classFields }

/** Options of `fit`. */
export interface FitOptions extends OptionsOf<typeof fitFields>, Named {}

/** Options of `evaluate`. */
export interface EvaluateOptions extends OptionsOf<typeof evaluateFields>, Named {}

/** Options of `predict`. */
export interface PredictOptions extends OptionsOf<typeof predictFields>, Named {}

/** Options of `trainOnBatch` and `testOnBatch`. */
export interface BatchOptions extends OptionsOf<typeof batchFields>, Named {}

/** Options of `fit` with their defaults filled in and checked. */
export interface FitPlan extends Omit<SettledOf<typeof fitFields>, 'verbose' | 'validationBatchSize'> {
  readonly verbose: 0 | 1 | 2
  readonly validationBatchSize: number
}

const readFit = optionsReader('fit', fitFields, () => methodKinds)

/** Checks what does not depend on the data. */
export function planFit(options: FitOptions): FitPlan {
  const plan = readFit(options)
  const { epochs, initialEpoch, batchSize, validationBatchSize = batchSize } = plan
  if (initialEpoch > epochs)
    fail('ERR_CONFIG', 'fit.initialEpoch', `an integer in [0, ${epochs}] (epochs)`, initialEpoch)
  return { ...plan, validationBatchSize, verbose: spoken(plan.verbose, 1) }
}

/** What evaluate and predict share, checked. */
export interface PassPlan extends Omit<SettledOf<typeof evaluateFields>, 'verbose'> {
  readonly verbose: 0 | 1 | 2
}

/** Evaluate and predict are both silent unless told. */
const readPass = {
  evaluate: optionsReader('evaluate', silent(evaluateFields), () => methodKinds),
  predict: optionsReader('predict', silent(predictFields as typeof evaluateFields), () => methodKinds),
}

function silent<F extends typeof runFields>(fields: F): F {
  return { ...fields, verbose: { ...fields.verbose, default: 0 } }
}

/** Checks the options of evaluate or predict. */
export function planPass(where: 'evaluate' | 'predict', options: EvaluateOptions): PassPlan {
  const plan = readPass[where](options)
  const { verbose } = plan
  return verbose === 'auto' ? { ...plan, verbose: 0 } : (plan as PassPlan)
}

const readBatch = optionsReader('trainOnBatch', batchFields, () => methodKinds)

/** Checks the options of one step. */
export function planBatch(where: string, options: BatchOptions): SettledOf<typeof batchFields> {
  const plan = readBatch(options, where)
  if (asksForCounts(plan.classWeight))
    fail('ERR_CONFIG', `${where}.classWeight`, 'weights by class for a lone batch', 'balanced')
  return plan
}

function spoken(verbose: Verbose, auto: 0 | 1): 0 | 1 | 2 {
  return verbose === 'auto' ? auto : verbose
}
