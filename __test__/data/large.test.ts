/** A table larger than the process may be, in its small form: the whole one is `npm run bench:large`. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { hostPlatform } from '../../scripts/lib.mjs'

/** What the system says of memory is the emulator's then, and it starts no program of tsx's that is made for another processor. */
const emulated = process.env.FERROGRAD_EMULATED_NODE !== undefined

test.skipIf(process.platform === 'win32' || emulated)(
  '200 MB are trained on once through within 300 MB of memory, with musl 400',
  () => {
    const script = fileURLToPath(new URL('../../bench/large.ts', import.meta.url))
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script, '--megabytes', '200'], {
      encoding: 'utf8',
      timeout: 110_000,
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const [, rows, , , accuracy, most] = stdout
      .split('\n')
      .find((line) => /^\| \d+ MB/.test(line))!
      .split('|')
      .slice(1)
      .map((cell) => Number.parseFloat(cell))
    expect(rows).toBeGreaterThan(2.5)
    expect(accuracy).toBeGreaterThan(0.9)
    expect(most).toBeLessThan(hostPlatform().endsWith('-musl') ? 400 : 300)
  },
  120_000,
)
