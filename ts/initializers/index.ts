/** Initializers: the first value of a weight, from its shape and a seed. */

export { Constant, Ones, Zeros } from './constants.js'
export { getInitializer, type InitializerLike, type InitializerName } from './family.js'
export { Identity } from './identity.js'
export { Initializer } from './initializer.js'
export { Orthogonal } from './orthogonal.js'
export { RandomNormal, RandomUniform, TruncatedNormal } from './random.js'
export {
  GlorotNormal,
  GlorotUniform,
  HeNormal,
  HeUniform,
  LecunNormal,
  LecunUniform,
  VarianceScaling,
} from './variance-scaling.js'
