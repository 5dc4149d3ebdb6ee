/** Columns of JSON whose values have no one kind: text until somebody looks. */

import { type Column, ListColumn } from './column.js'
import { stackRows } from './stack.js'

/** A value of JSON a row, as it is written. */
export class JsonColumn implements Column {
  readonly texts: readonly string[]

  constructor(texts: readonly string[]) {
    this.texts = texts
  }

  get rows(): number {
    return this.texts.length
  }

  slice(first: number, end: number): JsonColumn {
    return new JsonColumn(this.texts.slice(first, end))
  }

  gather(indices: ArrayLike<number>): JsonColumn {
    return new JsonColumn(Array.from(indices, (index) => this.texts[index]!))
  }

  /** Values are made anew each time. */
  copied(): JsonColumn {
    return this
  }

  row(index: number): unknown {
    return JSON.parse(this.texts[index]!)
  }

  each(): readonly unknown[] {
    return JSON.parse(`[${this.texts.join(',')}]`) as unknown[]
  }

  stack(): unknown {
    return stackRows(this.each())
  }

  cuts(size: number): readonly unknown[] {
    return new ListColumn(this.each()).cuts(size)
  }

  join(others: readonly Column[]): Column {
    const parts = [this, ...others]
    if (parts.every((part) => part instanceof JsonColumn)) return new JsonColumn(parts.flatMap((part) => part.texts))
    return new ListColumn(parts.flatMap((part) => part.each() as unknown[]))
  }
}
