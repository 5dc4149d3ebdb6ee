/** What methods and functions of the user's returned, checked where it comes back and named after them. */

import { fail } from '../errors.js'
import type { TensorLike } from '../types.js'
import { Tensor, tensor } from './tensor.js'
import { Variable } from './variable.js'

/** A tensor, or what becomes one: a variable's value, plain numbers. */
export function returnedTensor(value: unknown, where: string): Tensor {
  if (value instanceof Tensor) return value
  if (value instanceof Variable) return value.read()
  const isData = typeof value === 'number' || typeof value === 'boolean' || Array.isArray(value)
  if (!isData && !ArrayBuffer.isView(value)) fail('ERR_DATA', where, 'a tensor', value, hintFor(value))
  if (Array.isArray(value) && value.some((one) => one instanceof Tensor))
    fail('ERR_DATA', where, 'one tensor', { text: 'a list of them' }, 'Join them with ops.stack or ops.concatenate')
  return tensor(value as TensorLike)
}

/** A tensor of one element, as a scalar is welcome in any rank. */
export function returnedScalar(value: unknown, where: string): Tensor {
  const result = returnedTensor(value, where)
  if (result.size !== 1) fail('ERR_SHAPE', where, 'a scalar', { text: `shape [${result.shape.join(', ')}]` })
  return result
}

/** One tensor, or a list of them. */
export function returnedTensors(value: unknown, where: string): Tensor | readonly Tensor[] {
  if (value instanceof Tensor) return value
  if (value instanceof Variable) return value.read()
  const isList = Array.isArray(value) && value.length > 0 && value.every((one) => one instanceof Tensor)
  return isList ? value : fail('ERR_DATA', where, 'a tensor, or a list of tensors', value, hintFor(value))
}

/** Nothing that would have to be awaited: what is drawn after an await is no part of the program. */
export function returnedNow(value: unknown, where: string): void {
  if (value instanceof Promise) fail('ERR_DATA', where, 'a synchronous method', value, hintFor(value))
}

function hintFor(value: unknown): string | undefined {
  if (value === undefined) return 'Is a return missing?'
  if (value instanceof Promise) return 'It must be synchronous: what comes after an await is no part of the program'
  return undefined
}
