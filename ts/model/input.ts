/** The entrance of a functional graph. */

import { type GraphCall, SymbolicTensor } from '../core/symbolic-tensor.js'
import { InputLayer } from '../layers/input.js'
import type { DType, PartialShape } from '../types.js'

export interface InputOptions {
  /** The shape of one sample; null where it may vary. */
  readonly shape?: PartialShape
  /** A fixed batch size. */
  readonly batchSize?: number
  /** The whole shape, the batch first; in place of `shape`. */
  readonly batchShape?: PartialShape
  /** The element type; the configured float type unless given. */
  readonly dtype?: DType
  readonly name?: string
}

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

/** The symbolic tensor that an input layer gives. */
export function inputOf(layer: InputLayer): SymbolicTensor {
  layer.built = true
  const outputs: SymbolicTensor[] = []
  const call: GraphCall = { target: layer, args: [], kwargs: {}, sources: [], outputs }
  const symbol = new SymbolicTensor(layer.batchShape, layer.inputDtype, { call, index: 0 })
  outputs.push(symbol)
  return symbol
}
