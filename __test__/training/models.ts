/** Small models and data for the tests of training. */
import { config, type Model, Sequential } from 'ferrograd'
import type { ShapedArray } from 'ferrograd/data'
import { Dense } from 'ferrograd/layers'
import { Adam, SGD } from 'ferrograd/optimizers'

/** Points (x₀, x₁) and the classes 0 and 1 of a slanted line, the same at every call. */
export function points(rows = 64): { readonly x: ShapedArray<Float32Array>; readonly y: Float32Array } {
  const values = Float32Array.from({ length: 2 * rows }, (_, i) => Math.sin(12.9898 * (i + 1)))
  const y = Float32Array.from({ length: rows }, (_, i) => (values[2 * i]! + 0.5 * values[2 * i + 1]! > 0 ? 1 : 0))
  return { x: { values, shape: [rows, 2] }, y }
}

/** 2-4-1 for the points, always with the same first weights. */
export function classifier(optimizer: 'sgd' | 'adam' = 'adam', learningRate = 0.05): Sequential {
  config.setSeed(1)
  const model = new Sequential([
    new Dense({ units: 4, activation: 'tanh', inputShape: [2] }),
    new Dense({ units: 1, activation: 'sigmoid' }),
  ])
  model.compile({
    optimizer: optimizer === 'sgd' ? new SGD({ learningRate }) : new Adam({ learningRate }),
    loss: 'binaryCrossentropy',
    metrics: ['accuracy'],
  })
  return model
}

/** All weights as plain numbers. */
export function weightsOf(model: Model): number[][] {
  return model.getWeights().map((weight) => Array.from(weight.dataSync()))
}

/** Lets the event loop turn. */
export function pause(ms = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
