/** Classes of the user's own in all places where ours may stand: eagerly, compiled, in fit and evaluate, out of JSON. */
import {
  type Batch,
  config,
  type DType,
  GradientTape,
  input,
  jit,
  Model,
  ops,
  random,
  Sequential,
  type Shape,
  type Tensor,
  tensor,
  type Variable,
} from 'ferrograd'
import { Constraint } from 'ferrograd/constraints'
import { Initializer } from 'ferrograd/initializers'
import { type CallContext, Dense, Layer } from 'ferrograd/layers'
import { Loss, MeanSquaredError } from 'ferrograd/losses'
import { Metric } from 'ferrograd/metrics'
import { Optimizer, SGD, type Slots } from 'ferrograd/optimizers'
import { Regularizer } from 'ferrograd/regularizers'
import { deserialize, registerClass, serialize, stringify } from 'ferrograd/saving'
import { Schedule } from 'ferrograd/schedules'
import { beforeEach, describe, expect, test } from 'vitest'

beforeEach(() => config.setSeed(11))

const x = Array.from({ length: 8 }, (_, i) => [Math.sin(i), Math.cos(3 * i)])
const y = x.map(([a, b]) => [a! - 2 * b!])
const quiet = { verbose: 0, batchSize: 4, shuffle: false } as const

/** Noise in training, a running mean of what it saw, a layer inside, a penalty. */
class Whole extends Layer.with({ units: { type: 'integer', min: 1 } }) {
  static override readonly className = 'Whole'
  readonly seed = new random.SeedGenerator(3)
  readonly inner: Dense = new Dense({ units: this.options.units, activation: 'tanh' })
  mean!: Variable
  override build(inputShape: Shape): void {
    const shape = [inputShape.at(-1)!]
    this.mean = this.addWeight({ name: 'mean', shape, initializer: 'zeros', trainable: false })
  }
  override call(x: Tensor, { training }: CallContext): Tensor {
    if (!training) return this.inner.apply(ops.subtract(x, this.mean))
    this.mean.assign(ops.add(ops.multiply(this.mean, 0.5), ops.multiply(ops.mean(x, { axis: 0 }), 0.5)))
    this.addLoss(ops.multiply(0.01, ops.sum(ops.square(x))))
    return this.inner.apply(ops.add(x, random.normal(x.shape, { stddev: 0.1, seed: this.seed })))
  }
}

/** The largest error so far, and how many samples there were. */
class Largest extends Metric {
  static override readonly className = 'Largest'
  readonly largest: Variable = this.addState('largest')
  override update(yTrue: Tensor, yPred: Tensor): void {
    this.largest.assign(ops.maximum(this.largest, ops.max(ops.abs(ops.subtract(yTrue, yPred)))))
  }
  override result(): Tensor {
    return this.largest.read()
  }
}

function net(): Sequential {
  const model = new Sequential([new Whole({ units: 3, inputShape: [2], name: 'whole' }), new Dense({ units: 1 })])
  for (const [i, weight] of model.weights.entries()) {
    const size = weight.shape.reduce((product, length) => product * length, 1)
    if (weight.name !== 'mean') weight.set(Float32Array.from({ length: size }, (_, j) => Math.sin(5 * i + j)))
  }
  return model
}
const numbersOf = (model: Model): number[] => model.variables.flatMap((one) => [...one.dataSync()])
const close = (a: readonly number[], b: readonly number[]): void => {
  expect(a).toHaveLength(b.length)
  for (const [i, value] of a.entries()) expect(value, `number ${i}`).toBeCloseTo(b[i]!, 5)
}

describe('a layer with noise, state, a layer inside and a penalty', () => {
  test('moves alike in fit, in a compiled loop, in a plain one and in a functional model', async () => {
    const fitted = net()
    fitted.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: 'mse' })
    await fitted.fit(x, y, { ...quiet, epochs: 2 })
    const expected = numbersOf(fitted)
    expect(fitted.layers[0]!.nonTrainableWeights.map(({ name }) => name)).toEqual(['mean'])
    // The counter of its noise: one draw a step.
    expect(expected.at(-1)).toBe(4)

    const mse = new MeanSquaredError()
    for (const compiled of [true, false]) {
      const model = net()
      const optimizer = new SGD({ learningRate: 0.1 })
      const step = (rows: Tensor, targets: Tensor): void => {
        const tape = new GradientTape()
        const loss = tape.record(() => {
          const data = mse.apply(targets, model.apply(rows, { training: true }))
          return model.losses().reduce((sum, extra) => ops.add(sum, extra), data)
        })
        optimizer.apply(tape.gradient(loss, model.trainableVariables), model.trainableVariables)
      }
      const run = compiled ? jit(step) : step
      for (const from of [0, 4, 0, 4]) await run(tensor(x.slice(from, from + 4)), tensor(y.slice(from, from + 4)))
      close(numbersOf(model), expected)
    }

    const twin = net()
    const x0 = input({ shape: [2] })
    const functional = new Model({ inputs: x0, outputs: twin.apply(x0) })
    functional.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: 'mse' })
    await functional.fit(x, y, { ...quiet, epochs: 2 })
    close(numbersOf(functional), expected)
  })

  test('is at rest in evaluate and predict', async () => {
    const model = net()
    model.compile({ optimizer: 'sgd', loss: 'mse', metrics: [new Largest()] })
    const before = numbersOf(model)
    const logs = await model.evaluate(x, y, { verbose: 0, batchSize: 4 })
    const guesses = (await model.predict(x)).dataSync()
    expect(numbersOf(model)).toEqual(before)
    const errors = y.map(([target], i) => Math.abs(target! - guesses[i]!))
    expect(logs.largest).toBeCloseTo(Math.max(...errors), 5)
    expect(logs.loss).toBeCloseTo(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length, 5)
  })
})

test('a metric lives in a loop of one’s own, compiled or not', async () => {
  const metric = new Largest()
  const update = jit((yTrue: Tensor, yPred: Tensor) => {
    metric.update(yTrue, yPred)
    return metric.result()
  })
  expect(await (await update([1, 2], [1.5, 2])).item()).toBe(0.5)
  metric.update(tensor([1]), tensor([3]))
  expect(await (await update([0], [0])).item()).toBe(2)
  metric.reset()
  expect(metric.result().itemSync()).toBe(0)
  expect(await (await update([0], [0.25])).item()).toBe(0.25)
})

test('testStep of a subclass is what evaluate and the validation of fit run', async () => {
  class Own extends Model {
    readonly out = new Dense({ units: 1 })
    override call(x: Tensor): Tensor {
      return this.out.apply(x)
    }
    override testStep({ x, y }: Batch): Record<string, Tensor> {
      return { worst: ops.max(ops.abs(ops.subtract(y as Tensor, this.apply(x as Tensor)))) }
    }
  }
  const model = new Own()
  model.compile({ optimizer: 'sgd', loss: 'mse' })
  const { history } = await model.fit(x, y, { ...quiet, batchSize: 8, epochs: 2, validationData: [x, y] })
  const guesses = (await model.predict(x)).dataSync()
  const worst = Math.max(...y.map(([target], i) => Math.abs(target! - guesses[i]!)))
  expect(history.val_worst![1]).toBeCloseTo(worst, 5)
  expect(Object.keys(history)).toEqual(['loss', 'val_worst'])
  expect(await model.evaluate(x, y, { verbose: 0 })).toEqual({ worst: expect.closeTo(worst, 5) })
})

describe('registered, out of JSON', () => {
  const fields = { factor: { type: 'number', default: 2 } } as const
  class Times extends Layer.with(fields) {
    static override readonly className = 'Times'
    override call(x: Tensor): Tensor {
      return ops.multiply(x, this.options.factor)
    }
  }
  class Off extends Loss.with(fields) {
    static override readonly className = 'Off'
    override call(yTrue: Tensor, yPred: Tensor): Tensor {
      return ops.multiply(this.options.factor, ops.mean(ops.abs(ops.subtract(yTrue, yPred)), { axis: -1 }))
    }
  }
  class Most extends Metric.with(fields) {
    static override readonly className = 'Most'
    readonly most: Variable = this.addState('most')
    override update(_yTrue: Tensor, yPred: Tensor): void {
      this.most.assign(ops.maximum(this.most, ops.multiply(this.options.factor, ops.max(yPred))))
    }
    override result(): Tensor {
      return this.most.read()
    }
  }
  class Rate extends Schedule.with(fields) {
    static override readonly className = 'Rate'
    override call(step: Tensor): Tensor {
      return ops.divide(this.options.factor, ops.add(ops.cast(step, config.floatx()), 10))
    }
  }
  class Momentum extends Optimizer.with(fields) {
    static override readonly className = 'Momentum'
    protected override slotGroups(): readonly (readonly string[])[] {
      return [['speed']]
    }
    protected override update(gradient: Tensor, weight: Variable, rate: Tensor, slots: Slots): void {
      const speed = ops.add(ops.divide(slots('speed'), this.options.factor), ops.multiply(gradient, rate))
      this.assign(slots('speed'), speed)
      this.assign(weight, ops.subtract(weight, speed))
    }
  }
  class First extends Initializer.with(fields) {
    static override readonly className = 'First'
    override call(shape: Shape, dtype: DType): Tensor {
      return ops.full(shape, this.options.factor, dtype)
    }
  }
  class Weigh extends Regularizer.with(fields) {
    static override readonly className = 'Weigh'
    override call(w: Tensor): Tensor {
      return ops.multiply(this.options.factor, ops.sum(ops.square(w)))
    }
  }
  class Below extends Constraint.with(fields) {
    static override readonly className = 'Below'
    override call(w: Tensor): Tensor {
      return ops.minimum(w, this.options.factor)
    }
  }
  const classes = [Times, Off, Most, Rate, Momentum, First, Weigh, Below]
  const through = <T>(object: T): T => deserialize(JSON.parse(stringify(serialize(object as never)))) as T

  test.each(classes)('%o', (Type) => {
    const object = new (Type as new (options: object) => { options: { factor: number } })({ factor: 3 })
    expect(() => through(object)).toThrow('A class of your own: registerClass it first')
    registerClass(Type as never)
    const again = through(object)
    expect(again).toBeInstanceOf(Type)
    expect(again).not.toBe(object)
    expect(again.options.factor).toBe(3)
  })

  test('a model of them trains on as the one that was written down', async () => {
    for (const type of classes) registerClass(type as never)
    const make = (): Sequential =>
      new Sequential([
        new Times({ factor: 0.5, inputShape: [2] }),
        new Dense({
          units: 1,
          kernelInitializer: new First({ factor: 0.3 }),
          kernelRegularizer: new Weigh({ factor: 0.01 }),
          kernelConstraint: new Below({ factor: 0.6 }),
        }),
      ])
    const settings = () => ({
      optimizer: new Momentum({ learningRate: new Rate({ factor: 1 }), factor: 4 }),
      loss: new Off({ factor: 1.5 }),
      metrics: [new Most()],
    })
    const [first, second] = [make(), through(make())]
    first.compile(settings())
    const { optimizer, loss, metrics } = settings()
    second.compile({ optimizer: through(optimizer), loss: through(loss), metrics: metrics.map(through) })
    const [one, other] = [
      await first.fit(x, y, { ...quiet, epochs: 3 }),
      await second.fit(x, y, { ...quiet, epochs: 3 }),
    ]
    expect(other.history).toEqual(one.history)
    expect(numbersOf(second)).toEqual(numbersOf(first))
    expect(Math.max(...first.getWeights()[0]!.dataSync())).toBeLessThanOrEqual(Math.fround(0.6))
  })
})
