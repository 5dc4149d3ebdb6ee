/** Functions of the user's in files: by name, and never silently lost. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cloneModel, config, deserialize, loadModel, ops, registerFunction, Sequential, type Tensor } from 'ferrograd'
import { Dense, Layer } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { serialize } from 'ferrograd/saving'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Member, readZip, writeZip } from '../../ts/saving/archive.js'
import { quiet, x, y } from './twelve-rows.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-own-functions-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => config.setSeed(7))

const at = (name: string): string => join(folder, name)
const bits = (model: Sequential): string[] => model.weights.map((weight) => `${[...weight.dataSync()]}`)

function cubed(yTrue: Tensor, yPred: Tensor): Tensor {
  return ops.mean(ops.power(ops.abs(ops.subtract(yTrue, yPred)), 3), { axis: -1 })
}
function worst(yTrue: Tensor, yPred: Tensor): Tensor {
  return ops.max(ops.abs(ops.subtract(yTrue, yPred)), { axis: -1 })
}
function bent(x: Tensor): Tensor {
  return ops.add(x, ops.multiply(ops.sin(x), 0.1))
}
function slower(step: Tensor): Tensor {
  return ops.divide(0.1, ops.add(ops.cast(step, 'float32'), 1))
}
/** Not an activation of ours, but called like one. */
const { relu } = { relu: (x: Tensor): Tensor => ops.multiply(x, 2) }

function made(
  options: { activation?: (x: Tensor) => Tensor; learningRate?: (step: Tensor) => Tensor } = {},
): Sequential {
  const { activation = bent, learningRate = slower } = options
  const model = new Sequential([new Dense({ units: 4, activation, inputShape: [3] }), new Dense({ units: 1 })])
  model.compile({
    optimizer: new Adam({ learningRate, beta1: 0.5 }),
    loss: cubed,
    metrics: [worst, 'mae'],
    weightedMetrics: [worst],
  })
  return model
}

const warning = (): Promise<Error> => new Promise((resolve) => process.once('warning', resolve))

describe('a loss, metrics, an activation and a rate', () => {
  test('come back by their names, and the training goes on bit for bit', async () => {
    const model = made()
    await model.fit(x, y, quiet)
    await model.save(at('m.keras'))
    const copy = (await loadModel(at('m.keras'), { customObjects: { cubed, worst, bent, slower } })) as Sequential
    const [one, other] = [await model.fit(x, y, quiet), await copy.fit(x, y, quiet)]
    expect(other.history).toEqual(one.history)
    expect(Object.keys(one.history)).toEqual(expect.arrayContaining(['worst', 'mae', 'weighted_worst']))
    expect(bits(copy)).toEqual(bits(model))
    // Written again they are the same.
    expect(serialize(copy)).toEqual(serialize(model))
  })

  test.each(['cubed', 'worst', 'bent', 'slower'])('without %s the file is refused, by its name', async (missing) => {
    const all: Record<string, typeof cubed> = { cubed, worst, bent: bent as never, slower: slower as never }
    await made().save(at('m.keras'))
    const { [missing]: _, ...customObjects } = all
    await expect(loadModel(at('m.keras'), { customObjects })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(
        new RegExp(`got '${missing}'.*registerFunction it first.*customObjects: { ${missing} }`),
      ),
    })
  })

  test('uncompiled only the activation is needed', async () => {
    await made().save(at('m.keras'))
    const copy = await loadModel(at('m.keras'), { compile: false, customObjects: { bent } })
    expect(copy.isCompiled).toBe(false)
  })

  test('one that is registered and another of the same name have two names', async () => {
    const twins = [1, 2].map((factor) => ({ twin: (x: Tensor): Tensor => ops.multiply(ops.tanh(x), factor) }).twin)
    registerFunction(twins[0]!)
    const model = new Sequential(twins.map((activation) => new Dense({ units: 3, activation, inputShape: [3] })))
    await model.save(at('twins.keras'))
    const copies = [
      cloneModel(model) as Sequential,
      (await loadModel(at('twins.keras'), { customObjects: { twin_1: twins[1]! } })) as Sequential,
    ]
    for (const copy of copies) {
      copy.setWeights(model.getWeights())
      const [one, other] = [await copy.predictOnBatch(x), await model.predictOnBatch(x)] as [Tensor, Tensor]
      expect(one.dataSync()).toEqual(other.dataSync())
    }
  })

  test('registered ones are found, also under another name', async () => {
    registerFunction(bent, 'bent_a_little')
    const layer = new Dense({ units: 2, activation: bent })
    expect(serialize(layer)).toMatchObject({
      config: {
        activation: {
          module: null,
          class_name: 'function',
          config: 'Custom>bent_a_little',
          registered_name: 'bent_a_little',
        },
      },
    })
    expect((deserialize(serialize(layer)) as unknown as Dense).options.activation).toBe(bent)
    expect(
      new Dense({ units: 2, activation: { class_name: 'function', config: 'relu' } as never }).options.activation,
    ).not.toBe(bent)
    for (const [fn, name] of [
      [1, 'a'],
      [bent, ''],
      [() => 1, undefined],
    ] as const)
      expect(() => registerFunction(fn as never, name as never)).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIG' }),
      )
  })

  test('as Keras writes functions: its own by name, those of the user as ours', async () => {
    const loss = (name: string) => ({
      module: 'builtins',
      class_name: 'function',
      config: name,
      registered_name: 'function',
    })
    const json = (name: string) => ({
      ...(serialize(new Sequential([new Dense({ units: 1, inputShape: [3] })])) as object),
      compile_config: { optimizer: 'sgd', loss: loss(name), metrics: [loss('mean_absolute_error')] },
    })
    const model = deserialize(json('mean_squared_error')) as unknown as Sequential
    expect(Object.keys((await model.fit(x, y, quiet)).history)).toContain('mean_absolute_error')
    expect(() => deserialize(json('my_loss'))).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }))
  })
})

test('a function that is called like one of ours is never taken for it', async () => {
  const model = new Sequential([new Dense({ units: 2, activation: relu, inputShape: [3] })])
  await model.save(at('like.keras'))
  await expect(loadModel(at('like.keras'))).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  const copy = await loadModel(at('like.keras'), { customObjects: { relu } })
  expect([...(await copy.predict<Tensor>(x)).dataSync()]).toEqual([...(await model.predict<Tensor>(x)).dataSync()])
})

test('functions without a name are named in a warning, and two of them are two', async () => {
  const model = new Sequential([
    new Dense({ units: 2, activation: (x) => ops.multiply(x, 2), inputShape: [3] }),
    new Dense({ units: 1, activation: (x) => ops.multiply(x, 3) }),
  ])
  model.compile({ optimizer: 'adam', loss: (a, b) => cubed(a, b) })
  await model.fit(x, y, quiet)
  const warnings: string[] = []
  const listen = (warned: Error): void => void warnings.push(warned.message)
  process.on('warning', listen)
  await model.save(at('nameless.keras'))
  await model.save(at('nameless.keras'))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', listen)
  expect(warnings.map((text) => /written as '(\w+)'/.exec(text)?.[1]).sort()).toEqual([
    'activation',
    'activation_1',
    'loss',
  ])
  const [first, second] = model.layers.map((layer) => (layer as Dense).options.activation)
  const customObjects = { activation: first!, activation_1: second!, loss: cubed }
  const copy = (await loadModel(at('nameless.keras'), { customObjects })) as Sequential
  const [one, other] = [await model.fit(x, y, quiet), await copy.fit(x, y, quiet)]
  expect(other.history).toEqual(one.history)
})

test('a metric class out of customObjects is still known when the training begins', async () => {
  const { MeanMetric } = await import('../../ts/metrics/mean.js')
  class Gap extends MeanMetric {
    protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
      return ops.squeeze(ops.abs(ops.subtract(yTrue, yPred)), -1)
    }
  }
  class Twice extends Layer {
    override call(x: Tensor): Tensor {
      return ops.multiply(x, 2)
    }
  }
  const model = new Sequential([new Dense({ units: 1, inputShape: [3] }), new Twice()])
  model.compile({ optimizer: 'sgd', loss: 'mse', metrics: [new Gap()] })
  await model.save(at('gap.keras'))
  const copy = await loadModel(at('gap.keras'), { customObjects: { Gap, Twice } })
  expect(Object.keys((await copy.fit(x, y, quiet)).history)).toContain('gap')
})

test('the state of an optimizer without a compilation is left out with a warning', async () => {
  const model = made({ activation: bent })
  await model.fit(x, y, quiet)
  await model.save(at('m.keras'))
  const zip = await readZip(at('m.keras'))
  const { compile_config: _, ...bare } = JSON.parse(zip.text('config.json')!) as Record<string, unknown>
  const members = new Map<string, Member>(zip.names.map((one) => [one, zip.bytes(one)!]))
  await writeZip(at('bare.keras'), members.set('config.json', JSON.stringify(bare)))
  const warned = warning()
  await loadModel(at('bare.keras'), { customObjects: { bent } })
  expect((await warned).message).toMatch(/has the state of an optimizer and does not say how the model was compiled/)
})

test.each([1, null, {}])('customObjects of %o are refused', async (one) => {
  await made().save(at('m.keras'))
  await expect(loadModel(at('m.keras'), { customObjects: { bent: one as never } })).rejects.toMatchObject({
    code: 'ERR_CONFIG',
    message: expect.stringMatching(/customObjects\.bent: expected a class or a function/),
  })
})
