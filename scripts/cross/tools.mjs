// What cross builds need besides Rust, from the package registries alone: zig as the linker (PyPI), and the sources of the
// standard library of this very rustc, which rustup's component or Debian's package has.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { at, run, Stop } from '../lib.mjs'
import { debian, toolsAt } from './debian.mjs'

const BIN = toolsAt('venv/bin')

async function installZig() {
  if (existsSync(join(BIN, 'cargo-zigbuild'))) return
  await run('python3', ['-m', 'venv', toolsAt('venv')])
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes']
  await run(join(BIN, 'pip'), ['install', ...quiet, '-r', at('scripts/cross/requirements.txt')])
}

/** The folder `library` of the sources of this rustc. */
async function standardLibrary() {
  const sysroot = (await run('rustc', ['--print', 'sysroot'])).trim()
  const component = join(sysroot, 'lib/rustlib/src/rust/library')
  if (existsSync(component)) return component
  const version = /rustc (\d+\.\d+\.\d+)/.exec(await run('rustc', ['--version']))[1]
  const library = toolsAt(`rust-src/usr/src/rustc-${version}/library`)
  if (!existsSync(library)) await fetchFromDebian(version)
  return library
}

const COMPONENT = 'add the sources with: rustup component add rust-src'

async function fetchFromDebian(version) {
  const packages = await debian(toolsAt('apt'), ['trixie', 'trixie-backports', 'sid'])
  if (packages === undefined)
    throw new Stop(`This rustc has no sources of its library, and this is no Debian; ${COMPONENT}`)
  const found = (await packages.versions('rust-src')).find((one) => one.startsWith(`${version}+`))
  if (found === undefined) throw new Stop(`No Debian release has the sources of rustc ${version}; ${COMPONENT}`)
  await packages.unpack([`rust-src=${found}`], toolsAt('rust-src'))
}

/** A libnode that holds nothing, for the linker of Windows: the addon finds Node's symbols when it is loaded. */
function emptyLibnode() {
  const folder = toolsAt('libnode')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'libnode.dll'), '')
  for (const name of ['libnode.a', 'libnode.dll.a', 'node.lib']) writeFileSync(join(folder, name), '!<arch>\n')
  return folder
}

/** The environment in which cargo builds for any target. */
export async function crossEnvironment() {
  mkdirSync(toolsAt(), { recursive: true })
  await installZig()
  return {
    PATH: `${BIN}:${process.env.PATH}`,
    RUSTC_BOOTSTRAP: '1',
    CARGO_UNSTABLE_BUILD_STD: 'std,panic_unwind',
    // Without backtraces, which have no names in a stripped binary.
    CARGO_UNSTABLE_BUILD_STD_FEATURES: 'panic-unwind',
    __CARGO_TESTS_ONLY_SRC_ROOT: await standardLibrary(),
    LIBNODE_PATH: emptyLibnode(),
  }
}
