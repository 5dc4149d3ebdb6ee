/** What is carried from one step of a loop to the next: a structure of tensors that keeps its shapes and types. */

import { holds, isNamed } from '../core/structure.js'
import { Tensor } from '../core/tensor.js'
import { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import { type Operand, toTensor } from './operand.js'

/** Refuses what a step of a loop leaves where it is not like what it got. */
export function checkCarried(loop: string, before: unknown, after: unknown): void {
  const [expected, got] = [describe(before), describe(after)]
  if (expected === got) return
  const [shapes, gotShapes] = [expected, got].map((text) => text.replace(/(?:float|int)\d+|bool/g, ''))
  const hint = 'A step gives the carry as it got it: ops.reshape, ops.cast, or another init'
  fail(shapes === gotShapes ? 'ERR_DTYPE' : 'ERR_SHAPE', `${loop} carry`, expected, { text: got }, hint)
}

/** `float32[2]`, `[float32[2], int32[]]`, `{ h: float32[2] }` */
function describe(structure: unknown): string {
  if (isTensor(structure)) return `${structure.dtype}[${structure.shape.join(', ')}]`
  if (Array.isArray(structure)) return `[${structure.map(describe).join(', ')}]`
  if (!isNamed(structure)) return String(structure ?? 'nothing')
  const names = Object.keys(structure).sort()
  return `{ ${names.map((name) => `${name}: ${describe(structure[name])}`).join(', ')} }`
}

/** A structure with its data as tensors: a list is data unless there is a tensor, a variable or a name in it. */
export function tensorsIn(value: unknown): unknown {
  if (value === undefined || value === null) return value
  if (isNamed(value)) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, tensorsIn(one)]))
  if (Array.isArray(value) && holds(value, isThing)) return value.map(tensorsIn)
  return toTensor(value as Operand)
}

function isThing(value: unknown): boolean {
  return isTensor(value) || value instanceof Variable || isNamed(value)
}

export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor
}
