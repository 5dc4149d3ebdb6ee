/** Text, or any sequence of tokens, from a model. */

export { generate, type Prompt } from './generate.js'
export type { GenerateOptions } from './options.js'
