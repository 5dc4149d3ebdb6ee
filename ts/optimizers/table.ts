/** The closed set of optimizers and the names they go by. */

import { type ClassOf, type Family, resolveObject } from '../fields.js'
import type { Spelling } from '../names.js'
import { Adam, AdamW } from './adam.js'
import { Optimizer } from './optimizer.js'
import { SGD } from './sgd.js'

/** The names of the optimizers. */
export type OptimizerName = 'sgd' | 'adam' | 'adamw'

/** A name, or an instance. */
export type OptimizerLike = Spelling<OptimizerName> | Optimizer

const classes = { sgd: SGD, adam: Adam, adamw: AdamW } satisfies Record<OptimizerName, ClassOf<Optimizer>>

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
