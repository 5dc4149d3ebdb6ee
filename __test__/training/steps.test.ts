/** What passes over data owe each of their batches. */
import { GradientTape, Model, ops, random, Sequential, type Tensor, variable } from 'ferrograd'
import { Dense, Layer } from 'ferrograd/layers'
import { SGD } from 'ferrograd/optimizers'
import { describe, expect, test } from 'vitest'
import { depthOf } from '../../ts/core/tensor.js'

/** Adds noise whatever it is called for. */
class Noise extends Layer {
  static override readonly className = 'StepsNoise'
  readonly seed = new random.SeedGenerator(7)
  override call(x: Tensor): Tensor {
    return ops.add(x, random.uniform(x.shape, { seed: this.seed }))
  }
}

describe('layers that draw in prediction', () => {
  const zeros = { values: new Float32Array(40), shape: [40, 1] }
  const noisy = (): Sequential => new Sequential([new Noise({ inputShape: [1] })])
  const numbers = async (given: Promise<Tensor | Tensor[]>): Promise<number[]> => [
    ...((await given) as Tensor).dataSync(),
  ]

  test('draw anew in every batch and at every call', async () => {
    const model = noisy()
    const seen = [
      ...(await numbers(model.predict(zeros, { batchSize: 8 }))),
      ...(await numbers(model.predict(zeros, { batchSize: 12 }))),
      ...(await numbers(model.predictOnBatch(zeros))),
      ...(await numbers(model.predictOnBatch(zeros))),
      ...(await numbers(model.predict(zeros, { batchSize: 64 }))),
    ]
    expect(new Set(seen).size).toBe(200)
  })

  test('and draw the same again from the same position', async () => {
    const [a, b] = [noisy(), noisy()]
    expect(await numbers(a.predict(zeros, { batchSize: 8 }))).toEqual(await numbers(b.predict(zeros, { batchSize: 8 })))
  })
})

describe('an own computeLoss', () => {
  class Doubled extends Sequential {
    static override readonly className: string = 'StepsDoubled'
    override computeLoss(...[batch, yPred]: Parameters<Model['computeLoss']>): Tensor {
      return ops.multiply(super.computeLoss(batch, yPred), 2)
    }
  }
  class Alone extends Sequential {
    static override readonly className: string = 'StepsAlone'
    override computeLoss({ y }: Parameters<Model['computeLoss']>[0], yPred: Tensor): Tensor {
      return ops.mean(ops.multiply(ops.abs(ops.subtract(y as Tensor, yPred)), 3))
    }
  }
  const layers = (): Dense[] => [new Dense({ units: 1, useBias: false, inputShape: [1], kernelInitializer: 'zeros' })]

  test.each([
    ['over the compiled one', () => new Doubled(layers()), { loss: 'mae' } as const, 2],
    ['instead of any', () => new Alone(layers()), {}, 3],
  ])('%s is what fit minimises and evaluate reports', async (_, make, loss, factor) => {
    const model = make()
    model.compile({ optimizer: new SGD({ learningRate: 1 }), ...loss })
    const x = [[1], [1]]
    const y = [[10], [10]]
    expect((await model.evaluate(x, y, { verbose: 0 })).loss).toBe(10 * factor)
    const { history } = await model.fit(x, y, { verbose: 0 })
    expect(history.loss).toEqual([10 * factor])
    expect(model.getWeights()[0]!.dataSync()[0]).toBe(factor)
    expect((await model.trainOnBatch(x, y)).loss).toBe((10 - factor) * factor)
  })
})

test('a callback that writes to the arrays of its own batch does not change the step', async () => {
  const train = async (spoil: (array: Float32Array) => void): Promise<number> => {
    const model = new Sequential([new Dense({ units: 1, useBias: false, inputShape: [1], kernelInitializer: 'zeros' })])
    model.compile({ optimizer: new SGD({ learningRate: 1 }), loss: 'mae' })
    const x = Float32Array.of(1, 2, 3)
    const batches = [[{ values: x, shape: [3, 1] }, Float32Array.of(9, 9, 9)] as const]
    await model.fit(() => batches, undefined, {
      verbose: 0,
      callbacks: { onTrainBatchBegin: () => spoil(x), onTrainBatchEnd: () => spoil(x) },
    })
    return model.getWeights()[0]!.dataSync()[0]!
  }
  expect(await train((x) => x.fill(100))).toBe(await train(() => undefined))
})

test('an index out of range leaves no part of a step behind', async () => {
  const table = variable([[1], [2], [3]])
  class Lookup extends Model {
    static override readonly className: string = 'StepsLookup'
    readonly scale = new Dense({ units: 1, useBias: false, kernelInitializer: 'ones' })
    override call(x: Tensor): Tensor {
      return this.scale.apply(ops.take(table, ops.reshape(ops.cast(x, 'int32'), [-1]), { axis: 0 })) as Tensor
    }
  }
  const model = new Lookup()
  model.compile({ optimizer: new SGD({ learningRate: 0.1, momentum: 0.9 }), loss: 'mae', metrics: ['mae'] })
  await model.fit([[0], [1]], [[0], [0]], { verbose: 0 })
  const state = (): number[][] =>
    [...model.weights, ...model.optimizer.variables].map((weight) => Array.from(weight.dataSync()))
  const before = state()
  await expect(model.fit([[0], [7]], [[0], [0]], { verbose: 0 })).rejects.toThrow(/7/)
  await expect(model.trainOnBatch([[0], [7]], [[0], [0]])).rejects.toThrow(/7/)
  expect(state()).toEqual(before)
})

describe('a loop written by hand that reads its weights in the tape', () => {
  test('computes each update once', async () => {
    const w = variable([1, 2])
    const optimizer = new SGD({ learningRate: 0.25 })
    // How much is still to be computed of what the tape reads: the update before would be computed with each read of it.
    const pending: number[] = []
    for (let i = 0; i < 20; i += 1) {
      const tape = new GradientTape()
      const loss = tape.record(() => {
        pending.push(depthOf(w.read()))
        // The numbers themselves are asked for, as by a loop that prints them.
        expect(w.read().dataSync()).toHaveLength(2)
        return ops.sum(ops.multiply(w, w))
      })
      optimizer.apply(tape.gradient(loss, [w]), [w])
    }
    expect(pending).toEqual(Array(20).fill(0))
    expect([...w.dataSync()]).toEqual([2 ** -20, 2 ** -19])
  })

  test('and what the tape itself assigns keeps its history', () => {
    const [w, other] = [variable(3), variable(5)]
    other.assign(ops.add(other, 1))
    const tape = new GradientTape()
    const loss = tape.record(() => {
      w.assign(ops.multiply(w, w))
      return ops.multiply(w.read(), other.read())
    })
    expect(loss.itemSync()).toBe(54)
    const [dw, dother] = tape.gradient(loss, [w, other])
    expect([dw!.itemSync(), dother!.itemSync()]).toEqual([36, 9])
  })
})
