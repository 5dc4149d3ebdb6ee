/** One step at a time: trainOnBatch, testOnBatch, predictOnBatch. */
import type { Logs } from '../callbacks/callback.js'
import { runInline } from '../core/inline-runs.js'
import { NonFinite } from '../core/non-finite.js'
import { FerrogradError } from '../errors.js'
import type { Model } from '../model/model.js'
import { prepareData, tensorsOf } from './batch-data.js'
import { resetState } from './fit.js'
import { type BatchOptions, planBatch } from './options.js'
import { stepFor } from './programs.js'
import { checkUsable, openSession } from './session.js'
import { readLogs } from './stretch.js'
import { whatOf } from './what-of.js'

/** One step of training on exactly this batch; its loss and metrics. */
export function trainOnBatch(model: Model, x: unknown, y: unknown, options: BatchOptions = {}): Promise<Logs> {
  return onBatch(model, 'train', x, y, options)
}

/** The loss and metrics of exactly this batch. */
export function testOnBatch(model: Model, x: unknown, y: unknown, options: BatchOptions = {}): Promise<Logs> {
  return onBatch(model, 'test', x, y, options)
}

/** The outputs for exactly this batch. */
export async function predictOnBatch(model: Model, x: unknown): Promise<unknown> {
  checkUsable(model, 'predictOnBatch')
  const data = prepareData(model, 'predictOnBatch', { x }, 'none')
  const { program } = stepFor(model, 'predict', data, data.rows)
  const outputs = await runInline(program, tensorsOf(data), (outputs) => outputs)
  return model.pack(outputs)
}

async function onBatch(
  model: Model,
  kind: 'train' | 'test',
  x: unknown,
  y: unknown,
  options: BatchOptions,
): Promise<Logs> {
  const where = kind === 'train' ? 'trainOnBatch' : 'testOnBatch'
  const plan = planBatch(where, options)
  model.compiled satisfies object
  const { close } = openSession(model, where)
  try {
    const data = prepareData(model, where, { x, y, ...plan }, 'targets')
    const step = stepFor(model, kind, data, data.rows, kind === 'train')
    resetState(model)
    await runInline(step.program, tensorsOf(data), () => undefined)
    return await readLogs(step)
  } catch (error) {
    throw error instanceof NonFinite ? refused(model, where, error) : error
  } finally {
    close()
  }
}

function refused(model: Model, where: string, error: NonFinite): FerrogradError {
  const what = whatOf(model, error)
  return new FerrogradError(
    'ERR_NON_FINITE',
    `${where}: ${what} is NaN or infinite; the weights are as before the batch`,
  )
}
