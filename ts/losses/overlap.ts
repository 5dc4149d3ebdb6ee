/** Losses of overlap: how much of targets and predictions is common to both. */

import { epsilon } from '../config.js'
import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { alignWeights } from './align.js'
import { Loss, type LossOptions, type Weighting } from './loss.js'

/** What targets and predictions share, and what only one of them has. */
interface Shares {
  /** `Σ w·y·p`. */
  readonly both: Tensor
  /** `Σ w·y(1 − p)`. */
  readonly missed: Tensor
  /** `Σ w·(1 − y)p`. */
  readonly wrong: Tensor
}

/** One overlap along some axes. Where samples share one, weights and masks count inside its sums: no sample has a loss of its own. */
abstract class Overlap extends Loss {
  /** The axes the overlap is counted over; all of them where it is null. */
  protected abstract get axis(): number | readonly number[] | null
  protected abstract loss(shares: Shares): Tensor

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return this.loss(this.#shares(yTrue, yPred))
  }

  protected override weighed(yTrue: Tensor, yPred: Tensor, weighting: Weighting): readonly [Tensor, Weighting] {
    const weights = [weighting.sampleWeight, weighting.mask]
      .filter((weight) => weight !== undefined)
      .map((weight) => alignWeights(weight, yPred, this.title))
    if (weights.length === 0 || !this.#joinsSamples(yPred.rank)) return super.weighed(yTrue, yPred, weighting)
    const weight = weights.reduce((product, one) => ops.multiply(product, one))
    return [this.loss(this.#shares(yTrue, yPred, weight)), {}]
  }

  #joinsSamples(rank: number): boolean {
    const { axis } = this
    return axis === null || [axis].flat().some((one) => one === 0 || one === -rank)
  }

  #shares(y: Tensor, p: Tensor, weight?: Tensor): Shares {
    const { axis } = this
    const total = (x: Tensor): Tensor => {
      const counted = weight === undefined ? x : ops.multiply(x, weight)
      return axis === null ? ops.sum(counted) : ops.sum(counted, { axis })
    }
    return {
      both: total(ops.multiply(y, p)),
      missed: total(ops.multiply(ops.subtract(1, p), y)),
      wrong: total(ops.multiply(ops.subtract(1, y), p)),
    }
  }
}

const diceFields = {
  /** The axes the overlap is counted over; all unless given. */
  axis: { type: 'axis', default: null },
} as const

/** Options of {@link Dice}. */
export interface DiceOptions extends OptionsOf<typeof diceFields>, LossOptions {}

const DiceBase: With<typeof Overlap, typeof diceFields, DiceOptions> = Overlap.with(diceFields)

/**
 * `1 − 2 Σ y·p / (Σ y + Σ p + ε)`; with weights of samples `1 − 2 Σ w·y·p / (Σ w·y + Σ w·p + ε)`.
 *
 * @see keras.losses.Dice
 *
 * @example
 * import { Dice } from 'ferrograd/losses'
 *
 * const loss = new Dice({ axis: [1] })
 */
export class Dice extends DiceBase {
  static override readonly className = 'Dice'

  protected override get axis(): number | readonly number[] | null {
    return this.options.axis
  }

  protected override loss({ both, missed, wrong }: Shares): Tensor {
    const twice = ops.multiply(both, 2)
    return ops.subtract(1, ops.divide(twice, ops.add(ops.add(ops.add(twice, missed), wrong), epsilon())))
  }
}

const tverskyFields = {
  /** Weight of targets that are missed. Default 0.5. */
  alpha: { type: 'number', default: 0.5, min: 0 },
  /** Weight of predictions that are wrong. Default 0.5. */
  beta: { type: 'number', default: 0.5, min: 0 },
  /** The axes the overlap is counted over; all unless given. */
  axis: { type: 'axis', default: null },
} as const

/** Options of {@link Tversky}. */
export interface TverskyOptions extends OptionsOf<typeof tverskyFields>, LossOptions {}

const TverskyBase: With<typeof Overlap, typeof tverskyFields, TverskyOptions> = Overlap.with(tverskyFields)

/**
 * `1 − Σyp / (Σyp + alpha · Σy(1−p) + beta · Σp(1−y) + ε)` (Salehi et al., 2017); weights of samples count in each sum.
 *
 * @see keras.losses.Tversky
 *
 * @example
 * import { Tversky } from 'ferrograd/losses'
 *
 * const loss = new Tversky({ alpha: 0.3, beta: 0.7 })
 */
export class Tversky extends TverskyBase {
  static override readonly className = 'Tversky'

  protected override get axis(): number | readonly number[] | null {
    return this.options.axis
  }

  protected override loss({ both, missed, wrong }: Shares): Tensor {
    const { alpha, beta } = this.options
    const sizes = ops.add(ops.add(both, ops.multiply(missed, alpha)), ops.multiply(wrong, beta))
    return ops.subtract(1, ops.divide(both, ops.add(sizes, epsilon())))
  }
}
