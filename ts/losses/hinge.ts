/** Margin losses. Targets are ±1, or 0 and 1. All take (…, n) to (…). */

import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import { Loss } from './loss.js'

/** 0 and 1 become −1 and 1, if nothing else occurs. */
function signed(yTrue: Tensor): Tensor {
  const binary = ops.all(ops.logicalOr(ops.equal(yTrue, 0), ops.equal(yTrue, 1)))
  return ops.where(binary, ops.subtract(ops.multiply(yTrue, 2), 1), yTrue)
}

function margin(yTrue: Tensor, yPred: Tensor): Tensor {
  return ops.maximum(ops.subtract(1, ops.multiply(signed(yTrue), yPred)), 0)
}

/** `mean max(1 − yTrue · yPred, 0)` over the last axis. */
export function hinge(yTrue: Tensor, yPred: Tensor): Tensor {
  return ops.mean(margin(yTrue, yPred), { axis: -1 })
}

/** `mean max(1 − yTrue · yPred, 0)²` over the last axis. */
export function squaredHinge(yTrue: Tensor, yPred: Tensor): Tensor {
  return ops.mean(ops.square(margin(yTrue, yPred)), { axis: -1 })
}

/** `max(max((1 − yTrue) · yPred) − Σ yTrue · yPred + 1, 0)` over the last axis. */
export function categoricalHinge(yTrue: Tensor, yPred: Tensor): Tensor {
  const right = ops.sum(ops.multiply(yTrue, yPred), { axis: -1 })
  const wrong = ops.max(ops.multiply(ops.subtract(1, yTrue), yPred), { axis: -1 })
  return ops.maximum(ops.add(ops.subtract(wrong, right), 1), 0)
}

/**
 * `mean max(1 − yTrue · yPred, 0)`.
 *
 * @see keras.losses.Hinge
 *
 * @example
 * import { Hinge } from 'ferrograd/losses'
 *
 * const loss = new Hinge()
 */
export class Hinge extends Loss {
  static override readonly className = 'Hinge'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return hinge(yTrue, yPred)
  }
}

/**
 * `mean max(1 − yTrue · yPred, 0)²`.
 *
 * @see keras.losses.SquaredHinge
 *
 * @example
 * import { SquaredHinge } from 'ferrograd/losses'
 *
 * const loss = new SquaredHinge()
 */
export class SquaredHinge extends Loss {
  static override readonly className = 'SquaredHinge'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return squaredHinge(yTrue, yPred)
  }
}

/**
 * `max(best wrong − right + 1, 0)` for one-hot targets.
 *
 * @see keras.losses.CategoricalHinge
 *
 * @example
 * import { CategoricalHinge } from 'ferrograd/losses'
 *
 * const loss = new CategoricalHinge()
 */
export class CategoricalHinge extends Loss {
  static override readonly className = 'CategoricalHinge'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return categoricalHinge(yTrue, yPred)
  }
}
