/** Constraints: what a weight is set back to after every step. */

import { epsilon } from './config.js'
import type { Tensor } from './core/tensor.js'
import * as ops from './ops.js'
import { Configurable, type With } from './options/configurable.js'
import { type Family, resolveObject } from './options/family.js'
import type { Kind, Named, NoOptions, OptionsOf } from './options/fields.js'
import type { Spelling } from './options/names.js'
import { serializeAs } from './options/serialized.js'

/** The names of the constraints. */
export type ConstraintName = 'maxNorm' | 'minMaxNorm' | 'nonNeg' | 'unitNorm'

/** A name in either spelling, or an instance. */
export type ConstraintLike = Spelling<ConstraintName> | Constraint

/** Base of constraints; your own extend it and write `call`. */
export abstract class Constraint extends Configurable {
  constructor(options?: NoOptions) {
    super(options)
  }

  /** The admissible weight nearest to `w`, same shape. */
  abstract call(w: Tensor): Tensor
}

type Axis = number | readonly number[]

function norms(w: Tensor, axis: Axis): Tensor {
  return ops.norm(w, { axis, keepdims: true })
}

const maxNormFields = {
  /** The longest norm allowed. Default 2. */
  maxValue: { type: 'number', default: 2, min: 0 },
  /** The axes a norm runs over. Default 0. */
  axis: { type: 'axis', default: 0 },
} as const

/** Options of {@link MaxNorm}. */
export interface MaxNormOptions extends OptionsOf<typeof maxNormFields>, Named {}

const MaxNormBase: With<typeof Constraint, typeof maxNormFields, MaxNormOptions> = Constraint.with(maxNormFields)

/**
 * `w · clip(n, 0, maxValue) / (ε + n)` with n the norm along `axis` (Srivastava et al., 2014).
 *
 * @see keras.constraints.MaxNorm
 *
 * @example
 * import { MaxNorm } from 'ferrograd/constraints'
 * import { Dense } from 'ferrograd/layers'
 *
 * const layer = new Dense({ units: 8, kernelConstraint: new MaxNorm({ maxValue: 3 }) })
 */
export class MaxNorm extends MaxNormBase {
  static override readonly className = 'MaxNorm'

  override call(w: Tensor): Tensor {
    const n = norms(w, this.options.axis)
    return ops.multiply(w, ops.divide(ops.clip(n, 0, this.options.maxValue), ops.add(n, epsilon())))
  }
}

const minMaxNormFields = {
  /** The shortest norm allowed. Default 0. */
  minValue: { type: 'number', default: 0, min: 0 },
  /** The longest norm allowed. Default 1. */
  maxValue: { type: 'number', default: 1, min: 0 },
  /** How much of the way back is gone each step. Default 1. */
  rate: { type: 'number', default: 1, min: 0, max: 1 },
  /** The axes a norm runs over. Default 0. */
  axis: { type: 'axis', default: 0 },
} as const

/** Options of {@link MinMaxNorm}. */
export interface MinMaxNormOptions extends OptionsOf<typeof minMaxNormFields>, Named {}

const MinMaxNormBase: With<typeof Constraint, typeof minMaxNormFields, MinMaxNormOptions> =
  Constraint.with(minMaxNormFields)

/**
 * `w · (rate · clip(n, minValue, maxValue) + (1 − rate) · n) / (ε + n)`.
 *
 * @see keras.constraints.MinMaxNorm
 *
 * @example
 * import { MinMaxNorm } from 'ferrograd/constraints'
 *
 * const constraint = new MinMaxNorm({ minValue: 0.5, maxValue: 1 })
 */
export class MinMaxNorm extends MinMaxNormBase {
  static override readonly className = 'MinMaxNorm'

  override call(w: Tensor): Tensor {
    const { minValue, maxValue, rate, axis } = this.options
    const n = norms(w, axis)
    const wanted = ops.add(ops.multiply(ops.clip(n, minValue, maxValue), rate), ops.multiply(n, 1 - rate))
    return ops.multiply(w, ops.divide(wanted, ops.add(n, epsilon())))
  }
}

/**
 * `max(w, 0)`.
 *
 * @see keras.constraints.NonNeg
 *
 * @example
 * import { NonNeg } from 'ferrograd/constraints'
 *
 * const constraint = new NonNeg()
 */
export class NonNeg extends Constraint {
  static override readonly className = 'NonNeg'

  override call(w: Tensor): Tensor {
    return ops.maximum(w, 0)
  }
}

const unitNormFields = {
  /** The axes a norm runs over. Default 0. */
  axis: { type: 'axis', default: 0 },
} as const

/** Options of {@link UnitNorm}. */
export interface UnitNormOptions extends OptionsOf<typeof unitNormFields>, Named {}

const UnitNormBase: With<typeof Constraint, typeof unitNormFields, UnitNormOptions> = Constraint.with(unitNormFields)

/**
 * `w / (ε + n)` with n the norm along `axis`.
 *
 * @see keras.constraints.UnitNorm
 *
 * @example
 * import { UnitNorm } from 'ferrograd/constraints'
 *
 * const constraint = new UnitNorm({ axis: 0 })
 */
export class UnitNorm extends UnitNormBase {
  static override readonly className = 'UnitNorm'

  override call(w: Tensor): Tensor {
    return ops.divide(w, ops.add(norms(w, this.options.axis), epsilon()))
  }
}

const classes = { maxNorm: MaxNorm, minMaxNorm: MinMaxNorm, nonNeg: NonNeg, unitNorm: UnitNorm } satisfies Record<
  ConstraintName,
  unknown
>

/** The closed set of constraints. */
export const constraintFamily: Family<Constraint> = {
  noun: 'a constraint: a name or an instance',
  module: 'keras.constraints',
  classes,
  is: (value): value is Constraint => value instanceof Constraint,
}

/** The constraint of a name in any spelling, or of a serialized object; an instance is itself. */
export function getConstraint(constraint: ConstraintLike, where = 'constraint'): Constraint {
  return resolveObject(constraint, where, constraintFamily)
}

/** How options and configurations hold a constraint. */
export const constraintKind: Kind<Constraint> = {
  check: (value, where) => resolveObject(value, where, constraintFamily),
  toConfig: (value) => serializeAs('keras.constraints', value),
}
