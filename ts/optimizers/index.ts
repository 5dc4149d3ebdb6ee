/** Optimizers. */

export { Adam, AdamW } from './adam.js'
export { Optimizer, type Slots } from './optimizer.js'
export { SGD } from './sgd.js'
export { getOptimizer, type OptimizerLike, type OptimizerName } from './table.js'
