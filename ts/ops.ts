/** The functions of tensors: each draws a node, none computes. */
export * from './ops/elementwise.js'
export * from './ops/get-item.js'
export * from './ops/linear.js'
export * from './ops/neural.js'
export type { Operand } from './ops/operand.js'
export * from './ops/reduce.js'
export * from './ops/scan.js'
export * from './ops/shape.js'
