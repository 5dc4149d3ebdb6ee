// The platforms that npm users have, how each is built from Linux, and what its binary may need of the system it runs on.
import { at, Stop } from '../lib.mjs'

/** macOS from 11 on. */
const DARWIN = { MACOSX_DEPLOYMENT_TARGET: '11.0' }
/** A strip after linking would void the signature that arm64 asks for. */
const SIGNED = { ...DARWIN, CARGO_PROFILE_RELEASE_STRIP: 'none' }
/** One C library for the process, Node's own. */
const MUSL = { RUSTFLAGS: '-C target-feature=-crt-static' }

const ELF = 'libferrograd_node.so'
const PE = 'ferrograd_node.dll'
const MACH_O = 'libferrograd_node.dylib'

const GLIBC = { needs: /^(libc|libm|libpthread|libdl|librt|ld-linux-\w+(-\d+)?)\.so(\.\d+)?$/, glibc: 2.17 }
const NO_GLIBC = { needs: /^libc\.so$/, glibc: 0 }
/** The universal C runtime, which every Windows that Node runs on has. */
const UCRT = { needs: /^(kernel32|ntdll|bcryptprimitives|advapi32|ws2_32|userenv|api-ms-[\w-]+)\.dll$/i }
const SYSTEM = { needs: /^\/usr\/lib\/(libSystem\.B|libiconv\.2|libcharset\.1)\.dylib$/, minos: 11 }

/** By the name of their folder in `npm/`. `build` is the target as cargo-zigbuild takes it, a glibc after it. */
export const targets = {
  'linux-x64-gnu': { build: 'x86_64-unknown-linux-gnu.2.17', file: ELF, machine: 'x64', allowed: GLIBC },
  'linux-arm64-gnu': { build: 'aarch64-unknown-linux-gnu.2.17', file: ELF, machine: 'arm64', allowed: GLIBC },
  'linux-x64-musl': { build: 'x86_64-unknown-linux-musl', file: ELF, machine: 'x64', env: MUSL, allowed: NO_GLIBC },
  'linux-arm64-musl': {
    build: 'aarch64-unknown-linux-musl',
    file: ELF,
    machine: 'arm64',
    env: MUSL,
    allowed: NO_GLIBC,
  },
  'win32-x64-msvc': { build: 'x86_64-pc-windows-gnu', file: PE, machine: 'x64', libnode: true, allowed: UCRT },
  'win32-arm64-msvc': { build: 'aarch64-pc-windows-gnullvm', file: PE, machine: 'arm64', libnode: true, allowed: UCRT },
  'darwin-arm64': { build: 'aarch64-apple-darwin', file: MACH_O, machine: 'arm64', env: SIGNED, allowed: SYSTEM },
  'darwin-x64': { build: 'x86_64-apple-darwin', file: MACH_O, machine: 'x64', env: DARWIN, allowed: SYSTEM },
}

/** `aarch64-unknown-linux-gnu` of `aarch64-unknown-linux-gnu.2.17`. */
export const tripleOf = ({ build }) => build.replace(/\.\d+\.\d+$/, '')

/** The entries of platforms whose name contains one of the words; all where there is none. */
export function chosen(words, entries = Object.entries(targets)) {
  const unknown = words.filter((word) => !entries.some(([name]) => name.includes(word)))
  if (unknown.length > 0)
    throw new Stop(`No platform is called ${unknown.join(', ')}. There are ${entries.map(([name]) => name).join(', ')}`)
  return entries.filter(([name]) => words.length === 0 || words.some((word) => name.includes(word)))
}

/** Where a build lies: for publishing in the platform's package, a quick one apart from that. */
export function binaryOf(platform, quick = false) {
  const name = `ferrograd.${platform}.node`
  return quick ? at('target/cross-quick', name) : at('npm', platform, name)
}

/** What a command line asks for. */
export function asked(given = process.argv.slice(2)) {
  return { words: given.filter((word) => !word.startsWith('--')), quick: given.includes('--quick') }
}
