/** Layers one after another, as one. */

import type { Tensor } from '../core/tensor.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Config } from '../types.js'
import type { CallContext } from './context.js'
import { type InputKind, Layer, type LayerOptions } from './layer.js'

const fields = {
  /** The layers, that of the input first. */
  layers: { type: 'layers' },
} as const

/** Options of {@link Pipeline}. */
export interface PipelineOptions extends OptionsOf<typeof fields>, LayerOptions {}

const PipelineBase: With<typeof Layer, typeof fields, PipelineOptions> = Layer.with(fields)

/**
 * Layers one after another, as one: `y = layerₙ(… layer₁(x))`. For preprocessing and augmentation, in a model or before it: what is
 * random in them acts in training alone.
 *
 * Before a model, in `map` of a data set, a call is no training unless it is told so (Keras's is): behind `batch` it has whole batches.
 *
 * Keras's configuration of it has the layers and the name alone.
 *
 * @see keras.layers.Pipeline
 *
 * @example
 * import { tensor } from 'ferrograd'
 * import { Dataset } from 'ferrograd/data'
 * import { Pipeline, RandomFlip, RandomRotation, Rescaling } from 'ferrograd/layers'
 *
 * declare const pictures: Dataset<{ x: { values: Uint8Array; shape: number[] }; y: number }>
 * const augment = new Pipeline({
 *   layers: [new RandomFlip({ seed: 1 }), new RandomRotation({ factor: 0.1, seed: 2 }), new Rescaling({ scale: 1 / 255 })],
 * })
 * const batches = pictures.batch(32).map(({ x, y }) => ({ x: augment.apply(tensor(x.values, x.shape, 'float32'), { training: true }), y }))
 */
export class Pipeline extends PipelineBase {
  static override readonly className = 'Pipeline'
  static override readonly trainingDefault: boolean | undefined = true
  protected override readonly takes = 'one' as const
  readonly layers: readonly Layer[] = this.options.layers as readonly Layer[]

  override inputKind(): InputKind {
    return this.layers[0]!.inputKind()
  }

  override call(x: Tensor, { mask, training }: CallContext): Tensor {
    const [first, ...rest] = this.layers
    const given = mask === undefined ? { training } : { training, mask }
    // Masks of results travel with them.
    return rest.reduce((y, layer) => layer.apply(y, { training }), first!.apply(x, given))
  }

  override getConfig(): Config {
    const { layers, name } = super.getConfig()
    return { layers: layers!, name: name! }
  }
}
