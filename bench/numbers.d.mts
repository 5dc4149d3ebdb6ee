import type { Workload } from './workload.js'

export function uniform(count: number, seed: number): Float32Array
type Matrix = { values: Float32Array; shape: number[] }
export function kernel(workload: Workload, index: number): Matrix
export function recurrentKernels(workload: Workload, index: number): [kernel: Matrix, recurrent: Matrix][]
export function lastKernel(workload: Workload): Matrix
export function data(workload: Workload): {
  x: { values: Float32Array; shape: number[] }
  y: { values: Float32Array | Int32Array; shape: number[] }
}
export const SIDE: number
export const PATCH: number
export function transformerMatrices(workload: Workload): {
  kind: string
  tokens: Matrix
  places: Matrix
  head: Matrix
  blocks: Matrix[][]
}
export function attentionInputs(workload: Workload): Matrix[]
export function pictureKernels(workload: Workload): (Matrix & { places: number })[]
