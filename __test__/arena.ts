/** How much memory a compiled function works in. */

import { compile } from '../ts/core/program.js'
import type { Tensor } from '../ts/core/tensor.js'
import { placeholder, trace } from '../ts/core/trace.js'
import type { DType, Shape } from '../ts/types.js'

/** Bytes that `fn` works in, compiled for inputs of these shapes and dtypes; they themselves and the results are not counted. */
export function arenaOf(
  inputs: readonly (readonly [Shape, DType])[],
  fn: (...inputs: Tensor[]) => readonly (Tensor | undefined)[],
): number {
  const symbols = inputs.map(([shape, dtype]) => placeholder(shape, dtype))
  const { result } = trace(() => fn(...symbols))
  return compile({ inputs: symbols, outputs: result.filter((one) => one !== undefined) }).arenaBytes
}
