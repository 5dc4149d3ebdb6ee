/** The kinds of features: how each is asked for, learnt, kept and used. */

import { keyOf } from '../../core/salt.js'
import { fail } from '../../errors.js'
import type { Named, OptionsOf } from '../../options/fields.js'
import { optionsReader } from '../../options/reader.js'
import {
  CategoricalFeature,
  type CategoryFeature,
  type CategoryPlan,
  categoryEncoder,
  type HashedFeature,
  type HashedPlan,
  hashedEncoder,
  learnCategory,
} from './category.js'
import type { Encoder, Learning } from './encoder.js'
import { isLearntNumeric, learnNumeric, NumericFeature, type NumericPlan, numericEncoder } from './numeric.js'

/** One feature: plain JSON. */
export type FeaturePlan = NumericPlan | CategoryPlan | HashedPlan

/** A column of numbers (truth values are 0 and 1), as it is unless it is `normalize`d, `rescale`d or `discretize`d. */
export function numeric(): NumericFeature {
  return new NumericFeature({ kind: 'numeric', fill: null, indicator: false, change: { as: 'itself' } })
}

const categoryFields = {
  /** The largest vocabulary, counting the unknown; those that are rarer are unknown. Default null. */
  maxTokens: { type: 'integer', default: null, min: 2 },
  /** How many numbers the unknown are spread over, by a hash; with none they are an error. Default 1. */
  numOovIndices: { type: 'integer', default: 1, min: 0 },
  /**
   * The values in the order of their numbers: then nothing is learnt. Those found in the data, the most frequent first,
   * unless given.
   */
  vocabulary: { type: 'vocabulary', default: null },
} as const

/** Options of {@link category}. */
export interface CategoryOptions extends OptionsOf<typeof categoryFields>, Named {}

const readCategory = optionsReader('category', categoryFields)
const readHashed = optionsReader('hashed', { salt: { type: 'numeric', default: null } })

/** A column of text or numbers of which each value is something of its own: zeros with a one, unless it is `int`. */
export function category(options?: CategoryOptions): CategoryFeature {
  const { maxTokens, numOovIndices, vocabulary } = readCategory(options)
  if (maxTokens !== undefined && maxTokens <= numOovIndices)
    fail('ERR_CONFIG', 'category.maxTokens', `more than the ${numOovIndices} for the unknown`, maxTokens)
  checkVocabulary('ERR_CONFIG', 'category.vocabulary', vocabulary)
  const plan = { vocabulary: vocabulary === undefined ? null : [...vocabulary], maxTokens: maxTokens ?? null }
  return new CategoricalFeature({ kind: 'category', ...plan, numOovIndices, output: 'oneHot' })
}

/** A column of text or whole numbers of which there may be any number: `hash mod bins`, zeros with a one unless it is `int`. */
export function hashed(bins: number, options: { readonly salt?: number | readonly number[] } = {}): HashedFeature {
  if (!(Number.isSafeInteger(bins) && bins >= 1)) fail('ERR_CONFIG', 'hashed.bins', 'an integer ≥ 1', bins)
  const { salt } = readHashed(options)
  return new CategoricalFeature({
    kind: 'hashed',
    numBins: bins,
    salt: keyOf('hashed', salt ?? null) ?? null,
    output: 'oneHot',
  })
}

/** Whether there is nothing to learn. */
export function isLearnt(plan: FeaturePlan): boolean {
  if (plan.kind === 'numeric') return isLearntNumeric(plan)
  return plan.kind === 'hashed' || plan.vocabulary !== null
}

/** Begins to learn a feature. */
export function learning(name: string, plan: FeaturePlan): Learning<FeaturePlan> {
  switch (plan.kind) {
    case 'numeric':
      return learnNumeric(name, plan)
    case 'category':
      return learnCategory(name, plan)
    case 'hashed':
      return { see: () => {}, learnt: () => plan }
  }
}

/** What a feature makes of its column. */
export function encoderOf(name: string, plan: FeaturePlan): Encoder {
  switch (plan.kind) {
    case 'numeric':
      return numericEncoder(name, plan)
    case 'category':
      return categoryEncoder(name, plan)
    case 'hashed':
      return hashedEncoder(name, plan)
  }
}

/** A feature that was kept as JSON, checked. */
export function planFrom(where: string, json: unknown): FeaturePlan {
  const plan = (json ?? {}) as FeaturePlan
  switch (plan.kind) {
    case 'numeric':
      return isNumericPlan(plan) ? plan : fail('ERR_FORMAT', where, 'a numeric feature that has learnt', json)
    case 'category':
      checkVocabulary('ERR_FORMAT', `${where}.vocabulary`, plan.vocabulary ?? undefined)
      return isCount(plan.numOovIndices, 0) && isOutput(plan.output)
        ? plan
        : fail('ERR_FORMAT', where, 'a category that has learnt', json)
    case 'hashed':
      return isCount(plan.numBins, 1) && isOutput(plan.output) ? plan : fail('ERR_FORMAT', where, 'a hash', json)
    default:
      return fail('ERR_FORMAT', `${where}.kind`, "'numeric', 'category' or 'hashed'", (json as FeaturePlan)?.kind)
  }
}

function isNumericPlan({ fill, indicator, change }: NumericPlan): boolean {
  if (!(fill === null || Number.isFinite(fill)) || typeof indicator !== 'boolean') return false
  switch (change?.as) {
    case 'itself':
      return true
    case 'normalized':
      return Number.isFinite(change.mean) && Number.isFinite(change.variance)
    case 'rescaled':
      return Number.isFinite(change.scale) && Number.isFinite(change.offset)
    case 'bins':
      return isCount(change.count, 1) && isOutput(change.output) && areEdges(change.boundaries, change.count)
    default:
      return false
  }
}

function areEdges(boundaries: readonly number[] | null, count: number): boolean {
  return boundaries === null || (boundaries.length < count && boundaries.every(Number.isFinite))
}

function isCount(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least
}

function isOutput(value: unknown): boolean {
  return value === 'oneHot' || value === 'int'
}

/** Text or finite numbers, each once. */
function checkVocabulary(
  code: 'ERR_CONFIG' | 'ERR_FORMAT',
  where: string,
  tokens: readonly unknown[] | undefined,
): void {
  if (tokens === undefined) return
  if (!Array.isArray(tokens) || tokens.length === 0) fail(code, where, 'at least one value', tokens)
  const odd = tokens.find((token) => typeof token !== 'string' && !Number.isFinite(token))
  if (odd !== undefined) fail(code, where, 'text or numbers', odd)
  const places = new Map(tokens.map((token, i) => [token, i]))
  const repeated = tokens.find((token, i) => places.get(token) !== i)
  if (repeated !== undefined) fail(code, where, 'each value once', repeated)
}
