/** The nets that are timed, as `workloads.json` has them; data and initial weights are made from them on every side. */
import { readFileSync } from 'node:fs'

/** A net, what is done with it, and in what batches. */
export interface Workload {
  readonly name: string
  readonly task: 'train' | 'predict'
  /** How ours predicts: by a compiled function, or by `model.predict`. */
  readonly way?: 'jit' | 'predict'
  /** Inputs, then the units of each layer. */
  readonly layers: readonly number[]
  /** Of the hidden layers. */
  readonly activation: 'relu' | 'sigmoid'
  /** Batch normalization between each hidden layer and its activation. */
  readonly batchNorm?: boolean
  /** The rate of a dropout behind each hidden layer. */
  readonly dropout?: number
  readonly loss: 'meanSquaredError' | 'sparseCategoricalCrossentropy'
  /** `medium`: products of bfloat16, PyTorch's by autocast; float32 unless given. */
  readonly precision?: 'medium'
  /** The only peers that have something to compare. */
  readonly peers?: readonly string[]
  /** The largest relative difference of losses that counts as agreement; 1e-3 unless given. */
  readonly tolerance?: number
  readonly batch: number
  /** Batches of an epoch. */
  readonly batches: number
  /** The ratio to reach to the better of PyTorch and JAX: on one thread, on all. */
  readonly marks: readonly [number | null, number | null]
}

/** What `npm run bench:peers` times. */
export const workloads: readonly Workload[] = JSON.parse(
  readFileSync(new URL('./workloads.json', import.meta.url), 'utf8'),
)

/** Floating-point operations of a step's matrix products: two a weight and row, three times over in training. */
export function work({ layers, batch, task }: Workload): number {
  const weights = layers.slice(1).reduce((sum, units, index) => sum + units * layers[index]!, 0)
  return 2 * weights * batch * (task === 'train' ? 3 : 1)
}
