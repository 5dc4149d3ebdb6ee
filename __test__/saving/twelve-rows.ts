/** What small models are trained on before they are saved. */
export const x: number[][] = Array.from({ length: 12 }, (_, i) => [Math.sin(i), Math.cos(i), i / 12])
export const y: number[][] = x.map(([a, b]) => [a! - b!])
export const quiet: { readonly verbose: 0; readonly batchSize: 4; readonly shuffle: false } = {
  verbose: 0,
  batchSize: 4,
  shuffle: false,
}
