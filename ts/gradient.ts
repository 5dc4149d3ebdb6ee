/** Derivatives: of a drawn scalar, of a function, of what a tape recorded. */

import { fail } from './errors.js'
import { gradients } from './native.js'
import { type Reads, record } from './recording.js'
import { native } from './runtime.js'
import { handleOf, Tensor, tensor } from './tensor.js'
import { currentTrace } from './trace.js'
import type { TensorLike } from './types.js'
import { Variable } from './variable.js'

/** What a gradient may be taken with respect to. */
export type Source = Tensor | Variable

/** What stands where a value does not depend on a source: nothing, or zeros. */
export interface GradientOptions {
  /** `'none'` (default): `undefined`; `'zero'`: zeros. */
  readonly unconnectedGradients?: 'none' | 'zero'
}

/**
 * `∂loss/∂x` for each of `xs`, `undefined` where `loss` does not depend on it; drawn, so that it can be
 * differentiated again. A variable stands for the value that was read of it inside the running trace.
 */
export function gradient(loss: Tensor, xs: readonly Source[], reads: Reads = new Map()): (Tensor | undefined)[] {
  const symbols = currentTrace()?.symbols
  const stands = xs.map((x) => (x instanceof Variable ? (reads.get(x) ?? symbols?.get(x)) : x))
  const known = stands.filter((tensor) => tensor !== undefined)
  const found = native(() => gradients(handleOf(loss), known.map(handleOf))).map(
    (handle) => handle && Tensor.of(handle),
  )
  return stands.map((tensor) => (tensor === undefined ? undefined : (found[known.indexOf(tensor)] ?? undefined)))
}

/**
 * Records what a function computes, to differentiate it afterwards, any number of times.
 *
 * @example
 * import { GradientTape, ops, variable } from 'ferrograd'
 *
 * const w = variable(3)
 * const tape = new GradientTape()
 * const loss = tape.record(() => ops.multiply(w, w))
 * const [dw] = tape.gradient(loss, [w])
 * console.log(dw?.itemSync()) // 6
 */
export class GradientTape {
  readonly #reads: Reads = new Map()

  /** Runs `fn` and remembers how its results were computed. */
  record<R>(fn: () => R): R {
    return record(this.#reads, fn)
  }

  /** Has nothing to do: every tensor that a recorded function reads can be differentiated by. Kept for its users. */
  watch(_tensor: Tensor): void {}

  /** `∂loss/∂x` for each of `xs`; `loss` is a scalar. */
  gradient(loss: Tensor, xs: readonly Source[], options: GradientOptions = {}): (Tensor | undefined)[] {
    const found = gradient(loss, xs, this.#reads)
    return options.unconnectedGradients === 'zero' ? found.map((grad, index) => grad ?? zeros(xs[index])) : found
  }
}

/**
 * The value of `f` and its gradients with respect to `xs`.
 *
 * @example
 * import { ops, valueAndGrad, variable } from 'ferrograd'
 *
 * const w = variable([1, 2])
 * const [value, [dw]] = valueAndGrad(() => ops.sum(ops.square(w)), [w])
 * console.log(value.itemSync(), dw?.arraySync()) // 5 [2, 4]
 */
export function valueAndGrad(f: () => Tensor, xs: readonly Source[]): [Tensor, (Tensor | undefined)[]] {
  const tape = new GradientTape()
  const value = tape.record(f)
  return [value, tape.gradient(value, xs)]
}

/**
 * The function that gives `∂f/∂x` at its first argument.
 *
 * @example
 * import { grad, ops } from 'ferrograd'
 *
 * const slope = grad((x) => ops.multiply(x, ops.multiply(x, x)))
 * console.log(slope(2).itemSync()) // 12
 */
export function grad(f: (x: Tensor) => Tensor): (x: TensorLike) => Tensor {
  return (x) => {
    const at = tensor(x)
    if (at.dtype === 'int32' || at.dtype === 'bool') {
      fail('ERR_DTYPE', 'grad', 'a float32 or float64 argument', { text: at.dtype })
    }
    const [, [slope]] = valueAndGrad(() => f(at), [at])
    return slope ?? zeros(at)
  }
}

function zeros(source: Source | undefined): Tensor {
  if (source === undefined) fail('ERR_INTERNAL', 'gradient', 'a source', source)
  const size = source.shape.reduce((product, length) => product * length, 1)
  return tensor(new Float64Array(size), source.shape, source.dtype)
}
