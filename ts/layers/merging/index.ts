/** Layers that make one tensor out of several, and their functional forms. */

export { Concatenate } from './concatenate.js'
export { Dot } from './dot.js'
export { Add, Average, Maximum, Minimum, Multiply, Subtract } from './elementwise.js'
export { add, average, concatenate, dot, maximum, minimum, multiply, subtract } from './functions.js'
