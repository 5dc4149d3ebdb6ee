/** Random search (J. Bergstra, Y. Bengio, 2012, "Random Search for Hyper-Parameter Optimization"). */

import { availableParallelism } from 'node:os'
import { inspectWith } from '../core/inspect.js'
import { KeyedUniform } from '../data/permutation.js'
import { checkMaker, errorOf, fail } from '../errors.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { drawPlain } from '../report/plain-table.js'
import { untilAborted } from '../training/abort.js'
import { methodKinds } from '../training/kinds.js'
import type { SampleOf, SpaceMap } from './spaces.js'

const fields = {
  /** How many settings are tried. Default 20. */
  trials: { type: 'integer', default: 20, min: 1 },
  /** Decides which. Default 0. */
  seed: { type: 'seed', default: 0 },
  /** Whether a low score is good, or a high one. Default 'min'. */
  goal: { type: 'choice', of: ['min', 'max'], default: 'min' },
  /** Trials before any is stopped early. Default 5. */
  warmUp: { type: 'integer', default: 5, min: 1 },
  /** How many trials run at a time; as many as there are cores unless given. */
  concurrency: { type: 'integer', default: null, min: 1 },
  /** Aborting rejects with ERR_ABORTED; trials under way are handed it, and no other one begins. Default null. */
  signal: { type: 'signal', default: null },
} as const

const read = optionsReader('randomSearch', fields, methodKinds)

/** Options of {@link randomSearch}. */
export interface SearchOptions extends OptionsOf<typeof fields>, Named {}

/** What a trial is told besides its settings. */
export interface TrialContext {
  /** Its number, from 0: a seed for what is random in it. */
  readonly trial: number
  /**
   * Tells a score on the way, after an epoch, say. False where the trial should stop: its best score so far is worse than the
   * median of what the trials before it had come to at that step.
   */
  readonly report: (step: number, score: number) => boolean
  /** That of the search, for `fit`. */
  readonly signal: AbortSignal | undefined
}

/** One set of settings, and what came of it. */
export interface Trial<P> {
  /** From 0. */
  readonly trial: number
  readonly settings: P
  /** NaN where it failed. */
  readonly score: number
  /** Whether it was told to stop early. */
  readonly stopped: boolean
  /** What it threw, if anything. */
  readonly error: unknown
}

/** All trials of a search; printed as a table, the best first. */
export class SearchResult<P> {
  /** In the order of their numbers. */
  readonly trials: readonly Trial<P>[]
  /** The best one that was not stopped and did not fail. */
  readonly best: Trial<P>
  readonly #better: (a: number, b: number) => boolean

  constructor(trials: readonly Trial<P>[], best: Trial<P>, better: (a: number, b: number) => boolean) {
    checkMaker('SearchResult', Array.isArray(trials) && typeof better === 'function', 'randomSearch')
    this.trials = trials
    this.best = best
    this.#better = better
  }

  /** The table. */
  toString(): string {
    const names = Object.keys(this.best.settings as object)
    const rank = ({ score }: Trial<P>): number => (Number.isNaN(score) ? 1 : 0)
    const ordered = [...this.trials].sort((a, b) => rank(a) - rank(b) || (this.#better(a.score, b.score) ? -1 : 1))
    const shown = (value: unknown): string =>
      typeof value === 'number' ? String(Number(value.toPrecision(4))) : String(value)
    const rows = ordered.map(({ trial, settings, score, stopped, error }) => [
      String(trial),
      shown(score),
      ...names.map((name) => shown((settings as Readonly<Record<string, unknown>>)[name])),
      error !== undefined ? 'failed' : stopped ? 'stopped' : '',
    ])
    return drawPlain(['trial', 'score', ...names, ''], rows)
  }
}

inspectWith(SearchResult, String)

/**
 * Tries settings that are drawn at random, several at a time, and gives all of them with their scores. Which are tried depends on
 * the seed alone; which are stopped early, on what others have come to by then.
 *
 * @param spaces What each setting may be.
 * @param run Trains with some settings and gives the score: the loss or metric of validation data. One that throws has failed.
 * @throws What the first trial threw, where none came to its end and some failed; `ERR_DATA` where all were stopped.
 *
 * @example
 * ```ts
 * import { Sequential } from 'ferrograd'
 * import { Dense } from 'ferrograd/layers'
 * import { Adam } from 'ferrograd/optimizers'
 * import { choice, logUniform, randomSearch } from 'ferrograd/search'
 *
 * const found = await randomSearch(
 *   { learningRate: logUniform(1e-3, 1e-1), units: choice([4, 8]) },
 *   async ({ learningRate, units }, { report }) => {
 *     const model = new Sequential([new Dense({ units, activation: 'tanh' }), new Dense({ units: 1 })])
 *     model.compile({ optimizer: new Adam({ learningRate }), loss: 'mse' })
 *     let score = Number.POSITIVE_INFINITY
 *     for await (const { epoch, logs } of model.fit([[0], [1], [2]], [[1], [3], [5]], { epochs: 20, verbose: 0 })) {
 *       score = logs.loss
 *       if (!report(epoch, score)) break
 *     }
 *     return score
 *   },
 *   { trials: 4, seed: 1 },
 * )
 * console.log(found.best.settings.learningRate, String(found))
 * ```
 */
export async function randomSearch<const S extends SpaceMap>(
  spaces: S,
  run: (settings: SampleOf<S>, context: TrialContext) => number | Promise<number>,
  options?: SearchOptions,
): Promise<SearchResult<SampleOf<S>>> {
  const { trials: count, seed, goal, warmUp, concurrency = availableParallelism(), signal } = read(options)
  checkSpaces(spaces)
  const better = (a: number, b: number): boolean => (goal === 'min' ? a < b : a > b)
  const medians = new Medians(better, warmUp)
  const trials: Trial<SampleOf<S>>[] = new Array(count)
  let next = 0
  const worker = async (): Promise<void> => {
    for (let trial = next++; trial < count && signal?.aborted !== true; trial = next++)
      trials[trial] = await tried(trial, drawn(spaces, seed, trial), run, medians, signal)
  }
  const workers = Array.from({ length: Math.min(concurrency, count) }, worker)
  await untilAborted(Promise.all(workers), signal, 'randomSearch')
  const whole = trials.filter(({ score, stopped }) => !stopped && !Number.isNaN(score))
  if (whole.length === 0) throw noneWhole(trials)
  return new SearchResult(
    trials,
    whole.reduce((best, own) => (better(own.score, best.score) ? own : best)),
    better,
  )
}

/** Why there is no best trial. */
function noneWhole(trials: readonly Trial<unknown>[]): unknown {
  const failed = trials.find(({ error }) => error !== undefined)
  if (failed !== undefined) return failed.error
  return errorOf('ERR_DATA', {
    where: 'randomSearch',
    expected: 'one trial at least that comes to its end',
    received: { text: `${trials.length} that were stopped` },
    hint: 'A score that is NaN stops a trial; a greater warmUp stops fewer',
  })
}

function checkSpaces(spaces: SpaceMap): void {
  const names = typeof spaces === 'object' && spaces !== null ? Object.keys(spaces) : []
  if (names.length === 0) fail('ERR_CONFIG', 'randomSearch.spaces', 'spaces by names, at least one', spaces)
  for (const name of names)
    if (typeof (spaces[name] as Partial<SpaceMap[string]> | undefined)?.at !== 'function')
      fail('ERR_CONFIG', `randomSearch.spaces.${name}`, 'uniform, logUniform, integer or choice', spaces[name])
}

/** The settings of a trial: each setting has random numbers of its own, so that another one beside it changes none. */
function drawn<S extends SpaceMap>(spaces: S, seed: number, trial: number): SampleOf<S> {
  const entries = Object.entries(spaces).map(([name, space]) => {
    const own = [...name].reduce((hash, letter) => (Math.imul(hash, 31) + letter.codePointAt(0)!) | 0, 7)
    return [name, space.at(new KeyedUniform(seed, own >>> 1).at(trial))]
  })
  return Object.fromEntries(entries)
}

async function tried<P>(
  trial: number,
  settings: P,
  run: (settings: P, context: TrialContext) => number | Promise<number>,
  medians: Medians,
  signal: AbortSignal | undefined,
): Promise<Trial<P>> {
  const course = medians.course()
  let stopped = false
  const report = (step: number, score: number): boolean => {
    if (!course.goesOn(step, score)) stopped = true
    return !stopped
  }
  try {
    const score = await run(settings, { trial, report, signal })
    if (typeof score !== 'number') fail('ERR_DATA', `randomSearch trial ${trial}`, 'a score, a number', score)
    if (Number.isNaN(score)) fail('ERR_NON_FINITE', `randomSearch trial ${trial}`, 'a score', score)
    return { trial, settings, score, stopped, error: undefined }
  } catch (error) {
    return { trial, settings, score: Number.NaN, stopped, error }
  }
}

/** What trials had come to at each step (D. Golovin et al., 2017, "Google Vizier": the median stopping rule). */
class Medians {
  readonly #better: (a: number, b: number) => boolean
  readonly #least: number
  readonly #reached = new Map<number, number[]>()

  constructor(better: (a: number, b: number) => boolean, least: number) {
    this.#better = better
    this.#least = least
  }

  /** One trial's way. */
  course(): { readonly goesOn: (step: number, score: number) => boolean } {
    let best: number | undefined
    const goesOn = (step: number, score: number): boolean => {
      if (Number.isNaN(score)) return false
      if (best === undefined || this.#better(score, best)) best = score
      const others = this.#reached.get(step) ?? []
      const worse = others.length >= this.#least && this.#better(medianOf(others), best)
      this.#reached.set(step, [...others, best])
      return !worse
    }
    return { goesOn }
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
