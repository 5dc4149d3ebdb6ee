/** Checkpoints of a running fit: all that changes, in files of which the newest whole one is gone on from. */

import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { packState, type State, unpackState } from '../core/state.js'
import type { Tensor } from '../core/tensor.js'
import { snapshot, type Variable } from '../core/variable.js'
import { FerrogradError, fail } from '../errors.js'
import type { Named, OptionsOf, SettledOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { copyCheckpoint, newestCheckpoint, readCheckpoint, type Tensors } from '../saving/archive.js'
import type { Json } from '../types.js'
import { differenceBetween, type Identity } from './identity.js'

const fields = {
  /** The directory; made where it is not there. One training each. */
  dir: { type: 'string' },
  /** After every so many epochs; 1 where neither steps nor seconds are given. Default null. */
  everyEpochs: { type: 'integer', default: null, min: 1 },
  /** After every so many steps, within epochs too. Default null. */
  everySteps: { type: 'integer', default: null, min: 1 },
  /** When so many seconds have passed since the last, within epochs too. Default null. */
  everySeconds: { type: 'number', default: null, above: 0 },
  /** How many are kept: the last ones. Default 3. */
  keep: { type: 'integer', default: 3, min: 1 },
} as const

const read = optionsReader('fit.checkpoint', fields)

/** When and where `fit` writes checkpoints. */
export interface CheckpointOptions extends OptionsOf<typeof fields>, Named {}

/** `CheckpointOptions`, checked. */
export type CheckpointPlan = SettledOf<typeof fields>

/** Where a training is: the epoch, and how many of its steps are done. */
export interface FitPoint {
  readonly epoch: number
  readonly step: number
}

/** What a checkpoint is written from, besides the variables. */
export interface Progress {
  readonly point: FitPoint
  /** Whether the training was stopped before its last epoch. */
  readonly stopped: boolean
  /** What the last epoch reported. */
  readonly logs: Readonly<Record<string, number>>
  /** The learning rate as it was set, before it was rounded to the variable's type; null where it is a schedule. */
  readonly rate: number | null
  /** The seed of the orders of samples. */
  readonly seed: number
  /** What callbacks remember. */
  readonly callbacks: readonly State[]
  /** Where the source of batches is. */
  readonly feed: State
}

/** What is written, when it is. */
export interface Write {
  readonly variables: readonly Variable[]
  progress(): Progress
}

/** A checkpoint that was read. */
export interface Found extends Progress {
  readonly path: string
  /** Sets the variables to the numbers saved; they must be those that were saved. */
  restore(variables: readonly Variable[]): void
}

/** What the JSON of a checkpoint says. */
interface Header {
  readonly format: typeof FORMAT
  readonly version: number
  readonly identity: Identity
  readonly point: FitPoint
  readonly stopped: boolean
  readonly rate: number | null
  readonly logs: Json
  readonly seed: number
  readonly callbacks: readonly Json[]
  readonly feed: Json
  /** How the variables are called, in order. */
  readonly variables: readonly string[]
}

const FORMAT = 'ferrograd fit'
const VERSION = 1

/** Checks `fit`'s option. */
export function planCheckpoint(options: CheckpointOptions | undefined): CheckpointPlan | undefined {
  if (options === undefined || options === null) return undefined
  const plan = read(options)
  const often = plan.everySteps !== undefined || plan.everySeconds !== undefined
  return often || plan.everyEpochs !== undefined ? plan : { ...plan, everyEpochs: 1 }
}

/** Which checkpoint a training goes on from: the newest of its directory, one by its path, or none. */
export type Resume = 'auto' | (string & {}) | false

/** The checkpoints of one training: found, and written. */
export class Checkpoints {
  readonly #plan: CheckpointPlan
  readonly #identity: Identity
  /** The number of the next file. */
  #next: number
  #writing: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined
  #steps = 0
  #saved = performance.now()
  /** Steps that take about {@link SLICE} milliseconds. */
  #slice = 1

  private constructor(plan: CheckpointPlan, identity: Identity, next: number) {
    this.#plan = plan
    this.#identity = identity
    this.#next = next
  }

  /** Opens the directory, and reads what a training goes on from. */
  static async open(
    plan: CheckpointPlan,
    resume: Resume,
    identity: Identity,
  ): Promise<{ readonly checkpoints: Checkpoints; readonly found: Found | undefined }> {
    const { found: newest, skipped } = await newestCheckpoint(plan.dir)
    for (const { path, reason } of skipped) {
      const text = `fit: the checkpoint ${path} is not whole and was passed over: ${reason}`
      process.emitWarning(text, { code: 'FERROGRAD_CHECKPOINT' })
    }
    const numbers = [newest?.path, ...skipped.map(({ path }) => path)].map(numberOf)
    const checkpoints = new Checkpoints(plan, identity, Math.max(0, ...numbers) + 1)
    if (resume === false) return { checkpoints, found: undefined }
    const found = resume === 'auto' ? newest && foundIn(newest, identity) : await checkpointAt(resume, identity)
    return { checkpoints, found }
  }

  /** How many steps the training may take until {@link reached} wants to hear of them. */
  get stride(): number {
    const { everySteps, everySeconds } = this.#plan
    const steps = everySteps === undefined ? Number.POSITIVE_INFINITY : everySteps - this.#steps
    // One that is due waits for the one before to be written.
    const due = steps > 0 ? steps : Math.ceil(everySteps! / 8)
    return everySeconds === undefined ? due : Math.min(due, this.#slice)
  }

  /** Told after steps that took so many milliseconds: writes a checkpoint where one is due. */
  async reached(steps: number, milliseconds: number, write: Write | undefined): Promise<void> {
    this.#throwFailure()
    this.#steps += steps
    this.#slice = sliceOf(steps, milliseconds)
    if (write !== undefined && this.#isDue && this.#writing === undefined) await this.#begin(write)
  }

  /** Told after an epoch. */
  async epochEnded(epoch: number, write: Write): Promise<void> {
    const { everyEpochs } = this.#plan
    const ofEpoch = everyEpochs !== undefined && (epoch + 1) % everyEpochs === 0
    if (!ofEpoch && !this.#isDue) return
    await this.#settled()
    await this.#begin(write)
  }

  get #isDue(): boolean {
    const { everySteps, everySeconds } = this.#plan
    const byTime = everySeconds !== undefined && performance.now() - this.#saved >= everySeconds * 1000
    return byTime || (everySteps !== undefined && this.#steps >= everySteps)
  }

  /** Writes the last one, and waits for it. */
  async finish(write: Write): Promise<void> {
    await this.#settled()
    await this.#begin(write)
    await this.#settled()
  }

  /** Waits for what is being written, whatever comes of it. */
  async close(): Promise<void> {
    await this.#writing
  }

  /**
   * Copies what there is now, for which the training waits; the file is written while it goes on. Steps behind a copy write
   * where they always do. Behind a snapshot that is not copied they would write elsewhere, out of memory that is in no cache.
   */
  async #begin({ variables, progress }: Write): Promise<void> {
    const { point, stopped, rate, logs, seed, callbacks, feed } = progress()
    const tensors = new Map<string, Tensor>()
    const pack = (state: State): Json => packState(state, 'state', tensors)
    const header: Header = {
      format: FORMAT,
      version: VERSION,
      identity: this.#identity,
      point,
      stopped,
      rate,
      logs: pack(logs),
      seed,
      callbacks: callbacks.map(pack),
      feed: pack(feed),
      variables: variables.map(titleOf),
    }
    const values = snapshot(variables)
    const arrays = new Map([...values.map((value, index) => [keyOf(index), value] as const), ...tensors])
    const { dir, keep } = this.#plan
    this.#steps = 0
    this.#saved = performance.now()
    const copying = copyCheckpoint({ arrays, text: JSON.stringify(header) })
    // The copying has them, and nobody else may when the next step begins.
    for (const value of values) value.dispose()
    const copied = await copying
    this.#writing = this.#written(copied.save(dir, this.#next, keep))
    this.#next += 1
  }

  /** Ends when the file is written; an error is kept for whoever asks next. */
  async #written(file: Promise<string>): Promise<void> {
    try {
      await file
    } catch (error) {
      this.#failure = { error }
    } finally {
      this.#writing = undefined
    }
  }

  async #settled(): Promise<void> {
    await this.#writing
    this.#throwFailure()
  }

  #throwFailure(): void {
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure.error
  }
}

/** A checkpoint by its path. */
export async function checkpointAt(path: string, identity: Identity): Promise<Found> {
  return foundIn({ ...(await readCheckpoint(path)), path }, identity)
}

/** Where only seconds count, the training is asked about so often, in milliseconds. */
const SLICE = 100

function sliceOf(steps: number, milliseconds: number): number {
  const wanted = (SLICE * steps) / Math.max(milliseconds, 0.001)
  return Math.max(1, Math.min(Math.floor(wanted), 1 << 20))
}

function foundIn(
  { path, arrays, text }: { readonly path: string } & Awaited<ReturnType<typeof readCheckpoint>>,
  identity: Identity,
): Found {
  const header = headerOf(path, text)
  const difference = differenceBetween(header.identity, identity)
  if (difference !== undefined) failOther(path, difference)
  const unpack = (json: Json): State => unpackState(json, arrays)
  return {
    path,
    point: header.point,
    stopped: header.stopped,
    rate: header.rate,
    logs: unpack(header.logs) as Readonly<Record<string, number>>,
    seed: header.seed,
    callbacks: header.callbacks.map(unpack),
    feed: unpack(header.feed),
    restore: (variables) => restore(path, header.variables, arrays, variables),
  }
}

function headerOf(path: string, text: string): Header {
  const header = JSON.parse(text) as Partial<Header> | null
  if (header?.format !== FORMAT) fail('ERR_FORMAT', path, 'a checkpoint of a fit', { text: 'another text' })
  if (header.version !== VERSION) {
    const hint = 'A newer version of ferrograd wrote it: update, or begin anew with resume: false'
    fail('ERR_FORMAT', path, `version ${VERSION}`, header.version, hint)
  }
  return header as Header
}

function failOther(path: string, difference: string): never {
  const hint = 'Pass resume: false to begin anew, or another checkpoint.dir'
  throw new FerrogradError('ERR_STATE', `fit: the checkpoint ${path} is of another training: ${difference}. ${hint}`)
}

function restore(path: string, titles: readonly string[], arrays: Tensors, variables: readonly Variable[]): void {
  const own = variables.map(titleOf)
  const wrong = own.findIndex((title, index) => title !== titles[index])
  if (wrong >= 0 || own.length !== titles.length) {
    const [expected, got] = [own[wrong] ?? `${own.length} variables`, titles[wrong] ?? `${titles.length}`]
    fail('ERR_STATE', path, expected, { text: got }, 'It is of another model')
  }
  const values = own.map(
    (title, index) => arrays.get(keyOf(index)) ?? fail('ERR_FORMAT', path, title, { text: 'none' }),
  )
  for (const [index, variable] of variables.entries()) variable.assign(values[index]!)
}

const keyOf = (index: number): string => `variable/${index}`

/** Name, type and shape. */
function titleOf({ name, dtype, shape }: Variable): string {
  return `${name} ${dtype}[${shape.join(', ')}]`
}

/** Removes the checkpoints of a directory, and the directory where nothing else is in it. */
export function removeCheckpoints(dir: string): void {
  const names = existsSync(dir) ? readdirSync(dir) : []
  for (const name of names) if (/^checkpoint-\d+\.ferrograd$/.test(name)) rmSync(join(dir, name))
  if (existsSync(dir) && readdirSync(dir).length === 0) rmdirSync(dir)
}

/** The number in `checkpoint-000000000012.ferrograd`. */
function numberOf(path: string | undefined): number {
  return Number(/(\d+)\D*$/.exec(basename(path ?? ''))?.[1] ?? 0)
}
