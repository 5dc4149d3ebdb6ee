/** The layer that is a function. */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { functionJson } from '../options/functions.js'
import { asRecord } from '../options/resolve.js'
import { isDescribing } from '../options/writing.js'
import type { Config } from '../types.js'
import { type CallContext, Layer, type LayerOptions, type Tensors } from './layer.js'

/** Options of {@link Lambda}. */
export interface LambdaOptions<X, Y> extends LayerOptions {
  /** What the layer computes of its inputs, drawn in ops. */
  readonly function: (x: X, context: CallContext) => Y
}

/**
 * A function of tensors as a layer, `y = function(x)`: for what has no weights and is not worth a class. On symbolic tensors
 * functions and ops can stand alone, as in `x.pipe(ops.relu)`; in a `Sequential` they need this.
 *
 * A model with one is not written to a file, since a function is none of its numbers: a class of your own with `call` is,
 * once it is registered.
 *
 * @see keras.layers.Lambda
 *
 * @example
 * import { Sequential } from 'ferrograd'
 * import { Dense, Lambda } from 'ferrograd/layers'
 *
 * const model = new Sequential([
 *   new Dense({ units: 2, inputShape: [3] }),
 *   new Lambda({ function: (x) => x.square().mul(0.5) }),
 * ])
 */
export class Lambda<X extends Tensors | object = Tensor, Y extends Tensors | object = Tensor> extends Layer {
  static override readonly className = 'Lambda'
  readonly #function: (x: X, context: CallContext) => Y

  constructor(options: LambdaOptions<X, Y>) {
    const { function: compute, ...others } = asRecord(options, 'Lambda') as Partial<LambdaOptions<X, Y>>
    super(others)
    if (typeof compute !== 'function') fail('ERR_CONFIG', 'Lambda.function', 'a function', compute)
    this.#function = compute
  }

  override call(x: NoInfer<X>, context: CallContext): Y {
    return this.#function(x, context)
  }

  override getConfig(): Config {
    if (isDescribing()) return { ...super.getConfig(), function: functionJson(this.#function, 'function') }
    const hint = 'Write a class with call, and registerClass it'
    return fail('ERR_FORMAT', `Lambda '${this.name}'`, 'a layer that can be written', { text: 'a function' }, hint)
  }
}
