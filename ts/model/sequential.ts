/** A model that is a plain stack of layers. */

import type { SymbolicTensor } from '../core/symbolic-tensor.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { InputLayer } from '../layers/input.js'
import { type CallContext, type InputKind, Layer } from '../layers/layer.js'
import type { DataType, Json, Shape } from '../types.js'
import { type ModelClass, modelFromConfig } from './from-config.js'
import { inputOf } from './input.js'
import { Model } from './model.js'
import { uniqueNames } from './names.js'

/**
 * A stack of layers, each fed by the one before. Weights are made as soon as the shape of the input is known: from the
 * first layer's `inputShape`, an `InputLayer`, or the first data.
 *
 * @example
 * ```ts
 * import { Sequential } from 'ferrograd'
 * import { Dense } from 'ferrograd/layers'
 *
 * const model = new Sequential([
 *   new Dense({ units: 10, activation: 'relu', inputShape: [784] }),
 *   new Dense({ units: 10, activation: 'softmax' }),
 * ])
 * ```
 */
export class Sequential extends Model<SymbolicTensor, SymbolicTensor> {
  static override readonly className: string = 'Sequential'
  #stack: Layer[] = []
  #entrance: InputLayer | undefined

  constructor(layers: readonly Layer[] = [], options: { readonly name?: string; readonly trainable?: boolean } = {}) {
    super(options)
    if (!Array.isArray(layers)) fail('ERR_CONFIG', 'Sequential', 'a list of layers', layers)
    layers.forEach((layer, i) => void this.#push(layer, i))
    this.#rebuild()
  }

  override get isStack(): boolean {
    return true
  }

  /** The layers, without the one that stands for the data. */
  override get layers(): Layer[] {
    return [...this.#stack]
  }

  /** The layer that stands for the data, once the shape of the data is known. */
  get entrance(): InputLayer | undefined {
    return this.#entrance
  }

  /** Puts a layer on top. */
  add(layer: Layer): this {
    this.#push(layer, this.#stack.length)
    try {
      this.#putOnTop(layer)
    } catch (error) {
      this.#stack.pop()
      throw error
    }
    return this
  }

  /** Takes the top layer off and returns it. */
  pop(): Layer {
    const layer = this.#stack.pop() ?? fail('ERR_STATE', `${this.name}.pop`, 'a layer to take off', { text: 'none' })
    this.#rebuild()
    return layer
  }

  /** What the first layer makes of it that does not only hand it on. */
  override inputKind(): InputKind {
    return this.#stack.map((layer) => layer.inputKind()).find((kind) => kind !== 'any') ?? 'any'
  }

  /** The layers cast for themselves. */
  protected override get castsInputs(): boolean {
    return false
  }

  override build(inputShape: Shape | readonly Shape[]): void {
    const [first, ...rest] = inputShape
    if (typeof first !== 'number') fail('ERR_SHAPE', `${this.name} input`, 'one tensor', inputShape)
    this.#entrance = new InputLayer({
      batchShape: [null, ...(rest as number[])],
      dtype: dataTypeFor(this.#stack[0] ?? this),
    })
    this.#rebuild()
  }

  override call(x: Tensor, context: CallContext): Tensor {
    if (this.#stack.length === 0) fail('ERR_STATE', this.name, 'at least one layer', { text: 'none' })
    return super.call(x, context) as Tensor
  }

  static override fromConfig(config: Json): Sequential {
    // biome-ignore lint/complexity/noThisInStatic: whichever class it is called on
    const model = modelFromConfig(config, { type: this as unknown as ModelClass })
    return model instanceof Sequential
      ? model
      : fail('ERR_FORMAT', 'Sequential.fromConfig', 'a Sequential model', model.className)
  }

  #push(layer: Layer, index: number): void {
    if (!(layer instanceof Layer)) fail('ERR_CONFIG', `Sequential.layers[${index}]`, 'a layer', layer)
    if (layer instanceof InputLayer) {
      if (index > 0) fail('ERR_CONFIG', `Sequential.layers[${index}]`, 'an input layer only at the bottom', layer.name)
      this.#entrance = layer
    } else if (this.#stack.includes(layer))
      fail('ERR_CONFIG', `Sequential.layers[${index}]`, 'a layer that is not in the model yet', layer.name)
    else this.#stack.push(layer)
  }

  /** Wires a new layer alone where the ones below it are wired. */
  #putOnTop(layer: Layer): void {
    const { inputs, outputs } = this.structure
    if (this.graph === undefined || layer instanceof InputLayer) this.#rebuild()
    else this.setGraph(inputs, layer.apply(outputs as SymbolicTensor))
  }

  /** Wires the layers anew if the shape of the data is known; layers that are built keep their weights. */
  #rebuild(): void {
    this.#entrance ??= entranceOf(this.#stack[0])
    if (this.#entrance === undefined || this.#stack.length === 0) {
      this.clearGraph()
      uniqueNames(this.#stack)
      return
    }
    const x = inputOf(this.#entrance)
    let y = x
    for (const layer of this.#stack) y = layer.apply(y)
    this.setGraph(x, y)
  }
}

/** What data for a layer are. */
function dataTypeFor(layer: Layer): DataType {
  return layer.takesText ? 'string' : layer.dtype
}

/** What the first layer says of the data. */
function entranceOf(layer: Layer | undefined): InputLayer | undefined {
  if (layer === undefined) return undefined
  if (layer instanceof Model && layer.graph?.inputs.length === 1) {
    const { shape, isText, dtype } = layer.graph.inputs[0]!
    return new InputLayer({ batchShape: shape, dtype: isText ? 'string' : dtype })
  }
  const { inputShape } = layer
  return inputShape ? new InputLayer({ shape: inputShape, dtype: dataTypeFor(layer) }) : undefined
}

export { Model }
