/** Where the steps of an input are. */

import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { DType } from '../../types.js'
import type { CallContext } from '../layer.js'
import { decoding } from './decoding.js'

/** What a layer of positions may be told. */
export interface PositionContext extends CallContext {
  /** The place of the first step. Default 0. */
  readonly startIndex?: number | Tensor | undefined
  /** The place of each step, (steps) or (batch, steps), instead. */
  readonly positions?: Tensor | undefined
}

/** The place of a step of decoding, (batch, 1). */
export function placesOfStep(): Tensor | undefined {
  const at = decoding()?.at
  return at && ops.expandDims(at, 1)
}

/** The places of `steps` steps, (batch or 1, steps). */
export function positionsOf(where: string, steps: number, context: PositionContext, dtype: DType): Tensor {
  const { startIndex = 0, positions = placesOfStep() } = context
  const given = positions ?? ops.add(ops.arange(steps), ops.cast(startIndex as Tensor, 'int32'))
  const listed = given.rank === 1 ? ops.expandDims(given, 0) : given
  if (listed.rank !== 2 || (listed.shape[1] !== steps && listed.shape[1] !== 1))
    fail('ERR_SHAPE', `${where} positions`, `[${steps}] or [batch, ${steps}]`, given.shape)
  return ops.cast(listed, dtype)
}
