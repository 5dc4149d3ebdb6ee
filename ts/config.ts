/** Settings for what is built from now on: float type, precision of products, seed, threads. */

import { drainQueue } from './core/run-queue.js'
import { runtime, useDataThreads, useThreads } from './core/runtime.js'
import { fail } from './errors.js'
import type { FloatDType } from './types.js'

export { type Precision, precision, setPrecision } from './core/precision.js'

let float: FloatDType = 'float32'
let base: number | undefined
let drawn = 0

/** The float type of weights and computations, `'float32'` unless set. */
export function floatx(): FloatDType {
  return float
}

/**
 * Sets the float type of what is built from now on.
 *
 * @example
 * import { config } from 'ferrograd'
 *
 * config.setFloatx('float64')
 * console.log(config.floatx()) // 'float64'
 */
export function setFloatx(dtype: FloatDType): void {
  if (dtype !== 'float32' && dtype !== 'float64') {
    fail('ERR_CONFIG', 'setFloatx dtype', `'float32' or 'float64'`, dtype)
  }
  float = dtype
}

/** A small number that keeps logarithms and divisions finite: 1e-7, as in Keras. */
export function epsilon(): number {
  return 1e-7
}

/**
 * Makes every later draw (initializers, dropout, shuffles) a function of `seed`: an integer from 0 to 2³²−1.
 *
 * @example
 * import { config } from 'ferrograd'
 *
 * config.setSeed(42)
 */
export function setSeed(seed: number): void {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
    fail('ERR_CONFIG', 'setSeed seed', 'an integer from 0 to 4294967295', seed)
  }
  base = seed
  drawn = 0
}

/** A seed for something that was given none: the next of the sequence that {@link setSeed} began. */
export function nextSeed(): number {
  base ??= (Math.random() * 0x1_0000_0000) >>> 0
  drawn += 1
  return mix(base, drawn)
}

/** Uses such a seed; where that throws, it is still the next one. */
export function withNextSeed<R>(use: (seed: number) => R): R {
  const before = drawn
  try {
    return use(nextSeed())
  } catch (error) {
    drawn = before
    throw error
  }
}

/** How many threads compute. */
export function threads(): number {
  return runtime().threads
}

/**
 * The instruction set that computes, `'avx512'`, `'avx2'` or `'portable'`: the best that the processor has, unless
 * `FERROGRAD_ISA` named another in the environment before the first number was computed. The last bits depend on it.
 */
export function instructionSet(): string {
  return runtime().isa
}

/**
 * The unit for bfloat16 that large products use: `'amx'` below the highest precision, and at it where that is faster;
 * `'avx512-bf16'` at the medium one; or `'none'`, as on every instruction set but AVX-512.
 */
export function matrixUnit(): string {
  return runtime().tiles
}

/** Sets how many threads compute from now on; 0 for as many as the machine lends. The numbers do not depend on it. */
export function setThreads(count: number): void {
  checkThreads('setThreads', count)
  // A line ends before the next one begins.
  drainQueue()
  useThreads(count)
}

/** How many threads read, decode and write data and files beside those that compute. */
export function dataThreads(): number {
  return runtime().dataThreads
}

/**
 * Sets how many threads read, decode and write data and files (CSV, JSON lines, pictures, rows, checkpoints) from now on; 0, the
 * default, for as many as compute. They start at the first such work. Batches and files do not depend on it.
 *
 * @example
 * import { config } from 'ferrograd'
 *
 * config.setDataThreads(1)
 * console.log(config.dataThreads()) // 1
 */
export function setDataThreads(count: number): void {
  checkThreads('setDataThreads', count)
  useDataThreads(count)
}

function checkThreads(where: string, count: number): void {
  if (!Number.isInteger(count) || count < 0 || count > 1024) {
    fail('ERR_CONFIG', `${where} count`, 'an integer from 0 to 1024', count)
  }
}

/** Two 32-bit numbers scattered to one, so that neighbouring seeds share nothing (the finaliser of MurmurHash3). */
function mix(seed: number, index: number): number {
  let hash = (seed ^ Math.imul(index, 0x9e37_79b9)) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b) >>> 0
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35) >>> 0
  return (hash ^ (hash >>> 16)) >>> 0
}
