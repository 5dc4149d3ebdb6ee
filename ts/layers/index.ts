/** Layers. */

export type { CallContext } from './context.js'
export { Activation, Dense, Flatten, Reshape } from './core.js'
export { InputLayer } from './input.js'
export { type InputSpec, Layer, type Tensors, type WeightOptions } from './layer.js'
export { Dropout } from './regularization.js'
export { getLayer } from './table.js'
