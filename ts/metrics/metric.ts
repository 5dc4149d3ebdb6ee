/** The base of metrics: state in variables, moved by `update`, read by `result`, cleared by `reset`. */

import { floatx } from '../config.js'
import { allocate } from '../core/dtype.js'
import { assignWhole } from '../core/evaluation.js'
import { sizeOf } from '../core/shapes.js'
import type { Tensor } from '../core/tensor.js'
import { Variable, variable } from '../core/variable.js'
import type { Weighting } from '../losses/loss.js'
import * as ops from '../ops.js'
import { Configurable } from '../options/configurable.js'
import type { FieldTable, Named, OptionsOf, ValuesOf } from '../options/fields.js'
import { camel, snakeClass } from '../options/names.js'
import type { Config, FloatDType, Shape, TypedArray } from '../types.js'

const metricFields = {
  /** Its key in logs. Default null. */
  name: { type: 'string', default: null },
  /** The element type of its state; the configured float type unless given. */
  dtype: { type: 'dtype', default: null },
} as const

/** The fields every metric has. */
export type MetricFields = typeof metricFields

/** Options that every metric has. */
export interface MetricOptions extends OptionsOf<MetricFields>, Named {}

/** A number that grows over batches. */
export abstract class Statistic extends Configurable<ValuesOf<MetricFields>> {
  static override readonly fields: FieldTable = metricFields
  /** Its key in logs; settable until it is used. */
  name: string
  /** The element type of its state. */
  readonly dtype: FloatDType
  readonly #state: Variable[] = []

  constructor(options?: MetricOptions) {
    super(options)
    updateWhole(Object.getPrototypeOf(this))
    const { name, dtype }: { readonly name: string | null; readonly dtype: string | null } = this.options
    this.name = name ?? this.defaultName
    this.dtype = dtype === 'float32' || dtype === 'float64' ? dtype : floatx()
  }

  /** What the metric is called unless it is given a name. */
  protected get defaultName(): string {
    return snakeClass(this.className)
  }

  /** What errors call it: the name it was given, else its key in camelCase, as options are written. */
  protected get title(): string {
    const { name }: { readonly name: string | null } = this.options
    return name ?? camel(this.name)
  }

  /** The value over all updates since the last reset. */
  abstract result(): Tensor

  /** All state: what {@link addState} made, and variables that are properties. */
  get variables(): readonly Variable[] {
    const own = Object.values(this).filter((value): value is Variable => value instanceof Variable)
    return [...new Set([...this.#state, ...own])]
  }

  /** Called between passes over data, outside of steps: what a metric has to say of what it met. */
  review(): void {}

  /** Sets the state back to zeros. */
  reset(): void {
    this.review()
    for (const state of this.variables) state.set(zerosOf(state))
  }

  override getConfig(): Config {
    const config = super.getConfig()
    return { ...config, name: this.name, ...('dtype' in config ? { dtype: this.dtype } : {}) }
  }

  /** A state variable of zeros. */
  protected addState(name: string, shape: Shape = []): Variable {
    return this.#stateOf(name, shape, this.dtype)
  }

  /**
   * A sum or a count, zeros at first, that grows by {@link accumulate}: in float64, so that it counts beyond 2²⁴ samples
   * and does not drift over millions of batches.
   */
  protected addSum(name: string, shape: Shape = []): Variable {
    return this.#stateOf(name, shape, 'float64')
  }

  #stateOf(name: string, shape: Shape, dtype: FloatDType): Variable {
    const state = variable(ops.zeros(shape, dtype), { name, dtype, trainable: false })
    this.#state.push(state)
    return state
  }

  /** A tensor in the metric's element type. */
  protected cast(x: Tensor): Tensor {
    return ops.cast(x, this.dtype)
  }
}

/**
 * Base of metrics of targets and predictions; your own extend it, add state, and write `update` and `result`.
 *
 * @see keras.metrics.Metric
 *
 * @example
 * import { Metric } from 'ferrograd/metrics'
 * import { ops, type Tensor, type Variable } from 'ferrograd'
 *
 * class LargestError extends Metric {
 *   readonly largest: Variable = this.addState('largest')
 *   override update(yTrue: Tensor, yPred: Tensor): void {
 *     this.largest.assign(ops.maximum(this.largest, ops.max(ops.abs(ops.subtract(yTrue, yPred)))))
 *   }
 *   override result(): Tensor {
 *     return this.largest.read()
 *   }
 * }
 */
export abstract class Metric extends Statistic {
  /** Takes a batch in: assigns state variables. */
  abstract update(yTrue: Tensor, yPred: Tensor, weighting?: Weighting): void
}

/** `sum += value`, in the type of the sum. */
export function accumulate(sum: Variable, value: Tensor | number): void {
  sum.assign(ops.add(sum, typeof value === 'number' ? value : ops.cast(value, sum.dtype)))
}

/** The classes whose updates are whole already. */
const whole = new WeakSet<object>([Statistic.prototype])

/** Has an update of a class, the user's own too, change all of its state or, where something cannot be computed, none. */
function updateWhole(prototype: object): void {
  if (whole.has(prototype)) return
  whole.add(prototype)
  updateWhole(Object.getPrototypeOf(prototype))
  const { value: update, ...rest } = Object.getOwnPropertyDescriptor(prototype, 'update') ?? {}
  if (typeof update !== 'function') return
  const value = function (this: unknown, ...given: unknown[]): unknown {
    return assignWhole(() => update.apply(this, given))
  }
  Object.defineProperty(prototype, 'update', { ...rest, value })
}

function zerosOf({ shape, dtype }: Variable): TypedArray {
  return allocate(dtype, sizeOf(shape))
}
