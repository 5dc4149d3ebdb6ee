/** Loops that go on while a condition holds. */

import { drawWhile } from '../core/loop-body.js'
import { Operation, type Symbolic } from '../core/operation.js'
import { holds, leavesOf, packAs } from '../core/structure.js'
import { recordCall } from '../core/symbolic-call.js'
import { isSymbolic } from '../core/symbolic-tensor.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { Named } from '../options/fields.js'
import type { FunctionOptions } from '../options/reader.js'
import { checkCarried, isTensor, tensorsIn } from './carried.js'
import { cast, type Operand, toTensor } from './operand.js'
import { opOptions } from './options.js'
import type { Holds, TensorsOf } from './scan.js'
import { reshape } from './shape.js'

const boundFields = {
  /** The most turns that there are. Gradients need it. Default null. */
  maximumIterations: { type: 'integer', default: null, min: 0 },
} as const

/** How far a loop goes at most. */
export interface WhileLoopOptions extends FunctionOptions<typeof boundFields>, Named {}

const read = opOptions('whileLoop', boundFields)

/** What is left of loop variables: symbolic tensors where there were such. */
export type Looped<V> = Holds<V> extends true ? Symbolic<Left<V>> : Left<V>

/** Loop variables as tensors; a list is one of them, and no data. */
type Left<V> = V extends readonly unknown[] ? { readonly [K in keyof V]: TensorsOf<V[K]> } : TensorsOf<V>

/** The loop variables as the functions take them: those of a list one by one. */
type Variables<V> = V extends readonly unknown[] ? { -readonly [K in keyof V]: TensorsOf<V[K]> } : [TensorsOf<V>]

/**
 * Goes on while a condition holds: `vars = loopVars; while (cond(...vars)) vars = body(...vars)`.
 *
 * `loopVars` is a list, whose items `cond` and `body` take one by one, or one structure (a tensor, or by name); items are
 * structures as well. `cond` gives one truth value, `body` the next variables, which keep their shapes and dtypes. Both are
 * called once, while the loop is drawn, on tensors without numbers; what they use from outside is constant, and they assign
 * no variables.
 *
 * With `maximumIterations` derivatives of any order go through the loop: the way back takes as many steps as there may be
 * turns, whatever the number of those that there are. `body` has to have a derivative at `loopVars`. Without a bound there
 * is no derivative, and a loop may have no end: compile such a one with `jit(fn, { signal })`, whose `signal` ends it; in
 * `fit`, `evaluate` and `predict` theirs does.
 *
 * @returns The variables once `cond` fails, in their structure.
 * @throws `ERR_SHAPE`, `ERR_DTYPE` where `body` changes the variables or `cond` gives more than one value; `ERR_CONFIG` for
 * what is no function, and where a gradient is drawn without a bound; `ERR_STATE` where a variable is assigned;
 * `ERR_ABORTED` where the signal ended it.
 * @see keras.ops.while_loop
 * @example
 * import { ops } from 'ferrograd'
 *
 * // Newton's steps to a root, until they are small.
 * const root = (x: number) =>
 *   ops.whileLoop(
 *     (guess, step) => ops.greater(ops.abs(step), 1e-4),
 *     (guess) => {
 *       const next = ops.multiply(ops.add(guess, ops.divide(x, guess)), 0.5)
 *       return [next, ops.subtract(next, guess)]
 *     },
 *     [x, 1],
 *     { maximumIterations: 50 },
 *   )[0]
 * console.log(root(2).itemSync()) // 1.4142135
 */
export function whileLoop<const V>(
  cond: (...vars: Variables<V>) => Operand,
  body: (...vars: Variables<V>) => NoInfer<Left<V>>,
  loopVars: V,
  options?: WhileLoopOptions,
): Looped<NoInfer<V>>
export function whileLoop(cond: Turn, body: Turn, loopVars: unknown, options?: WhileLoopOptions): unknown {
  if (!holds(loopVars, isSymbolic)) return run(cond, body, loopVars, options)
  return recordCall(new Operation('whileLoop', run as never), [cond, body, loopVars, options], {}, () => run as never)
}

type Turn = (...vars: readonly unknown[]) => unknown

function run(cond: Turn, body: Turn, loopVars: unknown, options?: WhileLoopOptions): unknown {
  const { maximumIterations: most } = read(options)
  if (typeof cond !== 'function') fail('ERR_CONFIG', 'whileLoop cond', 'a function', cond)
  if (typeof body !== 'function') fail('ERR_CONFIG', 'whileLoop body', 'a function', body)
  const isList = Array.isArray(loopVars)
  const first = (isList ? loopVars : [loopVars]).map(tensorsIn)
  const init = leavesOf(first, isTensor)
  const last = drawWhile('whileLoop', init, most, (carries) => {
    const vars = packAs(first, isTensor, carries) as readonly unknown[]
    const go = truth(cond(...vars))
    const given = body(...vars)
    const next = (Array.isArray(given) && (isList || holds(given, isTensor)) ? given : [given]).map(tensorsIn)
    checkCarried('whileLoop', first, next)
    return { go, next: leavesOf(next, isTensor) }
  })
  const all = packAs(first, isTensor, last) as readonly unknown[]
  return isList ? all : all[0]
}

/** The condition as one truth value. */
function truth(given: unknown): Tensor {
  const go = toTensor(given as Operand)
  if (go.size !== 1) fail('ERR_SHAPE', 'whileLoop cond', 'one truth value', go.shape, 'Reduce it: ops.any, ops.all')
  return cast(reshape(go, []), 'bool')
}
