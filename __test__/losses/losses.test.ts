/** Every loss with its reductions, weights and masks against real Keras in float64: value and gradient. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as config from '../../ts/config.js'
import { type Tensor, tensor } from '../../ts/core/tensor.js'
import { gradient } from '../../ts/gradient.js'
import {
  BinaryCrossentropy,
  CategoricalCrossentropy,
  getLoss,
  type Loss,
  SparseCategoricalCrossentropy,
} from '../../ts/losses/index.js'
import * as ops from '../../ts/ops.js'
import { arenaOf } from '../arena.js'
import { expectClose, fixture, leftOut, type Numbers, toTensor } from '../oracle.js'

interface Result {
  readonly reduction: string
  readonly value: Numbers
  readonly gradient: Numbers
  readonly sample_weight?: Numbers
  readonly mask?: Numbers
}

interface Case {
  readonly name: string
  readonly loss: { readonly class_name: string; readonly config: Readonly<Record<string, unknown>> }
  readonly y_true: Numbers
  readonly y_pred: Numbers
  readonly results: readonly Result[]
  readonly tolerance?: number
}

const { cases } = fixture<Case>('losses')

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

describe('losses equal those of Keras', () => {
  it.each(cases)('$name', ({ name, loss, y_true, y_pred, results, tolerance }) => {
    for (const [i, result] of results.entries()) {
      const made = getLoss({
        ...loss,
        config: { ...loss.config, ...leftOut(name), reduction: result.reduction },
      } as never)
      const predicted = toTensor(y_pred)
      const value = made.apply(toTensor(y_true), predicted, {
        sampleWeight: result.sample_weight && toTensor(result.sample_weight),
        mask: result.mask && toTensor(result.mask, 'bool'),
      })
      const where = `result ${i} (${result.reduction})`
      const [slope] = gradient(ops.sum(value), [predicted])
      expect(value.shape).toEqual(result.value.shape)
      expectClose(value.dataSync(), result.value, tolerance, where)
      expectClose(slope!.dataSync(), result.gradient, tolerance ?? 1e-10, `gradient of ${where}`)
    }
  })
})

describe('a loss after a softmax or sigmoid', () => {
  const logits = tensor([[-30, 0, 30]], [1, 3], 'float64')
  const pairs = [
    ['categorical', () => getLoss('categoricalCrossentropy'), [[1, 0, 0]], ops.softmax],
    ['sparse', () => getLoss('sparseCategoricalCrossentropy'), [0], ops.softmax],
  ] as const

  it.each(pairs)(
    '%s: is fused, so that the loss of a hopeless sample is 60 and its gradient is alive',
    (_, make, target, softmax) => {
      const loss = make().apply(tensor(target), softmax(logits))
      const [slope] = gradient(loss, [logits])
      expect(loss.itemSync()).toBeCloseTo(60, 12)
      expectClose(slope!.dataSync(), { shape: [1, 3], data: [-1, Math.exp(-30), 1] }, 1e-12)
    },
  )

  it('binary: is fused', () => {
    const x = tensor([[-50]], [1, 1], 'float64')
    const loss = getLoss('binaryCrossentropy').apply(tensor([[1]]), ops.sigmoid(x))
    const [slope] = gradient(loss, [x])
    expect(loss.itemSync()).toBeCloseTo(50, 12)
    expectClose(slope!.dataSync(), -1, 1e-12)
  })
})

describe('smoothed labels of whole numbers are smoothed one-hot targets, which fixtures hold to Keras', () => {
  const labels = tensor([2, 0, 1, 3, 3, 0], [2, 3], 'int32')
  const logits = tensor(
    Array.from({ length: 24 }, (_, i) => 3 * Math.sin(i * i)),
    [2, 3, 4],
    'float64',
  )
  const mask = tensor([1, 1, 0, 1, 0, 0], [2, 3], 'bool')
  const ways = [
    ['logits', true, logits, (x: Tensor) => x],
    ['a softmax', false, logits, (x: Tensor) => ops.softmax(x)],
    ['probabilities', false, tensor(ops.softmax(logits).dataSync(), [2, 3, 4]), (x: Tensor) => x],
  ] as const

  it.each(ways)('%s: value and gradient, masked too', (_, fromLogits, x, predict) => {
    for (const labelSmoothing of [0, 0.1, 1])
      for (const more of [{}, { mask }]) {
        const how = { fromLogits, labelSmoothing }
        const predicted = predict(x)
        const sparse = new SparseCategoricalCrossentropy(how).apply(labels, predicted, more)
        const dense = new CategoricalCrossentropy(how).apply(ops.oneHot(labels, 4, 'float64'), predicted, more)
        const [slope, wanted] = [sparse, dense].map((loss) => gradient(loss, [x])[0]!.dataSync())
        expectClose(slope!, { shape: x.shape, data: [...wanted!] }, 1e-12, 'gradient')
        expectClose(sparse.dataSync(), dense.itemSync(), 1e-12)
      }
  })

  it('over many classes works in logits and their slope, masked too', () => {
    const [samples, steps, features, classes] = [4, 16, 8, 5000]
    const logits = samples * steps * classes * 4
    const arrays = (more: { labelSmoothing?: number; ignoreClass?: number }, masked: boolean): number => {
      const loss = new SparseCategoricalCrossentropy({ fromLogits: true, ...more })
      const shapes = [
        [[samples, steps, features], 'float32'],
        [[features, classes], 'float32'],
        [[samples, steps], 'int32'],
        [[samples, steps], 'bool'],
      ] as const
      return (
        arenaOf(shapes, (h, w, labels, mask) => {
          const value = loss.apply(labels!, ops.matmul(h!, w!), masked ? { mask: mask! } : {})
          return [value, ...gradient(value, [h!, w!])]
        }) / logits
      )
    }
    for (const masked of [false, true]) {
      expect(arrays({}, masked)).toBeLessThan(2.1)
      expect(arrays({ ignoreClass: 0 }, masked)).toBeLessThan(2.1)
      // One more, and which classes are the labels, a byte each.
      expect(arrays({ labelSmoothing: 0.1, ignoreClass: 0 }, masked)).toBeLessThan(3.35)
    }
  })

  it('leaves out the class to ignore, and is written into configurations', () => {
    const loss = new SparseCategoricalCrossentropy({ fromLogits: true, labelSmoothing: 0.1, ignoreClass: 3 })
    const kept = ops.notEqual(labels, 3)
    const wanted = new SparseCategoricalCrossentropy({ fromLogits: true, labelSmoothing: 0.1 })
    expectClose(loss.apply(labels, logits).dataSync(), wanted.apply(labels, logits, { mask: kept }).itemSync(), 1e-12)
    expect(getLoss({ class_name: loss.className, config: loss.getConfig() } as never)).toMatchObject({
      options: { labelSmoothing: 0.1, ignoreClass: 3 },
    })
    expect('label_smoothing' in new SparseCategoricalCrossentropy().getConfig()).toBe(false)
  })
})

describe('targets are never broadcast', () => {
  const refusals: readonly [what: string, loss: () => Loss, yTrue: readonly number[], yPred: readonly number[]][] = [
    ['(n) against (n, k)', () => getLoss('mse'), [4], [4, 3]],
    ['(n, 1) against (n, k)', () => getLoss('mae'), [4, 1], [4, 3]],
    ['(1, k) against (n, k)', () => getLoss('mse'), [1, 3], [4, 3]],
    ['one-hot of another width', () => getLoss('categoricalCrossentropy'), [4, 2], [4, 3]],
    ['one-hot for sparse', () => getLoss('sparseCategoricalCrossentropy'), [4, 3], [4, 3]],
    ['another batch', () => getLoss('binaryCrossentropy'), [3, 1], [4, 1]],
  ]
  it.each(refusals)('%s is refused with both shapes', (_, make, yTrue, yPred) => {
    const refused = (): unknown => make().apply(ops.zeros(yTrue), ops.ones(yPred))
    expect(refused).toThrow(expect.objectContaining({ code: 'ERR_SHAPE' }))
    expect(refused).toThrow(`[${yTrue.join(', ')}]`)
    expect(refused).toThrow(`[${yPred.join(', ')}]`)
  })

  it('but (n) and (n, 1) hold the same numbers', () => {
    expect(
      getLoss('mse')
        .apply(tensor([1, 2]), tensor([[1], [4]]))
        .itemSync(),
    ).toBe(2)
  })
})

describe('targets that a loss cannot mean are named', () => {
  it.each([
    ['sparseCategoricalCrossentropy', [0, 3], [2], 'integer labels in [0, 3), got 3 (sample 1)'],
    ['sparseCategoricalCrossentropy', [0, 1.5], [2], 'got 1.5 (sample 1)'],
    ['sparseCategoricalCrossentropy', [-1, 0], [2], 'got -1 (sample 0)'],
    ['binaryCrossentropy', [0, 2, 1, 1], [2, 2], 'numbers in [0, 1], got 2 (sample 0)'],
    ['mse', [0, 0, 0, Number.NaN], [2, 2], 'finite targets, got NaN (sample 1)'],
  ] as const)('%s %j', (name, values, shape, message) => {
    const check = (): void => getLoss(name).checkTargets(Float64Array.from(values), shape, [2, 3])
    expect(check).toThrow(message)
    expect(check).toThrow(expect.objectContaining({ code: 'ERR_DATA' }))
  })
})

it('an unknown loss suggests the nearest', () => {
  expect(() => getLoss('meanSquareError' as never)).toThrow("did you mean 'meanSquaredError'?")
})

it('plain arrays will do', () => {
  const loss = new BinaryCrossentropy({ reduction: 'sum' }).apply([[1], [0]], [[0.5], [0.5]], { sampleWeight: [1, 3] })
  expect(loss.itemSync()).toBeCloseTo(4 * Math.LN2, 6)
})
