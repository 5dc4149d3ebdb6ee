/** Labels and scores out of whatever holds them. */

import { toColumn } from '../data/marshal.js'
import { fail } from '../errors.js'

/** Names of classes, whole numbers, or a row of scores for each class; a tensor or arrays. */
export type Labels = Parameters<typeof toColumn>[1] | readonly string[]

/** True and predicted classes of some samples, by number, and what they are called. */
export interface Pairs {
  readonly actual: readonly number[]
  readonly predicted: readonly number[]
  readonly names: readonly string[]
}

/** Both lists as numbers of classes; of rows of scores the largest counts, of one score whether it is above one half. */
export function pairsOf(where: string, yTrue: unknown, yPred: unknown, names?: readonly string[]): Pairs {
  const [actual, predicted] = [labelsOf(`${where}.yTrue`, yTrue), labelsOf(`${where}.yPred`, yPred)]
  if (actual.length !== predicted.length)
    fail('ERR_SHAPE', `${where}.yPred`, `${actual.length} samples, as yTrue has`, predicted.length)
  if (typeof actual[0] === 'string' || typeof predicted[0] === 'string')
    return pairsOfText(where, actual, predicted, names)
  const all = [...actual, ...predicted] as number[]
  const count = Math.max(names?.length ?? 0, all.reduce((most, label) => Math.max(most, label), 0) + 1)
  if (names !== undefined && names.length < count)
    fail('ERR_CONFIG', `${where}.labels`, `${count} names, one for each class`, names.length)
  return {
    actual: actual as readonly number[],
    predicted: predicted as readonly number[],
    names: names ?? Array.from({ length: count }, (_, i) => String(i)),
  }
}

function pairsOfText(
  where: string,
  actual: readonly (number | string)[],
  predicted: readonly (number | string)[],
  names?: readonly string[],
): Pairs {
  const found = [...new Set([...actual, ...predicted].map(String))].sort()
  const known = names ?? found
  const numbers = new Map(known.map((name, i) => [name, i]))
  const numberOf = (label: number | string): number => {
    if (typeof label === 'string')
      return numbers.get(label) ?? fail('ERR_DATA', `${where}.labels`, `labels among ${known.join(', ')}`, label)
    if (names?.[label] !== undefined) return label
    const expected =
      names === undefined ? 'the names of the classes, where text meets numbers' : `${label + 1} names or more`
    return fail('ERR_CONFIG', `${where}.labels`, expected, names?.length)
  }
  return { actual: actual.map(numberOf), predicted: predicted.map(numberOf), names: known }
}

function labelsOf(where: string, data: unknown): readonly (number | string)[] {
  if (Array.isArray(data) && typeof data[0] === 'string') return data as readonly string[]
  const { values, shape } = toColumn(where, data as Parameters<typeof toColumn>[1], 'float64')
  const width = shape.slice(1).reduce((product, length) => product * length, 1)
  if (shape.length > 2) fail('ERR_SHAPE', where, 'labels [samples] or scores [samples, classes]', shape)
  if (width > 1) return Array.from({ length: shape[0]! }, (_, row) => largest(values, row * width, width))
  const whole = values.every((value) => Number.isInteger(value) && value >= 0)
  if (whole) return Array.from(values)
  const scores = values.every((value) => value >= 0 && value <= 1)
  return scores
    ? Array.from(values, (score) => (score > 0.5 ? 1 : 0))
    : fail('ERR_DATA', where, 'whole numbers ≥ 0, or probabilities', { text: 'other numbers' })
}

function largest(values: ArrayLike<number>, start: number, width: number): number {
  let best = 0
  for (let i = 1; i < width; i++) if (values[start + i]! > values[start + best]!) best = i
  return best
}
