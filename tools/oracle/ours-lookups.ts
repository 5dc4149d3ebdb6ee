/** Opens Keras's files with vocabularies and writes them again: `npx tsx tools/oracle/ours-lookups.ts DIR`, for `lookup_files.py check`. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadModel } from '../../ts/saving/index.js'

const [, , dir = 'ours-lookups'] = process.argv
mkdirSync(dir, { recursive: true })
for (const name of ['words', 'texts']) {
  const path = new URL(`../../__test__/fixtures/lookup-files/${name}.keras`, import.meta.url).pathname
  await (await loadModel(path)).save(join(dir, `${name}.keras`))
}
