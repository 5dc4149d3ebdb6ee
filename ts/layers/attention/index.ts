/** Layers of attention, of positions, and the blocks that transformers are made of. */

export { AdditiveAttention, type AdditiveAttentionOptions } from './additive-attention.js'
export { AlibiBias, type AlibiBiasOptions } from './alibi-bias.js'
export { Attention, type AttentionContext, type AttentionOptions, type QueryValueKey } from './attention.js'
export {
  GroupedQueryAttention,
  type GroupedQueryAttentionOptions,
  GroupQueryAttention,
} from './grouped-query-attention.js'
export type { Heads, HeadsContext } from './heads.js'
export { MultiHeadAttention, type MultiHeadAttentionOptions } from './multi-head-attention.js'
export { PositionEmbedding, type PositionEmbeddingOptions } from './position-embedding.js'
export type { PositionContext } from './positions.js'
export {
  ReversibleEmbedding,
  type ReversibleEmbeddingContext,
  type ReversibleEmbeddingOptions,
} from './reversible-embedding.js'
export { RotaryEmbedding, type RotaryEmbeddingOptions } from './rotary-embedding.js'
export { SinePositionEncoding, type SinePositionEncodingOptions } from './sine-position-encoding.js'
export { TokenAndPositionEmbedding, type TokenAndPositionEmbeddingOptions } from './token-and-position-embedding.js'
export type { TransformerOptions } from './transformer.js'
export {
  type DecoderInputs,
  TransformerDecoder,
  type TransformerDecoderContext,
  type TransformerDecoderOptions,
} from './transformer-decoder.js'
export { TransformerEncoder, type TransformerEncoderContext } from './transformer-encoder.js'
