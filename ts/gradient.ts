/** Derivatives: of a drawn scalar, of a function, of what a tape recorded. */

import { gradients } from './core/native.js'
import { type CustomCall, newRecording, noteCustom, type Recording, record } from './core/recording.js'
import { native } from './core/runtime.js'
import { checkShape } from './core/shapes.js'
import { leavesOf, mapStructure, packAs, type Structure } from './core/structure.js'
import { depthOf, handleOf, Tensor } from './core/tensor.js'
import { currentTrace } from './core/trace-stack.js'
import { Variable } from './core/variable.js'
import { fail } from './errors.js'
import { toTensor } from './ops/operand.js'
import * as ops from './ops.js'
import type { Named, OptionsOf } from './options/fields.js'
import { optionsReader } from './options/reader.js'
import type { TensorLike } from './types.js'

/** What a gradient may be taken with respect to. */
export type Source = Tensor | Variable

const gradientFields = {
  /** What stands where a value does not depend on a source: `undefined`, or zeros. Default 'none'. */
  unconnectedGradients: { type: 'choice', of: ['none', 'zero'], default: 'none' },
} as const

const read = optionsReader('gradient', gradientFields)

/** Options of {@link GradientTape.gradient}. */
export interface GradientOptions extends OptionsOf<typeof gradientFields>, Named {}

/**
 * `∂loss/∂x` for each of `xs`, `undefined` where `loss` does not depend on it; drawn, so that it can be
 * differentiated again. A variable stands for the value that was read of it while `recording` looked on, else for
 * the one that the running trace began with.
 */
export function gradient(
  loss: Tensor,
  xs: readonly Source[],
  recording: Recording = newRecording(),
): (Tensor | undefined)[] {
  checkLoss(loss)
  const frame = currentTrace()
  const stands = xs.map((x) => {
    checkSource(x)
    return x instanceof Variable ? (recording.reads.get(x) ?? frame?.symbols.get(x)) : x
  })
  const known = [...new Set(stands.filter((tensor) => tensor !== undefined))]
  const customs = [...new Set([...(frame?.customs ?? []), ...recording.customs])]
  const found = pullBack(loss, undefined, known, customs)
  return stands.map((tensor) => (tensor === undefined ? undefined : found[known.indexOf(tensor)]))
}

function checkLoss(loss: Tensor): void {
  if (!(loss instanceof Tensor)) fail('ERR_DATA', 'gradient loss', 'a tensor', loss)
  if (loss.dtype === 'int32' || loss.dtype === 'bool') {
    fail('ERR_DTYPE', 'gradient loss', 'float32 or float64', { text: loss.dtype }, 'Integers have no gradient')
  }
}

/** What a tape gives for them, arranged alike. */
type Derivatives = Tensor | undefined | (Tensor | undefined)[] | Record<string, Tensor | undefined>

/** Sources as they may be arranged. */
type Sources = Structure<Source>

function isSource(x: unknown): x is Source {
  return x instanceof Tensor || x instanceof Variable
}

function sourcesOf(xs: Sources): readonly Source[] {
  mapStructure(xs, (one) =>
    isSource(one) ? one : fail('ERR_DATA', 'gradient', 'tensors or variables, in a list or by name', one),
  )
  return leavesOf(xs, isSource)
}

function isThenable(value: unknown): boolean {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function'
}

function checkSource(x: Source): void {
  if (!isSource(x)) fail('ERR_DATA', 'gradient', 'tensors or variables', x)
  if (x.dtype === 'int32' || x.dtype === 'bool') {
    const what = x instanceof Variable ? `variable '${x.name}'` : 'source'
    fail('ERR_DTYPE', `gradient ${what}`, 'float32 or float64', { text: x.dtype }, 'Integers have no gradient')
  }
}

/** The gradient through ordinary ops, then back through each custom call, the last one first. */
export function pullBack(
  y: Tensor,
  seed: Tensor | undefined,
  xs: readonly Tensor[],
  customs: readonly CustomCall[],
): (Tensor | undefined)[] {
  // A custom call's output is cut off from its inputs: it is a target like the sources, and the way goes on from there.
  const targets = [...new Set([...xs, ...customs.flatMap(({ outputs }) => outputs)])]
  const total = drawn(y, seed, targets)
  for (const { outputs, inputs, backward } of [...customs].reverse()) {
    const upstream = outputs.map((output) => total[targets.indexOf(output)])
    if (upstream.every((one) => one === undefined)) continue
    for (const [index, handed] of backward(upstream).entries()) {
      const input = inputs[index]
      if (handed === undefined || input === undefined) continue
      const parts = drawn(input, handed, targets)
      for (const [i, part] of parts.entries()) total[i] = sumOf(total[i], part)
    }
  }
  return total.slice(0, xs.length)
}

/** The gradient that Rust draws. */
function drawn(y: Tensor, seed: Tensor | undefined, xs: readonly Tensor[]): (Tensor | undefined)[] {
  // The way back is about as long as the way there.
  const depth = Math.min(MOST, 2 * depthOf(y) + 1)
  const found = native(() => gradients(handleOf(y), xs.map(handleOf), seed && handleOf(seed)))
  return found.map((handle) => (handle == null ? undefined : Tensor.of(handle, depth)))
}

/** Gradients are computed when they are asked for, all together, and not one by one as they are drawn. */
const MOST = 200

function sumOf(a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined {
  return a === undefined || b === undefined ? (a ?? b) : ops.add(a, b)
}

/** `∂y/∂x` combined by `upstream`, which has the shape of `y`. */
let pull: (tape: GradientTape, y: Tensor, upstream: Tensor, x: Tensor) => Tensor | undefined

/**
 * Records what a function computes, to differentiate it afterwards, any number of times. Tapes may lie inside each
 * other; a gradient that is taken while another tape records can be differentiated again.
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
  readonly #recording: Recording = newRecording()

  static {
    pull = (tape, y, upstream, x) => {
      const all = [...new Set([...(currentTrace()?.customs ?? []), ...tape.#recording.customs])]
      return pullBack(y, upstream, [x], all)[0]
    }
  }

  /** Runs `fn` and remembers how its results were computed. Computations in several calls belong together. */
  record<R>(fn: () => R): R {
    if (typeof fn !== 'function') fail('ERR_CONFIG', 'GradientTape.record', 'a function', fn)
    const result = record(this.#recording, fn)
    if (isThenable(result)) {
      const hint = 'What runs after an await is not recorded'
      fail('ERR_DATA', 'GradientTape.record', 'a synchronous function', { text: 'one that returns a promise' }, hint)
    }
    return result
  }

  /** Has nothing to do: every tensor that a recorded function reads can be differentiated by. Kept for its users. */
  watch(tensor: Source | readonly Source[]): void {
    for (const one of Array.isArray(tensor) ? tensor : [tensor]) {
      if (!isSource(one)) fail('ERR_DATA', 'GradientTape.watch', 'a tensor', one)
    }
  }

  /**
   * `∂loss/∂x` for each of `xs`, in the same arrangement: one source, a list, or sources by name. `loss` is a scalar;
   * where it does not depend on a source there is `undefined`, or zeros with `unconnectedGradients: 'zero'`.
   */
  gradient(loss: Tensor, xs: readonly Source[], options?: GradientOptions): (Tensor | undefined)[]
  gradient(loss: Tensor, x: Source, options?: GradientOptions): Tensor | undefined
  gradient<K extends string>(
    loss: Tensor,
    xs: Readonly<Record<K, Source>>,
    options?: GradientOptions,
  ): Record<K, Tensor | undefined>
  gradient(loss: Tensor, xs: Sources, options: GradientOptions = {}): Derivatives {
    const { unconnectedGradients } = read(options)
    const list = sourcesOf(xs)
    const found = gradient(loss, list, this.#recording)
    const all = unconnectedGradients === 'none' ? found : list.map((x, index) => found[index] ?? zeros(x))
    return packAs(xs, isSource, all) as Derivatives
  }

  /** The trainable float variables that were read, in the order of their first reads. */
  get watchedVariables(): Variable[] {
    const isFloat = ({ dtype }: Variable): boolean => dtype === 'float32' || dtype === 'float64'
    return [...this.#recording.reads.keys()].filter((variable) => variable.trainable && isFloat(variable))
  }
}

/**
 * The value of `f`, its gradients, and the variables these belong to: `xs`, or all trainable variables that `f` reads.
 *
 * @example
 * import { ops, valueAndGrad, variable } from 'ferrograd'
 *
 * const w = variable([1, 2])
 * const [value, [dw]] = valueAndGrad(() => ops.sum(ops.square(w)))
 * console.log(value.itemSync(), dw?.arraySync()) // 5 [2, 4]
 */
export function valueAndGrad(f: () => Tensor): [Tensor, (Tensor | undefined)[], Variable[]]
export function valueAndGrad<X extends Source>(f: () => Tensor, xs: readonly X[]): [Tensor, (Tensor | undefined)[], X[]]
export function valueAndGrad(f: () => Tensor, xs?: readonly Source[]): [Tensor, (Tensor | undefined)[], Source[]] {
  if (typeof f !== 'function') fail('ERR_CONFIG', 'valueAndGrad', 'a function', f)
  if (xs !== undefined && !Array.isArray(xs)) fail('ERR_DATA', 'valueAndGrad', 'a list of tensors or variables', xs)
  const tape = new GradientTape()
  const value = tape.record(f)
  const sources = [...(xs ?? tape.watchedVariables)]
  return [value, tape.gradient(value, sources), sources]
}

/**
 * The function that gives `∂f/∂x` at `x`; `f` gives a scalar. Applied again it gives the second derivative.
 *
 * @example
 * import { grad, ops, type Tensor } from 'ferrograd'
 *
 * const cube = (x: Tensor) => ops.multiply(x, ops.multiply(x, x))
 * console.log(grad(cube)(2).itemSync(), grad(grad(cube))(2).itemSync()) // 12 12
 */
export function grad(f: (x: Tensor) => Tensor): (x: TensorLike | Variable) => Tensor {
  if (typeof f !== 'function') fail('ERR_CONFIG', 'grad', 'a function', f)
  return (x) => {
    const at = argument('grad', x)
    const [, [slope]] = valueAndGrad(() => f(at), [at])
    return slope ?? zeros(at)
  }
}

/**
 * The function that gives all `∂yᵢ/∂xⱼ` of `y = f(x)` at `x`, shape `[...y.shape, ...x.shape]`: one way back for each
 * element of `y`, so for few of them.
 *
 * @example
 * import { jacobian, ops } from 'ferrograd'
 *
 * const squares = jacobian((x) => ops.square(x))
 * console.log(squares([1, 2, 3]).arraySync()) // [[2, 0, 0], [0, 4, 0], [0, 0, 6]]
 */
export function jacobian(f: (x: Tensor) => Tensor): (x: TensorLike | Variable) => Tensor {
  if (typeof f !== 'function') fail('ERR_CONFIG', 'jacobian', 'a function', f)
  return (x) => {
    const at = argument('jacobian', x)
    const tape = new GradientTape()
    const y = tape.record(() => f(at))
    checkLoss(y)
    if (y.size === 0) return ops.zeros([...y.shape, ...at.shape], at.dtype)
    const rows = Array.from({ length: y.size }, (_, index) => {
      const upstream = ops.reshape(ops.oneHot(index, y.size, y.dtype), y.shape)
      return pull(tape, y, upstream, at) ?? zeros(at)
    })
    return ops.reshape(ops.stack(rows), [...y.shape, ...at.shape])
  }
}

/**
 * The function that gives all second derivatives of the scalar `f(x)` at `x`, shape `[...x.shape, ...x.shape]`; for few
 * elements of `x`.
 *
 * @example
 * import { hessian, ops } from 'ferrograd'
 *
 * const product = hessian((x) => ops.prod(x))
 * console.log(product([2, 3]).arraySync()) // [[0, 1], [1, 0]]
 */
export function hessian(f: (x: Tensor) => Tensor): (x: TensorLike | Variable) => Tensor {
  return jacobian(grad(f))
}

/** What a function with a gradient of its own returns. */
export interface ValueAndGradient {
  readonly value: Tensor
  /** `∂loss/∂value → ∂loss/∂input`: one for each input, undefined where there is none. */
  readonly gradient: (upstream: Tensor) => Tensor | undefined | readonly (Tensor | undefined)[]
}

/**
 * A function of tensors whose gradient is the one you write, not the one of its ops. It counts where a tape, `grad` or
 * a traced function sees the call, and concerns the arguments alone: variables that the function closes over get no
 * gradient through it, so pass them too.
 *
 * @example
 * import { customGradient, grad, ops, type Tensor } from 'ferrograd'
 *
 * // Rounds, but lets gradients through as if it did not.
 * const straightThrough = customGradient((x: Tensor) => ({ value: ops.round(x), gradient: (dy: Tensor) => dy }))
 * console.log(grad((x) => ops.square(straightThrough(x)))(2.6).itemSync()) // 6
 */
export function customGradient(
  f: (...inputs: Tensor[]) => ValueAndGradient,
): (...inputs: (TensorLike | Variable)[]) => Tensor {
  if (typeof f !== 'function') fail('ERR_CONFIG', 'customGradient', 'a function', f)
  return (...given) => {
    const inputs = given.map(toTensor)
    const result = f(...inputs)
    const { value, gradient: back } = result ?? {}
    if (!(value instanceof Tensor && typeof back === 'function'))
      fail('ERR_DATA', 'customGradient result', '{ value: a tensor, gradient: a function }', result)
    const output = ops.stopGradient(value)
    const backward: CustomCall['backward'] = ([dy]) => checkedPull(back(dy!), inputs)
    const call = { outputs: [output], inputs, backward }
    currentTrace()?.customs.push(call)
    noteCustom(call)
    return output
  }
}

function checkedPull(
  handed: Tensor | undefined | readonly (Tensor | undefined)[],
  inputs: readonly Tensor[],
): readonly (Tensor | undefined)[] {
  const list = handed instanceof Tensor || handed === undefined ? [handed] : handed
  if (!Array.isArray(list) || list.length !== inputs.length) {
    const expected = inputs.length === 1 ? 'one gradient for the one input' : `${inputs.length} gradients, one an input`
    const got = Array.isArray(list) ? { text: `${list.length}` } : list
    fail('ERR_SHAPE', 'customGradient gradient', expected, got)
  }
  for (const [index, one] of list.entries()) {
    const input = inputs[index]
    if (one === undefined || input === undefined) continue
    const where = `customGradient gradient ${index}`
    if (!(one instanceof Tensor)) fail('ERR_DATA', where, 'a tensor, or undefined where there is none', one)
    if (one.dtype !== input.dtype) fail('ERR_DTYPE', where, input.dtype, { text: one.dtype })
    checkShape(where, one.shape, input.shape)
  }
  return list
}

/** The argument as a float tensor of its own: a derivative by it is not mixed up with one around it. */
function argument(where: string, x: TensorLike | Variable): Tensor {
  const given = toTensor(x)
  if (given.dtype === 'int32' || given.dtype === 'bool') {
    fail('ERR_DTYPE', where, 'a float32 or float64 argument', { text: given.dtype }, 'Integers have no gradient')
  }
  return ops.reshape(given, given.shape)
}

function zeros(source: Source): Tensor {
  return ops.zeros(source.shape, source.dtype)
}
