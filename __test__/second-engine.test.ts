/** What JAX makes of the cases that PyTorch gave, as `tools/oracle/compare.py --record` found it. */

import { expect, test } from 'vitest'
import { fixture } from './oracle.js'

interface Head {
  readonly seed: number
  /** The worst relative difference over so many of the cases: all but those that one of the two drew anew. */
  readonly second?: { readonly jax: string; readonly worst: number; readonly cases: number }
}

// Of attention_models, 32 are drawn at random; four were drawn anew for PyTorch, since they hung on its rounding.
test.for([
  ['attention', 0],
  ['attention_layers', 0],
  ['attention_models', 4],
  ['perplexity', 0],
] as const)('PyTorch and JAX gave Keras the same %s', ([topic, redrawn], { skip }) => {
  const { cases, second, seed } = fixture<unknown, Head>(topic)
  if (seed !== 1) skip()
  expect(second?.worst).toBeLessThan(1e-9)
  expect(second?.cases).toBe(cases.length - redrawn)
})
