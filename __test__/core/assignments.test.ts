/** Assignments that cannot be computed do not count, take with them what belongs together, and leave all others alone. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type FerrogradError,
  input,
  jit,
  Model,
  ops,
  Sequential,
  snapshot,
  type Tensor,
  tensor,
  type Variable,
  valueAndGrad,
  variable,
} from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { Mean, Metric, SparseCategoricalCrossentropy } from 'ferrograd/metrics'
import { describe, expect, test } from 'vitest'
import { caught } from '../caught.js'

const ids = (...values: number[]): Tensor => tensor(values, undefined, 'int32')
/** A number that is there for `index` 0 to 2 alone. */
const picked = (index: number): Tensor => ops.take(tensor([10, 20, 30]), ids(index), { axis: 0 })
const outside = /index 7 .* outside/

const predictions = tensor([
  [0.5, 0.25, 0.25],
  [0.5, 0.25, 0.25],
])

/** A metric that saw two labels. */
function entropy(): { metric: SparseCategoricalCrossentropy; before: number } {
  const metric = new SparseCategoricalCrossentropy()
  metric.update(ids(0, 1), predictions)
  return { metric, before: (Math.log(2) + Math.log(4)) / 2 }
}

const value = (metric: { result(): Tensor }): number => metric.result().itemSync()

describe('a metric with a label out of range', () => {
  test('tells its reader once, and keeps its earlier value', () => {
    const { metric, before } = entropy()
    metric.update(ids(0, 7), predictions)
    expect(() => value(metric)).toThrow(outside)
    expect(value(metric)).toBeCloseTo(before, 6)
    metric.update(ids(0, 1), predictions)
    expect(value(metric)).toBeCloseTo(before, 6)
    expect(metric.variables.map((state) => state.dataSync()[0])).toEqual([expect.closeTo(4 * before, 5), 4])
  })

  test('the same off the event loop', async () => {
    const { metric, before } = entropy()
    metric.update(ids(0, 7), predictions)
    await expect(metric.result().data()).rejects.toThrow(outside)
    expect((await metric.result().data())[0]).toBeCloseTo(before, 6)
  })

  test.each<[string, () => unknown]>([
    ['a variable', () => variable([1, 2]).dataSync()],
    ['an assignment', () => void variable([1, 2]).assignAdd(1)],
    ['a read off the event loop', () => ops.add(tensor([1]), 1).data()],
    ['a snapshot', () => snapshot([variable(1)])],
    ['a prediction', () => new Sequential([new Dense({ units: 1, inputShape: [2] })]).predict([[1, 2]])],
    ['a compiled function', () => jit((x: Tensor) => ops.multiply(x, 2))(tensor([1]))],
    [
      'a training',
      () => {
        const model = new Sequential([new Dense({ units: 1, inputShape: [2] })])
        model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['mae'] })
        return model.fit([[1, 2]], [1], { verbose: 0, epochs: 2 })
      },
    ],
    [
      'another metric',
      () => {
        const mean = new Mean()
        mean.update(tensor([1, 3]))
        expect(value(mean)).toBe(2)
      },
    ],
  ])('leaves %s alone, and tells its own reader later', async (_, other) => {
    const { metric, before } = entropy()
    metric.update(ids(0, 7), predictions)
    await other()
    // Whoever only asks for numbers of others computes what waits.
    await ops.add(tensor([1]), 1).data()
    const error = caught(() => metric.result()) as FerrogradError
    expect(error.code).toBe('ERR_DATA')
    expect(error.message).toMatch(/^'total': a value that was assigned could not be computed.*index 7/)
    expect(value(metric)).toBeCloseTo(before, 6)
  })

  test('does not keep another one from its updates, nor from an error of its own', () => {
    const [bad, good, worse] = [entropy(), entropy(), entropy()]
    bad.metric.update(ids(0, 7), predictions)
    good.metric.update(ids(0, 0), predictions)
    worse.metric.update(ids(0, 7), predictions)
    expect(value(good.metric)).toBeCloseTo((3 * Math.log(2) + Math.log(4)) / 4, 6)
    for (const { metric, before } of [bad, worse]) {
      expect(() => value(metric)).toThrow(outside)
      expect(value(metric)).toBeCloseTo(before, 6)
    }
  })

  test('is forgotten by a reset', () => {
    const { metric } = entropy()
    metric.update(ids(0, 7), predictions)
    variable(1).dataSync()
    metric.reset()
    metric.update(ids(0, 0), predictions)
    expect(value(metric)).toBeCloseTo(Math.log(2), 6)
  })

  test('does not wait for a reader where updates are many', () => {
    const { metric, before } = entropy()
    const update = (): void => {
      for (let i = 0; i < 1000; i++) metric.update(ids(0, i === 0 ? 7 : 1), predictions)
    }
    expect(update).toThrow(outside)
    expect(value(metric)).toBeCloseTo(before, 6)
  })
})

test("an update of the user's own is whole where it stops in its middle", () => {
  class Halves extends Metric {
    readonly first: Variable = this.addState('first')
    readonly second: Variable = this.addState('second')
    override update(yTrue: Tensor, yPred: Tensor): void {
      this.first.assignAdd(ops.sum(yTrue))
      this.second.assignAdd(ops.sum(ops.add(yTrue, yPred)))
    }
    override result(): Tensor {
      return ops.stack([this.first.read(), this.second.read()])
    }
  }
  class Later extends Halves {
    override update(yTrue: Tensor, yPred: Tensor): void {
      super.update(yTrue, yPred)
      this.first.assignAdd(1)
    }
  }
  for (const metric of [new Halves(), new Later()]) {
    const more = metric instanceof Later ? 1 : 0
    metric.update(tensor([1]), tensor([2]))
    expect(() => metric.update(tensor([1, 2]), tensor([1, 2, 3]))).toThrow('add')
    expect([...metric.result().dataSync()]).toEqual([1 + more, 3])
  }
})

describe('a variable', () => {
  test('keeps what it was given before, and a good one beside it what it is given', () => {
    const [bad, good] = [variable([0]), variable([0])]
    bad.assignAdd(5)
    bad.assign(picked(7))
    good.assign(picked(2))
    expect([...good.dataSync()]).toEqual([30])
    expect(() => bad.dataSync()).toThrow(outside)
    expect([...bad.dataSync()]).toEqual([5])
  })

  test('says so at its own read, and not twice', () => {
    const bad = variable([1])
    bad.assign(picked(7))
    expect(() => bad.dataSync()).toThrow(outside)
    expect([...bad.dataSync()]).toEqual([1])
    bad.assign(picked(7))
    variable(0).dataSync()
    bad.assign(picked(1))
    expect([...bad.dataSync()]).toEqual([20])
  })

  test('that was computed from a bad one is dropped with it, and its reader is told of both', () => {
    const [one, two] = [variable([1]), variable([2])]
    one.assign(picked(7))
    two.assign(ops.add(one, 1))
    expect(() => two.dataSync()).toThrow(outside)
    expect([...one.dataSync(), ...two.dataSync()]).toEqual([1, 2])
  })

  test('given before a tape that reads another one', () => {
    const [bad, good] = [variable([1]), variable([2])]
    good.assignAdd(1)
    bad.assign(picked(7))
    const [, gradients] = valueAndGrad(() => ops.sum(ops.square(good.read())), [good])
    expect(gradients[0]!.itemSync()).toBe(6)
    expect(() => bad.dataSync()).toThrow(outside)
    expect([...bad.dataSync()]).toEqual([1])
  })

  test.each([
    ['predict', (model: Model) => model.predict([[1]])],
    ['evaluate', (model: Model) => model.evaluate([[1]], [1])],
    ['fit', (model: Model) => model.fit([[1]], [1], { verbose: 0 })],
    ['save', (model: Model) => model.save(join(tmpdir(), 'refused.keras'))],
  ])('of a model is heard by %s of that model, and by no other', async (_, call) => {
    const [own, other] = [wired(), wired()]
    own.compile({ optimizer: 'sgd', loss: 'mse' })
    other.compile({ optimizer: 'sgd', loss: 'mse' })
    own.weights[0]!.assign(ops.reshape(picked(7), [1, 1]))
    await other.predict([[1]])
    await expect(async () => call(own)).rejects.toThrow(outside)
    expect((await own.predict([[3]])).itemSync()).toBe(3)
  })

  test('of a compiled function is heard by its call', async () => {
    const bad = variable([1])
    const double = jit((x: Tensor) => ops.multiply(bad, x))
    await double(tensor([1]))
    bad.assign(picked(7))
    await expect(async () => double(tensor([2]))).rejects.toThrow(outside)
    expect([...(await double(tensor([2]))).dataSync()]).toEqual([2])
  })

  test('set amid a fit ends that fit, and no other', async () => {
    const [own, other] = [wired(), wired()]
    const x = Array.from({ length: 8 }, () => [1])
    const train = (model: Model, hook: () => void): PromiseLike<unknown> => {
      model.compile({ optimizer: 'sgd', loss: 'mse' })
      const y = x.map(() => 1)
      return model.fit(x, y, {
        batchSize: 1,
        verbose: 0,
        callbacks: { onTrainBatchEnd: (batch) => void (batch === 3 && hook()) },
      })
    }
    const bad = variable([1])
    await train(other, () => bad.assign(picked(7)))
    expect(() => bad.dataSync()).toThrow(outside)
    await expect(train(own, () => own.weights[0]!.assign(ops.reshape(picked(7), [1, 1])))).rejects.toThrow(outside)
    expect((await own.predict([[3]])).itemSync()).toBe(3)
  })
})

/** The identity of one number. */
function wired(): Model {
  const x = input({ shape: [1] })
  return new Model({ inputs: x, outputs: new Dense({ units: 1, kernelInitializer: 'ones' }).apply(x) })
}
