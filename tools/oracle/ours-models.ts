/**
 * `.keras` files of ferrograd's for real Keras to open: `npx tsx tools/oracle/ours-models.ts DIR` opens every file of the
 * topic `keras_files`, saves it again into DIR, and writes what three epochs more make of it to DIR/expected.json; then
 * `python tools/oracle/check_models.py DIR` has Keras open each, train on, and compares.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fixture } from '../../__test__/oracle.js'
import { type Case, each, fitOptions, rows } from '../../__test__/training/cases.js'
import * as config from '../../ts/config.js'
import { loadModel } from '../../ts/saving/index.js'

const [, , dir = 'ours-models'] = process.argv
mkdirSync(dir, { recursive: true })
config.setFloatx('float64')

const expected = []
for (const given of fixture<Case & { readonly file: string }>('keras_files').cases) {
  const path = fileURLToPath(new URL(`../../__test__/fixtures/keras-files/${given.file}`, import.meta.url))
  const model = await loadModel(path)
  await model.save(join(dir, given.file))
  // What draws in training is compared out of it.
  if (given.history === undefined) continue
  const { history } = await model.fit(
    each(given.x, (one) => rows(one)),
    each(given.y, (one) => rows(one)),
    fitOptions(given),
  )
  const weights = model.getWeights().map((weight) => [...weight.dataSync()])
  expected.push({ file: given.file, history, weights })
}
writeFileSync(join(dir, 'expected.json'), JSON.stringify(expected))
console.log(`${expected.length} files in ${dir}`)
