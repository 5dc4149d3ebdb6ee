/** What `compile` settles: the optimizer, the losses, the metrics; shapes decide some of it later. */

import { checkPrecision, type Precision } from '../core/precision.js'
import { isNamed, leavesOf } from '../core/structure.js'
import type { Tensor } from '../core/tensor.js'
import { fail, hintFor } from '../errors.js'
import { getLoss, type LossLike } from '../losses/family.js'
import { Loss } from '../losses/loss.js'
import { getMetric, type MetricLike } from '../metrics/family.js'
import type { Metric, Statistic } from '../metrics/metric.js'
import { Metric as MetricBase } from '../metrics/metric.js'
import type { Model } from '../model/model.js'
import { getOptimizer, type OptimizerLike } from '../optimizers/family.js'
import type { Optimizer } from '../optimizers/optimizer.js'
import type { FieldSpec } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { methodKinds } from './kinds.js'
import { LossTracker } from './trackers.js'

/** Something for each output: alone for a single output, in the outputs' order, or by their names. */
export type PerOutput<T, Name extends string = string> = T | readonly (T | null)[] | ByOutput<T | null, Name>

/** Metrics for each output: a list for a single output; for several, a list of lists, or by name. */
export type MetricsOption<Name extends string = string> =
  | readonly (MetricLike | readonly MetricLike[] | null)[]
  | ByOutput<MetricLike | readonly MetricLike[], Name>

/** Something for each output by its name. */
export type ByOutput<T, Name extends string = string> = { readonly [K in Name]?: T }

/** Options of `compile`, for outputs of certain names. */
export interface CompileOptions<Name extends string = string> {
  /** What moves the weights. Default 'rmsprop'. */
  readonly optimizer?: OptimizerLike
  /** An output without a loss is not trained on; a model may have none if its layers add losses. Default null. */
  readonly loss?: PerOutput<LossLike, Name> | null
  /** Factors on the outputs' losses; 1 unless given. */
  readonly lossWeights?: readonly number[] | ByOutput<number, Name> | null
  /** Reported with the loss; these ignore sample weights. Default null. */
  readonly metrics?: MetricsOption<Name> | null
  /** Reported with the loss; these use sample weights. Default null. */
  readonly weightedMetrics?: MetricsOption<Name> | null
  /** How exact products of float32 matrices are, in training and in prediction; by default what is configured now. */
  readonly precision?: Precision | null
}

/** What is checked now; what depends on the outputs is checked when they are known. */
const compileFields = {
  optimizer: { type: 'given', default: 'rmsprop' },
  loss: { type: 'given', default: null },
  lossWeights: { type: 'given', default: null },
  metrics: { type: 'given', default: null },
  weightedMetrics: { type: 'given', default: null },
  precision: { type: 'precision', default: null },
} as const satisfies Record<keyof CompileOptions, FieldSpec>

const read = optionsReader('compile', compileFields, () => methodKinds)

/** A metric at its place. */
export interface PlacedMetric {
  readonly output: number
  /** Its key in logs. */
  readonly key: string
  readonly metric: Metric
  readonly weighted: boolean
}

/** The losses and metrics of the outputs, once the outputs are known. */
export interface Resolved {
  readonly losses: readonly (Loss | undefined)[]
  readonly lossWeights: readonly number[]
  readonly metrics: readonly PlacedMetric[]
  /** The whole loss, one for each output where there are several, the penalty, and what layers logged by `addMetric` so far. */
  readonly trackers: readonly LossTracker[]
  /** Those of the outputs, where there are several. */
  readonly outputTrackers: readonly LossTracker[]
  /** That of the penalties. */
  readonly penalty: LossTracker
  /** That of what a layer logs under a name, made when it is first met: training may log what validation does not. */
  added(name: string): LossTracker
  /** In the order of the logs: losses, then metrics. A step has those of them that it moves. */
  logNames(): string[]
}

/** The result of `compile`. */
export interface Compiled {
  readonly options: CompileOptions
  readonly optimizer: Optimizer
  readonly precision: Precision
  /** Settles losses and metrics for outputs of known shapes; the first call decides. */
  resolve(model: Model, yTrue: readonly (Tensor | undefined)[], yPred: readonly Tensor[]): Resolved
  /** What was resolved, if it was. */
  readonly resolved: Resolved | undefined
  /** The losses by output, before anything else is known. */
  losses(outputs: number, names: readonly string[]): (Loss | undefined)[]
  /** The metrics that are known so far. */
  metrics(): Metric[]
  /** Those that were given as objects, which other models may have been given too. */
  readonly given: readonly Statistic[]
}

/** Checks everything that can be checked before data is seen. */
export function compileModel(model: Model, given: unknown): Compiled {
  const plan = read(given)
  const options = given as CompileOptions
  const optimizer = getOptimizer(plan.optimizer as OptimizerLike, 'compile.optimizer')
  const precision = plan.precision ?? checkPrecision('compile.precision', undefined)
  const known = model.outputNames
  const loss = perOutput<LossLike, Loss>('compile.loss', options.loss, isLossLike, (one) =>
    getLoss(one, 'compile.loss'),
  )
  const compiled = new CompiledModel(options, optimizer, precision, loss)
  // A functional model's outputs are known now: mistakes show at once.
  if (known.length > 0) {
    compiled.losses(known.length, known)
    outputWeights(options.lossWeights, known.length, known)
    outputMetrics('compile.metrics', options.metrics, known.length, known)
    outputMetrics('compile.weightedMetrics', options.weightedMetrics, known.length, known)
  }
  return compiled
}

class CompiledModel implements Compiled {
  readonly options: CompileOptions
  readonly optimizer: Optimizer
  readonly precision: Precision
  readonly given: readonly Statistic[]
  readonly #losses: (outputs: number, names: readonly string[]) => (Loss | undefined)[]
  #resolved: Resolved | undefined

  constructor(options: CompileOptions, optimizer: Optimizer, precision: Precision, losses: CompiledModel['losses']) {
    this.options = options
    this.optimizer = optimizer
    this.precision = precision
    this.#losses = losses
    this.given = leavesOf([options?.metrics, options?.weightedMetrics], isMetricObject)
  }

  get resolved(): Resolved | undefined {
    return this.#resolved
  }

  losses(outputs: number, known: readonly string[]): (Loss | undefined)[] {
    return this.#losses(outputs, known)
  }

  metrics(): Metric[] {
    return this.#resolved?.metrics.map(({ metric }) => metric) ?? []
  }

  resolve(model: Model, yTrue: readonly (Tensor | undefined)[], yPred: readonly Tensor[]): Resolved {
    this.#resolved ??= this.#settle(model, yTrue, yPred)
    return this.#resolved
  }

  #settle(model: Model, yTrue: readonly (Tensor | undefined)[], yPred: readonly Tensor[]): Resolved {
    const known = outputNamesOf(model, yPred.length)
    const losses = this.losses(yPred.length, known)
    const { metrics, weightedMetrics, lossWeights } = this.options
    const placed = placeMetrics(
      [
        { weighted: false, lists: outputMetrics('compile.metrics', metrics, yPred.length, known) },
        { weighted: true, lists: outputMetrics('compile.weightedMetrics', weightedMetrics, yPred.length, known) },
      ],
      { yTrue, yPred, known, losses },
    )
    const lossNames =
      yPred.length > 1 ? known.filter((_, i) => losses[i] !== undefined).map((name) => `${name}_loss`) : []
    const outputTrackers = lossNames.map((name) => new LossTracker(name))
    // What regularizers and layers add is logged apart, so that the loss of the data can be told from it.
    const penalty = new LossTracker('penalty')
    const trackers = [new LossTracker('loss'), ...outputTrackers, penalty]
    const names = (): string[] => [...trackers.map(({ name }) => name), ...placed.map(({ key }) => key)]
    return {
      losses,
      lossWeights: outputWeights(lossWeights, yPred.length, known),
      metrics: placed,
      trackers,
      outputTrackers,
      penalty,
      added: growing(trackers, names()),
      logNames: names,
    }
  }
}

/** Finds trackers by name, and makes those that are new; they join `trackers`. */
function growing(trackers: LossTracker[], taken: readonly string[]): (name: string) => LossTracker {
  const added = new Map<string, LossTracker>()
  return (name) => {
    if (taken.includes(name)) fail('ERR_CONFIG', 'addMetric', 'a name that no loss or metric has', name)
    const tracker = added.get(name) ?? new LossTracker(name)
    if (!added.has(name)) trackers.push(tracker)
    added.set(name, tracker)
    return tracker
  }
}

/** The names of outputs; a subclassed model's are numbered. */
export function outputNamesOf(model: Model, outputs: number): readonly string[] {
  const known = model.outputNames
  return known.length === outputs ? known : Array.from({ length: outputs }, (_, i) => `output_${i + 1}`)
}

function placeMetrics(
  groups: readonly { readonly weighted: boolean; readonly lists: readonly (readonly MetricLike[])[] }[],
  {
    yTrue,
    yPred,
    known,
    losses,
  }: {
    yTrue: readonly (Tensor | undefined)[]
    yPred: readonly Tensor[]
    known: readonly string[]
    losses: readonly (Loss | undefined)[]
  },
): PlacedMetric[] {
  const placed: PlacedMetric[] = []
  const keys = new Set<string>()
  for (const { weighted, lists } of groups) {
    for (const [output, list] of lists.entries()) {
      const target = yTrue[output]
      for (const like of list) {
        if (target === undefined) fail('ERR_DATA', 'compile.metrics', `targets for ${known[output]}`, { text: 'none' })
        const metric = getMetric(like, target.shape, yPred[output]!.shape, 'compile.metrics', losses[output])
        if (placed.some((one) => one.metric === metric)) usedTwice(metric)
        const key = freeKey(`${yPred.length > 1 ? `${known[output]}_` : ''}${metric.name}`, keys, weighted)
        placed.push({ output, key, metric, weighted })
      }
    }
  }
  return placed
}

/** Two outputs would add to one state, and both would report the mixture. */
function usedTwice(metric: Metric): never {
  const hint = 'Make another: its state is of one output'
  return fail('ERR_CONFIG', 'compile.metrics', 'a metric object in one place', { text: `${metric.name} in two` }, hint)
}

/** A weighted metric that is there unweighted too gets Keras's prefix; further ones are numbered. */
function freeKey(base: string, keys: Set<string>, weighted: boolean): string {
  let key = keys.has(base) && weighted ? `weighted_${base}` : base
  for (let i = 1; keys.has(key); i++) key = `${base}_${i}`
  keys.add(key)
  return key
}

function isLossLike(value: unknown): value is LossLike {
  return typeof value === 'string' || typeof value === 'function' || value instanceof Loss || isSerializedObject(value)
}

function isMetricLike(value: unknown): value is MetricLike {
  return (
    typeof value === 'string' || typeof value === 'function' || value instanceof MetricBase || isSerializedObject(value)
  )
}

function isMetricObject(value: unknown): value is Statistic {
  return value instanceof MetricBase
}

function isSerializedObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'class_name' in value
}

/** Makes each object once, and distributes the objects over the outputs. */
function perOutput<L, T>(
  where: string,
  option: unknown,
  isOne: (value: unknown) => value is L,
  make: (one: L) => T,
): (outputs: number, names: readonly string[]) => (T | undefined)[] {
  const made = new Map<unknown, T>()
  const one = (value: unknown, place: string): T | undefined => {
    if (value === null || value === undefined) return undefined
    if (!isOne(value)) return fail('ERR_CONFIG', place, 'a name, an instance or a function', value)
    if (!made.has(place)) made.set(place, make(value))
    return made.get(place)
  }
  // Objects are made now, so that a misspelt name shows where compile is called.
  if (Array.isArray(option)) option.forEach((value, i) => void one(value, `${where}[${i}]`))
  else if (isOne(option)) one(option, where)
  else if (isNamed(option)) for (const [key, value] of Object.entries(option)) one(value, `${where}.${key}`)
  else if (option !== undefined && option !== null)
    fail('ERR_CONFIG', where, 'a name, an instance or a function', option)
  return (outputs, known) => {
    if (Array.isArray(option)) {
      if (option.length !== outputs)
        fail('ERR_CONFIG', where, `${outputs} entries, one an output`, { text: `${option.length}` })
      return option.map((value, i) => one(value, `${where}[${i}]`))
    }
    if (!isOne(option) && isNamed(option)) {
      checkOutputNames(where, option, known)
      return known.map((name) => one(option[name], `${where}.${name}`))
    }
    return Array.from({ length: outputs }, () => one(option, where))
  }
}

function outputMetrics(
  where: string,
  option: unknown,
  outputs: number,
  known: readonly string[],
): readonly (readonly MetricLike[])[] {
  if (option === undefined || option === null) return Array.from({ length: outputs }, () => [])
  if (!Array.isArray(option)) {
    if (!isNamed(option) || isMetricLike(option)) return fail('ERR_CONFIG', where, 'a list of metrics', option)
    checkOutputNames(where, option, known)
    return known.map((name) => metricList(`${where}.${name}`, option[name]))
  }
  const flat = outputs === 1 && !(option.length === 1 && Array.isArray(option[0]))
  if (flat) return [metricList(where, option)]
  if (option.length !== outputs)
    fail('ERR_CONFIG', where, `${outputs} entries, one an output`, { text: `${option.length}` })
  return option.map((one, i) => metricList(`${where}[${i}]`, one))
}

function metricList(where: string, value: unknown): readonly MetricLike[] {
  if (value === undefined || value === null) return []
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  list.forEach((one, i) => {
    if (!isMetricLike(one)) fail('ERR_CONFIG', `${where}[${i}]`, 'a name, an instance or a function', one)
    // Resolved against any shapes, for the sake of the check.
    getMetric(one, [1, 2], [1, 2], `${where}[${i}]`)
  })
  return list as readonly MetricLike[]
}

function outputWeights(
  option: CompileOptions['lossWeights'],
  outputs: number,
  known: readonly string[],
): readonly number[] {
  const where = 'compile.lossWeights'
  if (option === undefined || option === null) return Array.from({ length: outputs }, () => 1)
  if (Array.isArray(option) && option.length !== outputs)
    fail('ERR_CONFIG', where, `${outputs} numbers, one an output`, option)
  if (!Array.isArray(option) && !isNamed(option))
    fail('ERR_CONFIG', where, 'a list of numbers, or numbers by output', option)
  if (!Array.isArray(option)) checkOutputNames(where, option, known)
  const byName = option as Readonly<Record<string, number>>
  const values: readonly unknown[] = Array.isArray(option) ? option : known.map((name) => byName[name] ?? 1)
  for (const value of values)
    if (typeof value !== 'number' || !Number.isFinite(value)) fail('ERR_CONFIG', where, 'finite numbers', value)
  return values as readonly number[]
}

function checkOutputNames(where: string, option: object, known: readonly string[]): void {
  for (const name of Object.keys(option)) {
    if (!known.includes(name)) fail('ERR_CONFIG', where, 'names of outputs', name, hintFor(name, known))
  }
}
