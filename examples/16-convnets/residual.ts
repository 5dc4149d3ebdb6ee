import { input, Model, ops, type SymbolicTensor } from 'ferrograd'
import {
  Activation,
  Add,
  BatchNormalization,
  Conv2D,
  Dense,
  GlobalAveragePooling2D,
  RandomRotation,
  RandomTranslation,
  RandomZoom,
} from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { CosineDecay } from 'ferrograd/schedules'
import { bold } from '../terminal.js'
import { digitPictures, draw, type Pictures, SIDE, some } from './pictures.js'

const [EPOCHS, BATCH] = [16, 32] as const

/** A small residual network (He et al., 2016), whose digits are turned, moved and made larger a little in training. */
export async function residual(): Promise<void> {
  const { train, test } = digitPictures()
  const model = network()
  const decaySteps = EPOCHS * Math.ceil(train.y.length / BATCH)
  model.compile({
    optimizer: new Adam({ learningRate: new CosineDecay({ initialLearningRate: 4e-3, decaySteps }) }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  })
  await model.fit(train.x, train.y, { epochs: EPOCHS, batchSize: BATCH, verbose: 0 })
  await drawn(train)
  const { accuracy = 0 } = await model.evaluate(test.x, test.y, { verbose: 0 })
  console.log(`  right on ${bold(`${(100 * accuracy).toFixed(1)} %`)} of ${test.y.length} digits it has not seen`)
  if (accuracy < 0.97) throw new Error(`The accuracy is ${accuracy}: at least 0.97 was expected`)
}

/** What one digit looks like to the network, again and again. */
async function drawn(digits: Pictures): Promise<void> {
  const one = some(digits, 1)
  const augment = input({ shape: [SIDE, SIDE, 1] })
  const model = new Model({ inputs: augment, outputs: vary(augment) })
  await draw(model.apply(ops.repeat(one, 6, { axis: 0 }), { training: true }), 'one digit')
}

function network(): Model {
  const x = input({ shape: [SIDE, SIDE, 1] })
  let h = normalized(new Conv2D({ filters: 16, kernelSize: 3, padding: 'same', useBias: false }).apply(vary(x)))
  for (const [filters, strides] of [
    [16, 1],
    [32, 2],
  ] as const)
    h = block(block(h, filters, strides), filters, 1)
  const means = new GlobalAveragePooling2D().apply(h)
  return new Model({ inputs: x, outputs: new Dense({ units: 10, activation: 'softmax' }).apply(means) })
}

/** Layers of augmentation act in training alone. */
function vary(x: SymbolicTensor): SymbolicTensor {
  const fillMode = 'constant'
  return x.pipe(
    new RandomRotation({ factor: 0.03, fillMode }),
    new RandomTranslation({ heightFactor: 0.08, widthFactor: 0.08, fillMode }),
    new RandomZoom({ heightFactor: 0.1, fillMode }),
  )
}

/** `relu(x + f(x))`, where `x` goes through a convolution of its own if `f` changes the shape. */
function block(x: SymbolicTensor, filters: number, strides: number): SymbolicTensor {
  const conv = (kernelSize: number, step: number) =>
    new Conv2D({ filters, kernelSize, strides: step, padding: 'same', useBias: false })
  const first = normalized(conv(3, strides).apply(x))
  const second = new BatchNormalization({ momentum: 0.9 }).apply(conv(3, 1).apply(first))
  const same = strides === 1 && x.shape.at(-1) === filters
  const past = same ? x : new BatchNormalization({ momentum: 0.9 }).apply(conv(1, strides).apply(x))
  return new Activation({ activation: 'relu' }).apply(new Add().apply([past, second]))
}

function normalized(x: SymbolicTensor): SymbolicTensor {
  return x.pipe(new BatchNormalization({ momentum: 0.9 }), new Activation({ activation: 'relu' }))
}
