/** Activations made again on the way back: the bits of a training, and less memory. */

import { config, GradientTape, input, jit, Model, ops, Sequential, type Tensor, tensor } from 'ferrograd'
import {
  Add,
  BatchNormalization,
  Dense,
  Dropout,
  Layer,
  LSTM,
  MultiHeadAttention,
  recompute,
  TransformerDecoder,
  TransformerEncoder,
} from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { afterEach, expect, test } from 'vitest'
import type { BatchData } from '../../ts/training/batch-data.js'
import { stepFor } from '../../ts/training/programs.js'

afterEach(() => {
  config.setSeed(0)
  config.setFloatx('float32')
})

/** Numbers that only depend on their place. */
const numbers = (shape: readonly number[], factor: number): Tensor =>
  tensor(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(factor * (i + 1))),
    shape,
    config.floatx(),
  )

const same = <L extends Layer>(layer: L): L => layer

/** A layer that adds to the loss and to the logs, and counts its training calls. */
class Adding extends Layer {
  override call(x: Tensor): Tensor {
    const size = ops.mean(ops.square(x))
    this.addLoss(ops.multiply(size, 0.1))
    this.addMetric('size', size)
    return ops.tanh(x)
  }
}

/** One of several things that a recomputed layer may have in it. */
class Everything extends Layer {
  readonly hidden: Dense = new Dense({
    units: 6,
    activation: 'gelu',
    activityRegularizer: 'l2',
    kernelRegularizer: 'l1',
  })
  readonly normalization: BatchNormalization = new BatchNormalization({ momentum: 0.9 })
  readonly dropout: Dropout = new Dropout({ rate: 0.3, seed: 7 })
  readonly adding: Adding = new Adding()
  readonly output: Dense = new Dense({ units: 8 })

  override call(x: Tensor): Tensor {
    const h = this.dropout.apply(this.normalization.apply(this.hidden.apply(x)))
    return ops.add(x, this.output.apply(this.adding.apply(h)))
  }
}

const kinds: Readonly<Record<string, () => Layer>> = {
  everything: () => new Everything(),
  encoder: () => new TransformerEncoder({ intermediateDim: 12, numHeads: 2, dropout: 0.2, normalizeFirst: true }),
  decoder: () => new TransformerDecoder({ intermediateDim: 12, numHeads: 2, dropout: 0.1 }),
}

/** What two blocks and all that belongs to them end with after some steps. */
async function trained(make: () => Layer, change: (layer: Layer) => Layer): Promise<Record<string, readonly number[]>> {
  config.setSeed(5)
  const x = input({ shape: [5, 8] })
  const blocks = [change(make()), change(make())]
  const h = blocks.reduce((y, block) => block.apply(y) as never, x)
  const model = new Model({ inputs: x, outputs: new Dense({ units: 1 }).apply(h) })
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'meanSquaredError' })
  const { history } = await model.fit(numbers([12, 5, 8], 2.3), numbers([12, 5, 1], 1.7), {
    epochs: 3,
    batchSize: 4,
    verbose: 0,
  })
  const weights = model.weights.map((weight, i) => [`${i} ${weight.name}`, [...weight.dataSync()]] as const)
  return { ...history, ...Object.fromEntries(weights) }
}

/** The same numbers, by the bit unless several things add up to a gradient: their order may be another. */
function compare(
  again: Readonly<Record<string, readonly number[]>>,
  kept: Readonly<Record<string, readonly number[]>>,
  byTheBit: boolean,
): void {
  expect(Object.keys(again)).toEqual(Object.keys(kept))
  for (const [key, wanted] of Object.entries(kept)) {
    if (byTheBit) expect(again[key], key).toEqual(wanted)
    else for (const [i, value] of wanted.entries()) expect(again[key]![i], `${key}[${i}]`).toBeCloseTo(value, 10)
  }
}

test.each(Object.keys(kinds))('%s: the numbers of a training that keeps all', async (name) => {
  config.setFloatx('float64')
  compare(await trained(kinds[name]!, recompute), await trained(kinds[name]!, same), name !== 'everything')
})

test.each(['encoder', 'decoder'])(
  '%s: in float32 too, whose vectors could round products and sums at once',
  async (name) => {
    compare(await trained(kinds[name]!, recompute), await trained(kinds[name]!, same), true)
  },
)

test('recomputed layers may lie inside each other', async () => {
  config.setFloatx('float64')
  const nested = (change: <L extends Layer>(layer: L) => L) => (): Layer =>
    change(new Sequential([change(kinds.everything!()), change(kinds.encoder!())]) as Layer)
  compare(await trained(nested(recompute), same), await trained(nested(same), same), false)
})

/** Bytes that a training step works in. */
function bytesOf(depth: number, change: (layer: TransformerEncoder) => TransformerEncoder): number {
  config.setSeed(5)
  const x = input({ shape: [64, 32] })
  let h = x
  for (let i = 0; i < depth; i += 1)
    h = change(new TransformerEncoder({ intermediateDim: 128, numHeads: 4, normalizeFirst: true })).apply(h)
  const model = new Model({ inputs: x, outputs: new Dense({ units: 1 }).apply(h) })
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' })
  const column = (shape: readonly number[]) => ({ shape, dtype: 'float32' })
  const data = { x: [column([8, 64, 32])], y: [column([8, 64, 1])], weights: [undefined], names: undefined }
  return stepFor(model, 'train', data as unknown as BatchData, 8).program.arenaBytes
}

test('memory grows by the inputs of a layer, and not by all that is in it', () => {
  const growth = (change: (layer: TransformerEncoder) => TransformerEncoder): number =>
    (bytesOf(8, change) - bytesOf(4, change)) / 4
  const [kept, again] = [growth(same), growth(recompute)]
  const inputs = 8 * 64 * 32 * 4
  console.log(`a block more: ${kept} bytes, ${again} where it is recomputed; its inputs are ${inputs}`)
  expect(again).toBeLessThan(kept / 4)
  expect(again).toBeLessThan(2.5 * inputs)
})

test('masks and what a call was told are there the second time too', async () => {
  config.setFloatx('float64')
  const slopes = async (change: <L extends Layer>(layer: L) => L): Promise<number[]> => {
    config.setSeed(2)
    const layer = change(new MultiHeadAttention({ numHeads: 2, keyDim: 3 }))
    const x = numbers([2, 4, 6], 1.3)
    const mask = tensor([
      [true, true, false, false],
      [true, true, true, false],
    ])
    layer.apply({ query: x, value: x })
    const step = jit((q: Tensor, v: Tensor) => {
      const tape = new GradientTape()
      const told = { training: true, valueMask: mask, useCausalMask: true }
      const loss = tape.record(() => ops.sum(ops.square(layer.apply({ query: q, value: v }, told))))
      return tape.gradient(loss, [q, v, ...layer.trainableWeights]).map((slope) => slope!)
    })
    const found = await step(x, numbers([2, 4, 6], 0.7))
    return found.flatMap((slope) => [...slope.dataSync()])
  }
  const [kept, again] = [await slopes(same), await slopes(recompute)]
  for (const [i, value] of kept.entries()) expect(again[i]).toBe(value)
})

test('a layer may give several results, some of them whole numbers or without a gradient', async () => {
  config.setFloatx('float64')
  const slopes = async (change: <L extends Layer>(layer: L) => L, chosen: readonly number[]): Promise<number[]> => {
    config.setSeed(2)
    const layer = change(new LSTM({ units: 3, returnSequences: true, returnState: true, dropout: 0.2 }))
    const attention = change(new MultiHeadAttention({ numHeads: 2, keyDim: 3 }))
    const x = numbers([2, 4, 3], 1.3)
    layer.applyMany(x)
    attention.apply({ query: x, value: x })
    const step = jit((at: Tensor) => {
      const tape = new GradientTape()
      const loss = tape.record(() => {
        const results = layer.applyMany(at, { training: true })
        const [y, scores] = attention.apply(
          { query: results[0]!, value: at },
          { training: true, returnAttentionScores: true },
        )
        const all = [...results, y, scores]
        return chosen.map((i) => ops.sum(ops.square(all[i]!))).reduce((sum, one) => ops.add(sum, one))
      })
      const sources = [at, ...layer.trainableWeights, ...attention.trainableWeights]
      return tape.gradient(loss, sources, { unconnectedGradients: 'zero' }) as Tensor[]
    })
    return (await step(x)).flatMap((slope) => [...slope.dataSync()])
  }
  for (const chosen of [[0, 1, 2, 3, 4], [2], [1, 4], [3]]) {
    const [kept, again] = [await slopes(same, chosen), await slopes(recompute, chosen)]
    expect(kept.some((slope) => slope !== 0)).toBe(true)
    for (const [i, value] of kept.entries()) expect(again[i], `${chosen}: ${i}`).toBeCloseTo(value, 12)
  }
})

test('results by name and whole numbers come out as they are', async () => {
  class Best extends Layer {
    override call(x: Tensor): { readonly place: Tensor; readonly most: Tensor } {
      return { place: ops.argmax(x), most: ops.max(ops.square(x)) }
    }
  }
  const layer = recompute(new Best())
  const step = jit((x: Tensor) => {
    const tape = new GradientTape()
    let place: Tensor | undefined
    const most = tape.record(() => {
      const best = layer.apply(x, { training: true })
      place = best.place
      return best.most
    })
    return [place!, tape.gradient(most, x)!]
  })
  const [place, slope] = await step(tensor([1, 3, 2]))
  expect([place!.dtype, place!.itemSync(), slope!.arraySync()]).toEqual(['int32', 1, [0, 6, 0]])
})

test('it may be set and taken back at any time', async () => {
  const dense = recompute(new Dense({ units: 2, activation: 'tanh' }))
  const x = input({ shape: [3] })
  const model = new Model({ inputs: x, outputs: new Add().apply([dense.apply(x), dense.apply(x)]) })
  model.compile({ optimizer: 'sgd', loss: 'mse' })
  await model.fit(numbers([4, 3], 2), numbers([4, 2], 3), { verbose: 0 })
  dense.recomputes = false
  await model.fit(numbers([4, 3], 2), numbers([4, 2], 3), { verbose: 0 })
  expect(() => recompute({} as never)).toThrow('recompute: expected a layer')
  expect(() => {
    dense.recomputes = 1 as never
  }).toThrow('expected true or false, got 1')
})
