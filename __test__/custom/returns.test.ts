/**
 * What the user's own classes and functions may return, and what becomes of the rest: an error that names class and
 * method, before anything has changed.
 */
import { input, Model, ops, Sequential, type Tensor, tensor, type Variable, variable } from 'ferrograd'
import { Constraint } from 'ferrograd/constraints'
import { Initializer } from 'ferrograd/initializers'
import { Dense, Layer } from 'ferrograd/layers'
import { Loss, MeanSquaredError } from 'ferrograd/losses'
import { Metric } from 'ferrograd/metrics'
import { Optimizer, SGD, type Slots } from 'ferrograd/optimizers'
import { Regularizer } from 'ferrograd/regularizers'
import { Schedule } from 'ferrograd/schedules'
import { describe, expect, test } from 'vitest'

const x = [
  [1, 2],
  [3, 4],
  [5, 6],
  [7, 8],
]
const y = [[1], [2], [3], [4]]

/** A method that returns whatever, as JavaScript allows. */
type Body = (...args: never[]) => unknown
type Row = readonly [what: string, body: Body, code: string, words: string]

const promise: Row = ['a promise', async (a: Tensor) => a, 'ERR_DATA', 'It must be synchronous']
const nothing: Row = ['nothing', () => undefined, 'ERR_DATA', 'expected a tensor']
const text: Row = ['text', () => 'a', 'ERR_DATA', 'expected a tensor']
const list: Row = ['a list', () => [tensor(1), tensor(2)], 'ERR_DATA', 'expected one tensor, got a list']
const vector: Row = ['a vector', () => ops.ones([7]), 'ERR_SHAPE', 'expected a scalar, got shape [7]']

/** Refuses `fit` by an error that names `where`; the weights are as before. */
async function refused(model: Model, where: string, [, , code, words]: Row, options: object = {}): Promise<void> {
  model.compile({ optimizer: new SGD({ learningRate: 0.01 }), loss: 'mse', ...options })
  const before = model.weights.map((weight) => [...weight.dataSync()])
  const error = await Promise.resolve(model.fit(x, y, { verbose: 0 })).then(
    () => expect.fail('no error'),
    (caught: Error) => caught,
  )
  expect(error).toMatchObject({ name: 'FerrogradError', code })
  expect(error.message).toContain(where)
  expect(error.message).toContain(words)
  // What was built meanwhile is new; what was there is as it was.
  expect(model.weights.slice(0, before.length).map((weight) => [...weight.dataSync()])).toEqual(before)
}
const dense = (options: object = {}): Sequential =>
  new Sequential([new Dense({ units: 1, inputShape: [2], ...options })])

describe('Layer and Model', () => {
  const rows: Row[] = [
    promise,
    nothing,
    text,
    ['a number', () => 3, 'ERR_DATA', 'expected a tensor, or a list of tensors, got 3'],
    ['numbers', () => [1, 2], 'ERR_DATA', 'got [1, 2]'],
    ['an empty list', () => [], 'ERR_DATA', 'got []'],
    ['an object', () => ({ a: 'text' }), 'ERR_DATA', `got { a: 'text' }`],
  ]
  const layerOf = (body: Body): Layer => {
    class Odd extends Layer {
      override call(input: Tensor): Tensor {
        return body(input as never) as Tensor
      }
    }
    return new Odd({ name: 'mine' })
  }

  test.each(rows)('call gives %s', async (...row) => {
    class Own extends Model {
      override call(input: Tensor): Tensor {
        return row[1](input as never) as Tensor
      }
    }
    await refused(new Own(), 'Own.call', row)
    await refused(new Sequential([layerOf(row[1]), new Dense({ units: 1 })]), `Odd 'mine'.call`, row)
    expect(() => layerOf(row[1]).apply(input({ shape: [2] }))).toThrow(`Odd 'mine'.call`)
  })

  test('a variable stands for its value', () => {
    expect(
      layerOf(() => variable([5]))
        .apply(tensor([1]))
        .arraySync(),
    ).toEqual([5])
  })

  test('a layer without call, an asynchronous build, weights without a shape', () => {
    // @ts-expect-error: TypeScript refuses it too
    class Empty extends Layer {}
    expect(() => new Empty().apply(tensor([1]))).toThrow('Empty: expected a method call(x, context)')
    class Late extends Layer {
      override async build(): Promise<void> {}
      override call(input: Tensor): Tensor {
        return input
      }
    }
    expect(() => new Late().apply(tensor([1]))).toThrow('Late.build: expected a synchronous method')
    class Shapeless extends Layer {
      override build(): void {
        this.addWeight({ name: 'w' } as never)
      }
      override call(input: Tensor): Tensor {
        return input
      }
    }
    expect(() => new Shapeless().apply(tensor([1]))).toThrow('shapeless.w: expected known positive lengths')
    class Misspelt extends Shapeless {
      override build(): void {
        this.addWeight({ name: 'w', shape: [1], initialiser: 'zeros' } as never)
      }
    }
    expect(() => new Misspelt().apply(tensor([1]))).toThrow(`Did you mean 'initializer'?`)
  })

  test('a probe’s lengths stay out of messages', () => {
    const square = layerOf((a: Tensor) => a.matmul(a))
    expect(() => square.apply(input({ shape: [2] }))).toThrow('matmul: inner sizes 2 and batch differ, got [batch, 2]')
  })

  test('a variable that is a property is a weight', async () => {
    class Gain extends Layer {
      readonly gain = variable(1, { name: 'gain' })
      readonly calls = variable(0, { name: 'calls', trainable: false })
      override call(input: Tensor): Tensor {
        this.calls.assignAdd(1)
        return ops.multiply(input, this.gain)
      }
    }
    const model = new Sequential([new Gain({ inputShape: [2] }), new Dense({ units: 1 })])
    expect(model.layers[0]!.weights.map(({ name }) => name)).toEqual(['gain', 'calls'])
    model.compile({ optimizer: new SGD({ learningRate: 0.001 }), loss: 'mse' })
    await model.fit(x, y, { epochs: 3, batchSize: 2, verbose: 0 })
    const [gain, calls] = model.layers[0]!.getWeights().map((weight) => weight.itemSync())
    expect(gain).not.toBe(1)
    expect(calls).toBe(6)
  })

  const stepRows: Row[] = [
    promise,
    ['a number', () => 3, 'ERR_DATA', 'expected scalars to log, by name'],
    ['nothing', () => undefined, 'ERR_DATA', 'expected scalars to log, by name'],
    ['a tensor', () => tensor(1), 'ERR_DATA', 'expected scalars to log, by name'],
    ['a vector', () => ({ loss: ops.ones([2]) }), 'ERR_SHAPE', `'loss': expected a scalar, got shape [2]`],
    ['text', () => ({ loss: 'a' }), 'ERR_DATA', `'loss': expected a tensor, got 'a'`],
  ]
  test.each(stepRows)('trainStep and testStep give %s', async (...row) => {
    class Own extends Model {
      readonly inner = new Dense({ units: 1 })
      override call(input: Tensor): Tensor {
        return this.inner.apply(input)
      }
      override trainStep(): never {
        return row[1]() as never
      }
      override testStep(): never {
        return row[1]() as never
      }
    }
    await refused(new Own(), 'Own.trainStep', row)
    const model = new Own()
    model.compile({ loss: 'mse' })
    await expect(model.evaluate(x, y, { verbose: 0 })).rejects.toThrow('Own.testStep')
  })
})

describe('Loss and Metric', () => {
  test.each([promise, nothing, text, list])('give %s', async (...row) => {
    const [, body] = row
    class OddLoss extends Loss {
      override call(): Tensor {
        return body() as Tensor
      }
    }
    class OddMetric extends Metric {
      override update(): void {}
      override result(): Tensor {
        return body() as Tensor
      }
    }
    const own = (): Tensor => body() as Tensor
    await refused(dense(), 'OddLoss.call', row, { loss: new OddLoss() })
    await refused(dense(), 'the loss own', row, { loss: own })
    await refused(dense(), 'the metric own', row, { metrics: [own] })
    await refused(dense(), 'OddMetric.result', row, { metrics: [new OddMetric()] })
  })

  test('an asynchronous update', async () => {
    class Late extends Metric {
      override async update(): Promise<void> {}
      override result(): Tensor {
        return tensor(1)
      }
    }
    await refused(dense(), 'Late.update', promise, { metrics: [new Late()] })
  })

  test('a class instead of an instance', async () => {
    for (const options of [{ loss: MeanSquaredError }, { metrics: [Metric] }, { optimizer: SGD }])
      expect(() => dense().compile(options as never)).toThrow(/Make one: new \w+\(…\)/)
  })

  test('a variable that is a property is state, and is reset', async () => {
    class Seen extends Metric {
      readonly seen = variable(0, { name: 'seen', dtype: 'int32' })
      override update(yTrue: Tensor): void {
        this.seen.assignAdd(yTrue.shape[0]!)
      }
      override result(): Tensor {
        return this.seen.read()
      }
    }
    const model = dense()
    model.compile({ loss: 'mse', metrics: [new Seen()] })
    const { history } = await model.fit(x, y, { epochs: 3, batchSize: 2, verbose: 0 })
    expect(history.seen).toEqual([4, 4, 4])
  })
})

describe('what optimizers are made of', () => {
  test.each([promise, nothing, text, vector])('a schedule gives %s', async (...row) => {
    class Odd extends Schedule {
      override call(): Tensor {
        return row[1]() as Tensor
      }
    }
    await refused(dense(), 'Odd.call', row, { optimizer: new SGD({ learningRate: new Odd() }) })
    await refused(dense(), 'the function learningRate', row, { optimizer: new SGD({ learningRate: row[1] as never }) })
  })

  const updates: Row[] = [
    ['a promise', async () => undefined, 'ERR_DATA', 'It must be synchronous'],
    ['another shape', () => ops.ones([3]), 'ERR_SHAPE', 'expected shape [2, 1], got [3]'],
    ['another type', () => ops.zeros([2, 1], 'int32'), 'ERR_DTYPE', 'expected float32, got int32'],
  ]
  test.each(updates)('an update gives %s', async (...row) => {
    class Odd extends Optimizer {
      protected override update(_gradient: Tensor, weight: Variable): never {
        const value = row[1]()
        if (!(value instanceof Promise)) this.assign(weight, value as Tensor)
        return value as never
      }
    }
    await refused(dense(), 'Odd.update', row, { optimizer: new Odd() })
  })

  test('a slot that nobody named', async () => {
    class Odd extends Optimizer {
      protected override slotGroups(): readonly (readonly string[])[] {
        return [['mean']]
      }
      protected override update(_g: Tensor, _w: Variable, _rate: Tensor, slots: Slots): void {
        slots('men')
      }
    }
    const row: Row = ['', () => undefined, 'ERR_CONFIG', `expected one of mean, got 'men'. Name it in slotGroups`]
    await refused(dense(), 'Odd slot', row, { optimizer: new Odd() })
  })

  const constraints: Row[] = [
    promise,
    nothing,
    ['a number', () => 0.1, 'ERR_SHAPE', 'expected shape [2, 1], got []'],
    ['integers', (w: Tensor) => ops.cast(w, 'int32'), 'ERR_DTYPE', 'expected float32, got int32'],
  ]
  test.each(constraints)('a constraint gives %s', async (...row) => {
    class Odd extends Constraint {
      override call(w: Tensor): Tensor {
        return row[1](w as never) as Tensor
      }
    }
    await refused(dense({ kernelConstraint: new Odd() }), 'Odd.call', row)
  })
})

describe('what layers are made of', () => {
  test.each([promise, nothing, text, vector])('a regularizer gives %s', async (...row) => {
    class Odd extends Regularizer {
      override call(): Tensor {
        return row[1]() as Tensor
      }
    }
    await refused(dense({ kernelRegularizer: new Odd() }), 'Odd.call', row)
    expect(() => dense({ activityRegularizer: new Odd() })).toThrow('Odd.call')
  })

  test.each([promise, nothing, text, ['another shape', () => ops.ones([3]), 'ERR_SHAPE', 'shape [2, 1], got [3]']])(
    'an initializer gives %s',
    (...row) => {
      class Odd extends Initializer {
        override call(): Tensor {
          return (row[1] as Body)() as Tensor
        }
      }
      const make = (): Sequential => dense({ kernelInitializer: new Odd() })
      expect(make).toThrow('Odd.call')
      expect(make).toThrow(row[3] as string)
    },
  )
})
