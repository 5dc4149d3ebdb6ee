/** Layers. */

export { ELU, LeakyReLU, PReLU, ReLU, Softmax } from './activations.js'
export { BatchNormalization } from './batch-normalization.js'
export type { CallContext } from './context.js'
export { Activation, Dense, Flatten, Reshape } from './core.js'
export { EinsumDense } from './einsum-dense.js'
export { Embedding, Masking } from './embedding.js'
export { IndexLookup, type LookupFields, type Token, type Tokens } from './index-lookup.js'
export { InputLayer } from './input.js'
export { IntegerLookup } from './integer-lookup.js'
export { type InputSpec, Layer, type Masks, type Tensors, type WeightOptions } from './layer.js'
export {
  Add,
  Average,
  add,
  average,
  Concatenate,
  concatenate,
  Dot,
  dot,
  Maximum,
  Minimum,
  Multiply,
  maximum,
  minimum,
  multiply,
  Subtract,
  subtract,
} from './merging.js'
export {
  GroupNormalization,
  LayerNormalization,
  RMSNormalization,
  UnitNormalization,
} from './normalization.js'
export { CategoryEncoding, Discretization, Normalization, Rescaling } from './preprocessing.js'
export { ActivityRegularization, AlphaDropout, Dropout, GaussianDropout, GaussianNoise } from './regularization.js'
export { Identity, Permute, RepeatVector } from './reshaping.js'
export { StringLookup } from './string-lookup.js'
export { getLayer } from './table.js'
