import type { Workload } from './workload.js'

export function uniform(count: number, seed: number): Float32Array
export function kernel(workload: Workload, index: number): { values: Float32Array; shape: number[] }
export function data(workload: Workload): {
  x: { values: Float32Array; shape: number[] }
  y: { values: Float32Array | Int32Array; shape: number[] }
}
