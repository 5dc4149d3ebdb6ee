/**
 * The ops as Rust declares them: each draws one node. Written by `npm run generate` from `crates/graph/src/ops`.
 *
 * What users call is made of these in `ops.ts`, where numbers become tensors and axes are resolved.
 */

import { dtypeCode } from '../core/dtype.js'
import { apply, applyAll, applyList, type Tensor } from '../core/tensor.js'
import type { DType } from '../types.js'

/** `y = |x|` at each element; the gradient at 0 is 0. */
export function abs(x: Tensor): Tensor {
  return apply(0, undefined, x)
}

/** `y = a + b` at each element, with broadcasting. */
export function add(a: Tensor, b: Tensor): Tensor {
  return apply(1, undefined, a, b)
}

/** `y = atan2(a, b)`, the angle of the point (b, a) in (−π, π], with broadcasting; its gradient at (0, 0) is 0. */
export function arctan2(a: Tensor, b: Tensor): Tensor {
  return apply(2, undefined, a, b)
}

/** `y = argmaxᵢ xᵢ` over the last axis, as int32: the first of equals, the first NaN before all. */
export function argmax(x: Tensor): Tensor {
  return apply(3, undefined, x)
}

/** `y = argminᵢ xᵢ` over the last axis, as int32: the first of equals, the first NaN before all. */
export function argmin(x: Tensor): Tensor {
  return apply(4, undefined, x)
}

/**
 * `y = softmax(scale · q · kᵀ) · v` head by head, and `lse = ln Σ exp(scale · q · kᵀ)`, without the scores in memory.
 *
 * - `scale`: Factor on the products of queries and keys.
 * - `causal`: Whether a query sees no key behind its own place.
 * - `window`: A query sees keys less than so many places away; 0 is no bound.
 * - `masked`: Whether the mask says more; else it is not read.
 */
export function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor,
  attributes: { scale: number; causal: boolean; window: number; masked: boolean },
): [Tensor, Tensor] {
  return applyAll(
    5,
    [q, k, v, mask],
    [attributes.scale, Number(attributes.causal), attributes.window, Number(attributes.masked)],
  ) as [Tensor, Tensor]
}

/**
 * The gradients of `attention` for `q`, `k` and `v`, from those of its two results.
 *
 * - `scale`: Factor on the products of queries and keys.
 * - `causal`: Whether a query sees no key behind its own place.
 * - `window`: A query sees keys less than so many places away; 0 is no bound.
 * - `masked`: Whether the mask says more; else it is not read.
 */
export function attentionGradient(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor,
  y: Tensor,
  lse: Tensor,
  dy: Tensor,
  dlse: Tensor,
  attributes: { scale: number; causal: boolean; window: number; masked: boolean },
): [Tensor, Tensor, Tensor] {
  return applyAll(
    6,
    [q, k, v, mask, y, lse, dy, dlse],
    [attributes.scale, Number(attributes.causal), attributes.window, Number(attributes.masked)],
  ) as [Tensor, Tensor, Tensor]
}

/**
 * `y[n, o, c] = Σ x[n, o·stride + k − before, c] / count` over the window's places inside the picture.
 *
 * - `sizes`: Places of a window along each axis.
 * - `strides`: From one window to the next, along each axis.
 * - `padding`: Places before the first and after the last, along each axis: `[before, after, before, after, …]`.
 */
export function averagePool(
  x: Tensor,
  attributes: { sizes: readonly number[]; strides: readonly number[]; padding: readonly number[] },
): Tensor {
  return apply(
    7,
    [attributes.sizes.length, ...attributes.sizes, attributes.strides.length, ...attributes.strides, attributes.padding.length, ...attributes.padding],
    x,
  )
}

/**
 * `dx[n, i, c] = Σ dy[n, o, c] / count(o)` over the windows `o` that hold `i`.
 *
 * - `inputs`: The picture's sizes.
 * - `sizes`: Places of a window along each axis.
 * - `strides`: From one window to the next, along each axis.
 * - `padding`: Places before the first and after the last, along each axis: `[before, after, before, after, …]`.
 */
export function averagePoolInput(
  dy: Tensor,
  attributes: { inputs: readonly number[]; sizes: readonly number[]; strides: readonly number[]; padding: readonly number[] },
): Tensor {
  return apply(
    8,
    [attributes.inputs.length, ...attributes.inputs, attributes.sizes.length, ...attributes.sizes, attributes.strides.length, ...attributes.strides, attributes.padding.length, ...attributes.padding],
    dy,
  )
}

/**
 * `x` repeated along new leading axes and along axes of size 1.
 *
 * - `shape`: The shape of `y`.
 */
export function broadcastTo(x: Tensor, attributes: { shape: readonly number[] }): Tensor {
  return apply(9, [attributes.shape.length, ...attributes.shape], x)
}

/**
 * `y = x` as another element type: floats to integers truncate towards zero, anything but 0 is true.
 *
 * - `dtype`: The type of `y`.
 */
export function cast(x: Tensor, attributes: { dtype: DType }): Tensor {
  return apply(10, [dtypeCode(attributes.dtype)], x)
}

/** `y = ⌈x⌉` at each element, no gradient. */
export function ceil(x: Tensor): Tensor {
  return apply(11, undefined, x)
}

/**
 * `y` is the inputs one after the other along `axis`.
 *
 * - `axis`: The axis, negative from the end.
 */
export function concatenate(tensors: readonly Tensor[], attributes: { axis: number }): Tensor {
  return applyList(12, tensors, [attributes.axis])
}

/**
 * A derivative of the form `Σ x[n, o·stride + k·dilation − before, c] · w[k, c, j] · dy[n, o, j]`: `y` from `x` and `w`, `dx` from `dy` and `w`, or `dw` from `x` and `dy`.
 *
 * - `of`: 0 for `y`, 1 for `dx`, 2 for `dw`.
 * - `strides`: From one window to the next, along each axis.
 * - `dilations`: From one number of a window to the next, along each axis.
 * - `padding`: Places before the first and after the last, along each axis: `[before, after, before, after, …]`.
 * - `groups`: Each has its share of channels and filters.
 * - `sizes`: The input's sizes for `dx`, the kernel's for `dw`, none for `y`.
 */
export function convolution(
  first: Tensor,
  second: Tensor,
  attributes: { of: number; strides: readonly number[]; dilations: readonly number[]; padding: readonly number[]; groups: number; sizes: readonly number[] },
): Tensor {
  return apply(
    13,
    [attributes.of, attributes.strides.length, ...attributes.strides, attributes.dilations.length, ...attributes.dilations, attributes.padding.length, ...attributes.padding, attributes.groups, attributes.sizes.length, ...attributes.sizes],
    first,
    second,
  )
}

/** `y = cos x` at each element, `x` in radians. */
export function cos(x: Tensor): Tensor {
  return apply(14, undefined, x)
}

/**
 * The likeliest labellings of log probabilities (batch, steps, classes), of which the first `length` (batch) steps count:
(batch, paths, steps), −1 behind the end, and their log probabilities (batch, paths).
 *
 * - `width`: How many beginnings are kept after each step.
 * - `paths`: How many labellings are given.
 * - `blank`: The class that is no label.
 */
export function ctcBeamSearch(
  x: Tensor,
  length: Tensor,
  attributes: { width: number; paths: number; blank: number },
): [Tensor, Tensor] {
  return applyAll(15, [x, length], [attributes.width, attributes.paths, attributes.blank]) as [Tensor, Tensor]
}

/**
 * `yᵢ = x₀ · … · xᵢ` along an axis.
 *
 * - `axis`: The axis, negative from the end.
 * - `reverse`: True begins at the end.
 * - `exclusive`: True leaves out the element itself.
 */
export function cumprod(x: Tensor, attributes: { axis: number; reverse: boolean; exclusive: boolean }): Tensor {
  return apply(16, [attributes.axis, Number(attributes.reverse), Number(attributes.exclusive)], x)
}

/**
 * `yᵢ = x₀ + … + xᵢ` along an axis.
 *
 * - `axis`: The axis, negative from the end.
 * - `reverse`: True begins at the end.
 * - `exclusive`: True leaves out the element itself.
 */
export function cumsum(x: Tensor, attributes: { axis: number; reverse: boolean; exclusive: boolean }): Tensor {
  return apply(17, [attributes.axis, Number(attributes.reverse), Number(attributes.exclusive)], x)
}

/** `y = a / b` at each element, with broadcasting. */
export function divide(a: Tensor, b: Tensor): Tensor {
  return apply(18, undefined, a, b)
}

/** Levenshtein's distance of each row of `a` (batch, n) from that of `b` (batch, m), of which as many elements count as
`aLength`, `bLength` (batch) say. */
export function editDistance(a: Tensor, b: Tensor, aLength: Tensor, bLength: Tensor): Tensor {
  return applyList(19, [a, b, aLength, bLength], [])
}

/** `y` is true where `a = b`, with broadcasting. */
export function equal(a: Tensor, b: Tensor): Tensor {
  return apply(20, undefined, a, b)
}

/** `y = 2/√π · ∫₀ˣ e^(−t²) dt` at each element. */
export function erf(x: Tensor): Tensor {
  return apply(21, undefined, x)
}

/** `y = eˣ` at each element. */
export function exp(x: Tensor): Tensor {
  return apply(22, undefined, x)
}

/** `y = eˣ − 1` at each element, exact near 0. */
export function expm1(x: Tensor): Tensor {
  return apply(23, undefined, x)
}

/**
 * `Yₖ = Σⱼ Xⱼ e^(∓2πi·jk/n)` along the last axis, without a factor: real and imaginary parts.
 *
 * - `inverse`: True for the sign +.
 */
export function fft(re: Tensor, im: Tensor, attributes: { inverse: boolean }): [Tensor, Tensor] {
  return applyAll(24, [re, im], [Number(attributes.inverse)]) as [Tensor, Tensor]
}

/** `y = ⌊x⌋` at each element, no gradient. */
export function floor(x: Tensor): Tensor {
  return apply(25, undefined, x)
}

/** `y = ⌊a / b⌋` at each element, with broadcasting; no gradient. */
export function floorDivide(a: Tensor, b: Tensor): Tensor {
  return apply(26, undefined, a, b)
}

/**
 * `y[…, i…, …] = x[…, indices[i…], …]`: the axes of `indices` (int32) take the place of `axis`.
 *
 * - `axis`: The axis that the indices number.
 */
export function gather(x: Tensor, indices: Tensor, attributes: { axis: number }): Tensor {
  return apply(27, [attributes.axis], x, indices)
}

/** `y` is true where `a > b`, with broadcasting. */
export function greater(a: Tensor, b: Tensor): Tensor {
  return apply(28, undefined, a, b)
}

/** `y` is true where `a ≥ b`, with broadcasting. */
export function greaterEqual(a: Tensor, b: Tensor): Tensor {
  return apply(29, undefined, a, b)
}

/**
 * `y = 0, 1, …, size − 1`.
 *
 * - `size`: How many.
 * - `dtype`: The type of `y`, numbers.
 */
export function iota(attributes: { size: number; dtype: DType }): Tensor {
  return applyList(30, [], [attributes.size, dtypeCode(attributes.dtype)])
}

/**
 * `xⱼ = 1/n Σₖ Xₖ e^(2πi·jk/n)` along the last axis, whose other half are the conjugates of those given.
 *
 * - `n`: How many numbers there are.
 */
export function irfft(re: Tensor, im: Tensor, attributes: { n: number }): Tensor {
  return apply(31, [attributes.n], re, im)
}

/** `y` is true where `x` is neither infinite nor NaN. */
export function isFinite(x: Tensor): Tensor {
  return apply(32, undefined, x)
}

/** `y` is true where `x` is NaN. */
export function isNan(x: Tensor): Tensor {
  return apply(33, undefined, x)
}

/** `y` is true where `a < b`, with broadcasting. */
export function less(a: Tensor, b: Tensor): Tensor {
  return apply(34, undefined, a, b)
}

/** `y` is true where `a ≤ b`, with broadcasting. */
export function lessEqual(a: Tensor, b: Tensor): Tensor {
  return apply(35, undefined, a, b)
}

/**
 * `yᵢ = aᵢ · yᵢ₋₁ + bᵢ` along an axis, with 0 before the first.
 *
 * - `axis`: The axis, negative from the end.
 * - `reverse`: True begins at the end.
 */
export function linearRecurrence(a: Tensor, b: Tensor, attributes: { axis: number; reverse: boolean }): Tensor {
  return apply(36, [attributes.axis, Number(attributes.reverse)], a, b)
}

/** `y = ln x` at each element. */
export function log(x: Tensor): Tensor {
  return apply(37, undefined, x)
}

/** `y = ln(1 + x)` at each element, exact near 0. */
export function log1p(x: Tensor): Tensor {
  return apply(38, undefined, x)
}

/** `yᵢ = xᵢ − ln Σⱼ eˣʲ` over the last axis. */
export function logSoftmax(x: Tensor): Tensor {
  return apply(39, undefined, x)
}

/** `y` is true where both `a` and `b` are, with broadcasting. */
export function logicalAnd(a: Tensor, b: Tensor): Tensor {
  return apply(40, undefined, a, b)
}

/** `y` is true where `x` is false. */
export function logicalNot(x: Tensor): Tensor {
  return apply(41, undefined, x)
}

/** `y` is true where `a` or `b` is, with broadcasting. */
export function logicalOr(a: Tensor, b: Tensor): Tensor {
  return apply(42, undefined, a, b)
}

/**
 * `y = op(a) · op(b)` on the last two axes; the leading axes are batch axes and broadcast.
 *
 * - `transposeA`: Reads `a` as (…, k, m).
 * - `transposeB`: Reads `b` as (…, n, k).
 */
export function matmul(a: Tensor, b: Tensor, attributes: { transposeA: boolean; transposeB: boolean }): Tensor {
  return apply(43, [Number(attributes.transposeA), Number(attributes.transposeB)], a, b)
}

/**
 * `y = max x` over some axes; equals share the gradient. NaN wins.
 *
 * - `axes`: Which axes go, negative ones from the end.
 * - `keepdims`: True leaves them as 1.
 */
export function max(x: Tensor, attributes: { axes: readonly number[]; keepdims: boolean }): Tensor {
  return apply(44, [attributes.axes.length, ...attributes.axes, Number(attributes.keepdims)], x)
}

/**
 * `y[n, o, c] = max x[n, o·stride + k − before, c]`; padding is no part of a window.
 *
 * - `sizes`: Places of a window along each axis.
 * - `strides`: From one window to the next, along each axis.
 * - `padding`: Places before the first and after the last, along each axis: `[before, after, before, after, …]`.
 */
export function maxPool(
  x: Tensor,
  attributes: { sizes: readonly number[]; strides: readonly number[]; padding: readonly number[] },
): Tensor {
  return apply(
    45,
    [attributes.sizes.length, ...attributes.sizes, attributes.strides.length, ...attributes.strides, attributes.padding.length, ...attributes.padding],
    x,
  )
}

/**
 * What `g` has where the windows of `x` are largest (`take`), or `g` of each window added there.
 *
 * - `take`: Takes numbers for the windows, else puts them.
 * - `sizes`: Places of a window along each axis.
 * - `strides`: From one window to the next, along each axis.
 * - `padding`: Places before the first and after the last, along each axis: `[before, after, before, after, …]`.
 */
export function maxPoolPlaces(
  x: Tensor,
  g: Tensor,
  attributes: { take: boolean; sizes: readonly number[]; strides: readonly number[]; padding: readonly number[] },
): Tensor {
  return apply(
    46,
    [Number(attributes.take), attributes.sizes.length, ...attributes.sizes, attributes.strides.length, ...attributes.strides, attributes.padding.length, ...attributes.padding],
    x,
    g,
  )
}

/** `y = max(a, b)` at each element, with broadcasting; of equals, `a` gets the gradient. NaN wins. */
export function maximum(a: Tensor, b: Tensor): Tensor {
  return apply(47, undefined, a, b)
}

/**
 * `y = min x` over some axes; equals share the gradient. NaN wins.
 *
 * - `axes`: Which axes go, negative ones from the end.
 * - `keepdims`: True leaves them as 1.
 */
export function min(x: Tensor, attributes: { axes: readonly number[]; keepdims: boolean }): Tensor {
  return apply(48, [attributes.axes.length, ...attributes.axes, Number(attributes.keepdims)], x)
}

/** `y = min(a, b)` at each element, with broadcasting; of equals, `a` gets the gradient. NaN wins. */
export function minimum(a: Tensor, b: Tensor): Tensor {
  return apply(49, undefined, a, b)
}

/** `y = a − b·⌊a / b⌋` at each element, with broadcasting. */
export function mod(a: Tensor, b: Tensor): Tensor {
  return apply(50, undefined, a, b)
}

/** `y = a · b` at each element, with broadcasting. */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return apply(51, undefined, a, b)
}

/** `y = −x` at each element. */
export function negative(x: Tensor): Tensor {
  return apply(52, undefined, x)
}

/** `y` is true where `a ≠ b`, with broadcasting. */
export function notEqual(a: Tensor, b: Tensor): Tensor {
  return apply(53, undefined, a, b)
}

/**
 * `y[…, j] = 1` where `j = indices[…]`, 0 elsewhere; only zeros for an index outside `[0, depth)`.
 *
 * - `depth`: The size of the new last axis.
 * - `dtype`: The type of `y`.
 */
export function oneHot(indices: Tensor, attributes: { depth: number; dtype: DType }): Tensor {
  return apply(54, [attributes.depth, dtypeCode(attributes.dtype)], indices)
}

/**
 * `y` has the elements of `x`, `between` apart, after `low` and before `high` elements that are `value`.
 *
 * - `low`: How many before the first, along each axis.
 * - `high`: How many after the last, along each axis.
 * - `between`: How many between two, along each axis.
 * - `value`: What is put in.
 */
export function pad(
  x: Tensor,
  attributes: { low: readonly number[]; high: readonly number[]; between: readonly number[]; value: number },
): Tensor {
  return apply(
    55,
    [attributes.low.length, ...attributes.low, attributes.high.length, ...attributes.high, attributes.between.length, ...attributes.between, attributes.value],
    x,
  )
}

/** `y = aᵇ` at each element, with broadcasting; `∂y/∂b` is 0 where `a ≤ 0`. */
export function power(a: Tensor, b: Tensor): Tensor {
  return apply(56, undefined, a, b)
}

/**
 * `y = ∏ x` over some axes; 1 over nothing.
 *
 * - `axes`: Which axes go, negative ones from the end.
 * - `keepdims`: True leaves them as 1.
 */
export function prod(x: Tensor, attributes: { axes: readonly number[]; keepdims: boolean }): Tensor {
  return apply(57, [attributes.axes.length, ...attributes.axes, Number(attributes.keepdims)], x)
}

/**
 * 1 (or true) with a probability, else 0.
 *
 * - `stream`: Which random operation this is; 32 bits.
 * - `shape`: The shape of `y`.
 * - `dtype`: The type of `y`.
 * - `probability`: From 0 to 1.
 */
export function randomBernoulli(
  state: Tensor,
  attributes: { stream: number; shape: readonly number[]; dtype: DType; probability: number },
): Tensor {
  return apply(
    58,
    [attributes.stream, attributes.shape.length, ...attributes.shape, dtypeCode(attributes.dtype), attributes.probability],
    state,
  )
}

/**
 * `1 / keep` with probability `keep`, else 0: the mask of dropout.
 *
 * - `stream`: Which random operation this is; 32 bits.
 * - `shape`: The shape of `y`.
 * - `dtype`: The type of `y`.
 * - `keep`: From 0 to 1.
 */
export function randomDropout(
  state: Tensor,
  attributes: { stream: number; shape: readonly number[]; dtype: DType; keep: number },
): Tensor {
  return apply(
    59,
    [attributes.stream, attributes.shape.length, ...attributes.shape, dtypeCode(attributes.dtype), attributes.keep],
    state,
  )
}

/**
 * Whole numbers in [low, high), int32.
 *
 * - `stream`: Which random operation this is; 32 bits.
 * - `shape`: The shape of `y`.
 * - `dtype`: The type of `y`.
 * - `low`: The smallest.
 * - `high`: One above the largest.
 */
export function randomIntegers(
  state: Tensor,
  attributes: { stream: number; shape: readonly number[]; dtype: DType; low: number; high: number },
): Tensor {
  return apply(
    60,
    [attributes.stream, attributes.shape.length, ...attributes.shape, dtypeCode(attributes.dtype), attributes.low, attributes.high],
    state,
  )
}

/**
 * Normal with mean 0 and deviation 1.
 *
 * - `stream`: Which random operation this is; 32 bits.
 * - `shape`: The shape of `y`.
 * - `dtype`: The type of `y`.
 */
export function randomNormal(
  state: Tensor,
  attributes: { stream: number; shape: readonly number[]; dtype: DType },
): Tensor {
  return apply(
    61,
    [attributes.stream, attributes.shape.length, ...attributes.shape, dtypeCode(attributes.dtype)],
    state,
  )
}

/**
 * Normal with mean 0 and deviation 1, cut at ±2.
 *
 * - `stream`: Which random operation this is; 32 bits.
 * - `shape`: The shape of `y`.
 * - `dtype`: The type of `y`.
 */
export function randomTruncatedNormal(
  state: Tensor,
  attributes: { stream: number; shape: readonly number[]; dtype: DType },
): Tensor {
  return apply(
    62,
    [attributes.stream, attributes.shape.length, ...attributes.shape, dtypeCode(attributes.dtype)],
    state,
  )
}

/**
 * Uniform in [0, 1).
 *
 * - `stream`: Which random operation this is; 32 bits.
 * - `shape`: The shape of `y`.
 * - `dtype`: The type of `y`.
 */
export function randomUniform(
  state: Tensor,
  attributes: { stream: number; shape: readonly number[]; dtype: DType },
): Tensor {
  return apply(
    63,
    [attributes.stream, attributes.shape.length, ...attributes.shape, dtypeCode(attributes.dtype)],
    state,
  )
}

/**
 * Uniform in (0, 1): its logarithm is finite.
 *
 * - `stream`: Which random operation this is; 32 bits.
 * - `shape`: The shape of `y`.
 * - `dtype`: The type of `y`.
 */
export function randomUniformOpen(
  state: Tensor,
  attributes: { stream: number; shape: readonly number[]; dtype: DType },
): Tensor {
  return apply(
    64,
    [attributes.stream, attributes.shape.length, ...attributes.shape, dtypeCode(attributes.dtype)],
    state,
  )
}

/** `y = 1 / x` at each element. */
export function reciprocal(x: Tensor): Tensor {
  return apply(65, undefined, x)
}

/** `y = max(x, 0)` at each element; the gradient at 0 is 0. */
export function relu(x: Tensor): Tensor {
  return apply(66, undefined, x)
}

/**
 * `y` has the numbers of `x`, in row-major order, in another shape.
 *
 * - `shape`: The new sizes; one may be −1.
 */
export function reshape(x: Tensor, attributes: { shape: readonly number[] }): Tensor {
  return apply(67, [attributes.shape.length, ...attributes.shape], x)
}

/** `Xₖ = Σⱼ xⱼ e^(−2πi·jk/n)`, `k ≤ n/2`, along the last axis: real and imaginary parts. */
export function rfft(x: Tensor): [Tensor, Tensor] {
  return applyAll(68, [x], []) as [Tensor, Tensor]
}

/** `y` is the integer nearest to `x`, the even one where two are as near; no gradient. */
export function round(x: Tensor): Tensor {
  return apply(69, undefined, x)
}

/** `y = 1 / √x` at each element. */
export function rsqrt(x: Tensor): Tensor {
  return apply(70, undefined, x)
}

/**
 * `y[…, indices[i…], …] += updates[…, i…, …]` over all `i…`, from 0: what `gather` does, backwards.
 *
 * - `axis`: Where the axes of `indices` begin in `updates`.
 * - `size`: The size of that axis of `y`.
 */
export function scatterAdd(updates: Tensor, indices: Tensor, attributes: { axis: number; size: number }): Tensor {
  return apply(71, [attributes.axis, attributes.size], updates, indices)
}

/**
 * `y[…, indices[…, i, …], …] += updates[…, i, …]` along `axis`, from 0: `takeAlongAxis` backwards.
 *
 * - `axis`: The axis that the indices number.
 * - `size`: Its size in `y`.
 */
export function scatterAddAlongAxis(
  updates: Tensor,
  indices: Tensor,
  attributes: { axis: number; size: number },
): Tensor {
  return apply(72, [attributes.axis, attributes.size], updates, indices)
}

/**
 * `y[…, indices[i…], …] = max updates[…, i…, …]` over all `i…`, from −∞; equals share the gradient. NaN wins.
 *
 * - `axis`: Where the axes of `indices` begin in `updates`.
 * - `size`: The size of that axis of `y`.
 */
export function scatterMax(updates: Tensor, indices: Tensor, attributes: { axis: number; size: number }): Tensor {
  return apply(73, [attributes.axis, attributes.size], updates, indices)
}

/** `y = 1 / (1 + e⁻ˣ)` at each element. */
export function sigmoid(x: Tensor): Tensor {
  return apply(74, undefined, x)
}

/** `y = −t · ln σ(x) − (1 − t) · ln σ(−x)` at each element, without overflow. */
export function sigmoidCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return apply(75, undefined, logits, targets)
}

/** `y` is −1, 0 or 1, as `x` is negative, zero or positive; NaN stays NaN. */
export function sign(x: Tensor): Tensor {
  return apply(76, undefined, x)
}

/** `y = sin x` at each element, `x` in radians. */
export function sin(x: Tensor): Tensor {
  return apply(77, undefined, x)
}

/**
 * `y[j] = x[start + step·j]` along each axis, `size` of them.
 *
 * - `start`: First index along each axis.
 * - `size`: How many along each axis.
 * - `step`: Step along each axis; negative reads backwards.
 */
export function slice(
  x: Tensor,
  attributes: { start: readonly number[]; size: readonly number[]; step: readonly number[] },
): Tensor {
  return apply(
    78,
    [attributes.start.length, ...attributes.start, attributes.size.length, ...attributes.size, attributes.step.length, ...attributes.step],
    x,
  )
}

/** `yᵢ = eˣⁱ / Σⱼ eˣʲ` over the last axis. */
export function softmax(x: Tensor): Tensor {
  return apply(79, undefined, x)
}

/** `y = −Σᵢ tᵢ · ln softmax(x)ᵢ` over the last axis: logits (…, classes), targets alike → (…). */
export function softmaxCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return apply(80, undefined, logits, targets)
}

/** `y = ln(1 + eˣ)` at each element, without overflow. */
export function softplus(x: Tensor): Tensor {
  return apply(81, undefined, x)
}

/**
 * The last axis in order, stable, NaN last: the values, and where they came from as int32.
 *
 * - `descending`: True puts the largest first.
 */
export function sort(x: Tensor, attributes: { descending: boolean }): [Tensor, Tensor] {
  return applyAll(82, [x], [Number(attributes.descending)]) as [Tensor, Tensor]
}

/** `y = −ln softmax(x)[label]` over the last axis: logits (…, classes), labels (…) int32 → (…). */
export function sparseSoftmaxCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  return apply(83, undefined, logits, labels)
}

/** `y = √x` at each element. */
export function sqrt(x: Tensor): Tensor {
  return apply(84, undefined, x)
}

/** `y = x²` at each element. */
export function square(x: Tensor): Tensor {
  return apply(85, undefined, x)
}

/**
 * `X[…, f, k] = Σⱼ window[j] · x[…, f·stride + j] · e^(−2πi·jk/n)`, `k ≤ n/2`: real and imaginary parts.
 *
 * - `stride`: From one frame to the next.
 */
export function stft(x: Tensor, window: Tensor, attributes: { stride: number }): [Tensor, Tensor] {
  return applyAll(86, [x, window], [attributes.stride]) as [Tensor, Tensor]
}

/** `y = x`, but no gradient goes through. */
export function stopGradient(x: Tensor): Tensor {
  return apply(87, undefined, x)
}

/** `y = a − b` at each element, with broadcasting. */
export function subtract(a: Tensor, b: Tensor): Tensor {
  return apply(88, undefined, a, b)
}

/**
 * `y = Σ x` over some axes; 0 over nothing.
 *
 * - `axes`: Which axes go, negative ones from the end.
 * - `keepdims`: True leaves them as 1.
 */
export function sum(x: Tensor, attributes: { axes: readonly number[]; keepdims: boolean }): Tensor {
  return apply(89, [attributes.axes.length, ...attributes.axes, Number(attributes.keepdims)], x)
}

/**
 * `y[…, i, …] = x[…, indices[…, i, …], …]` along `axis`; the other axes are equal.
 *
 * - `axis`: The axis that the indices number.
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, attributes: { axis: number }): Tensor {
  return apply(90, [attributes.axis], x, indices)
}

/** `y = tanh x` at each element. */
export function tanh(x: Tensor): Tensor {
  return apply(91, undefined, x)
}

/**
 * The `k` largest of the last axis, the largest first: the values, and where they came from as int32.
 *
 * - `k`: How many.
 */
export function topK(x: Tensor, attributes: { k: number }): [Tensor, Tensor] {
  return applyAll(92, [x], [attributes.k]) as [Tensor, Tensor]
}

/**
 * Axis `i` of `y` is axis `perm[i]` of `x`.
 *
 * - `perm`: A permutation of the axes.
 */
export function transpose(x: Tensor, attributes: { perm: readonly number[] }): Tensor {
  return apply(93, [attributes.perm.length, ...attributes.perm], x)
}

/** `y` is `x` without its fraction, no gradient. */
export function trunc(x: Tensor): Tensor {
  return apply(94, undefined, x)
}

/** `y = condition ? a : b` at each element, with broadcasting. */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return apply(95, undefined, condition, a, b)
}
