/** A step changes nothing unless all that it would change is finite. */
import {
  type FerrogradError,
  GradientTape,
  jit,
  type Model,
  ops,
  Sequential,
  type Tensor,
  tensor,
  type Variable,
  variable,
} from 'ferrograd'
import { Constraint } from 'ferrograd/constraints'
import { BatchNormalization, Dense } from 'ferrograd/layers'
import { Adam, Optimizer, SGD } from 'ferrograd/optimizers'
import { describe, expect, test } from 'vitest'
import { weightsOf } from './models.js'

const failure = (run: PromiseLike<unknown>): Promise<FerrogradError> =>
  Promise.resolve(run).then(
    () => expect.unreachable('it went on'),
    (error: unknown) => error as FerrogradError,
  )

/** 0 where x is 0, with a slope there that is infinite. */
const steep = (x: Tensor): Tensor => ops.sqrt(x)

/** Two layers, the first with weights of `units`; a finite loss whose gradient is not, as soon as a target is 0. */
function model(units: number, optimizer: SGD | Adam = new SGD({ learningRate: 0.1 })): Model {
  const made = new Sequential([
    new Dense({ units, inputShape: [units], name: 'first', kernelInitializer: 'ones' }),
    new Dense({ units: 1, name: 'second', kernelInitializer: 'ones' }),
  ])
  made.compile({ optimizer, loss: (y, p) => ops.mean(steep(ops.abs(ops.multiply(p, y))), { axis: -1 }) })
  return made
}

const rows = 64
const x = (units: number): { values: Float32Array; shape: number[] } => ({
  values: new Float32Array(rows * units).fill(0.01),
  shape: [rows, units],
})
const good = new Float32Array(rows).fill(1)
const bad = good.map((value, i) => (i === 40 ? 0 : value))

// Small gradients, and those of products that optimizers follow part by part.
describe.each([2, 300])('%i units', (units) => {
  const optimizers = {
    sgd: () => new SGD({ learningRate: 0.1 }),
    adam: () => new Adam(),
    momentum: () => new SGD({ momentum: 0.9 }),
  }
  describe.each(Object.entries(optimizers))('%s', (_, optimizer) => {
    const stateOf = (made: Model): number[][] => [
      ...weightsOf(made),
      ...made.optimizer.variables.map((slot) => Array.from(slot.dataSync())),
    ]

    test('fit', async () => {
      const made = model(units, optimizer())
      await made.trainOnBatch(x(units), good)
      const before = stateOf(made)
      const error = await failure(made.fit(x(units), bad, { batchSize: 64, verbose: 0 }))
      expect(error.code).toBe('ERR_NON_FINITE')
      expect(error.message).toMatch(/the gradient of 'kernel' of layer 'first' \(Dense\).*epoch 1, batch 0/)
      expect(stateOf(made)).toEqual(before)
      await made.fit(x(units), good, { verbose: 0 })
      expect(stateOf(made).flat().every(Number.isFinite)).toBe(true)
    })

    test('fit of a stream, trainOnBatch', async () => {
      const made = model(units, optimizer())
      await made.trainOnBatch(x(units), good)
      const before = stateOf(made)
      const stream = await failure(made.fit(() => [[x(units), bad] as const], undefined, { verbose: 0 }))
      const batch = await failure(made.trainOnBatch(x(units), bad))
      for (const error of [stream, batch]) {
        expect(error.code).toBe('ERR_NON_FINITE')
        expect(error.message).toMatch(/the gradient of 'kernel' of layer 'first'/)
      }
      expect(stateOf(made)).toEqual(before)
    })

    test('jit', async () => {
      const made = model(units, optimizer())
      await made.trainOnBatch(x(units), good)
      const before = stateOf(made)
      const step = jit((inputs: Tensor, targets: Tensor) => {
        const tape = new GradientTape()
        const loss = tape.record(() => ops.mean(steep(ops.abs(ops.multiply(made.apply(inputs) as Tensor, targets)))))
        const weights = made.trainableVariables
        made.optimizer.apply(tape.gradient(loss, weights), weights)
        return loss
      })
      const inputs = tensor(x(units).values, [rows, units])
      const error = await failure(step(inputs, tensor(bad, [rows, 1])))
      expect(error.code).toBe('ERR_NON_FINITE')
      expect(error.message).toMatch(/kernel/)
      expect(stateOf(made)).toEqual(before)
      expect(Number.isFinite(await (await step(inputs, tensor(good, [rows, 1]))).item())).toBe(true)
    })
  })
})

test('the batch is named, and the weights are as before it', async () => {
  const made = model(2)
  const known: number[][][] = []
  const run = made.fit(x(2), bad, {
    batchSize: 8,
    shuffle: false,
    verbose: 0,
    callbacks: { onTrainBatchEnd: () => void known.push(weightsOf(made)) },
  })
  expect((await failure(run)).message).toMatch(/epoch 1, batch 5/)
  expect(known).toHaveLength(5)
  expect(weightsOf(made)).toEqual(known.at(-1))
})

test("nonFinite: 'continue' goes on", async () => {
  const made = model(2)
  await made.fit(x(2), bad, { verbose: 0, nonFinite: 'continue' })
  expect(weightsOf(made).flat().some(Number.isNaN)).toBe(true)
})

test('moving averages that would overflow', async () => {
  const normalisation = new BatchNormalization({ inputShape: [1], name: 'norm' })
  const made = new Sequential([normalisation, new Dense({ units: 1 })])
  made.compile({ optimizer: 'sgd', loss: 'mae' })
  const error = await failure(made.fit([[1e30], [-1e30]], [[0], [0]], { verbose: 0 }))
  expect(error.code).toBe('ERR_NON_FINITE')
  expect(error.message).toMatch(/of layer 'norm'/)
  expect(normalisation.movingVariance.dataSync()[0]).toBe(1)
})

test('huge gradients that are finite are no fault', async () => {
  const made = new Sequential([new Dense({ units: 300, useBias: false, inputShape: [300] })])
  made.compile({
    optimizer: new SGD({ learningRate: 1e-30 }),
    loss: (y, p) => ops.mean(ops.multiply(p, y), { axis: -1 }),
  })
  const huge = { values: new Float32Array(300).fill(1e20), shape: [1, 300] }
  await made.trainOnBatch(huge, { values: new Float32Array(300).fill(1e10), shape: [1, 300] })
  expect(weightsOf(made).flat().every(Number.isFinite)).toBe(true)
})

test('an optimizer that is given numbers refuses them where it is called', () => {
  const weight = variable([1, 2], { name: 'w' })
  const optimizer = new Adam()
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => optimizer.apply([tensor([0, value])], [weight])).toThrow(
      expect.objectContaining({ code: 'ERR_NON_FINITE', message: expect.stringContaining("'w'") }),
    )
  }
  expect([...weight.dataSync(), optimizer.iterations.dataSync()[0]]).toEqual([1, 2, 0])
})

describe('steps one after the other, of which nothing is read in between', () => {
  const good = (): Tensor => tensor([1, 1])
  /** Not a number yet: it will be 0 / 0. */
  const bad = (): Tensor => ops.divide(tensor([0, 1]), tensor([0, 1]))
  const refusal = expect.objectContaining({ code: 'ERR_NON_FINITE', message: expect.stringContaining("of 'w") })

  test.each([new SGD({ learningRate: 1, momentum: 0.5 }), new Adam({ learningRate: 1 })])(
    'called, %s: the first stays where the second is refused',
    (optimizer) => {
      const [w, alone] = [variable([3, 4], { name: 'w' }), variable([3, 4])]
      optimizer.apply([good()], [w])
      optimizer.apply([bad()], [w])
      expect(() => w.dataSync()).toThrow(refusal)
      const other = optimizer instanceof SGD ? new SGD({ learningRate: 1 }) : new Adam({ learningRate: 1 })
      other.apply([good()], [alone])
      expect(w.dataSync()).toEqual(alone.dataSync())
      expect(optimizer.iterations.dataSync()[0]).toBe(1)
    },
  )

  test('called: a refused first one is told of at the second, which leaves all as it was', () => {
    const [w, optimizer] = [variable([3, 4], { name: 'w' }), new SGD({ learningRate: 1 })]
    optimizer.apply([bad()], [w])
    expect(() => optimizer.apply([good()], [w])).toThrow(refusal)
    expect([...w.dataSync(), optimizer.iterations.dataSync()[0]]).toEqual([3, 4, 0])
    optimizer.apply([good()], [w])
    expect([...w.dataSync()]).toEqual([2, 3])
  })

  test('called: what was assigned before stays', () => {
    const [w, optimizer] = [variable([3, 4], { name: 'w' }), new SGD({ learningRate: 1 })]
    w.assign([5, 6])
    optimizer.apply([bad()], [w])
    expect(() => w.dataSync()).toThrow(refusal)
    expect([...w.dataSync()]).toEqual([5, 6])
  })

  test('compiled: the first stays where the second is refused', async () => {
    const [w, optimizer] = [variable([3, 4], { name: 'w' }), new SGD({ learningRate: 1 })]
    const step = jit((a: Tensor, b: Tensor) => optimizer.apply([ops.divide(a, b)], [w]))
    const first = step([1, 1], [1, 1])
    const second = failure(step([0, 1], [0, 1]))
    await first
    expect((await second).code).toBe('ERR_NON_FINITE')
    expect([...w.dataSync(), optimizer.iterations.dataSync()[0]]).toEqual([2, 3, 1])
  })
})

describe('new values that would not be finite, out of gradients that are', () => {
  /** Two weights (300 · 300, 300) or few, a loss whose gradients are `slope` times the inputs. */
  const straight = (units: number, optimizer: Optimizer): Model => {
    const made = new Sequential([new Dense({ units, inputShape: [units], name: 'first' })])
    made.compile({ optimizer, loss: (y, p) => ops.mean(ops.multiply(p, y), { axis: -1 }) })
    return made
  }
  const target = (units: number, slope: number): { values: Float32Array; shape: number[] } => ({
    values: new Float32Array(rows * units).fill(slope),
    shape: [rows, units],
  })
  const stateOf = (made: Model): number[][] => [
    ...weightsOf(made),
    ...made.optimizer.variables.map((slot) => Array.from(slot.dataSync())),
  ]

  class Unit extends Optimizer {
    static override readonly className = 'Unit'
    /** By the sign of the gradient, made of a division: 0 / 0 where it is 0. */
    protected override update(gradient: Tensor, weight: Variable, rate: Tensor): void {
      this.assign(weight, ops.subtract(weight, ops.multiply(rate, ops.divide(gradient, ops.abs(gradient)))))
    }
  }
  class UnitAdam extends Adam {
    protected override update(gradient: Tensor, weight: Variable, rate: Tensor): void {
      this.assign(weight, ops.subtract(weight, ops.multiply(rate, ops.divide(gradient, ops.abs(gradient)))))
    }
  }

  test.each([2, 300])('%i units: a step as long as the type', async (units) => {
    for (const options of [
      {},
      { momentum: 0.9 },
      { momentum: 0.9, nesterov: true },
      { gradientAccumulationSteps: 2 },
    ]) {
      const made = straight(units, new SGD({ learningRate: 1e6, ...options }))
      await made.trainOnBatch(x(units), target(units, 0))
      const before = stateOf(made)
      for (const slope of [1e36, -1e36]) {
        const error = await failure(made.trainOnBatch(x(units), target(units, slope)))
        expect(error.code).toBe('ERR_NON_FINITE')
        expect((await failure(made.fit(x(units), target(units, slope), { verbose: 0 }))).code).toBe('ERR_NON_FINITE')
        expect(stateOf(made)).toEqual(before)
      }
    }
  })

  test.each([2, 300])("%i units: a rule of one's own that divides by 0", async (units) => {
    for (const optimizer of [new Unit(), new UnitAdam()]) {
      const made = straight(units, optimizer)
      await made.trainOnBatch(x(units), target(units, 1))
      const before = stateOf(made)
      const error = await failure(made.trainOnBatch(x(units), target(units, 0)))
      expect(error.code).toBe('ERR_NON_FINITE')
      expect(error.message).toContain("the new value of 'kernel' of layer 'first'")
      expect(stateOf(made)).toEqual(before)
    }
  })

  test('a constraint, a schedule and a decay that make something of nothing', async () => {
    const half = (optimizer: Optimizer): Model => straight(2, optimizer)
    const constrained = half(new SGD({ learningRate: 0.1 }))
    await constrained.trainOnBatch(x(2), target(2, 1))
    class Root extends Constraint {
      static override readonly className = 'Root'
      override call(w: Tensor): Tensor {
        return ops.sqrt(ops.subtract(w, 100))
      }
    }
    ;(constrained.layers[0] as Dense).kernel.constraint = new Root()
    const scheduled = half(
      new Adam({ learningRate: (step: Tensor) => ops.sqrt(ops.subtract(1.5, ops.cast(step, 'float32'))) }),
    )
    await scheduled.trainOnBatch(x(2), target(2, 1))
    await scheduled.trainOnBatch(x(2), target(2, 1))
    const decaying = half(new SGD({ learningRate: 1e6, weightDecay: 1e6 }))
    decaying.setWeights([
      [
        [1e30, 1],
        [1, 1],
      ],
      [0, 0],
    ])
    for (const made of [constrained, scheduled, decaying]) {
      const before = stateOf(made)
      expect((await failure(made.trainOnBatch(x(2), target(2, 0)))).code).toBe('ERR_NON_FINITE')
      expect(stateOf(made)).toEqual(before)
    }
  })

  test('minus infinity is no number either', async () => {
    const made = model(2)
    const step = jit((g: Tensor) => {
      const weights = made.trainableVariables
      made.optimizer.apply(
        weights.map((one) => ops.multiply(ops.onesLike(one), g)),
        weights,
      )
    })
    const before = weightsOf(made)
    expect((await failure(step(Number.NEGATIVE_INFINITY))).code).toBe('ERR_NON_FINITE')
    expect(weightsOf(made)).toEqual(before)
    const falling = new Sequential([new Dense({ units: 1, inputShape: [1], kernelInitializer: 'zeros' })])
    falling.compile({ optimizer: 'sgd', loss: (y, p) => ops.mean(ops.sqrt(ops.abs(ops.multiply(p, y))), { axis: -1 }) })
    expect((await failure(falling.trainOnBatch([[-1]], [[1]]))).code).toBe('ERR_NON_FINITE')
    expect(weightsOf(falling)).toEqual([[0], [0]])
  })
})
