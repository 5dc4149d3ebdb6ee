/** Losses where numbers end: saturated, huge, tiny, zero. */

import { afterAll, describe, expect, it } from 'vitest'
import { squareplus } from '../../ts/activations.js'
import { type Tensor, tensor } from '../../ts/core/tensor.js'
import { grad, gradient } from '../../ts/gradient.js'
import { Sequential } from '../../ts/index.js'
import {
  Activation,
  Cropping1D,
  Dense,
  Dropout,
  Flatten,
  Identity,
  Permute,
  RepeatVector,
  Reshape,
  Softmax,
  TimeDistributed,
} from '../../ts/layers/index.js'
import {
  BinaryCrossentropy,
  BinaryFocalCrossentropy,
  CategoricalCrossentropy,
  CategoricalFocalCrossentropy,
  CosineSimilarity,
  Dice,
  getLoss,
  LogCosh,
  SparseCategoricalCrossentropy,
  Tversky,
} from '../../ts/losses/index.js'
import * as ops from '../../ts/ops.js'

const slopes = (loss: (x: Tensor) => Tensor, at: readonly (readonly number[])[]): number[] =>
  Array.from(grad(loss)(at as number[][]).dataSync())

describe('focal losses', () => {
  it.each([0, 0.3, 0.5, 1, 2, 5])('gamma %f: saturated and right, the gradient is 0; wrong, it is alive', (gamma) => {
    const loss = new BinaryFocalCrossentropy({ gamma, fromLogits: true, reduction: 'sum' })
    const at = (y: number, x: number): number => slopes((z) => loss.apply(tensor([[y]]), z), [[x]])[0]!
    expect(Math.abs(at(1, 100))).toBeLessThan(1e-12)
    expect(Math.abs(at(0, -100))).toBeLessThan(1e-12)
    expect(at(1, -30)).toBeCloseTo(-1, 5)
    expect(at(0, 30)).toBeCloseTo(1, 5)
  })

  it.each([0, 0.5, 2])('gamma %f: categorical, the same', (gamma) => {
    const loss = new CategoricalFocalCrossentropy({ gamma, alpha: 1, fromLogits: true, reduction: 'sum' })
    const at = (x: readonly number[]): number[] => slopes((z) => loss.apply(tensor([[1, 0, 0]]), z), [x])
    expect(Math.max(...at([200, 0, 0]).map(Math.abs))).toBeLessThan(1e-12)
    expect(at([-60, 0, 0])[0]).toBeCloseTo(-1, 4)
  })

  it('with gamma 0 is the cross-entropy', () => {
    const [focal, plain] = [BinaryFocalCrossentropy, BinaryCrossentropy].map((Loss) =>
      new Loss({ ...(Loss === BinaryFocalCrossentropy ? { gamma: 0 } : {}), fromLogits: true })
        .apply([[1], [0], [1]], [[-30], [2], [0.5]])
        .itemSync(),
    )
    expect(focal).toBeCloseTo(plain!, 5)
  })
})

describe('log cosh', () => {
  it.each([
    [1e-20, 0],
    [1e-4, 5e-9],
    [1e-2, 4.999916669e-5],
    [0.999, Math.log(Math.cosh(0.999))],
    [1.001, Math.log(Math.cosh(1.001))],
    [-50, 50 - Math.LN2],
    [1e20, 1e20],
  ])('of an error of %f', (error, wanted) => {
    const got = new LogCosh().apply([[0]], [[error]]).itemSync()
    expect(Math.abs(got - wanted)).toBeLessThanOrEqual(1e-6 * wanted)
    const [slope] = slopes((x) => new LogCosh().apply(tensor([[0]]), x), [[error]])
    expect(slope).toBeCloseTo(Math.tanh(error), 5)
  })
})

it('squareplus keeps its digits far from 0, and its slope is between 0 and 1', () => {
  const x = [-1e20, -1e4, -1, 0, 1, 1e4, 1e20]
  const wanted = [1e-20, 1e-4, (Math.sqrt(5) - 1) / 2, 1, (Math.sqrt(5) + 1) / 2, 1e4 + 1e-4, 1e20]
  const got = squareplus(tensor(x)).dataSync()
  for (const [i, value] of wanted.entries()) expect(Math.abs(got[i]! / value - 1)).toBeLessThan(1e-5)
  const slope = grad((z: Tensor) => ops.sum(squareplus(z)))(x).dataSync()
  expect(slope.every((value) => value >= 0 && value <= 1)).toBe(true)
  expect(slope[3]).toBeCloseTo(0.5, 6)
})

describe('cosine similarity', () => {
  it('of huge and of tiny vectors is that of their directions', () => {
    const loss = new CosineSimilarity({ reduction: 'none' })
    const got = loss
      .apply(
        [
          [3e20, 4e20],
          [1e30, 0],
          [3e-3, 4e-3],
        ],
        [
          [3, 4],
          [0, 1e30],
          [3e20, 4e20],
        ],
      )
      .dataSync()
    expect(got[0]).toBeCloseTo(-1, 5)
    expect(got[1]).toBeCloseTo(0, 5)
    expect(got[2]).toBeCloseTo(-1, 5)
  })

  it('has the gradient 0 at 0', () => {
    expect(slopes((x) => new CosineSimilarity().apply(tensor([[1, 2]]), x), [[0, 0]])).toEqual([0, 0])
  })
})

describe('a cross-entropy of a softmax is fused wherever the probabilities went', () => {
  const logits = [60, 0, 0, 60, 0, 0]
  const softmax = (x: Tensor): Tensor => ops.softmax(x)
  const sparse = new SparseCategoricalCrossentropy({ reduction: 'sum' })
  const hot = (axis: number): CategoricalCrossentropy => new CategoricalCrossentropy({ axis, reduction: 'sum' })
  const focal = new CategoricalFocalCrossentropy({ gamma: 0, alpha: 1, reduction: 'sum' })
  const wrong = [0, 1, 0, 0, 1, 0]

  it.each<readonly [string, (x: Tensor) => Tensor]>([
    ['reshaped', (x) => sparse.apply(tensor([1, 1]), ops.reshape(ops.reshape(softmax(x), [6]), [2, 3]))],
    ['with axes of length 1', (x) => sparse.apply(tensor([[1], [1]]), ops.reshape(softmax(x), [2, 1, 3]))],
    ['a step at a time', (x) => sparse.apply(tensor([1, 1]), ops.reshape(softmax(ops.reshape(x, [1, 2, 3])), [2, 3]))],
    ['rows turned round', (x) => sparse.apply(tensor([1, 1]), ops.flip(softmax(x), { axis: 0 }))],
    [
      'a part of the rows',
      (x) => {
        const row = (i: number): Tensor => ops.slice(softmax(x), { begin: [i, 0], size: [1, 3] })
        return ops.add(sparse.apply(tensor([1]), row(0)), sparse.apply(tensor([1]), row(1)))
      },
    ],
    [
      'joined',
      (x) => {
        const [a, b] = ops.split(x, 2)
        return sparse.apply(tensor([1, 1]), ops.concatenate([softmax(a!), softmax(b!)]))
      },
    ],
    [
      'classes on another axis',
      (x) => hot(0).apply(ops.transpose(tensor(wrong, [2, 3])), ops.softmax(ops.transpose(x), { axis: 0 })),
    ],
    ['turned after the softmax', (x) => hot(0).apply(ops.transpose(tensor(wrong, [2, 3])), ops.transpose(softmax(x)))],
    ['focal', (x) => focal.apply(tensor(wrong, [2, 3]), ops.reshape(softmax(x), [2, 3]))],
  ])('%s', (_, loss) => {
    const x = tensor(logits, [2, 3], 'float64')
    const value = loss(x)
    const [slope] = gradient(value, [x])
    expect(value.itemSync()).toBeCloseTo(120, 4)
    expect(slope!.dataSync()[3]).toBeCloseTo(1, 6)
  })

  it('rows that are repeated are fused, each of them', () => {
    const x = tensor([[60, 0]], [1, 2], 'float64')
    const loss = sparse.apply(tensor([1, 0, 1]), ops.tile(softmax(x), [3, 1]))
    const [slope] = gradient(loss, [x])
    expect(loss.itemSync()).toBeCloseTo(120, 4)
    expect(slope!.dataSync()[0]).toBeCloseTo(2, 6)
  })

  it('but not where a row is no softmax any more', () => {
    const twice = ops.reshape(ops.tile(ops.softmax(tensor([[1, 2]])), [1, 2]), [1, 4])
    expect(sparse.apply(tensor([0]), twice).itemSync()).toBeCloseTo(-Math.log(1 / (1 + Math.E) / 2), 5)
    // Two softmaxes in one row: its probabilities sum to 2, and are divided by that.
    const p = ops.reshape(
      ops.softmax(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
      [1, 4],
    )
    const wanted = -Math.log(Math.exp(1) / (Math.exp(1) + Math.exp(2)) / 2)
    expect(sparse.apply(tensor([0]), p).itemSync()).toBeCloseTo(wanted, 5)
    const cut = ops.slice(ops.softmax(tensor([[1, 2, 3]])), { begin: [0, 0], size: [1, 2] })
    expect(sparse.apply(tensor([0]), cut).itemSync()).toBeCloseTo(Math.log(1 + Math.E), 5)
    const turned = ops.transpose(
      ops.softmax(
        tensor([
          [1, 2],
          [3, 5],
        ]),
      ),
    )
    const [a, b] = [1 / (1 + Math.E), 1 / (1 + Math.exp(2))]
    expect(sparse.apply(tensor([0, 0]), turned).itemSync()).toBeCloseTo(
      -Math.log(a / (a + b)) - Math.log((1 - a) / (2 - a - b)),
      5,
    )
  })

  it('a sigmoid that was moved, flattened or joined is fused too', () => {
    const x = tensor([[-50], [50]], [2, 1], 'float64')
    const loss = new BinaryCrossentropy({ reduction: 'sum' }).apply(
      tensor([[1, 0]]),
      ops.reshape(ops.sigmoid(x), [1, 2]),
    )
    expect(loss.itemSync()).toBeCloseTo(50, 10)
    const focal = new BinaryFocalCrossentropy({ gamma: 0, reduction: 'sum' })
    expect(focal.apply(tensor([[1], [0]]), ops.concatenate([ops.sigmoid(x)])).itemSync()).toBeCloseTo(100, 10)
  })

  it.each([
    ['Flatten', () => [new Dense({ units: 2, inputShape: [1] }), new Softmax(), new Flatten()]],
    [
      'Reshape',
      () => [
        new Dense({ units: 2, inputShape: [1] }),
        new Reshape({ targetShape: [1, 2] }),
        new Softmax(),
        new Reshape({ targetShape: [2] }),
      ],
    ],
    [
      'Permute',
      () => [
        new Dense({ units: 2, inputShape: [1] }),
        new Reshape({ targetShape: [2, 1] }),
        new Softmax({ axis: 1 }),
        new Permute({ dims: [2, 1] }),
        new Flatten(),
      ],
    ],
    [
      'TimeDistributed',
      () => [
        new RepeatVector({ n: 1, inputShape: [1] }),
        new TimeDistributed({ layer: new Dense({ units: 2, activation: 'softmax' }) }),
        new Flatten(),
      ],
    ],
    [
      'Identity and Dropout',
      () => [new Dense({ units: 2, inputShape: [1] }), new Softmax(), new Identity(), new Dropout({ rate: 0.5 })],
    ],
    [
      'RepeatVector',
      () => [
        new Dense({ units: 2, inputShape: [1] }),
        new Softmax(),
        new RepeatVector({ n: 3 }),
        new Cropping1D({ cropping: [1, 1] }),
        new Flatten(),
      ],
    ],
    [
      'linear',
      () => [new Dense({ units: 2, activation: 'softmax', inputShape: [1] }), new Activation({ activation: 'linear' })],
    ],
  ] as const)('in a model, through %s', async (_, layers) => {
    const model = new Sequential([...layers()])
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' })
    model.setWeights([[[60, 0]], [0, 0]])
    expect((await model.evaluate([[1]], [1], { verbose: 0 })).loss).toBeCloseTo(60, 4)
  })
})

describe('overlaps with weights', () => {
  const y = [
    [1, 0],
    [1, 1],
  ]
  const p = [
    [0.9, 0.2],
    [0.1, 0.3],
  ]
  it.each([
    ['Dice', () => new Dice()],
    ['Tversky', () => new Tversky({ alpha: 0.3, beta: 0.7 })],
  ])('%s: a sample of weight 0 is not there, and weights are counts', (_, make) => {
    const loss = make()
    const alone = loss.apply([y[0]!], [p[0]!]).itemSync()
    expect(loss.apply(y, p, { sampleWeight: [1, 0] }).itemSync()).toBeCloseTo(alone, 6)
    expect(loss.apply(y, p, { sampleWeight: [1, 1] }).itemSync()).toBeCloseTo(loss.apply(y, p).itemSync(), 6)
    const twice = loss.apply([...y, y[1]!], [...p, p[1]!]).itemSync()
    expect(loss.apply(y, p, { sampleWeight: [1, 2] }).itemSync()).toBeCloseTo(twice, 6)
    const masked = loss.apply(y, p, { mask: [true, false] }).itemSync()
    expect(masked).toBeCloseTo(alone, 6)
  })
})

describe('errors and warnings name what was meant', () => {
  it('labels for the other cross-entropy are told of', () => {
    const p = ops.ones([4, 3])
    expect(() => getLoss('categoricalCrossentropy').apply(ops.zeros([4]), p)).toThrow('categoricalCrossentropy targets')
    expect(() => getLoss('categoricalCrossentropy').apply(ops.zeros([4]), p)).toThrow(
      'use sparseCategoricalCrossentropy',
    )
    expect(() => getLoss('sparseCategoricalCrossentropy').apply(ops.zeros([4, 3]), p)).toThrow(
      'use categoricalCrossentropy',
    )
  })

  const warnings: string[] = []
  const hear = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', hear)
  afterAll(() => void process.off('warning', hear))

  it('a softmax with fromLogits, and a softmax of one unit', async () => {
    new CategoricalCrossentropy({ fromLogits: true }).apply(
      [[1, 0]],
      ops.reshape(ops.softmax(tensor([[1, 2]])), [1, 2]),
    )
    new Softmax().apply(tensor([[1], [2]]))
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings.join('\n')).toMatch(/fromLogits is true, but the predictions come from a softmax/)
    expect(warnings.join('\n')).toMatch(/softmax over one unit/)
  })
})

it('a label whose probability has come to 0 has no finite gradient of generalised cross-entropy: fit refuses it and keeps the weights', async () => {
  const model = new Sequential([new Dense({ units: 3, activation: 'softmax', inputShape: [1] })])
  model.compile({ optimizer: 'sgd', loss: 'categoricalGeneralizedCrossEntropy' })
  const weights = [[[0, 150, 0]], [0, 0, 0]]
  model.setWeights(weights)
  await expect(model.fit([[1]], [0], { verbose: 0 })).rejects.toMatchObject({ code: 'ERR_NON_FINITE' })
  expect(model.getWeights().map((weight) => weight.arraySync())).toEqual(weights)
})
