/** What makes two trainings the same one: the model, how it is compiled and fitted, the data. */

import { layerFamily } from '../layers/family.js'
import type { Layer } from '../layers/layer.js'
import type { Model } from '../model/model.js'
import { isOurs } from '../options/family.js'
import { describing } from '../options/writing.js'
import { serialize } from '../saving/serialize.js'
import type { Json } from '../types.js'
import type { Feeds } from './fit-feeds.js'
import type { FitPlan } from './options.js'

/** What a training is, as a checkpoint keeps it. */
export interface Identity {
  readonly model: Json
  /** Layers that no configuration shows. */
  readonly layers?: Json
  readonly fit: Json
  readonly data: Json
  readonly validation?: Json
}

/** Everything that decides the numbers of a training, but for the initial weights: a fresh process has others. */
export async function identityOf(model: Model, plan: FitPlan, { feed, validation }: Feeds): Promise<Identity> {
  const { batchSize, shuffle, validationSplit, initialEpoch } = plan
  const described = describing(() => ({ model: model.toConfig(), layers: hiddenIn(model) }))
  return {
    ...described,
    fit: { batchSize, shuffle, validationSplit, initialEpoch, stepsPerEpoch: plan.stepsPerEpoch ?? null },
    data: await feed.identity(),
    // Of a split it is the same arrays.
    validation: validation === undefined || validationSplit > 0 ? null : await validation.identity(),
  }
}

/** What the user's own layers and models are made of: their configurations need not say it. */
function hiddenIn(layer: Layer): Json[] {
  const ours = isOurs(layer.constructor, layerFamily)
  return layer.sublayers.flatMap((one) => [...(ours || isWired(layer) ? [] : [serialize(one)]), ...hiddenIn(one)])
}

/** Its configuration has all its layers. */
function isWired(layer: Layer): boolean {
  return (layer as Partial<Model>).isWired === true
}

/** The first difference; what an earlier version did not write down is no difference. */
export function differenceBetween(saved: Identity, now: Identity): string | undefined {
  for (const key of Object.keys(now) as (keyof Identity)[]) {
    if (saved[key] === undefined || (key === 'data' && saved.data === null)) continue
    const difference = differenceOf(saved[key], now[key], key)
    if (difference !== undefined) return difference
  }
  return undefined
}

/** The first place where two JSON values differ, with both values; undefined where they are the same. */
export function differenceOf(saved: Json | undefined, now: Json | undefined, path = ''): string | undefined {
  if (isObject(saved) && isObject(now)) {
    const keys = [...new Set([...Object.keys(now), ...Object.keys(saved)])]
    for (const key of keys) {
      const difference = differenceOf(saved[key], now[key], place(path, key, Array.isArray(now)))
      if (difference !== undefined) return difference
    }
    return undefined
  }
  return Object.is(saved, now) ? undefined : `${path} was ${shown(saved)} and is ${shown(now)}`
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null
}

function place(path: string, key: string, inList: boolean): string {
  if (inList) return `${path}[${key}]`
  return path === '' ? key : `${path}.${key}`
}

function shown(value: Json | undefined): string {
  const text = value === undefined ? 'not there' : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
