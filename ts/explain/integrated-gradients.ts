/** Integrated gradients. */

import type { Tensor } from '../core/tensor.js'
import { tensor } from '../core/tensor.js'
import { checkNames } from '../errors.js'
import type { Layer } from '../layers/layer.js'
import type { Model } from '../model/model.js'
import type { InputsFor, Symbols, TensorsOf } from '../model/typed-model.js'
import * as ops from '../ops.js'
import { checkInteger } from '../options/kinds.js'
import { Asked, type Part } from './asked.js'
import { aimFor, checkFloats, furtherOf, keyOf, slopesOf } from './gradients.js'
import { type LayerChoice, layerOf, numberOf } from './layer.js'
import { legendre } from './legendre.js'
import type { Aim, Target } from './target.js'

/** Options of {@link integratedGradients}. */
export interface IntegratedGradientsOptions<In extends Symbols = Symbols> {
  /** What is explained; by default the class that each sample is most likely of. */
  readonly target?: Target
  /** What tells nothing: as many samples as `x` has, or one for all. Default: zeros. */
  readonly baseline?: InputsFor<In>
  /** At how many places of the way from the baseline to the sample gradients are taken. Default 50. */
  readonly steps?: number
  /** Explains by what this layer gives, rather than by the inputs: by an `Embedding` where these are whole numbers. */
  readonly layer?: LayerChoice
  /** Samples a pass. Default 32. */
  readonly batchSize?: number
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
  checkNames(where, options, ['target', 'baseline', 'steps', 'layer', 'batchSize'])
  const steps = checkInteger(options.steps ?? 50, `${where}.steps`, { type: 'integer', min: 1 })
  const asked = new Asked(where, model, x, options.batchSize)
  const layer = options.layer === undefined ? undefined : layerOf(where, asked.model, options.layer)
  checkFloats(asked, layer)
  const base = options.baseline === undefined ? undefined : asked.like(`${where}.baseline`, options.baseline)
  const aim = await aimFor(asked, options.target)
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
