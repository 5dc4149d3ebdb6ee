/** Where the time of a training step goes: what `fit` measures with `profile: true`. */

import { Profiler } from '../core/epoch.js'
import type { BindingProfile } from '../core/native.js'
import type { Program } from '../core/program.js'

/** Microseconds of something that is done in every step. */
export interface StepTimes {
  /** As most steps have it. */
  readonly median: number
  readonly least: number
  readonly mean: number
}

/** What one kernel of a step takes. */
export interface ProfileRow extends StepTimes {
  /** `matmul`, `map` (one pass over elements), `softmax` …; `feed` is handing over the rows of the batch. */
  readonly kernel: string
  /** Sizes, and what is computed: `32×784 · 784×128 + bias, relu`. */
  readonly detail: string
  /** The names of the variables whose new values it computes, or else of those that it reads. */
  readonly variables: readonly string[]
  /** Its part of the sum of all medians, in [0, 1]. */
  readonly share: number
  /** Billions of multiplications and additions a second, where it is these that take time. */
  readonly gflops: number | undefined
  /** Billions of bytes read and written a second. */
  readonly gigabytes: number
}

/** Rows that a table shows one by one; the time of the others is added up. */
const SHOWN = 40

/**
 * The times of the kernels of a training step: medians over the last 1024 steps of a `fit`, and the least of all.
 *
 * @example
 * ```ts
 * import type { Sequential } from 'ferrograd'
 *
 * declare const model: Sequential
 * const { profile } = await model.fit([[0], [1]], [[1], [3]], { epochs: 100, profile: true, verbose: 0 })
 * console.log(`${profile}`)
 * ```
 */
export class Profile {
  /** In the order in which they run. */
  readonly rows: readonly ProfileRow[]
  /** How many steps ran; a shorter last batch of an epoch does not count. */
  readonly steps: number
  /** A whole step, from before its rows are handed over until it is done. */
  readonly step: StepTimes
  /** Microseconds that one look at the clock takes: each row has one in it. */
  readonly clock: number

  constructor(measured: Pick<BindingProfile, 'rows' | 'steps' | 'whole' | 'clock'>) {
    const [median = 0, least = 0, mean = 0] = measured.whole.map((seconds) => seconds * 1e6)
    this.steps = measured.steps
    this.step = { median, least, mean }
    this.clock = measured.clock * 1e6
    const rows = measured.rows()
    const sum = rows.reduce((total, row) => total + row.median, 0)
    this.rows = rows.map(({ kernel, detail, variables, median, least, mean, flops, bytes }) => ({
      kernel,
      detail,
      variables,
      median: median * 1e6,
      least: least * 1e6,
      mean: mean * 1e6,
      share: median / sum,
      gflops: flops == null ? undefined : flops / median / 1e9,
      gigabytes: bytes / median / 1e9,
    }))
  }

  /** A table for a terminal. */
  toString(): string {
    const shown = new Set([...this.rows].sort((a, b) => b.median - a.median).slice(0, SHOWN))
    const others = this.rows.filter((row) => !shown.has(row))
    const lines = this.rows.filter((row) => shown.has(row)).map(line)
    if (others.length > 0) lines.push(line(together(others)))
    const sum = this.rows.reduce((total, { median }) => total + median, 0)
    const { median, least, mean } = this.step
    return [
      `A step takes ${median.toFixed(2)} µs (${least.toFixed(2)} at the least, ${mean.toFixed(2)} on average of ${this.steps}):`,
      `${'median µs'.padStart(11)}${'least'.padStart(11)}${'share'.padStart(8)}  ${'rate'.padStart(9)}  kernel`,
      ...lines,
      `${sum.toFixed(2).padStart(11)} µs in all; each row has a look at the clock in it (${this.clock.toFixed(3)} µs).`,
    ].join('\n')
  }
}

function line({ kernel, detail, variables, median, least, share, gflops, gigabytes }: ProfileRow): string {
  const part = `${(100 * share).toFixed(1)} %`
  const numbers = `${median.toFixed(2).padStart(11)}${least.toFixed(2).padStart(11)}${part.padStart(8)}`
  const rate = gflops === undefined ? rateOf(gigabytes, 'GB/s') : rateOf(gflops, 'GF/s')
  return `${numbers}  ${rate.padStart(9)}  ${kernel.padEnd(8)} ${detail.padEnd(44)} ${named(variables)}`.trimEnd()
}

/** Nothing for less than 1: there the call takes the time. */
function rateOf(billions: number, unit: string): string {
  return billions < 1 ? '' : `${billions.toFixed(0)} ${unit}`
}

/** Of many the shortest name stands for all: a weight's is the beginning of its slots'. */
function named(variables: readonly string[]): string {
  const [first = '', ...rest] = [...variables].sort((a, b) => a.length - b.length)
  return rest.length < 2 ? variables.join(', ') : `${first} and ${rest.length} more`
}

function together(rows: readonly ProfileRow[]): ProfileRow {
  const total = (of: (row: ProfileRow) => number): number => rows.reduce((sum, row) => sum + of(row), 0)
  return {
    kernel: `${rows.length} others`,
    detail: '',
    variables: [],
    median: total(({ median }) => median),
    least: total(({ least }) => least),
    mean: total(({ mean }) => mean),
    share: total(({ share }) => share),
    gflops: undefined,
    gigabytes: 0,
  }
}

/** Measures the steps of a fit: those of the program that whole batches run. */
export class Profiling {
  #program: Program | undefined
  #profiler: Profiler | undefined

  /** What takes the times of a program; of another program than before it begins anew. */
  of(program: Program): Profiler {
    if (this.#profiler === undefined || this.#program !== program) {
      this.#profiler = new Profiler(program)
      this.#program = program
    }
    return this.#profiler
  }

  /** What was measured, if a step ran. */
  result(): Profile | undefined {
    const measured = this.#profiler?.handle
    return measured === undefined || measured.steps === 0 ? undefined : new Profile(measured)
  }
}

/** Whether the environment asks every `fit` to print its profile: `FERROGRAD_PROFILE=1`. */
export function profileAsked(): boolean {
  return !['', '0', undefined].includes(process.env.FERROGRAD_PROFILE)
}
