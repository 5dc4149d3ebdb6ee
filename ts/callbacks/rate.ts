/** The learning rate of the model in training. */
import { fail } from '../errors.js'
import type { Model } from '../model/model.js'

/** The rate of the next step, a number. */
export function rateOf(model: Model): number {
  const { learningRate } = model.optimizer
  return typeof learningRate === 'number' ? learningRate : model.optimizer.rate().itemSync()
}

/** Sets the rate, unless a schedule gives it. */
export function setRate(model: Model, where: string, rate: number): void {
  if (typeof model.optimizer.learningRate !== 'number') {
    fail('ERR_STATE', where, 'an optimizer whose learning rate is a number', { text: 'one with a schedule' })
  }
  model.optimizer.learningRate = rate
}
