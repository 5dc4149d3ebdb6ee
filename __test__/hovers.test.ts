/** What an editor shows: the options of a class by their name, each with its sentence and its default; short errors. */

import { expect, it } from 'vitest'
import { errorsIn, hoversOf } from './hovers.js'

/** The first line of a hover, without the note that it came by an import. */
const line = (text: string): string => text.split('\n')[0]!.replace('(alias) ', '')

it('hovers name the options and show their defaults', () => {
  const hovers = hoversOf(`
    import { Dense } from 'ferrograd/layers'
    import { Adam } from 'ferrograd/optimizers'
    import { MeanSquaredError } from 'ferrograd/losses'
    import { EarlyStopping } from 'ferrograd/callbacks'
    import { Sequential } from 'ferrograd'
    new /*dense*/Dense({ units: 3, /*bias*/useBias: true, /*trainable*/trainable: true })
    new /*adam*/Adam({ /*beta*/beta1: 0.9 })
    new /*mse*/MeanSquaredError()
    new /*early*/EarlyStopping({ patience: 3 })
    const model = new Sequential()
    model./*fit*/fit([[1]], [1], { /*epochs*/epochs: 3 })
    model./*predict*/predict([[1]])
  `)
  const shown = Object.fromEntries(Object.entries(hovers).map(([name, { text }]) => [name, line(text)]))
  expect(shown).toEqual({
    dense: 'new Dense(options: DenseOptions): Dense',
    bias: '(property) useBias?: boolean',
    trainable: '(property) trainable?: boolean',
    adam: 'new Adam(options?: AdamOptions | undefined): Adam',
    beta: '(property) beta1?: number',
    mse: 'new MeanSquaredError(options?: LossOptions): MeanSquaredError',
    early: 'new EarlyStopping(options?: EarlyStoppingOptions | undefined): EarlyStopping',
    fit: '(method) Model<SymbolicTensor, SymbolicTensor>.fit(x: ModelData, y?: Targets | undefined, options?: FitOptions): FitRun (+1 overload)',
    epochs: '(property) epochs?: number',
    predict:
      '(method) Model<SymbolicTensor, SymbolicTensor>.predict<Tensor>(x: ModelData, options?: PredictOptions): Promise<Tensor>',
  })
  expect(hovers.bias!.doc).toBe('Whether a bias is added. Default true.')
  expect(hovers.beta!.doc).toBe('How slowly the mean of gradients moves. Default 0.9.')
  expect(hovers.epochs!.doc).toBe('Passes over the data, counted from 0. Default 1.')
}, 120_000)

it('errors name the options, and the nearest one', () => {
  const errors = errorsIn(`
    import { Dense, Layer } from 'ferrograd/layers'
    import { Adam } from 'ferrograd/optimizers'
    import { Sequential, type Tensor } from 'ferrograd'
    new Dense({ unit: 3 })
    new Adam({ beta: 1 })
    new Sequential().fit([[1]], [1], { epoch: 1 })
    class Own extends Layer.with({ factor: { type: 'number', default: 2 } }) {
      override call(x: Tensor): Tensor { return x.mul(this.options.factor) }
    }
    new Own({ factor: '3' })
    class Half extends Layer.with({ factor: { type: 'number' } }) {}
    declare const x: Tensor
    new Dense({ units: 3 }).apply([x, x])
  `)
  const unknown = (name: string, options: string, near: string): string =>
    `Object literal may only specify known properties, but '${name}' does not exist in type '${options}'. Did you mean to write '${near}'?`
  expect(errors[0]).toBe(unknown('unit', 'DenseOptions', 'units'))
  expect(errors[1]).toBe(unknown('beta', 'AdamOptions', 'beta1'))
  expect(errors[2]).toContain(unknown('epoch', 'FitOptions', 'epochs'))
  expect(errors[3]).toBe("Type 'string' is not assignable to type 'number'.")
  expect(errors[4]).toContain("Non-abstract class 'Half' does not implement inherited abstract member call")
  expect(errors[5]).toContain("Argument of type 'Tensor[]' is not assignable")
  expect(errors[5]).not.toContain('Model')
  expect(errors).toHaveLength(6)
}, 120_000)
