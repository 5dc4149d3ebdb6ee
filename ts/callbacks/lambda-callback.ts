/** A callback out of functions. */
import { fail, hintFor } from '../errors.js'
import { asRecord } from '../options/resolve.js'
import { Callback, type Hooks, hookNames } from './callback.js'

/** What {@link LambdaCallback} is made of: any of the hooks. */
export interface LambdaCallbackHooks extends Omit<Hooks, 'setModel' | 'setParams'> {}

/**
 * The hooks given, and no others. `fit` takes the plain object as well.
 *
 * @see keras.callbacks.LambdaCallback
 *
 * @example
 * ```ts
 * import { LambdaCallback } from 'ferrograd/callbacks'
 *
 * const print = new LambdaCallback({ onEpochEnd: (epoch, logs) => console.log(epoch, logs.loss) })
 * ```
 */
export class LambdaCallback extends Callback {
  static override readonly className = 'LambdaCallback'

  constructor(hooks?: LambdaCallbackHooks) {
    super()
    for (const [name, hook] of Object.entries(asRecord(hooks, 'LambdaCallback'))) {
      const known: readonly string[] = hookNames.slice(2)
      if (!known.includes(name)) fail('ERR_CONFIG', 'LambdaCallback', 'the names of hooks', name, hintFor(name, known))
      if (typeof hook !== 'function') fail('ERR_CONFIG', `LambdaCallback.${name}`, 'a function', hook)
    }
    Object.assign(this, hooks)
  }
}
