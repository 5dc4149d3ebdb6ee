/** Tracing: a function runs once on placeholders, and what it draws and assigns becomes a program. */

import { dtypeCode } from './dtype.js'
import { BindingTensor } from './native.js'
import { native } from './runtime.js'
import { Tensor } from './tensor.js'
import type { DType, Shape } from './types.js'
import type { Variable } from './variable.js'

/** What a traced function returned, and the values that it assigned. */
export interface Traced<R> {
  readonly result: R
  readonly updates: Map<Variable, Tensor>
}

/** The variables of one trace: the symbol that stands for each, and the value assigned so far. */
export interface Trace {
  readonly symbols: Map<Variable, Tensor>
  readonly updates: Map<Variable, Tensor>
}

// Tracing is synchronous, so the stack of running traces needs no more than this.
const running: Trace[] = []

/** The innermost running trace. */
export function currentTrace(): Trace | undefined {
  return running.at(-1)
}

/**
 * Runs `fn` with every `variable.assign` recorded instead of carried out. Inside another trace it is part of that one.
 */
export function trace<R>(fn: () => R): Traced<R> {
  const frame: Trace = { symbols: new Map(), updates: new Map() }
  running.push(frame)
  try {
    return { result: fn(), updates: frame.updates }
  } finally {
    running.pop()
  }
}

/** A tensor that is fed at each run of a program. */
export function placeholder(shape: Shape, dtype: DType): Tensor {
  return Tensor.of(native(() => BindingTensor.placeholder([...shape], dtypeCode(dtype))))
}
