/** Integrated gradients. */

import type { Tensor } from '../core/tensor.js'
import { tensor } from '../core/tensor.js'
import type { Layer } from '../layers/layer.js'
import type { Model } from '../model/model.js'
import type { InputsFor, Symbols, TensorsOf } from '../model/typed-model.js'
import * as ops from '../ops.js'
import type { OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { Asked, type Part } from './asked.js'
import { aimFor, checkFloats, furtherOf, keyOf, slopesOf } from './gradients.js'
import { type LayerChoice, layerOf, numberOf } from './layer.js'
import { legendre } from './legendre.js'
import { insideFields, passFields, targetFields } from './options.js'
import type { Aim, Target } from './target.js'

const wayFields = {
  /** What tells nothing: as many samples as `x` has, or one for all; zeros unless given. */
  baseline: { type: 'given', default: null },
  /** At how many places of the way from the baseline to the sample gradients are taken. Default 50. */
  steps: { type: 'integer', default: 50, min: 1 },
} as const
const fields: typeof targetFields & typeof wayFields & typeof insideFields & typeof passFields = {
  ...targetFields,
  ...wayFields,
  ...insideFields,
  ...passFields,
}

const read = optionsReader('explain.integratedGradients', fields)

/** Options of {@link integratedGradients}. */
export interface IntegratedGradientsOptions<In extends Symbols = Symbols> extends OptionsOf<typeof fields> {
  readonly target?: Target
  readonly baseline?: InputsFor<In>
  readonly layer?: LayerChoice
}

/**
 * What each number of a sample adds to a score, `(x − x₀) · ∫₀¹ ∂score / ∂x (x₀ + α (x − x₀)) dα` (Sundararajan et al., 2017),
 * in the shape of `x`, for models of any kind. Over a sample these add up to `score(x) − score(x₀)`, as exactly as `steps`
 * places, those of Gauss and Legendre, give the integral. Where the model has several inputs, a tensor for each.
 *
 * Errors: ERR_CONFIG for a class that there is not or a layer that the model does not call; ERR_DTYPE for inputs of whole
 * numbers without a `layer`; ERR_SHAPE where the model has several outputs and `target` is no function, or the baseline
 * is no sample of the kind.
 *
 * @example
 * ```ts
 * import { explain, Sequential } from 'ferrograd'
 * import { Dense } from 'ferrograd/layers'
 *
 * const model = new Sequential([
 *   new Dense({ units: 8, activation: 'tanh', inputShape: [3] }),
 *   new Dense({ units: 1 }),
 * ])
 * const parts = await explain.integratedGradients(model, [[1, 2, 3]], { baseline: [[0, 1, 0]] })
 * console.log(parts.shape) // [1, 3]
 * ```
 */
export function integratedGradients<In extends Symbols, Out extends Symbols>(
  model: Model<In, Out>,
  x: InputsFor<In>,
  options: IntegratedGradientsOptions<In> & { readonly layer: LayerChoice },
): Promise<Tensor>
export function integratedGradients<In extends Symbols, Out extends Symbols>(
  model: Model<In, Out>,
  x: InputsFor<In>,
  options?: IntegratedGradientsOptions<In>,
): Promise<TensorsOf<In>>
export async function integratedGradients(
  model: unknown,
  x: unknown,
  options: IntegratedGradientsOptions = {},
): Promise<unknown> {
  const where = 'explain.integratedGradients'
  const { target, baseline, steps, layer: choice, batchSize } = read(options)
  const asked = new Asked(where, model, x, batchSize)
  const layer = choice === undefined ? undefined : layerOf(where, asked.model, choice)
  checkFloats(asked, layer)
  const base = baseline === undefined ? undefined : asked.like(`${where}.baseline`, baseline)
  const aim = await aimFor(asked, target)
  const way = new Way(asked, aim, layer)
  const parts = await asked.over(async (part, first, count) => {
    const from = base === undefined ? part.map((one) => one && ops.zerosLike(one)) : asked.batch(first, count, base)
    return way.along(part, from, furtherOf(aim, first, count), steps)
  })
  return layer === undefined ? asked.arrange(parts) : parts[0]
}

/** The way from a baseline to samples. */
class Way {
  readonly #asked: Asked
  readonly #aim: Aim
  readonly #layer: Layer | undefined

  constructor(asked: Asked, aim: Aim, layer: Layer | undefined) {
    this.#asked = asked
    this.#aim = aim
    this.#layer = layer
  }

  /** `(to − from)` times the mean gradient between the two. */
  async along(x: Part, x0: Part, classes: readonly Tensor[], steps: number): Promise<Tensor[]> {
    const [to, from] = [await this.#ends(x), await this.#ends(x0)]
    let total = to.map((one) => ops.zerosLike(one))
    for (const { at, weight } of legendre(steps)) total = await this.#add(total, at, weight, x, { to, from, classes })
    return total.map((sum, i) => ops.multiply(ops.subtract(to[i]!, from[i]!), sum))
  }

  /** Where the way begins or ends: the inputs, or what the layer gives for them. */
  async #ends(x: Part): Promise<Tensor[]> {
    const [asked, layer] = [this.#asked, this.#layer]
    if (layer === undefined) return x.filter((one) => one !== undefined)
    return asked.run({ name: `activations ${numberOf(layer)}` }, x, [], (given) => [asked.pass(given, layer).inside!])
  }

  /** `total + weight · gradient` at one place of the way. */
  #add(
    total: readonly Tensor[],
    at: number,
    weight: number,
    x: Part,
    { to, from, classes }: { readonly [K in 'to' | 'from' | 'classes']: readonly Tensor[] },
  ): Promise<Tensor[]> {
    const dtype = to[0]!.dtype
    const numbers = [tensor(at, [], dtype), tensor(weight, [], dtype)]
    const key = keyOf('integratedGradients', this.#aim, this.#layer)
    const n = total.length
    return this.#asked.run(key, x, [...total, ...to, ...from, ...numbers, ...classes], (given, further) => {
      const [sums, ends, starts] = [further.slice(0, n), further.slice(n, 2 * n), further.slice(2 * n, 3 * n)]
      const [place, share, kinds] = further.slice(3 * n)
      const between = ends.map((end, i) => ops.add(starts[i]!, ops.multiply(place!, ops.subtract(end, starts[i]!))))
      return this.#slopes(given, between, kinds).map((slope, i) => ops.add(sums[i]!, ops.multiply(share!, slope)))
    })
  }

  #slopes(x: Part, between: readonly Tensor[], classes: Tensor | undefined): readonly Tensor[] {
    const [asked, layer] = [this.#asked, this.#layer]
    if (layer !== undefined)
      return slopesOf(asked, x, this.#aim, classes, { layer, instead: between[0] }).slopes as Tensor[]
    let next = 0
    const moved = x.map((one) => one && between[next++])
    return slopesOf(asked, moved, this.#aim, classes).slopes.filter((one) => one !== undefined)
  }
}
