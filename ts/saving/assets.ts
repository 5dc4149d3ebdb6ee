/** What lookups learnt, as files keep it: vocabularies beside the weights of a `.keras` file, and weights of words by name among them. */

import { type Tensor, tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { IntegerLookup } from '../layers/integer-lookup.js'
import { StringLookup } from '../layers/string-lookup.js'
import { TextVectorization } from '../layers/text-vectorization.js'
import type { Model } from '../model/model.js'
import type { Tensors, Zip } from './archive.js'
import { layerGroups, type WeightGroup } from './weight-groups.js'

type Lookup = IntegerLookup | StringLookup | TextVectorization

/** What Keras calls the weights of words, beside the variables that go by their places. */
const IDF = 'vars/idf_weights'

/** Whether a name in a file is that of the weights of words. */
export const isIdf = (key: string): boolean => key === IDF || key.endsWith(`/${IDF}`)

/** The weights of words that a file has beside variables: Keras reads them for each lookup that has some. */
export function idfArrays({ path, owner }: WeightGroup): (readonly [key: string, numbers: Tensor])[] {
  if (!isLookup(owner)) return []
  const weights = owner.idfWeights
  if (weights === undefined) return []
  const numbers = tensor([...weights], [weights.length], owner.dtype)
  // The lookup inside is a part of its own in Keras's files.
  const inside = owner instanceof TextVectorization ? [[`${path}/_lookup_layer/${IDF}`, numbers] as const] : []
  return [[`${path}/${IDF}`, numbers], ...inside]
}

/** Sets the weights of words to those of a file, for layers with a vocabulary; returns what does it, when all is checked. */
export function idfFrom(where: string, groups: readonly WeightGroup[], arrays: Tensors): () => void {
  const settings = groups.flatMap(({ path, owner }) => {
    const numbers = arrays.get(`${path}/${IDF}`)
    if (!isLookup(owner) || owner.idfWeights === undefined || numbers === undefined) return []
    const vocabulary = owner.getVocabulary() as never[]
    const weights = weightsOf(`${where} ${path}`, numbers, vocabulary.length)
    // A configuration may have them in more digits.
    const same = weights.every((weight, i) => Math.fround(weight) === Math.fround(owner.idfWeights![i]!))
    return same ? [] : [{ owner, vocabulary, weights }]
  })
  return () => {
    for (const { owner, vocabulary, weights } of settings) owner.setVocabulary(vocabulary, weights)
  }
}

/**
 * Reads the vocabularies that lookups learnt with Keras, a line an entry, special ones first; ours are written in the
 * configuration.
 */
export function loadAssets(where: string, model: Model, zip: Zip, arrays: Tensors): void {
  for (const { path, owner } of layerGroups(model)) {
    const lines = zip.text(`assets/${path}/vocabulary.txt`)?.split('\n')
    if (lines === undefined || !isLookup(owner)) continue
    const place = `${where} assets/${path}`
    const idf = owner.options.outputMode === 'tfIdf' ? idfOf(place, path, arrays, lines.length) : undefined
    if (owner instanceof IntegerLookup) owner.setVocabulary(lines.map(idIn(place)), idf)
    else owner.setVocabulary(lines, idf)
    checkSize(place, owner)
  }
}

/** A graph was made for as many numbers as the configuration says. */
function checkSize(where: string, owner: Lookup): void {
  const { vocabularySize } = owner.options
  const size = owner.vocabularySize()
  if (vocabularySize !== null && size !== vocabularySize)
    fail('ERR_FORMAT', `${where}/vocabulary.txt`, `${vocabularySize} entries, as the configuration says`, size)
}

function isLookup(owner: unknown): owner is Lookup {
  return owner instanceof StringLookup || owner instanceof TextVectorization || owner instanceof IntegerLookup
}

function idfOf(where: string, path: string, arrays: Tensors, count: number): number[] {
  const numbers = arrays.get(`${path}/${IDF}`)
  return numbers === undefined
    ? fail('ERR_FORMAT', where, `an array ${path}/${IDF}, the weights of its words`, { text: 'none' })
    : weightsOf(where, numbers, count)
}

/** A weight for each entry; what stands behind them pads to a longest vocabulary. */
function weightsOf(where: string, numbers: Tensor, count: number): number[] {
  if (numbers.rank !== 1 || numbers.size < count)
    fail('ERR_SHAPE', `${where}/${IDF}`, `a weight for each of ${count} entries`, numbers.shape)
  return Array.from(numbers.dataSync().subarray(0, count))
}

const idIn =
  (where: string) =>
  (line: string): number => {
    const id = Number(line)
    if (line.trim() !== '' && id === (id | 0)) return id
    return fail('ERR_FORMAT', `${where}/vocabulary.txt`, 'a 32-bit integer on each line', line)
  }
