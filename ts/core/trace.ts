/** Tracing: a function runs once on placeholders, and what it draws and assigns becomes a program. */

import type { DType, Shape } from '../types.js'
import { dtypeCode } from './dtype.js'
import { placeholder as nativePlaceholder } from './native.js'
import type { Guard } from './program.js'
import { native } from './runtime.js'
import { Tensor } from './tensor.js'
import { type Frame, Settings, within } from './trace-stack.js'
import type { Variable } from './variable.js'

/** What a traced function returned, and the values that it assigned. */
export interface Traced<R> {
  readonly result: R
  readonly updates: Map<Variable, Tensor>
  /** The variables whose values it reads. */
  readonly reads: readonly Variable[]
  /** What has to be finite before anything changes. */
  readonly guards: readonly Guard[]
  /** What it depends on that may be set at any time. */
  readonly settings: Settings
  /** True where it may run without an end. */
  readonly endless: boolean
}

/** Runs `fn` with every `variable.assign` recorded instead of carried out. */
export function trace<R>(fn: () => R): Traced<R> {
  const [symbols, settings] = [new Map<Variable, Tensor>(), new Settings()]
  const frame: Frame = { symbols, updates: new Map(), customs: [], settings, guards: [], endless: false }
  const result = within(frame, fn)
  return {
    result,
    updates: frame.updates,
    reads: [...frame.symbols.keys()],
    settings: frame.settings,
    guards: frame.guards,
    endless: frame.endless,
  }
}

/** Runs `fn` as if no function were being traced: what it makes exists at once. First values of variables come so. */
export function untraced<R>(fn: () => R): R {
  return within(undefined, fn)
}

/** A tensor that is fed at each run of a program. */
export function placeholder(shape: Shape, dtype: DType): Tensor {
  return Tensor.traced(native(() => nativePlaceholder([...shape], dtypeCode(dtype))))
}
