/**
 * Where probabilities came from. A cross-entropy of a softmax or sigmoid is one stable function of the logits, also where
 * layers moved the probabilities in between: what moved them moves the logits.
 */

import { gradients } from '../core/native.js'
import { native } from '../core/runtime.js'
import { depthOf, handleOf, Tensor } from '../core/tensor.js'
import { placeholder, untraced } from '../core/trace.js'
import { warnOnce } from '../core/warn.js'
import * as ops from '../ops.js'

/** What turns logits into probabilities. */
export type Squash = 'softmax' | 'sigmoid'

/** The ops that move or repeat numbers and change none. */
const moves: ReadonlySet<string> = new Set(['reshape', 'transpose', 'slice', 'concatenate', 'cast', 'broadcastTo'])

/** The logits of predictions: themselves with `fromLogits`, else those whose softmax over the last axis (or sigmoid) they are. */
export function logitsOf(yPred: Tensor, squash: Squash, fromLogits: boolean): Tensor | undefined {
  const squashed = sourcesOf(yPred, squash)
  if (fromLogits) {
    if (squashed !== undefined) warnOfBoth(squash)
    return yPred
  }
  if (squashed === undefined) return undefined
  const logits = squashed.map((p) => ops.producer(p)!.inputs[0]!)
  if (squashed[0] === yPred) return logits[0]
  if (squash === 'softmax' && !hasWholeRows(yPred, squashed)) return undefined
  return moved(yPred, squashed, logits)
}

function warnOfBoth(squash: Squash): void {
  const what = `fromLogits is true, but the predictions come from a ${squash}: they are squashed twice`
  warnOnce('FERROGRAD_FROM_LOGITS', `${what}. Leave out the ${squash}, or fromLogits`)
}

/** The results of `squash` that a tensor is made of, if moves are all that lies between; themselves where nothing does. */
function sourcesOf(x: Tensor, squash: Squash): Tensor[] | undefined {
  const made = ops.producer(x)
  if (made?.op === squash) return [x]
  if (made === undefined || !moves.has(made.op)) return undefined
  const sources = made.inputs.map((input) => sourcesOf(input, squash))
  return sources.every((list) => list !== undefined) ? sources.flat() : undefined
}

/**
 * What the moves from `sources` to `y` make of other numbers in the places of the sources. Moves are linear, so they are
 * the derivative, with respect to `s`, of the gradient that arrives at the sources where `s` arrives at `y`.
 */
function moved(y: Tensor, sources: readonly Tensor[], others: readonly Tensor[]): Tensor {
  const s = handleOf(placeholder(y.shape, y.dtype))
  const back = native(() => gradients(handleOf(y), sources.map(handleOf), s))
  const parts = back.flatMap((part, i) => {
    const handle = part && native(() => gradients(part, [s], handleOf(others[i]!)))[0]
    return handle ? [Tensor.of(handle, depthOf(others[i]!))] : []
  })
  return parts.reduce((sum, part) => ops.add(sum, part))
}

/** Whether each row of `y` is one whole row of a softmax, in any order: found by sending the numbers of rows and classes. */
function hasWholeRows(y: Tensor, sources: readonly Tensor[]): boolean {
  const classes = y.shape.at(-1)
  if (sources.some(({ shape }) => shape.at(-1) !== classes)) return false
  return untraced(() => {
    let rows = 0
    const [row, place] = [[], []] as [Tensor[], Tensor[]]
    for (const { shape, dtype, size } of sources) {
      const index = ops.reshape(ops.arange(0, size, 1, 'float64'), shape)
      const number = ops.floorDivide(index, classes!)
      row.push(ops.cast(ops.add(number, rows), dtype))
      place.push(ops.cast(ops.subtract(index, ops.multiply(number, classes!)), dtype))
      rows += size / classes!
    }
    const [of, at] = [moved(y, sources, row), moved(y, sources, place)]
    const one = ops.equal(ops.max(of, { axis: -1 }), ops.min(of, { axis: -1 }))
    const all = ops.equal(ops.sort(at, { axis: -1 }), ops.arange(0, classes!, 1, at.dtype))
    return ops.logicalAnd(ops.all(one), ops.all(all)).itemSync() !== 0
  })
}
