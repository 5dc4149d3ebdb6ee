/** Models. */

export { SymbolicTensor } from '../core/symbolic-tensor.js'
export { cloneModel } from './clone.js'
export { type InputOptions, input } from './input.js'
export type { ModelOptions } from './model.js'
export { Predictor } from './predictor.js'
// Model comes by way of Sequential, which extends it: Model's own module needs Sequential, but only when it is called.
export { Model, Sequential } from './sequential.js'
export type { SummaryOptions } from './summary.js'
