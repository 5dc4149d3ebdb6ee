/** Sequences that a model continues, token by token. */

import type { Tensor } from '../core/tensor.js'
import { tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { jit } from '../jit.js'
import { Cache, whileDecoding } from '../layers/attention/decoding.js'
import type { Model } from '../model/model.js'
import * as ops from '../ops.js'
import { SeedGenerator } from '../random.js'
import { checkAborted } from '../training/abort.js'
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
 * The tokens are those that come without it, and depend on the seed alone.
 *
 * Errors: ERR_DATA for an empty prompt and for what is no token, ERR_CONFIG for a prompt that leaves no room within
 * `maxLength`, and for attention that is not causal where there is a cache.
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
  const plan = planGeneration(options)
  const isOne = ArrayBuffer.isView(prompt) || typeof (prompt as readonly unknown[])[0] !== 'object'
  const prompts = (isOne ? [prompt] : prompt) as readonly Prompt[]
  checkPrompts(prompts, plan.maxLength)
  const turns = new Generation(model, prompts, plan).run()
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
  readonly #first: (tokens: Tensor, lengths: Tensor) => Promise<Tensor>
  readonly #next: ((token: Tensor, at: Tensor) => Promise<Tensor>) | undefined
  readonly #longest: number

  constructor(model: Model, prompts: readonly Prompt[], plan: Plan) {
    this.#plan = plan
    this.#lengths = prompts.map(({ length }) => length)
    this.#longest = Math.max(...this.#lengths)
    this.#ended = prompts.map(() => false)
    this.#tokens = new Int32Array(prompts.length * plan.maxLength).fill(plan.padToken)
    for (const [row, prompt] of prompts.entries()) this.#tokens.set(prompt, row * plan.maxLength)
    const seed = plan.seed === undefined ? new SeedGenerator() : new SeedGenerator(plan.seed)
    const { temperature, topK, topP, minP } = plan
    const choose = (logits: Tensor): Tensor => chosen(this.#logits(logits), { temperature, topK, topP, minP }, seed)
    const call = (tokens: Tensor): Tensor => model.apply(tokens, { training: false }) as Tensor
    const cache = plan.cache ? new Cache(plan.maxLength) : undefined
    const whole = (tokens: Tensor): Tensor =>
      cache === undefined ? call(tokens) : whileDecoding({ cache, at: undefined }, () => call(tokens))
    this.#first = jit((tokens: Tensor, lengths: Tensor) => choose(lastOf(whole(tokens), lengths)))
    if (cache !== undefined)
      this.#next = jit((token: Tensor, at: Tensor) => choose(stepOf(whileDecoding({ cache, at }, () => call(token)))))
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
    const lengths = tensor(Int32Array.from(this.#lengths), [rows])
    if (turn > 0 && this.#next !== undefined) {
      const at = ops.subtract(lengths, 1)
      const last = Int32Array.from(
        this.#lengths,
        (length, row) => this.#tokens[row * this.#plan.maxLength + length - 1]!,
      )
      return this.#next(tensor(last, [rows, 1]), at)
    }
    const { maxLength } = this.#plan
    // Without a cache the whole width each time: one program. What is behind a sequence's end is seen by none before it.
    const width = this.#next === undefined ? maxLength : this.#longest
    const all = tensor(this.#tokens.slice(), [rows, maxLength])
    return this.#first(ops.slice(all, { begin: [0, 0], size: [rows, width] }), lengths)
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
