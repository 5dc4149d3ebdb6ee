/** What publishes the tarballs of a release, with an npm in npm's place that writes down what it is asked for. */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const script = fileURLToPath(new URL('../scripts/cross/publish.mjs', import.meta.url))
const repository = { type: 'git', url: 'git+https://example.com/owner/name.git' }
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-publish-'))
  // Of what is asked for by `npm view`, the registry has what is called `…-there`.
  const npm = `#!/bin/sh\necho "$1 $2 $5" >> '${folder}/asked'\ncase "$1 $2" in "view "*-there@*) exit 0;; view*) exit 1;; esac\n`
  writeFileSync(join(folder, 'npm'), npm, { mode: 0o755 })
  writeFileSync(join(folder, 'asked'), '')
})
afterEach(() => rmSync(folder, { recursive: true }))

function pack(name: string, further: object): void {
  mkdirSync(join(folder, 'package'), { recursive: true })
  writeFileSync(join(folder, 'package/package.json'), JSON.stringify({ name, version: '1.2.3', ...further }))
  execFileSync('tar', ['-czf', `${name}-1.2.3.tgz`, 'package'], { cwd: folder })
}

/** Its exit code, what it says, and what npm was asked for. */
function publish(): Promise<{ code: number; said: string; asked: string[] }> {
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` }
  return new Promise((resolve) => {
    execFile(process.execPath, [script, folder, '--provenance'], { env }, (error, stdout, stderr) => {
      const asked = readFileSync(join(folder, 'asked'), 'utf8').replaceAll(`${folder}/`, '').trim().split('\n')
      resolve({ code: Number(error?.code ?? 0), said: stdout + stderr, asked })
    })
  })
}

// Roots of other systems have a C library and Node.js alone: there is nothing to pack with.
const packs = process.platform !== 'win32' && spawnSync('tar', ['--version']).error === undefined

describe.skipIf(!packs)('scripts/cross/publish.mjs', () => {
  test('publishes the packages of platforms first, and leaves alone what is there', async () => {
    for (const name of ['ferrograd', 'ferrograd-there', 'ferrograd-win32-x64-msvc']) pack(name, { repository })
    const { code, said, asked } = await publish()
    expect([code, said]).toEqual([0, expect.stringContaining('ferrograd-there@1.2.3 is there already')])
    expect(asked.map((line) => line.trim())).toEqual([
      'view ferrograd-there@1.2.3',
      'view ferrograd-win32-x64-msvc@1.2.3',
      'publish ferrograd-win32-x64-msvc-1.2.3.tgz --provenance',
      'view ferrograd@1.2.3',
      'publish ferrograd-1.2.3.tgz --provenance',
    ])
  })

  test.each([[{}], [{ repository: { type: 'git' } }]])(
    'refuses a package that does not say where its sources are, before npm is asked for anything: %j',
    async (further) => {
      pack('ferrograd', { repository })
      pack('ferrograd-darwin-x64', further)
      const { code, said, asked } = await publish()
      expect([code, asked]).toEqual([1, ['']])
      expect(said).toContain('Nothing is published: package.json of ferrograd-darwin-x64 has no repository')
      expect(said).toContain('GITHUB_REPOSITORY')
    },
  )
})
