/** Sequences that models continue: the same tokens with a cache as without, whatever is asked for; and what is refused. */

import { describe, expect, it, test } from 'vitest'
import type { SymbolicTensor } from '../../ts/core/symbolic-tensor.js'
import type { Tensor } from '../../ts/core/tensor.js'
import { tensor } from '../../ts/core/tensor.js'
import { generate } from '../../ts/generation/index.js'
import type { GenerateOptions } from '../../ts/generation/options.js'
import { chosen } from '../../ts/generation/sampling.js'
import * as layers from '../../ts/layers/index.js'
import { input, Model } from '../../ts/model/index.js'
import * as ops from '../../ts/ops.js'
import * as random from '../../ts/random.js'
import { SeedGenerator } from '../../ts/random.js'

const VOCABULARY = 11
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

/** A small language model of random weights. */
function languageModel(kind: Kind): Model {
  const ids = input({ shape: [null], dtype: 'int32' })
  const words =
    kind === 'rotary'
      ? new layers.RotaryEmbedding().apply(new layers.Embedding({ inputDim: VOCABULARY, outputDim: 8 }).apply(ids))
      : new layers.TokenAndPositionEmbedding({
          vocabularySize: VOCABULARY,
          sequenceLength: 24,
          embeddingDim: 8,
        }).apply(ids)
  const h = block(kind, block(kind, words))
  const model = new Model({ inputs: ids, outputs: new layers.Dense({ units: VOCABULARY }).apply(h) })
  for (const [i, weight] of model.weights.entries())
    weight.assign(random.normal(weight.shape, { stddev: 0.7, seed: i + 1 }))
  return model
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
      const [kept, anew] = await Promise.all(
        [true, false].map((cache) => tokensOf(model, [3, 1, 4], { maxLength: 20, ...way, cache })),
      )
      expect(kept!.length).toBe(17)
      expect(kept).toEqual(anew)
    }
  })

  test('prompts of several lengths together are as each alone', async () => {
    const model = languageModel('decoder')
    const prompts = [[3, 1, 4], [7], [2, 2, 2, 2, 2]]
    const turns: (number | undefined)[][] = []
    for await (const turn of generate(model, prompts, { maxLength: 12, temperature: 0 })) turns.push(turn)
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
    ['the likeliest', { temperature: 0 }, [0]],
  ])('%s', (_, sampling, wanted) => expect(seen(sampling)).toEqual(wanted))

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
    ['no prompts', [[]], { maxLength: 5 }, 'ERR_DATA', 'generate prompt: expected at least one token'],
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
    const call = (): unknown => generate(model, prompt as number[], options as GenerateOptions)
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })

  test('a token outside the vocabulary', async () => {
    await expect(tokensOf(model, [VOCABULARY], { maxLength: 4 })).rejects.toMatchObject({ code: 'ERR_DATA' })
  })

  test('more places than the model has', async () => {
    await expect(tokensOf(model, [1], { maxLength: 40, temperature: 0 })).rejects.toMatchObject({ code: 'ERR_DATA' })
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

  test('an aborted signal', async () => {
    const controller = new AbortController()
    const turns = generate(model, [1], { maxLength: 20, signal: controller.signal })
    await turns.next()
    controller.abort()
    await expect(turns.next()).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })
})
