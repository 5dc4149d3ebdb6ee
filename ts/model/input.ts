/** The entrance of a functional graph. */

import { type GraphCall, SymbolicTensor } from '../core/symbolic-tensor.js'
import { InputLayer, type InputLayerOptions } from '../layers/input.js'

/** Options of {@link input}: those of the layer that stands for the data, but for what it is not. */
export interface InputOptions extends Omit<InputLayerOptions, 'trainable' | 'inputShape' | 'activityRegularizer'> {}

/**
 * A symbolic tensor that stands for data of a shape.
 *
 * @example
 * ```ts
 * import { input, Model } from 'ferrograd'
 * import { Dense } from 'ferrograd/layers'
 *
 * const x = input({ shape: [2] })
 * const y = new Dense({ units: 1 }).apply(new Dense({ units: 3, activation: 'sigmoid' }).apply(x))
 * const model = new Model({ inputs: x, outputs: y })
 * ```
 */
export function input(options: InputOptions): SymbolicTensor {
  return inputOf(new InputLayer(options))
}

/** Whether data for an input may be left out. */
export function isOptional({ history }: SymbolicTensor): boolean {
  return history.call.target instanceof InputLayer && history.call.target.options.optional
}

/** The symbolic tensor that an input layer gives. */
export function inputOf(layer: InputLayer): SymbolicTensor {
  layer.built = true
  const outputs: SymbolicTensor[] = []
  const call: GraphCall = { target: layer, args: [], kwargs: {}, sources: [], outputs }
  const symbol = new SymbolicTensor(layer.batchShape, layer.inputDtype, { call, index: 0 })
  outputs.push(symbol)
  return symbol
}
