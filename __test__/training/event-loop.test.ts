import { monitorEventLoopDelay } from 'node:perf_hooks'
import { config, Sequential } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { expect, test } from 'vitest'
import { pause } from './models.js'

/** 784-512-512-10 on noise: seconds of work for every core. */
function heavy(): { model: Sequential; x: { values: Float32Array; shape: number[] }; y: Int32Array } {
  config.setSeed(1)
  const model = new Sequential([
    new Dense({ units: 512, activation: 'relu', inputShape: [784] }),
    new Dense({ units: 512, activation: 'relu' }),
    new Dense({ units: 10, activation: 'softmax' }),
  ])
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] })
  const rows = 2048
  const values = Float32Array.from({ length: rows * 784 }, (_, i) => Math.sin(i))
  return { model, x: { values, shape: [rows, 784] }, y: Int32Array.from({ length: rows }, (_, i) => i % 10) }
}

/** The 99th percentile of the delay of the event loop while `run` does, in milliseconds. */
async function delayDuring(run: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await run()
  delay.disable()
  return delay.percentile(99) / 1e6
}

test('the event loop turns while a fit uses every core', { retry: 2 }, async () => {
  const { model, x, y } = heavy()
  const idle = await delayDuring(() => pause(300))
  let begin = (): void => undefined
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const run = model.fit(x, y, { batchSize: 128, epochs: 8, verbose: 0, callbacks: { onEpochBegin: () => begin() } })
  // Data are copied and the step is compiled before the first epoch; from then on the loop is free.
  await begun
  // The promise is 10 ms on a machine of its own; others may use this one, as the idle delay shows.
  expect(await delayDuring(() => run)).toBeLessThan(10 + 5 * idle)
})
