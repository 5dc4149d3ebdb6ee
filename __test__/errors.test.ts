/** Errors as data, and what the console shows of objects. */
import { inspect } from 'node:util'
import { FerrogradError, input, ops, Sequential, tensor } from 'ferrograd'
import { Conv1D, Dense } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { describe, expect, test } from 'vitest'
import { caught } from './caught.js'

const errorOf = (call: () => unknown): FerrogradError => caught(call) as FerrogradError

describe('an error says in parts', () => {
  test('where, what was expected, what came, and what to do', () => {
    expect(errorOf(() => new Dense({ units: -3 }))).toMatchObject({
      code: 'ERR_CONFIG',
      where: 'Dense.units',
      expected: 'an integer ≥ 1',
      received: -3,
    })
    // @ts-expect-error
    expect(errorOf(() => new Dense({ unit: 3 }))).toMatchObject({ where: 'Dense', hint: `Did you mean 'units'?` })
  })

  test('the op and the argument that is no tensor', () => {
    const [row, column] = [ops.ones([1, 3]), ops.ones([2, 1])]
    expect(errorOf(() => ops.matmul(row, column))).toMatchObject({ code: 'ERR_SHAPE', where: 'matmul' })
    // @ts-expect-error
    expect(errorOf(() => ops.multiply(2, 'two'))).toMatchObject({ where: 'multiply, argument 2', received: 'two' })
    // @ts-expect-error
    expect(errorOf(() => ops.mean({ a: 1 })).message).toMatch(/^mean, argument 1: expected .*, got \{ a: 1 \}/)
  })

  test('a class that is called in place of a layer', () => {
    // @ts-expect-error
    expect(errorOf(() => Dense.call(tensor([[1]])))).toMatchObject({
      code: 'ERR_STATE',
      hint: 'Make one: new Dense(…)',
    })
    // @ts-expect-error
    expect(errorOf(() => Adam.apply([]))).toMatchObject({ code: 'ERR_STATE', where: 'Adam.apply' })
  })

  test('a list of tensors for a layer that takes one', () => {
    const x = tensor([[1, 2]])
    // @ts-expect-error
    expect(errorOf(() => new Dense({ units: 1 }).apply([x, x]))).toMatchObject({
      message: 'Dense input: expected one tensor, got [[1, 2], [1, 2]]. Join several with Concatenate or Add first',
    })
    const symbol = input({ shape: [2] })
    // @ts-expect-error
    expect(errorOf(() => new Conv1D({ filters: 1, kernelSize: 1 }).apply([symbol, symbol])).message).toMatch(
      /one tensor/,
    )
  })

  test('an abort is an AbortError with our code', async () => {
    const model = new Sequential([new Dense({ units: 1, inputShape: [1] })])
    model.compile({ loss: 'mse' })
    const run = model.fit([[1]], [1], { signal: AbortSignal.abort(), verbose: 0 })
    await expect(run).rejects.toMatchObject({ name: 'AbortError', code: 'ERR_ABORTED' })
    await expect(run).rejects.toBeInstanceOf(FerrogradError)
  })
})

describe('the console shows', () => {
  test('a layer, an optimizer, a symbolic tensor in one line', () => {
    expect(inspect(new Dense({ units: 3, activation: 'relu', name: 'mine' }))).toBe(
      `Dense 'mine' (units: 3, activation: relu; not built)`,
    )
    expect(inspect(new Adam({ learningRate: 0.01 }))).toBe('Adam(learningRate: 0.01)')
    expect(inspect(input({ shape: [3] }))).toMatch(/^SymbolicTensor\(float32\[batch, 3\], output of input_layer/)
  })

  test('the summary of a model, and the logs of a history from first to last', async () => {
    const model = new Sequential([new Dense({ units: 1, inputShape: [1], kernelInitializer: 'zeros' })])
    expect(inspect(model)).toBe(model.summary({ print: false }))
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    const history = await model.fit([[1]], [1], { epochs: 2, verbose: 0 })
    expect(inspect(history)).toMatch(/^History\(2 epochs; loss 1 → 0\.\d+\)$/)
  })
})
