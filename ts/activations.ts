/**
 * Activation functions: elementwise (softmax, sparsemax, glu: along an axis), a few lines of ops each. In a functional graph
 * each is one op.
 */

import { type Op, op } from './core/operation.js'
import type { SymbolicTensor } from './core/symbolic-tensor.js'
import type { Tensor } from './core/tensor.js'
import { warnOnce } from './core/warn.js'
import { fail, hintFor } from './errors.js'
import * as ops from './ops.js'
import type { Kind } from './options/fields.js'
import { functionJson, orFunction } from './options/functions.js'
import { lookUp, type Spelling, snake } from './options/names.js'
import { isSerialized } from './options/serialized.js'

/** Maps a tensor to a tensor of the same shape (`glu` halves an axis). */
export type Activation = (x: Tensor) => Tensor

/** The names of the activations. */
export type ActivationName =
  | 'linear'
  | 'relu'
  | 'relu6'
  | 'leakyRelu'
  | 'elu'
  | 'selu'
  | 'celu'
  | 'gelu'
  | 'silu'
  | 'swish'
  | 'sigmoid'
  | 'hardSigmoid'
  | 'hardSilu'
  | 'hardSwish'
  | 'logSigmoid'
  | 'sparseSigmoid'
  | 'tanh'
  | 'hardTanh'
  | 'tanhShrink'
  | 'softShrink'
  | 'hardShrink'
  | 'softplus'
  | 'softsign'
  | 'squareplus'
  | 'sparsePlus'
  | 'exponential'
  | 'mish'
  | 'softmax'
  | 'logSoftmax'
  | 'sparsemax'
  | 'glu'

/** A name in either spelling, or a function of ops. */
export type ActivationLike = Spelling<ActivationName> | Activation

/**
 * The identity, `y = x`.
 *
 * @example
 * import { linear } from 'ferrograd/activations'
 * import { tensor } from 'ferrograd'
 *
 * const y = linear(tensor([1, -2]))
 */
export function linear<T extends Tensor | SymbolicTensor>(x: T): T {
  return x
}

/** The variants of the rectifier. */
export interface ReluOptions {
  readonly negativeSlope?: number
  readonly maxValue?: number | null
  readonly threshold?: number
}

/**
 * Rectifier, `y = max(x, 0)`; in general `x` above `threshold`, `negativeSlope · (x − threshold)` below it, at most `maxValue`.
 *
 * @example
 * import { relu } from 'ferrograd/activations'
 * import { tensor } from 'ferrograd'
 *
 * const y = relu(tensor([1, -2])) // [1, 0]
 */
export const relu: Op<[x: Tensor, options?: ReluOptions]> = op(
  'relu',
  (x, { negativeSlope = 0, maxValue = null, threshold = 0 } = {}) => {
    const plain = negativeSlope === 0 && threshold === 0
    const low = threshold === 0 ? x : ops.subtract(x, threshold)
    const high = plain ? ops.relu(x) : ops.where(ops.greater(x, threshold), x, ops.multiply(low, negativeSlope))
    return maxValue === null ? high : ops.minimum(high, maxValue)
  },
)

/** Rectifier with a ceiling, `y = min(max(x, 0), 6)`. */
export const relu6: Op<[x: Tensor]> = op('relu6', (x) => ops.clip(x, 0, 6))

/** Rectifier with a leak, `y = x` where `x > 0`, else `negativeSlope · x`. */
export const leakyRelu: Op<[x: Tensor, negativeSlope?: number]> = op('leakyRelu', (x, negativeSlope = 0.2) =>
  ops.where(ops.greater(x, 0), x, ops.multiply(x, negativeSlope)),
)

/** Exponential linear unit, `y = x` where `x > 0`, else `alpha · (eˣ − 1)` (Clevert et al., 2015). */
export const elu: Op<[x: Tensor, alpha?: number]> = op('elu', (x, alpha = 1) => {
  // The unused branch must stay finite, or its gradient would be 0 · inf.
  const low = ops.expm1(ops.minimum(x, 0))
  return ops.where(ops.greater(x, 0), x, alpha === 1 ? low : ops.multiply(low, alpha))
})

const seluAlpha = 1.6732632423543772
const seluScale = 1.0507009873554805

/** Self-normalising ELU, `y = 1.0507 · elu(x, 1.6733)` (Klambauer et al., 2017). */
export const selu: Op<[x: Tensor]> = op('selu', (x) => ops.multiply(elu(x, seluAlpha), seluScale))

/** Continuously differentiable ELU, `y = max(x, 0) + min(0, alpha · (e^(x/alpha) − 1))` (Barron, 2017). */
export const celu: Op<[x: Tensor, alpha?: number]> = op('celu', (x, alpha = 1) => {
  const low = ops.multiply(ops.expm1(ops.divide(ops.minimum(x, 0), alpha)), alpha)
  return ops.add(ops.maximum(x, 0), low)
})

/** Gaussian error linear unit, `y = x · Φ(x)`; `approximate` uses the tanh formula (Hendrycks & Gimpel, 2016). */
export const gelu: Op<[x: Tensor, approximate?: boolean]> = op('gelu', (x, approximate = false) => {
  const gate = approximate ? ops.tanh(geluInner(x)) : ops.erf(ops.multiply(x, Math.SQRT1_2))
  return ops.multiply(ops.multiply(x, 0.5), ops.add(gate, 1))
})

function geluInner(x: Tensor): Tensor {
  const cubic = ops.multiply(ops.multiply(ops.square(x), x), 0.044715)
  return ops.multiply(ops.add(x, cubic), Math.sqrt(2 / Math.PI))
}

/** Sigmoid-weighted linear unit, `y = x · σ(x)`. */
export const silu: Op<[x: Tensor]> = op('silu', (x) => ops.multiply(x, ops.sigmoid(x)))

/** Logistic function, `y = 1 / (1 + e⁻ˣ)`. */
export const sigmoid: Op<[x: Tensor]> = ops.sigmoid

/** Piecewise linear sigmoid, `y = clip(x/6 + ½, 0, 1)`. */
export const hardSigmoid: Op<[x: Tensor]> = op('hardSigmoid', (x) => ops.clip(ops.add(ops.divide(x, 6), 0.5), 0, 1))

/** Piecewise silu, `y = x · hardSigmoid(x)` (Howard, 2019). */
export const hardSilu: Op<[x: Tensor]> = op('hardSilu', (x) => ops.multiply(x, hardSigmoid(x)))

/** `y = log σ(x) = −softplus(−x)`. */
export const logSigmoid: Op<[x: Tensor]> = op('logSigmoid', (x) => ops.negative(ops.softplus(ops.negative(x))))

/** `y = clip((x + 1)/2, 0, 1)`. */
export const sparseSigmoid: Op<[x: Tensor]> = op('sparseSigmoid', (x) =>
  ops.clip(ops.multiply(ops.add(x, 1), 0.5), 0, 1),
)

/** Hyperbolic tangent. */
export const tanh: Op<[x: Tensor]> = ops.tanh

/** `y = clip(x, −1, 1)`. */
export const hardTanh: Op<[x: Tensor]> = op('hardTanh', (x) => ops.clip(x, -1, 1))

/** `y = x − tanh(x)`. */
export const tanhShrink: Op<[x: Tensor]> = op('tanhShrink', (x) => ops.subtract(x, ops.tanh(x)))

/** `y = x − t` where `x > t`, `x + t` where `x < −t`, else 0. */
export const softShrink: Op<[x: Tensor, threshold?: number]> = op('softShrink', (x, threshold = 0.5) =>
  ops.subtract(x, ops.clip(x, -threshold, threshold)),
)

/** `y = x` where `|x| > t`, else 0. */
export const hardShrink: Op<[x: Tensor, threshold?: number]> = op('hardShrink', (x, threshold = 0.5) =>
  ops.where(ops.greater(ops.abs(x), threshold), x, ops.zerosLike(x)),
)

/** `y = x` where `x > limit`, else `otherwise`. */
export const threshold: Op<[x: Tensor, limit: number, otherwise: number]> = op('threshold', (x, limit, otherwise) =>
  ops.where(ops.greater(x, limit), x, ops.add(ops.zerosLike(x), otherwise)),
)

/** `y = log(1 + eˣ)`. */
export const softplus: Op<[x: Tensor]> = ops.softplus

/** `y = x / (1 + |x|)`. */
export const softsign: Op<[x: Tensor]> = op('softsign', (x) => ops.divide(x, ops.add(ops.abs(x), 1)))

/** `y = (x + √(x² + b)) / 2` (Barron, 2021), without overflow far above 0 or lost digits below it. */
export const squareplus: Op<[x: Tensor, b?: number]> = op('squareplus', (x, b = 4) => {
  if (b === 0) return ops.relu(x)
  const size = ops.stopGradient(ops.maximum(ops.abs(x), Math.sqrt(b)))
  const squares = ops.add(ops.square(ops.divide(x, size)), ops.square(ops.divide(Math.sqrt(b), size)))
  const root = ops.multiply(ops.sqrt(squares), size)
  const positive = ops.greater(x, 0)
  const length = ops.where(positive, x, ops.negative(x))
  const half = ops.add(ops.multiply(length, 0.5), ops.multiply(root, 0.5))
  // Below 0 the difference is taken by its conjugate: b / (2 (√(x² + b) − x)).
  return ops.where(positive, half, ops.divide(b / 4, half))
})

/** `y = 0` where `x ≤ −1`, `(x + 1)²/4` between, `x` where `x ≥ 1`. */
export const sparsePlus: Op<[x: Tensor]> = op('sparsePlus', (x) => {
  const bend = ops.multiply(ops.square(ops.add(ops.clip(x, -1, 1), 1)), 0.25)
  return ops.add(bend, ops.maximum(ops.subtract(x, 1), 0))
})

/** `y = eˣ`. */
export const exponential: Op<[x: Tensor]> = ops.exp

/** `y = x · tanh(softplus(x))` (Misra, 2019). */
export const mish: Op<[x: Tensor]> = op('mish', (x) => ops.multiply(x, ops.tanh(ops.softplus(x))))

/**
 * `yᵢ = e^(xᵢ) / Σ e^(xⱼ)` along `axis`.
 *
 * @example
 * import { softmax } from 'ferrograd/activations'
 * import { tensor } from 'ferrograd'
 *
 * const p = softmax(tensor([[1, 2, 3]])) // rows sum to 1
 */
export const softmax: Op<[x: Tensor, axis?: number | readonly number[]]> = along((x, axis) => {
  if (typeof axis === 'number' && x.shape.at(axis) === 1)
    warnOnce('FERROGRAD_SOFTMAX_OF_ONE', 'A softmax over one unit is always 1. For yes or no use sigmoid')
  return ops.softmax(x, { axis })
})

/** An op of ours with an axis among its options as a function of the axis: in a graph it is that op. */
function along(draw: (x: Tensor, axis: number | readonly number[]) => Tensor): AlongAxis {
  return ((x: Tensor, axis: number | readonly number[] = -1) => draw(x, axis)) as AlongAxis
}

type AlongAxis = Op<[x: Tensor, axis?: number | readonly number[]]>

/** `yᵢ = xᵢ − log Σ e^(xⱼ)` along `axis`. */
export const logSoftmax: Op<[x: Tensor, axis?: number | readonly number[]]> = along((x, axis) =>
  ops.logSoftmax(x, { axis }),
)

/** The nearest point of the simplex, `y = max(x − τ, 0)` with τ such that y sums to 1 (Martins & Astudillo, 2016); Keras's own does not sum to 1. */
export const sparsemax: Op<[x: Tensor, axis?: number]> = op('sparsemax', (x, axis = -1) => {
  // Which entries survive is decided without a gradient; τ over the survivors then has the exact one.
  const kept = ops.stopGradient(sparsemaxSupport(x, axis))
  const count = ops.sum(kept, { axis, keepdims: true })
  const tau = ops.divide(ops.subtract(ops.sum(ops.multiply(x, kept), { axis, keepdims: true }), 1), count)
  return ops.multiply(ops.subtract(x, tau), kept)
})

/** 1 where `1 + k·x₍ₖ₎ > Σ_{j≤k} x₍ⱼ₎` for the k-th largest entry, else 0. */
function sparsemaxSupport(x: Tensor, axis: number): Tensor {
  const sorted = ops.sort(x, { axis, descending: true })
  const sums = ops.cumsum(sorted, { axis })
  const rank = ops.cumsum(ops.onesLike(x), { axis })
  const inside = ops.cast(ops.greater(ops.add(ops.multiply(sorted, rank), 1), sums), x.dtype)
  const count = ops.sum(inside, { axis, keepdims: true })
  const tau = ops.divide(ops.subtract(ops.sum(ops.multiply(sorted, inside), { axis, keepdims: true }), 1), count)
  return ops.cast(ops.greater(x, tau), x.dtype)
}

/** Gated linear unit, `y = a · σ(b)` with `a`, `b` the halves of `x` along `axis` (Dauphin et al., 2016). */
export const glu: Op<[x: Tensor, axis?: number]> = op('glu', (x, axis = -1) => {
  const length = x.shape.at(axis) ?? 0
  if (length % 2 !== 0) fail('ERR_SHAPE', 'glu', `an even length of axis ${axis}`, x.shape)
  const [a, b] = ops.split(x, 2, { axis })
  return ops.multiply(a!, ops.sigmoid(b!))
})

const table = {
  linear,
  relu,
  relu6,
  leakyRelu,
  elu,
  selu,
  celu,
  gelu,
  silu,
  swish: silu,
  sigmoid,
  hardSigmoid,
  hardSilu,
  hardSwish: hardSilu,
  logSigmoid,
  sparseSigmoid,
  tanh,
  hardTanh,
  tanhShrink,
  softShrink,
  hardShrink,
  softplus,
  softsign,
  squareplus,
  sparsePlus,
  exponential,
  mish,
  softmax,
  logSoftmax,
  sparsemax,
  glu,
} satisfies Record<ActivationName, Activation>

/** The activation of a name in any spelling; a function is itself. */
export function getActivation(activation: ActivationLike, where = 'activation'): Activation {
  return activationKind.check(activation, where, { type: 'activation' })
}

/** How options and configurations hold an activation: by its snake_case name. Keras writes activation layers by class. */
export const activationKind: Kind<Activation> = {
  check(value, where) {
    if (typeof value === 'function') return value as Activation
    const given = orFunction(value, where)
    if (typeof given === 'function') return given as Activation
    const name = isSerialized(given) ? given.class_name : given
    const found = typeof name === 'string' ? lookUp(table, name) : undefined
    return (
      found ?? fail('ERR_CONFIG', where, 'an activation: a name or a function', name, hintFor(name, Object.keys(table)))
    )
  },
  toConfig(value) {
    const known = Object.entries(table).find(([, one]) => one === value)?.[0]
    return known === undefined ? functionJson(value, 'activation') : snake(known)
  },
}
