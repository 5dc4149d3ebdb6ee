// What cross builds need besides Rust, from the package registries alone: zig as the linker (PyPI), and the sources of the
// standard library of this very rustc, which rustup's component or Debian's package has.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { at, capture, run, Stop } from '../lib.mjs'

const FOLDER = 'target/cross-tools'
const BIN = at(FOLDER, 'venv/bin')

async function installZig() {
  if (existsSync(join(BIN, 'cargo-zigbuild'))) return
  await run('python3', ['-m', 'venv', at(FOLDER, 'venv')])
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes']
  await run(join(BIN, 'pip'), ['install', ...quiet, '-r', at('scripts/cross/requirements.txt')])
}

/** The folder `library` of the sources of this rustc. */
async function standardLibrary() {
  const sysroot = (await run('rustc', ['--print', 'sysroot'])).trim()
  const component = join(sysroot, 'lib/rustlib/src/rust/library')
  if (existsSync(component)) return component
  const version = /rustc (\d+\.\d+\.\d+)/.exec(await run('rustc', ['--version']))[1]
  const library = at(FOLDER, `rust-src/usr/src/rustc-${version}/library`)
  if (!existsSync(library)) await fetchFromDebian(version)
  return library
}

/** Debian's package of the sources, by an apt that knows its newer releases and leaves the system's own alone. */
async function fetchFromDebian(version) {
  const folder = at(FOLDER, 'apt')
  const sources = '/etc/apt/sources.list.d/debian.sources'
  const mirror = existsSync(sources) ? /^URIs:\s*(\S+)/m.exec(readFileSync(sources, 'utf8'))?.[1] : undefined
  const component = 'add the sources with: rustup component add rust-src'
  if (mirror === undefined)
    throw new Stop(`This rustc has no sources of its library, and this is no Debian; ${component}`)
  for (const part of ['state', 'lists/partial', 'cache/archives/partial'])
    mkdirSync(join(folder, part), { recursive: true })
  writeFileSync(join(folder, 'state/status'), '')
  const releases = ['trixie', 'trixie-backports', 'sid']
  const key = 'signed-by=/usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(join(folder, 'sources.list'), releases.map((name) => `deb [${key}] ${mirror} ${name} main\n`).join(''))
  const settings = {
    'Dir::State': 'state',
    'Dir::State::status': 'state/status',
    'Dir::State::lists': 'lists',
    'Dir::Cache': 'cache',
    'Dir::Etc::sourcelist': 'sources.list',
  }
  const lines = Object.entries(settings).map(([name, path]) => `${name} "${join(folder, path)}";`)
  const rest = 'Dir::Etc::sourceparts "-";\nAPT::Sandbox::User "root";\n'
  writeFileSync(join(folder, 'apt.conf'), `${lines.join('\n')}\n${rest}`)
  const options = { cwd: folder, env: { APT_CONFIG: join(folder, 'apt.conf') } }
  await run('apt-get', ['update', '-qq'], options)
  const { output } = await capture('apt-cache', ['madison', 'rust-src'], options)
  const found = output
    .split('\n')
    .map((line) => line.split('|')[1]?.trim())
    .find((one) => one?.startsWith(`${version}+`))
  if (found === undefined) throw new Stop(`No Debian release has the sources of rustc ${version}; ${component}`)
  await run('apt-get', ['download', '-qq', `rust-src=${found}`], options)
  await run('sh', ['-c', `dpkg -x rust-src_*.deb "${at(FOLDER, 'rust-src')}"`], options)
}

/** A libnode that holds nothing, for the linker of Windows: the addon finds Node's symbols when it is loaded. */
function emptyLibnode() {
  const folder = at(FOLDER, 'libnode')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'libnode.dll'), '')
  for (const name of ['libnode.a', 'libnode.dll.a', 'node.lib']) writeFileSync(join(folder, name), '!<arch>\n')
  return folder
}

/** The environment in which cargo builds for any target. */
export async function crossEnvironment() {
  mkdirSync(at(FOLDER), { recursive: true })
  await installZig()
  return {
    PATH: `${BIN}:${process.env.PATH}`,
    RUSTC_BOOTSTRAP: '1',
    CARGO_UNSTABLE_BUILD_STD: 'std,panic_unwind',
    __CARGO_TESTS_ONLY_SRC_ROOT: await standardLibrary(),
    CARGO_TARGET_DIR: at('target/cross'),
    LIBNODE_PATH: emptyLibnode(),
  }
}
