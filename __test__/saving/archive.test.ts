/** Files against what h5py, Keras, NumPy and safetensors say of them, and ours back again (see also `crates/formats/tests`). */

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { type Tensor, tensor } from '../../ts/core/tensor.js'
import { variable } from '../../ts/core/variable.js'
import { multiply } from '../../ts/ops.js'
import {
  copyCheckpoint,
  decode,
  encode,
  type FileArray,
  type Member,
  newestCheckpoint,
  readCheckpoint,
  readHdf5,
  readNpy,
  readNpz,
  readSafetensors,
  readZip,
  writeCheckpoint,
  writeHdf5,
  writeNpy,
  writeNpz,
  writeSafetensors,
  writeZip,
} from '../../ts/saving/archive.js'

const fixtures = fileURLToPath(new URL('../fixtures/files', import.meta.url))
const fixture = (name: string): string => join(fixtures, name)

interface Told {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data: readonly (number | boolean | readonly number[])[]
}
interface ToldHdf5 {
  readonly arrays: Readonly<Record<string, Told>>
  readonly attributes: unknown
}
const told = JSON.parse(readFileSync(fixture('files.json'), 'utf8')) as Readonly<Record<string, unknown>>

const folder = mkdtempSync(join(tmpdir(), 'ferrograd-archive-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => join(folder, name)

/** What the core has of a type of a file. */
const computable: Readonly<Record<string, string>> = {
  float16: 'float32',
  bfloat16: 'float32',
  uint8: 'int32',
  int8: 'int32',
  uint16: 'int32',
  int16: 'int32',
  uint32: 'int32',
  uint64: 'int32',
  int64: 'int32',
}

/** Tensors as arrays. */
const plain = (tensors: ReadonlyMap<string, Tensor>): Map<string, unknown> =>
  new Map([...tensors].map(([name, tensor]) => [name, plainOf(tensor)]))
const plainOf = (one: Tensor): unknown => ({ dtype: one.dtype, shape: one.shape, values: one.dataSync() })

/** What a file holds, its tensors as arrays. */
async function plainly(file: Promise<{ readonly arrays: ReadonlyMap<string, Tensor> } | undefined>): Promise<unknown> {
  const contents = (await file)!
  return { ...contents, arrays: plain(contents.arrays) }
}

function check(tensors: ReadonlyMap<string, Tensor>, expected: Readonly<Record<string, Told>>): void {
  expect([...tensors.keys()].sort()).toEqual(Object.keys(expected).sort())
  for (const [name, tensor] of tensors) {
    const one = expected[name]!
    expect(tensor.dtype, name).toBe(computable[one.dtype] ?? one.dtype)
    expect(tensor.shape, name).toEqual(one.shape)
    expect(Array.from(tensor.dataSync()), name).toEqual(one.data.flat().map(Number))
  }
}

describe('files of others', () => {
  it.each(['earliest.h5', 'latest.h5', 'packed.h5', 'model.weights.h5', 'model.h5'])('hdf5: %s', async (name) => {
    const { arrays, attributes } = await readHdf5(fixture(name))
    const expected = told[name] as ToldHdf5
    check(arrays, expected.arrays)
    expect(attributes).toEqual(expected.attributes)
  })

  it('safetensors of PyTorch, with metadata', async () => {
    const { arrays, metadata } = await readSafetensors(fixture('torch.safetensors'))
    check(arrays, told['torch.safetensors'] as never)
    expect(metadata).toEqual({ format: 'pt', naïve: '"quoted"' })
  })

  it.each(['stored.npz', 'deflated.npz'])('npz: %s', async (name) => {
    check(await readNpz(fixture(name)), told.npz as never)
  })

  it('npy', async () => {
    const array = await readNpy(fixture('version3.npy'))
    expect([array.dtype, array.shape, [...array.dataSync()]]).toEqual(['float32', [2, 3], [-4, -1, 2, 5, 8, 11]])
  })

  it('a model of Keras: text, bytes and the weights inside', async () => {
    const zip = await readZip(fixture('model.keras'))
    expect(zip.names).toEqual(told['model.keras'])
    expect(JSON.parse(zip.text('metadata.json')!)).toMatchObject({ keras_version: '3.15.1' })
    const weights = await zip.hdf5('model.weights.h5')
    check(weights!.arrays, (told['model.weights.h5'] as ToldHdf5).arrays)
    expect([zip.text('none'), await zip.hdf5('none')]).toEqual([undefined, undefined])
  })
})

const float32 = (shape: readonly number[], ...values: number[]): FileArray => ({
  dtype: 'float32',
  shape,
  values: Float32Array.from(values),
})

describe('there and back', () => {
  const arrays = new Map<string, FileArray>([
    ['a/kernel', float32([2, 2], 1, 2, 3, 4)],
    ['a/count', { dtype: 'int32', shape: [], values: Int32Array.of(-7) }],
    ['b', { dtype: 'float64', shape: [3], values: Float64Array.of(0.1, Number.NaN, -0) }],
    ['empty', float32([0, 3])],
    ['true', { dtype: 'bool', shape: [2], values: Uint8Array.of(1, 0) }],
  ])

  it('hdf5, with attributes', async () => {
    const attributes = { '': { root: 'é' }, a: { list: ['x', ''], n: 1.5 }, 'none/here': { name: 'dropout' } }
    await writeHdf5(at('a.h5'), { arrays, attributes })
    expect(await plainly(readHdf5(at('a.h5')))).toEqual({ arrays, attributes })
  })

  it('safetensors, with metadata', async () => {
    await writeSafetensors(at('a.safetensors'), { arrays, metadata: { a: '1' } })
    expect(await plainly(readSafetensors(at('a.safetensors')))).toEqual({ arrays, metadata: { a: '1' } })
  })

  it('npz and npy', async () => {
    await writeNpz(at('a.npz'), arrays)
    expect(plain(await readNpz(at('a.npz')))).toEqual(arrays)
    await writeNpy(at('a.npy'), arrays.get('b')!)
    expect(plainOf(await readNpy(at('a.npy')))).toEqual(arrays.get('b'))
  })

  it('checkpoints, with any text', async () => {
    await writeCheckpoint(at('a.ferrograd'), { arrays, text: 'as it is: \u0000 é' })
    expect(await plainly(readCheckpoint(at('a.ferrograd')))).toEqual({ arrays, text: 'as it is: \u0000 é' })
  })

  it('zip, with hdf5 inside', async () => {
    const weights = { arrays, attributes: {} }
    const members = new Map<string, Member>([
      ['config.json', '{"ü":1}'],
      ['bytes', Uint8Array.of(1, 2)],
      ['weights.h5', weights],
    ])
    await writeZip(at('a.zip'), members)
    const zip = await readZip(at('a.zip'))
    expect(zip.names).toEqual([...members.keys()])
    expect([zip.text('config.json'), zip.bytes('bytes')]).toEqual(['{"ü":1}', Uint8Array.of(1, 2)])
    expect(await plainly(zip.hdf5('weights.h5'))).toEqual(weights)
  })

  it('in memory, of the types that only files have', () => {
    const odd = new Map<string, FileArray>([
      ['big', { dtype: 'int64', shape: [1], values: BigInt64Array.of(-(2n ** 40n)) }],
      ['half', { dtype: 'bfloat16', shape: [1], values: Uint16Array.of(0x3f80) }],
    ])
    expect(decode('safetensors', encode('safetensors', odd))).toEqual({ arrays: odd, text: '{}' })
  })

  it('tensors are written as they are at the call, without being awaited', async () => {
    const weight = variable([1, 2, 3])
    const writing = writeSafetensors(at('now.safetensors'), {
      arrays: new Map([
        ['weight', weight.read()],
        ['twice', multiply(weight.read(), 2)],
        ['small', tensor(4)],
      ]),
      metadata: {},
    })
    weight.assign([7, 8, 9])
    await writing
    const { arrays: found } = await readSafetensors(at('now.safetensors'))
    expect([...found].map(([name, one]) => [name, [...one.dataSync()]])).toEqual([
      ['small', [4]],
      ['twice', [2, 4, 6]],
      ['weight', [1, 2, 3]],
    ])
  })
})

/** Arrays that stay where the file was read to are numbers of their own: large ones, small ones between, of each type. */
describe('large arrays', () => {
  const types = { float32: Float32Array, float64: Float64Array, int32: Int32Array }
  const sizes: readonly (readonly [string, number, 'float32' | 'float64' | 'int32'])[] = [
    ['a', 70_000, 'float32'],
    ['b', 33, 'float32'],
    ['c', 300_000, 'float32'],
    ['d', 20_001, 'float64'],
    ['e', 40_000, 'int32'],
  ]
  const values = (size: number, dtype: keyof typeof types): Float32Array | Float64Array | Int32Array => {
    const array = new types[dtype](size)
    for (let i = 0; i < size; i += 1) array[i] = (i * 7) % 1009
    return array
  }
  const sources = () => new Map(sizes.map(([name, size, dtype]) => [name, tensor(values(size, dtype), [size], dtype)]))
  const held = (arrays: ReadonlyMap<string, Tensor>): void => {
    for (const [name, size, dtype] of sizes) {
      // Bytes: a comparison number by number would take seconds.
      const [got, wanted] = [arrays.get(name)!.dataSync(), values(size, dtype)].map((array) =>
        Buffer.from(array.buffer, array.byteOffset, array.byteLength),
      )
      expect(Buffer.compare(got!, wanted!), name).toBe(0)
    }
  }
  const ways: Readonly<Record<string, (path: string) => Promise<ReadonlyMap<string, Tensor>>>> = {
    safetensors: async (path) => {
      await writeSafetensors(path, { arrays: sources(), metadata: {} })
      return (await readSafetensors(path)).arrays
    },
    'safetensors of others, whose arrays begin anywhere': async (path) => {
      await writeSafetensors(path, { arrays: sources(), metadata: {} })
      const bytes = readFileSync(path)
      const length = Number(bytes.readBigUInt64LE())
      const header = Buffer.from(`${bytes.toString('utf8', 8, 8 + length).trimEnd()} `)
      const head = Buffer.alloc(8)
      head.writeBigUInt64LE(BigInt(header.length))
      writeFileSync(path, Buffer.concat([head, header, bytes.subarray(8 + length)]))
      return (await readSafetensors(path)).arrays
    },
    hdf5: async (path) => {
      await writeHdf5(path, { arrays: sources(), attributes: {} })
      return (await readHdf5(path)).arrays
    },
    npz: async (path) => {
      await writeNpz(path, sources())
      return readNpz(path)
    },
    checkpoint: async (path) => {
      await writeCheckpoint(path, { arrays: sources(), text: '' })
      return (await readCheckpoint(path)).arrays
    },
    'hdf5 inside zip, beside a large member': async (path) => {
      const more = new Uint8Array(100_000).fill(7)
      await writeZip(
        path,
        new Map<string, Member>([
          ['more', more],
          ['w', { arrays: sources(), attributes: {} }],
        ]),
      )
      const zip = await readZip(path)
      const { arrays } = (await zip.hdf5('w'))!
      expect(zip.bytes('more')).toEqual(more)
      return arrays
    },
    'hdf5 alone inside zip': async (path) => {
      await writeZip(
        path,
        new Map<string, Member>([
          ['text', 'a'],
          ['w', { arrays: sources(), attributes: {} }],
        ]),
      )
      const zip = await readZip(path)
      const { arrays } = (await zip.hdf5('w'))!
      expect(zip.text('text')).toBe('a')
      return arrays
    },
  }

  it.each(Object.entries(ways))('%s', async (name, way) => {
    const arrays = await way(at(`large ${name}`))
    held(arrays)
    // What is written over one leaves the others as they are, and so does what is dropped.
    const changed = variable(arrays.get('c')!)
    arrays.get('a')!.dispose()
    changed.assign(multiply(changed, 2))
    expect(changed.dataSync()[3]).toBe(42)
    held(new Map([...arrays, ['a', sources().get('a')!]]))
  })
})

describe('a directory of checkpoints', () => {
  const contents = (epoch: number) => ({ arrays: new Map([['w', float32([1], epoch)]]), text: `${epoch}` })

  it('keeps the last, finds the newest whole one and says what it skipped', async () => {
    const directory = at('run')
    expect(await newestCheckpoint(directory)).toEqual({ found: undefined, skipped: [] })
    const paths: string[] = []
    for (const epoch of [1, 2, 3, 4])
      paths.push(await (await copyCheckpoint(contents(epoch))).save(directory, epoch, 3))
    expect(readdirSync(directory).sort()).toEqual(paths.slice(1).map((path) => path.slice(directory.length + 1)))
    truncateSync(paths[3]!, statSync(paths[3]!).size - 1)
    const { found, skipped } = await newestCheckpoint(directory)
    expect({ ...found, arrays: plain(found!.arrays) }).toEqual({ ...contents(3), path: paths[2] })
    expect(skipped).toEqual([{ path: paths[3], reason: expect.stringContaining('cut off') }])
  })
})

describe('bad files', () => {
  const rejected = (promise: Promise<unknown>): Promise<unknown> => promise.then(undefined, (error: unknown) => error)

  it.each([
    ['a missing file', () => readHdf5(at('missing')), 'ERR_IO', /missing: cannot read/],
    ['a directory', () => readZip(folder), 'ERR_IO', /cannot read/],
    ['a path that cannot be', () => writeZip(at('no/such/folder'), new Map()), 'ERR_IO', /cannot write/],
    ['another format', () => readSafetensors(fixture('model.keras')), 'ERR_FORMAT', /of safetensors, got one of zip/],
    [
      'soft links',
      () => readHdf5(fixture('refused-soft.h5')),
      'ERR_FORMAT',
      /refused-soft\.h5: .*soft links are refused/,
    ],
    ['code', () => readNpy(fixture('objects.npy')), 'ERR_FORMAT', /a type of numbers/],
  ])('%s', async (_, read, code, message) => {
    expect(await rejected(read())).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('an integer that does not fit', async () => {
    const big = new Map<string, FileArray>([
      ['step', { dtype: 'int64', shape: [2], values: BigInt64Array.of(1n, 2n ** 31n) }],
    ])
    writeFileSync(at('big.safetensors'), encode('safetensors', big))
    expect(await rejected(readSafetensors(at('big.safetensors')))).toMatchObject({
      code: 'ERR_DATA',
      message: expect.stringContaining(`array 'step': expected int64 that fits int32, got 2147483648`),
    })
  })

  it('a write that fails leaves the file that was there', async () => {
    await writeNpy(at('kept.npy'), float32([1], 5))
    const twice = new Map([['../out', 'x']])
    expect(await rejected(writeZip(at('kept.npy'), twice))).toMatchObject({ code: 'ERR_FORMAT' })
    expect([...(await readNpy(at('kept.npy'))).dataSync()]).toEqual([5])
  })
})
