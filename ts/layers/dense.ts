/** The layer whose units see all features. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { Shape } from '../types.js'
import { Layer } from './layer.js'

const denseFields = {
  /** Length of the last axis of the result. */
  units: { type: 'integer', min: 1 },
  /** Applied to the result. */
  activation: { type: 'activation', default: 'linear' },
  /** Whether a bias is added. */
  useBias: { type: 'boolean', default: true },
  /** First value of the kernel. */
  kernelInitializer: { type: 'initializer', default: 'glorotUniform' },
  /** First value of the bias. */
  biasInitializer: { type: 'initializer', default: 'zeros' },
  /** Penalty on the kernel. */
  kernelRegularizer: { type: 'regularizer', default: null },
  /** Penalty on the bias. */
  biasRegularizer: { type: 'regularizer', default: null },
  /** Penalty on the result. */
  activityRegularizer: { type: 'regularizer', default: null },
  /** What the kernel is set back to after each step. */
  kernelConstraint: { type: 'constraint', default: null },
  /** What the bias is set back to after each step. */
  biasConstraint: { type: 'constraint', default: null },
} as const

/**
 * Fully connected layer, `y = activation(x · kernel + bias)`.
 *
 * `x` (batch, …, inputs), kernel (inputs, units), bias (units), `y` (batch, …, units).
 *
 * @see keras.layers.Dense
 *
 * @example
 * import { Dense } from 'ferrograd/layers'
 * import { tensor } from 'ferrograd'
 *
 * const layer = new Dense({ units: 3, activation: 'relu' })
 * const y = layer.apply(tensor([[1, 2], [3, 4]])) // (2, 3)
 */
export class Dense extends Layer<typeof denseFields> {
  static override readonly className = 'Dense'
  static override readonly fields: typeof denseFields = denseFields
  protected override readonly keepsMask: boolean = true
  kernel!: Variable
  bias: Variable | undefined

  override build(inputShape: Shape): void {
    const { units, useBias, kernelInitializer, kernelRegularizer, kernelConstraint } = this.options
    const inputs =
      inputShape.length < 2 ? fail('ERR_SHAPE', 'Dense input', '[batch, …, inputs]', inputShape) : inputShape.at(-1)!
    this.kernel = this.addWeight({
      name: 'kernel',
      shape: [inputs, units],
      initializer: kernelInitializer,
      regularizer: kernelRegularizer,
      constraint: kernelConstraint,
    })
    const { biasInitializer, biasRegularizer, biasConstraint } = this.options
    if (useBias)
      this.bias = this.addWeight({
        name: 'bias',
        shape: [units],
        initializer: biasInitializer,
        regularizer: biasRegularizer,
        constraint: biasConstraint,
      })
    this.inputSpec = { minRank: 2, axes: { [-1]: inputs } }
  }

  override call(x: Tensor): Tensor {
    const product = ops.matmul(this.cast(x), this.kernel)
    return this.options.activation(this.bias === undefined ? product : ops.add(product, this.bias))
  }
}
