/** Sequences that models continue: the same tokens with a cache as without, whatever is asked for; and what is refused. */

import { describe, expect, it, test, vi } from 'vitest'
import type { SymbolicTensor } from '../../ts/core/symbolic-tensor.js'
import type { Tensor } from '../../ts/core/tensor.js'
import { tensor } from '../../ts/core/tensor.js'
import { generate } from '../../ts/generation/index.js'
import type { GenerateOptions } from '../../ts/generation/options.js'
import { chosen } from '../../ts/generation/sampling.js'
import { Cache, whileDecoding } from '../../ts/layers/attention/decoding.js'
import * as layers from '../../ts/layers/index.js'
import { input, Model } from '../../ts/model/index.js'
import * as ops from '../../ts/ops.js'
import * as random from '../../ts/random.js'
import { SeedGenerator } from '../../ts/random.js'
import { arenaOf } from '../arena.js'

const VOCABULARY = 11
/** The places of the models. */
const PLACES = 24
type Kind = 'decoder' | 'rotary' | 'grouped' | 'window'

/** A block of attention with what goes around it. */
function block(kind: Kind, x: SymbolicTensor): SymbolicTensor {
  if (kind === 'decoder') return new layers.TransformerDecoder({ intermediateDim: 12, numHeads: 2 }).apply(x)
  const attention =
    kind === 'grouped'
      ? new layers.GroupedQueryAttention({ headDim: 3, numQueryHeads: 4, numKeyValueHeads: 2, useGate: true })
      : new layers.MultiHeadAttention({ numHeads: 2, keyDim: 4, slidingWindow: kind === 'window' ? 3 : null })
  const y = attention.apply({ query: x, value: x }, { useCausalMask: true })
  return new layers.LayerNormalization().apply(new layers.Add().apply([x, y]))
}

/** A small language model of random weights, to which token 0 may be padding. */
function languageModel(kind: Kind, maskZero = false, seed = 0): Model {
  const ids = input({ shape: [null], dtype: 'int32' })
  const words = kind === 'rotary' ? turned(ids) : placed(ids, maskZero)
  const h = block(kind, block(kind, words))
  const model = new Model({ inputs: ids, outputs: new layers.Dense({ units: VOCABULARY }).apply(h) })
  return withRandomWeights(model, seed)
}

const placed = (ids: SymbolicTensor, maskZero: boolean): SymbolicTensor =>
  new layers.TokenAndPositionEmbedding({
    vocabularySize: VOCABULARY,
    sequenceLength: PLACES,
    embeddingDim: 8,
    maskZero,
  }).apply(ids)

const turned = (ids: SymbolicTensor): SymbolicTensor =>
  new layers.RotaryEmbedding().apply(new layers.Embedding({ inputDim: VOCABULARY, outputDim: 8 }).apply(ids))

function withRandomWeights(model: Model, seed = 0): Model {
  for (const [i, weight] of model.weights.entries())
    weight.assign(random.normal(weight.shape, { stddev: 0.7, seed: 100 * seed + i + 1 }))
  return model
}

/** Reads a sequence with an encoder, and goes on with another one that looks back at it. */
function translator(maskZero: boolean, seed = 0): Model {
  const [given, written] = ['given', 'written'].map((name) => input({ shape: [null], dtype: 'int32', name }))
  const encoder = new layers.TransformerEncoder({ intermediateDim: 12, numHeads: 2 })
  const encoderSequence = encoder.apply(placed(given!, maskZero))
  let h = placed(written!, maskZero)
  for (let i = 0; i < 2; i += 1)
    h = new layers.TransformerDecoder({ intermediateDim: 12, numHeads: 2 }).apply({
      decoderSequence: h,
      encoderSequence,
    })
  const outputs = new layers.Dense({ units: VOCABULARY }).apply(h)
  return withRandomWeights(new Model({ inputs: [given!, written!], outputs }), seed)
}

/** The tokens of several prompts, turn by turn. */
async function turnsOf(model: Model, prompts: readonly number[][], options: GenerateOptions): Promise<unknown[][]> {
  const turns: unknown[][] = []
  for await (const turn of generate(model, prompts, options)) turns.push(turn)
  return turns
}

/** The same with a cache and without. */
function bothWays<R>(run: (cache: boolean) => Promise<R>): Promise<R[]> {
  return Promise.all([true, false].map(run))
}

async function tokensOf(model: Model, prompt: readonly number[], options: GenerateOptions): Promise<number[]> {
  const tokens: number[] = []
  for await (const token of generate(model, prompt, options)) tokens.push(token)
  return tokens
}

describe('the cache changes nothing', () => {
  const ways: readonly Partial<GenerateOptions>[] = [
    { temperature: 0 },
    { seed: 3 },
    { seed: 3, temperature: 0.7, topK: 4 },
    { seed: 4, topP: 0.6 },
    { seed: 5, minP: 0.2 },
  ]
  it.each(['decoder', 'rotary', 'grouped', 'window'] as const)('%s', async (kind) => {
    const model = languageModel(kind)
    for (const way of ways) {
      const [kept, anew] = await bothWays((cache) => tokensOf(model, [3, 1, 4], { maxLength: 20, ...way, cache }))
      expect(kept!.length).toBe(17)
      expect(kept).toEqual(anew)
    }
  })

  it.each(['decoder', 'grouped', 'window'] as const)('%s, where token 0 is padding', async (kind) => {
    let zeros = 0
    for (let seed = 1; seed <= 4; seed += 1) {
      const model = languageModel(kind, true, seed)
      for (const prompt of [[3, 0, 4], [7, 0, 0, 0, 5], [0, 0, 5, 1], [0], [2, 2]]) {
        const how = { maxLength: 20, seed: 3, temperature: 1 }
        const [kept, anew] = await bothWays((cache) => tokensOf(model, prompt, { ...how, cache }))
        expect(kept).toEqual(anew)
        zeros += kept!.filter((token) => token === 0).length
      }
    }
    expect(zeros).toBeGreaterThan(5)
  })

  test('a layer that is called twice keeps what each call saw', async () => {
    const ids = input({ shape: [null], dtype: 'int32' })
    const shared = new layers.TransformerDecoder({ intermediateDim: 12, numHeads: 2 })
    const h = shared.apply(shared.apply(placed(ids, false)))
    const model = withRandomWeights(
      new Model({ inputs: ids, outputs: new layers.Dense({ units: VOCABULARY }).apply(h) }),
    )
    const [kept, anew] = await bothWays((cache) => tokensOf(model, [3, 1], { maxLength: 20, seed: 1, cache }))
    expect(kept).toEqual(anew)
  })

  it.each([false, true])('a model with a context, padding in it: %s', async (maskZero) => {
    for (let seed = 1; seed <= 3; seed += 1) {
      const model = translator(maskZero, seed)
      const given = tensor([5, 3, 0, 2, 7, 1, 4, 0, 0, 0], [2, 5], 'int32')
      const [kept, anew] = await bothWays((cache) =>
        turnsOf(model, [[1], [2, 0, 3]], { maxLength: 12, seed: 2, temperature: 2, context: { given }, cache }),
      )
      expect(kept).toEqual(anew)
    }
  })

  test('up to the last place: the last token is never read', async () => {
    const model = languageModel('decoder')
    const [kept, anew] = await bothWays((cache) =>
      turnsOf(model, [[1, 2], [3, 1, 4, 1], [5]], { maxLength: PLACES + 1, seed: 1, cache }),
    )
    expect(kept!.length).toBe(PLACES)
    expect(kept).toEqual(anew)
  })

  test('prompts of several lengths together are as each alone', async () => {
    const model = languageModel('decoder')
    const prompts = [[3, 1, 4], [7], [2, 2, 2, 2, 2]]
    const turns = await turnsOf(model, prompts, { maxLength: 12, temperature: 0 })
    for (const [row, prompt] of prompts.entries()) {
      const together = turns.map((turn) => turn[row]).filter((token) => token !== undefined)
      expect(together).toEqual(await tokensOf(model, prompt, { maxLength: 12, temperature: 0 }))
    }
    expect(turns.at(-1)).toEqual([undefined, expect.any(Number), undefined])
  })
})

test('the likeliest tokens are those of the model, step by step', async () => {
  const model = languageModel('decoder')
  const tokens = [5, 2]
  for (let i = 0; i < 6; i += 1) {
    const logits = (await model.predict(tensor([tokens], undefined, 'int32'))) as Tensor
    const last = [...logits.dataSync()].slice(-VOCABULARY)
    tokens.push(last.indexOf(Math.max(...last)))
  }
  expect(await tokensOf(model, [5, 2], { maxLength: 8, temperature: 0 })).toEqual(tokens.slice(2))
})

test('a token costs as much as its sequence is long: one program for all, which works in memory that grows with the places', async () => {
  const model = languageModel('rotary')
  const drawn = vi.spyOn(layers.MultiHeadAttention.prototype, 'call')
  const drawings = async (maxLength: number): Promise<number> => {
    drawn.mockClear()
    await tokensOf(model, [1], { maxLength })
    return drawn.mock.calls.length
  }
  // Two blocks of the prompt, and two of the step that is the same for all tokens behind it.
  expect([await drawings(4), await drawings(40)]).toEqual([4, 4])
  drawn.mockRestore()

  const bound = (): void => undefined
  const arena = (places: number, isKept: boolean): number =>
    arenaOf(
      [
        [[1, isKept ? 1 : places], 'int32'],
        [[1], 'int32'],
      ],
      (tokens, at) => {
        const step = isKept ? { cache: new Cache(places), at } : { cache: undefined, at: undefined }
        return [whileDecoding({ ...step, context: new Set(), bound }, () => model.apply(tokens, { training: false }))]
      },
    )
  /** How much more it grows when the places double once more: twice where it is linear, four times where quadratic. */
  const growth = (isKept: boolean, places: number): number => {
    const [short, long, longer] = [1, 2, 4].map((times) => arena(times * places, isKept)) as [number, number, number]
    return (longer - long) / (long - short)
  }
  expect(growth(true, 256)).toBeCloseTo(2, 1)
  // Without a cache all scores of a sequence, as long as they are few.
  expect(growth(false, 64)).toBeGreaterThan(3)
})

test('windows of one step, and sequences that are read once, may go with a cache', async () => {
  const [given, written] = ['given', 'written'].map((name) => input({ shape: [null], dtype: 'int32', name }))
  const recurrent = new layers.LSTM({ units: 8, returnSequences: true }).apply(placed(given!, false))
  const pointwise = new layers.Conv1D({ filters: 8, kernelSize: 1 }).apply(placed(written!, false))
  const decoder = new layers.TransformerDecoder({ intermediateDim: 12, numHeads: 2 })
  const h = decoder.apply({ decoderSequence: pointwise, encoderSequence: recurrent })
  const outputs = new layers.Dense({ units: VOCABULARY }).apply(h)
  const model = withRandomWeights(new Model({ inputs: [given!, written!], outputs }))
  const [kept, anew] = await bothWays((cache) =>
    tokensOf(model, [1], { maxLength: 12, seed: 2, context: { given: [[5, 3, 2]] }, cache }),
  )
  expect(kept!.length).toBe(11)
  expect(kept).toEqual(anew)
})

describe('a context', () => {
  const given = [5, 3, 6, 2]
  const context = { given: tensor(given, [1, 4], 'int32') }

  test('is what the model is given besides: the likeliest tokens are those that it predicts', async () => {
    const seen = new Set<number>()
    for (let seed = 1; seed <= 3; seed += 1) {
      const model = translator(true, seed)
      // What all steps have in common would decide alone.
      for (const weight of model.weights) if (/beta|bias/.test(weight.name)) weight.assign(ops.zeros(weight.shape))
      const tokens = [1]
      for (let i = 0; i < 6; i += 1) {
        const written = tensor(tokens, [1, tokens.length], 'int32')
        const logits = (await model.predict([context.given, written] as never)) as Tensor
        const last = [...logits.dataSync()].slice(-VOCABULARY)
        tokens.push(last.indexOf(Math.max(...last)))
        seen.add(tokens.at(-1)!)
      }
      expect(await tokensOf(model, [1], { maxLength: 7, temperature: 0, context })).toEqual(tokens.slice(1))
    }
    expect(seen.size).toBeGreaterThan(2)
  })

  const how = { maxLength: 20, seed: 1, temperature: 2 }

  test('may be plain numbers, and matters', async () => {
    const model = translator(false)
    const of = (row: number[]): Promise<number[]> => tokensOf(model, [1], { ...how, context: { given: [row] } })
    expect(await of(given)).toEqual(await tokensOf(model, [1], { ...how, context }))
    expect(await of([1, 9, 8, 7])).not.toEqual(await of(given))
  })

  test('is read once', async () => {
    const model = translator(true)
    const wanted = await tokensOf(model, [1], { ...how, context })
    const tokens: number[] = []
    for await (const token of generate(model, [1], { ...how, context })) {
      tokens.push(token)
      const encoder = model.layers.find((layer) => layer instanceof layers.TransformerEncoder)!
      for (const weight of encoder.weights) weight.assign(ops.full(weight.shape, Number.NaN))
    }
    expect(tokens).toEqual(wanted)
  })

  it.each([
    [
      'none',
      {},
      'ERR_CONFIG',
      'generate.context: expected data for all inputs of given, written but one, got none for',
    ],
    [
      'an unknown name',
      { context: { givn: [[1]] } },
      'ERR_CONFIG',
      `generate.context: expected names of inputs (given`,
    ],
    ['for all', { context: { given: [[1]], written: [[1]] } }, 'ERR_CONFIG', 'but one, got none for no input'],
    ['other rows', { context: { given: [[1], [2]] } }, 'ERR_DATA', 'generate.context.given: expected 1 rows'],
    ['fractions', { context: { given: [[1.5]] } }, 'ERR_DATA', 'generate.context.given'],
    ['another rank', { context: { given: [1] } }, 'ERR_SHAPE', 'generate.context.given'],
  ])('%s: is refused', (_, more, code, message) => {
    const call = (): unknown => generate(translator(false), [1], { maxLength: 5, ...more } as GenerateOptions)
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })

  test('a model with one input has none', () => {
    const call = (): unknown => generate(languageModel('decoder'), [1], { maxLength: 5, context })
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }))
  })
})

test('a stop token ends a sequence, and is its last', async () => {
  const model = languageModel('decoder')
  const all = await tokensOf(model, [5, 2], { maxLength: 20, seed: 8 })
  const stop = all[3]!
  const short = await tokensOf(model, [5, 2], { maxLength: 20, seed: 8, stop: [stop] })
  expect(short).toEqual(all.slice(0, all.indexOf(stop) + 1))
})

test('the same seed gives the same tokens, another one others', async () => {
  const model = languageModel('decoder')
  const of = (seed: number): Promise<number[]> => tokensOf(model, [1], { maxLength: 24, seed })
  expect(await of(1)).toEqual(await of(1))
  expect(await of(2)).not.toEqual(await of(1))
})

describe('which tokens may be chosen', () => {
  const logits = ops.log(tensor([0.5, 0.05, 0.3, 0.15], [1, 4]))
  const seen = (sampling: Partial<Parameters<typeof chosen>[1]>): number[] => {
    const many = ops.broadcastTo(logits, [400, 4])
    const how = { temperature: 1, topK: undefined, topP: undefined, minP: undefined, ...sampling }
    const tokens = chosen(many, how, new SeedGenerator(1)).dataSync()
    return [...new Set(tokens)].sort()
  }
  it.each([
    ['all', {}, [0, 1, 2, 3]],
    ['the two likeliest', { topK: 2 }, [0, 2]],
    ['more than there are', { topK: 9 }, [0, 1, 2, 3]],
    ['what makes up 0.6', { topP: 0.6 }, [0, 2]],
    ['what makes up 0.4', { topP: 0.4 }, [0]],
    ['at least a quarter of the likeliest', { minP: 0.25 }, [0, 2, 3]],
    ['at least a third of the likeliest', { minP: 0.34 }, [0, 2]],
    ['the likeliest', { temperature: 0 }, [0]],
    ['the likeliest at next to nothing', { temperature: 1e-45 }, [0]],
    ['the likeliest at little', { temperature: 1e-20 }, [0]],
  ])('%s', (_, sampling, wanted) => expect(seen(sampling)).toEqual(wanted))

  test.each([0, 1e-45, 1e-38, 1e-20])('the likeliest of logits of either sign at %s', (temperature) => {
    const rows = ops.broadcastTo(tensor([2, -1, 3, 1], [1, 4]), [400, 4])
    const tokens = chosen(
      rows,
      { temperature, topK: undefined, topP: undefined, minP: undefined },
      new SeedGenerator(1),
    )
    expect(new Set(tokens.dataSync())).toEqual(new Set([2]))
  })

  test('as often as they are likely', () => {
    const tokens = chosen(
      ops.broadcastTo(logits, [4000, 4]),
      { temperature: 1, topK: undefined, topP: undefined, minP: undefined },
      new SeedGenerator(2),
    ).dataSync()
    const share = [...tokens].filter((token) => token === 2).length / 4000
    expect(Math.abs(share - 0.3)).toBeLessThan(0.03)
  })
})

describe('what is refused', () => {
  const model = languageModel('decoder')
  it.each([
    ['an empty prompt', [], { maxLength: 5 }, 'ERR_DATA', 'generate prompt: expected at least one token'],
    ['no prompt', undefined, { maxLength: 5 }, 'ERR_DATA', 'generate prompt: expected at least one token'],
    ['an empty one of several', [[]], { maxLength: 5 }, 'ERR_DATA', 'generate prompt: expected at least one token'],
    ['a fraction', [1.5], { maxLength: 5 }, 'ERR_DATA', 'generate prompt: expected whole numbers from 0, got 1.5'],
    [
      'a prompt without room',
      [1, 2, 3],
      { maxLength: 3 },
      'ERR_CONFIG',
      'generate.maxLength: expected more than the 3',
    ],
    ['a temperature below 0', [1], { maxLength: 3, temperature: -1 }, 'ERR_CONFIG', 'generate.temperature'],
    ['an unknown option', [1], { maxLength: 3, topk: 2 }, 'ERR_CONFIG', `unknown option 'topk'. Did you mean 'topK'`],
  ])('%s', (_, prompt, options, code, message) => {
    const call = (): unknown => generate(model, prompt as never, options as GenerateOptions)
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })

  test('what is no model', () => {
    const call = (): unknown => generate({} as Model, [1], { maxLength: 5 })
    expect(call).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG', message: 'generate model: expected a model, got {}' }),
    )
  })

  test('a token outside the vocabulary', async () => {
    await expect(tokensOf(model, [VOCABULARY], { maxLength: 4 })).rejects.toMatchObject({ code: 'ERR_DATA' })
  })

  test('more places than the model has: at the token that has none, after those that have', async () => {
    const turns = generate(model, [1, 2], { maxLength: 40, temperature: 0 })
    const made: number[] = []
    const all = async (): Promise<void> => {
      for await (const token of turns) made.push(token)
    }
    await expect(all()).rejects.toMatchObject({
      code: 'ERR_DATA',
      message:
        'generate: expected tokens within the 24 places of the model, got a sequence of 25, and maxLength 40. The model goes up to maxLength: 25',
    })
    expect(made).toEqual(await tokensOf(model, [1, 2], { maxLength: PLACES + 1, temperature: 0 }))
    // Without a cache the whole width is read at once.
    await expect(tokensOf(model, [1, 2], { maxLength: 40, cache: false })).rejects.toMatchObject({
      code: 'ERR_SHAPE',
      message:
        'PositionEmbedding input: expected steps within the 24 places, got 39. generate goes up to maxLength: 25',
    })
  })

  test('attention that looks ahead, where there is a cache', async () => {
    const ids = input({ shape: [null], dtype: 'int32' })
    const h = new layers.TransformerEncoder({ intermediateDim: 4, numHeads: 2 }).apply(
      new layers.Embedding({ inputDim: 5, outputDim: 4 }).apply(ids),
    )
    const encoder = new Model({ inputs: ids, outputs: new layers.Dense({ units: 5 }).apply(h) })
    await expect(tokensOf(encoder, [1], { maxLength: 4 })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('expected a call with useCausalMask'),
    })
  })

  test('attention that keeps nothing, where there is a cache', async () => {
    const ids = input({ shape: [null], dtype: 'int32' })
    const x = placed(ids, false)
    const h = new layers.Attention().apply([x, x], { useCausalMask: true })
    const one = new Model({ inputs: ids, outputs: new layers.Dense({ units: VOCABULARY }).apply(h) })
    await expect(tokensOf(one, [1], { maxLength: 4 })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('Attention in generate: expected layers that work on each step for itself'),
    })
    expect((await tokensOf(one, [1], { maxLength: 4, cache: false })).length).toBe(3)
  })

  it.each<[string, (x: SymbolicTensor) => SymbolicTensor]>([
    ['LSTM', (x) => new layers.LSTM({ units: 4, returnSequences: true }).apply(x)],
    ['GRU', (x) => new layers.Bidirectional({ layer: new layers.GRU({ units: 4, returnSequences: true }) }).apply(x)],
    ['Conv1D', (x) => new layers.Conv1D({ filters: 4, kernelSize: 3, padding: 'causal' }).apply(x)],
    ['SeparableConv1D', (x) => new layers.SeparableConv1D({ filters: 4, kernelSize: 2, padding: 'same' }).apply(x)],
  ])('%s, which needs the steps before, where there is a cache', async (name, mixed) => {
    const ids = input({ shape: [null], dtype: 'int32' })
    const h = mixed(placed(ids, false))
    const one = new Model({ inputs: ids, outputs: new layers.Dense({ units: VOCABULARY }).apply(h) })
    await expect(tokensOf(one, [1], { maxLength: 4 })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(new RegExp(`^${name} in generate: expected layers .* cache: false`)),
    })
    expect((await tokensOf(one, [1], { maxLength: 4, cache: false })).length).toBe(3)
  })

  test('a mask that is another for each query, where there is a cache', async () => {
    const ids = input({ shape: [null], dtype: 'int32' })
    const x = placed(ids, false)
    const same = ops.equal(ops.expandDims(ids, 1), ops.expandDims(ids, 2))
    const told = { useCausalMask: true, attentionMask: same } as const
    const h = new layers.MultiHeadAttention({ numHeads: 2, keyDim: 4 }).apply({ query: x, value: x }, told as never)
    const one = new Model({ inputs: ids, outputs: new layers.Dense({ units: VOCABULARY }).apply(h) })
    await expect(tokensOf(one, [1, 2], { maxLength: 4 })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('attentionMask in generate: expected one for all queries, got [1, 1, 2, 2]'),
    })
  })

  test('an aborted signal', async () => {
    const controller = new AbortController()
    const turns = generate(model, [1], { maxLength: 20, signal: controller.signal })
    await turns.next()
    controller.abort()
    await expect(turns.next()).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })
})
