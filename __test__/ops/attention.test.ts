/** Attention over many steps goes block by block: the numbers and gradients of the plain formula, and second ones. */

import { describe, expect, it, test } from 'vitest'
import type { Tensor } from '../../ts/core/tensor.js'
import { GradientTape, grad } from '../../ts/gradient.js'
import { MultiHeadAttention } from '../../ts/layers/index.js'
import type { DotProductAttentionOptions } from '../../ts/ops/attention.js'
import * as ops from '../../ts/ops.js'
import * as random from '../../ts/random.js'
import { expectClose } from '../oracle.js'

const normal = (shape: readonly number[], seed: number): Tensor => random.normal(shape, { seed, dtype: 'float64' })

interface Found {
  readonly y: Tensor
  readonly slopes: readonly Tensor[]
}

/** The result, and the gradients of `Σ y·c` for queries, keys and values. */
function found(x: readonly [Tensor, Tensor, Tensor], c: Tensor, options: DotProductAttentionOptions): Found {
  const tape = new GradientTape()
  const [y, total] = tape.record(() => {
    const made = ops.dotProductAttention(...x, options)
    return [made, ops.sum(ops.multiply(made, c))] as const
  })
  const slopes = tape.gradient(total, x) as Tensor[]
  y.dataSync()
  return { y, slopes }
}

const data = (x: Tensor): { shape: readonly number[]; data: number[] } => ({ shape: x.shape, data: [...x.dataSync()] })

describe('block by block as by the formula', () => {
  const [queries, keys] = [257, 300]
  const mask = ops.greater(random.uniform([2, 1, queries, keys], { seed: 7 }), 0.3)
  it.each([
    ['plain', 2, {}],
    ['causal', 2, { isCausal: true }],
    ['heads that share', 1, { isCausal: true }],
    ['a mask', 2, { mask }],
    ['a mask of keys', 1, { mask: ops.greater(random.uniform([2, 1, 1, keys], { seed: 8 }), 0.5) }],
    ['nothing to see', 2, { mask: ops.zeros([1, 1, queries, 1], 'bool') }],
  ] as const)('%s', (_, shared, options) => {
    const x = [normal([2, queries, 2, 5], 1), normal([2, keys, shared, 5], 2), normal([2, keys, shared, 3], 3)] as const
    const c = normal([2, queries, 2, 3], 4)
    const got = found([...x], c, { ...options, flashAttention: true })
    const wanted = found([...x], c, { ...options, flashAttention: false })
    expectClose(got.y.dataSync(), data(wanted.y), 1e-12, 'y')
    for (const [i, slope] of got.slopes.entries())
      expectClose(slope.dataSync(), data(wanted.slopes[i]!), 1e-11, `gradient ${i}`)
  })
})

test('gradients of gradients are those of the formula', () => {
  const x = normal([1, 260, 1, 2], 1)
  const steepness = (options: DotProductAttentionOptions): Tensor => {
    const loss = (q: Tensor): Tensor => ops.sum(ops.square(ops.dotProductAttention(q, x, x, options)))
    return grad((q: Tensor) => ops.sum(ops.square(grad(loss)(q))))(x)
  }
  const wanted = steepness({ isCausal: true, flashAttention: false })
  expectClose(steepness({ isCausal: true, flashAttention: true }).dataSync(), data(wanted), 1e-10)
})

test('a layer over many steps, with its window, is as with its weights', () => {
  const x = random.normal([1, 300, 8], { seed: 1 })
  const layer = new MultiHeadAttention({ numHeads: 2, keyDim: 4, slidingWindow: 20, flashAttention: true })
  const call = { useCausalMask: true }
  const [plain] = layer.applyMany({ query: x, value: x }, { ...call, returnAttentionScores: true })
  expectClose(layer.apply({ query: x, value: x }, call).dataSync(), data(plain!), 1e-5)
})

test('the same bits in parts of a batch as in the whole', () => {
  const x = random.normal([3, 256, 2, 4], { seed: 2 })
  const all = ops.dotProductAttention(x, x, x, { isCausal: true, flashAttention: true })
  const one = ops.slice(x, { begin: [1, 0, 0, 0], size: [1, 256, 2, 4] })
  const alone = ops.dotProductAttention(one, one, one, { isCausal: true, flashAttention: true })
  expect(alone.arraySync()).toEqual((all.arraySync() as unknown[]).slice(1, 2))
})
