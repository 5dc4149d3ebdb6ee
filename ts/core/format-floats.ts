/** Floats as NumPy prints them: the fewest digits that tell a number from its neighbours, eight decimals at most. */

import type { FloatDType } from '../types.js'

const PRECISION = 8

/** How each of the numbers is printed, all equally wide; a number on its own as Python prints it. */
export function formatFloats(shown: readonly number[], dtype: FloatDType, scalar: boolean): (value: number) => string {
  if (scalar) return (value) => printScalar(value, dtype)
  const finite = shown.filter(Number.isFinite)
  const wide = isWide(finite, dtype)
  const parts = finite.map((value) => (wide ? scientific : positional)(value, dtype))
  const width = (pick: (part: Parts) => string): number => Math.max(0, ...parts.map((part) => pick(part).length))
  const [left, right, power] = [
    width((part) => part.whole),
    width((part) => part.fraction),
    width((part) => part.power),
  ]
  const print = (value: number): string => {
    if (wide) return exact(value, right, power - 1).padStart(left + 1 + right + 1 + power)
    const { whole, fraction } = positional(value, dtype)
    return `${whole.padStart(left)}.${fraction.padEnd(right)}`
  }
  const texts = shown.map((value) => (Number.isFinite(value) ? print(value) : nonFinite(value)))
  const longest = Math.max(...texts.map((text) => text.length))
  return (value) => (Number.isFinite(value) ? print(value) : nonFinite(value)).padStart(longest)
}

/** True where numbers are too large, too small or too far apart for decimals. */
function isWide(finite: readonly number[], dtype: FloatDType): boolean {
  const sizes = finite.filter((value) => value !== 0).map(Math.abs)
  if (sizes.length === 0) return false
  const [largest, least] = [Math.max(...sizes), Math.min(...sizes)]
  const ratio = dtype === 'float32' ? Math.fround(largest / least) : largest / least
  return largest >= 1e8 || least < 1e-4 || ratio > 1000
}

/** A number's text in parts: `whole.fraction` and, in scientific notation, the power of ten with its sign. */
interface Parts {
  readonly whole: string
  readonly fraction: string
  readonly power: string
}

function positional(value: number, dtype: FloatDType): Parts {
  const { sign, digits, exponent } = shortest(value, dtype)
  if (digits.length - 1 - exponent > PRECISION) {
    const [whole = '', fraction = ''] = value.toFixed(PRECISION).split('.')
    return { whole: Object.is(value, -0) ? '-0' : whole, fraction: trimmed(fraction), power: '' }
  }
  const padded = digits.padEnd(exponent + 1, '0')
  const whole = exponent < 0 ? '0' : padded.slice(0, exponent + 1)
  const fraction = exponent < 0 ? '0'.repeat(-exponent - 1) + digits : padded.slice(exponent + 1)
  return { whole: sign + whole, fraction: trimmed(fraction), power: '' }
}

function scientific(value: number, dtype: FloatDType): Parts {
  let { sign, digits, exponent } = shortest(value, dtype)
  if (digits.length - 1 > PRECISION) {
    const [mantissa = '', power = '0'] = Math.abs(value).toExponential(PRECISION).split('e')
    digits = mantissa.replace('.', '')
    exponent = Number(power)
  }
  const power = `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  return { whole: sign + digits[0], fraction: trimmed(digits.slice(1)), power }
}

/** `−1.50e+02` with so many decimals and digits of the power: beyond its fewest digits those of the value itself. */
function exact(value: number, decimals: number, powerDigits: number): string {
  const [mantissa = '', power = ''] = value.toExponential(decimals).split('e')
  const sign = Object.is(value, -0) ? '-' : ''
  return `${sign}${mantissa}${decimals === 0 ? '.' : ''}e${power[0]}${power.slice(1).padStart(powerDigits, '0')}`
}

/** The fewest digits that read as the same number of its type: `±d.ddd · 10^exponent`. */
function shortest(value: number, dtype: FloatDType): { sign: string; digits: string; exponent: number } {
  const size = Math.abs(value)
  const text = dtype === 'float64' ? size.toExponential() : shortestSingle(size)
  const [mantissa = '0', exponent = '0'] = text.split('e')
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  return { sign, digits: mantissa.replace('.', ''), exponent: Number(exponent) }
}

function shortestSingle(size: number): string {
  for (let digits = 0; digits < 9; digits += 1) {
    const text = size.toExponential(digits)
    if (Math.fround(Number(text)) === size) return text
  }
  return size.toExponential()
}

/** A number on its own, as `str` of a NumPy scalar gives it: `2.5`, `1.0`, `1e+16`. */
function printScalar(value: number, dtype: FloatDType): string {
  if (!Number.isFinite(value)) return nonFinite(value)
  const { sign, digits, exponent } = shortest(value, dtype)
  const size = Math.abs(value)
  if (value !== 0 && (size < 1e-4 || size >= (dtype === 'float32' ? 1e6 : 1e16))) {
    const power = `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
    const fraction = trimmed(digits.slice(1))
    return `${sign}${digits[0]}${fraction === '' ? '' : `.${fraction}`}e${power}`
  }
  const padded = exponent < 0 ? `${'0'.repeat(-exponent)}${digits}` : digits.padEnd(exponent + 1, '0')
  const point = Math.max(0, exponent) + 1
  return `${sign}${padded.slice(0, point)}.${trimmed(padded.slice(point)) || '0'}`
}

function trimmed(fraction: string): string {
  return fraction.replace(/0+$/, '')
}

function nonFinite(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
}
