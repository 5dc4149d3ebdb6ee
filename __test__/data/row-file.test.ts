import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Dataset } from 'ferrograd/data'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'ferrograd-rows-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => join(folder, name)

/** Wide rows, so that the file has many blocks: 256 of them or so in each. */
const WIDTH = 1000
const COUNT = 2500
const row = (i: number) => ({
  id: i,
  city: `c${i % 7}`,
  isOdd: i % 2 === 1,
  x: { values: Float32Array.from({ length: WIDTH }, (_, j) => i + j / WIDTH), shape: [WIDTH] },
})
let opened = 0
const source = () =>
  Dataset.from(function* () {
    opened += 1
    for (let i = 0; i < COUNT; i++) yield row(i)
  })

describe('a cache in a file', () => {
  let stored: Dataset<ReturnType<typeof row>>
  beforeAll(async () => {
    stored = await source().cache(at('rows'))
  })

  test('has the rows as they were, once and for all', async () => {
    const before = opened
    expect(stored.count).toBe(COUNT)
    for (const _ of [1, 2]) {
      const all = await stored.toArray()
      expect(all).toHaveLength(COUNT)
      for (const i of [0, 1, 255, 256, 1700, COUNT - 1]) expect(all[i]).toEqual(row(i))
    }
    expect((await stored.skip(COUNT - 2).toArray()).map(({ id }) => id)).toEqual([COUNT - 2, COUNT - 1])
    const again = await source().cache(at('rows'))
    expect((await again.select('id').take(3).toArray()).map(({ id }) => id)).toEqual([0, 1, 2])
    expect(opened).toBe(before)
    expect(readdirSync(folder)).toEqual(['rows'])
  })

  test('is shuffled by blocks and rows: all rows once, another order each pass, neighbours apart', async () => {
    const ids = async (data: Dataset<{ id: number }>) => (await data.toArray()).map(({ id }) => id)
    const shuffled = stored.shuffle({ seed: 3, buffer: 1000 })
    const [first, second] = [await ids(shuffled), await ids(shuffled)]
    expect(first).not.toEqual(second)
    for (const pass of [first, second])
      expect([...pass].sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, i) => i))
    const distance = first.slice(1).reduce((sum, id, i) => sum + Math.abs(id - first[i]!), 0) / (COUNT - 1)
    // Within windows of 1,000 rows of blocks from anywhere: 1/3 of all for a whole permutation.
    expect(distance).toBeGreaterThan(COUNT / 6)
    expect(await ids(stored.shuffle({ seed: 3, buffer: 1000 }))).toEqual(first)
    expect(await ids(stored.shuffle({ seed: 4, buffer: 1000 }))).not.toEqual(first)
  })

  test('goes on anywhere', async () => {
    const made = () => stored.select('id', 'city').shuffle({ seed: 5, buffer: 600 }).batch(16).repeat(2)
    const direct = () => stored.shuffle({ seed: 5, buffer: 600 }).select('id').batch(16)
    for (const make of [made, direct] as (() => Dataset<unknown>)[]) {
      const all = await make().toArray()
      for (let k = 0; k < 12; k++) {
        const place = (k * 7919 + 13) % all.length
        const first = make()
        let seen = 0
        if (place > 0) for await (const _ of first) if (++seen === place) break
        const second = make()
        second.restore(JSON.parse(JSON.stringify(first.state())))
        const rest: unknown[] = []
        for await (const batch of second) rest.push(batch)
        expect(rest).toEqual(all.slice(place))
      }
    }
  })

  test('leaves no file open, and none that is not whole', async () => {
    const files = (): number => readdirSync('/proc/self/fd').length
    const before = existsSync('/proc/self/fd') ? files() : 0
    for (let i = 0; i < 5; i++) for await (const _ of stored.shuffle({ seed: i })) break
    const failing = Dataset.from(function* () {
      yield { a: 1 }
      throw new Error('the source fails')
    })
    await expect(failing.cache(at('broken'))).rejects.toThrow('the source fails')
    expect(readdirSync(folder)).toEqual(['rows'])
    if (before > 0) expect(files()).toBeLessThanOrEqual(before + 1)
  })

  test('every byte that is not as it was written is found', async () => {
    const bytes = readFileSync(at('rows'))
    const copy = at('damaged')
    const size = statSync(at('rows')).size
    for (const place of [8, 5000, Math.floor(size / 2), size - 4000, size - 30, size - 12, size - 3]) {
      const other = Uint8Array.from(bytes)
      other[place]! ^= 1
      writeFileSync(copy, other)
      const read = async () => (await source().cache(copy)).select('id').toArray()
      await expect(read(), `byte ${place} of ${size}`).rejects.toThrow(
        /damaged: expected a whole file of rows, got .*Remove it/,
      )
    }
    for (const length of [0, 7, 20, 5000, size - 1]) {
      writeFileSync(copy, bytes)
      truncateSync(copy, length)
      await expect(source().cache(copy), `${length} bytes`).rejects.toThrow(
        /damaged: expected a whole file of rows, got it /,
      )
    }
    // One that is cut while it is read.
    writeFileSync(copy, bytes)
    const data = await source().cache(copy)
    truncateSync(copy, Math.floor(size / 2))
    await expect(data.toArray()).rejects.toThrow(/damaged: expected a whole file of rows, got it is cut short/)
    rmSync(copy)
  })

  test.each([
    [
      () => Dataset.from([{ a: 1 }, { b: 1 }]).cache(at('x')),
      /Dataset\.cache: expected rows of one form, got rows that differ/,
    ],
    [
      () => Dataset.from([{ a: [1, 2] }]).cache(at('x')),
      /Dataset\.cache column a: expected numbers, truth values or text, got \[1, 2\]/,
    ],
    [
      () => Dataset.from([{ a: { deep: null } }]).cache(at('x')),
      /Dataset\.cache column a\.deep: expected numbers, truth values or text, got null/,
    ],
    [
      () =>
        Dataset.from(function* () {
          yield { a: { values: new Float32Array(2), shape: [2] } }
          yield { a: { values: new Float32Array(3), shape: [3] } }
        }).cache(at('x')),
      /Dataset\.cache column a: expected float32 of shape \[2\], as in the first rows, got float32 of shape \[3\]/,
    ],
    [() => Dataset.from([]).cache(at('x')), /Dataset\.cache: expected at least one row, got none/],
    [() => Dataset.from([{ a: 1 }]).cache(at('no/where')), /where.*: ENOENT/],
    [() => Dataset.from([{ a: 1 }]).cache(5 as never), /Dataset\.cache\.path: expected a path, got 5/],
  ])('refuses %#', async (made, message) => {
    await expect((async () => made())()).rejects.toThrow(message)
    expect(existsSync(at('x'))).toBe(false)
  })
})
