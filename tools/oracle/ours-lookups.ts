/** Opens Keras's files with vocabularies and writes them again: `npx tsx tools/oracle/ours-lookups.ts DIR`, for `lookup_files.py check`. */

import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as config from '../../ts/config.js'
import { loadModel } from '../../ts/saving/index.js'

const [, , dir = 'ours-lookups'] = process.argv
mkdirSync(dir, { recursive: true })
config.setFloatx('float64')
const files = fileURLToPath(new URL('../../__test__/fixtures/lookup-files/', import.meta.url))
const { cases, models } = JSON.parse(readFileSync(join(files, 'lookups.json'), 'utf8'))
for (const { name } of [...cases, ...models] as { readonly name: string }[]) {
  const path = join(files, `${name}.keras`)
  await (await loadModel(path)).save(join(dir, `${name}.keras`))
}
