/** Initializers: the first value of a weight, from its shape and a seed. */

export { Constant, type ConstantOptions, Ones, Zeros } from './constants.js'
export { getInitializer, type InitializerLike, type InitializerName } from './family.js'
export { Identity, type IdentityOptions } from './identity.js'
export { Initializer } from './initializer.js'
export { Orthogonal, type OrthogonalOptions } from './orthogonal.js'
export {
  RandomNormal,
  type RandomNormalOptions,
  RandomUniform,
  type RandomUniformOptions,
  TruncatedNormal,
  type TruncatedNormalOptions,
} from './random.js'
export { STFT, type STFTOptions } from './stft.js'
export {
  GlorotNormal,
  GlorotUniform,
  HeNormal,
  HeUniform,
  LecunNormal,
  LecunUniform,
  type SeedOptions,
  VarianceScaling,
  type VarianceScalingOptions,
} from './variance-scaling.js'
