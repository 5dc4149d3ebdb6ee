/** The closed set of layers. */

import type { Inside } from '../options/config.js'
import { type ClassOf, type Family, resolveObject } from '../options/family.js'
import { Activation } from './activation.js'
import { ELU, LeakyReLU, PReLU, ReLU, Softmax } from './activations.js'
import * as attention from './attention/index.js'
import * as augmentation from './augmentation/index.js'
import { BatchNormalization } from './batch-normalization.js'
import { Dense } from './dense.js'
import { EinsumDense } from './einsum-dense.js'
import { Embedding, Masking } from './embedding.js'
import { Flatten } from './flatten.js'
import { HashedCrossing } from './hashed-crossing.js'
import { Hashing } from './hashing.js'
import { InputLayer } from './input.js'
import { IntegerLookup } from './integer-lookup.js'
import { Layer } from './layer.js'
import { MelSpectrogram } from './mel-spectrogram.js'
import { Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract } from './merging/index.js'
import { GroupNormalization, LayerNormalization, RMSNormalization, UnitNormalization } from './normalization.js'
import * as pictures from './pictures/index.js'
import { Pipeline } from './pipeline.js'
import { CategoryEncoding, Discretization, Normalization, Rescaling } from './preprocessing.js'
import * as recurrent from './recurrent/index.js'
import { ActivityRegularization, AlphaDropout, Dropout, GaussianDropout, GaussianNoise } from './regularization.js'
import { Reshape } from './reshape.js'
import { Identity, Permute, RepeatVector } from './reshaping.js'
import { SpectralNormalization } from './spectral-normalization.js'
import { STFTSpectrogram } from './stft-spectrogram.js'
import { StringLookup } from './string-lookup.js'
import { TextVectorization } from './text-vectorization.js'

const own: Readonly<Record<string, ClassOf<Layer>>> = {
  Activation,
  ActivityRegularization,
  Add,
  AlphaDropout,
  Average,
  BatchNormalization,
  CategoryEncoding,
  Concatenate,
  Dense,
  Discretization,
  Dot,
  Dropout,
  EinsumDense,
  ELU,
  Embedding,
  Flatten,
  GaussianDropout,
  GaussianNoise,
  GroupNormalization,
  HashedCrossing,
  Hashing,
  Identity,
  InputLayer,
  IntegerLookup,
  LayerNormalization,
  LeakyReLU,
  Masking,
  Maximum,
  MelSpectrogram,
  Minimum,
  Multiply,
  Normalization,
  Permute,
  Pipeline,
  PReLU,
  ReLU,
  RepeatVector,
  Rescaling,
  Reshape,
  RMSNormalization,
  Softmax,
  SpectralNormalization,
  STFTSpectrogram,
  StringLookup,
  Subtract,
  TextVectorization,
  UnitNormalization,
}

type Classes = Readonly<Record<string, ClassOf<Layer>>>

/** Each is looked up by itself: others need not have been read. */
const together = (): Classes =>
  [own, attention, augmentation, pictures, recurrent].reduce<Classes>(
    (all, some) => Object.defineProperties(all, Object.getOwnPropertyDescriptors(some)),
    {},
  )

let classes: Classes | undefined

/** The closed set of layers. */
export const layerFamily: Family<Layer> = {
  noun: 'a layer',
  module: 'keras.layers',
  get classes() {
    classes ??= together()
    return classes
  },
  is: (value): value is Layer => value instanceof Layer,
}

/** The layer of a serialized object; an instance is itself. `inside` makes the layers that it holds. */
export function getLayer(layer: unknown, where = 'layer', inside?: Inside): Layer {
  return resolveObject(layer, where, layerFamily, inside)
}
