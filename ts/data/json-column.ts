/** Columns of JSON whose values have no one kind: text until somebody looks. */

import { type Column, Listed } from './column.js'

/** A value of JSON a row, as it is written: what is read of it is made anew each time. */
export class JsonColumn extends Listed<string> {
  protected override like(list: readonly string[]): JsonColumn {
    return new JsonColumn(list)
  }

  override row(index: number): unknown {
    return JSON.parse(this.list[index]!)
  }

  override each(): readonly unknown[] {
    return JSON.parse(`[${this.list.join(',')}]`) as unknown[]
  }

  override join(others: readonly Column[]): Column {
    const parts = [this, ...others]
    if (!parts.every((part) => part instanceof JsonColumn)) return super.join(others)
    return new JsonColumn(parts.flatMap((part) => part.list))
  }
}
