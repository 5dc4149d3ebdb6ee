/** Files beside the weights in a `.keras` file: what layers learnt that are no numbers. */

import { IntegerLookup } from '../layers/integer-lookup.js'
import { StringLookup } from '../layers/string-lookup.js'
import { TextVectorization } from '../layers/text-vectorization.js'
import type { Model } from '../model/model.js'
import type { Zip } from './archive.js'
import { layerGroups } from './weight-groups.js'

/**
 * Reads the vocabularies that lookups learnt with Keras, a line an entry, special ones first; ours are written in the
 * configuration.
 */
export function loadAssets(model: Model, zip: Zip): void {
  for (const { path, owner } of layerGroups(model)) {
    const lines = zip.text(`assets/${path}/vocabulary.txt`)?.split('\n')
    if (lines === undefined) continue
    if (owner instanceof StringLookup || owner instanceof TextVectorization) owner.setVocabulary(lines)
    if (owner instanceof IntegerLookup) owner.setVocabulary(lines.map(Number))
  }
}
