/** Attention over many steps goes block by block: the numbers and gradients of the plain formula, and second ones. */

import { GradientTape, grad, ops, random, type Tensor } from 'ferrograd'
import { describe, expect, it, test } from 'vitest'
import { AlibiBias, MultiHeadAttention } from '../../ts/layers/index.js'
import type { DotProductAttentionOptions } from '../../ts/ops/attention.js'
import { arenaOf } from '../arena.js'
import { expectClose } from '../oracle.js'

const normal = (shape: readonly number[], seed: number): Tensor => random.normal(shape, { seed, dtype: 'float64' })

interface Found {
  readonly y: Tensor
  readonly slopes: readonly Tensor[]
}

/** The result, and the gradients of `Σ y·c` for queries, keys and values; of `Σ y²` where there is no `c`. */
function drawn(x: readonly [Tensor, Tensor, Tensor], options: DotProductAttentionOptions, c?: Tensor): Found {
  const tape = new GradientTape()
  const [y, total] = tape.record(() => {
    const made = ops.dotProductAttention(...x, options)
    return [made, ops.sum(ops.multiply(made, c ?? made))] as const
  })
  return { y, slopes: tape.gradient(total, x) as Tensor[] }
}

/** The same, computed. */
function found(x: readonly [Tensor, Tensor, Tensor], c: Tensor, options: DotProductAttentionOptions): Found {
  const made = drawn(x, options, c)
  made.y.dataSync()
  return made
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

test('memory with gradients grows with the number of steps where blocks are used, not with its square', () => {
  const bytes = (steps: number, options: DotProductAttentionOptions): number => {
    const heads = [[1, steps, 8, 64], 'float32'] as const
    return arenaOf([heads, heads, heads], (q, k, v) => {
      const { y, slopes } = drawn([q!, k!, v!], options)
      return [y, ...slopes]
    })
  }
  const growth = (options: DotProductAttentionOptions): number => bytes(8192, options) / bytes(2048, options)
  for (const options of [{}, { isCausal: true }, { slidingWindow: 100 }]) {
    expect(growth(options)).toBeLessThan(4.05)
    // What is computed, its slopes and what threads gather of a head are each as large as this, and the scores alone 16 times that.
    expect(bytes(2048, options)).toBeLessThan(9 * 2048 * 8 * 64 * 4)
  }
  expect(growth({ flashAttention: false })).toBeGreaterThan(12)
})

test('the same bits in parts of a batch as in the whole', () => {
  const x = random.normal([3, 256, 2, 4], { seed: 2 })
  const all = ops.dotProductAttention(x, x, x, { isCausal: true, flashAttention: true })
  const one = ops.slice(x, { begin: [1, 0, 0, 0], size: [1, 256, 2, 4] })
  const alone = ops.dotProductAttention(one, one, one, { isCausal: true, flashAttention: true })
  expect(alone.arraySync()).toEqual((all.arraySync() as unknown[]).slice(1, 2))
})

type Rows = readonly (readonly number[])[]

/** What changes scores, one by one. */
interface ByHand {
  readonly score?: (score: number, t: number, s: number) => number
  readonly sees?: (t: number, s: number) => boolean
  readonly weigh?: (weight: number, t: number, s: number) => number
}

/** The definition, number by number, of one sequence and one head. */
function byHand(
  q: Rows,
  k: Rows,
  v: Rows,
  { score = (x) => x, sees = () => true, weigh = (w) => w }: ByHand,
): number[] {
  return q.flatMap((row, t) => {
    const scores = k.map((key, s) => score(dot(row, key) / Math.sqrt(row.length), t, s))
    const raised = scores.map((one, s) => (sees(t, s) ? Math.exp(one) : 0))
    const total = raised.reduce((a, b) => a + b)
    return v[0]!.map((_, c) => raised.reduce((sum, one, s) => sum + weigh(one / total, t, s) * v[s]![c]!, 0))
  })
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0)

describe('as by the definition, number by number', () => {
  const rows = (x: Tensor): number[][] => (x.arraySync() as number[][][][])[0]!.map((step) => step[0]!)
  const [q, k, v] = [normal([1, 4, 1, 3], 1), normal([1, 5, 1, 3], 2), normal([1, 5, 1, 2], 3)] as const
  const near = (t: number, s: number): boolean => Math.abs(t - s) < 2
  const bias = normal([4, 5], 4)
  const biases = bias.arraySync() as number[][]
  const capped = (x: number): number => 0.5 * Math.tanh(x / 0.5)
  const kept = random.dropoutMask([1, 1, 4, 5], 0.6, { seed: 9, dtype: 'float64' }).dataSync()
  it.each<[string, DotProductAttentionOptions, ByHand]>([
    ['a cap', { attnLogitsSoftCap: 0.5 }, { score: capped }],
    [
      'a cap, before bias and mask',
      { attnLogitsSoftCap: 0.5, bias, isCausal: true },
      { score: (x, t, s) => capped(x) + biases[t]![s]!, sees: (t, s) => s <= t },
    ],
    ['a window', { slidingWindow: 2 }, { sees: near }],
    ['a window, block by block', { slidingWindow: 2, flashAttention: true }, { sees: near }],
    ['a window and causal', { slidingWindow: 2, isCausal: true }, { sees: (t, s) => near(t, s) && s <= t }],
    ['dropout', { dropout: 0.4, seed: 9 }, { weigh: (w, t, s) => w * kept[5 * t + s]! }],
  ])('%s: values and gradients', (_, options, definition) => {
    const c = normal([1, 4, 1, 2], 5)
    const cs = c.dataSync()
    const { y, slopes } = found([q, k, v], c, options)
    const inputs = [rows(q), rows(k), rows(v)] as const
    expectClose(y.dataSync(), { shape: y.shape, data: byHand(...inputs, definition) }, 1e-12)
    const total = (): number => byHand(...inputs, definition).reduce((sum, one, i) => sum + one * cs[i]!, 0)
    for (const [i, x] of inputs.entries()) {
      const wanted = x.flatMap((row) =>
        row.map((value, at) => {
          const [above, below] = [1e-6, -1e-6].map((step) => {
            row[at] = value + step
            return total()
          })
          row[at] = value
          return (above! - below!) / 2e-6
        }),
      )
      expectClose(slopes[i]!.dataSync(), { shape: [wanted.length], data: wanted }, 1e-8, `gradient ${i}`)
    }
  })

  test('distances by AlibiBias', () => {
    const alibi = new AlibiBias().apply(ops.zeros([1, 1, 1, 4], 'float64'))
    const options = { bias: alibi, isCausal: true }
    const y = ops.dotProductAttention(q, q, q, options)
    const x = rows(q)
    const score = (one: number, t: number, s: number): number => one - (t - s) / 256
    expectClose(y.dataSync(), { shape: y.shape, data: byHand(x, x, x, { score, sees: (t, s) => s <= t }) }, 1e-12)
  })
})

test('query, key and value of two types are of the wider one', () => {
  const x = random.normal([1, 3, 2, 2], { seed: 1 })
  const wide = ops.cast(x, 'float64')
  const wanted = ops.dotProductAttention(wide, wide, wide)
  for (const [q, k, v] of [
    [x, x, wide],
    [x, wide, x],
    [wide, x, x],
    [x, wide, wide],
  ] as const) {
    const y = ops.dotProductAttention(q, k, v)
    expect(y.dtype).toBe('float64')
    expect(y.arraySync()).toEqual(wanted.arraySync())
  }
})

describe('what the op refuses', () => {
  const x = normal([1, 2, 1, 2], 1)
  it.each<[string, DotProductAttentionOptions, string, string]>([
    [
      'a bias of another shape',
      { bias: ops.ones([3, 3]) },
      'ERR_SHAPE',
      'bias: expected what broadcasts to [1, 1, 2, 2]',
    ],
    ['a bias of more axes', { bias: ops.ones([1, 1, 1, 2, 2]) }, 'ERR_SHAPE', 'bias: expected what broadcasts to'],
    ['a cap of 0', { attnLogitsSoftCap: 0 }, 'ERR_CONFIG', 'attnLogitsSoftCap: expected a number in (0, inf), got 0'],
    ['a window of 0', { slidingWindow: 0 }, 'ERR_CONFIG', 'slidingWindow: expected an integer ≥ 1, got 0'],
    ['a dropout of all', { dropout: 1 }, 'ERR_CONFIG', 'dropout: expected a number in [0, 1), got 1'],
  ])('%s', (_, options, code, message) => {
    const call = (): unknown => ops.dotProductAttention(x, x, x, options)
    expect(call).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(`dotProductAttention ${message}`) }),
    )
  })
})
