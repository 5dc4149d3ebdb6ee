// Our side of the bench, as a user would write it: a model of layers, `fit`, `predict`.
import { config, jit, ops, Sequential, tensor, version } from 'ferrograd'
import { Activation, BatchNormalization, Bidirectional, Dense, Dropout, Embedding, GRU, LSTM } from 'ferrograd/layers'
import { SparseCategoricalCrossentropy } from 'ferrograd/losses'
import { generatedCharacters } from './characters.mjs'
import { characterTable, data, kernel, lastKernel, recurrentKernels } from './numbers.mjs'
import { pictureNetwork } from './pictures.mjs'
import { repeat, serve } from './serve.mjs'
import { attention, generation, transformer } from './transformers.mjs'

config.setThreads(Number(process.argv[2] ?? 1))
config.setSeed(1)

/** Recurrent layers, and a dense one that reads what the last of them ends with; of characters each of their steps. */
function recurrentNetwork(workload) {
  const { layers: sizes, recurrent } = workload
  const { cell, steps, bidirectional, characters } = recurrent
  const Layer = cell === 'lstm' ? LSTM : GRU
  const inputDim = sizes.at(-1)
  const front = characters ? [new Embedding({ inputDim, outputDim: sizes[0], inputShape: [steps] })] : []
  const hidden = sizes.slice(1, -1).map((units, index) => {
    const shape = index === 0 && !characters ? { inputShape: [steps, sizes[0]] } : {}
    const returnSequences = characters || index < sizes.length - 3
    if (!bidirectional) return new Layer({ units, returnSequences, ...shape })
    return new Bidirectional({ layer: new Layer({ units, returnSequences }), ...shape })
  })
  const model = new Sequential([...front, ...hidden, new Dense({ units: sizes.at(-1) })])
  for (const layer of front) layer.setWeights([tensor(...Object.values(characterTable(workload)))])
  for (const [index, layer] of hidden.entries()) {
    const weights = recurrentKernels(workload, index).flatMap((matrices) => {
      const [gates] = matrices[1].shape.slice(1)
      const bias = cell === 'lstm' ? tensor(new Float32Array(gates), [gates]) : ops.zeros([2, gates])
      return [...matrices.map(({ values, shape }) => tensor(values, shape)), bias]
    })
    layer.setWeights(weights)
  }
  const last = lastKernel(workload)
  model.layers.at(-1).setWeights([tensor(last.values, last.shape), new Float32Array(sizes.at(-1))])
  return model
}

function network(workload) {
  if (workload.recurrent) return recurrentNetwork(workload)
  if (workload.transformer) return transformer(workload)
  if (workload.pictures) return pictureNetwork(workload)
  const { layers: sizes, activation, batchNorm, dropout, loss } = workload
  const last = sizes.length - 2
  const layers = sizes.slice(1).flatMap((units, index) => {
    const shape = index === 0 ? { inputShape: [sizes[0]] } : {}
    if (index === last)
      return [new Dense({ units, activation: loss === 'meanSquaredError' ? 'linear' : 'softmax', ...shape })]
    const normalized = [new Dense({ units, ...shape }), new BatchNormalization(), new Activation({ activation })]
    const hidden = batchNorm ? normalized : [new Dense({ units, activation, ...shape })]
    return dropout ? [...hidden, new Dropout({ rate: dropout })] : hidden
  })
  const model = new Sequential(layers)
  const dense = model.layers.filter((layer) => layer instanceof Dense)
  for (const [index, layer] of dense.entries()) {
    const { values, shape } = kernel(workload, index)
    layer.setWeights([tensor(values, shape), new Float32Array(shape[1])])
  }
  return model
}

/** Each chunk is one `fit`, data handed over and all. */
function training(workload) {
  const model = network(workload)
  const { precision = 'highest' } = workload
  const loss =
    workload.transformer || workload.pictures || workload.recurrent?.characters
      ? new SparseCategoricalCrossentropy({ fromLogits: true })
      : workload.loss
  model.compile({ optimizer: 'adam', loss, precision })
  const { x, y } = data(workload)
  const train = (epochs) => model.fit(x, y, { epochs, batchSize: workload.batch, verbose: 0, shuffle: false })
  let secondsOfEpoch = Number.POSITIVE_INFINITY
  return {
    agree: async (epochs) => (await train(epochs)).history.loss,
    chunk: async (seconds, least) => {
      const epochs = Math.max(Math.round(seconds / secondsOfEpoch), Math.ceil(least / workload.batches), 1)
      const run = async () => {
        await train(epochs)
        return epochs * workload.batches
      }
      const microseconds = await repeat(run, 0, 1)
      secondsOfEpoch = (microseconds * workload.batches) / 1e6
      return { microseconds }
    },
  }
}

/** Rows arrive as typed arrays, and probabilities leave as such. */
async function prediction(workload) {
  const model = network(workload)
  const { values, shape } = data(workload).x
  const { batch, batches } = workload
  const [, ...rest] = shape
  const length = batch * rest.reduce((product, size) => product * size, 1)
  const parts = Array.from({ length: batches }, (_, i) => values.subarray(i * length, (i + 1) * length))
  const compiled = jit((x) => (workload.pictures ? ops.softmax(model.apply(x)) : model.apply(x)))
  const ways = {
    jit: (part) => compiled(tensor(part, [batch, ...rest])),
    predict: (part) => model.predict({ values: part, shape: [batch, ...rest] }, { batchSize: batch }),
  }
  const outputs = ways[workload.way]
  let next = 0
  const step = async () => {
    const part = parts[next]
    next = (next + 1) % batches
    return (await outputs(part)).dataSync()
  }
  const run = async () => {
    await step()
    return 1
  }
  return {
    agree: async () => [...(await step()).slice(0, 10), ...(await step()).slice(0, 10)],
    chunk: async (seconds, least) => ({ microseconds: await repeat(run, seconds, least) }),
  }
}

/** What the workload of generation asks for. */
const GENERATED = { tokens: 200, prompt: 8 }
const tasks = {
  train: training,
  predict: prediction,
  attention,
  generate: (workload) => generation(workload, GENERATED),
  characters: (workload) => generatedCharacters(recurrentNetwork(workload)),
}

await serve(`ferrograd ${version()}`, (workload) => tasks[workload.task](workload))
