// Our side of the bench, as a user would write it: a model of layers, `fit`, `predict`.
import { config, jit, ops, tensor, version } from 'ferrograd'
import { generatedCharacters } from './characters.mjs'
import { compiledNetwork, network, recurrentNetwork } from './networks.mjs'
import { data } from './numbers.mjs'
import { repeat, serve } from './serve.mjs'
import { attention, generation } from './transformers.mjs'

config.setThreads(Number(process.argv[2] ?? 1))
config.setSeed(1)

/** Each chunk is one `fit`, data handed over and all. */
function training(workload) {
  const model = compiledNetwork(workload)
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
