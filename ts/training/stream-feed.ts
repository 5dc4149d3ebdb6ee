/** Batches out of a stream: each is checked, copied and run before the next one is asked for. */

import { type Moment, momentOf } from '../core/moment.js'
import { NonFinite } from '../core/non-finite.js'
import type { Program } from '../core/program.js'
import { type State, stateFields } from '../core/state.js'
import { type Tensor, tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { Dataset } from '../data/dataset.js'
import { givenIdentity, stagesOf } from '../data/identity.js'
import { isOneShot, isSource, type Source, type SourceLike, spend } from '../data/source.js'
import { fail } from '../errors.js'
import type { Model } from '../model/model.js'
import type { Json } from '../types.js'
import { untilAborted } from './abort.js'
import { type BatchData, columnsOf, prepareData, tensorsOf } from './batch-data.js'
import { partsOf } from './batch-parts.js'
import type { ClassWeight } from './data-types.js'
import type { Feed, PassOptions, PassResult, Preparation } from './feed.js'
import { type CompiledStep, stepFor } from './programs.js'
import { readLogs } from './stretch.js'

/** At most so often is progress told, in milliseconds. */
const progressMs = 50

/** Opens the stream anew for each pass; with a number of steps it goes on where the last pass stopped. */
export class StreamFeed implements Feed {
  readonly samples: undefined = undefined
  readonly #where: string
  readonly #source: SourceLike<unknown>
  readonly #steps: number | undefined
  readonly #classWeight: ClassWeight | undefined
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined
  /** Aborted when nobody reads on what the iterator gives. */
  #left = new AbortController()
  /** Batches that the open iterator has given. */
  #given = 0
  /** The step of the first batch. */
  #prepared: CompiledStep | undefined
  /** What the source remembered when it was opened. */
  #opened: State = null
  /** Read ahead, to learn the shapes before the first pass. */
  #ahead: unknown[] = []

  constructor(where: string, source: SourceLike<unknown>, steps?: number, classWeight?: ClassWeight) {
    checkEnds(where, source, steps)
    this.#where = where
    this.#source = source
    this.#steps = steps
    this.#classWeight = classWeight
  }

  steps(): number | undefined {
    return this.#steps
  }

  get variables(): readonly Variable[] {
    return [...(this.#prepared?.program.touched ?? [])]
  }

  async prepare(model: Model, { kind, guarded, signal }: Preparation): Promise<readonly string[]> {
    const data = this.#marshal(model, await this.#first(signal), 0)
    this.#prepared = stepFor(model, kind, data, data.rows, guarded)
    return this.#prepared.logNames
  }

  /** The first batch; it stays in the stream. */
  async #first(signal: AbortSignal | undefined): Promise<unknown> {
    if (this.#ahead.length === 0) {
      const next = await this.#next(signal)
      if (next.done) fail('ERR_DATA', this.#where, 'at least one batch', { text: 'an empty stream' })
      this.#ahead.push(next.value)
    }
    return this.#ahead[0]
  }

  /** What the data set is; of any other stream, the function that opens it. */
  async identity(): Promise<Json> {
    if (this.#source instanceof Dataset) return await stagesOf(this.#source.flow)
    return [await givenIdentity(this.#source)()]
  }

  /** How many batches the open iterator has given to steps, and what the source remembers. */
  getState(): State {
    const source = this.#iterator === undefined ? stateOf(this.#source) : this.#opened
    return { given: this.#given - this.#ahead.length, source }
  }

  /**
   * Opens the source as it was opened then, behind the batches that were used: a data set over arrays jumps there, of others
   * they are made again, and not trained on.
   */
  async setState(state: State): Promise<void> {
    const { given, source } = stateFields(`${this.#where} state`, state)
    this.close()
    this.#ahead = []
    if (this.#source instanceof Dataset && source != null) this.#source.setState(source)
    const count = this.#source instanceof Dataset ? this.#source.count : undefined
    if (count === undefined) await this.#draw(given as number)
    else this.#jump(this.#source as Dataset<unknown>, count, given as number)
  }

  /** Opens a data set behind the batches that were used. */
  #jump(source: Dataset<unknown>, count: number, given: number): void {
    if (given > count) this.#failShort(given, count)
    this.#opened = stateOf(source)
    this.#iterator = source.iterateFrom(given, this.#left.signal)
    this.#given = given
  }

  /** Draws the batches that were used. */
  async #draw(given: number): Promise<void> {
    for (let batch = 0; batch < given; batch += 1) {
      const next = await this.#next(undefined)
      if (next.done === true) this.#failShort(given, batch)
    }
  }

  #failShort(given: number, batches: number): never {
    const hint = 'Is it another source?'
    return fail('ERR_DATA', this.#where, `${given} batches, as were used before`, { text: `${batches}` }, hint)
  }

  async run(model: Model, options: PassOptions): Promise<PassResult> {
    const began = performance.now()
    let told = began
    let [samples, waited] = [0, 0]
    let step = options.from ?? 0
    let last = step > 0 ? this.#prepared : undefined
    let nonFinite: NonFinite | undefined
    const moment = options.kind === 'test' ? (options.moment ?? momentOf(model.weights)) : undefined
    const { signal } = options
    try {
      for (; this.#steps === undefined || step < this.#steps; step++) {
        if (signal?.aborted) break
        const asked = performance.now()
        const batch = await this.#batch(step, signal)
        if (batch === undefined) break
        const stepped = performance.now()
        const data = this.#marshal(model, batch.value, step)
        waited += (performance.now() - asked) / 1000
        // A hook may write to the arrays of its own batch.
        const tensors = options.onBatchBegin ? copiesOf(data) : tensorsOf(data)
        await options.onBatchBegin?.(step, {})
        last = stepFor(model, options.kind, data, data.rows, options.guarded)
        nonFinite = await runGuarded(last.program, tensors, moment)
        if (nonFinite !== undefined) break
        samples += data.rows
        await options.stops?.reached(1, performance.now() - stepped, step + 1)
        const seconds = (performance.now() - began) / 1000
        if (options.onBatchEnd) await options.onBatchEnd(step, await readLogs(last))
        if (options.onProgress && performance.now() - told >= progressMs) {
          told = performance.now()
          options.onProgress({ step: step + 1, samples, seconds, waited, logs: await readLogs(last) })
        }
      }
    } catch (error) {
      this.close()
      throw error
    }
    if (this.#steps === undefined || nonFinite !== undefined) this.close()
    const seconds = (performance.now() - began) / 1000
    const aborted = signal?.aborted === true
    return { steps: step, samples, seconds, waited, logs: last ? await readLogs(last) : {}, nonFinite, aborted }
  }

  /** Each batch of one pass, checked: for prediction. */
  async *batches(model: Model, signal: AbortSignal | undefined): AsyncGenerator<BatchData> {
    try {
      for (let step = 0; this.#steps === undefined || step < this.#steps; step++) {
        const batch = await this.#batch(step, signal)
        if (batch === undefined) return
        yield this.#marshal(model, batch.value, step, 'none')
      }
    } finally {
      this.close()
    }
  }

  /** Lets the source clean up. */
  close(): void {
    const iterator = this.#iterator
    this.#iterator = undefined
    this.#given = 0
    this.#left.abort()
    this.#left = new AbortController()
    // It may never settle; nobody waits for it.
    Promise.resolve(iterator?.return?.()).catch(() => undefined)
  }

  /** The next batch of this pass; undefined where the stream ends and may. */
  async #batch(step: number, signal: AbortSignal | undefined): Promise<{ readonly value: unknown } | undefined> {
    if (this.#ahead.length > 0) return { value: this.#ahead.shift() }
    const next = await this.#next(signal)
    if (!next.done) return { value: next.value }
    const given = this.#given
    this.close()
    if (this.#steps === undefined) {
      if (step === 0) fail('ERR_DATA', this.#where, 'at least one batch', { text: 'an empty stream' })
      return undefined
    }
    if (given < this.#steps) {
      fail(
        'ERR_DATA',
        this.#where,
        `${this.#steps} batches (the steps asked for)`,
        { text: `a stream of ${given}` },
        'Ask for fewer steps, or repeat() the data',
      )
    }
    return this.#batch(step, signal)
  }

  async #next(signal: AbortSignal | undefined): Promise<IteratorResult<unknown>> {
    this.#iterator ??= await this.#open()
    const next = await untilAborted(Promise.resolve(this.#iterator.next()), signal)
    if (next.done !== true) this.#given += 1
    return next
  }

  async #open(): Promise<Iterator<unknown> | AsyncIterator<unknown>> {
    this.#opened = stateOf(this.#source)
    if (this.#source instanceof Dataset) return this.#source.iterate(this.#left.signal)
    const opened: unknown = typeof this.#source === 'function' ? await this.#source() : this.#source
    if (!isSource(opened)) return fail('ERR_DATA', this.#where, 'an iterable of batches', opened)
    if (isOneShot(opened)) spend(opened)
    return iteratorOf(opened)
  }

  #marshal(model: Model, batch: unknown, step: number, targets: 'targets' | 'none' = 'targets'): BatchData {
    const where = `${this.#where} batch ${step}`
    const { x, y, sampleWeight } = partsOf(where, batch, targets)
    return prepareData(model, where, { x, y, sampleWeight, classWeight: this.#classWeight }, targets)
  }
}

/** Refuses a data set that never ends where nobody says how many steps to take. */
export function checkEnds(where: string, source: SourceLike<unknown>, steps: number | undefined): void {
  if (steps !== undefined || !(source instanceof Dataset && source.endless)) return
  const hint = 'Pass stepsPerEpoch (fit) or steps (evaluate, predict)'
  fail('ERR_CONFIG', `${where} steps`, 'a number of steps for a data set that repeats for ever', undefined, hint)
}

/** What a source remembers between passes. */
function stateOf(source: SourceLike<unknown>): State {
  return source instanceof Dataset ? source.getState() : null
}

function iteratorOf(source: Source<unknown>): Iterator<unknown> | AsyncIterator<unknown> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

/** As {@link tensorsOf}, copied now. */
function copiesOf(data: BatchData): Tensor[] {
  return columnsOf(data).map(({ values, shape, dtype }) => tensor(values, shape, dtype))
}

/** Runs the step; what was not finite in it, if anything. */
async function runGuarded(
  program: Program,
  inputs: readonly Tensor[],
  moment: Moment | undefined,
): Promise<NonFinite | undefined> {
  try {
    await program.runAt(moment, inputs)
    return undefined
  } catch (error) {
    if (error instanceof NonFinite) return error
    throw error
  }
}
