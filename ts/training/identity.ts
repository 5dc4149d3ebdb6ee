/** What makes two trainings the same one: the model, how it is compiled and fitted, the data. */

import { crc32 } from 'node:zlib'
import type { Model } from '../model/model.js'
import type { Json } from '../types.js'
import { type BatchData, columnsOf } from './batch-data.js'
import type { FitPlan } from './options.js'

/** Everything that decides the numbers of a training, but for the initial weights: a fresh process has others. */
export function identityOf(model: Model, plan: FitPlan, data: BatchData | undefined): Json {
  const { batchSize, shuffle, validationSplit, initialEpoch } = plan
  return {
    model: model.toConfig(),
    fit: { batchSize, shuffle, validationSplit, initialEpoch, stepsPerEpoch: plan.stepsPerEpoch ?? null },
    data: data === undefined ? null : columnsOf(data).map(fingerprintOf),
  }
}

/** Type, shape and checksum of a column. */
function fingerprintOf({ values, shape, dtype }: ReturnType<typeof columnsOf>[number]): Json {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return { dtype, shape: [...shape], checksum: crc32(bytes).toString(16) }
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
