/** `evaluate`: the loss and metrics over data, without changing weights. */
import type { Logs } from '../callbacks/callback.js'
import { CallbackList } from '../callbacks/list.js'
import { formatLogs, formatSeconds } from '../callbacks/progress-line.js'
import { momentOf } from '../core/moment.js'
import type { Model } from '../model/model.js'
import { abortedError, checkAborted, untilAborted } from './abort.js'
import { prepareData } from './batch-data.js'
import { ArrayFeed, type Feed } from './feed.js'
import { resetState, reviewMetrics } from './fit.js'
import { isStream } from './is-stream.js'
import { openFeed } from './open-feed.js'
import { type EvaluateOptions, type PassPlan, planPass } from './options.js'
import { openSession } from './session.js'

/** The logs of one pass over the weights that hold when it is called, e.g. `{ loss, accuracy }`. */
export async function evaluate(model: Model, x: unknown, y: unknown, options: EvaluateOptions = {}): Promise<Logs> {
  const plan = planPass('evaluate', options)
  checkAborted('evaluate', plan.signal)
  model.compiled satisfies object
  const { close } = openSession(model, 'evaluate')
  try {
    return await pass(model, feedOf(model, x, y, plan), plan)
  } finally {
    close()
  }
}

function feedOf(model: Model, x: unknown, y: unknown, { sampleWeight, steps }: PassPlan): Feed {
  if (isStream(x)) return openFeed('evaluate', x, steps)
  return new ArrayFeed(prepareData(model, 'evaluate', { x, y, sampleWeight }, 'targets'))
}

async function pass(model: Model, feed: Feed, plan: PassPlan): Promise<Logs> {
  try {
    return await passOver(model, feed, plan)
  } finally {
    feed.close()
  }
}

async function passOver(model: Model, feed: Feed, plan: PassPlan): Promise<Logs> {
  const { batchSize, steps: maxSteps, signal, verbose } = plan
  const callbacks = new CallbackList(plan.callbacks)
  // Of a stream the weights are those of the call, whenever its first batch comes; the hook of the beginning may set them.
  const moment = !(feed instanceof ArrayFeed) && !callbacks.has('onTestBegin') ? momentOf(model.weights) : undefined
  const prepared = feed.prepare(model, { kind: 'test', batchSize, guarded: false, signal })
  const logNames = prepared instanceof Promise ? await prepared : prepared
  const steps = feed.steps({ batchSize, maxSteps })
  callbacks.begin(model, { epochs: 1, initialEpoch: 0, steps, samples: feed.samples, verbose, logNames })
  resetState(model)
  const begun = callbacks.callNow('onTestBegin', {})
  if (begun) await untilAborted(begun, signal, 'evaluate')
  const hears = callbacks.has('onTestBatchBegin') || callbacks.has('onTestBatchEnd')
  const hooks = {
    onBatchBegin: (batch: number, logs: Logs) => callbacks.callNumbered('onTestBatchBegin', batch, logs),
    onBatchEnd: (batch: number, logs: Logs) => callbacks.callNumbered('onTestBatchEnd', batch, logs),
  }
  const result = await feed.run(model, {
    kind: 'test',
    batchSize,
    maxSteps,
    signal,
    guarded: false,
    moment,
    ...(hears ? hooks : {}),
  })
  if (signal?.aborted) throw abortedError('evaluate', signal)
  reviewMetrics(model)
  await untilAborted(callbacks.call('onTestEnd', result.logs), signal, 'evaluate')
  if (verbose > 0) process.stdout.write(`${formatLogs(result.logs)}  ${formatSeconds(result.seconds)}\n`)
  return result.logs
}
