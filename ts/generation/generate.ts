/** Sequences that a model continues, token by token. */

import type { Tensor } from '../core/tensor.js'
import { tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { jit } from '../jit.js'
import { Cache, whileDecoding } from '../layers/attention/decoding.js'
import { Model } from '../model/index.js'
import * as ops from '../ops.js'
import { SeedGenerator } from '../random.js'
import { checkAborted } from '../training/abort.js'
import { type Context, contextOf } from './context.js'
import { type GenerateOptions, type Plan, planGeneration } from './options.js'
import { chosen } from './sampling.js'

/** The tokens of a sequence. */
export type Prompt = readonly number[] | Int32Array

/**
 * Continues a sequence of tokens: an async iterator of the tokens that follow, as they are made. Of several prompts, of any
 * lengths, each turn gives a list with the next token of each, undefined where that sequence has ended.
 *
 * The model takes whole numbers (batch, steps), steps of any length, and gives logits (batch, steps, vocabulary), each step
 * of those up to it. With the cache, attention keeps keys and values: all other layers have to work on each step for itself.
 * The tokens are those that come without it, and depend on the seed alone. Of a functional model with several inputs, one takes
 * the tokens, `context` has data for the others: what the model makes of these alone, as an encoder does, is made once.
 *
 * Errors: ERR_DATA for an empty prompt, for what is no token, at a token for which the model has no place, and for a context of
 * other rows than the prompts, ERR_CONFIG for a prompt that leaves no room within `maxLength`, for a context that leaves not one
 * input, and, where there is a cache, for attention that is not causal or whose `attentionMask` is another for each query, for
 * recurrent layers and convolutions.
 *
 * @example
 * import { generate, input, layers, Model } from 'ferrograd'
 *
 * const ids = input({ shape: [null], dtype: 'int32' })
 * const words = new layers.TokenAndPositionEmbedding({ vocabularySize: 50, sequenceLength: 32, embeddingDim: 16 })
 * const h = new layers.TransformerDecoder({ intermediateDim: 32, numHeads: 2 }).apply(words.apply(ids))
 * const model = new Model({ inputs: ids, outputs: new layers.Dense({ units: 50 }).apply(h) })
 * const tokens: number[] = []
 * for await (const token of generate(model, [3, 1, 4], { maxLength: 10, topK: 5, seed: 1 })) tokens.push(token)
 */
export function generate(model: Model, prompt: Prompt, options: GenerateOptions): AsyncGenerator<number, void>
export function generate(
  model: Model,
  prompts: readonly Prompt[],
  options: GenerateOptions,
): AsyncGenerator<(number | undefined)[], void>
export function generate(
  model: Model,
  prompt: Prompt | readonly Prompt[],
  options: GenerateOptions,
): AsyncGenerator<unknown, void> {
  if (!(model instanceof Model)) fail('ERR_CONFIG', 'generate model', 'a model', model)
  const plan = planGeneration(options)
  const isOne = ArrayBuffer.isView(prompt) || typeof (prompt as readonly unknown[] | undefined)?.[0] !== 'object'
  const prompts = (isOne ? [prompt] : prompt) as readonly Prompt[]
  checkPrompts(prompts, plan.maxLength)
  const turns = new Generation(model, prompts, plan, contextOf(model, plan.context, prompts.length)).run()
  return isOne ? onlyOnes(turns) : turns
}

async function* onlyOnes(turns: AsyncGenerator<(number | undefined)[], void>): AsyncGenerator<number, void> {
  for await (const [token] of turns) yield token!
}

function checkPrompts(prompts: readonly Prompt[], maxLength: number): void {
  if (prompts.length === 0) fail('ERR_DATA', 'generate prompt', 'at least one token', prompts)
  for (const prompt of prompts) {
    const isList = Array.isArray(prompt) || ArrayBuffer.isView(prompt)
    if (!isList || prompt.length === 0) fail('ERR_DATA', 'generate prompt', 'at least one token', prompt)
    const odd = [...prompt].find((token) => !Number.isInteger(token) || token < 0 || token >= 2 ** 31)
    if (odd !== undefined) fail('ERR_DATA', 'generate prompt', 'whole numbers from 0', odd)
    if (prompt.length >= maxLength)
      fail('ERR_CONFIG', 'generate.maxLength', `more than the ${prompt.length} tokens of the prompt`, maxLength)
  }
}

/** Sequences that grow, a row each. */
class Generation {
  readonly #plan: Plan
  readonly #lengths: number[]
  readonly #ended: boolean[]
  /** All tokens, (sequences, maxLength). */
  readonly #tokens: Int32Array
  readonly #first: (tokens: Tensor, lengths: Tensor, ...context: Tensor[]) => Promise<Tensor>
  readonly #next: ((token: Tensor, at: Tensor, ...context: Tensor[]) => Promise<Tensor>) | undefined
  readonly #context: Context
  readonly #longest: number
  /** How many tokens are read at most: nobody reads the last one. */
  readonly #places: number
  /** How many the model has places for, where that is known. */
  #most = Number.POSITIVE_INFINITY

  constructor(model: Model, prompts: readonly Prompt[], plan: Plan, context: Context) {
    this.#plan = plan
    this.#context = context
    this.#lengths = prompts.map(({ length }) => length)
    this.#longest = Math.max(...this.#lengths)
    this.#places = plan.maxLength - 1
    this.#ended = prompts.map(() => false)
    this.#tokens = new Int32Array(prompts.length * plan.maxLength).fill(plan.padToken)
    for (const [row, prompt] of prompts.entries()) this.#tokens.set(prompt, row * plan.maxLength)
    const seed = plan.seed === undefined ? new SeedGenerator() : new SeedGenerator(plan.seed)
    const { temperature, topK, topP, minP } = plan
    const choose = (logits: Tensor): Tensor => chosen(this.#logits(logits), { temperature, topK, topP, minP }, seed)
    const cache = plan.cache ? new Cache(this.#places) : undefined
    const bound = (places: number): void => {
      this.#most = Math.min(this.#most, places)
    }
    const call = (tokens: Tensor, others: readonly Tensor[], at?: Tensor): Tensor =>
      whileDecoding({ cache, at, context: new Set(others), bound }, () =>
        model.apply(context.around(tokens, others) as Tensor, { training: false }),
      )
    this.#first = jit((tokens: Tensor, lengths: Tensor, ...others: Tensor[]) =>
      choose(lastOf(call(tokens, others), lengths)),
    )
    if (cache !== undefined)
      this.#next = jit((token: Tensor, at: Tensor, ...others: Tensor[]) => choose(stepOf(call(token, others, at))))
  }

  async *run(): AsyncGenerator<(number | undefined)[], void> {
    const { maxLength, signal } = this.#plan
    for (let turn = 0; !this.#ended.every(Boolean); turn += 1) {
      checkAborted('generate', signal)
      const tokens = await (await this.#turn(turn)).data()
      yield this.#lengths.map((length, row) => this.#take(row, length, tokens[row]!))
      for (const [row, length] of this.#lengths.entries()) if (length >= maxLength) this.#ended[row] = true
    }
  }

  /** The next tokens; those of sequences that have ended mean nothing. */
  #turn(turn: number): Promise<Tensor> {
    const rows = this.#lengths.length
    // Sequences that have ended stay where they are, within what is read.
    const read = this.#lengths.map((length) => Math.min(length, this.#places))
    this.#checkPlaces(Math.max(...read))
    const lengths = tensor(Int32Array.from(read), [rows])
    if (turn > 0 && this.#next !== undefined) {
      const at = ops.subtract(lengths, 1)
      const last = Int32Array.from(read, (length, row) => this.#tokens[row * this.#plan.maxLength + length - 1]!)
      return this.#next(tensor(last, [rows, 1]), at, ...this.#context.data)
    }
    // Without a cache the whole width each time: one program. What is behind a sequence's end is seen by none before it.
    const width = this.#next === undefined ? this.#places : this.#longest
    const all = tensor(this.#tokens.slice(), [rows, this.#plan.maxLength])
    return this.#first(ops.slice(all, { begin: [0, 0], size: [rows, width] }), lengths, ...this.#context.data)
  }

  #checkPlaces(read: number): void {
    if (read <= this.#most) return
    const text = `a sequence of ${read}, and maxLength ${this.#plan.maxLength}`
    const hint = `The model goes up to maxLength: ${this.#most + 1}`
    fail('ERR_DATA', 'generate', `tokens within the ${this.#most} places of the model`, { text }, hint)
  }

  /** Takes a token in, where its sequence has not ended. */
  #take(row: number, length: number, token: number): number | undefined {
    if (this.#ended[row]) return undefined
    this.#tokens[row * this.#plan.maxLength + length] = token
    this.#lengths[row] = length + 1
    if (this.#plan.stop.includes(token)) this.#ended[row] = true
    return token
  }

  #logits(logits: Tensor): Tensor {
    return this.#plan.fromLogits ? logits : ops.log(logits)
  }
}

/** The logits of the last step of each sequence, (rows, vocabulary). */
function lastOf(logits: Tensor, lengths: Tensor): Tensor {
  checkLogits(logits)
  const [rows, steps, vocabulary] = logits.shape as [number, number, number]
  const flat = ops.reshape(logits, [rows * steps, vocabulary])
  const starts = ops.multiply(ops.arange(rows), steps)
  return ops.take(flat, ops.subtract(ops.add(starts, lengths), 1), { axis: 0 })
}

/** The logits of the only step. */
function stepOf(logits: Tensor): Tensor {
  checkLogits(logits)
  return ops.squeeze(logits, 1)
}

function checkLogits(logits: Tensor): void {
  if (logits.rank !== 3) fail('ERR_SHAPE', 'generate model', 'logits of [batch, steps, vocabulary]', logits.shape)
}
