/** The documents that are written from the code are as the code is; the code has the comments that documents need. */

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sources, withDefaults } from '../tools/docs/defaults.js'
import { document as errorsDocument, withSections } from '../tools/docs/errors.js'
import { document, withTables } from '../tools/docs/keras.js'
import { classNameOf } from '../ts/options/configured.js'
import { families } from './families.js'
import { fixture } from './oracle.js'

/** Every class that a user takes from a shelf. */
const classes = Object.entries(families).flatMap(([family, shelf]) =>
  shelf.map((type) => [family, classNameOf(type)] as const),
)

it('the comment of each option says its default', () => {
  const stale = sources().filter((path) => withDefaults(readFileSync(path, 'utf8')) !== readFileSync(path, 'utf8'))
  expect(stale, 'run: npx tsx tools/docs/defaults.ts').toEqual([])
})

it('docs/keras.md', () => {
  const text = readFileSync(document, 'utf8')
  expect(withTables(text), 'run: npx tsx tools/docs/keras.ts').toBe(text)
})

// Messages of the file system are the system's own.
it.skipIf(process.platform === 'win32')('docs/errors.md: every code, and a mistake that causes it', async () => {
  const text = readFileSync(errorsDocument, 'utf8')
  expect(await withSections(text), 'run: npx tsx tools/docs/errors.ts').toBe(text)
})

describe('the comment of every class has its formula, its source in Keras, and an example', () => {
  const sources = sourcesUnder(new URL('../ts/', import.meta.url))
  const keras = new Set(fixture<{ family: string; name: string }>('signatures').cases.map(nameInKeras))

  it.each(classes)('%s %s', (family, name) => {
    const comment = commentOf(name, family, sources)
    expect(comment, 'an example').toContain(' * @example\n')
    const source = `keras.${family}.${name}`
    if (keras.has(source)) expect(comment, 'its source').toContain(` * @see ${source}\n`)
    // What a callback does has no formula.
    if (family !== 'callbacks') expect(formulasIn(comment), 'a formula between backticks').not.toEqual([])
  })
})

function nameInKeras({ family, name }: { readonly family: string; readonly name: string }): string {
  return `keras.${family}.${name}`
}

/** All of ts/, by folder or file as the families are named. */
function sourcesUnder(folder: URL): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return new Map(files.map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]))
}

/** The comment over the class of that name in Keras. */
function commentOf(name: string, family: string, sources: ReadonlyMap<string, string>): string {
  const place = family === 'optimizers.schedules' ? 'schedules' : family
  for (const [file, text] of sources) {
    if (file.split(/[\\/.]/)[0] !== place) continue
    const declared = new RegExp(
      `export (abstract )?class \\w+(?:<[^\\n]*>)? extends [^\\n]*\\{\\s*static override readonly className = '${name}'`,
    )
    const at = text.search(declared)
    if (at !== -1) return text.slice(text.lastIndexOf('/**', at), at)
  }
  throw new Error(`no class ${name} under ts/${place}`)
}

/** Backticked text before the example that is more than a name. */
function formulasIn(comment: string): string[] {
  const words = comment.split(' * @')[0]!
  return [...words.matchAll(/`([^`]+)`/g)].map(([, code]) => code!).filter((code) => /[=·Σ←√/()[\]−+≤≥]/.test(code))
}
