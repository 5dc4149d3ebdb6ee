/** The plainest layers: the dense product, an activation, and changes of shape. */

import { fail } from '../errors.js'
import * as ops from '../ops.js'
import { sizeOf } from '../shapes.js'
import type { Tensor } from '../tensor.js'
import type { Shape } from '../types.js'
import type { Variable } from '../variable.js'
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

const activationFields = {
  /** The function. */
  activation: { type: 'activation' },
} as const

/**
 * Applies an activation, `y = activation(x)`, shapes as they are.
 *
 * @see keras.layers.Activation
 *
 * @example
 * import { Activation } from 'ferrograd/layers'
 *
 * const layer = new Activation({ activation: 'relu' })
 */
export class Activation extends Layer<typeof activationFields> {
  static override readonly className = 'Activation'
  static override readonly fields: typeof activationFields = activationFields
  protected override readonly keepsMask: boolean = true

  override call(x: Tensor): Tensor {
    return this.options.activation(x)
  }
}

const flattenFields = {
  /** Where the channels are in the input; with `channelsFirst` they are moved last before flattening. */
  dataFormat: { type: 'choice', of: ['channelsLast', 'channelsFirst'], default: 'channelsLast' },
} as const

/**
 * One axis out of all but the batch, (batch, a, b, …) → (batch, a·b·…).
 *
 * `y[b, (i·m + j)·n + k] = x[b, i, j, k]` for `x` (batch, l, m, n).
 *
 * @see keras.layers.Flatten
 *
 * @example
 * import { Flatten } from 'ferrograd/layers'
 *
 * const layer = new Flatten({ inputShape: [28, 28] }) // (batch, 784)
 */
export class Flatten extends Layer<typeof flattenFields> {
  static override readonly className = 'Flatten'
  static override readonly fields: typeof flattenFields = flattenFields

  override call(x: Tensor): Tensor {
    const moved =
      this.options.dataFormat === 'channelsFirst' && x.rank > 2 ? ops.transpose(x, [0, ...range(2, x.rank), 1]) : x
    return ops.reshape(moved, [x.shape[0]!, sizeOf(x.shape.slice(1))])
  }
}

const reshapeFields = {
  /** The shape of one sample; at most one length may be −1, whatever is left. */
  targetShape: { type: 'integers' },
} as const

/**
 * Samples in another shape, (batch, …) → (batch, …targetShape).
 *
 * `y[b] = x[b]` read row by row; a length of −1 is the one that is left.
 *
 * @see keras.layers.Reshape
 *
 * @example
 * import { Reshape } from 'ferrograd/layers'
 *
 * const layer = new Reshape({ targetShape: [28, 28, 1], inputShape: [784] })
 */
export class Reshape extends Layer<typeof reshapeFields> {
  static override readonly className = 'Reshape'
  static override readonly fields: typeof reshapeFields = reshapeFields

  override call(x: Tensor): Tensor {
    return ops.reshape(x, [x.shape[0]!, ...this.#resolve(x.shape.slice(1))])
  }

  #resolve(sample: Shape): number[] {
    const { targetShape } = this.options
    const known = sizeOf(targetShape.filter((length) => length !== -1))
    const free = targetShape.filter((length) => length === -1).length
    const size = sizeOf(sample)
    const bad =
      targetShape.some((length) => length < -1) ||
      free > 1 ||
      (free === 1 ? known === 0 || size % known !== 0 : known !== size)
    if (bad)
      fail(
        'ERR_SHAPE',
        'Reshape.targetShape',
        `a shape of ${size} elements, as [${sample.join(', ')}] has`,
        targetShape,
      )
    return targetShape.map((length) => (length === -1 ? size / known : length))
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)
