/** Initializers: the first value of a weight, from its shape and a seed. */

import { fail } from './errors.js'
import {
  type ArgumentsOf,
  Configurable,
  type Family,
  type FieldTable,
  type Kind,
  type NoFields,
  resolveObject,
  serializeAs,
} from './fields.js'
import type { Spelling } from './names.js'
import * as ops from './ops.js'
import * as random from './random.js'
import { sizeOf } from './shapes.js'
import { type Tensor, tensor } from './tensor.js'
import type { DType, FloatDType, Shape } from './types.js'

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

/** A name in either spelling, or an instance. */
export type InitializerLike = Spelling<InitializerName> | Initializer

/**
 * Base of initializers; your own extend it and write `call`.
 *
 * @see keras.initializers.Initializer
 *
 * @example
 * import { Initializer } from 'ferrograd/initializers'
 * import { ops, type DType, type Shape, type Tensor } from 'ferrograd'
 *
 * class Sevens extends Initializer {
 *   call(shape: Shape, dtype: DType): Tensor {
 *     return ops.full(shape, 7, dtype)
 *   }
 * }
 */
export abstract class Initializer<F extends FieldTable = NoFields> extends Configurable<F> {
  constructor(...[options]: ArgumentsOf<F>) {
    super(options)
  }

  /** A tensor of the given shape. */
  abstract call(shape: Shape, dtype: DType): Tensor
}

/**
 * All 0.
 *
 * `wᵢ = 0`, of any shape.
 *
 * @see keras.initializers.Zeros
 *
 * @example
 * import { Zeros } from 'ferrograd/initializers'
 *
 * const initializer = new Zeros()
 */
export class Zeros extends Initializer<NoFields> {
  static override readonly className = 'Zeros'

  override call(shape: Shape, dtype: DType): Tensor {
    return ops.zeros(shape, dtype)
  }
}

/**
 * All 1.
 *
 * `wᵢ = 1`, of any shape.
 *
 * @see keras.initializers.Ones
 *
 * @example
 * import { Ones } from 'ferrograd/initializers'
 *
 * const initializer = new Ones()
 */
export class Ones extends Initializer<NoFields> {
  static override readonly className = 'Ones'

  override call(shape: Shape, dtype: DType): Tensor {
    return ops.ones(shape, dtype)
  }
}

const constantFields = {
  /** The value of every element. */
  value: { type: 'number', default: 0 },
} as const

/**
 * All `value` (0).
 *
 * `wᵢ = value`, of any shape.
 *
 * @see keras.initializers.Constant
 *
 * @example
 * import { Constant } from 'ferrograd/initializers'
 *
 * const initializer = new Constant({ value: 0.1 })
 */
export class Constant extends Initializer<typeof constantFields> {
  static override readonly className = 'Constant'
  static override readonly fields: typeof constantFields = constantFields

  override call(shape: Shape, dtype: DType): Tensor {
    return ops.full(shape, this.options.value, dtype)
  }
}

/** A seed given yields the same numbers at each call; without one each call draws new ones. */
function seeded(seed: number | null): { seed?: random.SeedGenerator } {
  return seed === null ? {} : { seed: new random.SeedGenerator(seed) }
}

function floating(dtype: DType, where: string): FloatDType {
  if (dtype === 'float32' || dtype === 'float64') return dtype
  return fail('ERR_DTYPE', where, `'float32' or 'float64'`, dtype)
}

const normalFields = {
  /** Centre of the distribution. */
  mean: { type: 'number', default: 0 },
  /** Standard deviation. */
  stddev: { type: 'number', default: 0.05, min: 0 },
  /** Makes every call yield the same numbers. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/**
 * Normal numbers, `mean` (0) and `stddev` (0.05).
 *
 * `wᵢ = mean + stddev · z`, z from N(0, 1), of any shape.
 *
 * @see keras.initializers.RandomNormal
 *
 * @example
 * import { RandomNormal } from 'ferrograd/initializers'
 *
 * const initializer = new RandomNormal({ stddev: 0.02, seed: 1 })
 */
export class RandomNormal extends Initializer<typeof normalFields> {
  static override readonly className = 'RandomNormal'
  static override readonly fields: typeof normalFields = normalFields

  override call(shape: Shape, dtype: DType): Tensor {
    const { mean, stddev, seed } = this.options
    return random.normal(shape, { mean, stddev, dtype: floating(dtype, this.className), ...seeded(seed) })
  }
}

/**
 * Normal numbers, redrawn when farther than two `stddev` (0.05) from `mean` (0).
 *
 * `wᵢ = mean + stddev · z`, z from N(0, 1) within ±2, of any shape.
 *
 * @see keras.initializers.TruncatedNormal
 *
 * @example
 * import { TruncatedNormal } from 'ferrograd/initializers'
 *
 * const initializer = new TruncatedNormal({ stddev: 0.02 })
 */
export class TruncatedNormal extends Initializer<typeof normalFields> {
  static override readonly className = 'TruncatedNormal'
  static override readonly fields: typeof normalFields = normalFields

  override call(shape: Shape, dtype: DType): Tensor {
    const { mean, stddev, seed } = this.options
    return random.truncatedNormal(shape, { mean, stddev, dtype: floating(dtype, this.className), ...seeded(seed) })
  }
}

const uniformFields = {
  /** Lower limit, inclusive. */
  minval: { type: 'number', default: -0.05 },
  /** Upper limit, exclusive. */
  maxval: { type: 'number', default: 0.05 },
  /** Makes every call yield the same numbers. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/**
 * Uniform numbers in [`minval`, `maxval`) (−0.05, 0.05).
 *
 * `wᵢ = minval + (maxval − minval) · u`, u from [0, 1), of any shape.
 *
 * @see keras.initializers.RandomUniform
 *
 * @example
 * import { RandomUniform } from 'ferrograd/initializers'
 *
 * const initializer = new RandomUniform({ minval: -0.1, maxval: 0.1 })
 */
export class RandomUniform extends Initializer<typeof uniformFields> {
  static override readonly className = 'RandomUniform'
  static override readonly fields: typeof uniformFields = uniformFields

  override call(shape: Shape, dtype: DType): Tensor {
    const { minval, maxval, seed } = this.options
    return random.uniform(shape, { minval, maxval, dtype: floating(dtype, this.className), ...seeded(seed) })
  }
}

/** Rows that feed one unit and units that one row feeds; a convolution's count its receptive field. */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const [first = 1, second = first] = shape
  if (shape.length <= 2) return { fanIn: first, fanOut: second }
  const field = sizeOf(shape.slice(0, -2))
  return { fanIn: field * shape.at(-2)!, fanOut: field * shape.at(-1)! }
}

type FanMode = 'fanIn' | 'fanOut' | 'fanAvg'
type Distribution = 'truncatedNormal' | 'untruncatedNormal' | 'uniform'

/** The standard deviation of a unit normal cut at two standard deviations. */
const truncatedStddev = 0.8796256610342398

/** Numbers of variance `scale / fan`: cut normal, normal, or uniform in ±√(3 · variance). */
function scaled(
  shape: Shape,
  dtype: FloatDType,
  scale: number,
  mode: FanMode,
  distribution: Distribution,
  seed: number | null,
): Tensor {
  const { fanIn, fanOut } = fans(shape)
  const fan = { fanIn, fanOut, fanAvg: (fanIn + fanOut) / 2 }[mode]
  const variance = scale / Math.max(1, fan)
  const stddev = Math.sqrt(variance)
  const common = { dtype, ...seeded(seed) }
  switch (distribution) {
    case 'truncatedNormal':
      return random.truncatedNormal(shape, { mean: 0, stddev: stddev / truncatedStddev, ...common })
    case 'untruncatedNormal':
      return random.normal(shape, { mean: 0, stddev, ...common })
    case 'uniform': {
      const limit = Math.sqrt(3 * variance)
      return random.uniform(shape, { minval: -limit, maxval: limit, ...common })
    }
  }
}

const varianceFields = {
  /** Variance times fan. */
  scale: { type: 'number', default: 1, above: 0 },
  /** What the variance is divided by. */
  mode: { type: 'choice', of: ['fanIn', 'fanOut', 'fanAvg'], default: 'fanIn' },
  /** The family of the numbers. */
  distribution: {
    type: 'choice',
    of: ['truncatedNormal', 'untruncatedNormal', 'uniform', 'normal'],
    default: 'truncatedNormal',
  },
  /** Makes every call yield the same numbers. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/**
 * Variance `scale / fan` with fan by `mode`.
 *
 * @see keras.initializers.VarianceScaling
 *
 * @example
 * import { VarianceScaling } from 'ferrograd/initializers'
 *
 * const initializer = new VarianceScaling({ scale: 2, mode: 'fanOut' })
 */
export class VarianceScaling extends Initializer<typeof varianceFields> {
  static override readonly className = 'VarianceScaling'
  static override readonly fields: typeof varianceFields = varianceFields

  override call(shape: Shape, dtype: DType): Tensor {
    const { scale, mode, distribution, seed } = this.options
    const family = distribution === 'normal' ? 'truncatedNormal' : distribution
    return scaled(shape, floating(dtype, this.className), scale, mode, family, seed)
  }
}

const seedFields = {
  /** Makes every call yield the same numbers. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/** A fan-scaled initializer without options but its seed. */
abstract class Scaled extends Initializer<typeof seedFields> {
  static override readonly fields: FieldTable = seedFields
  protected abstract readonly rule: readonly [scale: number, mode: FanMode, distribution: Distribution]

  override call(shape: Shape, dtype: DType): Tensor {
    return scaled(shape, floating(dtype, this.className), ...this.rule, this.options.seed)
  }
}

/**
 * Cut normal, variance `2 / (fanIn + fanOut)` (Glorot & Bengio, 2010).
 *
 * @see keras.initializers.GlorotNormal
 *
 * @example
 * import { GlorotNormal } from 'ferrograd/initializers'
 *
 * const initializer = new GlorotNormal()
 */
export class GlorotNormal extends Scaled {
  static override readonly className = 'GlorotNormal'
  protected override readonly rule = [1, 'fanAvg', 'truncatedNormal'] as const
}

/**
 * Uniform in `±√(6 / (fanIn + fanOut))` (Glorot & Bengio, 2010).
 *
 * @see keras.initializers.GlorotUniform
 *
 * @example
 * import { GlorotUniform } from 'ferrograd/initializers'
 *
 * const initializer = new GlorotUniform({ seed: 1 })
 */
export class GlorotUniform extends Scaled {
  static override readonly className = 'GlorotUniform'
  protected override readonly rule = [1, 'fanAvg', 'uniform'] as const
}

/**
 * Cut normal, variance `2 / fanIn` (He et al., 2015).
 *
 * @see keras.initializers.HeNormal
 *
 * @example
 * import { HeNormal } from 'ferrograd/initializers'
 *
 * const initializer = new HeNormal()
 */
export class HeNormal extends Scaled {
  static override readonly className = 'HeNormal'
  protected override readonly rule = [2, 'fanIn', 'truncatedNormal'] as const
}

/**
 * Uniform in `±√(6 / fanIn)` (He et al., 2015).
 *
 * @see keras.initializers.HeUniform
 *
 * @example
 * import { HeUniform } from 'ferrograd/initializers'
 *
 * const initializer = new HeUniform()
 */
export class HeUniform extends Scaled {
  static override readonly className = 'HeUniform'
  protected override readonly rule = [2, 'fanIn', 'uniform'] as const
}

/**
 * Cut normal, variance `1 / fanIn` (LeCun et al., 1998).
 *
 * @see keras.initializers.LecunNormal
 *
 * @example
 * import { LecunNormal } from 'ferrograd/initializers'
 *
 * const initializer = new LecunNormal()
 */
export class LecunNormal extends Scaled {
  static override readonly className = 'LecunNormal'
  protected override readonly rule = [1, 'fanIn', 'truncatedNormal'] as const
}

/**
 * Uniform in `±√(3 / fanIn)` (LeCun et al., 1998).
 *
 * @see keras.initializers.LecunUniform
 *
 * @example
 * import { LecunUniform } from 'ferrograd/initializers'
 *
 * const initializer = new LecunUniform()
 */
export class LecunUniform extends Scaled {
  static override readonly className = 'LecunUniform'
  protected override readonly rule = [1, 'fanIn', 'uniform'] as const
}

const orthogonalFields = {
  /** Factor on the matrix. */
  gain: { type: 'number', default: 1 },
  /** Makes every call yield the same numbers. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/**
 * Orthonormal rows or columns (whichever are fewer), times `gain`; the axes before the last count as one (Saxe et al., 2013).
 *
 * `wᵀw = gain² · I` (or `wwᵀ`, with fewer rows than columns).
 *
 * @see keras.initializers.Orthogonal
 *
 * @example
 * import { Orthogonal } from 'ferrograd/initializers'
 *
 * const initializer = new Orthogonal()
 */
export class Orthogonal extends Initializer<typeof orthogonalFields> {
  static override readonly className = 'Orthogonal'
  static override readonly fields: typeof orthogonalFields = orthogonalFields

  override call(shape: Shape, dtype: DType): Tensor {
    if (shape.length < 2) fail('ERR_SHAPE', 'Orthogonal', 'a shape of at least two axes', shape)
    const columns = shape.at(-1)!
    const rows = sizeOf(shape.slice(0, -1))
    const noise = random.normal([Math.max(rows, columns), Math.min(rows, columns)], {
      dtype: floating(dtype, 'Orthogonal'),
      ...seeded(this.options.seed),
    })
    const basis = orthonormal(noise.dataSync(), Math.max(rows, columns), Math.min(rows, columns))
    return ops.multiply(tensor(layOut(basis, rows, columns), shape, floating(dtype, 'Orthogonal')), this.options.gain)
  }
}

/** Columns made orthonormal one after another (modified Gram–Schmidt, twice for the last digits): the Q of QR with positive diagonal R. */
function orthonormal(numbers: ArrayLike<number>, rows: number, columns: number): Float64Array[] {
  const basis: Float64Array[] = []
  for (let j = 0; j < columns; j++) {
    const column = new Float64Array(rows)
    for (let i = 0; i < rows; i++) column[i] = numbers[i * columns + j]!
    for (let pass = 0; pass < 2; pass++)
      for (const other of basis) subtractAlong(column, other, dotProduct(column, other))
    const norm = Math.sqrt(dotProduct(column, column))
    basis.push(column.map((x) => x / norm))
  }
  return basis
}

function dotProduct(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function subtractAlong(column: Float64Array, unit: Float64Array, amount: number): void {
  for (let i = 0; i < column.length; i++) column[i]! -= amount * unit[i]!
}

/** The basis vectors are the columns of a tall matrix and the rows of a wide one. */
function layOut(basis: Float64Array[], rows: number, columns: number): Float64Array {
  const tall = rows >= columns
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns]
    return tall ? basis[column]![row]! : basis[row]![column]!
  })
}

const identityFields = {
  /** The value on the diagonal. */
  gain: { type: 'number', default: 1, quiet: true },
} as const

/**
 * `gain` (1) on the diagonal of a matrix, 0 elsewhere.
 *
 * `wᵢⱼ = gain · [i = j]`.
 *
 * @see keras.initializers.Identity
 *
 * @example
 * import { Identity } from 'ferrograd/initializers'
 *
 * const initializer = new Identity()
 */
export class Identity extends Initializer<typeof identityFields> {
  static override readonly className = 'Identity'
  static override readonly fields: typeof identityFields = identityFields

  override call(shape: Shape, dtype: DType): Tensor {
    if (shape.length !== 2) fail('ERR_SHAPE', 'Identity', 'a matrix shape', shape)
    return ops.multiply(ops.eye(shape[0]!, { columns: shape[1]!, dtype }), this.options.gain)
  }
}

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
