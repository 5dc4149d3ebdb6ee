/** A table larger than the process may be, in its small form: the whole one is `npm run bench:large`. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test.skipIf(process.platform === 'win32')(
  '200 MB are trained on once through within the memory that the bench allows',
  () => {
    const script = fileURLToPath(new URL('../../bench/large.ts', import.meta.url))
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script, '--megabytes', '200'], {
      encoding: 'utf8',
      timeout: 110_000,
    })
    // The bench fails where it took more than 300 MB, with musl 400.
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const [, rows, , , accuracy] = stdout
      .split('\n')
      .find((line) => /^\| \d+ MB/.test(line))!
      .split('|')
      .slice(1)
      .map((cell) => Number.parseFloat(cell))
    expect(rows).toBeGreaterThan(2.5)
    expect(accuracy).toBeGreaterThan(0.9)
  },
  120_000,
)
