/** `.keras` files that real Keras wrote: opened, they predict and go on training as Keras itself does. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { config, loadModel, type Model } from 'ferrograd'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture } from '../oracle.js'
import { type Case, expectEnd, expectFit } from '../training/cases.js'

const { cases } = fixture<Case & { readonly file: string }>('keras_files')
const pathOf = (file: string): string => fileURLToPath(new URL(`../fixtures/keras-files/${file}`, import.meta.url))

/** What draws in training is compared out of it. */
const expectSame = (model: Model, given: Case): Promise<void> =>
  given.history === undefined ? expectEnd(model, given, given.tolerance ?? 1e-10) : expectFit(model, given)

let folder: string
beforeAll(() => {
  config.setFloatx('float64')
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-files-'))
})
afterAll(() => {
  config.setFloatx('float32')
  rmSync(folder, { recursive: true })
})

describe('files of real Keras', () => {
  test.each(cases)('$name: three epochs more are those of Keras', async (given) => {
    await expectSame(await loadModel(pathOf(given.file)), given)
  })

  test.each(cases)('$name: saved again by us and opened again, they still are', async (given) => {
    const path = join(folder, given.file)
    const model = await loadModel(pathOf(given.file))
    await model.save(path)
    const copy = await loadModel(path)
    expect(copy.toConfig()).toEqual(model.toConfig())
    await expectSame(copy, given)
  })
})
