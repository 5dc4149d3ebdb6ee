import { afterEach, describe, expect, test } from 'vitest'
import type { Precision } from '../../ts/core/precision.js'
import { config, jit, ops, Sequential, type Tensor, tensor } from '../../ts/index.js'
import { Dense } from '../../ts/layers/index.js'
import { modelFromConfig } from '../../ts/model/from-config.js'
import { serialize } from '../../ts/saving/index.js'

afterEach(() => config.setPrecision('highest'))

const levels: readonly Precision[] = ['highest', 'high', 'medium']
/** The most by which a product may be off, as a share of its size. */
const bounds: Readonly<Record<Precision, number>> = { highest: 2 ** -22, high: 2 ** -15, medium: 2 ** -7 }
/** Large enough for a matrix unit at every level. */
const size = 256

/** Numbers of −1…1 that are not exact in bfloat16. */
function numbers(seed: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, i) => Math.sin(seed + 12.9898 * i))
}

const [a, b] = [numbers(1), numbers(2)]
/** `a · b` and `|a| · |b|` in float64. */
const [value, scale] = [new Float64Array(size * size), new Float64Array(size * size)]
for (let i = 0; i < size; i++) {
  for (let k = 0; k < size; k++) {
    for (let j = 0; j < size; j++) {
      const product = a[i * size + k]! * b[k * size + j]!
      value[i * size + j]! += product
      scale[i * size + j]! += Math.abs(product)
    }
  }
}

/** The largest error, as a share of the size. */
function worst(got: ArrayLike<number>): number {
  return value.reduce((most, x, i) => Math.max(most, Math.abs(got[i]! - x) / scale[i]!), 0)
}

const square = (values: Float32Array): Tensor => tensor(values, [size, size])

describe('products', () => {
  test.each(levels)('of a jitted function keep the bound of %s', async (precision) => {
    const product = jit((x: Tensor, y: Tensor) => ops.matmul(x, y), { precision })
    const got = await (await product(square(a), square(b))).data()
    expect(worst(got)).toBeLessThan(bounds[precision])
  })

  test.each(levels)('of pending tensors keep the bound of %s, where that is configured', async (precision) => {
    config.setPrecision(precision)
    const got = await ops.matmul(square(a), square(b)).data()
    expect(worst(got)).toBeLessThan(bounds[precision])
  })

  test('differ where there is a unit that serves the level, and nowhere else', async () => {
    const bits = async (precision: Precision): Promise<readonly number[]> => {
      const product = jit((x: Tensor, y: Tensor) => ops.matmul(x, y), { precision })
      return [...(await (await product(square(a), square(b))).data())]
    }
    const [highest, high, medium] = await Promise.all(levels.map(bits))
    const unit = config.matrixUnit()
    expect(['amx', 'avx512-bf16', 'none']).toContain(unit)
    if (unit === 'none') expect(medium).toEqual(highest)
    else expect(medium).not.toEqual(high)
    if (unit !== 'amx') expect(high).toEqual(highest)
  })

  test('of float64 are whole at every level', async () => {
    const wide = (values: Float32Array): Tensor => tensor(Float64Array.from(values), [size, size])
    const product = jit((x: Tensor, y: Tensor) => ops.matmul(x, y), { precision: 'medium' })
    expect(worst(await (await product(wide(a), wide(b))).data())).toBeLessThan(1e-14)
  })
})

describe('what is configured', () => {
  test('is highest at first, and what was set then', () => {
    expect(config.precision()).toBe('highest')
    config.setPrecision('medium')
    expect(config.precision()).toBe('medium')
  })

  test('is what a model is compiled with, unless told otherwise', () => {
    config.setPrecision('high')
    const model = new Sequential([new Dense({ units: 1, inputShape: [2] })])
    model.compile({ loss: 'mse' })
    config.setPrecision('highest')
    expect(model.compiled.precision).toBe('high')
    model.compile({ loss: 'mse', precision: 'medium' })
    expect(model.compiled.precision).toBe('medium')
  })

  test('is refused where it is no level', () => {
    const message = (where: string): string =>
      `${where}: expected 'highest', 'high' or 'medium', got 'hihgest'; did you mean 'highest'?`
    const wrong = 'hihgest' as Precision
    const model = new Sequential([new Dense({ units: 1, inputShape: [2] })])
    const calls: Readonly<Record<string, () => unknown>> = {
      'setPrecision level': () => config.setPrecision(wrong),
      'compile.precision': () => model.compile({ loss: 'mse', precision: wrong }),
      'jit.precision': () => jit((x: Tensor) => x, { precision: wrong }),
    }
    for (const [where, call] of Object.entries(calls)) {
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_CONFIG', message: message(where) }))
    }
    expect(model.isCompiled).toBe(false)
    expect(config.precision()).toBe('highest')
    expect(() => config.setPrecision(undefined as never)).toThrow("expected 'highest', 'high' or 'medium'")
    expect(() => jit((x: Tensor) => x, { precison: 'high' } as never)).toThrow("Did you mean 'precision'?")
  })
})

describe('a model', () => {
  const make = (): Sequential =>
    new Sequential([new Dense({ units: 128, activation: 'relu', inputShape: [128] }), new Dense({ units: 128 })])
  const x = Float32Array.from({ length: 256 * 128 }, (_, i) => Math.sin(7 * i))
  const losses: Partial<Record<Precision, readonly number[]>> = {}

  test.each(levels)('trains at %s', async (precision) => {
    config.setSeed(1)
    const model = make()
    model.compile({ loss: 'mse', optimizer: 'adam', precision })
    const data = tensor(x, [256, 128])
    const { history } = await model.fit(data, data, { epochs: 3, batchSize: 256, verbose: 0 })
    losses[precision] = history.loss as readonly number[]
    expect(losses[precision]!.at(-1)).toBeLessThan(losses[precision]![0]!)
    const first = losses.highest![0]!
    expect(Math.abs(losses[precision]![0]! - first)).toBeLessThan(first * 2 ** -8)
  })

  test('keeps its precision in its configuration, beside what Keras reads', () => {
    const model = make()
    model.compile({ loss: 'mse', precision: 'medium' })
    const json = JSON.parse(JSON.stringify(serialize(model))) as { compile_config: object; precision: string }
    expect(json.precision).toBe('medium')
    expect(json.compile_config).not.toHaveProperty('precision')
    expect(modelFromConfig(json).compiled.precision).toBe('medium')
    expect(() => modelFromConfig({ ...json, precision: 'low' })).toThrow("expected 'highest', 'high' or 'medium'")
    model.compile({ loss: 'mse' })
    expect(JSON.parse(JSON.stringify(serialize(model)))).not.toHaveProperty('precision')
  })
})
