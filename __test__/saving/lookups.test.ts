/** `.keras` files of real Keras with vocabularies beside the weights: opened and written again, they look up the same. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadModel, type Model, type Tensor } from 'ferrograd'
import type { StringLookup, TextVectorization } from 'ferrograd/layers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectClose, fixture, type Numbers } from '../oracle.js'

interface Case {
  readonly name: 'words' | 'texts'
  readonly x: { readonly shape: readonly [number, number]; readonly data: readonly never[] }
  readonly value: Numbers
  readonly vocabulary: readonly string[]
}

const { cases } = fixture<Case>('lookup-files/lookups')
const pathOf = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/lookup-files/${name}.keras`, import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-lookups-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Text goes into the layer itself. */
function ask(model: Model, { name, x: { shape, data } }: Case): Tensor {
  const [layer] = model.layers
  const rows = Array.from({ length: shape[0] }, (_, i) => data.slice(i * shape[1], (i + 1) * shape[1]))
  return name === 'words' ? (layer as StringLookup).lookUp(rows) : (layer as TextVectorization).vectorize(rows.flat())
}

function expectSame(model: Model, given: Case): void {
  const lookup = model.layers[0] as StringLookup | TextVectorization
  expect(lookup.getVocabulary().map(String)).toEqual(given.vocabulary)
  expectClose(ask(model, given).dataSync(), given.value, 1e-6, given.name)
}

test.each(cases)('$name', async (given) => {
  const model = (await loadModel(pathOf(given.name))) as Model
  expectSame(model, given)
  const path = join(folder, `${given.name}.keras`)
  await model.save(path)
  expectSame((await loadModel(path)) as Model, given)
})
