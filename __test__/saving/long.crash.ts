/** Many kills: `npm run test:crash`. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadModel } from 'ferrograd'
import { expect, test } from 'vitest'
import { trainKilled } from './crashes.js'

const KILLS = Number(process.env.FERROGRAD_KILLS ?? 50)
const child = fileURLToPath(new URL('./save-child.mjs', import.meta.url))

test.each(['arrays', 'dataset'])(
  'trainings on %s, killed at random moments, end with the bits of one left alone',
  async (kind) => {
    const began = performance.now()
    const whole = await trainKilled(kind, [])
    const most = performance.now() - began
    let killed = 0
    for (let run = 0; killed < KILLS / 2; run += 1) {
      // A kill that comes after the end of a training is none, so that there are enough runs for those that do not.
      if (run > KILLS) throw new Error(`Expected ${KILLS / 2} kills in ${KILLS} runs, got ${killed}.`)
      const one = await trainKilled(
        kind,
        Array.from({ length: 8 }, () => most * (0.3 + 0.7 * Math.random())),
      )
      expect(one.outcome).toBe(whole.outcome)
      killed += one.killed
      console.log(`${kind}: ${killed} kills so far`)
    }
    console.log(`${kind}: ${killed} kills, 0 trainings lost`)
  },
  3_600_000,
)

test('a save that is killed at any moment leaves a whole file', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ferrograd-save-crash-'))
  const path = join(dir, 'm.keras')
  const kills = KILLS * 20
  for (let kill = 0; kill < kills; kill += 1) {
    await killedWhileSaving(path)
    const model = await loadModel(path)
    const values = new Set(model.weights.flatMap((weight) => [...weight.dataSync()]))
    expect(values.size).toBe(1)
    // What an earlier one left, the next one removed.
    expect(readdirSync(dir).length).toBeLessThanOrEqual(2)
    if ((kill + 1) % 100 === 0) console.log(`${kill + 1} kills while saving so far`)
  }
  console.log(`${kills} kills while saving, 0 files lost; ${readdirSync(dir).length} files there`)
  rmSync(dir, { recursive: true })
}, 3_600_000)

function killedWhileSaving(path: string): Promise<void> {
  return new Promise((resolve) => {
    const running = spawn(process.execPath, [child, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    running.stdout.once('data', () => setTimeout(() => running.kill('SIGKILL'), Math.random() * 25))
    running.on('close', () => resolve())
  })
}
