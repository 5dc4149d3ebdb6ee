/** What a model's methods are given, told apart. */

import { isNamed } from '../core/structure.js'
import { isSymbolic, type SymbolicTensor } from '../core/symbolic-tensor.js'
import { isStream } from '../training/is-stream.js'
import { numbered } from './names.js'

/** Targets and options: a stream has its targets with it, so that options may follow it at once. */
export function apart<O>(x: unknown, y: unknown, options: O | undefined): [unknown, O | undefined] {
  const isOptions = options === undefined && isNamed(y) && isStream(x)
  return isOptions ? [undefined, y as O] : [y, options]
}

/** Names of inputs or outputs: their own, or those of what they come from, each once. */
export function namesOf(structure: unknown, symbols: readonly SymbolicTensor[]): string[] {
  if (isNamed(structure) && Object.values(structure).every(isSymbolic)) return Object.keys(structure).sort()
  return numbered(symbols.map(({ history }) => history.call.target.name))
}
