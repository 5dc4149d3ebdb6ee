/** A layer of which real Keras told what it gives in float64, and how ours is held to it. */

import { expect } from 'vitest'
import { maskOn } from '../../ts/core/mask.js'
import type { Tensor } from '../../ts/core/tensor.js'
import { GradientTape } from '../../ts/gradient.js'
import { getLayer, type Layer, Normalization } from '../../ts/layers/index.js'
import { input, Model } from '../../ts/model/index.js'
import * as ops from '../../ts/ops.js'
import { optimizerFamily } from '../../ts/optimizers/family.js'
import { resolveObject } from '../../ts/options/family.js'
import { expectClose, floats, type Numbers, toTensor } from '../oracle.js'

interface Found {
  readonly output: Numbers
  readonly losses?: readonly number[]
  readonly mask?: Numbers | null
  readonly input_gradients?: readonly Numbers[]
  readonly weight_gradients?: readonly Numbers[]
}

export interface Case {
  readonly name: string
  readonly layer: { readonly class_name: string; readonly config: Readonly<Record<string, unknown>> }
  readonly inputs: readonly Numbers[]
  readonly weights?: readonly { readonly name: string; readonly value: Numbers }[]
  readonly trainable_weights?: readonly string[]
  readonly cotangent?: Numbers
  readonly mask?: Numbers
  readonly count_weights?: Numbers
  readonly adapt?: Numbers
  readonly moving?: readonly (readonly Numbers[])[]
  /** Three steps of a model of the layer alone, towards the cotangent. */
  readonly steps?: {
    readonly optimizer: unknown
    readonly losses: readonly number[]
    readonly weights: readonly Numbers[]
  }
  readonly modes: Readonly<Partial<Record<'training' | 'inference', Found>>>
}

/** The layer of a case, built, with the weights of the case. */
export function prepared(one: Case): Layer {
  const layer = getLayer(one.layer)
  const shapes = one.inputs.map((input) => input.shape)
  layer.ensureBuilt(shapes.length === 1 ? shapes[0]! : shapes)
  if (one.adapt && layer instanceof Normalization) layer.adapt(toTensor(one.adapt))
  if (one.weights) expect(layer.weights.map((weight) => weight.name)).toEqual(one.weights.map((weight) => weight.name))
  if (one.trainable_weights) expect(layer.trainableWeights.map((weight) => weight.name)).toEqual(one.trainable_weights)
  restore(layer, one)
  return layer
}

function restore(layer: Layer, { weights }: Case): void {
  for (const [i, { value }] of (weights ?? []).entries())
    layer.weights[i]!.assign(toTensor(value, layer.weights[i]!.dtype))
}

function call(layer: Layer, one: Case, inputs: readonly Tensor[], training: boolean): Tensor {
  const context = { training, ...(one.mask ? { mask: toTensor(one.mask, 'bool') } : {}) }
  return layer.apply(inputs.length === 1 ? inputs[0]! : inputs, context)
}

function check(one: Case, training: boolean, found: Found): void {
  const layer = prepared(one)
  // Keras takes the weights of counts by name, ours as a second input.
  const inputs = [...one.inputs, ...(one.count_weights ? [one.count_weights] : [])].map((input) => toTensor(input))
  const tape = new GradientTape()
  const [output, cotangent] = tape.record(() => {
    const y = call(layer, one, inputs, training)
    return [y, one.cotangent ? ops.sum(ops.multiply(y, toTensor(one.cotangent))) : undefined] as const
  })
  // Drawn before anything is computed: what is computed is forgotten how.
  const counted = found.input_gradients?.length ?? 0
  const slopes = cotangent && tape.gradient(cotangent, [...inputs.slice(0, counted), ...layer.trainableWeights])
  expect(output.shape).toEqual(found.output.shape)
  expectClose(output.dataSync(), found.output, 1e-10, 'output')
  if (found.mask) expectClose(maskOn(output)!.dataSync(), found.mask, 0, 'mask')
  if (found.losses) expectSum(layer.losses(), found.losses)
  const wanted = slopes ? [...(found.input_gradients ?? []), ...(found.weight_gradients ?? [])] : []
  for (const [i, expected] of wanted.entries()) {
    const got = slopes?.[i]?.dataSync() ?? new Float64Array(floats(expected).length)
    expectClose(got, expected, 1e-10, `gradient ${i}`)
  }
}

/** Keras gives one number a penalty; their order is its own business. */
function expectSum(losses: readonly Tensor[], wanted: readonly number[]): void {
  const total = losses.reduce((sum, loss) => sum + loss.itemSync(), 0)
  expectClose(
    [total] as never,
    wanted.reduce((sum, loss) => sum + loss, 0),
    1e-10,
    'losses',
  )
}

/** Output, losses, gradients of inputs and weights, in each mode of the case. */
export function expectLayer(one: Case): void {
  for (const [mode, found] of Object.entries(one.modes)) check(one, mode === 'training', found)
}

/** Three steps of a model of the layer alone are those of Keras: their losses, and the weights after them. */
export async function expectSteps(one: Case): Promise<void> {
  const { optimizer, losses, weights } = one.steps!
  const layer = prepared(one)
  const x = toTensor(one.inputs[0]!)
  const inputs = input({ shape: x.shape.slice(1) })
  const model = new Model({ inputs, outputs: layer.apply(inputs) as never })
  model.compile({ optimizer: resolveObject(optimizer, 'optimizer', optimizerFamily), loss: 'mse' })
  for (const [step, wanted] of losses.entries()) {
    const { loss } = await model.trainOnBatch(x, toTensor(one.cotangent!))
    expectClose(Float64Array.of(loss!), wanted, 1e-10, `loss ${step}`)
  }
  for (const [i, wanted] of weights.entries()) expectClose(layer.weights[i]!.dataSync(), wanted, 1e-10, `weight ${i}`)
}
