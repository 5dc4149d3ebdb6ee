/** Regularizers: a penalty on a weight, added to the loss. */

import type { Tensor } from './core/tensor.js'
import { fail } from './errors.js'
import * as ops from './ops.js'
import { Configurable, type With } from './options/configurable.js'
import { type Family, resolveObject } from './options/family.js'
import type { Kind, Named, NoOptions, OptionsOf } from './options/fields.js'
import type { Spelling } from './options/names.js'
import { serializeAs } from './options/serialized.js'

/** The names of the regularizers. */
export type RegularizerName = 'l1' | 'l2' | 'l1L2' | 'orthogonalRegularizer'

/** A name in either spelling, or an instance. */
export type RegularizerLike = Spelling<RegularizerName> | Regularizer

/** Base of regularizers; your own extend it and write `call`. */
export abstract class Regularizer extends Configurable {
  constructor(options?: NoOptions) {
    super(options)
  }

  /** The penalty, a scalar. */
  abstract call(x: Tensor): Tensor
}

const l1 = (x: Tensor, factor: number): Tensor => ops.multiply(ops.sum(ops.abs(x)), factor)
const l2 = (x: Tensor, factor: number): Tensor => ops.multiply(ops.sum(ops.square(x)), factor)

const l1Fields = {
  /** Factor on `Σ|x|`. Default 0.01. */
  l1: { type: 'number', default: 0.01, min: 0 },
} as const

/** Options of {@link L1}. */
export interface L1Options extends OptionsOf<typeof l1Fields>, Named {}

const L1Base: With<typeof Regularizer, typeof l1Fields, L1Options> = Regularizer.with(l1Fields)

/**
 * `l1 · Σ|x|`.
 *
 * @see keras.regularizers.L1
 *
 * @example
 * import { L1 } from 'ferrograd/regularizers'
 *
 * const regularizer = new L1({ l1: 1e-4 })
 */
export class L1 extends L1Base {
  static override readonly className = 'L1'

  override call(x: Tensor): Tensor {
    return l1(x, this.options.l1)
  }
}

const l2Fields = {
  /** Factor on `Σx²`. Default 0.01. */
  l2: { type: 'number', default: 0.01, min: 0 },
} as const

/** Options of {@link L2}. */
export interface L2Options extends OptionsOf<typeof l2Fields>, Named {}

const L2Base: With<typeof Regularizer, typeof l2Fields, L2Options> = Regularizer.with(l2Fields)

/**
 * `l2 · Σx²`.
 *
 * @see keras.regularizers.L2
 *
 * @example
 * import { Dense } from 'ferrograd/layers'
 * import { L2 } from 'ferrograd/regularizers'
 *
 * const layer = new Dense({ units: 8, kernelRegularizer: new L2({ l2: 1e-4 }) })
 */
export class L2 extends L2Base {
  static override readonly className = 'L2'

  override call(x: Tensor): Tensor {
    return l2(x, this.options.l2)
  }
}

const l1L2Fields = {
  /** Factor on `Σ|x|`. Default 0. */
  l1: { type: 'number', default: 0, min: 0 },
  /** Factor on `Σx²`. Default 0. */
  l2: { type: 'number', default: 0, min: 0 },
} as const

/** Options of {@link L1L2}. */
export interface L1L2Options extends OptionsOf<typeof l1L2Fields>, Named {}

const L1L2Base: With<typeof Regularizer, typeof l1L2Fields, L1L2Options> = Regularizer.with(l1L2Fields)

/**
 * `l1 · Σ|x| + l2 · Σx²`.
 *
 * @see keras.regularizers.L1L2
 *
 * @example
 * import { L1L2 } from 'ferrograd/regularizers'
 *
 * const regularizer = new L1L2({ l1: 1e-5, l2: 1e-4 })
 */
export class L1L2 extends L1L2Base {
  static override readonly className = 'L1L2'

  override call(x: Tensor): Tensor {
    return ops.add(l1(x, this.options.l1), l2(x, this.options.l2))
  }
}

const orthogonalFields = {
  /** Factor on the penalty. Default 0.01. */
  factor: { type: 'number', default: 0.01 },
  /** Whether rows or columns shall be orthogonal. Default 'rows'. */
  mode: { type: 'choice', of: ['rows', 'columns'], default: 'rows' },
} as const

/** Options of {@link OrthogonalRegularizer}. */
export interface OrthogonalRegularizerOptions extends OptionsOf<typeof orthogonalFields>, Named {}

const OrthogonalRegularizerBase: With<typeof Regularizer, typeof orthogonalFields, OrthogonalRegularizerOptions> =
  Regularizer.with(orthogonalFields)

/**
 * `factor · Σ|off-diagonal of the rows' (columns') cosines| / pairs`.
 *
 * @see keras.regularizers.OrthogonalRegularizer
 *
 * @example
 * import { OrthogonalRegularizer } from 'ferrograd/regularizers'
 *
 * const regularizer = new OrthogonalRegularizer({ factor: 0.1, mode: 'columns' })
 */
export class OrthogonalRegularizer extends OrthogonalRegularizerBase {
  static override readonly className = 'OrthogonalRegularizer'

  override call(x: Tensor): Tensor {
    if (x.rank !== 2) fail('ERR_SHAPE', 'OrthogonalRegularizer', 'a matrix', x.shape)
    const rows = this.options.mode === 'rows'
    const axis = rows ? 1 : 0
    const length = x.shape[rows ? 0 : 1]!
    const unit = ops.normalize(x, { axis, epsilon: 1e-6 })
    const cosines = rows ? ops.matmul(unit, unit, { transposeB: true }) : ops.matmul(unit, unit, { transposeA: true })
    const others = ops.multiply(cosines, ops.subtract(1, ops.eye(length, { dtype: x.dtype })))
    return ops.multiply(ops.sum(ops.abs(others)), this.options.factor / Math.max(1, length * (length - 1)))
  }
}

const classes = { l1: L1, l2: L2, l1L2: L1L2, orthogonalRegularizer: OrthogonalRegularizer } satisfies Record<
  RegularizerName,
  unknown
>

/** The closed set of regularizers. */
export const regularizerFamily: Family<Regularizer> = {
  noun: 'a regularizer: a name or an instance',
  module: 'keras.regularizers',
  classes,
  is: (value): value is Regularizer => value instanceof Regularizer,
}

/** The regularizer of a name in any spelling, or of a serialized object; an instance is itself. */
export function getRegularizer(regularizer: RegularizerLike, where = 'regularizer'): Regularizer {
  return resolveObject(regularizer, where, regularizerFamily)
}

/** How options and configurations hold a regularizer. */
export const regularizerKind: Kind<Regularizer> = {
  check: (value, where) => resolveObject(value, where, regularizerFamily),
  toConfig: (value) => serializeAs('keras.regularizers', value),
}
