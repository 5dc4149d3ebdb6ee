// Builds the addon from `crates/` into `native/`: a loader, its types, and one binary for this platform.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import {
  at,
  filesUnder,
  fingerprint,
  hostPlatform,
  isMain,
  isStamped,
  main,
  run,
  Stop,
  step,
  tool,
  writeStamp,
} from './lib.mjs'

const STAMP = 'native/.stamp'

/** Everything the binary is made of; tests and benches of the crates are not in it. */
const sources = () => filesUnder(['crates', 'Cargo.toml', 'Cargo.lock', 'build.rs'], ['tests', 'benches'])

export function nativeIsCurrent() {
  return existsSync(at('native', `ferrograd.${hostPlatform()}.node`)) && isStamped(STAMP, fingerprint(sources()))
}

/** The loader without its comments and spaces, a third of it: every program reads it first. */
async function compact(file) {
  // Set-up reads this file before there are packages.
  const { minifySync } = await import('rolldown/experimental')
  const text = readFileSync(file, 'utf8')
  const { code, errors } = minifySync(file, text, {
    compress: false,
    mangle: false,
    codegen: { removeWhitespace: true },
  })
  if (errors.length > 0) throw new Stop(`${file}: ${errors[0].message}`)
  writeFileSync(file, code)
}

/**
 * Builds for this machine, or as the further options of `napi build` say. A debug build is stamped as stale, so that the next
 * set-up replaces it by a release build; one for a given target (`--target …`) is not stamped at all.
 */
export async function buildNative({ debug = false, further = [] } = {}) {
  const current = fingerprint(sources())
  const options = ['--platform', '--manifest-path', 'crates/node/Cargo.toml', '--output-dir', 'native']
  const names = ['--js', 'index.cjs', '--dts', 'index.d.cts']
  const args = ['build', ...options, ...names, ...(debug ? [] : ['--release']), ...further, '--', '--locked']
  await run(process.execPath, [tool('@napi-rs/cli', 'napi'), ...args])
  await compact(at('native/index.cjs'))
  if (!further.includes('--target')) writeStamp(STAMP, debug ? 'debug' : current)
}

if (isMain(import.meta.url)) {
  const given = process.argv.slice(2)
  const debug = given.includes('--debug')
  const further = given.filter((argument) => argument !== '--debug')
  main(() => step(`Building the native core (${debug ? 'debug' : 'release'})`, () => buildNative({ debug, further })))
}
