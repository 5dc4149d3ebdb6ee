/** Models of the user's own classes in files: what comes back is the class, with its weights, its compilation and its optimizer. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Batch,
  cloneModel,
  config,
  deserialize,
  input,
  loadModel,
  Model,
  ops,
  registerClass,
  Sequential,
  type StepLogs,
  type Tensor,
  type Variable,
} from 'ferrograd'
import { Dense, Embedding, InputLayer, Layer } from 'ferrograd/layers'
import { serialize } from 'ferrograd/saving'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Config } from '../../ts/types.js'
import { quiet, x, y } from './twelve-rows.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-own-models-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => config.setSeed(7))

const at = (name: string): string => join(folder, name)
const bits = (model: Model): string[] => model.weights.map((weight) => `${weight.shape}: ${[...weight.dataSync()]}`)
const predicted = async (model: Model, of: unknown = x): Promise<number[]> => [
  ...(await (model as Model).predict<Tensor>(of as never)).dataSync(),
]

class Scale extends Layer {
  scale!: Variable
  override build(): void {
    this.scale = this.addWeight({ name: 'scale', shape: [], initializer: 'ones' })
  }
  override call(x: Tensor): Tensor {
    return ops.multiply(x, this.scale)
  }
}

/** Layers of its own, in a property, in a list and in a private field. */
class Plain extends Model {
  readonly scale: Scale = new Scale()
  readonly blocks: Dense[] = [new Dense({ units: 5, activation: 'tanh' }), new Dense({ units: 4 })]
  readonly #head: Dense = this.track(new Dense({ units: 1 }))
  override call(x: Tensor): Tensor {
    return this.#head.apply(this.blocks.reduce((y, block) => block.apply(y), this.scale.apply(x)))
  }
}

class Declared extends Model.with({ units: { type: 'integer', min: 1 } }) {
  readonly hidden: Dense = new Dense({ units: this.options.units })
  override call(x: Tensor): Tensor {
    return this.hidden.apply(x)
  }
}

/** Arguments that no table declares, and a configuration that tells them. */
class Told extends Model {
  readonly units: number
  readonly bias: boolean
  readonly hidden: Dense
  constructor({ units, bias, ...options }: { units: number; bias: boolean; name?: string; trainable?: boolean }) {
    super(options)
    this.units = units
    this.bias = bias
    this.hidden = new Dense({ units, useBias: bias })
  }
  override call(x: Tensor): Tensor {
    return this.hidden.apply(x)
  }
  override getConfig(): Config {
    return { ...super.getConfig(), units: this.units, bias: this.bias }
  }
}

/** Arguments by place. */
class Placed extends Model {
  readonly units: number
  readonly hidden: Dense
  constructor(units: number) {
    super()
    this.units = units
    this.hidden = new Dense({ units })
  }
  override call(x: Tensor): Tensor {
    return this.hidden.apply(x)
  }
  override getConfig(): Config {
    return { ...super.getConfig(), units: this.units }
  }
  static override fromConfig(config: Config): Placed {
    return new Placed(config.units as number)
  }
}

const makers: readonly (readonly [string, () => Model, Readonly<Record<string, new (...given: never[]) => Model>>])[] =
  [
    ['layers in properties, lists and private fields', () => new Plain({ name: 'mine' }), { Plain }],
    ['options of a table', () => new Declared({ units: 3 }), { Declared }],
    ['a getConfig, whose result the constructor gets', () => new Told({ units: 2, bias: false }), { Told }],
    ['a fromConfig', () => new Placed(3), { Placed }],
  ]

describe('a subclass with a call of its own', () => {
  test.each(makers)('%s: comes back, and trains on as if nothing had been', async (_, make, customObjects) => {
    const model = make()
    const targets = x.map(() =>
      Array.from({ length: model instanceof Plain ? 1 : (model as Told).hidden.options.units }, () => 1),
    )
    model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['mae'] })
    await model.fit(x, targets, quiet)
    const path = at(`${model.className}.keras`)
    await model.save(path)
    await expect(loadModel(path)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(new RegExp(`got '${model.className}'.*registerClass it first.*customObjects`)),
    })
    const copy = await loadModel(path, { customObjects })
    expect(copy).toBeInstanceOf(model.constructor)
    expect([copy.name, bits(copy)]).toEqual([model.name, bits(model)])
    expect(await predicted(copy)).toEqual(await predicted(model))
    const [one, other] = [await model.fit(x, targets, quiet), await copy.fit(x, targets, quiet)]
    expect(other.history).toEqual(one.history)
    expect(bits(copy)).toEqual(bits(model))
  })

  test('a registered one needs no customObjects, and is written as Keras writes it', async () => {
    class Kept extends Plain {}
    registerClass(Kept)
    const model = new Kept()
    await model.predict(x)
    await model.save(at('kept.keras'))
    expect(await loadModel(at('kept.keras'))).toBeInstanceOf(Kept)
    const written = serialize(model) as unknown as Record<string, unknown>
    expect(written).toMatchObject({
      module: null,
      class_name: 'Kept',
      registered_name: 'Custom>Kept',
      build_config: { input_shape: [null, 3] },
    })
    expect(bits(deserialize(written) as unknown as Model).map((one) => one.split(':')[0])).toEqual(
      bits(model).map((one) => one.split(':')[0]),
    )
  })

  test('whose weights were never made', async () => {
    await new Plain({ trainable: false }).save(at('new.keras'))
    const copy = await loadModel(at('new.keras'), { customObjects: { Plain } })
    expect([copy.built, copy.weights.length, copy.trainable]).toEqual([false, 0, false])
  })

  test('with inputs by name, of which some were left out at first', async () => {
    class Pair extends Model {
      readonly words: Embedding = new Embedding({ inputDim: 9, outputDim: 2 })
      readonly by: Dense = new Dense({ units: 2 })
      override call({ ids, by }: { ids: Tensor; by?: Tensor }): Tensor {
        const words = ops.sum(this.words.apply(ids), { axis: 1 })
        return by === undefined ? words : ops.add(words, this.by.apply(by))
      }
    }
    const model = new Pair()
    const ids = { values: Int32Array.from({ length: 24 }, (_, i) => i % 9), shape: [12, 2] }
    await model.predict({ ids } as never)
    await model.predict({ ids, by: x } as never)
    await model.predict({ ids } as never)
    await model.save(at('pair.keras'))
    const copy = await loadModel(at('pair.keras'), { customObjects: { Pair } })
    expect(bits(copy)).toEqual(bits(model))
    expect(await predicted(copy, { ids, by: x })).toEqual(await predicted(model, { ids, by: x }))
  })

  test('in a functional model, in a stack, and in another one', async () => {
    class Around extends Model {
      readonly inner: Plain = new Plain()
      override call(x: Tensor): Tensor {
        return this.inner.apply(x)
      }
    }
    const symbol = input({ shape: [3] })
    const functional = new Model({ inputs: symbol, outputs: new Dense({ units: 1 }).apply(new Plain().apply(symbol)) })
    const stack = new Sequential([new InputLayer({ shape: [3] }), new Declared({ units: 3 }), new Dense({ units: 1 })])
    const models = { functional, stack, around: new Around() } as unknown as Readonly<Record<string, Model>>
    for (const [name, model] of Object.entries(models)) {
      await model.predict(x)
      await model.save(at(`${name}.keras`))
      const copy = await loadModel(at(`${name}.keras`), { customObjects: { Plain, Declared, Around } })
      expect(bits(copy)).toEqual(bits(model))
      expect(await predicted(copy)).toEqual(await predicted(model))
    }
    expect((await loadModel(at('functional.keras'), { customObjects: { Plain } })).layers[1]).toBeInstanceOf(Plain)
  })

  test('whose arguments nobody tells is refused before anything is written', async () => {
    class Silent extends Model {
      readonly hidden: Dense
      constructor(units: number) {
        super()
        this.hidden = new Dense({ units })
      }
      override call(x: Tensor): Tensor {
        return this.hidden.apply(x)
      }
    }
    class Below extends Silent {}
    for (const model of [new Silent(2), new Below(2)]) {
      await model.predict(x)
      const before = readdirSync(folder)
      await expect(model.save(at('silent.keras'))).rejects.toMatchObject({
        code: 'ERR_FORMAT',
        message: expect.stringMatching(/a constructor with arguments, and no getConfig.*Model\.with.*getConfig\(\)/),
      })
      expect(readdirSync(folder)).toEqual(before)
      // Weights alone can be had.
      await model.saveWeights(at('silent.weights.h5'))
      rmSync(at('silent.weights.h5'))
    }
  })

  test('is cloned without being registered, with functions of its own too', async () => {
    const twin = cloneModel(new Plain())
    expect(twin).toBeInstanceOf(Plain)
    const mine = (x: Tensor): Tensor => ops.multiply(x, 3)
    const model = new Sequential([
      new Dense({ units: 2, inputShape: [3], activation: mine }),
      new Dense({ units: 2, activation: (x) => ops.add(x, 1) }),
      new Scale(),
    ])
    const clone = cloneModel(model)
    clone.setWeights(model.getWeights())
    expect(await predicted(clone)).toEqual(await predicted(model))
    expect(clone.layers[2]).toBeInstanceOf(Scale)
    const built = new Plain()
    await built.predict(x)
    const other = cloneModel(built)
    other.setWeights(built.getWeights())
    expect(await predicted(other)).toEqual(await predicted(built))
  })
})

describe('a subclass around a graph', () => {
  class Watched extends Model {
    override computeMetrics(batch: Batch, yPred: Tensor): StepLogs {
      return { ...super.computeMetrics(batch, yPred), largest: ops.max(yPred) }
    }
  }
  class Stack extends Sequential {
    constructor() {
      super([new Dense({ units: 1, inputShape: [3] })])
    }
  }
  const watched = (): Watched => {
    const symbol = input({ shape: [3] })
    return new Watched({ inputs: symbol, outputs: new Dense({ units: 1 }).apply(symbol) })
  }

  test('comes back as its class where that is known, and as its layers where not', async () => {
    const model = watched()
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    await model.save(at('watched.keras'))
    const copy = await loadModel(at('watched.keras'), { customObjects: { Watched } })
    expect(copy).toBeInstanceOf(Watched)
    expect(Object.keys((await copy.fit(x, y, quiet)).history)).toContain('largest')
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const plain = await loadModel(at('watched.keras'))
    expect(plain.constructor).toBe(Model)
    expect((await warned).message).toMatch(/the class 'Watched' is not known, and the model comes back as the layers/)
    expect(await predicted(plain)).toEqual(
      await predicted(await loadModel(at('watched.keras'), { customObjects: { Watched } })),
    )
  })

  test('also one that makes its own layers', async () => {
    const model = new Stack()
    await model.save(at('stack.keras'))
    const copy = await loadModel(at('stack.keras'), { customObjects: { Stack } })
    expect(copy).toBeInstanceOf(Stack)
    expect(bits(copy)).toEqual(bits(model))
    expect(serialize(model)).toMatchObject({ class_name: 'Sequential', own_class: { class_name: 'Stack' } })
  })

  test('in a graph', async () => {
    const symbol = input({ shape: [3] })
    const model = new Model({ inputs: symbol, outputs: watched().apply(symbol) })
    await model.save(at('inner.keras'))
    const copy = await loadModel(at('inner.keras'), { customObjects: { Watched } })
    expect(copy.layers[1]).toBeInstanceOf(Watched)
    expect(bits(copy)).toEqual(bits(model))
  })
})
