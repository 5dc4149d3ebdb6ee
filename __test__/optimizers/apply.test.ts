/** `optimizer.apply` gives the same numbers in `fit`, in a compiled step and in a loop that is not compiled. */
import { config, GradientTape, jit, Sequential, type Shape, type Tensor, tensor, variable } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { MeanSquaredError } from 'ferrograd/losses'
import { Adam, AdamW, Lion, type Optimizer, RMSprop, SGD } from 'ferrograd/optimizers'
import { CosineDecay, ExponentialDecay, PiecewiseConstantDecay } from 'ferrograd/schedules'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { caught } from '../caught.js'

beforeEach(() => config.setFloatx('float64'))
afterEach(() => config.setFloatx('float32'))

const rows = 12
const x = Array.from({ length: rows }, (_, i) => [Math.sin(i), Math.cos(2 * i)])
const y = x.map(([a, b]) => [3 * a! - 2 * b! + 1])
const [epochs, batchSize] = [3, 4]
const steps = epochs * (rows / batchSize)

/** Numbers that look random and are the same each time. */
const numbers = (shape: Shape, from: number): Tensor =>
  tensor(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(7 * (i + from))),
    shape,
  )

function network(): Sequential {
  const model = new Sequential([new Dense({ units: 3, activation: 'tanh', inputShape: [2] }), new Dense({ units: 1 })])
  model.setWeights(model.weights.map(({ shape }, i) => numbers(shape, 10 * i)))
  return model
}

const mse = new MeanSquaredError()

/** Weights and state after three epochs. */
async function after(make: () => Optimizer, how: 'fit' | 'jit' | 'eager'): Promise<number[]> {
  const [model, optimizer] = [network(), make()]
  const step = (rows: Tensor, targets: Tensor): Tensor => {
    const tape = new GradientTape()
    const loss = tape.record(() => mse.apply(targets, model.apply(rows, { training: true })))
    const scaled = tape.record(() => optimizer.scaleLoss(loss))
    optimizer.apply(tape.gradient(scaled, model.trainableVariables), model.trainableVariables)
    return loss
  }
  const compiled = jit(step)
  model.compile({ optimizer, loss: 'mse' })
  if (how === 'fit') await model.fit(x, y, { epochs, batchSize, shuffle: false, verbose: 0 })
  for (let i = 0; i < steps && how !== 'fit'; i += 1) {
    const from = (i * batchSize) % rows
    const [rowsNow, targets] = [x.slice(from, from + batchSize), y.slice(from, from + batchSize)]
    if (how === 'jit') void compiled(rowsNow, targets)
    else step(tensor(rowsNow), tensor(targets))
  }
  if (how !== 'fit') optimizer.finalizeVariableValues(model.trainableVariables)
  const state = [...model.weights, ...optimizer.variables]
  const read = await Promise.all(state.map((one) => one.data()))
  expect(optimizer.iterations.dataSync()[0]).toBe(steps)
  return read.flatMap((values) => [...values])
}

const learningRate = 0.05
const optimizers: Record<string, () => Optimizer> = {
  'no options': () => new SGD({ learningRate }),
  clipnorm: () => new Adam({ learningRate, clipnorm: 0.05 }),
  globalClipnorm: () => new Adam({ learningRate, globalClipnorm: 0.05 }),
  clipvalue: () => new SGD({ learningRate, clipvalue: 0.02, momentum: 0.9 }),
  'a decay': () =>
    new RMSprop({ learningRate: new ExponentialDecay({ initialLearningRate: 0.05, decaySteps: 2, decayRate: 0.5 }) }),
  'a cosine with a warm-up': () =>
    new Adam({
      learningRate: new CosineDecay({ initialLearningRate: 0.01, decaySteps: 5, warmupTarget: 0.1, warmupSteps: 3 }),
    }),
  'steps of the rate': () =>
    new SGD({ learningRate: new PiecewiseConstantDecay({ boundaries: [3, 6], values: [0.1, 0.05, 0.01] }) }),
  'a function as rate': () => new SGD({ learningRate: (step) => step.cast('float64').add(1).pow(-1).mul(0.1) }),
  'weight decay': () => new Adam({ learningRate, weightDecay: 0.1 }),
  AdamW: () => new AdamW({ learningRate, weightDecay: 0.1 }),
  'AdamW without biases': () => {
    const optimizer = new AdamW({ learningRate, weightDecay: 0.1 })
    optimizer.excludeFromWeightDecay({ names: ['bias'] })
    return optimizer
  },
  Lion: () => new Lion({ learningRate: 0.01, weightDecay: 0.1 }),
  averages: () => new SGD({ learningRate, useEma: true, emaMomentum: 0.8 }),
  'averages that take over': () => new Adam({ learningRate, useEma: true, emaMomentum: 0.8, emaOverwriteFrequency: 2 }),
  accumulation: () => new Adam({ learningRate, gradientAccumulationSteps: 2 }),
  'accumulation with all of it': () =>
    new AdamW({
      learningRate: new ExponentialDecay({ initialLearningRate: 0.05, decaySteps: 2, decayRate: 0.5 }),
      gradientAccumulationSteps: 3,
      globalClipnorm: 0.1,
      useEma: true,
      emaMomentum: 0.9,
    }),
  'a scaled loss': () => new Adam({ learningRate, lossScaleFactor: 64 }),
}

test.each(Object.entries(optimizers))('%s', async (_, make) => {
  const fitted = await after(make, 'fit')
  expect(fitted.every(Number.isFinite)).toBe(true)
  for (const how of ['jit', 'eager'] as const) {
    const own = await after(make, how)
    expect(own.length).toBe(fitted.length)
    for (const [i, value] of own.entries()) expect(value, `${how}, number ${i}`).toBeCloseTo(fitted[i]!, 10)
  }
})

test('what is left out of weight decay moves as without it, the rest does not', async () => {
  const [plain, decayed, without] = await Promise.all(
    [() => new Adam({ learningRate }), optimizers.AdamW!, optimizers['AdamW without biases']!].map((make) =>
      after(make, 'jit'),
    ),
  )
  // One step in, before one weight's decay has changed another's gradient, biases agree; here the two must differ.
  expect(without).not.toEqual(decayed)
  expect(without).not.toEqual(plain)
  const weight = (name: string) => variable(tensor([1]), { name })
  const [kernel, bias] = [weight('kernel'), weight('bias')]
  const optimizer = optimizers['AdamW without biases']!()
  optimizer.apply([tensor([0]), tensor([0])], [kernel, bias])
  expect(bias.dataSync()[0]).toBe(1)
  expect(kernel.dataSync()[0]).toBeCloseTo(1 - 0.1 * learningRate, 12)
})

test('a function as rate is drawn once a trace', async () => {
  let drawn = 0
  const learningRate = (step: Tensor): Tensor => {
    drawn += 1
    return step.cast('float64').add(1).pow(-1)
  }
  const [w, optimizer] = [variable(0), new SGD({ learningRate })]
  const step = jit(() => optimizer.apply([tensor(-1)], [w]))
  for (let i = 0; i < 2; i += 1) await step()
  expect([drawn, w.dataSync()[0]]).toEqual([1, 1.5])
})

describe('iterations', () => {
  test('count each apply, wherever it is called', async () => {
    const w = variable(1)
    const optimizer = new SGD({ learningRate: 0.1 })
    const step = jit(() => optimizer.apply([tensor(1)], [w]))
    optimizer.apply([tensor(1)], [w])
    await step()
    optimizer.apply([tensor(1)], [w])
    await step()
    expect(optimizer.iterations.dataSync()[0]).toBe(4)
    expect(w.dataSync()[0]).toBeCloseTo(0.6, 12)
  })

  test('may be set, and the schedule goes on from there', async () => {
    const w = variable(0)
    const optimizer = new SGD({ learningRate: new PiecewiseConstantDecay({ boundaries: [10], values: [1, 0.25] }) })
    const step = jit(() => optimizer.apply([tensor(-1)], [w]))
    await step()
    optimizer.iterations.assign(tensor(11, [], 'int32'))
    await step()
    expect(w.dataSync()[0]).toBe(1.25)
  })
})

describe('bad calls', () => {
  const w = (): ReturnType<typeof variable> => variable([1, 2], { name: 'w' })
  const cases: [string, string, string, () => unknown][] = [
    [
      'fewer gradients',
      'ERR_SHAPE',
      'SGD.apply: expected a gradient (or undefined) for each of 1',
      () => new SGD().apply([], [w()]),
    ],
    [
      'no gradient at all',
      'ERR_STATE',
      'expected a gradient for at least one',
      () => new SGD().apply([undefined], [w()]),
    ],
    [
      'another shape',
      'ERR_SHAPE',
      `SGD.apply gradient of 'w': expected shape [2], got [3]`,
      () => new SGD().apply([tensor([1, 2, 3])], [w()]),
    ],
    [
      'one number for all',
      'ERR_SHAPE',
      `SGD.apply gradient of 'w': expected shape [2], got []`,
      () => new SGD().apply([tensor(1)], [w()]),
    ],
    [
      'a plain number',
      'ERR_DATA',
      `SGD.apply gradient of 'w': expected a tensor, got 1`,
      () => new SGD().apply([1 as never], [w()]),
    ],
    ['no list', 'ERR_DATA', 'SGD.apply: expected lists', () => new SGD().apply(tensor([1, 2]) as never, w() as never)],
    [
      'a tensor to change',
      'ERR_DATA',
      'SGD.apply: expected variables, got an instance of Tensor',
      () => new SGD().apply([tensor(1)], [tensor(1) as never]),
    ],
    [
      'integers',
      'ERR_DTYPE',
      `SGD.apply: expected variables of float32 or float64, got 'k': int32`,
      () => new SGD().apply([tensor(1)], [variable(1, { name: 'k', dtype: 'int32' })]),
    ],
    [
      'one variable twice',
      'ERR_CONFIG',
      `SGD.apply: expected each variable once, got 'w' twice`,
      () => {
        const one = w()
        new SGD().apply([tensor([1, 2]), tensor([1, 2])], [one, one])
      },
    ],
  ]
  test.each(cases)('%s', (_, code, words, call) => {
    const error = caught(call)
    expect(error).toMatchObject({ name: 'FerrogradError', code })
    expect((error as Error).message).toContain(words)
  })
})
