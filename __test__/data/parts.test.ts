import { inspect } from 'node:util'
import { Dataset } from 'ferrograd/data'
import { describe, expect, test } from 'vitest'

const n = 200
const id = Int32Array.from({ length: n }, (_, i) => i)
const left = Array.from({ length: n }, (_, i) => (i % 10 === 0 ? 'yes' : 'no'))
const group = Int32Array.from({ length: n }, (_, i) => Math.floor(i / 7))
const rows = () => Dataset.fromColumns({ id, left, group })
const ids = async (data: Dataset<{ readonly id: number }>): Promise<number[]> =>
  (await data.toArray()).map((row) => row.id)

describe('split', () => {
  test('every row is on one side, whatever the pass and the order before', async () => {
    for (const data of [
      rows(),
      rows().shuffle({ seed: 2 }),
      Dataset.from(async function* () {
        yield* await rows().toArray()
      }),
    ]) {
      const { train, test } = await data.split(0.8, { seed: 3 })
      const first = [await ids(train), await ids(test)] as const
      expect([first[0].length, first[1].length]).toEqual([160, 40])
      expect([...first[0], ...first[1]].sort((a, b) => a - b)).toEqual([...id])
      expect([await ids(train), await ids(test)]).toEqual(first)
    }
    const other = await rows().split(0.8, { seed: 4 })
    expect(await ids(other.test)).not.toEqual(await ids((await rows().split(0.8, { seed: 3 })).test))
  })

  test('stratified, by group, and the tail', async () => {
    const { test } = await rows().split(0.8, { stratify: 'left', seed: 1 })
    expect((await test.toArray()).filter((row) => row.left === 'yes')).toHaveLength(4)
    const sides = await rows().split(0.7, { by: 'group', seed: 1 })
    const groups = (await sides.train.toArray()).map((row) => row.group)
    expect((await sides.test.toArray()).some((row) => groups.includes(row.group))).toBe(false)
    expect(Math.abs(groups.length - 140)).toBeLessThan(7)
    expect(await ids((await rows().split(0.9, { by: 'tail' })).test)).toEqual([...id.slice(180)])
    await expect(rows().split(1.2)).rejects.toThrow(/share: expected a number in \(0, 1\)/)
    await expect(rows().take(1).split(0.5)).rejects.toThrow(/at least one row on either side/)
    await expect(rows().split(0.5, { stratify: 'lefd' as 'left' })).rejects.toThrow(/did you mean 'left'/i)
  })
})

describe('split without loading', () => {
  /** As rows of a file that is read again at each pass, and mixed otherwise. */
  const stream = () =>
    Dataset.from(async function* () {
      yield* await rows().toArray()
    })

  test('every row is on one side, whatever the pass, and nothing is kept', async () => {
    const { train, test } = await stream().shuffle({ seed: 2, buffer: 50 }).split(0.8, { seed: 3, load: false })
    const [first, held] = [await ids(train), await ids(test)]
    expect([...first, ...held].sort((a, b) => a - b)).toEqual([...id])
    expect(Math.abs(first.length - 160)).toBeLessThan(25)
    expect([await ids(train), await ids(test), train.count]).toEqual([first, held, undefined])
    expect(await ids(train.skip(7) as never)).toEqual(first.slice(7))
    const other = await stream().shuffle({ seed: 2, buffer: 50 }).split(0.8, { seed: 4, load: false })
    expect(await ids(other.test)).not.toEqual(held)
  })

  test('a group stays on one side, in whatever order its rows come', async () => {
    const sides = async (data: Dataset<{ readonly group: number; readonly id: number }>) => {
      const { train, test } = await data.split(0.7, { by: 'group', seed: 5, load: false })
      return [await ids(train), await ids(test)].map((own) => own.sort((a, b) => a - b)) as [number[], number[]]
    }
    const [train, test] = await sides(stream())
    expect(train.length + test.length).toBe(n)
    expect(train.length).toBeGreaterThan(test.length)
    expect(test.length).toBeGreaterThan(0)
    const groups = new Set(train.map((row) => group[row]))
    expect(test.filter((row) => groups.has(group[row]!))).toEqual([])
    expect(await sides(stream().shuffle({ seed: 9, buffer: 100 }))).toEqual([train, test])
  })

  test('a file of CSV trains on one side and is tested on the other', async () => {
    const text = `id,group\n${Array.from({ length: 500 }, (_, i) => `${i},g${i % 20}\n`).join('')}`
    const data = Dataset.csv(new TextEncoder().encode(text), { schema: { id: 'int32', group: 'string' } })
    const { train, test } = await data.split(0.5, { by: 'group', load: false })
    const [own, others] = [await train.toArray(), await test.toArray()]
    expect(own.length + others.length).toBe(500)
    expect(new Set([...own, ...others].map((row) => row.group)).size).toBe(20)
    expect(others.filter((row) => own.some(({ group }) => group === row.group))).toEqual([])
    expect(await test.batch(8).take(1).toArray()).toHaveLength(1)
  })

  test.each([
    [
      { stratify: 'left' },
      /Dataset\.split\.stratify: expected rows in memory, got that with load: false\. Rows at random/,
    ],
    [{ by: 'tail' }, /Dataset\.split\.by: expected 'random' or a column, .* Use take\(n\) and skip\(n\)/],
  ] as const)('refuses %o', async (options, message) => {
    await expect(stream().split(0.5, { ...options, load: false })).rejects.toThrow(message)
  })

  test('refuses columns that are not there, and values that are no keys', async () => {
    const misspelt = await stream().split(0.5, { by: 'grup' as 'group', load: false })
    await expect(misspelt.train.toArray()).rejects.toThrow(/column among id,left,group, got 'grup'/)
    const lists = Dataset.from(async function* () {
      yield { a: [1] }
    })
    const { test } = await lists.split(0.5, { by: 'a', load: false })
    await expect(test.toArray()).rejects.toThrow(/Dataset\.split row 0, column a: expected a number, text or a truth/)
  })
})

test('what never ends is refused where all of it would be read', async () => {
  const endless = rows().repeat()
  for (const call of [() => endless.load(), () => endless.describe(), () => endless.split(0.5)])
    await expect(call()).rejects.toThrow(/expected a data set that ends, got one that repeats for ever/)
})

test('load reads once', async () => {
  let passes = 0
  const source = Dataset.from(async function* () {
    passes += 1
    yield* await rows().toArray()
  })
  const loaded = await source.load()
  expect([loaded.count, await ids(loaded as never), await ids(loaded.shuffle({ seed: 1 }).take(0) as never)]).toEqual([
    n,
    [...id],
    [],
  ])
  expect(passes).toBe(1)
})

test('describe: the numbers of pandas, printed as tables', async () => {
  const data = Dataset.fromColumns({ a: [4, 1, Number.NaN, 2, 3], city: ['Rome', '', 'Oslo', 'Rome', 'Rome'] })
  const { rows, numbers, texts } = await data.describe()
  expect(rows).toBe(5)
  const { std, ...others } = numbers.a!
  expect(others).toEqual({ count: 4, missing: 1, mean: 2.5, min: 1, quartiles: [1.75, 2.5, 3.25], max: 4 })
  expect(std).toBeCloseTo(1.2909944487358056, 14)
  expect(texts.city).toEqual({
    count: 4,
    missing: 1,
    distinct: 2,
    top: [
      ['Rome', 3],
      ['Oslo', 1],
    ],
  })
  expect(inspect(await data.describe())).toMatch(
    /5 rows\n\n +count +missing +mean[\s\S]*\na +4 +1 +2\.5 +1\.291[\s\S]*Rome \(3\), Oslo \(1\)/,
  )
  expect(await (await data.batch(2).unbatch().describe()).rows).toBe(5)
})

test('infinite values count: the mean is infinite, and the deviation is not a number', async () => {
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  const of = async (values: number[]) => (await Dataset.fromColumns({ a: values }).describe()).numbers.a!
  const expected = { count: 4, missing: 1, std: Number.NaN }
  expect(await of([1, high, Number.NaN, 2, 3])).toEqual({
    ...expected,
    mean: high,
    min: 1,
    quartiles: [1.75, 2.5, high],
    max: high,
  })
  expect(await of([1, low, Number.NaN, 2, 3])).toMatchObject({ ...expected, mean: low, min: low, max: 3 })
  expect(await of([1, low, Number.NaN, high, 3])).toMatchObject({ ...expected, mean: Number.NaN, min: low, max: high })
})
