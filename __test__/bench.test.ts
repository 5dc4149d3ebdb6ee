/** The harness of the benches: what it computes and prints, not how fast anything is. */
import { describe, expect, test } from 'vitest'
import { disagreements, measure, relativeDifference } from '../bench/measure.js'
import { table } from '../bench/report.js'
import { type Side, start } from '../bench/sides.js'
import { median, powerOf } from '../bench/statistics.js'
import { type Workload, work, workloads } from '../bench/workload.js'

const tiny: Workload = { ...workloads[0]!, batches: 8 }

test('median and growth', () => {
  expect(median([5, 1, 3])).toBe(3)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(powerOf([1, 2, 4, 8].map((x) => ({ x, y: 7 * x ** 1.5 })))).toBeCloseTo(1.5, 12)
})

test('work counts a product three times in training', () => {
  expect(work(tiny)).toBe(2 * (2 * 3 + 3 * 1) * 4 * 3)
})

test('work of a transformer: its products, and the two of attention, over all places', () => {
  const transformer = { kind: 'encoder', blocks: 3, heads: 2, steps: 5 } as const
  const made: Workload = { ...tiny, layers: [11, 4, 7], transformer, batch: 2 }
  const perToken = 3 * (4 * 4 * 4 + 2 * 4 * 16 + 2 * 5 * 4) + 4 * 7
  expect(work(made)).toBe(3 * 2 * perToken * 10)
})

test('work of characters: every step has a dense layer, and one that is generated is one step', () => {
  const recurrent = { cell: 'lstm', steps: 5, characters: true } as const
  const made: Workload = { ...tiny, layers: [3, 4, 7], recurrent, batch: 2 }
  const perStep = 4 * 4 * (3 + 4) + 4 * 7
  expect(work(made)).toBe(3 * 2 * perStep * 5 * 2)
  expect(work({ ...made, task: 'characters', batch: 1 })).toBe(2 * perStep)
})

test('work of a network for pictures: each number of a kernel meets each place', () => {
  const made: Workload = { ...tiny, layers: [1, 10], pictures: { kind: 'lenet', side: 28 }, batch: 2 }
  const products = 25 * 6 * 28 ** 2 + 25 * 6 * 16 * 10 ** 2 + 400 * 120 + 120 * 84 + 84 * 10
  expect(work(made)).toBe(3 * 2 * products * 2)
})

test('a table is Markdown with aligned cells', () => {
  const text = table(
    ['net', 'µs'],
    [
      ['a', '1.00'],
      ['longer', '12.5'],
    ],
  )
  expect(text).toBe('| net    |   µs |\n|--------|-----:|\n| a      | 1.00 |\n| longer | 12.5 |')
})

describe('agreement', () => {
  const twin = (losses: (number | null)[]): Side => ({
    name: 'torch',
    ask: async <A>() => losses as A,
    end: () => undefined,
  })

  test('the same losses agree; others, fewer and NaN do not', async () => {
    const ours = twin([0.5, 0.25, 0.125])
    expect(await disagreements(tiny, ours, [twin([0.5001, 0.25, 0.125])])).toEqual([])
    for (const losses of [
      [0.5, 0.2503, 0.125],
      [0.5, 0.25],
      [0.5, Number.NaN, 0.125],
    ])
      expect(await disagreements(tiny, ours, [twin(losses)])).toHaveLength(1)
    expect(relativeDifference([2, 4], [2.002, 4])).toBeCloseTo(1e-3, 12)
  })
})

test('ours trains what the formula of the data says, takes turns and reports its memory', async () => {
  const ours = start('ours', 'python3', 1, 1)
  try {
    const losses = await ours.ask<number[]>({ kind: 'agree', workload: tiny, epochs: 2 })
    // As PyTorch and JAX have it, from the same formula.
    expect(losses[0]).toBeCloseTo(0.2163355, 5)
    expect(losses[1]).toBeCloseTo(0.2009971, 5)
  } finally {
    ours.end()
  }
  const row = await measure(tiny, 1, { python: 'python3', peers: [], rounds: 2, seconds: 0.01, all: 2 })
  expect(row).toMatchObject({ workload: '2-3-1, batch 4', threads: 1, mark: 20, notes: [] })
  expect(row.best).toBeUndefined()
  expect(row.sides.ours!.median).toBeGreaterThan(0)
  expect(row.sides.ours!.least).toBeLessThanOrEqual(row.sides.ours!.median)
  if (process.platform === 'linux') expect(row.sides.ours!.peak).toBeGreaterThan(20)
  expect(Object.keys(row.sides)).toEqual(['ours'])
})
