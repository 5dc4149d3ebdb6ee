/** How targets, weights and predictions are laid against each other: by reshaping, never by broadcasting. */

import { sameShape } from '../core/shapes.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { Operand } from '../ops/operand.js'
import * as ops from '../ops.js'
import type { Shape } from '../types.js'

/** Targets in the predictions' type and shape. (n,) against (n, 1) and the reverse are the same numbers; all else must be equal. */
export function alignTargets(yTrue: Tensor, yPred: Tensor, where: string, hint?: string): Tensor {
  const target = ops.cast(yTrue, yPred.dtype)
  if (sameShape(target.shape, yPred.shape)) return target
  if (sameButTrailingOne(target.shape, yPred.shape)) return ops.reshape(target, yPred.shape)
  const expected = `the predictions' shape [${yPred.shape.join(', ')}]`
  return fail('ERR_SHAPE', `${where} targets`, expected, target.shape, hint)
}

/** Targets in the predictions' shape where {@link alignTargets} can lay them so, else as they are. */
export function laidAgainst(yTrue: Tensor, shape: Shape): Tensor {
  return canAlign(yTrue.shape, shape) ? ops.reshape(yTrue, shape) : yTrue
}

/** Whether {@link alignTargets} can lay targets of shape `a` against predictions of shape `b`. */
export function canAlign(a: Shape, b: Shape): boolean {
  return sameShape(a, b) || sameButTrailingOne(a, b)
}

/** Whether targets of shape `a` may be integer labels for predictions of shape `b`. */
export function canAlignLabels(a: Shape, b: Shape): boolean {
  return canAlign(a, b.slice(0, -1)) || canAlign(a, [...b.slice(0, -1), 1])
}

/** Integer labels in the predictions' shape without its class axis (the last); a trailing axis of length 1 is taken off. */
export function alignLabels(yTrue: Tensor, yPred: Tensor, where: string): Tensor {
  const wanted = yPred.shape.slice(0, -1)
  const labels = ops.cast(yTrue, 'int32')
  if (sameShape(labels.shape, wanted)) return labels
  if (sameShape(labels.shape, [...wanted, 1])) return ops.reshape(labels, wanted)
  return fail(
    'ERR_SHAPE',
    `${where} targets`,
    `integer labels of shape [${wanted.join(', ')}] for predictions [${yPred.shape.join(', ')}]`,
    yTrue.shape,
    sameShape(labels.shape, yPred.shape) ? 'For one-hot targets use categoricalCrossentropy' : undefined,
  )
}

/** Weights over `values`, of its rank: of the same shape, or of its leading axes, then one weight for all that follows. */
export function alignWeights(weights: Operand, values: Tensor, where: string): Tensor {
  const cast = ops.cast(weights, values.dtype)
  if (sameShape(cast.shape, values.shape)) return cast
  const trimmed = cast.shape.filter((length, axis) => axis < values.rank || length !== 1)
  const leads = trimmed.every((length, axis) => axis < values.rank && (length === values.shape[axis] || length === 1))
  if (!leads || trimmed[0] !== values.shape[0]) {
    fail(
      'ERR_SHAPE',
      `${where} sampleWeight`,
      `the shape [${values.shape.join(', ')}] of the losses or its leading part`,
      cast.shape,
    )
  }
  return ops.reshape(cast, [...trimmed, ...values.shape.slice(trimmed.length).map(() => 1)])
}

function sameButTrailingOne(a: Shape, b: Shape): boolean {
  return sameShape(a, [...b, 1]) || sameShape([...a, 1], b)
}
