/** The documents that are written from the code are as the code is. */

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { document, withTables } from '../tools/docs/keras.js'

it('docs/keras.md', () => {
  const text = readFileSync(document, 'utf8')
  expect(withTables(text), 'run: npx tsx tools/docs/keras.ts').toBe(text)
})
