// Builds `dist/` from `ts/`: ES modules, CommonJS and the types of each.
import { existsSync } from 'node:fs'
import { at, filesUnder, fingerprint, isMain, isStamped, main, run, step, tool, writeStamp } from './lib.mjs'

const STAMP = 'dist/.stamp'
const sources = () =>
  filesUnder(['ts', 'package.json', 'tsconfig.json', 'tsdown.config.mjs', 'scripts/entries.mjs', 'native/index.d.cts'])

export const typeScriptIsCurrent = () => existsSync(at('dist/index.js')) && isStamped(STAMP, fingerprint(sources()))

export async function buildTypeScript() {
  const current = fingerprint(sources())
  await run(process.execPath, [tool('tsdown'), '--logLevel', 'warn'])
  writeStamp(STAMP, current)
}

if (isMain(import.meta.url)) main(() => step('Building TypeScript', buildTypeScript))
