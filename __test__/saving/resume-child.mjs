// A training that somebody kills: `node resume-child.mjs DIR KIND`. It goes on from the checkpoints in DIR, and writes
// DIR/result.json when it is done.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { callbacks, config, data, layers, optimizers, Sequential, schedules } from '../../dist/index.js'

const [, , dir, kind] = process.argv
config.setSeed(7)

const ROWS = 640
const wave = (i) => Math.sin(i * 12.9898) * 0.5 + 0.5
const x = { values: Float32Array.from({ length: ROWS * 8 }, (_, i) => wave(i)), shape: [ROWS, 8] }
const y = { values: Int32Array.from({ length: ROWS }, (_, i) => Math.floor(wave(i * 8) * 4)), shape: [ROWS] }

const model = new Sequential([
  new layers.Dense({ units: 24, activation: 'relu', inputShape: [8] }),
  new layers.BatchNormalization(),
  new layers.Dropout({ rate: 0.3 }),
  new layers.Dense({ units: 4, activation: 'softmax' }),
])
model.compile({
  optimizer: new optimizers.Adam({
    learningRate: new schedules.CosineDecay({ initialLearningRate: 0.01, decaySteps: 400 }),
  }),
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
})

const options = {
  epochs: 24,
  verbose: 0,
  callbacks: [new callbacks.EarlyStopping({ monitor: 'loss', patience: 6, minDelta: 0.02, restoreBestWeights: true })],
  checkpoint: { dir: join(dir, 'checkpoints'), everySteps: 3, keep: 2 },
}
const history =
  kind === 'arrays'
    ? await model.fit(x, y, { ...options, batchSize: 32, validationSplit: 0.2 })
    : await model.fit(
        data.Dataset.fromArrays({ x, y })
          .shuffle(200, 3)
          .map(({ x, y }) => [x, y])
          .batch(32),
        undefined,
        options,
      )

const weights = model.getWeights().map((weight) => Buffer.from(weight.dataSync().buffer.slice(0)).toString('base64'))
writeFileSync(join(dir, 'result.json'), JSON.stringify({ weights, history: history.history, epoch: history.epoch }))
