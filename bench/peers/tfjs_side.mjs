// TensorFlow.js as a Node user has it without native parts: `@tensorflow/tfjs` on its CPU backend, one thread.
import * as tf from '@tensorflow/tfjs'
import { data, kernel } from '../numbers.mjs'
import { repeat, serve } from '../serve.mjs'

await tf.setBackend('cpu')

function network(workload) {
  const { layers: sizes, activation, batchNorm, dropout, loss } = workload
  const model = tf.sequential()
  for (const [index, units] of sizes.slice(1).entries()) {
    const last = index === sizes.length - 2
    const output = loss === 'meanSquaredError' ? 'linear' : 'softmax'
    const own = batchNorm && !last ? 'linear' : last ? output : activation
    model.add(tf.layers.dense({ units, activation: own, ...(index === 0 && { inputShape: [sizes[0]] }) }))
    const { values, shape } = kernel(workload, index)
    model.layers.at(-1).setWeights([tf.tensor2d(values, shape), tf.zeros([units])])
    if (last) break
    if (batchNorm) {
      model.add(tf.layers.batchNormalization())
      model.add(tf.layers.activation({ activation }))
    }
    if (dropout) model.add(tf.layers.dropout({ rate: dropout }))
  }
  return model
}

/** A loop over prepared batches. */
function training(workload) {
  const model = network(workload)
  const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-7)
  model.compile({ optimizer, loss: workload.loss })
  const { x, y } = data(workload)
  const { batch, batches } = workload
  const parts = Array.from({ length: batches }, (_, i) => {
    const rows = ({ values, shape }) => {
      const length = values.length / batches
      // Its sparse loss wants the classes as floats.
      return tf.tensor(Float32Array.from(values.subarray(i * length, (i + 1) * length)), [batch, ...shape.slice(1)])
    }
    return [rows(x), rows(y)]
  })
  let next = 0
  const step = async () => {
    const part = parts[next]
    next = (next + 1) % batches
    return model.trainOnBatch(...part)
  }
  return {
    agree: async (epochs) => {
      const losses = []
      for (let epoch = 0, taken = 0; epoch < epochs; epoch++) {
        let sum = 0
        for (let i = 0; i < batches; i++) {
          taken += 1
          // Keras adds epsilon before the correction of the second moment, tfjs after it.
          optimizer.epsilon = 1e-7 / Math.sqrt(1 - 0.999 ** taken)
          sum += await step()
        }
        losses.push(sum / batches)
      }
      return losses
    },
    chunk: (seconds, least) => chunk(step, seconds, least),
  }
}

/** Rows arrive as typed arrays, and probabilities leave as such. */
function prediction(workload) {
  const model = network(workload)
  const { values, shape } = data(workload).x
  const { batch, batches } = workload
  const length = batch * shape[1]
  let next = 0
  const step = async () => {
    const part = values.subarray(next * length, (next + 1) * length)
    next = (next + 1) % batches
    const output = tf.tidy(() => model.predictOnBatch(tf.tensor2d(part, [batch, shape[1]])))
    const probabilities = output.dataSync()
    output.dispose()
    return probabilities
  }
  return {
    agree: async () => [...(await step()).slice(0, 10), ...(await step()).slice(0, 10)],
    chunk: (seconds, least) => chunk(step, seconds, least),
  }
}

async function chunk(step, seconds, least) {
  const run = async () => {
    await step()
    return 1
  }
  return { microseconds: await repeat(run, seconds, least) }
}

await serve(`TensorFlow.js ${tf.version.tfjs}`, (workload) =>
  (workload.task === 'train' ? training : prediction)(workload),
)
