/** Keras's JSON in both directions: every object of the fixtures is read, and written again to the same. */

import { describe, expect, it } from 'vitest'
import type { Tensor } from '../../ts/core/tensor.js'
import * as layers from '../../ts/layers/index.js'
import { Dense, Flatten, Layer } from '../../ts/layers/index.js'
import { BinaryCrossentropy } from '../../ts/losses/index.js'
import { AUC } from '../../ts/metrics/index.js'
import { toKeras } from '../../ts/model/keras-ops.js'
import * as ops from '../../ts/ops.js'
import { Adam, SGD } from '../../ts/optimizers/index.js'
import { L2 } from '../../ts/regularizers.js'
import { deserialize, registerClass, serialize, stringify } from '../../ts/saving/index.js'
import { ExponentialDecay } from '../../ts/schedules/index.js'
import type { Json } from '../../ts/types.js'
import { fixture } from '../oracle.js'

type Serialized = { readonly class_name: string; readonly config: Readonly<Record<string, unknown>> }
type Topic = readonly [topic: string, key: string]

const topics: readonly Topic[] = [
  ['optimizers', 'optimizer'],
  ['losses', 'loss'],
  ['metrics', 'metric'],
  ['schedules', 'schedule'],
  ['initializers', 'initializer'],
  ['regularizers', 'regularizer'],
  ['constraints', 'constraint'],
  ['layers', 'layer'],
  ['picture_layers', 'layer'],
  ['attention_layers', 'layer'],
  ['recurrent_layers', 'layer'],
]

/** What Keras writes for its own use, and where it writes the element type as an object. */
const notOurs = new Set([
  'dtype',
  'synchronized',
  'renorm',
  'renorm_momentum',
  'renorm_clipping',
  'sparse',
  'ragged',
  'rms_scaling',
  'quantization_config',
  'input_axes',
  'output_axes',
  'mask_zero',
  'optional',
])

/** What Keras writes of a call that was told no mode: what the layer takes it for. */
const untold = (name: unknown): unknown =>
  (layers as unknown as Record<string, typeof Layer | undefined>)[String(name)]?.trainingDefault

/** The parts of Keras's JSON that ours contradicts; `callee` is the class of the layer that is described. */
function contradictions(keras: unknown, ours: unknown, path = '', callee: unknown = undefined): string[] {
  if (isTensor(keras)) return contradictions(keras.config.value, isTensor(ours) ? ours.config.value : ours, path)
  if (Array.isArray(keras) && Array.isArray(ours) && keras.length === ours.length)
    return keras.flatMap((one, i) => contradictions(one, ours[i], `${path}[${i}]`, callee))
  if (isObject(keras) && isObject(ours)) {
    const described = keras.class_name ?? callee
    const isUntold = ([key, value]: [string, unknown]): boolean =>
      key === 'training' && ours.training === undefined && value === untold(described)
    const told = Object.entries(keras).filter((entry) => !isUntold(entry))
    return told.flatMap(([key, value]) =>
      notOurs.has(key) || key === 'module' || key === 'registered_name' || key === 'build_config'
        ? []
        : contradictions(value, ours[key], `${path}.${key}`, described),
    )
  }
  return JSON.stringify(keras) === JSON.stringify(ours)
    ? []
    : [`${path}: ${JSON.stringify(keras)} became ${JSON.stringify(ours)}`]
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isTensor = (value: unknown): value is { config: { value: unknown } } =>
  isObject(value) && /^__(tensor|numpy)__$/.test(String(value.class_name))

describe.each(topics)('%s', (topic, key) => {
  const { cases } = fixture<Record<string, unknown>>(topic)
  const unique = new Map(cases.map((one) => [JSON.stringify(one[key]), one[key] as Serialized]))
  it.each([...unique.values()].map((object, i) => [`${object.class_name} ${i}`, object] as const))(
    '%s',
    (_, object) => {
      const written = serialize(deserialize(object)) as unknown as Serialized
      expect(contradictions(object, written)).toEqual([])
      expect(serialize(deserialize(written))).toEqual(written)
    },
  )
})

describe('functional models', () => {
  const { cases } = fixture<{ name: string; model: Serialized }>('calls')
  it.each(cases.map(({ name, model }) => [name, model] as const))('%s', (_, model) => {
    const written = serialize(deserialize(model)) as unknown as Serialized
    expect(contradictions(model, written)).toEqual([])
    expect(serialize(deserialize(written))).toEqual(written)
  })
})

it('an op without options is written with the defaults that it has here', () => {
  const axis = (name: string): unknown => toKeras(name, [[], []]).config.axis
  const wanted = { concatenate: 0, stack: 0, take: null, takeAlongAxis: null, cumsum: null, cumprod: null, sort: -1 }
  for (const [name, value] of Object.entries(wanted)) expect([name, axis(name)]).toEqual([name, value])
})

it('a nested configuration comes back as it was', () => {
  const optimizer = new Adam({
    learningRate: new ExponentialDecay({ initialLearningRate: 0.1, decaySteps: 10, decayRate: 0.5 }),
    clipnorm: 1,
  })
  const layer = new Dense({ units: 3, activation: 'leakyRelu', kernelRegularizer: new L2({ l2: 0.5 }), name: 'first' })
  for (const object of [optimizer, layer, new BinaryCrossentropy({ fromLogits: true }), new AUC({ curve: 'PR' })]) {
    expect(serialize(deserialize(serialize(object)))).toEqual(serialize(object))
  }
})

it('whole numbers of float fields keep their decimal point as text', () => {
  const text = stringify(serialize(new SGD({ learningRate: 1, momentum: 0, clipnorm: 2 })))
  expect(text).toContain('"learning_rate":1.0')
  expect(text).toContain('"momentum":0.0')
  expect(text).toContain('"clipnorm":2.0')
  expect(JSON.parse(text)).toEqual(serialize(new SGD({ learningRate: 1, momentum: 0, clipnorm: 2 })))
  expect(stringify(serialize(new Dense({ units: 3 })))).toContain('"units":3,')
})

describe("classes of the user's own", () => {
  class Twice extends Layer {
    override call(x: Tensor): Tensor {
      return ops.multiply(x, 2)
    }
  }

  it('are read once they are registered', () => {
    const json = { module: null, class_name: 'Twice', config: { name: 'two' }, registered_name: 'Custom>Twice' }
    expect(() => deserialize(json)).toThrow(expect.objectContaining({ code: 'ERR_FORMAT' }))
    registerClass(Twice)
    const layer = deserialize(json)
    expect(layer).toBeInstanceOf(Twice)
    expect(serialize(layer)).toMatchObject({ class_name: 'Twice', registered_name: 'Custom>Twice' } as Json as never)
  })
})

describe("a class of the user's with the name of one of ours", () => {
  class Mine extends Layer {
    static override readonly className = 'Flatten'
    override call(x: Tensor): Tensor {
      return x
    }
  }

  it('is told apart by the name it is registered by', () => {
    registerClass(Mine)
    const plain = { module: 'keras.layers', class_name: 'Flatten', config: {} }
    expect(deserialize(plain)).toBeInstanceOf(Flatten)
    expect(deserialize(serialize(new Mine()))).toBeInstanceOf(Mine)
    expect(deserialize(serialize(new Flatten()))).toBeInstanceOf(Flatten)
  })
})

describe('what cannot be read is refused', () => {
  it.each([
    [{}, 'class_name'],
    [null, 'class_name'],
    [{ module: 'keras.layers', class_name: 'Lambda', config: {} }, "got 'Lambda'"],
    [{ module: 'os', class_name: 'system', config: {} }, 'ERR'],
    [{ module: 'keras.layers', class_name: 'Dense', config: { units: 3, unitz: 4 } }, "did you mean 'units'?"],
    [{ module: 'keras.layers', class_name: 'Dense', config: { units: 'many' } }, 'Dense.units'],
    [{ module: 'keras.layers', class_name: 'constructor', config: {} }, "got 'constructor'"],
    [{ module: 'keras.layers', class_name: '__proto__', config: {} }, "got '__proto__'"],
  ])('%j', (json, says) => {
    expect(() => deserialize(json)).toThrow(says === 'ERR' ? expect.objectContaining({ code: 'ERR_FORMAT' }) : says)
  })
})
