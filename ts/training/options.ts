/** The options of fit, evaluate and predict: their types, defaults and checks. */
import type { CallbackLike } from '../callbacks/callback.js'
import { checkCallbacks } from '../callbacks/list.js'
import type { SourceLike } from '../data/dataset.js'
import type { DataLike } from '../data/marshal.js'
import { checkSeed } from '../data/permutation.js'
import { checkNames, fail, hintFor } from '../errors.js'
import { type CheckpointOptions, type CheckpointPlan, checkResume, planCheckpoint, type Resume } from './checkpoint.js'

/** One argument for each input, output or so: alone, in a list, or by name. */
export type Each<T> = T | readonly T[] | Readonly<Record<string, T>>

/** One batch of a stream: `[x]`, `[x, y]`, `[x, y, sampleWeight]`, or an object. */
export type BatchLike =
  | readonly [x: Each<DataLike>, y?: Each<DataLike>, sampleWeight?: Each<DataLike>]
  | { readonly x: Each<DataLike>; readonly y?: Each<DataLike>; readonly sampleWeight?: Each<DataLike> }

/** Batches one after the other: a Dataset, an iterable, or a function that opens one. */
export type BatchSource = SourceLike<BatchLike>

/** Samples: arrays for the inputs, or a stream of batches. */
export type ModelData = Each<DataLike> | BatchSource

/** Targets: arrays for the outputs. */
export type Targets = Each<DataLike>

/** How much each class counts: `{ 0: 1, 1: 5 }`; by output name where there are several. */
export type ClassWeight = Readonly<Record<string, number>> | Readonly<Record<string, Readonly<Record<string, number>>>>

/** Silent, live, or a line an epoch; `auto` is live. */
export type Verbose = 0 | 1 | 2 | 'auto'

export interface FitOptions {
  /** Passes over the data, counted from 0. Default 1. */
  readonly epochs?: number
  /** Samples a step. Default 32. */
  readonly batchSize?: number
  readonly verbose?: Verbose
  readonly callbacks?: CallbackLike | readonly CallbackLike[]
  /** The share of samples, from the end, that are not trained on but validated with, in [0, 1). Default 0. */
  readonly validationSplit?: number
  /** Data to validate with: `[x, y]`, `[x, y, sampleWeight]`, `{ x, y, sampleWeight }`, or a stream. */
  readonly validationData?: BatchLike | BatchSource
  /** Validate after every so many epochs (or after the epochs listed, from 1). Default 1. */
  readonly validationFreq?: number | readonly number[]
  /** Default `batchSize`. */
  readonly validationBatchSize?: number
  /** Validation steps; default all. */
  readonly validationSteps?: number
  /** A new order each epoch, a pure function of the seed and the epoch. Default true. */
  readonly shuffle?: boolean
  /** Decides the orders; by default the next of the configured stream of seeds. */
  readonly seed?: number
  readonly classWeight?: ClassWeight
  /** How much each sample counts. */
  readonly sampleWeight?: Each<DataLike>
  /** The epoch to begin with: of a training that goes on. Default 0. */
  readonly initialEpoch?: number
  /** Steps an epoch; default all of the data. */
  readonly stepsPerEpoch?: number
  /** Aborting rejects with ERR_ABORTED; the weights stay as they were after the last whole step. */
  readonly signal?: AbortSignal
  /** What a loss that is NaN or infinite does: `error` stops before the weights change and throws; `continue` goes on. */
  readonly nonFinite?: 'error' | 'continue'
  /** Writes all that changes to a directory now and then, so that a training that was killed goes on bit for bit. */
  readonly checkpoint?: CheckpointOptions
  /**
   * What a training with `checkpoint` goes on from: the newest whole one of its directory (`'auto'`, the default), one by
   * its path, or none.
   */
  readonly resume?: Resume
  /** Measures each kernel of the steps: `history.profile` says where the time goes. For arrays. Default false. */
  readonly profile?: boolean
}

export interface EvaluateOptions {
  readonly batchSize?: number
  readonly verbose?: Verbose
  readonly callbacks?: CallbackLike | readonly CallbackLike[]
  readonly sampleWeight?: Each<DataLike>
  /** Default all. */
  readonly steps?: number
  readonly signal?: AbortSignal
}

export interface PredictOptions {
  readonly batchSize?: number
  readonly verbose?: Verbose
  readonly callbacks?: CallbackLike | readonly CallbackLike[]
  /** Default all. */
  readonly steps?: number
  readonly signal?: AbortSignal
}

/** Options with their defaults filled in and checked. */
export interface FitPlan {
  readonly epochs: number
  readonly batchSize: number
  readonly verbose: 0 | 1 | 2
  readonly callbacks: readonly CallbackLike[]
  readonly validationSplit: number
  readonly validationFreq: number | readonly number[]
  readonly validationBatchSize: number
  readonly validationSteps: number | undefined
  readonly shuffle: boolean
  readonly seed: number | undefined
  readonly initialEpoch: number
  readonly stepsPerEpoch: number | undefined
  readonly signal: AbortSignal | undefined
  readonly nonFinite: 'error' | 'continue'
  readonly profile: boolean
  readonly checkpoint: CheckpointPlan | undefined
  readonly resume: Resume
}

const fitNames = [
  'epochs',
  'batchSize',
  'verbose',
  'callbacks',
  'validationSplit',
  'validationData',
  'validationFreq',
  'validationBatchSize',
  'validationSteps',
  'shuffle',
  'seed',
  'classWeight',
  'sampleWeight',
  'initialEpoch',
  'stepsPerEpoch',
  'signal',
  'nonFinite',
  'profile',
  'checkpoint',
  'resume',
] as const satisfies readonly (keyof FitOptions)[]

/** Checks what does not depend on the data. */
export function planFit(options: FitOptions): FitPlan {
  checkNames('fit', options, fitNames)
  const epochs = count('fit.epochs', options.epochs, 0) ?? 1
  const batchSize = count('fit.batchSize', options.batchSize, 1) ?? 32
  const initialEpoch = count('fit.initialEpoch', options.initialEpoch, 0) ?? 0
  if (initialEpoch > epochs)
    fail('ERR_CONFIG', 'fit.initialEpoch', `an integer in [0, ${epochs}] (epochs)`, initialEpoch)
  return {
    epochs,
    batchSize,
    initialEpoch,
    verbose: verbosity('fit', options.verbose, 1),
    callbacks: checkCallbacks('fit.callbacks', options.callbacks),
    validationSplit: share(options.validationSplit),
    validationFreq: frequency(options.validationFreq),
    validationBatchSize: count('fit.validationBatchSize', options.validationBatchSize, 1) ?? batchSize,
    validationSteps: count('fit.validationSteps', options.validationSteps, 1),
    shuffle: flag('fit.shuffle', options.shuffle) ?? true,
    seed: options.seed === undefined ? undefined : checkSeed('fit.seed', options.seed),
    stepsPerEpoch: count('fit.stepsPerEpoch', options.stepsPerEpoch, 1),
    signal: checkSignal('fit', options.signal),
    nonFinite: choice('fit.nonFinite', options.nonFinite, ['error', 'continue']) ?? 'error',
    profile: flag('fit.profile', options.profile) ?? false,
    checkpoint: planCheckpoint(options.checkpoint),
    resume: checkResume(options.resume),
  }
}

/** What evaluate and predict share, checked. */
export interface PassPlan {
  readonly batchSize: number
  readonly verbose: 0 | 1 | 2
  readonly callbacks: readonly CallbackLike[]
  readonly steps: number | undefined
  readonly signal: AbortSignal | undefined
}

/** Checks the options of evaluate or predict; both are silent unless told. */
export function planPass(where: 'evaluate' | 'predict', options: EvaluateOptions): PassPlan {
  const known = ['batchSize', 'verbose', 'callbacks', 'steps', 'signal']
  checkNames(where, options, where === 'evaluate' ? [...known, 'sampleWeight'] : known)
  return {
    batchSize: count(`${where}.batchSize`, options.batchSize, 1) ?? 32,
    verbose: verbosity(where, options.verbose, 0),
    callbacks: checkCallbacks(`${where}.callbacks`, options.callbacks),
    steps: count(`${where}.steps`, options.steps, 1),
    signal: checkSignal(where, options.signal),
  }
}

/** An integer of at least `least`, or undefined where none was given. */
export function count(where: string, value: unknown, least: number): number | undefined {
  if (value === undefined || value === null) return undefined
  const whole = typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value < 2 ** 31
  return whole ? value : fail('ERR_CONFIG', where, `an integer ≥ ${least}`, value)
}

function share(value: unknown): number {
  if (value === undefined || value === null) return 0
  if (typeof value === 'number' && value >= 0 && value < 1) return value
  return fail('ERR_CONFIG', 'fit.validationSplit', 'a number in [0, 1)', value)
}

function frequency(value: unknown): number | readonly number[] {
  if (!Array.isArray(value)) return count('fit.validationFreq', value, 1) ?? 1
  return value.map((epoch, i) => count(`fit.validationFreq[${i}]`, epoch ?? 0, 1)!)
}

function flag(where: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  return fail('ERR_CONFIG', where, 'true or false', value)
}

function choice<const C extends string>(where: string, value: unknown, known: readonly C[]): C | undefined {
  if (value === undefined) return undefined
  const found = known.find((one) => one === value)
  return found ?? fail('ERR_CONFIG', where, `one of ${known.join(', ')}`, value, hintFor(value, known))
}

function verbosity(where: string, value: unknown, auto: 0 | 1): 0 | 1 | 2 {
  if (value === undefined || value === 'auto') return auto
  if (value === 0 || value === 1 || value === 2) return value
  return fail('ERR_CONFIG', `${where}.verbose`, `0, 1, 2 or 'auto'`, value)
}

function checkSignal(where: string, value: unknown): AbortSignal | undefined {
  if (value === undefined || value === null || value instanceof AbortSignal) return value ?? undefined
  return fail('ERR_CONFIG', `${where}.signal`, 'an AbortSignal', value)
}
