/** Sources that are waited for when their reader leaves. */

import { Readable } from 'node:stream'
import { FerrogradError } from '../errors.js'
import type { Source } from './source.js'

/**
 * What a source gives, until its reader leaves: then it is closed at once, even amid a wait for what never comes. Streams of Node and of the
 * web are, and iterators whose `return` does not wait; a generator that waits for something cannot be.
 */
export async function* untilLeft<T>(source: Source<T>, left: AbortSignal | undefined): AsyncGenerator<T> {
  if (left === undefined) return yield* source as AsyncIterable<T>
  const iterator = iteratorOf(source)
  const close = (): void => void closed(source, iterator).catch(() => undefined)
  if (left.aborted) {
    close()
    throw goneError()
  }
  left.addEventListener('abort', close, { once: true })
  let ended = false
  try {
    for (;;) {
      const step = await iterator.next()
      // What ended because it was closed is not at its end.
      if (left.aborted) throw goneError()
      ended = step.done === true
      if (step.done === true) return
      yield step.value
    }
  } finally {
    left.removeEventListener('abort', close)
    if (!ended && !left.aborted) await iterator.return?.()
  }
}

/** What is thrown where nobody reads on: what has been given is not all. */
export function goneError(): FerrogradError {
  return new FerrogradError('ERR_ABORTED', 'data: nobody reads on')
}

type Steps<T> = AsyncIterator<T> | Iterator<T>

/** A stream of the web is read by a reader, whose `cancel` does not wait as its iterator's `return` does. */
function iteratorOf<T>(source: Source<T>): Steps<T> {
  if (!isWebStream<T>(source))
    return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  const reader = source.getReader()
  return {
    next: () => reader.read() as Promise<IteratorResult<T>>,
    async return() {
      await reader.cancel()
      return { done: true, value: undefined }
    },
  }
}

function isWebStream<T>(source: object): source is ReadableStream<T> {
  return typeof (source as Partial<ReadableStream>).getReader === 'function'
}

/** The iterator of a stream of Node is a generator, which waits; the stream does not. */
async function closed<T>(source: Source<T>, iterator: Steps<T>): Promise<void> {
  if (!(source instanceof Readable)) await iterator.return?.()
  // What fails from now on, nobody waits for.
  else source.on('error', () => undefined).destroy()
}
