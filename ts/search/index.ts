/** Settings of a training, searched for. */
export {
  randomSearch,
  type SearchOptions,
  SearchResult,
  type Trial,
  type TrialContext,
} from './random-search.js'
export { choice, integer, logUniform, type SampleOf, type Space, type SpaceMap, uniform } from './spaces.js'
