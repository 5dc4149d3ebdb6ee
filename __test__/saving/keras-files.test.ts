/** `.keras` files that real Keras wrote: opened, they predict and go on training as Keras itself does. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { config, loadModel, type Model } from 'ferrograd'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture } from '../oracle.js'
import { type Case, expectEnd, expectFit } from '../training/cases.js'

type Filed = Case & { readonly file: string }

/** What draws in training is compared out of it. */
const expectSame = (model: Model, given: Case): Promise<void> =>
  given.history === undefined ? expectEnd(model, given, given.tolerance ?? 1e-10) : expectFit(model, given)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-files-'))
})
afterAll(() => {
  config.setFloatx('float32')
  rmSync(folder, { recursive: true })
})

describe.each([
  ['float64', 'keras_files', 'keras-files'],
  ['float32', 'keras_files_32', 'keras-files-32'],
] as const)('files of real Keras in %s', (type, topic, files) => {
  const { cases } = fixture<Filed>(topic)
  const pathOf = (file: string): string => fileURLToPath(new URL(`../fixtures/${files}/${file}`, import.meta.url))
  beforeAll(() => config.setFloatx(type))

  test.runIf(type === 'float64')('real Keras has opened ours of each, and trained on to the same', () => {
    const { apart } = JSON.parse(readFileSync(pathOf('accepted.json'), 'utf8')) as { apart: Record<string, number> }
    expect(Object.keys(apart).sort()).toEqual(cases.map(({ file }) => file).sort())
    expect(Math.max(...Object.values(apart))).toBeLessThanOrEqual(1e-10)
  })

  test.each(cases)('$name: three epochs more are those of Keras', async (given) => {
    const model = await loadModel(pathOf(given.file))
    expect(new Set(model.trainableWeights.map(({ dtype }) => dtype))).toEqual(new Set([type]))
    await expectSame(model, given)
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
