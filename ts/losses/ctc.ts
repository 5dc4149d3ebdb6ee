/** The loss of labels whose places in a sequence nobody knows. */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { Shape, TypedArray } from '../types.js'
import { checkEach, Loss } from './loss.js'

/**
 * Connectionist temporal classification: `−ln Σ p(row)` over all rows of classes that give the labels of a sequence, once
 * repeats and then blanks are left out.
 *
 * Targets are labels (batch, labels) from 1 up, padded with 0, which is the blank; predictions are logits (batch, steps, classes),
 * and all their steps count. Labels that need more steps than there are have an infinite loss, which stops a training.
 *
 * @see keras.losses.CTC
 *
 * @example
 * import { Sequential } from 'ferrograd'
 * import { Dense, LSTM } from 'ferrograd/layers'
 * import { CTC } from 'ferrograd/losses'
 *
 * const model = new Sequential([
 *   new LSTM({ units: 16, returnSequences: true, inputShape: [null, 8] }),
 *   new Dense({ units: 11 }), // ten digits, and the blank
 * ])
 * model.compile({ optimizer: 'adam', loss: new CTC() })
 */
export class CTC extends Loss {
  static override readonly className = 'CTC'
  override readonly takesLabels = true

  protected override get title(): string {
    return this.options.name ?? 'ctc'
  }

  override align(yTrue: Tensor, yPred: Tensor): Tensor {
    if (yPred.rank !== 3) fail('ERR_SHAPE', `${this.title} predictions`, '[batch, steps, classes]', yPred.shape)
    if (yTrue.rank !== 2 || yTrue.shape[0] !== yPred.shape[0])
      fail('ERR_SHAPE', `${this.title} targets`, `[${yPred.shape[0]}, labels]`, yTrue.shape)
    return ops.cast(yTrue, 'int32')
  }

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    const [batch, steps] = yPred.shape as readonly [number, number, number]
    const labels = ops.sum(ops.cast(ops.notEqual(yTrue, 0), 'int32'), { axis: 1 })
    return ops.ctcLoss(yTrue, yPred, labels, ops.add(ops.multiply(ops.arange(batch), 0), steps))
  }

  override checkTargets(values: TypedArray, shape: Shape, predicted: Shape): void {
    const [classes, steps] = [predicted[2] ?? Number.POSITIVE_INFINITY, predicted[1] ?? Number.POSITIVE_INFINITY]
    const isClass = (y: number): boolean => Number.isInteger(y) && y >= 0 && y < classes
    checkEach(values, shape, this.title, `labels in 1 … ${classes - 1}, padded with 0`, isClass)
    const most = shape[1] ?? 0
    for (let row = 0; row * most < values.length; row++) {
      const needed = stepsFor(values.subarray(row * most, (row + 1) * most))
      if (needed <= steps) continue
      const text = `${needed} of them (sample ${row})`
      const hint = 'A label takes a step, and two equal ones a blank between them'
      fail('ERR_DATA', `${this.title} targets`, `labels that fit ${steps} steps`, { text }, hint)
    }
  }
}

/** How many steps some labels take at least. */
function stepsFor(row: TypedArray): number {
  const labels = Array.from<number>(row)
  const count = labels.filter((label) => label !== 0).length
  return count + labels.slice(1, count).filter((label, i) => label === labels[i]).length
}
