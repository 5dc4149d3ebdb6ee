import { existsSync } from 'node:fs'
import { Sequential } from 'ferrograd'
import { trainTestSplit } from 'ferrograd/data'
import { type Labelled, mnist } from 'ferrograd/datasets'
import { Conv2D, Dense, Dropout, Flatten, MaxPooling2D, RandomTranslation } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { CosineDecay } from 'ferrograd/schedules'
import { bold, paint } from '../terminal.js'

/** Keras's convnet for MNIST, on 8,000 images; 2,000 others judge it. `dir` has the test set's files. */
export async function handwriting(dir: string): Promise<void> {
  if (!existsSync(dir)) {
    console.log(paint(`  Passed over: there is no folder ${dir} with the files of MNIST.`, 240))
    return
  }
  const { train, test } = load(dir)
  const [epochs, batchSize] = [5, 64]
  const model = new Sequential([
    // In training each image lies a little elsewhere.
    new RandomTranslation({ heightFactor: 0.08, widthFactor: 0.08, fillMode: 'constant', inputShape: [28, 28, 1] }),
    new Conv2D({ filters: 32, kernelSize: 3, activation: 'relu' }),
    new MaxPooling2D(),
    new Conv2D({ filters: 64, kernelSize: 3, activation: 'relu' }),
    new MaxPooling2D(),
    new Flatten(),
    new Dropout({ rate: 0.25 }),
    new Dense({ units: 10, activation: 'softmax' }),
  ])
  const decaySteps = epochs * Math.ceil(train.y.length / batchSize)
  const learningRate = new CosineDecay({ initialLearningRate: 5e-3, decaySteps })
  model.compile({
    optimizer: new Adam({ learningRate }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  })
  const run = model.fit(train.x, train.y, { epochs, batchSize, verbose: 0 })
  for await (const { epoch, logs } of run)
    console.log(`  epoch ${epoch + 1}  loss ${logs.loss!.toFixed(3)}  right on ${percent(logs.accuracy!)}`)
  const { accuracy = 0 } = await model.evaluate(test.x, test.y, { batchSize: 200, verbose: 0 })
  console.log(`  right on ${bold(percent(accuracy))} of ${test.y.length} images that it has not seen`)
  if (accuracy < 0.983) throw new Error(`The accuracy is ${accuracy}: at least 0.983 was expected`)
}

function load(dir: string): { train: Labelled; test: Labelled } {
  const { x, y } = mnist({ dir, parts: ['test'], layout: 'channels' }).test
  return trainTestSplit({ x, y }, { testSplit: 0.2, seed: 1 })
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
