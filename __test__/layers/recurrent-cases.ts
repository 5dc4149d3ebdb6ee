/** A recurrent layer of which real Keras told what it gives in float64, and how ours is held to it. */

import { expect } from 'vitest'
import { leavesOf } from '../../ts/core/structure.js'
import { Tensor } from '../../ts/core/tensor.js'
import { GradientTape } from '../../ts/gradient.js'
import type { Layer } from '../../ts/layers/index.js'
import * as ops from '../../ts/ops.js'
import { deserialize } from '../../ts/saving/index.js'
import { expectClose, type Numbers, toTensor } from '../oracle.js'

export interface RecurrentCase {
  readonly name: string
  readonly kind?: 'cell' | 'stateful'
  readonly layer: { readonly class_name: string }
  readonly inputs: readonly Numbers[]
  readonly states?: readonly Numbers[]
  readonly mask?: Numbers
  readonly weights: readonly { readonly name: string; readonly value: Numbers }[]
  readonly trainable_weights?: readonly string[]
  readonly outputs: readonly Numbers[]
  readonly losses?: readonly number[]
  readonly cotangents?: readonly Numbers[]
  readonly gradients?: readonly Numbers[]
  readonly weight_gradients?: readonly Numbers[]
  /** Three steps of a model of the layer alone, towards the cotangents. */
  readonly steps?: {
    readonly optimizer: unknown
    readonly losses: readonly number[]
    readonly weights: readonly Numbers[]
  }
}

/** The layer of a case, built, with the weights of the case. */
export function prepared(one: RecurrentCase): Layer {
  const layer = deserialize(one.layer) as unknown as Layer
  layer.ensureBuilt(one.inputs[0]!.shape)
  expect(layer.weights.map((weight) => weight.name)).toEqual(one.weights.map((weight) => weight.name))
  for (const [i, { value }] of one.weights.entries()) layer.weights[i]!.assign(toTensor(value, layer.weights[i]!.dtype))
  return layer
}

/** What a case gives to the call beside the input, `states` being tensors or what stands for them. */
export function contextOf<T>(one: RecurrentCase, states: readonly T[], mask: unknown): Record<string, unknown> {
  const given = one.kind === 'cell' ? { states } : states.length > 0 ? { initialState: states } : {}
  return { ...given, ...(mask === undefined ? {} : { mask }) }
}

/** Outputs, losses, gradients of inputs, states and weights. */
export function expectRecurrent(one: RecurrentCase): void {
  const layer = prepared(one)
  if (one.trainable_weights) expect(layer.trainableWeights.map(({ name }) => name)).toEqual(one.trainable_weights)
  const [x, states] = [toTensor(one.inputs[0]!), (one.states ?? []).map((state) => toTensor(state))]
  const mask = one.mask && toTensor(one.mask, 'bool')
  const tape = new GradientTape()
  const [outputs, total] = tape.record(() => {
    const found = tensorsOf(layer.apply(x, contextOf(one, states, mask) as never))
    const terms = found.map((y, i) => ops.sum(ops.multiply(y, toTensor(one.cotangents![i]!))))
    return [found, terms.reduce((sum, term) => ops.add(sum, term))] as const
  })
  const slopes = tape.gradient(total, [x, ...states, ...layer.trainableWeights])
  expect(outputs.map(({ shape }) => shape)).toEqual(one.outputs.map(({ shape }) => shape))
  for (const [i, output] of outputs.entries()) expectClose(output.dataSync(), one.outputs[i]!, 1e-10, `output ${i}`)
  expectSum(layer.losses(), one.losses ?? [])
  for (const [i, wanted] of [...one.gradients!, ...one.weight_gradients!].entries())
    expectClose(slopes[i]?.dataSync() ?? new Float64Array(wanted.data.length), wanted, 1e-10, `gradient ${i}`)
}

/** Keras gives one number a penalty; their order is its own business. */
function expectSum(losses: readonly Tensor[], wanted: readonly number[]): void {
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
  expectClose(Float64Array.of(sum(losses.map((loss) => loss.itemSync()))), sum(wanted), 1e-10, 'losses')
}

/** All tensors of a result, in order. */
export function tensorsOf(result: unknown): Tensor[] {
  return leavesOf(result, (one): one is Tensor => one instanceof Tensor)
}
