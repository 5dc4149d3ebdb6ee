/** All initializers by name. */

import { type Family, resolveObject } from '../options/family.js'
import type { Kind } from '../options/fields.js'
import type { Spelling } from '../options/names.js'
import { serializeAs } from '../options/serialized.js'
import { Constant, Ones, Zeros } from './constants.js'
import { Identity } from './identity.js'
import { Initializer } from './initializer.js'
import { Orthogonal } from './orthogonal.js'
import { RandomNormal, RandomUniform, TruncatedNormal } from './random.js'
import { STFT } from './stft.js'
import {
  GlorotNormal,
  GlorotUniform,
  HeNormal,
  HeUniform,
  LecunNormal,
  LecunUniform,
  VarianceScaling,
} from './variance-scaling.js'

/** The names of the initializers. */
export type InitializerName =
  | 'zeros'
  | 'ones'
  | 'constant'
  | 'randomNormal'
  | 'normal'
  | 'randomUniform'
  | 'uniform'
  | 'truncatedNormal'
  | 'varianceScaling'
  | 'glorotNormal'
  | 'glorotUniform'
  | 'heNormal'
  | 'heUniform'
  | 'lecunNormal'
  | 'lecunUniform'
  | 'orthogonal'
  | 'identity'
  | 'stft'

/** A name in either spelling, or an instance. */
export type InitializerLike = Spelling<InitializerName> | Initializer

const classes = {
  zeros: Zeros,
  ones: Ones,
  constant: Constant,
  randomNormal: RandomNormal,
  randomUniform: RandomUniform,
  truncatedNormal: TruncatedNormal,
  varianceScaling: VarianceScaling,
  glorotNormal: GlorotNormal,
  glorotUniform: GlorotUniform,
  heNormal: HeNormal,
  heUniform: HeUniform,
  lecunNormal: LecunNormal,
  lecunUniform: LecunUniform,
  orthogonal: Orthogonal,
  identity: Identity,
  stft: STFT,
} satisfies Record<Exclude<InitializerName, 'normal' | 'uniform'>, unknown>

/** The closed set of initializers. */
export const initializerFamily: Family<Initializer> = {
  noun: 'an initializer: a name or an instance',
  module: 'keras.initializers',
  classes,
  aliases: { normal: 'randomNormal', uniform: 'randomUniform' },
  is: (value): value is Initializer => value instanceof Initializer,
}

/** The initializer of a name in any spelling, or of a serialized object; an instance is itself. */
export function getInitializer(initializer: InitializerLike, where = 'initializer'): Initializer {
  return resolveObject(initializer, where, initializerFamily)
}

/** How options and configurations hold an initializer. */
export const initializerKind: Kind<Initializer> = {
  check: (value, where) => resolveObject(value, where, initializerFamily),
  toConfig: (value) => serializeAs('keras.initializers', value),
}
