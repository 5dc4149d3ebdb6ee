/** Compiled steps of a model: traced once for each shape of a batch, then kept. */

import { Attached } from '../core/attached.js'
import { returnedNow, returnedScalar, returnedTensor } from '../core/check-returned.js'
import { KeptPrograms } from '../core/kept-programs.js'
import { type Precision, precision } from '../core/precision.js'
import { compile, type Guard, type Program } from '../core/program.js'
import { alone, isNamed } from '../core/structure.js'
import type { Tensor } from '../core/tensor.js'
import { placeholder, trace } from '../core/trace.js'
import type { Settings } from '../core/trace-stack.js'
import { type Variable, variable } from '../core/variable.js'
import type { Column } from '../data/marshal.js'
import { fail } from '../errors.js'
import type { Metric } from '../metrics/metric.js'
import type { Model } from '../model/model.js'
import * as ops from '../ops.js'
import type { DType, Shape } from '../types.js'
import type { BatchData } from './batch-data.js'
import { type Batch, isMeasured, outputsOf, type StepLogs } from './step.js'

/** A step of one kind, for batches of one shape. */
export interface CompiledStep {
  readonly program: Program
  /** Reads the loss and metrics so far; without inputs. None for prediction. */
  readonly watch: Program | undefined
  /** The names of what `watch` gives, in order. */
  readonly logNames: readonly string[]
  /** What it was traced for that may be set at any time. */
  readonly settings: Settings
}

export type StepKind = 'train' | 'test' | 'predict'

/** The shape and type of one column of a batch; its shape begins with the batch size. */
interface Spec {
  readonly shape: Shape
  readonly dtype: DType
}

/** What a batch looks like. */
interface BatchSpec {
  readonly x: readonly (Spec | undefined)[]
  /** The names of `x`, where it goes by name. */
  readonly names: readonly string[] | undefined
  readonly y: readonly (Spec | undefined)[]
  readonly weights: readonly (Spec | undefined)[]
}

/** The step of `kind` for batches of `size` of these data, traced on first use; a guarded one stops at a loss that is not finite. */
export function stepFor(model: Model, kind: StepKind, data: BatchData, size: number, guarded = false): CompiledStep {
  const cache = cacheOf(model)
  const { last } = cache
  if (kind === 'predict' && last?.step.settings.areCurrent && isAlike(last, precisionOf(model), data, size)) {
    return last.step
  }
  const spec = specOf(data, size)
  const trace = (): CompiledStep =>
    kind === 'predict' ? tracePredict(model, spec) : traceStep(model, kind, spec, guarded)
  const step = cache.steps.of(keyOf(model, kind, spec, guarded), trace)
  if (kind === 'predict') cache.last = { step, precision: precisionOf(model), x: spec.x, names: spec.names }
  return step
}

/** What the last prediction used: most often the next one does, and a key is a text. */
interface Predicted {
  readonly step: CompiledStep
  readonly precision: Precision
  readonly x: BatchSpec['x']
  readonly names: BatchSpec['names']
}

/** True where a prediction for batches of `size` of these data is the same step. */
function isAlike({ precision, x, names }: Predicted, wanted: Precision, data: BatchData, size: number): boolean {
  if (precision !== wanted || x.length !== data.x.length || names?.join() !== data.names?.join()) return false
  for (let index = 0; index < x.length; index += 1) {
    const [one, column] = [x[index], data.x[index]]
    if (one === undefined || column === undefined) {
      if (one === column) continue
      return false
    }
    if (one.dtype !== column.dtype || one.shape.length !== column.shape.length || one.shape[0] !== size) return false
    for (let axis = 1; axis < one.shape.length; axis += 1) if (one.shape[axis] !== column.shape[axis]) return false
  }
  return true
}

/** The steps of a model with a graph. */
interface Steps {
  readonly graph: unknown
  readonly steps: KeptPrograms<CompiledStep>
  /** Where steps put what they return to be logged: those of all shapes of batches the same, so that the last one counts. */
  readonly logs: Map<string, Variable>
  last?: Predicted
}

/** What batches of ever other sizes leave of one model, at most. */
const ROOM = { programs: 64, bytes: 32 << 20 }

/** Steps belong to what `compile` made (before it, to the model), and to the model's graph: where either is new, none is kept. */
const caches = new Attached<object, Steps>('steps')

/** Lets go of the compiled steps of a model. */
export function forgetSteps(model: Model): void {
  caches.set(model, undefined)
  if (model.isCompiled) caches.set(model.compiled, undefined)
}

function cacheOf(model: Model): Steps {
  const owner = model.isCompiled ? model.compiled : model
  const known = caches.get(owner)
  if (known !== undefined && known.graph === model.graph) return known
  const fresh: Steps = { graph: model.graph, steps: new KeptPrograms(ROOM), logs: new Map() }
  caches.set(owner, fresh)
  return fresh
}

/** What was traced, and for which columns. */
function keyOf(model: Model, kind: StepKind, spec: BatchSpec, guarded: boolean): string {
  const columns = [spec.x, spec.y, spec.weights].map(textOf).join('|')
  return `${kind}|${guarded}|${precisionOf(model)}|${spec.names?.join() ?? ''}|${columns}`
}

function textOf(columns: readonly (Spec | undefined)[]): string {
  let text = ''
  for (const column of columns) text += column === undefined ? '-;' : `${column.dtype} ${column.shape.join()};`
  return text
}

/** What `compile` settled; of a model that was not compiled, what is configured. */
function precisionOf(model: Model): Precision {
  return model.isCompiled ? model.compiled.precision : precision()
}

function specOf({ x, names, y, weights }: BatchData, size: number): BatchSpec {
  const spec = ({ shape, dtype }: Column): Spec => ({ shape: [size, ...shape.slice(1)], dtype })
  const maybe = (column: Column | undefined): Spec | undefined => column && spec(column)
  return { x: x.map(maybe), names, y: y.map(maybe), weights: weights.map(maybe) }
}

function tracePredict(model: Model, spec: BatchSpec): CompiledStep {
  const x = spec.x.map(maybePlaceholder)
  const inputs = x.filter((one) => one !== undefined)
  const traced = trace(() => outputsOf(model, arranged(x, spec.names), false))
  const { result: outputs, updates, reads, settings, endless } = traced
  const program = compile({ inputs, outputs, updates, reads, endless, precision: precisionOf(model) })
  return { program, watch: undefined, logNames: [], settings }
}

function traceStep(model: Model, kind: 'train' | 'test', spec: BatchSpec, guarded: boolean): CompiledStep {
  const x = spec.x.map(maybePlaceholder)
  const y = spec.y.map(maybePlaceholder)
  const weights = spec.weights.map(maybePlaceholder)
  // As a subclass expects them: `Batch` says of which types.
  const batch = { x: arranged(x, spec.names), y: alone(y), sampleWeight: alone(weights) } as Batch
  const method = kind === 'train' ? 'trainStep' : 'testStep'
  const where = `${model.constructor.name}.${method}`
  const traced = trace(() => checkedLogs(model[method](batch), where))
  const { result: logs, updates, reads, settings, guards, endless } = traced
  const kept = keepLogs(model, logs, updates)
  // A trace of its own: what the variables hold when it runs, and not what this step assigns.
  const { result: readers } = trace(() => readersOf(model, kept, updates))
  const inputs = [...x, ...y, ...weights].filter((one) => one !== undefined)
  const { loss } = logs
  return {
    program: compile({
      inputs,
      outputs: [],
      updates,
      reads,
      endless,
      guards: guarded ? [...guardOf(loss), ...guards, ...stateGuards(model, updates)] : [],
      precision: precisionOf(model),
    }),
    watch: compile({ inputs: [], outputs: [...readers.values()] }),
    logNames: [...readers.keys()],
    settings,
  }
}

function guardOf(loss: Tensor | undefined): Guard[] {
  return loss === undefined ? [] : [{ tensor: loss, of: undefined }]
}

/** Weights that a step sets without a gradient, such as moving averages, must stay finite too. */
function stateGuards(model: Model, updates: ReadonlyMap<Variable, Tensor>): Guard[] {
  return model.nonTrainableWeights.flatMap((weight) => {
    const tensor = updates.get(weight)
    return tensor === undefined || !weight.dtype.startsWith('float') ? [] : [{ tensor, of: weight }]
  })
}

/** What a step of the user's returned: scalars to log, by name. */
function checkedLogs(logs: unknown, where: string): StepLogs {
  if (!isNamed(logs)) {
    returnedNow(logs, where)
    fail('ERR_DATA', where, 'scalars to log, by name, such as { loss }', logs)
  }
  const entries = Object.entries(logs)
  return Object.fromEntries(entries.map(([name, value]) => [name, returnedScalar(value, `${where} '${name}'`)]))
}

/** Whether a step moved the compiled loss and metrics. */
function isTracked(model: Model, updates: ReadonlyMap<Variable, Tensor>): boolean {
  const resolved = model.isCompiled ? model.compiled.resolved : undefined
  return resolved !== undefined && updates.has(resolved.trackers[0]!.total)
}

/** What a step returned besides the compiled loss and metrics is put into a variable made for it. */
function keepLogs(model: Model, logs: StepLogs, updates: Map<Variable, Tensor>): Map<string, Variable> {
  const known = isTracked(model, updates) ? model.compiled.resolved!.logNames() : []
  const { logs: all } = cacheOf(model)
  const kept = new Map<string, Variable>()
  for (const [name, value] of Object.entries(logs)) {
    if (known.includes(name)) continue
    const last = all.get(name) ?? variable(0, { name: `log_${name}`, trainable: false, dtype: 'float32' })
    all.set(name, last)
    updates.set(last, ops.cast(ops.reshape(value, []), 'float32'))
    kept.set(name, last)
  }
  return kept
}

/** The compiled loss and metrics, read from their state; then what else was kept. */
function readersOf(
  model: Model,
  kept: ReadonlyMap<string, Variable>,
  updates: ReadonlyMap<Variable, Tensor>,
): Map<string, Tensor> {
  const readers = new Map<string, Tensor>()
  if (isTracked(model, updates)) {
    const { trackers, metrics } = model.compiled.resolved!
    for (const tracker of trackers) if (updates.has(tracker.total)) readers.set(tracker.name, tracker.result())
    for (const { key, metric } of isMeasured(model) ? metrics : []) readers.set(key, loggedResult(key, metric))
  }
  for (const [name, last] of kept) readers.set(name, last.read())
  return readers
}

/** The result of a metric, which has to be one number: logs hold no more. */
function loggedResult(key: string, metric: Metric): Tensor {
  const result = returnedTensor(metric.result(), `${metric.className}.result`)
  const hint = 'average' in metric.options ? "Set average: 'macro'" : undefined
  if (result.size !== 1)
    fail(
      'ERR_CONFIG',
      `metrics ${key}`,
      'one number to log',
      { text: `numbers of shape [${result.shape.join(', ')}]` },
      hint,
    )
  return result
}

function maybePlaceholder(spec: Spec | undefined): Tensor | undefined {
  return spec && placeholder(spec.shape, spec.dtype)
}

/** Inputs as the model is called with them: by name, where they came so; the only one alone. */
export function arranged(x: readonly (Tensor | undefined)[], names: readonly string[] | undefined): unknown {
  return names === undefined ? alone(x) : Object.fromEntries(names.map((name, i) => [name, x[i]]))
}
