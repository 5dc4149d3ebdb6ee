/** Columns out of files of arrays: npy, npz, safetensors, IDX. */

import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { FerrogradError, fail } from '../errors.js'
import { type Arrays, decode, type FileArray, type FileFormat } from '../saving/archive.js'
import type { ShapedArray } from './shaped.js'

/** Files by the names that their arrays get. */
export type ArrayFiles = Readonly<Record<string, string>>

/** The most bytes that a packed file may unpack to: as many as Node unpacks at once. */
const MOST = 2 ** 32

const FORMATS: readonly (readonly [RegExp, FileFormat])[] = [
  [/\.npy$/, 'npy'],
  [/\.npz$/, 'npz'],
  [/\.safetensors$/, 'safetensors'],
  [/(\.idx|[-.]idx\d-ubyte)$/, 'idx'],
]

/** The arrays of a file by their names, or of several files that have one each. */
export async function readArrays(where: string, from: string | ArrayFiles): Promise<Record<string, ShapedArray>> {
  if (typeof from === 'string') return columnsOf(from, await arraysOf(where, from))
  if (typeof from !== 'object' || from === null) fail('ERR_CONFIG', where, 'a path, or paths by names', from)
  const entries = Object.entries(from).map(async ([name, path]) => {
    const arrays = await arraysOf(`${where}.${name}`, path)
    const [only] = arrays.values()
    if (arrays.size !== 1 || only === undefined)
      fail('ERR_DATA', `${where}.${name}`, 'a file of one array', { text: `${arrays.size}, in ${path}` })
    return [name, column(path, name, only)] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

async function arraysOf(where: string, path: string): Promise<Arrays> {
  const format = FORMATS.find(([name]) => name.test(String(path).replace(/\.gz$/, '')))?.[1]
  if (format === undefined)
    return fail(
      'ERR_CONFIG',
      where,
      'a path that ends in .npy, .npz, .safetensors, .idx or -idx3-ubyte (or these and .gz)',
      path,
    )
  try {
    const bytes = await readFile(path)
    return decode(format, path.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: MOST }) : bytes).arrays
  } catch (cause) {
    const code = cause instanceof FerrogradError ? cause.code : 'ERR_IO'
    throw new FerrogradError(code, `${path}: ${(cause as Error).message}`, { cause, where: path })
  }
}

function columnsOf(path: string, arrays: Arrays): Record<string, ShapedArray> {
  return Object.fromEntries([...arrays].map(([name, array]) => [name || 'array', column(path, name || 'array', array)]))
}

/** Numbers that JavaScript can reckon with: half precision as float32, 64-bit integers as float64 where that is exact. */
function column(path: string, name: string, { dtype, shape, values }: FileArray): ShapedArray {
  if (shape.length === 0) fail('ERR_SHAPE', `${path} ${name}`, 'one row or more', { text: 'a single number' })
  if (dtype === 'float16') return { values: Float32Array.from(values as Uint16Array, halfOf), shape }
  if (dtype === 'bfloat16') return { values: brainFloats(values as Uint16Array), shape }
  if (values instanceof BigInt64Array || values instanceof BigUint64Array)
    return { values: exact(`${path} ${name}`, values), shape }
  return { values, shape }
}

function halfOf(bits: number): number {
  const [sign, power, rest] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
  if (power === 0) return sign * rest * 2 ** -24
  if (power === 31) return rest === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + rest / 1024) * 2 ** (power - 15)
}

function brainFloats(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (own) => own << 16).buffer)
}

/** Whole numbers of 64 bits, from row `first` on, as float64, which has them up to 2⁵³. */
export function exact(where: string, values: ArrayLike<bigint>, first = 0): Float64Array {
  const out = new Float64Array(values.length)
  for (let i = 0; i < out.length; i++) {
    const value = Number(values[i]!)
    if (!Number.isSafeInteger(value))
      fail(
        'ERR_DATA',
        `${where} row ${first + i}`,
        'a whole number within 2⁵³',
        values[i],
        'Make it text, or two columns',
      )
    out[i] = value
  }
  return out
}
