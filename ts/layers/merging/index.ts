/** Layers that make one tensor out of several, and their functional forms. */

export { Concatenate, type ConcatenateOptions } from './concatenate.js'
export { Dot, type DotOptions } from './dot.js'
export { Add, Average, Maximum, Minimum, Multiply, Subtract } from './elementwise.js'
export { add, average, concatenate, dot, maximum, minimum, multiply, subtract } from './functions.js'
