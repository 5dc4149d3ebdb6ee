/** Lengths that nobody knows before the data come: what stands for them while shapes are found, and what errors call them. */

import { FerrogradError } from '../errors.js'
import type { PartialShape, Shape, TypedArray } from '../types.js'
import { isLength, isShape, sizeOf } from './shapes.js'
import { isNamed } from './structure.js'
import { isSymbolic, type SymbolicTensor } from './symbolic-tensor.js'

/** What stands for the unknown lengths of a shape: one number for a first axis, one for all others. */
export interface Lengths {
  readonly batch: number
  readonly other: number
}

/** Two sets of lengths: a length of a result that differs between them is unknown. */
export type Guess = readonly [Lengths, Lengths]

/** No length that somebody has in mind, and different ones for different axes. */
const usual: Guess = [
  { batch: 1009, other: 1021 },
  { batch: 1013, other: 1025 },
]
/** All of them are the same: a batch that was turned meets the batch. */
const equal = same(1009, 1013)
/** Long ones that most lengths divide: for reshaping, splitting and reaching far. */
const divisible = same(50_400, 100_800)
/** For building a layer: the batch is any number, other unknown lengths are refused by whoever needs them. */
export const buildLengths: Lengths = { batch: usual[0].batch, other: -1 }
/** As many lengths of others are tried for each kind of axis. */
const mostTried = 6

function same(first: number, second: number): Guess {
  return [
    { batch: first, other: first },
    { batch: second, other: second },
  ]
}

/** The usual lengths but for those that are known to be others. */
function usualWith(known: Partial<Lengths>): Guess {
  return [
    { ...usual[0], ...known },
    { ...usual[1], ...known },
  ]
}

/**
 * What the unknown lengths in a call may be, in the order in which to try them. An unknown length is whatever the call needs:
 * one that meets a known length is that one, as in Keras. A batch is not taken to be as long as its own samples, though: a
 * transpose was forgotten then.
 */
export function* guessesFor(sources: readonly SymbolicTensor[], args: readonly unknown[]): Generator<Guess> {
  yield usual
  if (sources.every(({ shape }) => !shape.includes(null))) return
  yield equal
  yield divisible
  const fixed = lengthsIn(args, sources)
  const known = distinct([...sources.flatMap(({ shape }) => shape.filter((length) => length !== null)), ...fixed])
  for (const other of known) yield usualWith({ other })
  for (const batch of fixed) yield usualWith({ batch })
  for (const batch of fixed) for (const other of known) yield usualWith({ batch, other })
}

/** The lengths of constants, those that lists of numbers may be, and what gives sources as many elements as these say. */
function lengthsIn(args: readonly unknown[], sources: readonly SymbolicTensor[]): number[] {
  const shapes = args.flatMap(shapesIn)
  const elements = distinct(sources.map(({ shape }) => sizeOf(shape.filter((length) => length !== null))))
  const quotients = shapes.flatMap((shape) => elements.map((known) => sizeOf(shape) / known))
  return distinct([...shapes.flat(), ...quotients])
}

/** Shapes in an argument: of a constant, of nested numbers, or what a short list of numbers says. */
function shapesIn(value: unknown): readonly Shape[] {
  if (isSymbolic(value)) return typeof value.shape[0] === 'number' ? [[value.shape[0]]] : []
  if (typeof value === 'number') return [[value]]
  if (ArrayBuffer.isView(value)) return [[(value as TypedArray).length]]
  if (Array.isArray(value)) return shapesInList(value)
  if (typeof value !== 'object' || value === null) return []
  const { shape } = value as { shape?: unknown }
  return isShape(shape) ? [shape as Shape] : isNamed(value) ? Object.values(value).flatMap(shapesIn) : []
}

function shapesInList(list: readonly unknown[]): readonly Shape[] {
  if (list.length <= mostTried && list.every(isLength)) return [list as Shape, [list.length]]
  const isData = list.every((one) => typeof one === 'number' || Array.isArray(one))
  return isData ? [[list.length], ...shapesIn(list[0])] : list.flatMap(shapesIn)
}

function distinct(lengths: readonly number[]): number[] {
  return [...new Set(lengths)].filter((length) => length > 1 && isLength(length)).slice(0, mostTried)
}

/** `shape` with numbers for the lengths that are unknown. */
export function withLengths(shape: PartialShape, { batch, other }: Lengths): Shape {
  return shape.map((known, axis) => known ?? (axis === 0 ? batch : other))
}

/** What two guesses agree on. */
export function agreed(first: Shape, second: Shape): PartialShape {
  return first.map((length, axis) => (length === second[axis] ? length : null))
}

/** What `run` gives; its errors do not show what stood for unknown lengths, which means nothing to whoever reads them. */
export function inWords<T>(lengths: Lengths, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof FerrogradError)) throw error
    const said = <V>(part: V): V => (typeof part === 'string' ? (worded(part, lengths) as V) : part)
    const { code, message, where, expected, received, hint } = error
    if (said(message) === message) throw error
    const details = { where: said(where), expected: said(expected), received: said(received), hint: said(hint) }
    throw new FerrogradError(code, said(message), { ...details, cause: error })
  }
}

function worded(text: string, lengths: Lengths): string {
  return text.replace(/\d+/g, (digits) => word(Number(digits), lengths) ?? digits)
}

/** What a number that an unknown length made, or a product with it, stands for. */
function word(number: number, { batch, other }: Lengths): string | undefined {
  for (const [length, name] of [
    [batch, 'batch'],
    [other, '?'],
  ] as const) {
    if (number === length) return name
    if (number > 0 && length > 1 && number % length === 0) return `${name}·${number / length}`
  }
  return undefined
}
