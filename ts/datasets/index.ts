/** Real data: what ships with the package, and loaders for the rest. */
export { type Digits, type DigitsOptions, digits } from './digits.js'
export type { Labelled } from './labelled.js'
export { type Mnist, type MnistOptions, type MnistPart, mnist } from './mnist.js'
