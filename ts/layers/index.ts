/** Layers. */

export { Activation } from './activation.js'
export { ELU, LeakyReLU, PReLU, ReLU, Softmax } from './activations.js'
export { BatchNormalization } from './batch-normalization.js'
export type { CallContext } from './context.js'
export { Dense } from './dense.js'
export { EinsumDense } from './einsum-dense.js'
export { Embedding, Masking } from './embedding.js'
export { getLayer } from './family.js'
export { Flatten } from './flatten.js'
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
} from './merging/index.js'
export {
  GroupNormalization,
  LayerNormalization,
  RMSNormalization,
  UnitNormalization,
} from './normalization.js'
export { CategoryEncoding, Discretization, Normalization, Rescaling } from './preprocessing.js'
export { ActivityRegularization, AlphaDropout, Dropout, GaussianDropout, GaussianNoise } from './regularization.js'
export { Reshape } from './reshape.js'
export { Identity, Permute, RepeatVector } from './reshaping.js'
export { StringLookup } from './string-lookup.js'
