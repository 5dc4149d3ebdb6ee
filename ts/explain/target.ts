/** What about an output is explained. */

import { Tensor, tensor } from '../core/tensor.js'
import { isList } from '../data/check.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { PartialShape, TypedArray } from '../types.js'

/**
 * A class for all samples; one for each; or a function that draws a score out of the outputs, one number a sample: of
 * logits that are a softmax's, of several outputs, of the pixels of a mask.
 */
export type Target = number | readonly number[] | TypedArray | ((...outputs: Tensor[]) => Tensor)

type Score = (...outputs: Tensor[]) => Tensor

/** A target whose classes, if it is classes, are known: one a sample. */
export type Aim = { readonly classes: Int32Array } | { readonly score: Score }

/** Checks a target against the outputs of a model and the number of samples. */
export function aimOf(where: string, target: unknown, outputs: readonly PartialShape[], samples: number): Aim {
  if (typeof target === 'function') return { score: target as Score }
  const count = classCount(where, outputs)
  const classes = typeof target === 'number' ? new Array<number>(samples).fill(target) : listOf(where, target, samples)
  for (const [i, one] of classes.entries()) {
    const good = Number.isInteger(one) && one >= 0 && one < count
    if (!good) fail('ERR_CONFIG', typeof target === 'number' ? where : `${where}[${i}]`, `a class below ${count}`, one)
  }
  return { classes: Int32Array.from(classes) }
}

function listOf(where: string, target: unknown, samples: number): number[] {
  if (!isList(target)) fail('ERR_CONFIG', where, 'a class, a list of classes, or a function of the outputs', target)
  const list = Array.from(target) as number[]
  if (list.length !== samples) fail('ERR_SHAPE', where, `${samples} classes, one a sample`, list.length)
  return list
}

/** How many classes the one output has. */
export function classCount(where: string, outputs: readonly PartialShape[]): number {
  const [shape] = outputs
  const count = outputs.length === 1 && shape?.length === 2 ? shape[1] : undefined
  const hint = 'Pass target: a function that draws a score out of the outputs'
  const got = { text: outputs.map((one) => `[${one.map((length) => length ?? '?').join(', ')}]`).join(', ') }
  return count ?? fail('ERR_SHAPE', where, 'one output [samples, classes]', got, hint)
}

/** The sum of the scores of all samples: samples do not meet in a model, so that its gradient has those of each. */
export function totalOf(where: string, outputs: readonly Tensor[], aim: Aim, classes: Tensor | undefined): Tensor {
  if (classes === undefined) return ops.sum(drawnScore(where, outputs, aim))
  const [output] = outputs
  return ops.sum(ops.takeAlongAxis(output!, ops.reshape(classes, [-1, 1]), { axis: 1 }))
}

function drawnScore(where: string, outputs: readonly Tensor[], aim: Aim): Tensor {
  const drawn: unknown = 'score' in aim ? aim.score(...outputs) : undefined
  if (!(drawn instanceof Tensor)) return fail('ERR_DATA', where, 'a function that returns a tensor', drawn)
  const samples = outputs[0]!.shape[0]!
  const fits = drawn.shape[0] === samples && drawn.size === samples
  const hint = 'Choose a class by ops.slice, or add up by ops.sum'
  return fits ? drawn : fail('ERR_SHAPE', where, 'a function that returns one number a sample', drawn.shape, hint)
}

/** The classes of some samples, as a tensor. */
export function classesOf(aim: Aim, first: number, count: number): Tensor | undefined {
  return 'classes' in aim ? tensor(aim.classes.subarray(first, first + count), [count], 'int32') : undefined
}
