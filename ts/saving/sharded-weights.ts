/** Weights in several HDF5 files, with an index that names the file of each: `w.weights.json` and `w_00000.weights.h5`, …. */

import { readFileSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isNamed } from '../core/structure.js'
import type { Tensor } from '../core/tensor.js'
import { FerrogradError, fail } from '../errors.js'
import type { Model } from '../model/model.js'
import { type Hdf5, readHdf5, type Sources, writeHdf5, writeText } from './archive.js'
import { jsonIn } from './paths.js'
import { weightsTree } from './weights-tree.js'

/** The index, as Keras writes it. */
interface Index {
  readonly metadata: { readonly total_size: number }
  /** The files that hold a group's arrays, `/layers/dense/vars`. */
  readonly weight_map: Readonly<Record<string, string | readonly string[]>>
}

/** What paths of indices end in. */
export const ENDING = '.weights.json'

/** One file of a set. */
interface Shard {
  readonly arrays: Map<string, Tensor>
  bytes: number
}

/**
 * Writes a model's weights into files of at most `gigabytes` (2³⁰ bytes) each, and then the index. A set that is there
 * stays whole until the new index is in its place: the new files have numbers that it does not use.
 */
export async function saveSharded(model: Model, path: string, gigabytes: number): Promise<void> {
  const { arrays, attributes } = weightsTree(model)
  const shards = shardsOf(path, arrays as ReadonlyMap<string, Tensor>, gigabytes * 2 ** 30)
  const before = oldFiles(path)
  const names = freeNames(path, shards.length, before)
  for (const [i, { arrays }] of shards.entries()) {
    const groups = new Set([...arrays.keys()].map(groupOf))
    const own = Object.fromEntries(Object.entries(attributes).filter(([group]) => groups.has(group)))
    await writeHdf5(join(dirname(path), names[i]!), { arrays, attributes: own })
  }
  await writeText(path, `${JSON.stringify(indexOf(shards, names), undefined, 4)}\n`)
  await removeOld(
    path,
    before.filter((name) => !names.includes(name)),
  )
}

/** Reads all files of a set. */
export async function readSharded(path: string): Promise<Hdf5> {
  const index = checkIndex(path, jsonIn(path, await textOf(path)))
  const names = filesOf(path, index)
  const files = await Promise.all(names.map((name) => readHdf5(join(dirname(path), name))))
  const arrays = new Map<string, Tensor>()
  for (const [i, file] of files.entries()) {
    for (const [key, array] of file.arrays) {
      if (!placesOf(index, groupOf(key)).includes(names[i]!)) continue
      if (arrays.has(key)) fail('ERR_FORMAT', path, `'${key}' in one file`, { text: 'several' })
      arrays.set(key, array)
    }
  }
  return { arrays, attributes: {} }
}

/** Fills one file after another, in the order of the weights. */
function shardsOf(path: string, arrays: ReadonlyMap<string, Tensor>, most: number): Shard[] {
  const shards: Shard[] = [{ arrays: new Map(), bytes: 0 }]
  for (const [key, array] of arrays) {
    const bytes = bytesOf(array)
    if (bytes > most) {
      const hint = `Pass a greater maxShardSize (in units of 2³⁰ bytes)`
      fail('ERR_CONFIG', `${path} maxShardSize`, `${bytes} bytes or more, for ${key}`, most, hint)
    }
    if (shards.at(-1)!.bytes + bytes > most) shards.push({ arrays: new Map(), bytes: 0 })
    const shard = shards.at(-1)!
    shard.arrays.set(key, array)
    shard.bytes += bytes
  }
  return shards
}

const bytesOf = ({ size, dtype }: Tensor): number => size * (dtype === 'float64' ? 8 : dtype === 'bool' ? 1 : 4)

/** A group of one array has the name of its file, one of several a list of names, as in Keras's. */
function indexOf(shards: readonly Shard[], names: readonly string[]): Index {
  const map = new Map<string, string[]>()
  for (const [i, { arrays }] of shards.entries()) {
    for (const key of arrays.keys()) map.set(groupOf(key), [...(map.get(groupOf(key)) ?? []), names[i]!])
  }
  const files = (all: readonly string[]): string | string[] => (all.length === 1 ? all[0]! : [...new Set(all)])
  const entries = [...map].map(([group, all]) => [`/${group}`, files(all)] as const)
  const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0)
  return { metadata: { total_size: bytes }, weight_map: Object.fromEntries(entries) }
}

/** `layers/dense/vars` of `layers/dense/vars/0`. */
const groupOf = (key: string): string => key.slice(0, key.lastIndexOf('/'))

/** The files of a group. */
const placesOf = ({ weight_map: map }: Index, group: string): readonly string[] => [map[`/${group}`] ?? []].flat()

/** All files that an index names, each once. */
function filesOf(path: string, index: Index): string[] {
  const names = [...new Set(Object.values(index.weight_map).flat())]
  for (const name of names) {
    // A file beside the index: what it names leads nowhere else.
    if (basename(name) !== name || /[\\/:]/.test(name) || !name.endsWith('.weights.h5'))
      fail('ERR_FORMAT', path, 'names of .weights.h5 files beside it', { text: name })
  }
  return names
}

function nameOf(path: string, number: number): string {
  return `${basename(path).slice(0, -ENDING.length)}_${`${number}`.padStart(5, '0')}.weights.h5`
}

/** Names that the set before does not use. */
function freeNames(path: string, count: number, taken: readonly string[]): string[] {
  const names: string[] = []
  for (let number = 0; names.length < count; number += 1) {
    const name = nameOf(path, number)
    if (!taken.includes(name)) names.push(name)
  }
  return names
}

/** The first one stays, empty: Keras opens it before it looks into the index. */
async function removeOld(path: string, names: readonly string[]): Promise<void> {
  const first = nameOf(path, 0)
  for (const name of names) {
    const file = join(dirname(path), name)
    if (name === first) await writeHdf5(file, { arrays: new Map() as Sources, attributes: {} })
    else rmSync(file, { force: true })
  }
}

/** The files of the set that is there; an index that is none is replaced. */
function oldFiles(path: string): string[] {
  try {
    return filesOf(path, checkIndex(path, jsonIn(path, readFileSync(path, 'utf8'))))
  } catch {
    return []
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new FerrogradError('ERR_IO', `${path}: cannot read: ${(error as Error).message}`)
  }
}

function checkIndex(path: string, json: unknown): Index {
  return isIndex(json) ? json : fail('ERR_FORMAT', path, 'an index with a weight_map', json)
}

function isIndex(json: unknown): json is Index {
  const map = isNamed(json) ? json.weight_map : undefined
  const isName = (value: unknown): boolean => typeof value === 'string'
  return isNamed(map) && Object.values(map).every((one) => isName(one) || (Array.isArray(one) && one.every(isName)))
}
