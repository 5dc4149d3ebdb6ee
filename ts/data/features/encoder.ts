/** What a feature is once it has learnt: a function from columns to numbers. */

import type { Column } from '../column.js'

/** How numbers of categories come out. */
export type CategoryOutput = 'oneHot' | 'int'

/** The name of a row of a column in messages. */
export type Place = (row: number) => string

/** The columns that are to be encoded. */
export interface Given {
  column(feature: string): Column
  place(feature: string): Place
  /** The numbers of a feature's categories: made once, for itself and for those that cross it. */
  categories(feature: string): Int32Array
}

/** One feature of rows as `width` numbers each. */
export interface Encoder {
  /** Numbers a row. */
  readonly width: number
  /** What each of them means, `''` for the value itself. */
  readonly labels: readonly string[]
  /** Whether numbers of categories come out as they are. */
  readonly isInt: boolean
  /** The number of each row's category, where there are some: what crosses are made of. */
  readonly categories?: (column: Column, place: Place) => Int32Array
  /** Writes the numbers of the rows into `out`, which is 0: those of row `i` at `at + i · stride`. */
  write(given: Given, out: Float32Array | Int32Array, at: number, stride: number): void
}

/** Something that learns from the columns of a pass. */
export interface Learning<P> {
  see(column: Column, place: Place): void
  /** What was asked for, with what was found filled in: plain JSON. */
  learnt(): P
}

/** A number in `[0, labels.length)` for each row, or a 1 in its place among zeros. */
export function categorical(
  numbersOf: (given: Given) => Int32Array,
  labels: readonly string[],
  output: CategoryOutput,
): Encoder {
  const isInt = output === 'int'
  return {
    width: isInt ? 1 : labels.length,
    labels: isInt ? [''] : labels,
    isInt,
    write(given, out, at, stride) {
      const numbers = numbersOf(given)
      if (isInt) for (let i = 0; i < numbers.length; i++) out[at + i * stride] = numbers[i]!
      else for (let i = 0; i < numbers.length; i++) out[at + i * stride + numbers[i]!] = 1
    },
  }
}
