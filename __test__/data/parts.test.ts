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
