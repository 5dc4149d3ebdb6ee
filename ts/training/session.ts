/** Who is working on a model: two trainings at once, or an evaluation amid one, would spoil each other's numbers. */
import { fail } from '../errors.js'
import type { Model } from '../model/model.js'

/** A call that trains or evaluates. */
export interface Session {
  readonly call: string
  /** While callbacks run and the steps wait, the model may be evaluated. */
  paused: boolean
}

const sessions = new WeakMap<Model, Session>()

/** Claims a model for a call; throws where another call has it. A paused call lends it. */
export function openSession(model: Model, call: string): { readonly session: Session; close(): void } {
  const other = sessions.get(model)
  if (other !== undefined && (!other.paused || call === 'fit')) {
    fail(
      'ERR_STATE',
      `${model.name}.${call}`,
      'a model that is not busy',
      { text: `one inside ${other.call}` },
      `Await ${other.call} first`,
    )
  }
  const session: Session = { call, paused: false }
  sessions.set(model, session)
  const close = (): void => {
    if (other === undefined) sessions.delete(model)
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
