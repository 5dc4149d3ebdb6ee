// Trains on the handwritten digits with the package as npm installed it, and prints what came of it as one line of JSON.
// Run by check.mjs, on whichever machine it is that has to be checked.
import { config, Sequential } from 'ferrograd'
import { digits } from 'ferrograd/datasets'
import { Dense, Dropout } from 'ferrograd/layers'

const epochs = Number(process.argv[2])
config.setSeed(42)
const { train, test } = digits({ testSplit: 0.2 })
const model = new Sequential([
  new Dense({ units: 128, activation: 'relu', inputShape: [64] }),
  new Dropout({ rate: 0.2 }),
  new Dense({ units: 64, activation: 'tanh' }),
  new Dense({ units: 10, activation: 'softmax' }),
])
model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] })
const began = performance.now()
const { history } = await model.fit(train.x, train.y, { epochs, batchSize: 32, verbose: 0 })
const seconds = (performance.now() - began) / 1000
const { accuracy } = await model.evaluate(test.x, test.y, { verbose: 0 })
const report = { version: process.version, instructionSet: `${process.arch} ${config.instructionSet()}` }
console.log(JSON.stringify({ ...report, losses: history.loss, accuracy, seconds }))
