/** The table for those who come from TensorFlow.js: what stands there runs, and gives what TensorFlow.js gives. */
import { readFileSync } from 'node:fs'
import * as ferrograd from 'ferrograd'
import { expect, test, vi } from 'vitest'
import { DOCUMENT, ourScope, results, withTables } from '../tools/docs/tensorflow-js.mjs'

interface Row {
  readonly code: string
  readonly values: readonly unknown[]
}

test('docs/tensorflow-js.md has the rows that were run', () => {
  const text = readFileSync(DOCUMENT, 'utf8')
  expect(withTables(text), 'run: node tools/docs/tensorflow-js.mjs').toBe(text)
})

test('each row gives what TensorFlow.js gave', async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true)
  const file = new URL('fixtures/tensorflow-js.json', import.meta.url)
  const { cases: theirs } = JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly Row[] }
  const ours: readonly Row[] = await results(1, ourScope(ferrograd))
  vi.restoreAllMocks()
  expect(ours).toHaveLength(theirs.length)
  for (const [i, { code, values }] of ours.entries())
    expect(alike(values, theirs[i]!.values), `${code}: ${JSON.stringify(values)}`).toBe(true)
})

/** Numbers to float32's rounding, since both compute in float32 and in orders of their own. */
function alike(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((one, i) => alike(one, b[i]))
  if (typeof a === 'number') return typeof b === 'number' && Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b))
  return a === b
}
