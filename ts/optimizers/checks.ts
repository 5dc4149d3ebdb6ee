/** What an optimizer is given, and what it makes of variables, checked. */

import { type Constraint, getConstraint } from '../constraints.js'
import { returnedTensor } from '../core/check-returned.js'
import { firstNotFinite } from '../core/native.js'
import { checkShape } from '../core/shapes.js'
import { handleOf, Tensor } from '../core/tensor.js'
import { Variable } from '../core/variable.js'
import { FerrogradError, fail } from '../errors.js'

export function checkVariables(where: string, gradients: unknown, variables: unknown): void {
  if (!Array.isArray(gradients) || !Array.isArray(variables))
    fail('ERR_DATA', where, 'lists of gradients and of variables', Array.isArray(gradients) ? variables : gradients)
  const seen = new Set<unknown>()
  for (const one of variables) {
    if (!(one instanceof Variable)) fail('ERR_DATA', where, 'variables', one)
    const text = `'${one.name}'`
    if (one.dtype !== 'float32' && one.dtype !== 'float64')
      fail('ERR_DTYPE', where, 'variables of float32 or float64', { text: `${text}: ${one.dtype}` })
    if (seen.has(one)) fail('ERR_CONFIG', where, 'each variable once', { text: `${text} twice` })
    seen.add(one)
  }
}

export function checkGradient(where: string, gradient: Tensor, weight: Variable): void {
  if (!(gradient instanceof Tensor)) fail('ERR_DATA', where, 'a tensor', gradient)
  checkShape(where, gradient.shape, weight.shape)
}

/** What a constraint makes of a weight, which has its shape and type. */
export function constrained(weight: Variable, given: Constraint): Tensor {
  const constraint = getConstraint(given, `${weight.name}.constraint`)
  const where = `${constraint.className}.call`
  const value = returnedTensor(constraint.call(weight.read()), where)
  checkLike(value, weight, where)
  return value
}

export function checkLike(value: Tensor, target: Variable, where: string): void {
  if (value.dtype !== target.dtype) fail('ERR_DTYPE', where, target.dtype, { text: value.dtype })
  checkShape(where, value.shape, target.shape)
}

/** Throws for gradients whose numbers are there and not finite; those of others are looked at when they are computed. */
export function checkNumbers(where: string, gradients: readonly Tensor[], variables: readonly Variable[]): void {
  const first = firstNotFinite(gradients.map(handleOf))
  if (first >= 0) throw refused(where, variables[first]!)
}

export function refused(where: string, { name }: Variable): FerrogradError {
  const what = `the gradient or the new value of '${name}'`
  return new FerrogradError('ERR_NON_FINITE', `${where}: ${what} is NaN or infinite; nothing has changed`)
}
