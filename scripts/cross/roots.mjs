// Roots of other systems, made of the files of Debian packages: a C library and what it takes to load Node.js with it.
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debian, toolsAt } from './debian.mjs'

const RELEASE = 'trixie'

/** The files of Debian packages under a root of their own, once. */
export async function rootOf(name, packages) {
  const root = toolsAt(`root-${name}`)
  const stamp = join(root, '.unpacked')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === packages.join()) return root
  const release = await debian(toolsAt('apt-runners'), [RELEASE], ['amd64', 'arm64'])
  await release.unpack(packages, root)
  writeFileSync(stamp, packages.join())
  return root
}

/** musl is one file, as loader and as library; `ldd` says so, as Alpine's does, to who asks which C library this is. */
export async function muslRoot(machine, architecture) {
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

/** As `rootOf`, with the folders outside of `/usr` that loaders are looked for in. */
export async function glibcRoot(name, architecture, further = []) {
  const packages = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1'].map((one) => `${one}:${architecture}`)
  const root = await rootOf(name, [...packages, ...further])
  for (const folder of ['lib', 'lib64'].filter((name) => existsSync(join(root, 'usr', name))))
    if (!existsSync(join(root, folder))) symlinkSync(`usr/${folder}`, join(root, folder))
  return root
}
