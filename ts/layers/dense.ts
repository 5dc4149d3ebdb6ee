/** The layer whose units see all features. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Shape } from '../types.js'
import type { LayerOptions } from './layer.js'
import { LowRankLayer, loraFields, type Tuned } from './low-rank.js'

const ownFields = {
  /** Length of the last axis of the result. */
  units: { type: 'integer', min: 1 },
  /** Applied to the result. Default 'linear'. */
  activation: { type: 'activation', default: 'linear' },
  /** Whether a bias is added. Default true. */
  useBias: { type: 'boolean', default: true },
  /** First value of the kernel. Default 'glorotUniform'. */
  kernelInitializer: { type: 'initializer', default: 'glorotUniform' },
  /** First value of the bias. Default 'zeros'. */
  biasInitializer: { type: 'initializer', default: 'zeros' },
  /** Penalty on the kernel. Default null. */
  kernelRegularizer: { type: 'regularizer', default: null },
  /** Penalty on the bias. Default null. */
  biasRegularizer: { type: 'regularizer', default: null },
  /** Penalty on the result. Default null. */
  activityRegularizer: { type: 'regularizer', default: null },
  /** What the kernel is set back to after each step. Default null. */
  kernelConstraint: { type: 'constraint', default: null },
  /** What the bias is set back to after each step. Default null. */
  biasConstraint: { type: 'constraint', default: null },
} as const
const denseFields: typeof ownFields & typeof loraFields = { ...ownFields, ...loraFields }

/** Options of {@link Dense}. */
export interface DenseOptions extends OptionsOf<typeof denseFields>, LayerOptions {}

const DenseBase: With<typeof LowRankLayer, typeof denseFields, DenseOptions> = LowRankLayer.with(denseFields)

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
export class Dense extends DenseBase {
  static override readonly className = 'Dense'
  protected override readonly takes = 'one' as const
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
    this.enableGiven(this.options)
  }

  protected override get tuned(): Tuned {
    const { kernelRegularizer: regularizer, kernelConstraint: constraint } = this.options
    return { weight: this.kernel, prefix: 'lora_kernel', regularizer, constraint }
  }

  override call(input: Tensor): Tensor {
    const [x, lora] = [this.cast(input), this.lora]
    const plain = ops.matmul(x, this.kernel)
    const product = lora === undefined ? plain : ops.add(plain, this.raised(ops.matmul(x, lora.a), lora))
    return this.options.activation(this.bias === undefined ? product : ops.add(product, this.bias))
  }
}
