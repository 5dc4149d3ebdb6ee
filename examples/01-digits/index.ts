/** Learns to read handwritten digits, from the images that ship with the package, and shows what it learnt. */
import { config, Sequential } from 'ferrograd'
import { digits } from 'ferrograd/datasets'
import { Dense, Dropout } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { CosineDecay } from 'ferrograd/schedules'
import { bold, confusion, drawConfusion, drawImage, gallery, heading, paint } from '../terminal.js'

config.setSeed(42)

heading('1. The data')
const { train, test, imageShape, classes } = digits({ testSplit: 0.2 })
const [height, width] = imageShape
console.log(
  `1,797 handwritten digits (UCI), ${height}×${width} pixels each: ${train.y.length} to learn from, ${test.y.length} kept aside.`,
)
console.log(`\n${gallery([...'012345'].map((_, i) => picture(train.x.values, i, `label ${train.y[i]}`)))}`)

heading('2. The model')
const epochs = 30
const batchSize = 32
const model = new Sequential([
  new Dense({ units: 128, activation: 'relu', inputShape: [height * width] }),
  new Dropout({ rate: 0.2 }),
  new Dense({ units: 64, activation: 'relu' }),
  new Dropout({ rate: 0.2 }),
  new Dense({ units: classes, activation: 'softmax' }),
])
// Long steps first, short ones towards the end.
const decaySteps = epochs * Math.ceil(train.y.length / batchSize)
const learningRate = new CosineDecay({ initialLearningRate: 6e-3, decaySteps })
model.compile({ optimizer: new Adam({ learningRate }), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] })
model.summary()

heading('3. Training, in Rust, off the event loop')
const began = performance.now()
await model.fit(train.x, train.y, { epochs, batchSize })
const seconds = (performance.now() - began) / 1000
const rate = Math.round((epochs * train.y.length) / seconds).toLocaleString('en-US')
console.log(`\n${epochs} epochs in ${seconds.toFixed(2)} s: ${rate} images a second.`)

heading('4. On digits it has never seen')
const { accuracy = 0 } = await model.evaluate(test.x, test.y)
const guesses = largest(await (await model.predict(test.x)).data(), classes)
console.log(`Right on ${bold(`${(100 * accuracy).toFixed(1)} %`)} of ${test.y.length} digits.\n`)
console.log(drawConfusion(confusion(test.y, guesses, classes)))

const wrong = Array.from(test.y.keys()).filter((i) => guesses[i] !== test.y[i])
const right = Array.from(test.y.keys()).filter((i) => guesses[i] === test.y[i])
console.log(`\n${gallery(right.slice(0, 5).map((i) => picture(test.x.values, i, paint(`said ${guesses[i]}`, 35))))}`)
if (wrong.length > 0) {
  const caption = (i: number): string => paint(`${test.y[i]}, said ${guesses[i]}`, 203)
  console.log(`\nIts mistakes:\n\n${gallery(wrong.slice(0, 5).map((i) => picture(test.x.values, i, caption(i))))}`)
}

heading('Where to go next')
console.log(`  docs/getting-started.md    from an empty folder to a model that answers over HTTP
  README.md                  what there is, and how it is measured
  examples/01-digits         this program: change the layers, and run npm start again
  examples/02-mnist          the larger digits: node scripts/run.mjs examples/02-mnist/index.ts
  npm test                   everything that is promised, checked`)

if (accuracy < 0.97) throw new Error(`The test accuracy is ${accuracy}: at least 0.97 was expected`)

function picture(pixels: Float32Array, index: number, caption: string): { lines: string[]; caption: string } {
  const size = height * width
  return { lines: drawImage(pixels.subarray(index * size, (index + 1) * size), height, width), caption }
}

/** The class with the largest probability, row by row. */
function largest(probabilities: ArrayLike<number>, width: number): number[] {
  return Array.from({ length: probabilities.length / width }, (_, row) => {
    let best = 0
    for (let i = 1; i < width; i++) if (probabilities[row * width + i]! > probabilities[row * width + best]!) best = i
    return best
  })
}
