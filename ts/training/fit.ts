/** `fit`: epochs of training steps, validation between them, callbacks around them. */
import { BackupAndRestore } from '../callbacks/backup-and-restore.js'
import type { Callback, CallbackLike, EpochLogs, Logs } from '../callbacks/callback.js'
import { History } from '../callbacks/history.js'
import { CallbackList } from '../callbacks/list.js'
import { ProgbarLogger } from '../callbacks/progbar-logger.js'
import { nextSeed } from '../config.js'
import type { State } from '../core/state.js'
import type { Variable } from '../core/variable.js'
import { FerrogradError } from '../errors.js'
import type { Model } from '../model/model.js'
import type { Optimizer } from '../optimizers/optimizer.js'
import { abortedError, checkAborted, untilAborted } from './abort.js'
import { Checkpoints, checkpointAt, type FitPoint, type Found, planCheckpoint, type Write } from './checkpoint.js'
import type { Feed, PassOptions, PassResult, StepProgress, Stops } from './feed.js'
import { type Feeds, feedsOf } from './fit-feeds.js'
import { type EpochReport, FitRun, type Report } from './fit-run.js'
import { identityOf } from './identity.js'
import { type FitOptions, type FitPlan, planFit } from './options.js'
import { Profiling, profileAsked } from './profile.js'
import { openSession, type Session, whilePaused } from './session.js'
import { whatOf } from './what-of.js'

/** Starts a training. Data are copied and everything is checked before this returns; what is wrong rejects the promise. */
export function fitModel(model: Model, x: unknown, y: unknown, options: FitOptions = {}): FitRun {
  const stop = new AbortController()
  return new FitRun(
    (report) => begin(model, x, y, options, stop, report),
    () => stop.abort(),
  )
}

/** Everything a training needs, checked. */
interface Training {
  readonly model: Model
  readonly plan: FitPlan
  readonly feed: Feed
  readonly validation: Feed | undefined
  readonly callbacks: CallbackList
  readonly history: History
  readonly session: Session
  /** Aborted by the user's signal, by `stopTraining`, or by leaving the loop. */
  readonly stop: AbortController
  readonly seed: number
  readonly report: Report
  /** Measures the training's steps. */
  readonly profiling: Profiling | undefined
  /** Where it is written to, and what it goes on from. */
  /** Checkpoints that are written, where some are, and the one that it goes on from. */
  readonly saving: { readonly checkpoints: Checkpoints | undefined; readonly found: Found | undefined } | undefined
}

async function begin(
  model: Model,
  x: unknown,
  y: unknown,
  options: FitOptions,
  stop: AbortController,
  report: Report,
): Promise<History> {
  const plan = planFit(options)
  checkAborted('fit', plan.signal)
  // Throws, where it has not been compiled.
  model.compiled satisfies object
  const { session, close } = openSession(model, 'fit')
  const unlink = link(plan.signal, stop)
  // A promise that nobody settles does not keep Node alive by itself; a training that waits for one must.
  const alive = setInterval(() => undefined, 2 ** 30)
  try {
    const { feed, validation } = feedsOf(model, x, y, plan)
    const history = new History()
    const profiling = plan.profile || profileAsked() ? new Profiling() : undefined
    const callbacks = new CallbackList([...plan.callbacks, history, ...progressOf(plan)])
    const drawn = plan.seed ?? nextSeed()
    const saving = await openCheckpoints(model, plan, { feed, validation })
    const seed = saving?.found?.seed ?? drawn
    await train({ model, plan, feed, validation, callbacks, history, session, stop, seed, report, profiling, saving })
    history.profile = profiling?.result()
    if (profileAsked() && history.profile !== undefined) process.stderr.write(`\n${history.profile}\n`)
    return history
  } finally {
    clearInterval(alive)
    unlink()
    close()
  }
}

/** Opens the checkpoints that `fit` was told of, by its option or by Keras's callback. */
async function openCheckpoints(model: Model, plan: FitPlan, feeds: Feeds): Promise<Training['saving']> {
  const backup = backupOf(plan)
  const checkpoint = plan.checkpoint ?? (backup && planCheckpoint(backup.checkpoint))
  const given = plan.resume !== 'auto' && plan.resume !== false ? plan.resume : undefined
  if (checkpoint === undefined && given === undefined) return undefined
  const identity = await identityOf(model, plan, feeds)
  if (checkpoint !== undefined) return await Checkpoints.open(checkpoint, plan.resume, identity)
  return { checkpoints: undefined, found: await checkpointAt(given!, identity) }
}

function backupOf({ callbacks }: FitPlan): BackupAndRestore | undefined {
  return callbacks.find((callback) => callback instanceof BackupAndRestore)
}

/** Forwards the user's signal to the controller that also ends a training for other reasons. */
function link(signal: AbortSignal | undefined, stop: AbortController): () => void {
  const onAbort = (): void => stop.abort(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  return () => signal?.removeEventListener('abort', onAbort)
}

function progressOf(plan: FitPlan): CallbackLike[] {
  const own = plan.callbacks.some((callback) => callback instanceof ProgbarLogger)
  return plan.verbose === 0 || own ? [] : [new ProgbarLogger()]
}

async function train(training: Training): Promise<void> {
  const { feed, validation, saving } = training
  try {
    await trainOn(training)
  } finally {
    feed.close()
    validation?.close()
    await saving?.checkpoints?.close()
  }
}

async function trainOn(training: Training): Promise<void> {
  const { model, plan, feed, validation, callbacks, session } = training
  const { batchSize, nonFinite, signal } = plan
  const guarded = nonFinite === 'error' || callbacks.stopsOnNonFinite
  const logNames = await feed.prepare(model, { kind: 'train', batchSize, guarded, signal })
  const validated = await validation?.prepare(model, {
    kind: 'test',
    batchSize: plan.validationBatchSize,
    guarded: false,
    signal,
  })
  model.stopTraining = false
  callbacks.begin(model, {
    epochs: plan.epochs,
    initialEpoch: plan.initialEpoch,
    steps: feed.steps({ batchSize, maxSteps: plan.stepsPerEpoch }),
    samples: feed.samples,
    verbose: plan.verbose,
    logNames: [...logNames, ...(validated ?? []).map((name) => `val_${name}`)],
  })
  const waiting = (work: () => Promise<void>): Promise<void> =>
    whilePaused(session, () => untilAborted(work(), signal, 'fit'))
  try {
    await waiting(() => callbacks.call('onTrainBegin', {}))
    const logs = await epochs(training, guarded, waiting)
    reviewMetrics(model)
    model.optimizer.finalizeVariableValues(model.trainableVariables)
    await waiting(() => callbacks.call('onTrainEnd', logs))
    backupOf(plan)?.clear()
  } catch (error) {
    callbacks.interrupt()
    throw error
  }
}

type Waiting = (work: () => Promise<void>) => Promise<void>

async function epochs(training: Training, guarded: boolean, waiting: Waiting): Promise<Logs> {
  const { model, plan, callbacks, report, stop, saving } = training
  const { epoch: first, step } = saving?.found?.point ?? { epoch: plan.initialEpoch, step: 0 }
  const goesOn = (epoch: number): boolean => epoch < plan.epochs && !model.stopTraining && !stop.signal.aborted
  // An epoch that had begun begins before its state is set: what its beginning did is part of that.
  if (step > 0) await waiting(() => callbacks.callNumbered('onEpochBegin', first, {}))
  await resume(training)
  let logs: Logs = saving?.found?.logs ?? {}
  let next = first
  for (let epoch = first; goesOn(epoch); epoch++) {
    const from = epoch === first ? step : 0
    if (from === 0) await waiting(() => callbacks.callNumbered('onEpochBegin', epoch, {}))
    logs = await trainEpoch(training, epoch, guarded, from)
    if (isDue(plan.validationFreq, epoch) && !stop.signal.aborted) logs = { ...logs, ...(await validate(training)) }
    checkAborted('fit', plan.signal)
    await waiting(() => callbacks.callNumbered('onEpochEnd', epoch, logs))
    const event: EpochReport = { epoch, logs: logs as EpochLogs }
    await waiting(() => report(event))
    next = epoch + 1
    // The last one is that of the end.
    if (goesOn(next)) await saving?.checkpoints?.epochEnded(epoch, progressAt(training, { epoch: next, step: 0 }, logs))
  }
  checkAborted('fit', plan.signal)
  await saving?.checkpoints?.finish(progressAt(training, { epoch: next, step: 0 }, logs))
  return logs
}

/** Goes on from a checkpoint, where there is one. */
async function resume(training: Training): Promise<void> {
  const { model, plan, feed, validation, callbacks, saving } = training
  const found = saving?.found
  if (found === undefined) return
  found.restore(variablesOf(training))
  if (found.rate !== null) model.optimizer.learningRate = found.rate
  const [own = null, other = null] = found.feed as readonly State[]
  if (own !== null) await feed.setState(own)
  if (other !== null) await validation?.setState(other)
  callbacks.setState(found.callbacks)
  model.stopTraining = found.stopped
  if (plan.verbose === 0) return
  const { epoch, step } = found.point
  console.log(`Going on from ${found.path}: epoch ${epoch + 1}${step === 0 ? '' : `, step ${step}`}`)
}

/** What a checkpoint at a point holds. */
function progressAt(training: Training, point: FitPoint, logs: Logs): Write {
  const { model, feed, validation, callbacks, seed } = training
  return {
    variables: variablesOf(training),
    progress: () => ({
      point,
      stopped: model.stopTraining,
      rate: fixedRate(model.optimizer),
      logs,
      seed,
      callbacks: callbacks.getState(),
      feed: [feed.getState(), validation?.getState() ?? null],
    }),
  }
}

/** The rate as it was set; a schedule says it anew at each step. */
function fixedRate({ learningRate }: Optimizer): number | null {
  return typeof learningRate === 'number' ? learningRate : null
}

/** All that a training changes. */
function variablesOf({ model, feed }: Training): Variable[] {
  return [...new Set([...model.variables, ...model.optimizer.variables, ...feed.variables])]
}

function isDue(frequency: number | readonly number[], epoch: number): boolean {
  return typeof frequency === 'number' ? (epoch + 1) % frequency === 0 : frequency.includes(epoch + 1)
}

async function trainEpoch(training: Training, epoch: number, guarded: boolean, from: number): Promise<Logs> {
  const { model, plan, feed, callbacks, history, stop, seed } = training
  if (from === 0) resetState(model)
  const result = await feed.run(model, {
    kind: 'train',
    batchSize: plan.batchSize,
    maxSteps: plan.stepsPerEpoch,
    pass: epoch - plan.initialEpoch,
    shuffle: plan.shuffle ? { seed, epoch } : undefined,
    signal: stop.signal,
    guarded,
    from,
    stops: stopsOf(training, epoch),
    profiling: training.profiling,
    // The history asks for the end alone, and to be told costs more than many a short run does.
    ...(callbacks.callbacks.some((own) => own !== history && own.onTrainProgress !== undefined) && {
      onProgress: ({ step, samples, seconds, waited, logs }: StepProgress) =>
        callbacks.progress(
          {
            epoch,
            step,
            samples,
            seconds,
            waited,
            steps: feed.steps({ batchSize: plan.batchSize, maxSteps: plan.stepsPerEpoch }),
          },
          logs,
        ),
    }),
    ...batchHooks(training, 'Train', true),
  })
  if (plan.signal?.aborted) throw abortedError('fit', plan.signal)
  if (result.nonFinite !== undefined) return onNonFinite(training, epoch, result)
  const { steps, samples, seconds, waited, logs } = result
  callbacks.progress({ epoch, step: steps, samples, seconds, waited, steps }, logs)
  return logs
}

/** Stops for checkpoints within an epoch; that of its end comes behind validation and callbacks. */
function stopsOf(training: Training, epoch: number): Stops | undefined {
  const { saving, feed, plan } = training
  const checkpoints = saving?.checkpoints
  if (checkpoints === undefined) return undefined
  const last = feed.steps({ batchSize: plan.batchSize, maxSteps: plan.stepsPerEpoch })
  return {
    get stride() {
      return checkpoints.stride
    },
    reached(steps, milliseconds, step) {
      const atEnd = last !== undefined && step >= last
      return checkpoints.reached(steps, milliseconds, atEnd ? undefined : progressAt(training, { epoch, step }, {}))
    },
  }
}

/** A callback may have asked to end quietly instead. */
function onNonFinite({ model, callbacks }: Training, epoch: number, { steps, logs, nonFinite }: PassResult): Logs {
  if (callbacks.stopsOnNonFinite) {
    model.stopTraining = true
    return { ...logs, loss: Number.NaN }
  }
  throw new FerrogradError(
    'ERR_NON_FINITE',
    `fit: ${whatOf(model, nonFinite)} became NaN or infinite in epoch ${epoch + 1}, batch ${steps} (counted from 0); the weights are as before that batch. ` +
      `Lower the learning rate, scale the inputs, or clip gradients; nonFinite: 'continue' goes on regardless`,
  )
}

async function validate({ model, plan, validation, callbacks, stop, session }: Training): Promise<Logs> {
  if (validation === undefined) return {}
  resetState(model)
  await untilAborted(callbacks.call('onTestBegin', {}), plan.signal, 'fit')
  const { logs } = await validation.run(model, {
    kind: 'test',
    batchSize: plan.validationBatchSize,
    maxSteps: plan.validationSteps,
    signal: stop.signal,
    guarded: false,
    ...batchHooks({ model, callbacks, stop, session, plan }, 'Test', false),
  })
  await untilAborted(callbacks.call('onTestEnd', logs), plan.signal, 'fit')
  return Object.fromEntries(Object.entries(logs).map(([name, value]) => [`val_${name}`, value]))
}

type BatchHooks = Pick<PassOptions, 'onBatchBegin' | 'onBatchEnd'>

/** The batch hooks that some callback has; with none, no step is reported. */
function batchHooks(
  { model, callbacks, stop, plan }: Pick<Training, 'model' | 'callbacks' | 'stop' | 'session' | 'plan'>,
  kind: 'Train' | 'Test',
  stops: boolean,
): BatchHooks {
  const begin = `on${kind}BatchBegin` as const
  const end = `on${kind}BatchEnd` as const
  if (!callbacks.has(begin) && !callbacks.has(end)) return {}
  const call = async (hook: typeof begin | typeof end, batch: number, logs: Logs): Promise<void> => {
    await untilAborted(callbacks.callNumbered(hook, batch, logs), plan.signal, 'fit')
    if (stops && model.stopTraining) stop.abort()
  }
  return {
    onBatchBegin: (batch, logs) => call(begin, batch, logs),
    onBatchEnd: (batch, logs) => call(end, batch, logs),
  }
}

/** After the last pass: what metrics have to say of what they met. Those of earlier passes were asked by their reset. */
export function reviewMetrics(model: Model): void {
  for (const metric of model.metrics) metric.review()
}

/** The loss and metrics of a new pass start from nothing. */
export function resetState(model: Model): void {
  for (const tracker of model.compiled.resolved?.trackers ?? []) tracker.reset()
  for (const metric of model.metrics) metric.reset()
}

export type { Callback }
