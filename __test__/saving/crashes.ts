/** Trainings killed at random moments until one gets to its end. */

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const child = fileURLToPath(new URL('./resume-child.mjs', import.meta.url))

/** What a training came to: its weights and its history, as text. */
export type Outcome = string

/** Runs a training, killed after each of these milliseconds, then left alone; its outcome, and how often it was killed. */
export async function trainKilled(
  kind: string,
  kills: readonly number[],
): Promise<{ outcome: Outcome; killed: number }> {
  const dir = mkdtempSync(join(tmpdir(), 'ferrograd-crash-'))
  const result = join(dir, 'result.json')
  try {
    let killed = 0
    for (const after of kills) {
      if (existsSync(result)) break
      if (await run(dir, kind, after)) killed += 1
    }
    while (!existsSync(result)) await run(dir, kind, undefined)
    return { outcome: readFileSync(result, 'utf8'), killed }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** One process; true where it was killed before its end. */
function run(dir: string, kind: string, killAfter: number | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const running = spawn(process.execPath, [child, dir, kind], { stdio: ['ignore', 'ignore', 'pipe'] })
    let errors = ''
    running.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    const timer = killAfter === undefined ? undefined : setTimeout(() => running.kill('SIGKILL'), killAfter)
    running.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0 || signal === 'SIGKILL') resolve(signal === 'SIGKILL')
      else reject(new Error(errors))
    })
  })
}
