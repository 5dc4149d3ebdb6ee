/** Text, or any sequence of tokens, from a model. */

export { type BeamSearchOptions, beamSearch, type FoundSequence, type SearchStep } from './beam-search.js'
export { generate, type Prompt } from './generate.js'
export type { GenerateOptions } from './options.js'
