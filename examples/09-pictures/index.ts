/** Reads handwritten digits by what lies beside what: a small LeNet, trained on the images that ship with the package. */
import { config, input, Model, Sequential, tensor } from 'ferrograd'
import { digits } from 'ferrograd/datasets'
import { Conv2D, Dense, Dropout, Flatten, MaxPooling2D } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { bold, confusion, drawConfusion, drawImage, gallery, heading } from '../terminal.js'

config.setSeed(42)
const { train, test, imageShape, classes } = digits({ testSplit: 0.2 })
const [height, width] = imageShape

heading('1. The model')
const model = new Sequential([
  new Conv2D({ filters: 8, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [height, width, 1] }),
  new MaxPooling2D(),
  new Conv2D({ filters: 16, kernelSize: 3, activation: 'relu' }),
  new Flatten(),
  new Dense({ units: 64, activation: 'relu' }),
  new Dropout({ rate: 0.3 }),
  new Dense({ units: classes, activation: 'softmax' }),
])
model.compile({
  optimizer: new Adam({ learningRate: 4e-3 }),
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
})
model.summary()

heading('2. Training')
const pictures = (x: { readonly values: Float32Array }): { values: Float32Array; shape: number[] } => ({
  values: x.values,
  shape: [x.values.length / (height * width), height, width, 1],
})
await model.fit(pictures(train.x), train.y, { epochs: 15, batchSize: 32 })

heading('3. On digits it has never seen')
const { accuracy = 0 } = await model.evaluate(pictures(test.x), test.y)
const probabilities = await (await model.predict(pictures(test.x))).data()
const guesses = Array.from(test.y, (_, row) => {
  const own = Array.from(probabilities.subarray(classes * row, classes * row + classes))
  return own.indexOf(Math.max(...own))
})
console.log(`Right on ${bold(`${(100 * accuracy).toFixed(1)} %`)} of ${test.y.length} digits.\n`)
console.log(drawConfusion(confusion(test.y, guesses, classes)))

heading('4. What its first kernels see')
const x0 = input({ shape: [height, width, 1] })
const seeing = new Model({ inputs: x0, outputs: model.layers[0]!.apply(x0) })
const one = test.x.values.subarray(0, height * width)
const maps = await (await seeing.predict(tensor(one, [1, height, width, 1]))).data()
const map = (filter: number): number[] => Array.from(one.keys(), (place) => maps[8 * place + filter]!)
const scaled = (values: readonly number[]): number[] => {
  const most = Math.max(...values)
  return values.map((value) => (most > 0 ? value / most : 0))
}
const shown = [0, 1, 2, 3, 4].map((filter) => ({
  lines: drawImage(scaled(map(filter)), height, width),
  caption: `kernel ${filter}`,
}))
console.log(gallery([{ lines: drawImage(one, height, width), caption: `a ${test.y[0]}` }, ...shown]))

if (accuracy < 0.98) throw new Error(`The test accuracy is ${accuracy}: at least 0.98 was expected`)
