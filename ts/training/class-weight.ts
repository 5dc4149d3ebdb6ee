/** Class weights, turned into sample weights. */

import { floatx } from '../config.js'
import { sizeOf } from '../core/shapes.js'
import type { Column } from '../data/marshal.js'
import { fail } from '../errors.js'
import type { ClassWeight, OutputClassWeight } from './data-types.js'

interface Place {
  /** Sample weights that were given as well. */
  readonly own: Column | undefined
  readonly target: Column | undefined
  /** The output's name. */
  readonly name: string | undefined
  readonly outputs: number
  /** The first so many samples are weighed by class. */
  readonly weighed: number
}

/** Whether weights are to be found by counting: of a stream or of a lone batch nobody knows the counts. */
export function asksForCounts(option: ClassWeight | undefined): boolean {
  if (typeof option !== 'object' || option === null) return option === 'balanced'
  return Object.values(option).includes('balanced')
}

/** `weight[i] = classWeight[class of sample i] · sampleWeight[i]`; a class that is not listed weighs 1. */
export function classWeightColumn(
  where: string,
  option: ClassWeight,
  { own, target, name, outputs, weighed }: Place,
): Column | undefined {
  const asked = weightsFor(`${where}.classWeight`, option, name, outputs)
  if (asked === undefined) return own
  if (target === undefined) return fail('ERR_DATA', `${where}.classWeight`, 'targets to weigh', { text: 'none' })
  const classes = classesOf(`${where}.classWeight`, target)
  const table = asked === 'balanced' ? balanced(`${where}.classWeight`, classes.slice(0, weighed)) : asked
  if (asked !== 'balanced') checkCovered(table, classes)
  const dtype = floatx()
  const values = dtype === 'float64' ? new Float64Array(classes.length) : new Float32Array(classes.length)
  const width = own === undefined ? 1 : own.values.length / classes.length
  if (width !== 1) fail('ERR_SHAPE', `${where}.sampleWeight`, 'one number a sample next to classWeight', own?.shape)
  classes.forEach((label, i) => {
    values[i] = (i < weighed ? (table.get(label) ?? 1) : 1) * (own?.values[i] ?? 1)
  })
  return { values, shape: [classes.length], dtype }
}

/** `samples / (classes · samples of the class)`: https://scikit-learn.org/stable/modules/generated/sklearn.utils.class_weight.compute_class_weight.html */
function balanced(where: string, classes: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const label of classes) {
    if (!(Number.isInteger(label) && label >= 0)) fail('ERR_DATA', where, 'class numbers for targets', label)
    counts.set(label, (counts.get(label) ?? 0) + 1)
  }
  return new Map([...counts].map(([label, count]) => [label, classes.length / (counts.size * count)]))
}

function weightsFor(
  where: string,
  option: ClassWeight,
  name: string | undefined,
  outputs: number,
): ReadonlyMap<number, number> | 'balanced' | undefined {
  if (option === 'balanced') return option
  if (typeof option !== 'object' || option === null)
    return fail('ERR_CONFIG', where, "weights by class, e.g. { 0: 1, 1: 5 }, or 'balanced'", option)
  const nested =
    Object.values(option).every((value) => value === 'balanced' || (typeof value === 'object' && value !== null)) &&
    Object.keys(option).length > 0
  if (!nested && outputs > 1)
    fail('ERR_CONFIG', where, 'weights for each output, e.g. { output: { 0: 1, 1: 5 } }', option)
  const own = nested ? (option as Readonly<Record<string, OutputClassWeight>>)[name ?? ''] : option
  if (own === undefined || own === 'balanced') return own
  return new Map(Object.entries(own).map(([label, weight]) => [labelOf(where, label), weightOf(where, label, weight)]))
}

function labelOf(where: string, label: string): number {
  const value = Number(label)
  return Number.isInteger(value) && value >= 0 && label.trim() !== ''
    ? value
    : fail('ERR_CONFIG', where, 'class numbers', label)
}

function weightOf(where: string, label: string, weight: unknown): number {
  if (typeof weight === 'number' && Number.isFinite(weight) && weight >= 0) return weight
  return fail('ERR_CONFIG', `${where}[${label}]`, 'a finite number ≥ 0', weight)
}

/** Labels as they are; of one-hot rows, where the largest entry is. */
function classesOf(where: string, { values, shape }: Column): number[] {
  const [rows = 0, ...rest] = shape
  const width = sizeOf(rest)
  if (rest.length > 1) fail('ERR_SHAPE', where, 'targets of labels [samples] or one-hot rows [samples, classes]', shape)
  if (width === 1) return Array.from(values)
  return Array.from({ length: rows }, (_, row) => largestAt(values.subarray(row * width, (row + 1) * width)))
}

function largestAt(row: Column['values']): number {
  let best = 0
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i
  return best
}

/** Keras weighs a class that is not listed as 1, silently; here it is said. */
function checkCovered(table: ReadonlyMap<number, number>, classes: readonly number[]): void {
  const missing = [...new Set(classes)].filter((label) => !table.has(label)).sort((a, b) => a - b)
  if (missing.length === 0) return
  process.emitWarning(`classWeight lists no weight for class ${missing.join(', ')}: it counts as 1`, {
    type: 'FerrogradWarning',
    code: 'FERROGRAD_CLASS_WEIGHT',
  })
}
