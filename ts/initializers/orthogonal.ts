/** An initializer of orthonormal rows or columns. */

import { sizeOf } from '../core/shapes.js'
import { type Tensor, tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import * as random from '../random.js'
import type { DType, Shape } from '../types.js'
import { floating, Initializer, seeded } from './initializer.js'

const orthogonalFields = {
  /** Factor on the matrix. Default 1. */
  gain: { type: 'number', default: 1 },
  /** Makes every call yield the same numbers. Default null. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/** Options of {@link Orthogonal}. */
export interface OrthogonalOptions extends OptionsOf<typeof orthogonalFields>, Named {}

const OrthogonalBase: With<typeof Initializer, typeof orthogonalFields, OrthogonalOptions> =
  Initializer.with(orthogonalFields)

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
export class Orthogonal extends OrthogonalBase {
  static override readonly className = 'Orthogonal'

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
