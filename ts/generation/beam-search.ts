/** The likeliest sequences that a step gives one token at a time. */

import { type Tensor, tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { Named, OptionsOf, SettledOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { checkAborted } from '../training/abort.js'
import { methodKinds } from '../training/kinds.js'

const fields = {
  /** How many sequences are kept after each step. Default 4. */
  beamWidth: { type: 'integer', default: 4, min: 1 },
  /** The most tokens of a sequence, the first one not counted. */
  maxLength: { type: 'integer', min: 1 },
  /** The token that ends a sequence; none does by default. */
  endToken: { type: 'integer', default: null, min: 0 },
  /** Sequences are ranked by their log probability over their length to this power. Default 0. */
  lengthPenalty: { type: 'number', default: 0, min: 0 },
  /** Aborting rejects with ERR_ABORTED. Default null. */
  signal: { type: 'signal', default: null },
} as const

const read = optionsReader('beamSearch', fields, methodKinds)

/** Options of {@link beamSearch}. */
export interface BeamSearchOptions extends OptionsOf<typeof fields>, Named {}

/**
 * From the last token of each sequence (beams), and what the step before left of it (beams, …), to logits (beams, vocabulary)
 * and what is left now.
 */
export type SearchStep = (
  token: Tensor,
  ...states: Tensor[]
) => readonly [logits: Tensor, ...states: Tensor[]] | Promise<readonly [logits: Tensor, ...states: Tensor[]]>

/** A sequence that was found. */
export interface FoundSequence {
  /** Its tokens behind the first one, without that which ends it. */
  readonly tokens: readonly number[]
  /** Its log probability, that of its end included. */
  readonly score: number
  /** Whether it has come to its end. */
  readonly ended: boolean
}

/**
 * Searches for the likeliest sequences that begin with a token: after each step the `beamWidth` likeliest beginnings are kept.
 * Gives them, the best first, those that ended and those cut off at `maxLength`.
 *
 * `step` is called once a token for all beginnings at once, always with `beamWidth` rows, so that one of `jit` is compiled once.
 * `states` are what it begins with, one row each, (1, …).
 *
 * Errors: ERR_SHAPE for states of other than one row and for logits that are not (beamWidth, vocabulary).
 *
 * @example
 * import { beamSearch, jit, ops, type Tensor } from 'ferrograd'
 *
 * // Which of three tokens follows which, and how gladly.
 * const table = [[0, 2, 1], [1, 0, 3], [2, 1, 0]]
 * const step = jit((token: Tensor) => [ops.take(table, token, { axis: 0 })] as const)
 * const [best] = await beamSearch(step, 0, [], { beamWidth: 2, maxLength: 4 })
 * console.log(best!.tokens) // [1, 2, 0, 1]
 */
export async function beamSearch(
  step: SearchStep,
  first: number,
  states: readonly Tensor[],
  options: BeamSearchOptions,
): Promise<FoundSequence[]> {
  const plan = read(options)
  if (typeof step !== 'function') fail('ERR_CONFIG', 'beamSearch step', 'a function', step)
  for (const [i, state] of states.entries())
    if (state.shape[0] !== 1) fail('ERR_SHAPE', `beamSearch states[${i}]`, '[1, …], one row', state.shape)
  return new Search(step, first, plan).run(states)
}

/** A beginning. */
interface Line {
  readonly tokens: readonly number[]
  readonly score: number
}

/** A beginning with one token more. */
interface Candidate {
  readonly from: number
  readonly token: number
  readonly score: number
}

class Search {
  readonly #step: SearchStep
  readonly #first: number
  readonly #plan: SettledOf<typeof fields>
  readonly #ended: FoundSequence[] = []

  constructor(step: SearchStep, first: number, plan: SettledOf<typeof fields>) {
    this.#step = step
    this.#first = first
    this.#plan = plan
  }

  async run(given: readonly Tensor[]): Promise<FoundSequence[]> {
    const { beamWidth, maxLength, signal } = this.#plan
    let states = given.map((state) => ops.repeat(state, beamWidth, { axis: 0 }))
    let lines: Line[] = [{ tokens: [], score: 0 }]
    for (let length = 1; length <= maxLength && lines.length > 0; length++) {
      checkAborted('beamSearch', signal ?? undefined)
      const last = Int32Array.from({ length: beamWidth }, (_, i) => lines[i]?.tokens.at(-1) ?? this.#first)
      const [logits, ...next] = await this.#step(tensor(last), ...states)
      const chosen = this.#chosen(lines, await this.#chances(logits), logits.shape[1]!)
      const from = Int32Array.from({ length: beamWidth }, (_, i) => chosen[i]?.from ?? 0)
      states = next.map((state) => ops.take(state, from, { axis: 0 }))
      lines = chosen.map((one) => ({ tokens: [...lines[one.from]!.tokens, one.token], score: one.score }))
      if (this.#isSettled(lines)) break
    }
    const cut = lines.map((line) => ({ ...line, ended: false }))
    return [...this.#ended, ...cut].sort((a, b) => this.#rank(b) - this.#rank(a)).slice(0, beamWidth)
  }

  async #chances(logits: Tensor): Promise<ArrayLike<number>> {
    const { beamWidth } = this.#plan
    if (logits.rank !== 2 || logits.shape[0] !== beamWidth)
      fail('ERR_SHAPE', 'beamSearch step', `logits [${beamWidth}, vocabulary]`, logits.shape)
    return ops.logSoftmax(logits).data()
  }

  /** The likeliest ways on; those that end are put aside. */
  #chosen(lines: readonly Line[], chances: ArrayLike<number>, vocabulary: number): Candidate[] {
    const { beamWidth, endToken } = this.#plan
    const all = lines.flatMap(({ score }, from) =>
      Array.from({ length: vocabulary }, (_, token): Candidate => {
        return { from, token, score: score + chances[from * vocabulary + token]! }
      }),
    )
    all.sort((a, b) => b.score - a.score)
    const chosen: Candidate[] = []
    // Each line ends once at most, so that so many are enough.
    for (const one of all.slice(0, 2 * beamWidth)) {
      if (one.token === endToken) this.#ended.push({ tokens: lines[one.from]!.tokens, score: one.score, ended: true })
      else if (chosen.length < beamWidth && one.score > Number.NEGATIVE_INFINITY) chosen.push(one)
    }
    return chosen
  }

  /** Nothing that goes on can pass those that ended: scores only fall. */
  #isSettled([best]: readonly Line[]): boolean {
    const { beamWidth, lengthPenalty } = this.#plan
    if (lengthPenalty > 0 || best === undefined || this.#ended.length < beamWidth) return false
    return this.#ended.map(({ score }) => score).sort((a, b) => b - a)[beamWidth - 1]! >= best.score
  }

  #rank({ tokens, score, ended }: FoundSequence): number {
    return score / Math.max(1, tokens.length + (ended ? 1 : 0)) ** this.#plan.lengthPenalty
  }
}
