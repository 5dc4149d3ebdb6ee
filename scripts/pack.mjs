// The tarballs that npm would have: the package as it is at release, with its optional dependencies, and one per platform.
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { at, filesUnder, readJson, run, Stop } from './lib.mjs'
import { serveRegistry } from './registry.mjs'

const { version } = readJson(at('package.json'))

async function pack(folder, destination) {
  const output = await run('npm', ['pack', folder, '--json', '--ignore-scripts', '--pack-destination', destination])
  const list = JSON.parse(output.slice(output.search(/^[[{]/m)))
  return join(destination, Object.values(list)[0].filename)
}

/** Every platform's package, at this very version: in a clone they would name what is not published yet. */
const optionalDependencies = () => {
  const manifests = filesUnder(['npm']).filter((file) => file.endsWith('/package.json'))
  return Object.fromEntries(manifests.map((file) => [readJson(at(file)).name, version]))
}

/** Where it is built, which npm compares with what the provenance says. */
const repository = () => {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env
  return name === undefined ? {} : { repository: { type: 'git', url: `git+${server}/${name}.git` } }
}

function addTo(folder, further) {
  const manifest = join(folder, 'package.json')
  writeFileSync(manifest, JSON.stringify({ ...readJson(manifest), ...further, ...repository() }, undefined, 2))
}

/** The package. Its files are those that `npm pack` takes from a clone. */
export async function packMain(destination) {
  const staged = mkdtempSync(join(destination, '.main-'))
  // Names alone: some tars take what stands before a colon (`C:`) for a machine.
  const [tarball, folderName] = [basename(await pack('.', destination)), basename(staged)]
  await run('tar', ['-xzf', tarball, '-C', folderName], { cwd: destination })
  const folder = join(staged, 'package')
  addTo(folder, { optionalDependencies: optionalDependencies() })
  const released = await pack(folder, destination)
  rmSync(staged, { recursive: true })
  return released
}

/** The package of a platform: its folder of `npm/`, with `binary`. */
export async function packPlatform(platform, binary, destination) {
  if (!existsSync(binary)) throw new Stop(`There is no ${binary}`)
  const folder = mkdtempSync(join(tmpdir(), `ferrograd-${platform}-`))
  cpSync(at('npm', platform), folder, { recursive: true })
  cpSync(binary, join(folder, `ferrograd.${platform}.node`))
  addTo(folder, {})
  if (readJson(join(folder, 'package.json')).version !== version)
    throw new Stop(`npm/${platform} is not of version ${version}`)
  const tarball = await pack(folder, destination)
  rmSync(folder, { recursive: true })
  return tarball
}

/** The options of npm for a platform that is not this one's. */
export const optionsFor = (platform) => {
  const [os, cpu, abi] = platform.split('-')
  return [`--os=${os}`, `--cpu=${cpu}`, ...(os === 'linux' ? [`--libc=${abi === 'gnu' ? 'glibc' : abi}`] : [])]
}

/**
 * `npm install ferrograd` in a folder, for a platform, from a registry that has nothing but `tarballs`. npm must take the
 * package of that platform, and no other.
 */
export async function installFrom(tarballs, folder, platform) {
  const registry = await serveRegistry(tarballs)
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  const apart = [`--registry=${registry.url}`, `--cache=${join(folder, '.npm')}`]
  try {
    await run('npm', ['install', 'ferrograd', ...apart, ...quiet, ...optionsFor(platform)], { cwd: folder })
  } finally {
    registry.close()
  }
  const found = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))
  const wanted = ['ferrograd', `ferrograd-${platform}`]
  if (found.sort().join() !== wanted.join())
    throw new Stop(`npm installed ${found.join(', ')}, not ${wanted.join(', ')}`)
}
