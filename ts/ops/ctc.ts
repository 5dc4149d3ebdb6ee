/** Connectionist temporal classification: labels of a sequence whose places in it nobody knows. */

import { type Op, op, opOfMany } from '../core/operation.js'
import { knownOf, type Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as raw from '../generated/ops.js'
import type { Named } from '../options/fields.js'
import type { FunctionOptions } from '../options/reader.js'
import type { Shape } from '../types.js'
import {
  add,
  divide,
  equal,
  exp,
  greaterEqual,
  less,
  log,
  logicalAnd,
  maximum,
  minimum,
  multiply,
  negative,
  notEqual,
  stopGradient,
  subtract,
  where,
} from './elementwise.js'
import { logSoftmax } from './neural.js'
import { cast, type Operand, toClasses, toFloat, toIndices, toTensor } from './operand.js'
import { opOptions } from './options.js'
import { argmax, max, sort, sum } from './reduce.js'
import { scan } from './scan.js'
import {
  arange,
  broadcastTo,
  concatenate,
  expandDims,
  reshape,
  slice,
  stack,
  takeAlongAxis,
  transpose,
  zeros,
} from './shape.js'

const maskFields = {
  /** The class that stands for no label. Default 0. */
  maskIndex: { type: 'integer', default: 0 },
} as const

/** What the class of no label is. */
export interface CtcLossOptions extends FunctionOptions<typeof maskFields>, Named {}

const readLoss = opOptions('ctcLoss', maskFields)

/** The logarithm of 0. */
const NEVER = Number.NEGATIVE_INFINITY

/**
 * `−ln Σ p(row)` over all rows of classes that give the labels, once repeats and then blanks are left out: one loss a
 * sequence (batch).
 *
 * `target` (batch, labels) are class numbers, of which the first `targetLength` (batch) count; `output` (batch, steps, classes)
 * are logits, of which the first `outputLength` (batch) steps count. A target that needs more steps than there are (one a
 * label, and one between two equal ones) has the loss infinity and no gradient. In log space (Graves et al., 2006).
 *
 * @throws `ERR_SHAPE` where these do not fit each other; `ERR_DATA` for lengths beyond what there is, and labels that are no class,
 * where they are known; `ERR_CONFIG` where `maskIndex` is no class.
 * @see keras.ops.ctc_loss
 */
export const ctcLoss: Op<
  [target: Operand, output: Operand, targetLength: Operand, outputLength: Operand, options?: CtcLossOptions]
> = opOfMany('ctcLoss', (target, output, targetLength, outputLength, options) => {
  const { maskIndex } = readLoss(options)
  const [labels, logits] = [toClasses('ctcLoss target', target), toFloat(output)]
  const [batch, , classes] = sequenceShape('ctcLoss output', logits)
  if (labels.rank !== 2 || labels.shape[0] !== batch)
    fail('ERR_SHAPE', 'ctcLoss target', `[${batch}, labels]`, labels.shape)
  checkBlank('ctcLoss maskIndex', maskIndex, classes)
  const most = labels.shape[1]!
  const length = lengths('ctcLoss targetLength', targetLength, batch, most)
  const steps = lengths('ctcLoss outputLength', outputLength, batch, logits.shape[1]!)
  checkLabels(knownNumbers(target), knownNumbers(targetLength), most, logits)
  return negativeLog(forward(labels, logSoftmax(logits), length, steps, maskIndex), length)
})

/** The logarithms of what the beginnings of the labels with blanks between them have after the last step (batch, 2 · labels + 1). */
function forward(labels: Tensor, chances: Tensor, length: Tensor, steps: Tensor, blank: number): Tensor {
  const spread = between(labels, length, blank)
  const [batch, states] = spread.shape as readonly [number, number]
  const count = chances.shape[1]!
  const places = broadcastTo(expandDims(spread, 1), [batch, count, states])
  const emitted = transpose(takeAlongAxis(chances, places, { axis: 2 }), [1, 0, 2])
  const over = where(mayPassOver(spread, blank), zeros([], chances.dtype), NEVER)
  const counts = transpose(less(reshape(arange(count), [1, count]), expandDims(steps, 1)))
  // Before the first step: as if a blank had come, so that it begins with a blank or with the first label.
  const first = where(equal(arange(states), 0), zeros([batch, states], chances.dtype), NEVER)
  const step = (before: Tensor, { chance, here }: { readonly chance: Tensor; readonly here: Tensor }) => {
    const next = add(logSum(before, shifted(before, 1), add(shifted(before, 2), over)), chance)
    return [where(expandDims(here, 1), next, before), null] as const
  }
  return (scan as unknown as Walk)(step, first, { chance: emitted, here: counts })[0]
}

type Walk = (step: unknown, init: Tensor, xs: unknown) => readonly [Tensor, null]

/** `∅ l₁ ∅ l₂ … ∅`; behind the end there are blanks alone. */
function between(labels: Tensor, length: Tensor, blank: number): Tensor {
  const [batch, most] = labels.shape as readonly [number, number]
  const counts = less(arange(most), expandDims(length, 1))
  const own = where(counts, labels, blank)
  const pairs = stack([broadcastTo(toTensor(blankOf(blank)), [batch, most]), own], { axis: 2 })
  const last = broadcastTo(toTensor(blankOf(blank)), [batch, 1])
  return concatenate([reshape(pairs, [batch, 2 * most]), last], { axis: 1 })
}

function blankOf(blank: number): Tensor {
  return toIndices('ctc', blank)
}

/** Whether the blank before a label may be left out: before another one than the last. */
function mayPassOver(spread: Tensor, blank: number): Tensor {
  const before = shifted(spread, 2, blank)
  return logicalAnd(notEqual(spread, blank), notEqual(spread, before))
}

/** Each row moved to the right, `fill` coming in from the left. */
function shifted(x: Tensor, by: number, fill: number = NEVER): Tensor {
  const [batch, states] = x.shape as readonly [number, number]
  const head = broadcastTo(x.dtype === 'int32' ? blankOf(fill) : add(zeros([], x.dtype), fill), [
    batch,
    Math.min(by, states),
  ])
  if (by >= states) return head
  return concatenate([head, slice(x, { begin: [0, 0], size: [batch, states - by] })], { axis: 1 })
}

/** `ln Σ eˣ` of some tensors, at each element; where all are −∞ it is too, and has no slope. */
function logSum(...xs: readonly Tensor[]): Tensor {
  const most = stopGradient(xs.reduce((a, b) => maximum(a, b)))
  const never = equal(most, NEVER)
  const base = where(never, 0, most)
  const total = xs.map((x) => exp(subtract(x, base))).reduce((a, b) => add(a, b))
  return where(never, NEVER, add(base, log(where(never, 1, total))))
}

/** A sequence ends in its last label or in the blank behind it. */
function negativeLog(last: Tensor, length: Tensor): Tensor {
  const at = (index: Tensor): Tensor => reshape(takeAlongAxis(last, expandDims(index, 1), { axis: 1 }), length.shape)
  const end = multiply(length, 2)
  const label = where(greaterEqual(end, 1), at(maximum(subtract(end, 1), 0)), NEVER)
  return negative(logSum(at(end), label))
}

const searchFields = {
  /** The likeliest class of each step, or the likeliest labels by a search that keeps beginnings. Default 'greedy'. */
  strategy: { type: 'choice', of: ['greedy', 'beamSearch'], default: 'greedy' },
  /** How many beginnings the search keeps. Default 100. */
  beamWidth: { type: 'integer', default: 100, min: 1, below: 16777216 },
  /** How many results the search gives. Default 1. */
  topPaths: { type: 'integer', default: 1, min: 1 },
  /** Whether repeats are one label. `greedy` alone asks. Default true. */
  mergeRepeated: { type: 'boolean', default: true },
} as const
const decodeFields: typeof searchFields & typeof maskFields = { ...searchFields, ...maskFields }

/** How labels are found. */
export interface CtcDecodeOptions extends FunctionOptions<typeof decodeFields>, Named {}

const readDecode = opOptions('ctcDecode', decodeFields)

/** Labels and how likely they are. */
export interface CtcDecoded {
  /** (paths, batch, steps) as int32, −1 behind the end; greedy gives one path. */
  readonly decoded: Tensor
  /** Greedy: minus the sum of the chosen logits (batch, 1). The search: log probabilities (batch, paths). */
  readonly scores: Tensor
}

/**
 * The labels of sequences of logits (batch, steps, classes), of which the first `sequenceLengths` (batch) steps count.
 *
 * `greedy` takes the likeliest class of each step and leaves out repeats, then blanks. `beamSearch` adds up the probabilities
 * of all rows of classes that give the same labels, and keeps the `beamWidth` likeliest beginnings after each step. Neither has
 * a derivative.
 *
 * @throws `ERR_SHAPE` where lengths do not fit, `ERR_DATA` where they are known and not 0 to `steps`; `ERR_CONFIG` for an unknown strategy, more paths than beams, and where
 * `maskIndex` is no class.
 * @see keras.ops.ctc_decode
 */
export const ctcDecode: Op<[inputs: Operand, sequenceLengths: Operand, options?: CtcDecodeOptions], CtcDecoded> = op(
  'ctcDecode',
  (inputs, sequenceLengths, options) => {
    const { strategy, beamWidth, topPaths, mergeRepeated, maskIndex } = readDecode(options)
    const x = toFloat(inputs)
    const [batch, , classes] = sequenceShape('ctcDecode inputs', x)
    const length = lengths('ctcDecode sequenceLengths', sequenceLengths, batch, x.shape[1]!)
    checkBlank('ctcDecode maskIndex', maskIndex, classes)
    if (strategy === 'greedy') return greedy(x, length, mergeRepeated, maskIndex)
    if (topPaths > beamWidth) fail('ERR_CONFIG', 'ctcDecode topPaths', `1 to ${beamWidth}, the beams`, topPaths)
    const attributes = { width: beamWidth, paths: topPaths, blank: maskIndex }
    const [paths, scores] = raw.ctcBeamSearch(logSoftmax(x), length, attributes)
    return { decoded: transpose(paths, [1, 0, 2]), scores }
  },
)

function greedy(x: Tensor, length: Tensor, mergeRepeated: boolean, blank: number): CtcDecoded {
  const [batch, steps] = x.shape as readonly [number, number, number]
  const counts = less(arange(steps), expandDims(length, 1))
  const scores = sum(where(counts, max(x, { axis: 2 }), zeros([], x.dtype)), { axis: 1, keepdims: true })
  const classes = where(counts, argmax(x, { axis: 2 }), blank)
  const isNew = notEqual(classes, shifted(classes, 1, -1))
  const isLabel = notEqual(classes, blank)
  const kept = mergeRepeated ? logicalAnd(isLabel, isNew) : isLabel
  // The places of what is kept, in order, then those of what is not.
  const order = sort(where(kept, broadcastTo(arange(steps), [batch, steps]), steps), { axis: 1 })
  const labels = takeAlongAxis(classes, minimum(order, steps - 1), { axis: 1 })
  return { decoded: expandDims(where(less(order, steps), labels, -1), 0), scores: negative(scores) }
}

const distanceFields = {
  /** How many elements of each row of the hypothesis count; by default those before the first negative one. */
  hypothesisLength: { type: 'operand', default: null },
  /** How many elements of each row of the truth count; by default those before the first negative one. */
  truthLength: { type: 'operand', default: null },
  /** Whether distances are divided by the length of the truth. Default true. */
  normalize: { type: 'boolean', default: true },
} as const

/** Which elements count, and whether distances are shares. */
export interface EditDistanceOptions extends FunctionOptions<typeof distanceFields>, Named {}

const readDistance = opOptions('editDistance', distanceFields)

/**
 * The fewest insertions, deletions and substitutions that make each row of `hypothesis` (batch, n) that of `truth` (batch, m):
 * Levenshtein's distance, by default over the length of the truth (the rate of wrong signs or words), as floats (batch).
 *
 * Elements are integers; a row ends before its first negative one, as rows of {@link ctcDecode} do, or after as many as a
 * length says. With no truth a share is infinite, or 0 with no hypothesis either. As `tf.edit_distance`.
 *
 * @throws `ERR_SHAPE` where these are not (batch, n), (batch, m) and (batch).
 * @example
 * import { ops } from 'ferrograd'
 *
 * const said = [[1, 2, 3, -1]]
 * const meant = [[1, 3, 3, 4]]
 * console.log(ops.editDistance(said, meant).arraySync()) // [0.5]
 */
export const editDistance: Op<[hypothesis: Operand, truth: Operand, options?: EditDistanceOptions]> = op(
  'editDistance',
  (hypothesis, truth, options) => {
    const { hypothesisLength, truthLength, normalize } = readDistance(options)
    const [said, meant] = [toIndices('editDistance', hypothesis), toIndices('editDistance', truth)]
    for (const [name, x] of Object.entries({ hypothesis: said, truth: meant }))
      if (x.rank !== 2) fail('ERR_SHAPE', `editDistance ${name}`, '[batch, elements]', x.shape)
    const [batch] = said.shape as readonly [number, number]
    const own = (x: Tensor, given: Operand | undefined, name: string): Tensor =>
      given === undefined ? lengthOf(x) : lengths(`editDistance ${name}`, given, batch, x.shape[1]!)
    const length = own(meant, truthLength, 'truthLength')
    const distance = raw.editDistance(said, meant, own(said, hypothesisLength, 'hypothesisLength'), length)
    const far = toFloat(distance)
    if (!normalize) return far
    return where(logicalAnd(equal(distance, 0), equal(length, 0)), far, divide(far, toFloat(length)))
  },
)

/** How many elements come before the first negative one (batch). */
function lengthOf(x: Tensor): Tensor {
  const [batch, most] = x.shape as readonly [number, number]
  const ends = where(less(x, 0), broadcastTo(arange(most), [batch, most]), most)
  return most === 0 ? cast(zeros([batch]), 'int32') : raw.min(ends, { axes: [1], keepdims: false })
}

function sequenceShape(where: string, x: Tensor): Shape {
  if (x.rank !== 3) fail('ERR_SHAPE', where, '[batch, steps, classes]', x.shape)
  return x.shape
}

/** A length for each sequence, of `most` at most; what is computed only later is not checked. */
function lengths(where: string, given: Operand, batch: number | undefined, most: number): Tensor {
  const x = toClasses(where, given)
  if (x.rank !== 1 || x.shape[0] !== batch) fail('ERR_SHAPE', where, `[${batch}], a length for each sequence`, x.shape)
  const known = knownNumbers(given)
  const wrong = known?.findIndex((length) => !(length >= 0 && length <= most)) ?? -1
  if (wrong >= 0) fail('ERR_DATA', where, `lengths of 0 to ${most}`, { text: `${known![wrong]} (sequence ${wrong})` })
  return x
}

/** Refuses labels, of those that count, that are no class of the logits (batch, steps, classes). */
function checkLabels(
  labels: readonly number[] | undefined,
  lengths: readonly number[] | undefined,
  most: number,
  logits: Tensor,
): void {
  const classes = logits.shape[2]!
  const isWrong = (label: number, at: number): boolean =>
    at % most < lengths![Math.floor(at / most)]! && !(label >= 0 && label < classes)
  const wrong = lengths === undefined ? -1 : (labels?.findIndex(isWrong) ?? -1)
  if (wrong < 0) return
  const got = `${labels![wrong]} (sequence ${Math.floor(wrong / most)})`
  fail(
    'ERR_DATA',
    'ctcLoss target',
    `classes of 0 to ${classes - 1}, those of the output [${logits.shape.join(', ')}]`,
    {
      text: got,
    },
  )
}

/** The numbers of an operand where they are there already. */
function knownNumbers(given: Operand): readonly number[] | undefined {
  const known = knownOf(toTensor(given))
  return known === undefined ? undefined : Array.from(known)
}

function checkBlank(where: string, blank: number, classes: number | undefined): void {
  if (!(Number.isInteger(blank) && blank >= 0 && blank < classes!))
    fail('ERR_CONFIG', where, `a class, 0 to ${classes! - 1}`, blank)
}
