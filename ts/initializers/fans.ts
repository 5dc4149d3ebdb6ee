/** How many numbers meet in a weight. */

import { sizeOf } from '../core/shapes.js'
import type { Shape } from '../types.js'

/** Rows that feed one unit and units that one row feeds; a convolution's count its receptive field. */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const [first = 1, second = first] = shape
  if (shape.length <= 2) return { fanIn: first, fanOut: second }
  const field = sizeOf(shape.slice(0, -2))
  return { fanIn: field * shape.at(-2)!, fanOut: field * shape.at(-1)! }
}
