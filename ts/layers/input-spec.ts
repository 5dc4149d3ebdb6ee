/** What a layer requires of its input, and how errors say so. */

import { FerrogradError } from '../errors.js'
import type { PartialShape } from '../types.js'

/** What a layer requires of its input: enough axes, and a length of the last (or of another). */
export interface InputSpec {
  readonly rank?: number
  readonly minRank?: number
  /** Lengths by axis; negative axes count from the end. */
  readonly axes?: Readonly<Record<number, number>>
}

/** Throws unless a shape is as `spec` wants it; unknown lengths (null) are taken on trust. */
export function checkSpec(title: string, shape: PartialShape, spec: InputSpec): void {
  if (fits(shape, spec)) return
  const got = shape.map((length, axis) => length ?? (axis === 0 ? 'batch' : '?'))
  throw new FerrogradError('ERR_SHAPE', `${title} input: expected ${describe(spec)}, got [${got.join(', ')}]`)
}

function fits(shape: PartialShape, { rank, minRank = 0, axes = {} }: InputSpec): boolean {
  if (shape.length < minRank || (rank !== undefined && shape.length !== rank)) return false
  return Object.entries(axes).every(([axis, length]) => [length, null].includes(shape.at(Number(axis)) as number))
}

/** `[batch, …, 784]`. */
function describe({ rank, minRank = 1, axes = {} }: InputSpec): string {
  const parts: string[] = new Array<string>(rank ?? minRank).fill('?')
  parts[0] = 'batch'
  if (rank === undefined) parts.splice(1, 0, '…')
  for (const [axis, length] of Object.entries(axes))
    parts[Number(axis) < 0 ? parts.length + Number(axis) : Number(axis)] = String(length)
  return `[${parts.join(', ')}]`
}
