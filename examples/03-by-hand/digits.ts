import { config, GradientTape, jit, ops, Sequential, type Tensor, tensor, valueAndGrad } from 'ferrograd'
import { digits } from 'ferrograd/datasets'
import { Dense } from 'ferrograd/layers'
import { CategoricalCrossentropy } from 'ferrograd/losses'
import { Adam } from 'ferrograd/optimizers'
import { checkGradients } from '../check.js'

const [side, batchSize, epochs] = [28, 32, 10]

/** 784 inputs, ten relu units, ten probabilities: a step of one's own with a tape, on real digits. */
export async function tapeOnDigits(): Promise<void> {
  const { train, test } = digits({ testSplit: 0.2 })
  const [x, y] = [enlarge(train.x.values), Int32Array.from(train.y)]
  const rows = y.length
  const crossentropy = new CategoricalCrossentropy()
  gradientsInFloat64(x, y, crossentropy)

  const model = network()
  const optimizer = new Adam()
  const step = jit((images: Tensor, labels: Tensor) => {
    const tape = new GradientTape()
    const loss = tape.record(() => crossentropy.apply(ops.oneHot(labels, 10), model.apply(images, { training: true })))
    optimizer.apply(tape.gradient(loss, model.trainableVariables), model.trainableVariables)
    return loss
  })

  for (let epoch = 0; epoch < epochs; epoch++) {
    const losses: Promise<Tensor>[] = []
    for (let from = 0; from + batchSize <= rows; from += batchSize) {
      const to = from + batchSize
      const images = tensor(x.subarray(from * side * side, to * side * side), [batchSize, side * side])
      losses.push(step(images, tensor(y.subarray(from, to))))
    }
    const mean = ops.mean(ops.stack(await Promise.all(losses)))
    console.log(`  epoch ${String(epoch + 1).padStart(2)}  loss ${(await mean.item()).toFixed(4)}`)
  }

  const unseen = tensor(enlarge(test.x.values), [test.y.length, side * side])
  const right = ops.equal(ops.argmax(model.apply(unseen), { axis: 1 }), tensor(Int32Array.from(test.y)))
  const accuracy = await ops.mean(ops.cast(right, 'float32')).item()
  console.log(`  right on ${(100 * accuracy).toFixed(1)} % of ${test.y.length} digits it has never seen`)
  if (accuracy < 0.85) throw new Error(`The accuracy is ${accuracy}: at least 0.85 was expected`)
}

function network(): Sequential {
  return new Sequential([
    new Dense({ units: 10, activation: 'relu', inputShape: [side * side] }),
    new Dense({ units: 10, activation: 'softmax' }),
  ])
}

/** The same model in float64: some of its 7,960 gradients, by finite differences. */
function gradientsInFloat64(x: Float32Array, y: Int32Array, crossentropy: CategoricalCrossentropy): void {
  config.setFloatx('float64')
  const model = network()
  const images = tensor(x.subarray(0, 8 * side * side), [8, side * side], 'float64')
  const labels = ops.oneHot(tensor(y.subarray(0, 8)), 10)
  const loss = (): Tensor => crossentropy.apply(labels, model.apply(images))
  const [, gradients] = valueAndGrad(loss, model.trainableVariables)
  checkGradients(loss, model.trainableVariables, gradients, { most: 20 })
  config.setFloatx('float32')
}

/** 8×8 pixels to 28×28, by the nearest one. */
function enlarge(pixels: ArrayLike<number>): Float32Array {
  const images = pixels.length / 64
  const large = new Float32Array(images * side * side)
  for (let i = 0; i < large.length; i++) {
    const [image, row, column] = [Math.floor(i / side ** 2), Math.floor(i / side) % side, i % side]
    large[i] = pixels[image * 64 + Math.floor((row * 8) / side) * 8 + Math.floor((column * 8) / side)]!
  }
  return large
}
