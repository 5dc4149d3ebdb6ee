/** The values of a column as numbers, or as tokens: what counts as missing, and what is refused. */

import { fail } from '../../errors.js'
import { type Column, NumberColumn } from '../column.js'
import { TextColumn } from '../text-column.js'
import type { Place } from './encoder.js'

/** A category as it stands in the data; the empty text where it is missing. */
export type Token = string | number

/** Numbers, NaN where one is missing: `null`, `undefined`, NaN or the empty text. Truth values are 0 and 1. */
export function numbersOf(column: Column, place: Place): ArrayLike<number> {
  if (column instanceof NumberColumn) return flat(column, place)
  return Float64Array.from(column.each(), (value, row) => numberOf(value, row, place))
}

function flat({ values, rowShape }: NumberColumn, place: Place): ArrayLike<number> {
  if (rowShape.length > 0) fail('ERR_DATA', place(0), 'one value a row', { text: 'arrays' })
  return values
}

function numberOf(value: unknown, row: number, place: Place): number {
  if (typeof value === 'number') return value
  if (value === null || value === undefined || value === '') return Number.NaN
  if (typeof value === 'boolean') return value ? 1 : 0
  return fail('ERR_DATA', place(row), 'a number', value, 'category() and hashed() take text')
}

/** The tokens that occur, and which of them each row has. */
export interface Dictionary {
  readonly tokens: readonly Token[]
  readonly codes: Uint32Array
}

/** A column by its tokens. */
export function dictionaryOf(column: Column, place: Place): Dictionary {
  if (column instanceof TextColumn) return dictionaryOfTexts(column)
  const values = column instanceof NumberColumn ? flat(column, place) : column.each()
  const known = new Map<unknown, number>()
  const codes = new Uint32Array(values.length)
  for (let row = 0; row < codes.length; row++) {
    const value = values[row]
    const code = known.get(value)
    if (code === undefined) known.set(value, known.size)
    codes[row] = code ?? known.size - 1
  }
  // Of each token one row, for messages.
  const tokens = [...known.keys()].map((value, code) => tokenOf(value, () => place(codes.indexOf(code))))
  return { tokens, codes }
}

/** The texts of a column may be many more than it has rows: those of a whole file. */
function dictionaryOfTexts({ texts, codes }: TextColumn): Dictionary {
  if (texts.length <= codes.length) return { tokens: texts, codes }
  const known = new Map<number, number>()
  const own = codes.map((code) => {
    const number = known.get(code) ?? known.size
    known.set(code, number)
    return number
  })
  return { tokens: Array.from(known.keys(), (code) => texts[code]!), codes: own }
}

function tokenOf(value: unknown, place: () => string): Token {
  if (typeof value === 'string') return value
  if (value === null || value === undefined || Number.isNaN(value)) return ''
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'number' && Number.isFinite(value)) return value
  return fail('ERR_DATA', place(), 'text, a finite number or a truth value', value)
}
