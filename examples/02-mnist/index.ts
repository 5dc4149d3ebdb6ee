/** MNIST: 784-128-10, five epochs. Takes the folder of the IDX files: `node scripts/run.mjs examples/02-mnist/index.ts DIR`. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { config, Sequential } from 'ferrograd'
import { trainTestSplit } from 'ferrograd/data'
import { type Labelled, mnist } from 'ferrograd/datasets'
import { Dense } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { confusion, drawConfusion, drawImage, gallery, heading } from '../terminal.js'

const dir = process.argv[2] ?? '../shared/data/mnist'
if (!existsSync(dir)) {
  console.log(`There is no folder ${dir}: pass one that holds the MNIST files. This example is left out.`)
  process.exit(0)
}
config.setSeed(42)

const { train, test } = load(dir)
console.log(`MNIST: ${train.y.length} images to learn from, ${test.y.length} kept aside.`)
const model = new Sequential([
  new Dense({ units: 128, activation: 'relu', inputShape: [784] }),
  new Dense({ units: 10, activation: 'softmax' }),
])
model.compile({
  optimizer: new Adam({ learningRate: 2e-3 }),
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
})
model.summary()

heading('Training')
await model.fit(train.x, train.y, { epochs: 5, batchSize: 32 })

const { accuracy = 0 } = await model.evaluate(test.x, test.y, { batchSize: 128 })
const guesses = await bestClasses(model, test)
heading(`Right on ${(100 * accuracy).toFixed(1)} % of the images kept aside`)
console.log(drawConfusion(confusion(test.y, guesses, 10)))
const wrong = guesses.flatMap((guess, i) => (guess === test.y[i] ? [] : [i])).slice(0, 3)
const pictures = wrong.map((i) => ({
  lines: drawImage(test.x.values.subarray(784 * i, 784 * (i + 1)), 28, 28),
  caption: `a ${test.y[i]}, taken for ${guesses[i]}`,
}))
if (pictures.length > 0) console.log(`\n${gallery(pictures)}`)

if (accuracy < 0.94) throw new Error(`The test accuracy is ${accuracy}: at least 0.94 was expected`)

/** All 70,000 images where the folder has them; else the 10,000 of the test set, split 8,000 to 2,000. */
function load(folder: string): { train: Labelled; test: Labelled } {
  const whole = ['', '.gz'].some((suffix) => existsSync(join(folder, `train-images-idx3-ubyte${suffix}`)))
  if (whole) return mnist({ dir: folder })
  const { x, y } = mnist({ dir: folder, parts: ['test'] }).test
  return trainTestSplit({ x, y }, { testSplit: 0.2, seed: 1 })
}

async function bestClasses(trained: Sequential, { x }: Labelled): Promise<number[]> {
  const probabilities = await (await trained.predict(x, { batchSize: 128 })).data()
  return Array.from({ length: probabilities.length / 10 }, (_, row) => {
    const own = Array.from(probabilities.subarray(10 * row, 10 * row + 10))
    return own.indexOf(Math.max(...own))
  })
}
