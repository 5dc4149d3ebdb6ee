/** Errors of users' functions and sources, with the place in a pipeline where they arose. */

import { type ErrorCode, FerrogradError, show } from '../errors.js'

/**
 * What a stage throws where a user's function or source threw `cause`, which stays reachable as that. Errors of this library say
 * themselves where they arose.
 */
export function stageError(where: string, cause: unknown, code: ErrorCode = 'ERR_DATA'): FerrogradError {
  if (cause instanceof FerrogradError) return cause
  const { name, message } = cause instanceof Error ? cause : { name: '', message: show(cause) }
  const own = name === 'AbortError' ? 'ERR_ABORTED' : code
  return new FerrogradError(own, `${where}: ${message || name}`, { cause, where })
}
