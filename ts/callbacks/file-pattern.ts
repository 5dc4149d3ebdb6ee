/** Paths with the epoch and the logs in them: `model-{epoch:02d}-{val_loss:.4f}.keras`. */

import { fail, hintFor } from '../errors.js'
import { canonical } from '../options/names.js'

/** The fields of a pattern: a name, and how its number is written. */
const FIELD = /\{(\w+)(?::(0?)(\d*)(?:\.(\d+))?([dfeg%]?))?\}/g

/** The pattern with numbers put in, as Python's `format` does: `{epoch:02d}`, `{val_loss:.4f}` or `{valLoss:.4f}`, `{loss}`. */
export function fillPattern(where: string, pattern: string, values: Readonly<Record<string, number>>): string {
  const filled = pattern.replaceAll(FIELD, (_, name: string, zero = '', width = '', places = '', kind = '') => {
    const value =
      values[name] ?? values[Object.keys(values).find((known) => canonical(known) === canonical(name)) ?? '']
    if (value === undefined)
      fail('ERR_CONFIG', where, `names of ${Object.keys(values).join(', ')}`, name, hintFor(name, Object.keys(values)))
    return written(value, kind, places).padStart(Number(width || 0), zero === '' ? ' ' : '0')
  })
  if (/[{}]/.test(filled)) {
    const hint = 'Write {name}, {name:02d} or {name:.4f}'
    fail('ERR_CONFIG', where, 'a pattern as Python writes it', pattern, hint)
  }
  return filled
}

function written(value: number, kind: string, places: string): string {
  const digits = places === '' ? 6 : Number(places)
  if (kind === 'f') return value.toFixed(digits)
  if (kind === 'e') return exponential(value, digits)
  if (kind === '%') return `${(value * 100).toFixed(digits)}%`
  if (kind === 'g' || places !== '') return String(Number(value.toPrecision(Math.max(1, digits))))
  return String(value)
}

/** Python writes at least two digits of the exponent. */
function exponential(value: number, digits: number): string {
  return value.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2')
}
