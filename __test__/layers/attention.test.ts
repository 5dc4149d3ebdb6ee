/** Layers of attention and of positions against real Keras (and keras-hub) in float64, and what they refuse. */

import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import * as config from '../../ts/config.js'
import { maskOn } from '../../ts/core/mask.js'
import { type Tensor, tensor } from '../../ts/core/tensor.js'
import { GradientTape } from '../../ts/gradient.js'
import * as layers from '../../ts/layers/index.js'
import { input, Model } from '../../ts/model/index.js'
import * as ops from '../../ts/ops.js'
import { optimizerFamily } from '../../ts/optimizers/family.js'
import { resolveObject } from '../../ts/options/family.js'
import { camel } from '../../ts/options/names.js'
import * as random from '../../ts/random.js'
import { caught } from '../caught.js'
import { expectClose, fixture, floats, type Numbers, toTensor } from '../oracle.js'

const { AdditiveAttention, AlibiBias, Attention, Embedding, GroupedQueryAttention, MultiHeadAttention } = layers
const {
  PositionEmbedding,
  ReversibleEmbedding,
  RotaryEmbedding,
  SinePositionEncoding,
  TransformerDecoder,
  TransformerEncoder,
} = layers

type Call = Readonly<Record<string, unknown>>

interface Case {
  readonly name: string
  readonly layer: { readonly class_name: string; readonly config: Call }
  readonly inputs: readonly Numbers[]
  /** Whether the input is word numbers. */
  readonly ids?: boolean
  /** Of layers that read word numbers: which of them count. */
  readonly mask?: Numbers | null
  /** Whether Keras takes the inputs as a list, and not as arguments. */
  readonly listed: boolean
  /** What else the call is told, by Keras's names. */
  readonly call: Call
  readonly weights: readonly { readonly name: string; readonly value: Numbers }[]
  readonly trainable_weights: readonly string[]
  readonly cotangent: Numbers
  readonly output: Numbers
  readonly scores?: Numbers
  readonly losses: readonly number[]
  readonly input_gradients: readonly Numbers[]
  readonly weight_gradients: readonly Numbers[]
  readonly steps?: {
    readonly optimizer: unknown
    readonly losses: readonly number[]
    readonly weights: readonly Numbers[]
  }
}

interface Product {
  readonly name: string
  readonly inputs: readonly [Numbers, Numbers, Numbers]
  readonly call: Call
  readonly cotangent: Numbers
  readonly output: Numbers
  readonly gradients: readonly Numbers[]
}

const { cases } = fixture<Case>('attention_layers')
const { cases: products } = fixture<Product>('attention')

/** Keras's arguments of a call as ours: names in camelCase, masks as tensors. */
function told(call: Call, listed = false): Record<string, unknown> {
  const value = (name: string, given: unknown): unknown => {
    if (listed && name === 'mask') return (given as unknown[]).map((one) => mask(one ?? undefined))
    if (name === 'positions') return tensor(given as number[])
    return Array.isArray(given) ? mask(given) : given
  }
  return Object.fromEntries(Object.entries(call).map(([name, given]) => [camel(name), value(name, given)]))
}

const truths = (mask: Numbers): unknown => ops.cast(toTensor(mask), 'bool').arraySync()

const mask = (given: unknown): Tensor | undefined =>
  given === undefined ? undefined : ops.cast(tensor(given as number[]), 'bool')

/** The inputs as the layer takes them, by place or by name. */
function arranged<T>(one: Case, layer: layers.Layer, inputs: readonly T[]): unknown {
  const { parameters } = layer.constructor as typeof layers.Layer
  if (one.listed || inputs.length === 1) return one.listed ? inputs : inputs[0]
  return Object.fromEntries(inputs.map((x, i) => [parameters[i]!, x]))
}

const typeOf = (one: Case): 'int32' | 'float64' => (one.ids ? 'int32' : 'float64')

function prepared(one: Case): layers.Layer {
  const layer = layers.getLayer(one.layer)
  const shapes = one.inputs.map(({ shape }) => shape)
  const { parameters } = layer.constructor as typeof layers.Layer
  layer.ensureBuilt(
    parameters.length > 0
      ? Object.fromEntries(shapes.map((shape, i) => [parameters[i]!, shape]))
      : (arranged(one, layer, shapes) as never),
  )
  expect(layer.weights.map(({ name }) => name)).toEqual(one.weights.map(({ name }) => name))
  expect(layer.trainableWeights.map(({ name }) => name)).toEqual(one.trainable_weights)
  for (const [i, { value }] of one.weights.entries()) layer.weights[i]!.assign(toTensor(value))
  return layer
}

describe('in float64', () => {
  beforeAll(() => config.setFloatx('float64'))
  afterAll(() => config.setFloatx('float32'))

  describe('layers equal those of Keras', () => {
    it.each(cases)('$name', (one) => {
      const layer = prepared(one)
      const inputs = one.inputs.map((x) => toTensor(x, typeOf(one)))
      const tape = new GradientTape()
      const [results, total] = tape.record(() => {
        const made = layer.applyMany(arranged(one, layer, inputs), told(one.call, one.listed))
        return [made, ops.sum(ops.multiply(made[0]!, toTensor(one.cotangent)))] as const
      })
      const slopes = tape.gradient(total, [...(one.ids ? [] : inputs), ...layer.trainableWeights])
      if (one.ids) expect(maskOn(results[0]!)?.arraySync() ?? null).toEqual(one.mask && truths(one.mask))
      expect(results[0]!.shape).toEqual(one.output.shape)
      expectClose(results[0]!.dataSync(), one.output, 1e-10, 'output')
      expect(results.length).toBe(one.scores === undefined ? 1 : 2)
      if (one.scores !== undefined) {
        expect(results[1]!.shape).toEqual(one.scores.shape)
        expectClose(results[1]!.dataSync(), one.scores, 1e-10, 'scores')
      }
      const losses = layer.losses().reduce((sum, loss) => sum + loss.itemSync(), 0)
      expectClose(
        Float64Array.of(losses),
        one.losses.reduce((a, b) => a + b, 0),
        1e-10,
        'losses',
      )
      for (const [i, wanted] of [...one.input_gradients, ...one.weight_gradients].entries())
        expectClose(slopes[i]?.dataSync() ?? new Float64Array(floats(wanted).length), wanted, 1e-9, `gradient ${i}`)
    })
  })

  describe('three steps are those of Keras', () => {
    it.each(cases.filter(({ steps }) => steps))('$name', async (one) => {
      const { optimizer, losses, weights } = one.steps!
      const layer = prepared(one)
      const ends = one.inputs.map(({ shape }) => input({ batchShape: shape, dtype: typeOf(one) }))
      const [y] = layer.applyMany(arranged(one, layer, ends), told(one.call, one.listed))
      const model = new Model({ inputs: ends, outputs: y as never })
      model.compile({ optimizer: resolveObject(optimizer, 'optimizer', optimizerFamily), loss: 'mse' })
      const x = one.inputs.map((given) => toTensor(given, typeOf(one)))
      for (const [step, wanted] of losses.entries()) {
        const { loss } = await model.trainOnBatch(x, toTensor(one.cotangent))
        expectClose(Float64Array.of(loss!), wanted, 1e-10, `loss ${step}`)
      }
      for (const [i, wanted] of weights.entries())
        expectClose(layer.weights[i]!.dataSync(), wanted, 1e-10, `weight ${i}`)
    })
  })

  describe('the op equals that of Keras', () => {
    it.each(products)('$name', ({ inputs, call, cotangent, output, gradients }) => {
      const x = inputs.map((one) => toTensor(one)) as [Tensor, Tensor, Tensor]
      const { mask: allowed, bias, ...others } = told(call)
      const added = bias === undefined ? [] : [toTensor(call.bias as Numbers)]
      const tape = new GradientTape()
      const [y, total] = tape.record(() => {
        const made = ops.dotProductAttention(...x, { ...others, bias: added[0], mask: allowed as Tensor | undefined })
        return [made, ops.sum(ops.multiply(made, toTensor(cotangent)))] as const
      })
      const slopes = tape.gradient(total, [...x, ...added])
      expect(slopes.length).toBe(gradients.length)
      expect(y.shape).toEqual(output.shape)
      expectClose(y.dataSync(), output, 1e-10, 'output')
      for (const [i, wanted] of gradients.entries()) expectClose(slopes[i]!.dataSync(), wanted, 1e-10, `gradient ${i}`)
    })
  })
})

test('a table that is only gone through backwards takes lists of vectors', () => {
  const table = new ReversibleEmbedding({ inputDim: 3, outputDim: 2 })
  const vectors = [[0.5, 0.25]]
  const logits = table.apply(vectors, { reverse: true })
  expect(logits.arraySync()).toEqual(table.apply(tensor(vectors), { reverse: true }).arraySync())
  expect(caught(() => table.apply(vectors))).toMatchObject({ code: 'ERR_DATA' })
})

test('what build makes is not there before, and says so', () => {
  const [own, block] = [new MultiHeadAttention({ numHeads: 2, keyDim: 2 }), { intermediateDim: 4, numHeads: 2 }]
  const blocks = [new layers.TransformerEncoder(block), new layers.TransformerDecoder(block)]
  const told = (name: string): object => ({
    code: 'ERR_STATE',
    message: `${name}: expected a layer that is built, got one that is not. Call the layer or its model first, or call ensureBuilt with the shapes of its inputs`,
  })
  expect(() => own.queryDense.enableLora(2)).toThrow(expect.objectContaining(told('multi_head_attention.queryDense')))
  for (const layer of blocks) {
    expect(() => layer.selfAttentionLayer).toThrow(expect.objectContaining(told(`${layer.name}.selfAttentionLayer`)))
    expect(layer.sublayers).toEqual([])
    layer.ensureBuilt(layer instanceof layers.TransformerEncoder ? [1, 3, 4] : { decoderSequence: [1, 3, 4] })
    expect(layer.sublayers).toHaveLength(7)
    expect(layer.sublayers).toContain(layer.selfAttentionLayer)
    layer.selfAttentionLayer.queryDense.enableLora(2)
  }
})

/** All numbers are finite. */
const isSound = (x: Tensor): boolean => x.dataSync().every(Number.isFinite)

/*
 * Keras 3.15.1 on PyTorch and on JAX, in float32, of a query whose keys are all masked. `ops.dot_product_attention`: the mean
 * of all values. `MultiHeadAttention`, `GroupQueryAttention`: the same, since they call it; but zeros where they have a
 * dropout (in inference, too), return scores (zeros as well) or have queries of more than one axis, since `Softmax` with a mask puts
 * zeros in its place. The fixtures have all of these (`attention_mask53`). `Attention`, `AdditiveAttention`: the mean. All
 * gradients are finite. In float64 `Attention` takes 1e9 off all scores alike, which leaves the weights as without a mask.
 */
describe('nothing to see', () => {
  test('a query that sees no key takes the mean of all values, and gradients are finite', () => {
    const [q, k, v] = [1, 2, 3].map((seed) => random.normal([2, 3, 2, 4], { seed })) as [Tensor, Tensor, Tensor]
    const tape = new GradientTape()
    const [y, total] = tape.record(() => {
      const made = ops.dotProductAttention(q, k, v, { mask: tensor([[0, 0, 0]], undefined, 'int32') })
      return [made, ops.sum(ops.square(made))] as const
    })
    const slopes = tape.gradient(total, [q, k, v])
    const mean = ops.broadcastTo(ops.mean(v, { axis: 1, keepdims: true }), [2, 3, 2, 4])
    expectClose(y.dataSync(), { shape: y.shape, data: [...mean.dataSync()] }, 1e-6)
    expect(slopes.map((one) => isSound(one!))).toEqual([true, true, true])
    expect([...slopes[0]!.dataSync()].every((one) => one === 0)).toBe(true)
  })

  test('a sequence of nothing but padding goes through a block, and trains', async () => {
    const ids = input({ shape: [4], dtype: 'int32' })
    const h = new TransformerEncoder({ intermediateDim: 4, numHeads: 2 }).apply(
      new Embedding({ inputDim: 5, outputDim: 4, maskZero: true }).apply(ids),
    )
    const model = new Model({ inputs: ids, outputs: h })
    model.compile({ optimizer: 'adam', loss: 'mse' })
    const x = tensor([0, 0, 0, 0, 1, 2, 0, 0], [2, 4], 'int32')
    const { loss } = await model.trainOnBatch(x, ops.ones([2, 4, 4]))
    expect(Number.isFinite(loss)).toBe(true)
    expect(model.getWeights().every(isSound)).toBe(true)
  })

  test('where weights are returned or dropped it takes nothing, and gradients are finite', () => {
    const [x, v] = [random.normal([1, 2, 4], { seed: 1 }), random.normal([1, 3, 4], { seed: 2 })]
    const attentionMask = ops.cast(
      [
        [
          [1, 1, 0],
          [0, 0, 0],
        ],
      ],
      'bool',
    )
    const layer = new MultiHeadAttention({ numHeads: 2, keyDim: 2, useBias: false, dropout: 0.4, seed: 3 })
    const [y, weights] = layer.applyMany({ query: x, value: v }, { attentionMask, returnAttentionScores: true })
    expect(ops.getItem(y!, [0, 1]).arraySync()).toEqual([0, 0, 0, 0])
    expect(ops.getItem(weights!, [0, 0, 1]).arraySync()).toEqual([0, 0, 0])
    expect(isSound(y!) && (ops.getItem(y!, [0, 0]).arraySync() as number[]).every((one) => one !== 0)).toBe(true)
    const tape = new GradientTape()
    const total = tape.record(() =>
      ops.sum(ops.square(layer.apply({ query: x, value: v }, { attentionMask, training: true }))),
    )
    const slopes = tape.gradient(total, [x, v, ...layer.trainableWeights])
    expect(slopes.map((one) => isSound(one!))).toEqual(slopes.map(() => true))
    expect(ops.getItem(slopes[0]!, [0, 1]).arraySync()).toEqual([0, 0, 0, 0])
  })

  test.each([true, false])('nothing block by block, too; causal: %s', (useCausalMask) => {
    const x = random.normal([2, 4, 4], { seed: 1 })
    const attentionMask = ops.cast(
      [
        [
          [0, 0, 1, 1],
          [0, 0, 0, 0],
          [0, 0, 1, 1],
          [0, 1, 1, 0],
        ],
      ],
      'bool',
    )
    const [plain, blocks] = [false, true].map((flashAttention) => {
      const layer = new MultiHeadAttention({ numHeads: 2, keyDim: 2, dropout: 0.4, useBias: false, flashAttention })
      layer.ensureBuilt({ query: x.shape, value: x.shape })
      return layer
    })
    blocks!.setWeights(plain!.getWeights())
    const call = (layer: layers.MultiHeadAttention | undefined): Tensor =>
      layer!.apply({ query: x, value: x }, { attentionMask, useCausalMask })
    const [y, wanted] = [call(blocks), call(plain)]
    expect(ops.max(ops.abs(ops.subtract(y, wanted))).arraySync()).toBeLessThan(1e-6)
    const blind = ops.all(ops.equal(y, 0), { axis: -1 })
    expect(ops.cast(blind, 'int32').arraySync()).toEqual(new Array(2).fill([Number(useCausalMask), 1, 0, 0]))
  })

  test('one step sees itself', () => {
    const x = random.normal([2, 1, 4], { seed: 1 })
    const layer = new MultiHeadAttention({ numHeads: 2, keyDim: 3 })
    const [, weights] = layer.applyMany({ query: x, value: x }, { useCausalMask: true, returnAttentionScores: true })
    expect(weights!.arraySync()).toEqual([
      [[[1]], [[1]]],
      [[[1]], [[1]]],
    ])
  })
})

test('the slopes of AlibiBias are those of the paper', () => {
  const slopes = (heads: number): number[] =>
    (new AlibiBias().apply(ops.zeros([1, heads, 1, 2])).arraySync() as number[][][][])[0]!.map((one) => -one[0]![0]!)
  expect(slopes(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => 2 ** -i))
  expect(slopes(1)).toEqual([2 ** -8])
  // Six heads: the four of a power of two, then every second one of eight.
  expect(slopes(6)).toEqual([2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8, 2 ** -1, 2 ** -3])
})

describe('masks travel', () => {
  test('the query hands its mask on, and the value is seen where it counts', () => {
    const embed = new Embedding({ inputDim: 9, outputDim: 4, maskZero: true })
    const x = embed.apply(tensor([3, 1, 0, 5, 0, 0], [2, 3], 'int32'))
    const layer = new MultiHeadAttention({ numHeads: 2, keyDim: 3 })
    const [y, weights] = layer.applyMany({ query: x, value: x }, { returnAttentionScores: true })
    expect(maskOn(y!)!.arraySync()).toEqual([
      [true, true, false],
      [true, false, false],
    ])
    expect(maskOn(weights!)).toBeUndefined()
    const seen = weights!.arraySync() as number[][][][]
    expect(seen[1]![0]![0]).toEqual([1, 0, 0])
    expect(seen[0]![1]![0]![2]).toBe(0)
  })
})

describe('what does not fit is refused', () => {
  const x = ops.ones([2, 3, 4])
  const heads = (): InstanceType<typeof MultiHeadAttention> => new MultiHeadAttention({ numHeads: 2, keyDim: 3 })
  const table: readonly (readonly [what: string, run: () => unknown, code: string, message: RegExp])[] = [
    [
      'heads that do not divide',
      () => new GroupedQueryAttention({ headDim: 2, numQueryHeads: 4, numKeyValueHeads: 3 }),
      'ERR_CONFIG',
      /^GroupedQueryAttention\.numKeyValueHeads: expected a divisor of the 4 heads of queries, got 3/,
    ],
    [
      'heads of keys that do not divide, of the op',
      () => ops.dotProductAttention(ops.ones([1, 2, 4, 2]), ops.ones([1, 2, 3, 2]), ops.ones([1, 2, 3, 2])),
      'ERR_SHAPE',
      /^dotProductAttention key: expected a number of heads that divides the query's 4, got \[1, 2, 3, 2\]/,
    ],
    [
      'three axes, of the op',
      () => ops.dotProductAttention(x, x, x),
      'ERR_SHAPE',
      /^dotProductAttention query: expected \[batch, steps, heads, size\], got \[2, 3, 4\]/,
    ],
    [
      'a mask of another length',
      () => heads().apply({ query: x, value: x }, { attentionMask: ops.cast(ops.ones([2, 3, 5]), 'bool') }),
      'ERR_SHAPE',
      /^MultiHeadAttention attentionMask: expected what broadcasts to \[2, heads, 3, 3\], got \[2, 3, 5\]/,
    ],
    [
      'a mask of floats',
      () => heads().apply({ query: x, value: x }, { attentionMask: ops.ones([2, 3, 3]) }),
      'ERR_DTYPE',
      /^MultiHeadAttention attentionMask: expected a mask of bool or int32, got float32\. Scores to be added are a bias/,
    ],
    [
      'a padding mask of another length',
      () => heads().apply({ query: x, value: x }, { valueMask: ops.cast(ops.ones([2, 4]), 'bool') }),
      'ERR_SHAPE',
      /^MultiHeadAttention valueMask: expected \[2, 3\], got \[2, 4\]/,
    ],
    [
      'no value',
      () => heads().apply(x as never),
      'ERR_SHAPE',
      /^MultiHeadAttention input: expected a query and a value, got \['query'\]/,
    ],
    [
      'keys and values of different lengths',
      () => heads().apply({ query: x, value: x, key: ops.ones([2, 5, 4]) }),
      'ERR_SHAPE',
      /^MultiHeadAttention key: expected as many steps as the value \[2, 3, 4\], got \[2, 5, 4\]/,
    ],
    [
      'axes that are not there',
      () => new MultiHeadAttention({ numHeads: 1, keyDim: 2, attentionAxes: 3 }).apply({ query: x, value: x }),
      'ERR_CONFIG',
      /^MultiHeadAttention\.attentionAxes: expected axes of 1, each once, got/,
    ],
    [
      'a single input',
      () => new Attention().apply(x as never),
      'ERR_SHAPE',
      /^Attention input: expected \[query, value\] or \[query, value, key\]/,
    ],
    [
      'other sizes',
      () => new AdditiveAttention().apply([x, ops.ones([2, 3, 5])]),
      'ERR_SHAPE',
      /^AdditiveAttention key: expected \[batch, 3, 4\], got \[2, 3, 5\]/,
    ],
    [
      'more heads than features',
      () => new TransformerEncoder({ intermediateDim: 2, numHeads: 5 }).apply(x),
      'ERR_SHAPE',
      /^TransformerEncoder input: expected \[batch, steps, at least 5 features\], got \[2, 3, 4\]/,
    ],
    [
      'an encoder now and then',
      () => {
        const layer = new TransformerDecoder({ intermediateDim: 2, numHeads: 2 })
        layer.apply(x)
        layer.apply({ decoderSequence: x, encoderSequence: x })
      },
      'ERR_DATA',
      /^TransformerDecoder encoderSequence: expected none, as in the first call/,
    ],
    [
      'an odd number of features',
      () => new RotaryEmbedding().apply(ops.ones([1, 2, 3])),
      'ERR_SHAPE',
      /^RotaryEmbedding input: expected an even number of features, got \[1, 2, 3\]/,
    ],
    [
      'a mask of the query of another length',
      () => new Attention().apply([x, ops.ones([2, 5, 4])], { mask: [ops.ones([2, 9]), undefined] }),
      'ERR_SHAPE',
      /^Attention mask of the query: expected \[2, 3\], got \[2, 9\]/,
    ],
    [
      'a mask of the value of another length',
      () => new AdditiveAttention().apply([x, ops.ones([2, 5, 4])], { mask: [undefined, ops.ones([2, 9])] }),
      'ERR_SHAPE',
      /^AdditiveAttention mask of the value: expected \[2, 5\] or \[2, 3, 5\], got \[2, 9\]/,
    ],
    [
      'padding of another length',
      () => new TransformerEncoder({ intermediateDim: 2, numHeads: 1 }).apply(x, { paddingMask: ops.ones([2, 5]) }),
      'ERR_SHAPE',
      /^TransformerEncoder paddingMask: expected \[2, 3\], got \[2, 5\]/,
    ],
    [
      "an encoder's padding of another length",
      () =>
        new TransformerDecoder({ intermediateDim: 2, numHeads: 1 }).apply(
          { decoderSequence: x, encoderSequence: ops.ones([2, 5, 4]) },
          { encoderPaddingMask: ops.ones([2, 3]) },
        ),
      'ERR_SHAPE',
      /^TransformerDecoder encoderPaddingMask: expected \[2, 5\], got \[2, 3\]/,
    ],
    [
      "a decoder's pairs of another length",
      () =>
        new TransformerDecoder({ intermediateDim: 2, numHeads: 1 }).apply(x, {
          decoderAttentionMask: ops.ones([2, 3, 4], 'bool'),
        }),
      'ERR_SHAPE',
      /^TransformerDecoder decoderAttentionMask: expected what broadcasts to \[2, 3, 3\], got \[2, 3, 4\]/,
    ],
    [
      'places of a single axis',
      () => new SinePositionEncoding().apply(ops.ones([3])),
      'ERR_SHAPE',
      /^SinePositionEncoding input: expected \[batch, …, steps, features\], got \[3\]/,
    ],
    [
      'scores of three axes',
      () => new AlibiBias().apply(x),
      'ERR_SHAPE',
      /^AlibiBias input: expected \[batch, heads, queries, keys\], got \[2, 3, 4\]/,
    ],
    [
      'more steps than places',
      () => new PositionEmbedding({ sequenceLength: 2 }).apply(x),
      'ERR_SHAPE',
      /^PositionEmbedding input: expected steps within the 2 places, got 3/,
    ],
  ]

  it.each(table)('%s', (_, run, code, message) =>
    expect(caught(run)).toMatchObject({ code, message: expect.stringMatching(message) }),
  )
})
