/** The closed set of optimizers and the names they go by. */

import { type ClassOf, type Family, resolveObject } from '../options/family.js'
import type { Spelling } from '../options/names.js'
import { Adadelta } from './adadelta.js'
import { Adafactor } from './adafactor.js'
import { Adagrad } from './adagrad.js'
import { Adam, AdamW } from './adam.js'
import { Adamax } from './adamax.js'
import { Ftrl } from './ftrl.js'
import { Lamb } from './lamb.js'
import { Lion } from './lion.js'
import { Nadam } from './nadam.js'
import { Optimizer } from './optimizer.js'
import { RMSprop } from './rmsprop.js'
import { SGD } from './sgd.js'

/** The names of the optimizers. */
export type OptimizerName =
  | 'sgd'
  | 'rmsprop'
  | 'adam'
  | 'adamw'
  | 'adagrad'
  | 'adadelta'
  | 'adamax'
  | 'nadam'
  | 'ftrl'
  | 'lion'
  | 'lamb'
  | 'adafactor'

/** A name, or an instance. */
export type OptimizerLike = Spelling<OptimizerName> | Optimizer

const classes = {
  sgd: SGD,
  rmsprop: RMSprop,
  adam: Adam,
  adamw: AdamW,
  adagrad: Adagrad,
  adadelta: Adadelta,
  adamax: Adamax,
  nadam: Nadam,
  ftrl: Ftrl,
  lion: Lion,
  lamb: Lamb,
  adafactor: Adafactor,
} satisfies Record<OptimizerName, ClassOf<Optimizer>>

/** The closed set of optimizers. */
export const optimizerFamily: Family<Optimizer> = {
  noun: 'an optimizer: a name or an instance',
  module: 'keras.optimizers',
  classes,
  is: (value): value is Optimizer => value instanceof Optimizer,
}

/** The optimizer of a name, or of a serialized object; an instance is itself. */
export function getOptimizer(optimizer: OptimizerLike, where = 'optimizer'): Optimizer {
  return resolveObject(optimizer, where, optimizerFamily)
}
