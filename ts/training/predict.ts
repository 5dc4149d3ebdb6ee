/** `predict`: the outputs of a model for data. */
import { CallbackList } from '../callbacks/list.js'
import type { Columns } from '../core/columns.js'
import { runEpoch } from '../core/epoch.js'
import { mayRunHere, ranAway, runHere, turnOver } from '../core/inline-runs.js'
import { momentOf } from '../core/moment.js'
import type { Program } from '../core/program.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { Model } from '../model/model.js'
import * as ops from '../ops.js'
import { abortedError, checkAborted, untilAborted } from './abort.js'
import { type BatchData, prepareData, tensorsOf } from './batch-data.js'
import type { BatchSource } from './data-types.js'
import { nativeColumns } from './feed.js'
import { isStream } from './is-stream.js'
import { type PassPlan, type PredictOptions, planPass } from './options.js'
import { stepFor } from './programs.js'
import { checkUsable } from './session.js'
import { StreamFeed } from './stream-feed.js'

/** One tensor; a list for a model with several outputs. It is of the weights that hold when it is called, also amid a training. */
export async function predict(model: Model, x: unknown, options: PredictOptions = {}): Promise<unknown> {
  const plan = planPass('predict', options)
  checkAborted('predict', plan.signal)
  checkUsable(model, 'predict')
  // Arrays are copied now, before anybody may write to them.
  const data = isStream(x) ? undefined : prepareData(model, 'predict', { x }, 'none')
  const soon = data && predictHere(model, data, plan)
  if (soon !== undefined) {
    await turnOver()
    checkAborted('predict', plan.signal)
    return model.pack(soon)
  }
  const arrays = data && ownedArrays(data)
  try {
    const outputs = await outputsOf(model, x, arrays, plan)
    return model.pack(outputs)
  } finally {
    arrays?.columns.release()
  }
}

/** The outputs for one small batch that nobody listens to, here and now where that is short. */
function predictHere(model: Model, data: BatchData, { batchSize, callbacks }: PassPlan): Tensor[] | undefined {
  if (data.rows > batchSize || callbacks.length > 0) return undefined
  const { program } = stepFor(model, 'predict', data, data.rows)
  return mayRunHere(program) ? runHere(program, tensorsOf(data)) : undefined
}

async function outputsOf(model: Model, x: unknown, arrays: OwnedArrays | undefined, plan: PassPlan): Promise<Tensor[]> {
  const callbacks = new CallbackList(plan.callbacks)
  callbacks.begin(model, {
    epochs: 1,
    initialEpoch: 0,
    steps: undefined,
    samples: undefined,
    verbose: plan.verbose,
    logNames: [],
  })
  const begun = callbacks.callNow('onPredictBegin', {})
  if (begun) await untilAborted(begun, plan.signal, 'predict')
  const outputs =
    arrays === undefined
      ? await predictStream(model, new StreamFeed('predict', x as BatchSource, plan.steps), plan)
      : await predictArrays(model, arrays, plan, callbacks)
  await untilAborted(callbacks.call('onPredictEnd', {}), plan.signal, 'predict')
  return outputs
}

/** Samples that Rust has a copy of; of the data only shapes are used from now on. */
interface OwnedArrays {
  readonly data: BatchData
  readonly columns: Columns
}

function ownedArrays(data: BatchData): OwnedArrays {
  return { data, columns: nativeColumns(data) }
}

async function predictArrays(
  model: Model,
  { data, columns }: OwnedArrays,
  { batchSize, steps, signal }: PassPlan,
  callbacks: CallbackList,
): Promise<Tensor[]> {
  const size = Math.min(batchSize, data.rows)
  const count = steps === undefined ? data.rows : Math.min(data.rows, steps * size)
  const rest = count % size
  const hears = callbacks.has('onPredictBatchBegin') || callbacks.has('onPredictBatchEnd')
  const total = Math.ceil(count / size)
  const { program } = stepFor(model, 'predict', data, size)
  const tail = rest === 0 ? undefined : stepFor(model, 'predict', data, rest).program
  checkRows(program, size)
  if (tail !== undefined) checkRows(tail, rest)
  const moment = momentOf([...new Set([...program.onlyRead, ...(tail?.onlyRead ?? [])])])
  if (hears) await callbacks.callNumbered('onPredictBatchBegin', 0, {})
  const result = await runEpoch({
    program,
    tail,
    moment,
    columns,
    first: 0,
    count,
    batchSize: size,
    collect: true,
    everyStep: hears,
    ...(signal === undefined ? {} : { signal }),
    ...(hears ? { onProgress: ({ step }: { step: number }) => batchHooks(callbacks, step, total) } : {}),
  })
  if (signal?.aborted) throw abortedError('predict', signal)
  ranAway(program, (result.seconds * 1000) / Math.max(1, result.steps))
  return result.collected ?? []
}

/** Outputs of batches are joined row by row: each has as many as its batch. */
function checkRows({ outputShapes }: Program, rows: number): void {
  const other = outputShapes.find(([length]) => length !== rows)
  if (other !== undefined)
    fail('ERR_SHAPE', 'predict', `outputs with a row for each of the ${rows} samples of a batch`, other)
}

async function batchHooks(callbacks: CallbackList, step: number, total: number): Promise<void> {
  if (step > 0) await callbacks.callNumbered('onPredictBatchEnd', step - 1, {})
  if (step < total) await callbacks.callNumbered('onPredictBatchBegin', step, {})
}

async function predictStream(model: Model, feed: StreamFeed, { signal }: PassPlan): Promise<Tensor[]> {
  const batches: Tensor[][] = []
  const moment = momentOf(model.weights)
  for await (const data of feed.batches(model, signal)) {
    batches.push(await stepFor(model, 'predict', data, data.rows).program.runAt(moment, tensorsOf(data)))
  }
  const [first = []] = batches
  return first.map((_, i) =>
    ops.concatenate(
      batches.map((outputs) => outputs[i]!),
      { axis: 0 },
    ),
  )
}
