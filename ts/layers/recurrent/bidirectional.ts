/** A sequence gone through from both ends. */

import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import { serializeAs } from '../../options/serialized.js'
import type { Config, PartialShape, Shape } from '../../types.js'
import { type AnyLayer, Layer, type LayerOptions, type Masks, type Tensors } from '../layer.js'
import type { States } from './cell.js'
import { copyOf } from './copy.js'
import { Recurrent, type RecurrentContext } from './recurrent.js'

const fields = {
  /** The recurrent layer; both directions are made as it is, with weights of their own. */
  layer: { type: 'layer' },
  /** How the outputs of both directions become one; null leaves them apart. Default 'concat'. */
  mergeMode: { type: 'choice', of: ['sum', 'mul', 'ave', 'concat'], default: 'concat', nullable: true },
  /** The layer that goes backwards, where it is not as the other. Default null. */
  backwardLayer: { type: 'layer', default: null },
} as const

/** Options of {@link Bidirectional}. */
export interface BidirectionalOptions extends OptionsOf<typeof fields>, LayerOptions {
  readonly layer: AnyRecurrent
  readonly backwardLayer?: AnyRecurrent | null
}

/** Any recurrent layer, whatever applying it gives. */
type AnyRecurrent = Omit<Recurrent, 'apply' | 'applyMany'>

const BidirectionalBase: With<typeof Layer, typeof fields, BidirectionalOptions> = Layer.with(fields)

/**
 * A recurrent layer that goes through the sequence forwards, and another that goes backwards.
 *
 * `y = merge(forward(x), backward(x))`: the outputs of both (batch, …, units), in the order of the sequence, become one: `concat` (batch, …, 2 · units), `sum`,
 * `mul`, `ave` (batch, …, units); with `mergeMode: null` both are returned. With `returnState` the states of the forward
 * layer follow, then those of the other; `initialState` takes them in that order. With `returnSequences` the output of a
 * masked step is 0.
 *
 * Errors: ERR_CONFIG where `layer` is no recurrent layer, or both directions do not differ in `goBackwards`, or differ in
 * `stateful`, `returnSequences` or `returnState`.
 *
 * @see keras.layers.Bidirectional
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { Bidirectional, LSTM } from 'ferrograd/layers'
 *
 * const layer = new Bidirectional({ layer: new LSTM({ units: 4, returnSequences: true }) })
 * const y = layer.apply(ops.ones([2, 5, 3])) // (2, 5, 8)
 */
export class Bidirectional extends BidirectionalBase {
  static override readonly className = 'Bidirectional'
  protected override readonly takes = 'one' as const
  readonly forwardLayer: Recurrent
  readonly backwardLayer: Recurrent

  constructor(options: BidirectionalOptions) {
    super(options)
    const { layer, backwardLayer } = this.options
    const forward = recurrentIn('layer', layer)
    // A masked step is 0 in both, so that a sum of both is.
    const zeroOutputForMask = forward.options.returnSequences
    const named = (side: string): string => `${side}_${layer.name.replace(/^(forward|backward)_/, '')}`
    this.forwardLayer = copyOf(forward, { name: named('forward'), zeroOutputForMask })
    this.backwardLayer =
      backwardLayer === null
        ? copyOf(forward, { name: named('backward'), goBackwards: true, zeroOutputForMask })
        : copyOf(recurrentIn('backwardLayer', backwardLayer), { zeroOutputForMask })
    checkPair(this.forwardLayer, this.backwardLayer)
  }

  override build(inputShape: Shape): void {
    this.forwardLayer.ensureBuilt(inputShape)
    this.backwardLayer.ensureBuilt(inputShape)
  }

  protected override outputShape(inputShape: PartialShape): readonly PartialShape[] | PartialShape {
    const { returnState } = this.forwardLayer.options
    const [forward, backward] = [this.forwardLayer, this.backwardLayer].map((layer) => layer.shapeFor(inputShape))
    if (!returnState) return this.#mergedShape(forward as PartialShape, backward as PartialShape)
    const [[y, ...states], [other, ...others]] = [forward, backward] as [PartialShape[], PartialShape[]]
    const merged = this.#mergedShape(y!, other!)
    return [
      ...(this.options.mergeMode === null ? (merged as PartialShape[]) : [merged]),
      ...states,
      ...others,
    ] as PartialShape[]
  }

  #mergedShape(forward: PartialShape, backward: PartialShape): PartialShape | readonly PartialShape[] {
    const { mergeMode } = this.options
    if (mergeMode === null) return [forward, backward]
    return mergeMode === 'concat' ? [...forward.slice(0, -1), forward.at(-1)! + backward.at(-1)!] : forward
  }

  protected override computeMask(_x: Tensors | object, mask: Masks): Masks {
    const { returnSequences, returnState } = this.forwardLayer.options
    const own = returnSequences ? mask : undefined
    if (this.options.mergeMode === null) return [own, own]
    return returnState ? [own] : own
  }

  override call(x: Tensor, { initialState, mask, training }: RecurrentContext): Tensors | object {
    const { returnSequences, returnState } = this.forwardLayer.options
    const [first, second] = this.#halves(initialState)
    const runs = [this.forwardLayer, this.backwardLayer].map((layer, i) =>
      layer.apply(x as never, { mask, training, initialState: [first, second][i] } as never),
    ) as unknown as (Tensor | readonly [Tensor, ...Tensor[]])[]
    const [[y, ...states], [other, ...others]] = runs.map((run) => (Array.isArray(run) ? run : [run])) as [
      Tensor[],
      Tensor[],
    ]
    const merged = this.#merge(y!, returnSequences ? ops.flip(other!, { axis: 1 }) : other!)
    if (!returnState) return merged
    return [...(Array.isArray(merged) ? merged : [merged]), ...states, ...others]
  }

  override getConfig(): Config {
    const { layer: _, backwardLayer: __, ...options } = super.getConfig()
    const own = (one: Recurrent): Config[string] => serializeAs('keras.layers', one)
    return { ...options, layer: own(this.forwardLayer), backward_layer: own(this.backwardLayer) }
  }

  #merge(y: Tensor, other: Tensor): Tensor | Tensor[] {
    switch (this.options.mergeMode) {
      case 'concat':
        return ops.concatenate([y, other], { axis: -1 })
      case 'sum':
        return ops.add(y, other)
      case 'ave':
        return ops.divide(ops.add(y, other), 2)
      case 'mul':
        return ops.multiply(y, other)
      case null:
        return [y, other]
    }
  }

  /** The states of the forward layer, and of the other. */
  #halves(states: States | undefined): readonly [States?, States?] {
    if (states === undefined || states === null) return []
    if (!Array.isArray(states) || states.length % 2 !== 0)
      fail('ERR_SHAPE', `${this.className} initialState`, 'the states of both directions in a list', states)
    const half = states.length / 2
    return [states.slice(0, half) as States, states.slice(half) as States]
  }
}

function recurrentIn(option: string, layer: AnyLayer): Recurrent {
  return layer instanceof Recurrent
    ? layer
    : fail('ERR_CONFIG', `Bidirectional.${option}`, 'a recurrent layer', { text: layer.className })
}

/** Both directions have to differ in one thing and agree in others. */
function checkPair({ options: forward }: Recurrent, { options: backward }: Recurrent): void {
  if (forward.goBackwards === backward.goBackwards)
    fail('ERR_CONFIG', 'Bidirectional.backwardLayer', `goBackwards ${!forward.goBackwards}`, backward.goBackwards)
  for (const key of ['stateful', 'returnSequences', 'returnState'] as const)
    if (forward[key] !== backward[key])
      fail('ERR_CONFIG', 'Bidirectional.backwardLayer', `${key} ${forward[key]}, as the other layer`, backward[key])
}
