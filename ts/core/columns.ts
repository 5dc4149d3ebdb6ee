/** Row-aligned arrays in Rust. */

import { fail } from '../errors.js'
import type { DType, TypedArray } from '../types.js'
import { bytesOf, dtypeCode } from './dtype.js'
import { BindingColumns } from './native.js'
import { native } from './runtime.js'
import { sizeOf } from './shapes.js'

/** One array of {@link Columns}. */
export interface Column {
  readonly values: TypedArray
  /** Shape of a row; `[]` where a row is one number. */
  readonly rowShape: readonly number[]
  readonly dtype: DType
}

/** The native columns. */
export let nativeColumnsOf: (columns: Columns) => BindingColumns

/** Row-aligned arrays in Rust, copied once. */
export class Columns {
  readonly rows: number
  readonly #handle: BindingColumns

  static {
    nativeColumnsOf = (columns) => columns.#handle
  }

  constructor(columns: readonly Column[]) {
    const sizes = columns.map(({ values, rowShape }) => values.length / sizeOf(rowShape))
    this.rows = sizes[0] ?? 0
    if (sizes.some((size) => size !== this.rows)) fail('ERR_INTERNAL', 'columns', 'equal row counts', sizes)
    this.#handle = new BindingColumns(this.rows)
    for (const { values, rowShape, dtype } of columns) {
      native(() => this.#handle.add(sizeOf(rowShape), dtypeCode(dtype), bytesOf(values)))
    }
  }

  /** Frees the memory now and not when it is collected; a run that goes on keeps it until it ends. */
  release(): void {
    native(() => this.#handle.release())
  }
}
