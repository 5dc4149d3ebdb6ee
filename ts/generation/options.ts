/** The options of `generate`: their types, defaults and checks. */

import type { Named, OptionsOf, SettledOf } from '../options/fields.js'
import { type OptionsReader, optionsReader } from '../options/reader.js'
import { methodKinds } from '../training/kinds.js'

const fields = {
  /** The most tokens of a sequence, those of its prompt included: there it ends. The last one is never read. */
  maxLength: { type: 'integer', min: 1 },
  /**
   * Data for the model's inputs other than the one that takes the tokens, by name: a row for each prompt. Default null.
   */
  context: { type: 'byInput', default: null },
  /** Logits are divided by it: below 1 likely tokens gain; 0 takes the likeliest. Default 1. */
  temperature: { type: 'number', default: 1, min: 0 },
  /** Only so many of the likeliest tokens; all unless given. */
  topK: { type: 'integer', default: null, min: 1 },
  /** Only the likeliest tokens that together have this probability; all unless given. */
  topP: { type: 'number', default: null, above: 0, max: 1 },
  /** Only tokens that are at least so likely as this part of the likeliest; all unless given. */
  minP: { type: 'number', default: null, min: 0, max: 1 },
  /** Decides the tokens; by default the next of the configured stream of seeds. */
  seed: { type: 'seed', default: null },
  /** Tokens that end a sequence; they are given, nothing after them. Default []. */
  stop: { type: 'integers', default: [] },
  /** What fills shorter prompts up to the longest, a token of the vocabulary; no step sees it. Default 0. */
  padToken: { type: 'integer', default: 0, min: 0 },
  /** Whether the model's last layer gives logits, and not probabilities. Default true. */
  fromLogits: { type: 'boolean', default: true },
  /**
   * Whether attention keeps keys and values, so that a step reads one token and not the whole sequence. Default true.
   */
  cache: { type: 'boolean', default: true },
  /** Aborting rejects with ERR_ABORTED. Default null. */
  signal: { type: 'signal', default: null },
} as const

/** Options of {@link generate}. */
export interface GenerateOptions extends OptionsOf<typeof fields>, Named {}

/** What of them counts. */
export type Plan = SettledOf<typeof fields>

/** The options, checked. */
export const planGeneration: OptionsReader<typeof fields> = optionsReader('generate', fields, methodKinds)
