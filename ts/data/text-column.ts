/** Columns of text whose values recur: each row has the number of its text. */

import { type Column, gatherRows, ListColumn } from './column.js'

/** `texts[codes[row]]`: rows are cut and gathered by their numbers, and become text when somebody reads them. */
export class TextColumn implements Column {
  readonly texts: readonly string[]
  readonly codes: Uint32Array

  constructor(texts: readonly string[], codes: Uint32Array) {
    this.texts = texts
    this.codes = codes
  }

  get rows(): number {
    return this.codes.length
  }

  slice(first: number, end: number): TextColumn {
    return new TextColumn(this.texts, this.codes.subarray(first, end))
  }

  gather(indices: ArrayLike<number>): TextColumn {
    const codes = new Uint32Array(indices.length)
    gatherRows(this.codes, codes, indices, 1)
    return new TextColumn(this.texts, codes)
  }

  copied(): TextColumn {
    return this
  }

  row(index: number): string {
    return this.texts[this.codes[index]!]!
  }

  each(): readonly string[] {
    const { texts, codes } = this
    const out: string[] = new Array(codes.length)
    for (let i = 0; i < out.length; i++) out[i] = texts[codes[i]!]!
    return out
  }

  stack(): readonly string[] {
    return this.each()
  }

  cuts(size: number): readonly (readonly string[])[] {
    const all = this.each()
    return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))
  }

  join(others: readonly Column[]): Column {
    const parts = [this, ...others]
    if (!parts.every((part) => part instanceof TextColumn))
      return new ListColumn(parts.flatMap((part) => part.each() as unknown[]))
    const codes = new Uint32Array(parts.reduce((sum, { rows }) => sum + rows, 0))
    const known = new Map<string, number>()
    // Blocks of one file share their texts.
    const alike = parts.every(({ texts }) => texts === this.texts)
    const numbers = new Map<readonly string[], readonly number[]>()
    let at = 0
    for (const part of parts) {
      if (alike) codes.set(part.codes, at)
      else {
        const own = numbers.get(part.texts) ?? part.texts.map((text) => numberOf(known, text))
        numbers.set(part.texts, own)
        for (let i = 0; i < part.codes.length; i++) codes[at + i] = own[part.codes[i]!]!
      }
      at += part.codes.length
    }
    return new TextColumn(alike ? this.texts : [...known.keys()], codes)
  }
}

function numberOf(known: Map<string, number>, text: string): number {
  const number = known.get(text) ?? known.size
  known.set(text, number)
  return number
}
