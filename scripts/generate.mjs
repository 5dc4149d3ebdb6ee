// Writes `ts/generated/` from the declarations in Rust; with `--check`, fails where the committed files differ from that.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { capture, isMain, main, run, Stop, step } from './lib.mjs'

const FOLDER = 'ts/generated'
const write = (folder) =>
  run('cargo', ['run', '--quiet', '--locked', '-p', 'ferrograd-graph', '--bin', 'generate', '--', folder])

/** Writes into a spare folder and compares. */
export async function checkGenerated() {
  const fresh = mkdtempSync(join(tmpdir(), 'ferrograd-generated-'))
  await write(fresh)
  const { code, output } = await capture('git', ['diff', '--no-index', '--stat', '--', FOLDER, fresh])
  rmSync(fresh, { recursive: true })
  if (code !== 0) throw new Stop(`${output}\n${FOLDER} is out of date; write it anew with: npm run generate`)
}

if (isMain(import.meta.url)) {
  const check = process.argv.includes('--check')
  main(() => step(`${check ? 'Checking' : 'Writing'} ${FOLDER}`, () => (check ? checkGenerated() : write(FOLDER))))
}
