/** Train neural networks in Node: TypeScript says what, Rust differentiates, fuses and runs it. */
export { version } from './native.js'
