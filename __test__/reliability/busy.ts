/** Trainings that keep every core busy, for the tests of what goes on beside them. */
import { config, Sequential } from 'ferrograd'
import { Dense, Dropout } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'

/** `rows` rows of `width` numbers in [-1, 1), the same at every call. */
export function noise(rows: number, width: number): { readonly values: Float32Array; readonly shape: number[] } {
  const values = Float32Array.from({ length: rows * width }, (_, i) => Math.sin(78.233 * (i + 1)))
  return { values, shape: [rows, width] }
}

/** `width`-256-256-1 with dropout, always with the same first weights and the same masks. */
export function heavy(width = 256, seed = 7): Sequential {
  config.setSeed(seed)
  const model = new Sequential([
    new Dense({ units: 256, activation: 'relu', inputShape: [width] }),
    new Dropout({ rate: 0.2 }),
    new Dense({ units: 256, activation: 'relu' }),
    new Dense({ units: 1 }),
  ])
  model.compile({ optimizer: new Adam({ learningRate: 1e-3 }), loss: 'mse' })
  return model
}

/** All weights in one array. */
export function bits(model: Sequential): Float32Array {
  return Float32Array.from(model.getWeights().flatMap((weight) => Array.from(weight.dataSync())))
}
