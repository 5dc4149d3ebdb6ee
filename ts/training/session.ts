/** Who is working on a model: two trainings at once, or an evaluation amid one, would spoil each other's numbers. */
import { Attached } from '../core/attached.js'
import { fail } from '../errors.js'
import type { Model } from '../model/model.js'
import { claimMetrics } from './claimed-metrics.js'

/** A call that trains or evaluates. */
export interface Session {
  readonly call: string
  /** While callbacks run and the steps wait, the model may be evaluated. */
  paused: boolean
}

const sessions = new Attached<Model, Session>('session')

/** Throws where a model was disposed of. */
export function checkUsable(model: Model, call: string): void {
  if (model.disposed) fail('ERR_STATE', `${model.name}.${call}`, 'a model in use', { text: 'one that was disposed' })
}

/** Throws where a model is busy. */
export function checkIdle(model: Model, call: string): void {
  const other = sessions.get(model)
  if (other !== undefined) busy(model, call, other)
}

function busy(model: Model, call: string, other: Session): never {
  return fail(
    'ERR_STATE',
    `${model.name}.${call}`,
    'a model that is not busy',
    { text: `one inside ${other.call}` },
    `Await ${other.call} first`,
  )
}

/** Claims a model for a call; throws where another call has it. A paused call lends it. */
export function openSession(model: Model, call: string): { readonly session: Session; close(): void } {
  checkUsable(model, call)
  const other = sessions.get(model)
  if (other !== undefined && (!other.paused || call === 'fit')) busy(model, call, other)
  const free = claimMetrics(model, call)
  const session: Session = { call, paused: false }
  sessions.set(model, session)
  const close = (): void => {
    free()
    if (other === undefined) sessions.set(model, undefined)
    else sessions.set(model, other)
  }
  return { session, close }
}

/** Runs callbacks while the steps wait. */
export async function whilePaused<T>(session: Session, run: () => Promise<T>): Promise<T> {
  session.paused = true
  try {
    return await run()
  } finally {
    session.paused = false
  }
}
