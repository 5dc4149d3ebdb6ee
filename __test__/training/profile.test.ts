import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { input, Model, ops, random, Sequential } from '../../ts/index.js'
import { Dense, EinsumDense, MultiHeadAttention } from '../../ts/layers/index.js'
import type { ProfileRow } from '../../ts/training/profile.js'

const rows = 40
const x = { values: Float32Array.from({ length: rows * 6 }, (_, i) => Math.sin(i)), shape: [rows, 6] }
const y = Int32Array.from({ length: rows }, (_, i) => i % 3)

function compiled(): Sequential {
  const model = new Sequential([
    new Dense({ units: 8, activation: 'relu', inputShape: [6] }),
    new Dense({ units: 3, activation: 'softmax' }),
  ])
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' })
  return model
}

describe('fit with profile: true', () => {
  it('names the kernels of whole batches with their sizes, in the order in which they run', async () => {
    const { profile } = await compiled().fit(x, y, { epochs: 3, batchSize: 16, verbose: 0, profile: true })
    expect(profile?.steps).toBe(6)
    const details = profile!.rows.map(({ kernel, detail }) => `${kernel} ${detail}`.trim())
    expect(details.slice(0, 4)).toEqual([
      'feed',
      'matmul 16×6 · 6×8 + bias, relu',
      'matmul 16×8 · 8×3 + bias',
      'sparseSoftmaxCrossEntropy [16, 3] [16] → [16]',
    ])
    expect(details.some((detail) => /^map 6×8: .*sqrt/.test(detail))).toBe(true)
  })

  it('has a product of many small matrices, and each of its gradients, as one kernel', async () => {
    const [a, b] = [input({ shape: [24, 5, 3] }), input({ shape: [24, 3, 7] })]
    const scaled = [a, b].map((one) => {
      const outputShape = one.shape.slice(1)
      return new EinsumDense({ equation: 'bhik,kl->bhil', outputShape, activation: 'tanh' }).apply(one)
    })
    const model = new Model({ inputs: [a, b], outputs: ops.matmul(scaled[0]!, scaled[1]!) })
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })
    const data = [random.normal([4, 24, 5, 3]), random.normal([4, 24, 3, 7])] as const
    const { profile } = await model.fit(data, ops.ones([4, 24, 5, 7]), { batchSize: 4, verbose: 0, profile: true })
    const products = profile!.rows.filter(({ kernel, detail }) => kernel === 'matmul' && detail.startsWith('96 of'))
    expect(products.map(({ detail }) => detail.replace(/ \+.*/, '')).toSorted()).toEqual([
      '96 of 3×5 · 5×7',
      '96 of 5×3 · 3×7',
      '96 of 5×7 · 7×3',
    ])
  })

  it.each([1, 2, 8])('has no kernel more for the heads of attention: %s', async (numHeads) => {
    const x = input({ shape: [6, 8] })
    const attention = new MultiHeadAttention({ numHeads, keyDim: 3 })
    const model = new Model({ inputs: x, outputs: attention.apply({ query: x, value: x }) })
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })
    const data = random.normal([4, 6, 8])
    const { profile } = await model.fit(data, data, { batchSize: 4, verbose: 0, profile: true })
    const heads = profile!.rows.filter(({ kernel, detail }) => kernel === 'matmul' && / of /.test(detail))
    expect(heads.map(({ detail }) => Number.parseInt(detail, 10))).toEqual(new Array(6).fill(4 * numHeads))
  })

  it('gives times that add up, rates, and shares of the whole', async () => {
    const { profile } = await compiled().fit(x, y, { epochs: 50, batchSize: 20, verbose: 0, profile: true })
    const sum = (of: (row: ProfileRow) => number): number => profile!.rows.reduce((total, row) => total + of(row), 0)
    for (const { least, median, mean } of profile!.rows) {
      expect(least).toBeGreaterThanOrEqual(0)
      // Kept times are rounded to float32.
      expect(least).toBeLessThanOrEqual(median * 1.001)
      expect(least).toBeLessThanOrEqual(mean)
    }
    expect(sum(({ mean }) => mean)).toBeGreaterThan(0)
    expect(sum(({ mean }) => mean)).toBeLessThanOrEqual(profile!.step.mean)
    expect(sum(({ share }) => share)).toBeCloseTo(1)
    const product = profile!.rows[1]!
    expect(product.gflops).toBeCloseTo((2 * 20 * 6 * 8) / product.median / 1e3)
    expect(product.variables).toEqual(['kernel', 'bias'])
  })

  it('prints a table of one line a kernel', async () => {
    const { profile } = await compiled().fit(x, y, { batchSize: 20, verbose: 0, profile: true })
    const lines = `${profile}`.split('\n')
    expect(lines).toHaveLength(profile!.rows.length + 3)
    expect(lines[1]).toMatch(/median µs +least +share +rate +kernel/)
    expect(lines.slice(2, -1).every((line) => /^ +\d+\.\d\d +\d+\.\d\d +\d+\.\d % /.test(line))).toBe(true)
  })

  it('trains to the same weights as without', async () => {
    const [plain, measured] = [compiled(), compiled()]
    measured.setWeights(plain.getWeights())
    const options = { epochs: 4, batchSize: 12, verbose: 0, seed: 5 } as const
    const { profile } = await plain.fit(x, y, options)
    await measured.fit(x, y, { ...options, profile: true })
    expect(profile).toBeUndefined()
    for (const [i, weight] of measured.weights.entries()) {
      expect(weight.dataSync()).toEqual(plain.weights[i]!.dataSync())
    }
  })

  it('is refused for a stream', async () => {
    const stream = (): Iterable<[number[][], number[]]> => [[[[1, 2, 3, 4, 5, 6]], [1]]]
    await expect(compiled().fit(stream, undefined, { verbose: 0, profile: true })).rejects.toThrow(
      /fit.profile: expected false for a stream/,
    )
  })

  it('is printed where the environment asks for it', () => {
    const script = `
      import { Sequential } from './ts/index.js'
      import { Dense } from './ts/layers/index.js'
      const model = new Sequential([new Dense({ units: 1, inputShape: [1] })])
      model.compile({ loss: 'meanSquaredError' })
      await model.fit([[0], [1]], [[1], [3]], { verbose: 0 })`
    const run = (asked: string): string =>
      spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        env: { ...process.env, FERROGRAD_PROFILE: asked },
        encoding: 'utf8',
      }).stderr
    expect(run('1')).toMatch(/A step takes .* µs/)
    expect(run('0')).toBe('')
  })
})
