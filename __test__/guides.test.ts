/** Whoever looks for a guide finds it: every document is in the site's navigation, and what users read is in the README. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const documents = readdirSync(new URL('../docs/', import.meta.url))
  .filter((name) => name.endsWith('.md'))
  .map((name) => name.slice(0, -3))

/** What a text links, by the form of its links. */
const linked = (text: string, form: RegExp) => new Set([...text.matchAll(form)].map(([, name]) => name!))
const missing = (found: ReadonlySet<string>) => documents.filter((name) => !found.has(name))

test('every document is in the navigation of the site', () => {
  expect(missing(linked(read('docs/site/.vitepress/config.mjs'), /\['[^']+', '\/([\w-]+)'\]/g))).toEqual([])
})

test('every document is linked from the README', () => {
  expect(missing(linked(read('README.md'), /\]\(docs\/([\w-]+)\.md\)/g))).toEqual([])
})
