/** saveTensors and loadTensors. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FerrogradError, tensor, variable } from 'ferrograd'
import { loadMetadata, loadTensors, saveTensors } from 'ferrograd/saving'
import { afterAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'ferrograd-tensors-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'w.safetensors')

describe('tensors in a file', () => {
  it('come back with their types, shapes and numbers', async () => {
    const kernel = variable(
      [
        [1.5, 2],
        [3, 4],
      ],
      { name: 'kernel' },
    )
    await saveTensors(path, {
      kernel,
      double: tensor([0.1, Number.POSITIVE_INFINITY], undefined, 'float64'),
      'layers/0/count': tensor(7, undefined, 'int32'),
      mask: tensor([true, false]),
      plain: [[1, 2, 3]],
      __proto__x: [0],
    })
    const found = await loadTensors(path)
    const seen = Object.entries(found).map(([name, { dtype, shape }]) => [name, dtype, shape])
    expect(seen.sort()).toEqual([
      ['__proto__x', 'float32', [1]],
      ['double', 'float64', [2]],
      ['kernel', 'float32', [2, 2]],
      ['layers/0/count', 'int32', []],
      ['mask', 'bool', [2]],
      ['plain', 'float32', [1, 3]],
    ])
    expect(await found.kernel!.array()).toEqual([
      [1.5, 2],
      [3, 4],
    ])
    expect(await found.double!.array()).toEqual([0.1, Number.POSITIVE_INFINITY])
    expect(await found.mask!.array()).toEqual([true, false])
  })

  it('carry metadata', async () => {
    await saveTensors(path, { a: 1 }, { epoch: '3' })
    expect(await loadMetadata(path)).toEqual({ epoch: '3' })
  })

  it('are those of PyTorch, half precision and int64 changed', async () => {
    const torch = await loadTensors(fileURLToPath(new URL('../fixtures/files/torch.safetensors', import.meta.url)))
    expect(torch.bfloat16!.dtype).toBe('float32')
    expect(await torch.bfloat16!.array()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ])
    expect(torch.int64!.dtype).toBe('int32')
    expect(await torch.bool!.array()).toEqual([
      [false, true, true],
      [true, true, true],
    ])
  })

  it('are the same bytes whatever the order of names', async () => {
    await saveTensors(path, { a: [1], b: [2] })
    const first = readFileSync(path)
    await saveTensors(path, { b: [2], a: [1] })
    expect(readFileSync(path).equals(first)).toBe(true)
  })
})

describe('bad arguments', () => {
  it.each([
    [() => saveTensors('', {}), /saveTensors\.path: expected the path of a file, got ''/],
    [() => saveTensors(path, [1] as never), /saveTensors\.tensors: expected an object by name/],
    [() => saveTensors(path, { a: 1 }, { epoch: 3 } as never), /saveTensors\.metadata\.epoch: expected text, got 3/],
    [() => saveTensors(path, { a: 'x' as never }), /./],
    [() => loadTensors(3 as never), /loadTensors\.path/],
    [() => loadTensors(join(folder, 'none')), /none: cannot read/],
  ])('%s', async (call, message) => {
    const error = await call().then(undefined, (reason: unknown) => reason)
    expect(error).toBeInstanceOf(FerrogradError)
    expect((error as Error).message).toMatch(message)
  })
})
