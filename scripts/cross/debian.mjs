// Single files of Debian packages, whatever the release and the architecture: by an apt of its own, which checks signatures as
// the system's does and leaves that alone. Nothing is installed.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { at, capture, run } from '../lib.mjs'

const SOURCES = '/etc/apt/sources.list.d/debian.sources'
const KEY = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Where this machine takes its Debian packages from; `undefined` where it is no Debian. */
const mirror = () => (existsSync(SOURCES) ? /^URIs:\s*(\S+)/m.exec(readFileSync(SOURCES, 'utf8'))?.[1] : undefined)

export const isDebian = () => mirror() !== undefined && existsSync(KEY)

function writeSettings(folder, releases, architectures) {
  for (const part of ['state', 'lists/partial', 'cache/archives/partial'])
    mkdirSync(join(folder, part), { recursive: true })
  writeFileSync(join(folder, 'state/status'), '')
  const line = (release) => `deb [signed-by=${KEY}] ${mirror()} ${release} main\n`
  writeFileSync(join(folder, 'sources.list'), releases.map(line).join(''))
  const paths = {
    'Dir::State': 'state',
    'Dir::State::status': 'state/status',
    'Dir::State::lists': 'lists',
    'Dir::Cache': 'cache',
    'Dir::Etc::sourcelist': 'sources.list',
  }
  const lines = Object.entries(paths).map(([name, path]) => `${name} "${join(folder, path)}";`)
  const rest = ['Dir::Etc::sourceparts "-";', 'APT::Sandbox::User "root";']
  const list = `APT::Architectures { ${architectures.map((name) => `"${name}";`).join(' ')} };`
  writeFileSync(join(folder, 'apt.conf'), [...lines, ...rest, list, ''].join('\n'))
}

/**
 * The packages of some releases for some architectures, with lists as new as now; `undefined` where this is no Debian.
 * `folder` is where its lists lie.
 */
export async function debian(folder, releases, architectures = ['amd64']) {
  if (!isDebian()) return undefined
  writeSettings(folder, releases, architectures)
  const options = { cwd: folder, env: { APT_CONFIG: join(folder, 'apt.conf') } }
  await run('apt-get', ['update', '-qq'], options)
  return {
    /** The versions of a package that there are, the newest first. */
    async versions(name) {
      const { output } = await capture('apt-cache', ['madison', name], options)
      const found = output.split('\n').map((line) => line.split('|')[1]?.trim())
      return found.filter((version) => version !== undefined)
    },
    /** Lays the files of packages (`musl:arm64`, `rust-src=1.95.0`) out under `root`. */
    async unpack(names, root) {
      const work = join(folder, 'packages')
      rmSync(work, { recursive: true, force: true })
      mkdirSync(work)
      await run('apt-get', ['download', '-qq', ...names], { ...options, cwd: work })
      for (const file of readdirSync(work)) await run('dpkg', ['-x', join(work, file), root])
      rmSync(work, { recursive: true })
    },
  }
}

/** A folder of what was fetched for cross builds. */
export const toolsAt = (...parts) => at('target/cross-tools', ...parts)
