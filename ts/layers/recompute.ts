/** Activations made a second time on the way back, instead of being kept. */

import { maskOn, setMask } from '../core/mask.js'
import { newRecording, noteCustom, record } from '../core/recording.js'
import { leavesOf, packAs } from '../core/structure.js'
import { Tensor } from '../core/tensor.js'
import type { Frame } from '../core/trace-stack.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import { pullBack } from '../gradient.js'
import * as ops from '../ops.js'
import { type AnyLayer, Layer } from './layer.js'

/**
 * Has a layer keep nothing for the way back in training but its inputs: what it computed is computed again when its gradient is
 * wanted. The numbers are the same, random ones too (where several things add up to a gradient, the last bit may be another,
 * as their order is); memory is that of one such layer at a time and of the inputs of all, and a step computes about a third more.
 * Gives the layer.
 *
 * Concerns compiled steps (`fit`, `jit`) and calls with `training: true`. It is no part of a configuration.
 *
 * @see keras.RematScope
 *
 * @example
 * import { input, Model } from 'ferrograd'
 * import { Dense, recompute, TransformerEncoder } from 'ferrograd/layers'
 *
 * const x = input({ shape: [128, 64] })
 * let h = x
 * for (let i = 0; i < 12; i += 1) h = recompute(new TransformerEncoder({ intermediateDim: 256, numHeads: 4 })).apply(h)
 * const model = new Model({ inputs: x, outputs: new Dense({ units: 1 }).apply(h) })
 */
export function recompute<L extends AnyLayer>(layer: L): L {
  if (!(layer instanceof Layer)) fail('ERR_CONFIG', 'recompute', 'a layer', layer)
  layer.recomputes = true
  return layer
}

/** A call of a layer that can be made again. */
export interface Repeated<G> {
  /** What goes in: a structure of tensors and whatever else. */
  readonly given: G
  readonly weights: readonly Variable[]
  /** Counters of random numbers. */
  readonly counters: readonly Variable[]
  readonly first: (given: G) => unknown
  /** The same once more, without a trace of its own in what the layer has added. */
  readonly again: (given: G) => unknown
}

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor
const isFloat = ({ dtype }: { readonly dtype: string }): boolean => dtype.startsWith('float')

/** The results of the call, cut off from how they came about; their gradient makes the call again. */
export function recomputed<G>({ given, weights, counters, first, again }: Repeated<G>, frame: Frame): unknown {
  const tensors = leavesOf(given, isTensor)
  const learnt = weights.filter(isFloat).map((weight) => weight.read())
  const counts = counters.map((counter) => [counter, counter.read()] as const)
  const before = new Map(frame.updates)
  const result = first(given)
  const results = leavesOf(result, isTensor).map((one) => (isFloat(one) ? masked(ops.stopGradient(one), one) : one))
  const backward = (slopes: readonly (Tensor | undefined)[]): (Tensor | undefined)[] => {
    const upstream = slopes.find((slope) => slope !== undefined)!
    const late = new Map(tensors.map((tensor) => [tensor, after(tensor, upstream)]))
    const anew = packAs(
      given,
      isTensor,
      tensors.map((tensor) => late.get(tensor)),
    )
    const variables = new Map([
      ...before,
      ...counts.map(([counter, count]) => [counter, after(count, upstream)] as const),
    ])
    const recording = newRecording()
    const made = withUpdates(frame, variables, () => record(recording, () => again(anew as G)))
    const sources = [...tensors.filter(isFloat).map((tensor) => late.get(tensor)!), ...learnt]
    const [y, seed] = together(leavesOf(made, isTensor).filter(isFloat), slopes)
    return pullBack(y, seed, sources, recording.customs)
  }
  const custom = { outputs: results.filter(isFloat), inputs: [...tensors.filter(isFloat), ...learnt], backward }
  frame.customs.push(custom)
  noteCustom(custom)
  return packAs(result, isTensor, results)
}

/** What to differentiate, and by which seed, for results with these slopes: of several the sum of their products with them. */
function together(
  results: readonly Tensor[],
  slopes: readonly (Tensor | undefined)[],
): readonly [y: Tensor, seed: Tensor | undefined] {
  const some = results.flatMap((result, i) => (slopes[i] === undefined ? [] : [[result, slopes[i]] as const]))
  if (some.length === 1) return some[0]!
  const products = some.map(([result, slope]) => ops.sum(ops.multiply(result, slope)))
  return [products.reduce((sum, product) => ops.add(sum, product)), undefined]
}

/**
 * The same numbers, that depend on `when`: the compiler takes them for others, and what is computed of them is computed after
 * `when`. Nothing is both less and greater than 0.
 */
function after(x: Tensor, when: Tensor): Tensor {
  if (when.size === 0) return x
  const first = ops.reshape(ops.slice(when, { begin: when.shape.map(() => 0), size: when.shape.map(() => 1) }), [])
  const never = ops.logicalAnd(ops.less(first, 0), ops.greater(first, 0))
  return masked(ops.where(never, ops.zerosLike(x), x), x)
}

/** The same as `x` to whoever asks for its mask. */
function masked(y: Tensor, x: Tensor): Tensor {
  const mask = maskOn(x)
  if (mask !== undefined) setMask(y, mask)
  return y
}

/** Runs `fn` as if variables had been assigned these values, and leaves the trace as it was. */
function withUpdates<R>({ updates }: Frame, values: ReadonlyMap<Variable, Tensor>, fn: () => R): R {
  const now = [...updates]
  const set = (entries: Iterable<readonly [Variable, Tensor]>): void => {
    updates.clear()
    for (const [variable, value] of entries) updates.set(variable, value)
  }
  set(values)
  try {
    return fn()
  } finally {
    set(now)
  }
}
