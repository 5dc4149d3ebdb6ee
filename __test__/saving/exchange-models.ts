/** The models of `tools/oracle/exchange.py`, as ferrograd has them. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { NestedArray } from 'ferrograd'
import { input, Model, ops, Sequential, type SymbolicTensor } from 'ferrograd'
import {
  BatchNormalization,
  Bidirectional,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  Conv3D,
  Dense,
  DepthwiseConv1D,
  DepthwiseConv2D,
  Embedding,
  Flatten,
  GRU,
  GroupNormalization,
  LayerNormalization,
  LSTM,
  MultiHeadAttention,
  Reshape,
  SimpleRNN,
  TransformerDecoder,
  TransformerEncoder,
} from 'ferrograd/layers'

interface Told {
  readonly x: NestedArray
  readonly y: readonly (readonly number[])[]
}

export const exchangeFile = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/exchange/${name}`, import.meta.url))

/** What PyTorch and Keras made of the same numbers. */
export function readExchange(): Readonly<
  Record<'words' | 'pictures' | 'channels' | 'steps' | 'phrases' | 'numbered' | 'blocks' | 'shards', Told>
> {
  return JSON.parse(readFileSync(exchangeFile('exchange.json'), 'utf8'))
}

export function wordsModel(): Model {
  const ids = input({ shape: [3], dtype: 'int32' })
  const rows = new LayerNormalization({ name: 'norm' }).apply(
    new Embedding({ inputDim: 7, outputDim: 4, name: 'table' }).apply(ids),
  )
  const hidden = new Dense({ units: 6, activation: 'relu', name: 'hidden' }).apply(new Flatten().apply(rows))
  const batch = new BatchNormalization({ name: 'batch' }).apply(hidden)
  const groups = new GroupNormalization({ groups: 2, name: 'groups' }).apply(batch)
  return new Model({ inputs: ids, outputs: new Dense({ units: 2, name: 'head' }).apply(groups) })
}

/** Convolutions over one, two and three axes. */
export function picturesModel(): Sequential {
  return new Sequential([
    new Conv2D({ filters: 6, kernelSize: 3, groups: 2, activation: 'relu', inputShape: [5, 5, 4], name: 'plane' }),
    new Conv2DTranspose({ filters: 2, kernelSize: 2, strides: 2, name: 'up' }),
    new Reshape({ targetShape: [36, 2] }),
    new Conv1D({ filters: 3, kernelSize: 5, name: 'line' }),
    new Reshape({ targetShape: [4, 4, 2, 3] }),
    new Conv3D({ filters: 2, kernelSize: [2, 2, 1], name: 'cube' }),
    new Flatten(),
  ])
}

/** Recurrent layers of each kind, one of them both ways. */
export function stepsModel(): Sequential {
  return new Sequential([
    new Bidirectional({ layer: new LSTM({ units: 4, returnSequences: true }), inputShape: [5, 3], name: 'both' }),
    new GRU({ units: 3, returnSequences: true, name: 'gated' }),
    new SimpleRNN({ units: 2, useBias: false, name: 'plain' }),
  ])
}

/** Attention alone, to another width, and in blocks. */
export function phrasesModel(): Model {
  const x = input({ shape: [3, 19] })
  const [phrase, keys, values] = ops.split(x, [8, 14], { axis: -1 }) as [SymbolicTensor, SymbolicTensor, SymbolicTensor]
  const own = new MultiHeadAttention({ numHeads: 2, keyDim: 4, name: 'own' })
  const cross = new MultiHeadAttention({ numHeads: 4, keyDim: 2, useBias: false, name: 'cross' })
  const encoder = new TransformerEncoder({ numHeads: 2, intermediateDim: 12, name: 'encoder' })
  const decoder = new TransformerDecoder({ numHeads: 2, intermediateDim: 12, name: 'decoder' })
  const query = own.apply({ query: phrase, value: phrase })
  const encoderSequence = encoder.apply(cross.apply({ query, key: keys, value: values }))
  const y = decoder.apply({ decoderSequence: phrase, encoderSequence })
  return new Model({ inputs: x, outputs: new Flatten().apply(y) })
}

/** Convolutions of each channel by itself. */
export function channelsModel(): Sequential {
  return new Sequential([
    new DepthwiseConv2D({ kernelSize: [3, 2], depthMultiplier: 2, inputShape: [4, 5, 3], name: 'plane' }),
    new Reshape({ targetShape: [-1, 6] }),
    new DepthwiseConv1D({ kernelSize: 2, useBias: false, name: 'line' }),
    new Flatten(),
  ])
}

/** A block and a layer under any names. */
export function blocksModel([first, second]: readonly string[]): Sequential {
  return new Sequential([
    new TransformerEncoder({ numHeads: 2, intermediateDim: 6, inputShape: [3, 4], name: first! }),
    new Flatten(),
    new Dense({ units: 3, name: second! }),
  ])
}

/** Three layers under any names. */
export function stackModel([first, second, third]: readonly string[]): Sequential {
  return new Sequential([
    new Dense({ units: 4, activation: 'tanh', inputShape: [3], name: first! }),
    new Dense({ units: 4, activation: 'relu', name: second! }),
    new Dense({ units: 2, name: third! }),
  ])
}

export function shardedModel(): Sequential {
  const layers = [0, 1, 2, 3].map((i) => new Dense({ units: 8, name: `d${i}`, ...(i === 0 && { inputShape: [8] }) }))
  return new Sequential([...layers, new BatchNormalization({ name: 'bn' })])
}
