/** Cross-validation: every sample is in a test part once. */

import { fail } from '../errors.js'
import type { OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { checkCount, isList } from './check.js'
import { permutation } from './permutation.js'

const foldFields = {
  /** Whether samples are put into folds at random. Default true. */
  shuffle: { type: 'boolean', default: true },
  /** Decides how. Default 0. */
  seed: { type: 'seed', default: 0 },
  /** A label for each sample: every fold then has about the same share of each. Default null. */
  stratify: { type: 'given', default: null },
} as const

const read = optionsReader('kFold', foldFields)

/** Options of {@link kFold}. */
export interface FoldOptions extends OptionsOf<typeof foldFields> {
  readonly stratify?: ArrayLike<number | string>
}

/** Numbers of samples. */
export interface Fold {
  readonly train: Uint32Array
  readonly test: Uint32Array
}

/**
 * `folds` ways to part `rows` samples into training and test, each sample in one test part; their sizes differ by at most one
 * (for each label, where they are stratified).
 *
 * @example
 * ```ts
 * import { kFold, takeRows } from 'ferrograd/data'
 *
 * const x = { values: new Float32Array(20), shape: [10, 2] }
 * for (const { train, test } of kFold(10, 5)) console.log(takeRows(x, train).shape, test.length) // [8, 2] 2, five times
 * ```
 */
export function kFold(rows: number, folds: number, options?: FoldOptions): Fold[] {
  const { shuffle, seed, stratify } = read(options)
  checkCount('kFold.rows', rows, 2)
  if (!(Number.isInteger(folds) && folds >= 2 && folds <= rows))
    fail('ERR_CONFIG', 'kFold.folds', `an integer in [2, ${rows}], the number of samples`, folds)
  if (stratify !== undefined && !isList(stratify))
    fail('ERR_CONFIG', 'kFold.stratify', 'a list of labels, one for each sample', stratify)
  if (stratify !== undefined && stratify.length !== rows)
    fail('ERR_SHAPE', 'kFold.stratify', `${rows} labels, one for each sample`, stratify.length)
  const order = shuffle ? permutation(rows, seed) : Uint32Array.from({ length: rows }, (_, i) => i)
  const foldOf = stratify === undefined ? inTurn(order, folds) : byLabel(order, stratify, folds)
  const all = Uint32Array.from({ length: rows }, (_, i) => i)
  return Array.from({ length: folds }, (_, fold) => ({
    train: all.filter((row) => foldOf[row] !== fold),
    test: all.filter((row) => foldOf[row] === fold),
  }))
}

/** Consecutive samples of the order make a fold, the first ones one longer. */
function inTurn(order: Uint32Array, folds: number): Uint32Array {
  const foldOf = new Uint32Array(order.length)
  const [size, longer] = [Math.floor(order.length / folds), order.length % folds]
  order.forEach((row, i) => {
    const inLonger = longer * (size + 1)
    foldOf[row] = i < inLonger ? Math.floor(i / (size + 1)) : longer + Math.floor((i - inLonger) / size)
  })
  return foldOf
}

/** Samples of a label go to the folds in turn; each label goes on where the last one stopped. */
function byLabel(order: Uint32Array, labels: ArrayLike<unknown>, folds: number): Uint32Array {
  const foldOf = new Uint32Array(order.length)
  const groups = new Map<unknown, number[]>()
  for (const row of order) {
    const group = groups.get(labels[row])
    if (group === undefined) groups.set(labels[row], [row])
    else group.push(row)
  }
  let next = 0
  for (const group of groups.values()) for (const row of group) foldOf[row] = next++ % folds
  return foldOf
}
