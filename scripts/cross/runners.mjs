// Node.js for other platforms on this machine, from the package registries alone: a processor by qemu, a C library by a root of
// its own, Windows by wine. A runner says what it is, and how a command line of Node's becomes one of this machine's.
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { at, hostPlatform } from '../lib.mjs'
import { isDebian } from './debian.mjs'
import { checkNamespaces, inRoot, mounted } from './namespaces.mjs'
import { MAJORS, MAJORS_OF_MUSL, nodeOfMusl, nodeOfNpm } from './nodes.mjs'
import { glibcRoot, muslRoot, rootOf } from './roots.mjs'
import { wine } from './wine.mjs'

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
  const script = (cwd) => `exec ${inRoot(root, cwd)} '${binary}' "$@"`
  return { command: (args, cwd) => mounted(root, [brought, cwd], script(cwd), args) }
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
    majors: MAJORS_OF_MUSL,
    async get(major) {
      await checkNamespaces()
      const binary = await nodeOfMusl('x86_64', major)
      // Beside it lies the C++ library that it brings.
      return confined(binary, await muslRoot('x86_64', 'amd64'), dirname(dirname(dirname(binary))))
    },
  },
  'linux-arm64-gnu': {
    on: 'qemu-aarch64',
    majors: MAJORS,
    get: async (major) => emulated(await nodeOfNpm('linux', 'arm64', major), await glibcRoot('arm64', 'arm64')),
  },
  'linux-arm64-musl': {
    on: 'qemu-aarch64, musl',
    majors: MAJORS_OF_MUSL,
    get: async (major) => emulated(await nodeOfMusl('aarch64', major), await muslRoot('aarch64', 'arm64')),
  },
  'win32-x64-msvc': {
    on: 'wine',
    majors: MAJORS,
    async get(major) {
      await checkNamespaces()
      return wine(await nodeOfNpm('win32', 'x64', major))
    },
  },
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
