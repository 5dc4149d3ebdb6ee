/** The mode that a call of a graph was told, in files: kept where it was told, and no mode where Keras writes its own default. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { config, input, loadModel, Model, ops, type Tensor } from 'ferrograd'
import {
  BatchNormalization,
  Dense,
  Dropout,
  GaussianNoise,
  type Layer,
  LSTM,
  RandomTranslation,
  SpectralNormalization,
} from 'ferrograd/layers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-modes-'))
  config.setSeed(3)
})
afterAll(() => rmSync(folder, { recursive: true }))

const cases: readonly (readonly [name: string, layer: () => Layer, shape: readonly number[]])[] = [
  ['Dropout', () => new Dropout({ rate: 0.5 }), [40]],
  ['GaussianNoise', () => new GaussianNoise({ stddev: 1 }), [40]],
  ['RandomTranslation', () => new RandomTranslation({ heightFactor: 0.5, widthFactor: 0.5 }), [6, 6, 1]],
  ['BatchNormalization', () => new BatchNormalization(), [4]],
  ['LSTM', () => new LSTM({ units: 8, dropout: 0.5 }), [6, 2]],
  ['SpectralNormalization', () => new SpectralNormalization({ layer: new Dense({ units: 5 }) }), [4]],
]
const told = [undefined, true, false]

/** Whether a call in a mode gives other numbers than one that is told not to train. */
function changes(model: Model, shape: readonly number[], training: boolean): boolean {
  const x = ops.reshape(ops.sin(ops.arange(0, 8 * shape.reduce((a, b) => a * b), 1, 'float32')), [8, ...shape])
  const plain = model.layers.at(-1)!.apply(x, { training: false })
  const numbers = (of: Tensor): number[] => [...of.dataSync()]
  return JSON.stringify(numbers(model.apply(x, { training }))) !== JSON.stringify(numbers(plain))
}

describe('files of ours', () => {
  test.each(cases.flatMap(([name, layer, shape]) => told.map((training) => [name, training, layer, shape] as const)))(
    '%s told %s',
    async (name, training, layer, shape) => {
      const x = input({ shape: [...shape] })
      const y = layer().apply(x, training === undefined ? {} : { training })
      const path = join(folder, `${name}-${training}.keras`)
      await new Model({ inputs: x, outputs: y }).save(path)
      for (const model of [new Model({ inputs: x, outputs: y }), await loadModel(path)] as Model[]) {
        expect(changes(model, shape, true), 'in training').toBe(training ?? true)
        expect(changes(model, shape, false), 'out of it').toBe(training ?? false)
      }
    },
  )
})

describe('files of Keras', () => {
  test.each([
    ['drawing-layers', [4, 6]],
    ['drawing-pictures', [6, 5, 3]],
  ] as const)('%s draw in training, and out of it they do not', async (name, shape) => {
    const path = fileURLToPath(new URL(`../fixtures/keras-files/${name}.keras`, import.meta.url))
    const model = (await loadModel(path)) as Model
    const x = ops.reshape(ops.sin(ops.arange(0, 3 * shape.reduce((a, b) => a * b, 1), 1, 'float32')), [3, ...shape])
    const y = (training: boolean): number[] => [...(model.apply(x, { training }) as Tensor).dataSync()]
    expect(y(false)).toEqual(y(false))
    expect(y(true)).not.toEqual(y(true))
    // None of the layers, not just all of them together, is told a mode.
    expect(JSON.stringify(model.toConfig())).not.toContain('"training"')
  })
})
