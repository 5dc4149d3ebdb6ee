import {
  type Batch,
  config,
  deserialize,
  GradientTape,
  input,
  jit,
  Model,
  ops,
  registerClass,
  Sequential,
  type Shape,
  type Tensor,
  tensor,
  type Variable,
} from 'ferrograd'
import { Callback } from 'ferrograd/callbacks'
import { Constraint } from 'ferrograd/constraints'
import { Initializer } from 'ferrograd/initializers'
import { type CallContext, Dense, Layer } from 'ferrograd/layers'
import { Loss, MeanSquaredError } from 'ferrograd/losses'
import { Metric } from 'ferrograd/metrics'
import { Adam, Optimizer, SGD, type Slots } from 'ferrograd/optimizers'
import { Regularizer } from 'ferrograd/regularizers'
import { Schedule } from 'ferrograd/schedules'
import { beforeEach, describe, expect, test } from 'vitest'

beforeEach(() => {
  config.setSeed(5)
  config.setFloatx('float32')
})

const x = [
  [0, 1],
  [1, 0],
  [1, 1],
  [0.5, 0.2],
  [0.3, 0.9],
  [0.8, 0.4],
]
const y = x.map(([a, b]) => [2 * a! - b!])
const quiet = { verbose: 0, batchSize: 6, shuffle: false } as const

describe('layers', () => {
  class Scale extends Layer {
    static override readonly className = 'Scale'
    scale!: Variable
    override build(shape: Shape): void {
      this.scale = this.addWeight({ name: 'scale', shape: [shape.at(-1)!], initializer: 'ones' })
    }
    override call(x: Tensor, { training }: CallContext): Tensor {
      this.addLoss(ops.multiply(ops.sum(ops.square(this.scale)), 0.5))
      return ops.multiply(ops.multiply(x, this.scale), training ? 2 : 1)
    }
  }

  test('build, call, addWeight, addLoss and the training flag, in fit as in a loop of one’s own', async () => {
    const make = (): Sequential => {
      const model = new Sequential([new Scale({ inputShape: [2] }), new Dense({ units: 1, kernelInitializer: 'ones' })])
      model.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: 'mse' })
      return model
    }
    const [fitted, looped] = [make(), make()]
    const history = await fitted.fit(x, y, { ...quiet, epochs: 4 })
    const optimizer = new SGD({ learningRate: 0.1 })
    const mse = new MeanSquaredError()
    const losses: number[] = []
    const step = jit((x: Tensor, y: Tensor) => {
      const tape = new GradientTape()
      const loss = tape.record(() => {
        const guess = looped.apply(x, { training: true })
        return looped.losses().reduce((sum, extra) => ops.add(sum, extra), mse.apply(y, guess))
      })
      optimizer.apply(tape.gradient(loss, looped.trainableVariables), looped.trainableVariables)
      return loss
    })
    for (let i = 0; i < 4; i += 1) losses.push(await (await step(x, y)).item())
    for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(history.history.loss![i]!, 5)
    for (const [i, weight] of looped.getWeights().entries())
      for (const [j, value] of weight.dataSync().entries())
        expect(value).toBeCloseTo(fitted.getWeights()[i]!.dataSync()[j]!, 5)
    expect(looped.apply(x, { training: true }).dataSync()[1]).not.toBe(looped.apply(x).dataSync()[1])
  })

  test('registered, it comes back from its configuration', async () => {
    registerClass(Scale)
    const model = new Sequential([new Scale({ inputShape: [2], name: 'mine' }), new Dense({ units: 1 })])
    const again = deserialize(model.toConfig()) as Sequential
    again.setWeights(model.getWeights())
    expect(again.layers[0]).toBeInstanceOf(Scale)
    expect(again.apply(x).arraySync()).toEqual(model.apply(x).arraySync())
  })
})

describe('optimizers', () => {
  beforeEach(() => config.setFloatx('float64'))

  class MyAdam extends Optimizer {
    static override readonly className = 'MyAdam'
    protected override slotGroups(): readonly (readonly string[])[] {
      return [['m', 'v']]
    }
    protected override update(g: Tensor, w: Variable, rate: Tensor, slots: Slots): void {
      const t = this.updateNumber(w.dtype)
      const m = ops.add(ops.multiply(slots('m'), 0.9), ops.multiply(g, 1 - 0.9))
      const v = ops.add(ops.multiply(slots('v'), 0.999), ops.multiply(ops.square(g), 1 - 0.999))
      this.assign(slots('m'), m)
      this.assign(slots('v'), v)
      const alpha = ops.divide(
        ops.multiply(rate, ops.sqrt(ops.subtract(1, ops.power(0.999, t)))),
        ops.subtract(1, ops.power(0.9, t)),
      )
      this.assign(w, ops.subtract(w, ops.divide(ops.multiply(m, alpha), ops.add(ops.sqrt(v), 1e-7))))
    }
  }

  const weightsAfter = async (optimizer: Optimizer, how: 'fit' | 'jit' | 'eager'): Promise<number[]> => {
    const model = new Sequential([
      new Dense({ units: 3, activation: 'tanh', inputShape: [2] }),
      new Dense({ units: 1 }),
    ])
    model.setWeights([
      [
        [0.1, 0.2, 0.3],
        [0.4, -0.5, 0.6],
      ],
      [0, 0, 0],
      [[0.3], [0.2], [-0.1]],
      [0],
    ])
    const step = (x: Tensor, y: Tensor): Tensor => {
      const tape = new GradientTape()
      const loss = tape.record(() => new MeanSquaredError().apply(y, model.apply(x, { training: true })))
      optimizer.apply(tape.gradient(loss, model.trainableVariables), model.trainableVariables)
      return loss
    }
    model.compile({ optimizer, loss: 'mse' })
    if (how === 'fit') await model.fit(x, y, { ...quiet, epochs: 5 })
    const compiled = jit(step)
    for (let i = 0; i < 5 && how !== 'fit'; i += 1) {
      if (how === 'jit') await compiled(x, y)
      else step(tensor(x), tensor(y))
    }
    expect(optimizer.iterations.dataSync()[0]).toBe(5)
    return model.getWeights().flatMap((weight) => [...weight.dataSync()])
  }
  const close = (a: number[], b: number[]): void => {
    for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i]!, 12)
  }

  test('ten lines of ops are the built-in rule; apply means the same in fit, in jit and outside', async () => {
    const builtIn = await weightsAfter(new Adam({ learningRate: 0.01 }), 'fit')
    for (const how of ['fit', 'jit', 'eager'] as const)
      close(await weightsAfter(new MyAdam({ learningRate: 0.01 }), how), builtIn)
  })

  test('clipping and schedules of one’s own, inside and outside jit', async () => {
    class Halving extends Schedule {
      static override readonly className = 'Halving'
      override call(step: Tensor): Tensor {
        return ops.multiply(0.1, ops.power(0.5, ops.cast(step, config.floatx())))
      }
    }
    const make = (): Optimizer => new SGD({ learningRate: new Halving(), globalClipnorm: 0.1 })
    const eager = await weightsAfter(make(), 'eager')
    close(await weightsAfter(make(), 'jit'), eager)
    close(await weightsAfter(make(), 'fit'), eager)
  })
})

describe('losses, metrics and the rest', () => {
  class Cubed extends Loss {
    static override readonly className = 'Cubed'
    override call(yTrue: Tensor, yPred: Tensor): Tensor {
      return ops.mean(ops.power(ops.abs(ops.subtract(yTrue, yPred)), 3), { axis: -1 })
    }
  }
  class Largest extends Metric {
    static override readonly className = 'Largest'
    readonly state = this.addState('largest')
    override update(yTrue: Tensor, yPred: Tensor): void {
      this.state.assign(ops.maximum(this.state, ops.max(ops.abs(ops.subtract(yTrue, yPred)))))
    }
    override result(): Tensor {
      return this.state.read()
    }
  }
  class Thirds extends Initializer {
    static override readonly className = 'Thirds'
    override call(shape: Shape): Tensor {
      return ops.full(shape, 1 / 3)
    }
  }
  class Cap extends Constraint {
    static override readonly className = 'Cap'
    override call(w: Tensor): Tensor {
      return ops.minimum(w, 0.5)
    }
  }
  class Fourth extends Regularizer {
    static override readonly className = 'Fourth'
    override call(w: Tensor): Tensor {
      return ops.multiply(0.001, ops.sum(ops.power(w, 4)))
    }
  }

  test('work in fit, and are seen by evaluate and callbacks', async () => {
    const epochs: number[] = []
    class Count extends Callback {
      override onEpochEnd(epoch: number): void {
        epochs.push(epoch)
      }
    }
    const meanGap = (yTrue: Tensor, yPred: Tensor): Tensor =>
      ops.mean(ops.abs(ops.subtract(yTrue, yPred)), { axis: -1 })
    const model = new Sequential([
      new Dense({
        units: 1,
        inputShape: [2],
        kernelInitializer: new Thirds(),
        kernelConstraint: new Cap(),
        kernelRegularizer: new Fourth(),
      }),
    ])
    expect(model.getWeights()[0]!.arraySync()).toEqual([[Math.fround(1 / 3)], [Math.fround(1 / 3)]])
    model.compile({ optimizer: new SGD({ learningRate: 0.3 }), loss: new Cubed(), metrics: [new Largest(), meanGap] })
    await model.fit(x, y, { ...quiet, epochs: 30, callbacks: [new Count()] })
    expect(epochs).toHaveLength(30)
    const [kernel, bias] = model.getWeights().map((weight) => [...weight.dataSync()])
    expect(Math.max(...kernel!)).toBeCloseTo(0.5, 6)

    const gaps = x.map(([a, b], i) => Math.abs(kernel![0]! * a! + kernel![1]! * b! + bias![0]! - y[i]![0]!))
    const logs = await model.evaluate(x, y, { verbose: 0, batchSize: 6 })
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
    const penalty = 0.001 * kernel!.reduce((sum, w) => sum + w ** 4, 0)
    expect(logs.loss).toBeCloseTo(mean(gaps.map((gap) => gap ** 3)) + penalty, 5)
    expect(logs.largest).toBeCloseTo(Math.max(...gaps), 5)
    expect(logs.meanGap ?? logs.mean_gap).toBeCloseTo(mean(gaps), 5)
  })
})

test('a metric of one’s own gets targets in the shape that the loss gets them in', async () => {
  const seen: string[] = []
  class Watch extends Loss {
    override call(yTrue: Tensor, yPred: Tensor): Tensor {
      seen.push(`loss ${yTrue.shape.slice(1)}`)
      return ops.mean(ops.square(ops.subtract(yTrue, yPred)), { axis: -1 })
    }
  }
  const gap = (yTrue: Tensor, yPred: Tensor): Tensor => {
    seen.push(`metric ${yTrue.shape.slice(1)}`)
    return ops.mean(ops.abs(ops.subtract(yTrue, yPred)), { axis: -1 })
  }
  const model = new Sequential([new Dense({ units: 1, inputShape: [2], kernelInitializer: 'zeros' })])
  model.compile({ optimizer: 'sgd', loss: new Watch(), metrics: [gap] })
  const logs = await model.evaluate(
    [
      [1, 2],
      [3, 4],
    ],
    [1, 3],
    { verbose: 0 },
  )
  expect(new Set(seen)).toEqual(new Set(['loss 1', 'metric 1']))
  expect([logs.loss, logs.gap]).toEqual([5, 2])
})

describe('models', () => {
  test('a subclass that overrides call', async () => {
    class Residual extends Model {
      readonly inner = new Dense({ units: 2, activation: 'tanh' })
      readonly out = new Dense({ units: 1 })
      override call(x: Tensor): Tensor {
        return this.out.apply(ops.add(x, this.inner.apply(x)))
      }
    }
    const model = new Residual()
    model.compile({ optimizer: new Adam({ learningRate: 0.05 }), loss: 'mse' })
    const { history } = await model.fit(x, y, { ...quiet, epochs: 300 })
    expect(history.loss!.at(-1)).toBeLessThan(0.01)
    expect(model.weights).toHaveLength(4)
  })

  test('a subclass that overrides trainStep logs what it returns', async () => {
    class Doubled extends Model {
      override trainStep({ x, y }: Batch): Record<string, Tensor> {
        const tape = new GradientTape()
        const loss = tape.record(() =>
          ops.multiply(2, new MeanSquaredError().apply(y as Tensor, this.apply(x as Tensor, { training: true }))),
        )
        this.optimizer.apply(tape.gradient(loss, this.trainableVariables), this.trainableVariables)
        return { twice: loss }
      }
    }
    const x0 = input({ shape: [2] })
    const model = new Doubled({ inputs: x0, outputs: new Dense({ units: 1 }).apply(x0) })
    model.compile({ optimizer: new SGD({ learningRate: 0.1 }) })
    const before = new MeanSquaredError().apply(tensor(y), model.apply(x)).itemSync()
    const { history } = await model.fit(x, y, { ...quiet, epochs: 40 })
    expect(history.twice![0]).toBeCloseTo(2 * before, 5)
    expect(history.twice!.at(-1)).toBeLessThan(0.2 * history.twice![0]!)
  })
})
