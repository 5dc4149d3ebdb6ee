// Brings a clone to a state in which it can run: packages, native core and TypeScript, each only where missing or stale.
// It runs with nothing installed, so it imports Node's own modules alone.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { buildNative, nativeIsCurrent } from './build-native.mjs'
import { buildTypeScript, typeScriptIsCurrent } from './build-ts.mjs'
import { at, capture, isMain, main, readJson, run, Stop, step } from './lib.mjs'

const RUSTUP = 'Install it with rustup (https://rustup.rs), then run this again.'

/** Negative where version `a` is older than `b`; compares the numbers alone. */
function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number))
  const difference = [0, 1, 2].map((i) => (left[i] ?? 0) - (right[i] ?? 0)).find((d) => d !== 0)
  return difference ?? 0
}

function checkNode() {
  const wanted = readJson(at('package.json')).engines.node.replace(/^>=/, '')
  const found = process.versions.node
  if (compareVersions(found, wanted) < 0)
    throw new Stop(`ferrograd needs Node.js ${wanted} or newer; this is ${found}.`)
}

export async function checkRust() {
  const wanted = /^rust-version = "(.+)"$/m.exec(readFileSync(at('Cargo.toml'), 'utf8'))[1]
  const { code, output } = await capture('rustc', ['--version'])
  const cargo = await capture('cargo', ['--version'])
  if (code !== 0 || cargo.code !== 0)
    throw new Stop(`ferrograd's core is built from Rust, and no Rust was found.\n${RUSTUP}`)
  const found = /rustc (\d+\.\d+\.\d+)/.exec(output)?.[1] ?? '0'
  if (compareVersions(found, wanted) < 0) {
    throw new Stop(`ferrograd needs Rust ${wanted} or newer; this is ${found}.\nUpdate it with: rustup update stable`)
  }
}

/** npm writes `.package-lock.json` at the end of every install, so it tells how old `node_modules` is. */
function packagesAreCurrent() {
  const installed = at('node_modules', '.package-lock.json')
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(at('package-lock.json')).mtimeMs
}

const installPackages = () => run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])

/** Installs and builds what is missing or stale. With `typescript: false`, `dist/` is left as it is. */
export async function setup({ typescript = true } = {}) {
  checkNode()
  if (!nativeIsCurrent()) await checkRust()
  if (!packagesAreCurrent()) await step('Installing packages', installPackages)
  if (!nativeIsCurrent()) await step('Building the native core (a few minutes the first time)', () => buildNative())
  if (typescript && !typeScriptIsCurrent()) await step('Building TypeScript', buildTypeScript)
}

if (isMain(import.meta.url)) main(() => setup())
