/**
 * The base of optimizers: everything around the update rule. One step, in order: missing gradients are dropped, the
 * others unscaled, accumulated, clipped; weights decay; the rule is applied; averages move; constraints hold; the
 * counter advances.
 */

import { floatx } from '../config.js'
import { returnedNow, returnedScalar, returnedTensor } from '../core/check-returned.js'
import { assignTogether } from '../core/evaluation.js'
import { type Tensor, tensor } from '../core/tensor.js'
import { untraced } from '../core/trace.js'
import { currentTrace } from '../core/trace-stack.js'
import { type Variable, variable } from '../core/variable.js'
import { type FerrogradError, fail } from '../errors.js'
import * as ops from '../ops.js'
import { Configurable } from '../options/configurable.js'
import type { FieldTable, Kinds, ValuesOf } from '../options/fields.js'
import { primitiveKinds } from '../options/kinds.js'
import { snakeClass } from '../options/names.js'
import { learningRateKind } from '../schedules/family.js'
import { Schedule } from '../schedules/schedule.js'
import type { Config, FloatDType } from '../types.js'
import { checkGradient, checkLike, checkNumbers, checkVariables, constrained, refused } from './checks.js'
import { clip } from './clip.js'
import { type OptimizerFields, type OptimizerOptions, optimizerFields } from './fields.js'
import { guardGradients, guardValues, type Handling, type Reach } from './guards.js'

/** Finds a slot of the variable that is being updated. */
export type Slots = (name: string) => Variable

const kinds: Kinds = { ...primitiveKinds, learningRate: learningRateKind }

/**
 * Base of optimizers; your own extend it, name their slots and write `update`.
 *
 * @see keras.optimizers.Optimizer
 *
 * @example
 * import { Optimizer, type Slots } from 'ferrograd/optimizers'
 * import { ops, type Tensor, type Variable } from 'ferrograd'
 *
 * class SignDescent extends Optimizer {
 *   protected override update(gradient: Tensor, weight: Variable, rate: Tensor, _slots: Slots): void {
 *     this.assign(weight, ops.subtract(weight, ops.multiply(rate, ops.sign(gradient))))
 *   }
 * }
 */
export abstract class Optimizer extends Configurable<ValuesOf<OptimizerFields>> {
  static override readonly fields: FieldTable = optimizerFields

  /** Its name in Keras's files. */
  readonly name: string
  /** Steps taken; with gradient accumulation each small step counts. */
  readonly iterations: Variable
  readonly #rate: Variable | Schedule
  /** The rate as it was set, before it was rounded to the variable's type. */
  #exactRate: number
  readonly #slots = new Map<Variable, Map<string, Variable>>()
  readonly #excluded = new Set<Variable>()
  #excludedNames: readonly string[] = []
  /** Where updates are conditional (accumulation): whether this step updates. */
  #gate: Tensor | undefined

  constructor(options?: OptimizerOptions) {
    super(options, kinds)
    const { name, learningRate, clipnorm, globalClipnorm, clipvalue } = this.options
    const clips = [clipnorm, globalClipnorm, clipvalue].filter((limit) => limit !== null).length
    if (clips > 1)
      fail('ERR_CONFIG', this.className, 'at most one of clipnorm, globalClipnorm and clipvalue', {
        clipnorm,
        globalClipnorm,
        clipvalue,
      })
    this.name = name ?? snakeClass(this.className)
    this.iterations = variable(tensor(0, [], 'int32'), { name: 'iteration', dtype: 'int32', trainable: false })
    this.#exactRate = typeof learningRate === 'number' ? learningRate : 0
    this.#rate = typeof learningRate === 'number' ? rateVariable(learningRate) : learningRate
  }

  /** The rule for one variable. Set variables through {@link assign}. */
  protected abstract update(gradient: Tensor, weight: Variable, rate: Tensor, slots: Slots): void

  /** The slots each variable gets, in the order of Keras's files: groups of names that lie side by side per variable. */
  protected slotGroups(): readonly (readonly string[])[] {
    return []
  }

  /** The first value of a slot: zeros. */
  protected initialSlot(_slot: string, weight: Variable): Tensor {
    return ops.zeros(weight.shape, weight.dtype)
  }

  /**
   * How far {@link update} goes. A rule that says nothing is looked after: its new values are checked before a step counts,
   * at the price of one more pass over them.
   */
  protected get reach(): Reach {
    return 'unknown'
  }

  /** State beyond the slots. */
  protected get extraVariables(): readonly Variable[] {
    return []
  }

  /** Called once per update, before the variables' own updates. */
  protected beforeUpdates(_variables: readonly Variable[]): void {}

  /** The learning rate: a number, or the schedule that gives it. A number takes effect at the next step. */
  get learningRate(): number | Schedule {
    if (this.#rate instanceof Schedule) return this.#rate
    const stored = this.#rate.dataSync()[0]!
    return stored === Math.fround(this.#exactRate) ? this.#exactRate : stored
  }

  set learningRate(value: number) {
    if (this.#rate instanceof Schedule)
      fail('ERR_STATE', `${this.className}.learningRate`, 'an optimizer without a schedule', this.#rate)
    const rate = learningRateKind.check(value, `${this.className}.learningRate`, { type: 'learningRate' })
    if (typeof rate !== 'number') fail('ERR_CONFIG', `${this.className}.learningRate`, 'a number', value)
    this.#exactRate = rate
    this.#rate.set(this.#rate.dtype === 'float64' ? Float64Array.of(rate) : Float32Array.of(rate))
  }

  /** The learning rate of the next step, a scalar. */
  rate(): Tensor {
    if (!(this.#rate instanceof Schedule)) return this.#rate.read()
    const rate = returnedScalar(this.#rate.call(this.iterations.read()), `${this.#rate.className}.call`)
    return ops.reshape(rate, [])
  }

  /** All state, in the order of Keras's files: counter, rate (unless it is a schedule), averages, accumulators, slots. */
  get variables(): Variable[] {
    const rate = this.#rate instanceof Schedule ? [] : [this.#rate]
    const slots = this.#allGroups().flatMap((group) =>
      [...this.#slots.values()].flatMap((own) => group.map((name) => own.get(name)!)),
    )
    return [this.iterations, ...rate, ...slots, ...this.extraVariables]
  }

  /** The slots, name by name, each for all variables: the order of files of old. */
  get slotsByName(): readonly (readonly Variable[])[] {
    const names = this.#allGroups().flat()
    return names.map((name) => [...this.#slots.values()].map((own) => own.get(name)!))
  }

  /** Makes the slots of variables that have none yet. */
  build(variables: readonly Variable[]): void {
    const names = this.#allGroups().flat()
    for (const weight of variables) {
      if (this.#slots.has(weight)) continue
      const own = names.map(
        (name) =>
          [
            name,
            variable(this.#initial(name, weight), {
              name: `${weight.name}_${name}`,
              trainable: false,
              dtype: weight.dtype,
            }),
          ] as const,
      )
      this.#slots.set(weight, new Map(own))
    }
  }

  /** Takes one step: `gradients[i]` belongs to `variables[i]`; variables without a gradient stay as they are. */
  apply(gradients: readonly (Tensor | undefined)[], variables: readonly Variable[]): void {
    const where = `${this.className}.apply`
    checkVariables(where, gradients, variables)
    if (gradients.length !== variables.length)
      fail('ERR_SHAPE', where, `a gradient (or undefined) for each of ${variables.length} variables`, {
        text: `${gradients.length}`,
      })
    const moved = variables.filter((_, i) => gradients[i] !== undefined)
    const given = gradients.filter((gradient) => gradient !== undefined)
    for (const [i, gradient] of given.entries())
      checkGradient(`${where} gradient of '${moved[i]!.name}'`, gradient, moved[i]!)
    if (given.length === 0 && variables.length > 0)
      fail(
        'ERR_STATE',
        where,
        'a gradient for at least one variable',
        { text: 'none' },
        'Does the loss depend on the variables?',
      )
    const [reach, rate] = [this.#reachNow(), this.rate()]
    if (currentTrace() !== undefined) {
      const moves = given.map((gradient, i) => ({ gradient, weight: moved[i]! }))
      guardGradients(moves, reach, this.#handling(rate))
    }
    untraced(() => this.build(variables))
    // Within a trace the step waits for its guards; here its values count only where all of them are finite.
    checkNumbers(where, given, moved)
    const refusal = (variable: object): FerrogradError => refused(where, variable as Variable)
    assignTogether(refusal, [...moved, this.iterations], () => {
      this.#step(
        given.map((gradient, i) => ops.cast(gradient, moved[i]!.dtype)),
        moved,
        rate,
      )
      this.iterations.assignAdd(tensor(1, [], 'int32'))
    })
    guardValues(reach === 'unknown' ? [...moved, ...this.#slotsOf(moved)] : moved.filter((one) => one.constraint))
  }

  /** Leaves variables out of weight decay: given ones, or those whose name contains one of `names`. */
  excludeFromWeightDecay({
    variables = [],
    names = [],
  }: {
    readonly variables?: readonly Variable[]
    readonly names?: readonly string[]
  }): void {
    for (const weight of variables) this.#excluded.add(weight)
    this.#excludedNames = [...this.#excludedNames, ...names]
  }

  /** Sets the weights to their moving averages, where these are kept. `fit` does so at its end. */
  finalizeVariableValues(variables: readonly Variable[]): void {
    if (!this.options.useEma) return
    for (const weight of variables) {
      const average = this.#slots.get(weight)?.get('average')
      if (average !== undefined) weight.assign(average.read())
    }
  }

  /** The loss whose gradients {@link apply} expects: multiplied by `lossScaleFactor`. */
  scaleLoss(loss: Tensor): Tensor {
    const { lossScaleFactor } = this.options
    return lossScaleFactor === null ? loss : ops.multiply(loss, lossScaleFactor)
  }

  override getConfig(): Config {
    const { learningRate } = this
    return {
      ...super.getConfig(),
      name: this.name,
      ...(typeof learningRate === 'number' ? { learning_rate: learningRate } : {}),
    }
  }

  /** Sets a variable, unless this step only accumulates. */
  protected assign(target: Variable, value: Tensor): void {
    const next = returnedTensor(value, `${this.className}.update, ${target.name}`)
    checkLike(next, target, `${this.className}.update, ${target.name}`)
    target.assign(this.#gate === undefined ? next : ops.where(this.#gate, next, target.read()))
  }

  /** Updates made before this one, a scalar. */
  protected updates(): Tensor {
    const { gradientAccumulationSteps: every } = this.options
    return every === null ? this.iterations.read() : ops.floorDivide(this.iterations, every)
  }

  /** The number of this update, from 1, as a float scalar. */
  protected updateNumber(dtype: FloatDType | Variable['dtype']): Tensor {
    return ops.add(ops.cast(this.updates(), dtype), 1)
  }

  #step(scaled: readonly Tensor[], variables: readonly Variable[], rate: Tensor): void {
    const { lossScaleFactor, gradientAccumulationSteps: every } = this.options
    const gradients =
      lossScaleFactor === null ? scaled : scaled.map((gradient) => ops.divide(gradient, lossScaleFactor))
    if (every === null) this.#update(gradients, variables, rate)
    else this.#accumulate(gradients, variables, every, rate)
    this.#moveAverages()
    for (const weight of variables) if (weight.constraint) weight.assign(constrained(weight, weight.constraint))
  }

  /** Adds gradients up; every k-th step updates by their mean and starts again. */
  #accumulate(gradients: readonly Tensor[], variables: readonly Variable[], every: number, rate: Tensor): void {
    const sums = gradients.map((gradient, i) => ops.add(gradient, this.#slot(variables[i]!, 'gradient_accumulator')))
    const fires = ops.equal(ops.mod(ops.add(this.iterations, 1), every), 0)
    this.#gate = fires
    try {
      this.#update(
        sums.map((sum) => ops.divide(sum, every)),
        variables,
        rate,
      )
    } finally {
      this.#gate = undefined
    }
    for (const [i, sum] of sums.entries())
      this.#slot(variables[i]!, 'gradient_accumulator').assign(ops.where(fires, ops.zerosLike(sum), sum))
  }

  #update(gradients: readonly Tensor[], variables: readonly Variable[], rate: Tensor): void {
    const clipped = clip(gradients, this.options)
    this.#decay(variables, rate)
    this.beforeUpdates(variables)
    for (const [i, weight] of variables.entries()) {
      const slots: Slots = (name) => this.#slot(weight, name)
      const result: unknown = this.update(clipped[i]!, weight, ops.cast(rate, weight.dtype), slots)
      returnedNow(result, `${this.className}.update`)
    }
  }

  #decay(variables: readonly Variable[], rate: Tensor): void {
    const { weightDecay } = this.options
    if (weightDecay === null) return
    for (const weight of variables) {
      if (this.#excluded.has(weight) || this.#excludedNames.some((name) => weight.name.includes(name))) continue
      const part = ops.multiply(ops.multiply(weight, weightDecay), ops.cast(rate, weight.dtype))
      this.assign(weight, ops.subtract(weight, part))
    }
  }

  /** `average = m · average + (1 − m) · w`, with m = 0 at the first update. */
  #moveAverages(): void {
    const { useEma, emaMomentum, emaOverwriteFrequency: every } = this.options
    if (!useEma) return
    for (const [weight, slots] of this.#slots) {
      const average = slots.get('average')!
      const momentum = ops.multiply(ops.cast(ops.notEqual(this.updates(), 0), weight.dtype), emaMomentum)
      const moved = ops.add(ops.multiply(momentum, average), ops.multiply(ops.subtract(1, momentum), weight))
      average.assign(moved)
      if (every === null) continue
      const due = ops.equal(ops.mod(ops.add(this.updates(), 1), every), 0)
      weight.assign(ops.where(due, moved, weight.read()))
    }
  }

  /** What is known of the rule as this object has it: what a class says of its own holds for no other `update`. */
  #reachNow(): Reach {
    const { weightDecay, learningRate } = this.options
    let owner: object = this
    while (!Object.hasOwn(owner, 'update')) owner = Object.getPrototypeOf(owner) as object
    if (!Object.hasOwn(owner, 'reach')) return 'unknown'
    // Weights that are made smaller by more than themselves grow.
    const grows = weightDecay !== null && typeof learningRate === 'number' && weightDecay * learningRate > 1
    return grows ? 'unknown' : this.reach
  }

  #handling(rate: Tensor): Handling {
    const { lossScaleFactor, gradientAccumulationSteps, clipnorm, globalClipnorm, clipvalue } = this.options
    return {
      rate,
      scheduled: this.#rate instanceof Schedule,
      lossScaleFactor,
      clips: (clipnorm ?? globalClipnorm ?? clipvalue) !== null,
      accumulates: gradientAccumulationSteps !== null,
    }
  }

  #slotsOf(variables: readonly Variable[]): Variable[] {
    return variables.flatMap((weight) => [...(this.#slots.get(weight)?.values() ?? [])])
  }

  #allGroups(): readonly (readonly string[])[] {
    const { useEma, gradientAccumulationSteps } = this.options
    return [
      ...(useEma ? [['average']] : []),
      ...(gradientAccumulationSteps === null ? [] : [['gradient_accumulator']]),
      ...this.slotGroups(),
    ]
  }

  #initial(slot: string, weight: Variable): Tensor {
    const common = slot === 'average' || slot === 'gradient_accumulator'
    return common ? ops.zeros(weight.shape, weight.dtype) : this.initialSlot(slot, weight)
  }

  #slot(weight: Variable, name: string): Variable {
    return (
      this.#slots.get(weight)?.get(name) ??
      fail(
        'ERR_CONFIG',
        `${this.className} slot`,
        `one of ${this.#allGroups().flat().join(', ') || 'none'}`,
        name,
        'Name it in slotGroups',
      )
    )
  }
}

function rateVariable(rate: number): Variable {
  return variable(tensor(rate, [], floatx()), { name: 'learning_rate', dtype: floatx(), trainable: false })
}

export type { OptimizerFields, OptimizerOptions }
