/** Layers. */

export { Activation, type ActivationOptions } from './activation.js'
export {
  ELU,
  type ELUOptions,
  LeakyReLU,
  type LeakyReLUOptions,
  PReLU,
  type PReLUOptions,
  ReLU,
  type ReLUOptions,
  Softmax,
  type SoftmaxOptions,
} from './activations.js'
export { type Adaptable, type Adaptation, adaptAll } from './adaptation.js'
export * from './attention/index.js'
export * from './augmentation/index.js'
export { BatchNormalization, type BatchNormalizationOptions } from './batch-normalization.js'
export type { CallContext } from './context.js'
export { Dense, type DenseOptions } from './dense.js'
export { EinsumDense, type EinsumDenseOptions } from './einsum-dense.js'
export { Embedding, type EmbeddingOptions, Masking, type MaskingOptions } from './embedding.js'
export { getLayer } from './family.js'
export { Flatten, type FlattenOptions } from './flatten.js'
export { type Feature, HashedCrossing, type HashedCrossingOptions } from './hashed-crossing.js'
export { Hashing, type HashingOptions } from './hashing.js'
export {
  IndexLookup,
  type LookupData,
  type LookupFields,
  type LookupOptions,
  type Token,
  type Tokens,
} from './index-lookup.js'
export { InputLayer, type InputLayerOptions } from './input.js'
export { IntegerLookup, type IntegerLookupOptions } from './integer-lookup.js'
export { Lambda, type LambdaOptions } from './lambda.js'
export {
  type AnyLayer,
  type InputSpec,
  Layer,
  type LayerOptions,
  type Masks,
  type Tensors,
  type WeightOptions,
} from './layer.js'
export type { EnableLoraOptions, LowRank, LowRankLayer } from './low-rank.js'
export { MelSpectrogram, type MelSpectrogramOptions } from './mel-spectrogram.js'
export {
  Add,
  Average,
  add,
  average,
  Concatenate,
  type ConcatenateOptions,
  concatenate,
  Dot,
  type DotOptions,
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
  type GroupNormalizationOptions,
  LayerNormalization,
  type LayerNormalizationOptions,
  RMSNormalization,
  type RMSNormalizationOptions,
  UnitNormalization,
  type UnitNormalizationOptions,
} from './normalization.js'
export * from './pictures/index.js'
export { Pipeline, type PipelineOptions } from './pipeline.js'
export {
  CategoryEncoding,
  type CategoryEncodingOptions,
  Discretization,
  type DiscretizationOptions,
  Normalization,
  type NormalizationOptions,
  Rescaling,
  type RescalingOptions,
} from './preprocessing.js'
export { recompute } from './recompute.js'
export type { Cell, CellContext, CellResult, StateSize, States } from './recurrent/cell.js'
export * from './recurrent/index.js'
export type { Recurrent, RecurrentContext, RecurrentOptions } from './recurrent/recurrent.js'
export {
  ActivityRegularization,
  type ActivityRegularizationOptions,
  AlphaDropout,
  type AlphaDropoutOptions,
  Dropout,
  type DropoutOptions,
  GaussianDropout,
  type GaussianDropoutOptions,
  GaussianNoise,
  type GaussianNoiseOptions,
} from './regularization.js'
export { Reshape, type ReshapeOptions } from './reshape.js'
export { Identity, Permute, type PermuteOptions, RepeatVector, type RepeatVectorOptions } from './reshaping.js'
export { SpectralNormalization, type SpectralNormalizationOptions } from './spectral-normalization.js'
export { STFTSpectrogram, type STFTSpectrogramOptions } from './stft-spectrogram.js'
export { StringLookup, type StringLookupOptions } from './string-lookup.js'
export { type Texts, TextVectorization, type TextVectorizationOptions } from './text-vectorization.js'
