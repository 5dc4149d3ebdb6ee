/** A PostgreSQL of the test's own, in a folder that goes with it. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Postgres {
  /** The folder of its socket, which `pg` takes for a host. */
  readonly host: string
  readonly user: string
  readonly stop: () => void
}

/** Where the programs of a server are, if anywhere. */
export function postgresPrograms(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...versions.map((version) => join(root, version, 'bin')),
    '/usr/local/bin',
    '/usr/bin',
    '/opt/homebrew/bin',
  ]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

/** Starts one. A server refuses to be root: then it is of the user `postgres`. */
export async function startPostgres(programs: string): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'ferrograd-pg-'))
  const owner = process.getuid?.() === 0 ? ownerOf('postgres') : undefined
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  const settings = { ...owner, stdio: 'ignore' as const, cwd: folder }
  execFileSync(join(programs, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'test', '-N', '-E', 'UTF8'], settings)
  const server = spawn(join(programs, 'postgres'), ['-D', data, '-k', folder, '-h', '', '-F'], settings)
  const stop = (): void => {
    server.kill('SIGINT')
    server.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  }
  for (let i = 0; i < 200; i++) {
    if (spawnSync(join(programs, 'pg_isready'), ['-h', folder, '-U', 'test'], settings).status === 0)
      return { host: folder, user: 'test', stop }
    if (server.exitCode !== null) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  stop()
  throw new Error('PostgreSQL did not start')
}

function ownerOf(user: string): { uid: number; gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
