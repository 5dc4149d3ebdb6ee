/** Waiting that an AbortSignal ends. */
import { FerrogradError } from '../errors.js'

/** Throws ERR_ABORTED if the signal says so. */
export function checkAborted(where: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(where, signal)
}

/** The error that an aborted call rejects with. */
export function abortedError(where: string, signal: AbortSignal | undefined): FerrogradError {
  return new FerrogradError(
    'ERR_ABORTED',
    `${where}: aborted by its signal; the weights are as after the last whole step`,
    {
      cause: signal?.reason,
    },
  )
}

/** The promise, or ERR_ABORTED as soon as the signal aborts. */
export async function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  where = 'data',
): Promise<T> {
  if (signal === undefined) return promise
  // Nobody waits for it where the signal has aborted; it may fail then.
  promise.catch(() => undefined)
  checkAborted(where, signal)
  let onAbort = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortedError(where, signal))
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
