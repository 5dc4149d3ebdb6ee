/** Fine-tuning by low ranks against real Keras in float64, and what files keep of it. */

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { config, FerrogradError, input, loadModel, Model, Sequential, type Tensor, tensor } from 'ferrograd'
import { Dense, EinsumDense, Embedding } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import type { Variable } from '../../ts/core/variable.js'
import { layerFamily } from '../../ts/layers/family.js'
import type { LowRankLayer } from '../../ts/layers/low-rank.js'
import { resolveObject } from '../../ts/options/family.js'
import { layerGroups } from '../../ts/saving/weight-groups.js'
import { caught } from '../caught.js'
import { expectClose, fixture, floats, type Numbers, toTensor } from '../oracle.js'

interface Case {
  readonly name: string
  readonly layer: { readonly class_name: string }
  readonly rank: number
  readonly alpha: number | null
  readonly x: Numbers
  readonly weights: Readonly<Record<string, Numbers>>
  readonly output: Numbers
  readonly target: Numbers
  readonly losses: readonly number[]
  readonly after: Readonly<Record<string, Numbers>>
  readonly stored: readonly Numbers[]
  readonly config: { readonly lora_rank: number; readonly lora_alpha: number }
}

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

const byName = (weights: readonly Variable[]): Map<string, Variable> => new Map(weights.map((one) => [one.name, one]))

function setAll(layer: LowRankLayer, values: Readonly<Record<string, Numbers>>): void {
  const own = byName(layer.weights)
  expect([...own.keys()].sort()).toEqual(Object.keys(values).sort())
  for (const [name, value] of Object.entries(values)) own.get(name)!.set(floats(value))
}

/** A model of a layer alone, with factors of `rank`. */
function tuned(one: Case): { model: Model; layer: LowRankLayer; x: Tensor } {
  const ids = one.layer.class_name.endsWith('Embedding')
  const layer = resolveObject(one.layer, 'layer', layerFamily) as unknown as LowRankLayer
  const inputs = input({ shape: one.x.shape.slice(1), dtype: ids ? 'int32' : 'float64' })
  const model = new Model({ inputs, outputs: layer.apply(inputs) })
  layer.enableLora(one.rank, { loraAlpha: one.alpha })
  setAll(layer, one.weights)
  return { model, layer, x: toTensor(one.x, ids ? 'int32' : 'float64') }
}

describe('low ranks equal those of Keras', () => {
  it.each(fixture<Case>('lora').cases)('$name', async (one) => {
    const { model, layer, x } = tuned(one)
    expectClose(model.apply(x).dataSync(), one.output)
    model.compile({ optimizer: new Adam({ learningRate: 0.02 }), loss: 'meanSquaredError' })
    const { history } = await model.fit(x, toTensor(one.target), {
      epochs: one.losses.length,
      batchSize: one.x.shape[0]!,
      verbose: 0,
    })
    expectClose(Float64Array.from(history.loss!), { shape: [one.losses.length], data: one.losses })
    for (const [name, value] of Object.entries(one.after))
      expectClose(byName(layer.weights).get(name)!.dataSync(), value, 1e-10, name)
    const stored = layerGroups(model).find(({ owner }) => owner === layer)!.filed
    expect(stored.length).toBe(one.stored.length)
    for (const [i, { value }] of stored.entries()) expectClose(value().dataSync(), one.stored[i]!, 1e-10, `stored ${i}`)
    expect(layer.getConfig()).toMatchObject(one.config)
  })
})

/** A small model whose first layer is being fine-tuned, some steps into it. */
async function started(): Promise<{ model: Sequential; dense: Dense; x: Tensor; y: Tensor }> {
  config.setSeed(3)
  const dense = new Dense({ units: 3, activation: 'tanh', inputShape: [4] })
  const model = new Sequential([dense, new Dense({ units: 1 })])
  model.compile({ optimizer: new Adam({ learningRate: 0.05 }), loss: 'meanSquaredError' })
  const x = tensor(
    Float64Array.from({ length: 32 }, (_, i) => Math.sin(5 * i)),
    [8, 4],
  )
  const y = tensor(
    Float64Array.from({ length: 8 }, (_, i) => Math.cos(3 * i)),
    [8, 1],
  )
  await model.fit(x, y, { epochs: 2, verbose: 0 })
  return { model, dense, x, y }
}

test('amid a training: predictions stay, the weight stays, the rest goes on', async () => {
  const { model, dense, x, y } = await started()
  const said = async (): Promise<number[]> => [...(await ((await model.predict(x, { verbose: 0 })) as Tensor).data())]
  const before = await said()
  dense.enableLora(2)
  expect(await said()).toEqual(before)
  const kernel = [...dense.kernel.dataSync()]
  const { history } = await model.fit(x, y, { epochs: 20, verbose: 0 })
  expect([...dense.kernel.dataSync()]).toEqual(kernel)
  expect(dense.lora!.b.dataSync().every((value) => value !== 0)).toBe(true)
  expect(history.loss!.at(-1)).toBeLessThan(0.9 * history.loss![0]!)
  // A program of the time before the factors would still say this.
  expect(await said()).not.toEqual(before)
  expect(model.trainableWeights.map(({ name }) => name)).toEqual([
    'bias',
    'lora_kernel_a',
    'lora_kernel_b',
    'kernel',
    'bias',
  ])
})

test.each(['model.keras', 'model.weights.h5', 'model.safetensors'])('what was learnt is in %s', async (file) => {
  const { model, dense, x, y } = await started()
  dense.enableLora(2, { loraAlpha: 3 })
  await model.fit(x, y, { epochs: 5, verbose: 0 })
  const wanted = ((await model.predict(x, { verbose: 0 })) as Tensor).dataSync()
  const path = join(mkdtempSync(join(tmpdir(), 'ferrograd-')), file)
  let again: Model
  if (file.endsWith('.keras')) {
    await model.save(path)
    again = await loadModel(path)
  } else {
    await model.saveWeights(path)
    const other = await started()
    if (file.endsWith('.safetensors')) other.dense.enableLora(2, { loraAlpha: 3 })
    await other.model.loadWeights(path)
    again = other.model
  }
  const got = ((await again.predict(x, { verbose: 0 })) as Tensor).dataSync()
  expectClose(got, { shape: [8, 1], data: [...wanted] }, 1e-12)
  if (!file.endsWith('.keras')) return
  const { lora } = again.layers[0] as Dense
  expect([lora!.rank, lora!.alpha]).toEqual([2, 3])
  expect([...lora!.b.dataSync()]).toEqual(new Array(6).fill(0))
  const { history } = await again.fit(x, y, { epochs: 10, verbose: 0 })
  expect(history.loss!.at(-1)).toBeLessThan(history.loss![0]!)
  expect(lora!.b.dataSync().some((value) => value !== 0)).toBe(true)
})

test('options say it too', () => {
  const layer = new Embedding({ inputDim: 5, outputDim: 4, loraRank: 2, loraAlpha: 6 })
  layer.apply(tensor([[1]], undefined, 'int32'))
  expect([layer.lora!.rank, layer.lora!.alpha, layer.embeddings.trainable]).toEqual([2, 6, false])
  expect(new Embedding({ inputDim: 5, outputDim: 4 }).getConfig()).not.toHaveProperty('lora_rank')
})

const built = (options: object = {}): Dense => {
  const layer = new Dense({ units: 2, ...options })
  layer.apply(tensor([[1, 2]]))
  return layer
}

const twice = (layer: Dense): void => {
  layer.enableLora(2)
  layer.enableLora(2)
}

test.each([
  ['before there are weights', 'ERR_STATE', 'a layer with weights', () => new Dense({ units: 2 }).enableLora(2)],
  ['twice', 'ERR_STATE', 'one call, got rank 2 before', () => twice(built())],
  ['a constraint', 'ERR_CONFIG', 'no constraint on kernel', () => built({ kernelConstraint: 'maxNorm' }).enableLora(2)],
  ['half a rank', 'ERR_CONFIG', 'enableLora rank: expected an integer', () => built().enableLora(1.5)],
  ['no rank', 'ERR_CONFIG', 'enableLora rank: expected an integer', () => built().enableLora(0)],
  ['a misspelt option', 'ERR_CONFIG', "unknown option 'alpha'", () => built().enableLora(1, { alpha: 2 } as never)],
  ['a rank in options', 'ERR_CONFIG', 'Dense.loraRank', () => new Dense({ units: 2, loraRank: -1 })],
  ['a constraint in options', 'ERR_CONFIG', 'no constraint', () => built({ kernelConstraint: 'maxNorm', loraRank: 1 })],
] as const)('refuses %s', (_, code, words, call) => {
  const error = caught(call as () => unknown) as FerrogradError
  expect(error).toBeInstanceOf(FerrogradError)
  expect(error.code).toBe(code)
  expect(error.message).toContain(words)
})

test('an equation may have the result in another order', () => {
  const layer = new EinsumDense({ equation: 'ab,cb->ac', outputShape: 3, loraRank: 2 })
  expect(layer.apply(tensor([[1, 2]])).shape).toEqual([1, 3])
})
