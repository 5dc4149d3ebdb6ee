/** Tensors by name in safetensors files, which every framework reads. */

import { Tensor, tensor } from '../core/tensor.js'
import { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import type { TensorLike } from '../types.js'
import { readSafetensors, writeSafetensors } from './archive.js'
import { checkPath } from './paths.js'

/**
 * Writes tensors under names to a safetensors file: their numbers at the time of the call, off the event loop, the whole
 * file or, where something fails, none of it.
 *
 * @param path Where to write; a file that is there is replaced once the new one is on the disk.
 * @param tensors Tensors, variables, or numbers that become tensors.
 * @param metadata Texts that the file carries along. Default none.
 * @throws `ERR_IO` where the system refuses, `ERR_CONFIG` for other arguments.
 * @see https://github.com/huggingface/safetensors for the format
 *
 * @example
 * import { tensor } from 'ferrograd'
 * import { loadTensors, saveTensors } from 'ferrograd/saving'
 *
 * await saveTensors('w.safetensors', { kernel: tensor([[1, 2], [3, 4]]), bias: [0, 0] }, { epoch: '3' })
 * const { kernel, bias } = await loadTensors('w.safetensors')
 */
export async function saveTensors(
  path: string,
  tensors: Readonly<Record<string, TensorLike | Variable>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const where = 'saveTensors'
  checkPath(where, path)
  checkRecord(where, 'tensors', tensors)
  checkRecord(where, 'metadata', metadata)
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') fail('ERR_CONFIG', `${where}.metadata.${key}`, 'text', value)
  }
  const arrays = new Map(Object.entries(tensors).map(([name, value]) => [name, tensorOf(value)]))
  await writeSafetensors(path, { arrays, metadata })
}

/**
 * The tensors of a safetensors file by their names. float16 and bfloat16 become float32, other integers int32.
 *
 * @throws `ERR_IO` where the system refuses, `ERR_FORMAT` where the file is none or damaged, `ERR_DATA` where an integer
 * does not fit int32.
 *
 * @example
 * import { loadTensors } from 'ferrograd/saving'
 *
 * const tensors = await loadTensors('w.safetensors')
 * for (const [name, { shape, dtype }] of Object.entries(tensors)) console.log(name, dtype, shape)
 */
export async function loadTensors(path: string): Promise<Record<string, Tensor>> {
  checkPath('loadTensors', path)
  const { arrays } = await readSafetensors(path)
  return Object.fromEntries(arrays)
}

/** The metadata of a safetensors file. */
export async function loadMetadata(path: string): Promise<Record<string, string>> {
  checkPath('loadMetadata', path)
  return { ...(await readSafetensors(path)).metadata }
}

function tensorOf(value: TensorLike | Variable): Tensor {
  if (value instanceof Variable) return value.read()
  return value instanceof Tensor ? value : tensor(value)
}

function checkRecord(where: string, name: string, record: unknown): void {
  const plain = typeof record === 'object' && record !== null && !Array.isArray(record) && !(record instanceof Tensor)
  if (!plain) fail('ERR_CONFIG', `${where}.${name}`, 'an object by name', record)
}
