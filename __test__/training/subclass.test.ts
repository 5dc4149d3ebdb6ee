/** Models of the user's own: inputs by name, inputs that may be left out, metrics of their own. */

import {
  type Batch,
  config,
  input,
  Model,
  ops,
  Sequential,
  type StepLogs,
  type Tensor,
  type Variable,
  variable,
} from 'ferrograd'
import { Dense, Layer } from 'ferrograd/layers'
import { Mean } from 'ferrograd/metrics'
import { SGD } from 'ferrograd/optimizers'
import { beforeEach, describe, expect, test } from 'vitest'

beforeEach(() => config.setSeed(5))

const query = [
  [1, 2],
  [3, 1],
  [0, 1],
  [2, 2],
]
const value = [
  [2, 0],
  [1, 1],
  [4, 2],
  [0, 3],
]
const y = [[3], [1], [2], [5]]
const quiet = { verbose: 0, shuffle: false, batchSize: 3 } as const
const rounded = (tensor: Tensor): number[] => Array.from(tensor.dataSync(), (one) => Number(one.toFixed(5)))

class Matcher extends Model {
  readonly left: Dense = new Dense({ units: 1, kernelInitializer: 'ones' })
  readonly right: Dense = new Dense({ units: 1, kernelInitializer: 'ones' })
  override call({ query, value }: { query: Tensor; value?: Tensor }): Tensor {
    const left = this.left.apply(query)
    return value === undefined ? left : ops.add(left, this.right.apply(value))
  }
}

describe('inputs by name', () => {
  test('train the numbers that the same model with a list of inputs trains', async () => {
    const [a, b] = [input({ shape: [2] }), input({ shape: [2] })]
    const sum = ops.add(
      new Dense({ units: 1, kernelInitializer: 'ones' }).apply(a),
      new Dense({ units: 1, kernelInitializer: 'ones' }).apply(b),
    )
    const listed = new Model({ inputs: [a, b], outputs: sum })
    const named = new Matcher()
    for (const model of [listed, named]) model.compile({ optimizer: new SGD({ learningRate: 0.01 }), loss: 'mse' })
    const one = await listed.fit([query, value], y, { ...quiet, epochs: 3 })
    const two = await named.fit({ value, query }, y, { ...quiet, epochs: 3 })
    expect(two.history).toEqual(one.history)
    expect(rounded(await named.predict({ query, value }))).toEqual(rounded(await listed.predict([query, value])))
    expect(await named.evaluate({ query, value }, y)).toEqual(await listed.evaluate([query, value], y))
    expect(await named.trainOnBatch({ query, value }, y)).toEqual(await listed.trainOnBatch([query, value], y))
    const byName = await named.fit(() => [{ x: { query, value }, y }], quiet)
    expect(byName.history).toEqual((await listed.fit(() => [{ x: [query, value], y }], quiet)).history)
  })

  test('of which one is left out are another step', async () => {
    const model = new Matcher()
    const [both, alone] = [await model.predict({ query, value }), await model.predict({ query })]
    expect(rounded(both)).toEqual([5, 6, 7, 7])
    expect(rounded(alone)).toEqual([3, 4, 1, 4])
    expect(rounded(await model.predict({ value: query, query: value }))).toEqual([5, 6, 7, 7])
  })

  test('have as many samples each', async () => {
    const model = new Matcher()
    await expect(model.predict({ query, value: [[1, 2]] })).rejects.toThrow('expected 4 samples, as x has, got 1')
    await expect(model.predict({ query: [['a']] as never })).rejects.toThrow('predict.x.query[0][0]: expected a number')
  })
})

describe('an input that may be left out', () => {
  class Shift extends Layer {
    override call({ x, by }: { x: Tensor; by?: Tensor }): Tensor {
      return by === undefined ? x : ops.add(x, by)
    }
  }
  const make = (): Model => {
    const x = input({ shape: [2], name: 'x' })
    const by = input({ shape: [2], name: 'by', optional: true })
    return new Model({ inputs: { x, by }, outputs: new Shift().apply({ x, by }) })
  }

  test('goes to its layers as nothing', async () => {
    const model = make()
    expect(rounded(await model.predict({ x: query, by: value }))).toEqual([3, 2, 4, 2, 4, 3, 2, 5])
    expect(rounded(await model.predict({ x: query }))).toEqual(query.flat())
    expect(rounded(await model.predict([query, null]).catch(() => model.predict([null, query] as never)))).toEqual(
      query.flat(),
    )
    await expect(model.predict({ by: value })).rejects.toThrow('predict.x.x: expected data, got undefined')
  })

  test('is written as Keras writes it, and only where it is one', () => {
    const { layers } = make().getConfig() as { layers: { config: object }[] }
    expect(layers.filter(({ config }) => 'optional' in config)).toHaveLength(1)
    expect(JSON.stringify(layers)).toContain('"optional":true')
  })
})

describe('metrics of a subclass', () => {
  test('computeMetrics is called by fit, and what it returns is logged', async () => {
    class Watched extends Sequential {
      override computeMetrics(batch: Batch, yPred: Tensor): StepLogs {
        return { ...super.computeMetrics(batch, yPred), largest: ops.max(yPred) }
      }
    }
    const model = new Watched([new Dense({ units: 1, kernelInitializer: 'ones', inputShape: [2] })])
    model.compile({ optimizer: new SGD({ learningRate: 0 }), loss: 'mse', metrics: ['mae'] })
    const { history } = await model.fit(query, y, { ...quiet, batchSize: 4 })
    expect(history.largest).toEqual([4])
    expect(history.mae).toEqual([1.25])
    expect(await model.evaluate(query, y)).toMatchObject({ largest: 4, mae: 1.25 })
  })

  test('metrics of compile are not logged where it leaves them out', async () => {
    class Silent extends Sequential {
      override computeMetrics(): StepLogs {
        return {}
      }
    }
    const model = new Silent([new Dense({ units: 1, inputShape: [2] })])
    model.compile({ loss: 'mse', metrics: ['mae'] })
    expect(Object.keys((await model.fit(query, y, quiet)).history)).toEqual(['loss'])
  })

  test('a Mean among them begins each epoch at nothing', async () => {
    class Own extends Sequential {
      readonly seen: Mean = new Mean({ name: 'seen' })
      readonly steps: Variable = variable(0, { name: 'steps', trainable: false })
      override get metrics(): Mean[] {
        return [this.seen]
      }
      override trainStep(): StepLogs {
        this.steps.assignAdd(1)
        this.seen.update(this.steps.read())
        return { seen: this.seen.result() }
      }
    }
    const model = new Own([new Dense({ units: 1, kernelInitializer: 'ones', inputShape: [2] })])
    model.compile({})
    // Two steps an epoch: 1 and 2, then 3 and 4.
    const { history } = await model.fit(query, undefined, { ...quiet, epochs: 2, batchSize: 2 })
    expect(history.seen).toEqual([1.5, 3.5])
  })
})
