/** The nets that are timed, and data for them: random, the same on both sides in size and kind. */
import { readFileSync } from 'node:fs'

/** A net, its batch and its loss. */
export interface Workload {
  readonly name: string
  /** Inputs, then the units of each layer. */
  readonly layers: readonly number[]
  readonly activation: 'relu' | 'sigmoid'
  readonly batch: number
  readonly loss: 'meanSquaredError' | 'sparseCategoricalCrossentropy'
  /** Batches of an epoch. */
  readonly batches: number
}

/** What `npm run bench` times. */
export const workloads: readonly Workload[] = JSON.parse(
  readFileSync(new URL('./workloads.json', import.meta.url), 'utf8'),
)

/** Uniform inputs, and targets that they determine. */
export function workloadData({ layers, batch, batches, loss }: Workload): {
  x: { values: Float32Array; shape: number[] }
  y: { values: Float32Array | Int32Array; shape: number[] }
} {
  const [width = 1] = layers
  const outputs = layers.at(-1) ?? 1
  const rows = batch * batches
  const values = Float32Array.from({ length: rows * width }, (_, i) => ((i * 7919) % 1000) / 1000)
  const first = (row: number): number => values[row * width] ?? 0
  const y =
    loss === 'meanSquaredError'
      ? Float32Array.from({ length: rows }, (_, row) => first(row) - 0.5)
      : Int32Array.from({ length: rows }, (_, row) => Math.floor(first(row) * outputs))
  return {
    x: { values, shape: [rows, width] },
    y: { values: y, shape: loss === 'meanSquaredError' ? [rows, 1] : [rows] },
  }
}
