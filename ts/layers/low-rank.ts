/** Fine-tuning by low ranks: a large weight stays as it is, and a product of two small ones is learnt on top of it. */

import type { Tensor } from '../core/tensor.js'
import { noteFlag, noteFlagChange } from '../core/trace-stack.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { OptionsOf, ValuesOf } from '../options/fields.js'
import { checkInteger } from '../options/kinds.js'
import { optionsReader } from '../options/reader.js'
import type { Config } from '../types.js'
import { layerKinds } from './kinds.js'
import { type Filed, Layer, type WeightOptions } from './layer.js'

/** Options of a layer whose largest weight may be fine-tuned. */
export const loraFields = {
  /**
   * Keeps the large weight as it is and learns a product of this rank on top of it, as `enableLora` does. Default null.
   */
  loraRank: { type: 'integer', default: null, min: 1, quiet: true },
  /** The product is multiplied by `loraAlpha / loraRank`; the rank unless given. */
  loraAlpha: { type: 'number', default: null, quiet: true },
} as const

const enableFields = {
  /** The product is multiplied by `loraAlpha / rank`; the rank unless given. */
  loraAlpha: { type: 'number', default: null },
  /** First value of the factor that meets the input. Default 'heUniform'. */
  aInitializer: { type: 'initializer', default: 'heUniform' },
  /** First value of the factor that gives the result; zeros leave the layer what it was. Default 'zeros'. */
  bInitializer: { type: 'initializer', default: 'zeros' },
} as const

const read = optionsReader('enableLora', enableFields, () => layerKinds)

/** What `enableLora` may be told besides the rank. */
export interface EnableLoraOptions extends OptionsOf<typeof enableFields> {}

/** The two factors of what is learnt on top of a weight, and what their product is multiplied by. */
export interface LowRank {
  readonly a: Variable
  readonly b: Variable
  readonly rank: number
  readonly alpha: number
}

/** The weight of a layer that may be fine-tuned. */
export interface Tuned {
  readonly weight: Variable
  /** What the names of the factors begin with: `lora_kernel`. */
  readonly prefix: string
  /** Penalty on the weight, and so on the factors. */
  readonly regularizer: NonNullable<WeightOptions['regularizer']> | null
  /** What the weight is set back to after each step: nothing may be where it is fine-tuned. */
  readonly constraint: unknown
}

/** A layer whose largest weight `W` may be fine-tuned: it counts as `W + (loraAlpha / rank) · A · B`. */
export abstract class LowRankLayer extends Layer {
  #lora: LowRank | undefined

  /** What is fine-tuned, once it is there. */
  protected abstract get tuned(): Tuned

  /** The factors that are learnt on top of the weight, where {@link enableLora} was called. */
  get lora(): LowRank | undefined {
    return noteFlag(this, this.#lora, 'lora')
  }

  /**
   * Keeps the layer's weight as it is, and learns a product `A · B` of a rank on top of it (Hu et al., LoRA, 2021): the result is
   * that of `W + (loraAlpha / rank) · A · B`. Files of Keras's kinds keep the sum in place of `W`, and one that is read back
   * goes on from there with `B = 0`; by name all three are kept.
   *
   * @throws `ERR_STATE` where the layer has no weights yet or was told so before, `ERR_CONFIG` where the weight has a constraint.
   *
   * @example
   * import { Dense } from 'ferrograd/layers'
   *
   * import { Sequential } from 'ferrograd'
   *
   * const dense = new Dense({ units: 64, inputShape: [256] })
   * const model = new Sequential([dense])
   * dense.enableLora(4, { loraAlpha: 8 })
   * model.trainableWeights.length // 3: the bias and the two factors
   */
  enableLora(rank: number, options: EnableLoraOptions = {}): void {
    const where = `${this.name}.enableLora`
    if (!this.built) {
      const hint = 'Call the layer or its model first, or give the model its inputShape'
      fail('ERR_STATE', where, 'a layer with weights', { text: 'one that is not built' }, hint)
    }
    this.#enable(where, rank, options)
  }

  /** What the options say of it, at the end of `build`. */
  protected enableGiven({ loraRank, loraAlpha }: ValuesOf<typeof loraFields>): void {
    if (loraRank !== null) this.#enable(`${this.className}.loraRank`, loraRank, { loraAlpha })
  }

  #enable(where: string, given: number, options: EnableLoraOptions): void {
    const rank = checkInteger(given, `${where} rank`, { type: 'integer', min: 1 })
    const { loraAlpha, aInitializer, bInitializer } = read(options, where)
    if (this.#lora !== undefined) fail('ERR_STATE', where, 'one call', { text: `rank ${this.#lora.rank} before` })
    const { weight, prefix, regularizer, constraint } = this.tuned
    if (constraint) fail('ERR_CONFIG', where, `no constraint on ${weight.name}`, constraint)
    const [rows, columns] = [weight.shape.slice(0, -1), weight.shape.at(-1)!]
    const shared = { regularizer }
    const a = this.addWeight({ ...shared, name: `${prefix}_a`, shape: [...rows, rank], initializer: aInitializer })
    const b = this.addWeight({ ...shared, name: `${prefix}_b`, shape: [rank, columns], initializer: bInitializer })
    weight.trainable = false
    this.#lora = { a, b, rank, alpha: loraAlpha ?? rank }
    noteFlagChange(this, 'lora')
  }

  /** `x · B`, times what the product counts. */
  protected raised(x: Tensor, { b, rank, alpha }: LowRank): Tensor {
    return ops.multiply(ops.matmul(x, b), alpha / rank)
  }

  /** The weight with what was learnt on top of it. */
  protected merged(): Tensor {
    const { lora } = this
    const { weight } = this.tuned
    return lora === undefined ? weight.read() : ops.add(weight, this.raised(lora.a.read(), lora))
  }

  override filed(own: readonly Variable[]): Filed[] {
    const lora = this.#lora
    if (lora === undefined) return super.filed(own)
    const { weight } = this.tuned
    const others = own.filter((one) => one !== weight && one !== lora.a && one !== lora.b)
    return [{ variable: weight, value: () => this.merged() }, ...super.filed(others)]
  }

  override onRead(): void {
    this.#lora?.b.assign(ops.zerosLike(this.#lora.b))
  }

  override getConfig(): Config {
    const lora = this.#lora
    return { ...super.getConfig(), ...(lora && { lora_rank: lora.rank, lora_alpha: lora.alpha }) }
  }
}
