// The networks of the bench, of the layers that a user has.
import { ops, Sequential, tensor } from 'ferrograd'
import { Activation, BatchNormalization, Bidirectional, Dense, Dropout, Embedding, GRU, LSTM } from 'ferrograd/layers'
import { SparseCategoricalCrossentropy } from 'ferrograd/losses'
import { characterTable, kernel, lastKernel, recurrentKernels } from './numbers.mjs'
import { pictureNetwork } from './pictures.mjs'
import { transformer } from './transformers.mjs'

/** Recurrent layers, and a dense one that reads what the last of them ends with; of characters each of their steps. */
export function recurrentNetwork(workload) {
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

/** The network of a workload, its weights those that every side begins with. */
export function network(workload) {
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

/** The same, ready to be trained. */
export function compiledNetwork(workload) {
  const model = network(workload)
  const { precision = 'highest' } = workload
  const loss =
    workload.transformer || workload.pictures || workload.recurrent?.characters
      ? new SparseCategoricalCrossentropy({ fromLogits: true })
      : workload.loss
  model.compile({ optimizer: 'adam', loss, precision })
  return model
}
