/** Elements through a function that other threads run. */

import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { FerrogradError, fail } from '../errors.js'
import { type Chunk, List } from './chunk.js'
import { readParallel } from './dataset-options.js'
import { atLeastOne, type Flow, wanting } from './flow.js'

/** Elements that each worker has before it, so that it need not wait for the next one. */
const AHEAD = 2

/** What the function of a file makes of the elements, in their order. The workers end with the pass. */
export function mappedInWorkers<T, U>(flow: Flow<T>, file: string | URL, options: unknown): Flow<U> {
  if (typeof file !== 'string' && !(file instanceof URL))
    fail('ERR_CONFIG', 'Dataset.mapParallel.file', 'the path or URL of a file', file)
  const { workers = Math.max(1, availableParallelism() - 1) } = readParallel(options)
  const { count, endless = false, isWide = false } = flow
  return {
    count,
    endless,
    isWide,
    async *open(pass, from, demand) {
      const pool = new Pool(moduleOf(file), workers)
      const asked: Promise<U>[] = []
      const taken = async (least: number): Promise<List<U> | undefined> => {
        const items: U[] = []
        while (asked.length > least) items.push(await asked.shift()!)
        return items.length === 0 ? undefined : new List(items)
      }
      try {
        let index = from
        for await (const chunk of flow.open(
          pass,
          from,
          wanting(() => Math.max(atLeastOne(demand), workers * AHEAD), demand),
        ))
          for (let i = 0; i < chunk.length; i++) {
            asked.push(pool.run<U>(ownElement(chunk, i), index++))
            const ready = asked.length >= workers * AHEAD + atLeastOne(demand) && (await taken(workers * AHEAD))
            if (ready) yield ready
          }
        const rest = await taken(0)
        if (rest !== undefined) yield rest
      } finally {
        await pool.close()
      }
    },
  }
}

export function moduleOf(file: string | URL): string {
  return typeof file === 'string' && !file.startsWith('file:') ? pathToFileURL(resolve(file)).href : String(file)
}

interface Sent {
  readonly value: unknown
  /** Memory that goes over to the other thread. */
  readonly transfer: readonly ArrayBuffer[]
}

/** Elements that somebody made are theirs, and are copied; those that come out of columns are made here, and handed over. */
function ownElement(chunk: Chunk, i: number): Sent {
  const value = compact(chunk.at(i))
  return { value, transfer: chunk instanceof List ? [] : buffersOf(value) }
}

/** The same with each view in memory no larger than itself: a copy of a view is one of all the memory it is of. */
function compact(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return isWhole(value) ? value : (value as Uint8Array).slice()
  if (Array.isArray(value)) return value.map(compact)
  if (!isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, compact(part)]))
}

function isWhole(view: ArrayBufferView): boolean {
  return view.byteLength === view.buffer.byteLength
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function buffersOf(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return value.buffer instanceof ArrayBuffer ? [value.buffer] : []
  return typeof value === 'object' && value !== null ? [...new Set(Object.values(value).flatMap(buffersOf))] : []
}

/** What runs in each thread. Whole views of a result are handed over, the others copied. */
const CODE = `
const { parentPort, workerData } = require('node:worker_threads')
const module_ = import(workerData)
const buffersOf = (value) =>
  ArrayBuffer.isView(value)
    ? value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength ? [value.buffer] : []
    : typeof value === 'object' && value !== null ? Object.values(value).flatMap(buffersOf) : []
parentPort.on('message', async ({ id, value, index }) => {
  try {
    const { default: change } = await module_
    if (typeof change !== 'function') throw new TypeError('expected a function as the default export of ' + workerData)
    const made = await change(value, index)
    parentPort.postMessage({ id, value: made }, [...new Set(buffersOf(made))])
  } catch (error) {
    parentPort.postMessage({ id, failed: String(error?.message ?? error), stack: error?.stack })
  }
})
module_.catch(() => undefined)
`

interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly failed?: string
  readonly stack?: string
}

interface Waiting {
  readonly index: number
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/** Threads that elements are handed to in turn. */
class Pool {
  readonly #file: string
  readonly #threads: Thread[]
  #next = 0

  constructor(file: string, workers: number) {
    this.#file = file
    this.#threads = Array.from({ length: workers }, () => new Thread(file))
  }

  /** What the function makes of an element. */
  run<U>({ value, transfer }: Sent, index: number): Promise<U> {
    const thread = this.#threads[this.#next]!
    this.#next = (this.#next + 1) % this.#threads.length
    const answer = new Promise<U>((resolve, reject) => {
      thread.ask({ index, resolve: resolve as Waiting['resolve'], reject }, value, transfer, this.#file)
    })
    // It may fail before its turn comes; it is thrown when it does.
    answer.catch(() => undefined)
    return answer
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()))
  }
}

class Thread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #asked = 0
  /** Why it answers no more. */
  #gone: unknown

  constructor(file: string) {
    const name = shown(file)
    this.#worker = new Worker(CODE, { eval: true, workerData: file })
    this.#worker.on('message', (answer: Answer) => this.#answered(answer, name))
    this.#worker.on('error', (cause: Error) =>
      this.#end(failure(`${name}: the worker failed: ${cause.message}`, cause)),
    )
    this.#worker.on('exit', (code) => this.#end(failure(`${name}: the worker ended with code ${code}`)))
  }

  ask(waiting: Waiting, value: unknown, transfer: readonly ArrayBuffer[], file: string): void {
    if (this.#gone !== undefined) {
      waiting.reject(this.#gone)
      return
    }
    const id = this.#asked++
    this.#waiting.set(id, waiting)
    try {
      this.#worker.postMessage({ id, value, index: waiting.index }, [...transfer])
    } catch (cause) {
      this.#waiting.delete(id)
      waiting.reject(
        failure(`${shown(file)}: element ${waiting.index} cannot be sent: ${(cause as Error).message}`, cause),
      )
    }
  }

  #answered({ id, value, failed, stack }: Answer, name: string): void {
    const waiting = this.#waiting.get(id)!
    this.#waiting.delete(id)
    if (failed === undefined) waiting.resolve(value as never)
    else {
      const cause = Object.assign(new Error(failed), { stack })
      waiting.reject(failure(`${name}: element ${waiting.index}: ${failed}`, cause))
    }
  }

  #end(error: FerrogradError): void {
    this.#gone ??= error
    for (const { reject } of this.#waiting.values()) reject(this.#gone)
    this.#waiting.clear()
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}

function shown(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file
}

function failure(text: string, cause?: unknown): FerrogradError {
  return new FerrogradError('ERR_DATA', `Dataset.mapParallel: ${text}`, { cause })
}
