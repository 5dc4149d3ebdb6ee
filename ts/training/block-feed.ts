/** Batches of a data set that come many at a time: while one block of them is trained on, the next is made. */

import type { Columns } from '../core/columns.js'
import { type Moment, momentOf } from '../core/moment.js'
import { type State, stateFields } from '../core/state.js'
import type { Variable } from '../core/variable.js'
import { Batches, type Chunk, elementsOf, Picked, type Rows } from '../data/chunk.js'
import type { Dataset } from '../data/dataset.js'
import { isHeld, leavable } from '../data/flow.js'
import { stagesOf } from '../data/identity.js'
import { joinBatches } from '../data/join.js'
import { Turns } from '../data/turns.js'
import { fail } from '../errors.js'
import type { Model } from '../model/model.js'
import type { Json } from '../types.js'
import { untilAborted } from './abort.js'
import { type BatchData, prepareData } from './batch-data.js'
import { partsOf } from './batch-parts.js'
import type { ClassWeight } from './data-types.js'
import { type Feed, nativeColumns, nothingYet, type PassOptions, type PassResult, type Preparation } from './feed.js'
import { type CompiledStep, stepFor } from './programs.js'
import { checkEnds } from './stream-feed.js'
import { type RowsOf, readLogs, runStretch, type Steps } from './stretch.js'

/** A block grows until its steps take so many milliseconds. */
const LONG_MS = 4
/** Where its rows lie in Rust already: it costs hardly more than the visit to another thread. */
const LONG_PICKED_MS = 16
/** Or until making it would take so many: parts of that are work without a turn of the event loop. */
const MAKING_MS = 3
/** The same of rows in memory, whose parts no threads that parse interrupt. */
const MAKING_HELD_MS = 5
/** What making a block takes however small it is. */
const FIXED_MS = 0.2
/** At most so many times at once: what small blocks take to make says little about larger ones. */
const GROWTH = 16
/** After so many milliseconds of blocks the event loop turns. */
const TURN_MS = 2
/** The most numbers that are copied for a block: it takes a millisecond or two, for which nothing else runs. */
const MOST = 1 << 19
/** The most rows that are picked for a block, for the same reason. */
const MOST_ROWS = 1 << 17

/** Consecutive batches, marshalled. */
interface Block {
  readonly data: BatchData
  /** Rows of a whole batch; the last may have fewer. */
  readonly size: number
  readonly batches: number
  /** Its rows in Rust, or all rows that it is picked from. */
  readonly columns: Columns
  /** Which rows of the columns, where these are all. */
  readonly order: Uint32Array | undefined
}

/** Columns in memory, copied to Rust once. */
interface Whole {
  readonly data: BatchData
  readonly columns: Columns
}

/** Goes through a data set as {@link StreamFeed} does, but takes many batches at a time. */
export class BlockFeed implements Feed {
  readonly samples: undefined = undefined
  readonly #where: string
  readonly #source: Dataset<unknown>
  readonly #steps: number | undefined
  readonly #classWeight: ClassWeight | undefined
  readonly #making: number
  #iterator: AsyncIterator<Chunk> | undefined
  /** Says that nobody reads on what the iterator gives. */
  #leaving: (() => void) | undefined
  /** Batches that were drawn and not yet marshalled. */
  #left: Chunk | undefined
  /** A block that was made ahead. */
  #ahead: Promise<Block | undefined> | undefined
  /** Batches of the open iterator that steps have used. */
  #used = 0
  /** What the source remembered when it was opened. */
  #opened: State = null
  /** How many batches a block may have. */
  #wanted = 1
  /** Milliseconds that each batch added to making the last block. */
  #cost = 0
  /** When the last block was made: later than all times while one is being made. */
  #made = 0
  #prepared: CompiledStep | undefined
  /** What batches are picked from; nothing where it has to be gone through batch by batch. */
  readonly #wholes = new Map<Rows, Whole | undefined>()

  constructor(where: string, source: Dataset<unknown>, steps?: number, classWeight?: ClassWeight) {
    checkEnds(where, source, steps)
    this.#where = where
    this.#source = source
    this.#steps = steps
    this.#classWeight = classWeight
    this.#making = isHeld(source.flow) ? MAKING_HELD_MS : MAKING_MS
  }

  steps(): number | undefined {
    return this.#steps ?? this.#source.count
  }

  get variables(): readonly Variable[] {
    return [...(this.#prepared?.program.touched ?? [])]
  }

  async prepare(model: Model, { kind, guarded, signal }: Preparation): Promise<readonly string[]> {
    this.#ahead ??= this.#block(model, 0, signal)
    const block = await this.#ahead
    if (block === undefined) return this.#failEmpty()
    this.#prepared = stepFor(model, kind, block.data, block.size, guarded)
    return this.#prepared.logNames
  }

  async identity(): Promise<Json> {
    return await stagesOf(this.#source.flow)
  }

  getState(): State {
    const source = this.#iterator === undefined ? this.#source.getState() : this.#opened
    return { given: this.#used, source }
  }

  /** Opens the source as it was opened then, behind the batches that were used. */
  async setState(state: State): Promise<void> {
    const { given, source } = stateFields(`${this.#where} state`, state)
    this.#leave()
    if (source != null) this.#source.setState(source)
    const { count } = this.#source
    if (count !== undefined && (given as number) > count) {
      const got = { text: `${count}` }
      fail('ERR_DATA', this.#where, `${given} batches, as were used before`, got, 'Is it another source?')
    }
    this.#open(given as number)
  }

  async run(model: Model, options: PassOptions): Promise<PassResult> {
    const { kind, signal } = options
    const moment = kind === 'test' ? (options.moment ?? momentOf(model.weights)) : undefined
    let result: PassResult = { ...nothingYet, steps: options.from ?? 0 }
    const turns = new Turns(TURN_MS)
    try {
      while (this.#steps === undefined || result.steps < this.#steps) {
        if (signal?.aborted) return this.#ended({ ...result, aborted: true })
        // Blocks that are there, and short runs, would follow each other for long without a turn of the event loop.
        if (turns.due) await turns.turn()
        const asked = performance.now()
        const block = await this.#next(model, result.steps, signal)
        if (block === undefined) break
        const waited = (performance.now() - asked) / 1000
        result = { ...result, seconds: result.seconds + waited, waited: result.waited + waited }
        result = await this.#runBlock(model, block, options, result, moment)
        if (result.aborted || result.nonFinite !== undefined) return this.#ended(result)
      }
    } catch (error) {
      this.#leave()
      throw error
    }
    if (this.#steps === undefined) this.#leave()
    const logs = this.#prepared === undefined ? {} : await readLogs(this.#prepared)
    return { ...result, logs }
  }

  #ended(result: PassResult): PassResult {
    if (this.#steps === undefined || result.nonFinite !== undefined) this.#leave()
    return result
  }

  /** The next block of this pass; undefined where the data end and may. */
  async #next(model: Model, step: number, signal: AbortSignal | undefined): Promise<Block | undefined> {
    const made = this.#ahead ?? this.#block(model, step, signal)
    this.#ahead = undefined
    const block = await made
    if (block !== undefined) return block
    const given = this.#used
    this.#leave()
    if (this.#steps === undefined) return step === 0 ? this.#failEmpty() : undefined
    if (given < this.#steps) {
      const hint = 'Ask for fewer steps, or repeat() the data'
      fail(
        'ERR_DATA',
        this.#where,
        `${this.#steps} batches (the steps asked for)`,
        { text: `a stream of ${given}` },
        hint,
      )
    }
    return this.#next(model, step, signal)
  }

  #failEmpty(): never {
    return fail('ERR_DATA', this.#where, 'at least one batch', { text: 'an empty stream' })
  }

  /** Runs the steps of a block, and meanwhile makes the next one. */
  async #runBlock(
    model: Model,
    block: Block,
    options: PassOptions,
    before: PassResult,
    moment: Moment | undefined,
  ): Promise<PassResult> {
    const end = before.steps + block.batches
    const { columns, order } = block
    const programs = (): Steps => stepsFor(model, block, options)
    this.#prepared = programs().whole
    const rows: RowsOf = { columns, size: block.size, programs, end }
    const used = this.#used
    const { stops } = options
    const told = stops && {
      get stride() {
        return stops.stride
      },
      reached: (steps: number, milliseconds: number, step: number) => {
        this.#used = used + step - before.steps
        return stops.reached(steps, milliseconds, step)
      },
    }
    try {
      if (options.onBatchBegin) await options.onBatchBegin(before.steps, {})
      const began = performance.now()
      const stretch = { first: 0, count: order?.length ?? block.data.rows, order }
      const running = runStretch(rows, stretch, { ...options, stops: told }, before, moment)
      const isLast = end >= (this.#steps ?? Number.POSITIVE_INFINITY)
      const soon = isLast ? undefined : setImmediate(() => this.#lookAhead(model, end, options.signal))
      const result = await running
      // Where the run was faster than this could begin, the block is made when it is asked for.
      clearImmediate(soon)
      this.#used = used + result.steps - before.steps
      const ran = result.seconds - before.seconds
      this.#grow(block, 1000 * ran)
      // Steps that ended while work on the next block held this thread were told of behind that.
      const late = Math.max(0, (Math.min(this.#made, performance.now()) - began) / 1000 - ran)
      return { ...result, seconds: result.seconds + late, waited: result.waited + late }
    } finally {
      released(block)
    }
  }

  #lookAhead(model: Model, step: number, signal: AbortSignal | undefined): void {
    this.#ahead = this.#block(model, step, signal)
    // It may fail before its turn comes; it is thrown when it does.
    this.#ahead.catch(() => undefined)
  }

  /** The next block may be longer where this one was as long as it might be, and its steps took few milliseconds. */
  #grow({ data, batches, order }: Block, milliseconds: number): void {
    if (batches !== this.#wanted) return
    const longer =
      order === undefined
        ? Math.min(LONG_MS / milliseconds, MOST / numbersIn(data), GROWTH)
        : Math.min(LONG_PICKED_MS / milliseconds, MOST_ROWS / order.length)
    const cheap = this.#making / (this.#cost * batches)
    this.#wanted = Math.floor(batches * Math.max(1, Math.min(longer, cheap)))
  }

  /** Makes a block of what comes next; `step` is that of its first batch. */
  async #block(model: Model, step: number, signal: AbortSignal | undefined): Promise<Block | undefined> {
    this.#made = Number.POSITIVE_INFINITY
    try {
      return await this.#drawn(model, step, signal)
    } finally {
      this.#made = performance.now()
    }
  }

  async #drawn(model: Model, step: number, signal: AbortSignal | undefined): Promise<Block | undefined> {
    const began = busy()
    const turns = new Turns()
    const chunk = await this.#chunk(signal)
    if (chunk === undefined) return undefined
    if (turns.due) await turns.turn()
    const most = (this.#steps ?? Number.POSITIVE_INFINITY) - step
    const made = this.#marshalled(model, chunk.slice(0, Math.min(most, chunk.length)), step)
    if (made.batches < chunk.length) this.#left = chunk.slice(made.batches, chunk.length)
    const took = busy() - began
    this.#cost = Math.max(0, took - FIXED_MS) / made.batches
    if (took > this.#making) this.#wanted = Math.max(1, Math.floor((made.batches * this.#making) / took))
    return made
  }

  async #chunk(signal: AbortSignal | undefined): Promise<Chunk | undefined> {
    const left = this.#left
    this.#left = undefined
    if (left !== undefined) return left
    if (this.#iterator === undefined) this.#open(0)
    const next = await untilAborted(Promise.resolve(this.#iterator!.next()), signal)
    return next.done === true ? undefined : next.value
  }

  #open(from: number): void {
    this.#opened = this.#source.getState()
    const { demand, leave } = leavable(() => this.#wanted)
    this.#leaving = leave
    this.#iterator = this.#source.chunksFrom(from, demand)
    this.#used = from
  }

  /** As many batches of a chunk as can be run together. */
  #marshalled(model: Model, chunk: Chunk, step: number): Block {
    const picked = chunk instanceof Batches && chunk.rows instanceof Picked ? chunk.rows : undefined
    const whole = picked && this.#whole(model, picked.base)
    if (whole !== undefined) {
      const { size } = chunk as Batches
      const { length, indices: order } = picked!
      return {
        data: whole.data,
        size: Math.min(size, length),
        batches: chunk.length,
        columns: whole.columns,
        order,
      }
    }
    const joined = chunk instanceof Batches ? wholeOf(chunk) : joinBatches(elementsOf(chunk))
    if (joined !== undefined && chunk.length > 1) {
      try {
        return ownBlock(this.#marshal(model, joined.value, step), joined.size, chunk.length)
      } catch {
        // Found again below, in the batch that it is of.
      }
    }
    const data = this.#marshal(model, chunk.at(0), step)
    return ownBlock(data, data.rows, 1)
  }

  /** All rows of columns in memory; nothing where some of them are refused: then the batch that they are in says so. */
  #whole(model: Model, base: Rows): Whole | undefined {
    if (this.#wholes.has(base)) return this.#wholes.get(base)
    let whole: Whole | undefined
    try {
      const data = this.#marshal(model, base.stack(), 0)
      whole = { data, columns: nativeColumns(data) }
    } catch {
      whole = undefined
    }
    this.#wholes.set(base, whole)
    return whole
  }

  #marshal(model: Model, batch: unknown, step: number): BatchData {
    const where = `${this.#where} batch ${step}`
    const { x, y, sampleWeight } = partsOf(where, batch)
    return prepareData(model, where, { x, y, sampleWeight, classWeight: this.#classWeight }, 'targets')
  }

  close(): void {
    this.#leave()
    for (const whole of this.#wholes.values()) whole?.columns.release()
    this.#wholes.clear()
  }

  /** Lets the source clean up. */
  #leave(): void {
    this.#leaving?.()
    const [iterator, ahead] = [this.#iterator, this.#ahead]
    this.#iterator = undefined
    this.#left = undefined
    this.#ahead = undefined
    this.#used = 0
    // They may never settle; nobody waits for them.
    ahead?.then((block) => block && released(block)).catch(() => undefined)
    Promise.resolve(iterator?.return?.()).catch(() => undefined)
  }
}

/** How many numbers were copied for a block. */
function numbersIn({ x, y }: BatchData): number {
  return [...x, ...y].reduce((sum, column) => sum + (column?.values.length ?? 0), 0)
}

/** Milliseconds for which this thread has worked, and not waited. */
function busy(): number {
  return performance.eventLoopUtilization().active
}

function wholeOf({ rows, size }: Batches): { readonly value: unknown; readonly size: number } {
  return { value: rows.stack(), size: Math.min(size, rows.length) }
}

/** A block whose rows are copied to Rust as soon as it is made: meanwhile the steps of the one before run. */
function ownBlock(data: BatchData, size: number, batches: number): Block {
  return { data, size, batches, columns: nativeColumns(data), order: undefined }
}

/** Frees the rows of a block; those that it was picked from stay. */
function released({ columns, order }: Block): void {
  if (order === undefined) columns.release()
}

function stepsFor(model: Model, { data, size, order }: Block, { kind, guarded }: PassOptions): Steps {
  const rest = (order?.length ?? data.rows) % size
  const step = (rows: number): CompiledStep => stepFor(model, kind, data, rows, guarded)
  return { whole: step(size), tail: rest === 0 ? undefined : step(rest) }
}
