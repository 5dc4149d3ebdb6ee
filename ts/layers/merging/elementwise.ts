/** Layers that merge element by element. */

import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { Shape } from '../../types.js'
import { Merge } from './merge.js'

/**
 * `y = a + b + …`.
 *
 * @see keras.layers.Add
 *
 * @example
 * import { Add, Dense } from 'ferrograd/layers'
 * import { input } from 'ferrograd'
 *
 * const x = input({ shape: [8] })
 * const y = new Add().apply([x, new Dense({ units: 8 }).apply(x)])
 */
export class Add extends Merge {
  static override readonly className = 'Add'

  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.add(a, b)
  }
}

/**
 * `y = a − b`, of exactly two inputs.
 *
 * @see keras.layers.Subtract
 *
 * @example
 * import { Subtract } from 'ferrograd/layers'
 *
 * const layer = new Subtract()
 */
export class Subtract extends Merge {
  static override readonly className = 'Subtract'

  override build(inputShapes: Shape | readonly Shape[]): void {
    super.build(inputShapes)
    if (inputShapes.length !== 2) fail('ERR_SHAPE', 'Subtract input', 'two tensors', { text: `${inputShapes.length}` })
  }

  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.subtract(a, b)
  }
}

/**
 * `y = a · b · …`, element by element.
 *
 * @see keras.layers.Multiply
 *
 * @example
 * import { Multiply } from 'ferrograd/layers'
 *
 * const layer = new Multiply()
 */
export class Multiply extends Merge {
  static override readonly className = 'Multiply'

  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.multiply(a, b)
  }
}

/**
 * The mean of the inputs, element by element.
 *
 * `y = (x₁ + … + xₙ) / n`, elementwise; shapes equal, or of length 1 where they differ.
 *
 * @see keras.layers.Average
 *
 * @example
 * import { Average } from 'ferrograd/layers'
 *
 * const layer = new Average()
 */
export class Average extends Merge {
  static override readonly className = 'Average'

  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.add(a, b)
  }

  override call(xs: readonly Tensor[]): Tensor {
    return ops.divide(super.call(xs), xs.length)
  }
}

/**
 * The largest of the inputs, element by element.
 *
 * `y = max(x₁, …, xₙ)`, elementwise; shapes equal, or of length 1 where they differ.
 *
 * @see keras.layers.Maximum
 *
 * @example
 * import { Maximum } from 'ferrograd/layers'
 *
 * const layer = new Maximum()
 */
export class Maximum extends Merge {
  static override readonly className = 'Maximum'

  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.maximum(a, b)
  }
}

/**
 * The smallest of the inputs, element by element.
 *
 * `y = min(x₁, …, xₙ)`, elementwise; shapes equal, or of length 1 where they differ.
 *
 * @see keras.layers.Minimum
 *
 * @example
 * import { Minimum } from 'ferrograd/layers'
 *
 * const layer = new Minimum()
 */
export class Minimum extends Merge {
  static override readonly className = 'Minimum'

  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.minimum(a, b)
  }
}
