/**
 * A training that kills itself and goes on: `node scripts/run.mjs examples/08-resume/index.ts`. The program starts a
 * training in a process of its own, which dies by SIGKILL in the midst of an epoch, twice; the third one gets to the end,
 * with the bits of a training that nobody disturbed.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { config, type FitOptions, Sequential } from 'ferrograd'
import { digits } from 'ferrograd/datasets'
import { Dense, Dropout } from 'ferrograd/layers'
import { heading } from '../terminal.js'

const [, , dir, lastStep] = process.argv
if (dir !== undefined && lastStep !== undefined) await trainAndDie(dir, Number(lastStep))
else await watch()

/** Five epochs of 57 steps; a checkpoint every 20 steps where there is a directory for it. */
async function train(options: FitOptions): Promise<Sequential> {
  config.setSeed(1)
  const { x, y } = digits()
  const model = new Sequential([
    new Dense({ units: 32, activation: 'relu', inputShape: [64] }),
    new Dropout({ rate: 0.2 }),
    new Dense({ units: 10, activation: 'softmax' }),
  ])
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] })
  await model.fit(x, y, { epochs: 5, batchSize: 32, verbose: 2, ...options })
  return model
}

/** What a killed process runs: it dies after so many of its own steps (0: never). */
async function trainAndDie(dir: string, steps: number): Promise<void> {
  let seen = 0
  const dying = {
    onTrainBatchEnd(): void {
      seen += 1
      if (seen === steps) process.kill(process.pid, 'SIGKILL')
    },
  }
  const model = await train({
    checkpoint: { dir, everySteps: 20 },
    ...(steps > 0 ? { callbacks: [dying] } : {}),
  })
  console.log(`weights ${fingerprint(model)}`)
}

async function watch(): Promise<void> {
  heading('A training that nobody disturbs')
  const whole = fingerprint(await train({}))
  console.log(`weights ${whole}`)

  const dir = mkdtempSync(join(tmpdir(), 'ferrograd-resume-'))
  try {
    const outcomes = [130, 90, 0].map((steps, attempt) => {
      heading(
        attempt === 0
          ? 'The same, killed after 130 steps'
          : `Called again${steps > 0 ? `, killed after ${steps} more` : ''}`,
      )
      return run(dir, steps)
    })
    const resumed = /weights (\w+)/.exec(outcomes.at(-1) ?? '')?.[1]
    heading(resumed === whole ? 'The same bits' : 'Other bits')
    if (resumed !== whole) throw new Error(`The weights are ${resumed}, and ${whole} were expected`)
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** Runs this program as a process that dies; what it printed. */
function run(dir: string, steps: number): string {
  const args = ['--import', 'tsx', fileURLToPath(import.meta.url), dir, String(steps)]
  const { stdout, signal } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  process.stdout.write(stdout)
  if (signal !== null) console.log(`— ${signal}`)
  return stdout
}

/** The first digits of a hash over all weights. */
function fingerprint(model: Sequential): string {
  const hash = createHash('sha256')
  for (const weight of model.getWeights()) hash.update(new Uint8Array(weight.dataSync().buffer))
  return hash.digest('hex').slice(0, 16)
}
