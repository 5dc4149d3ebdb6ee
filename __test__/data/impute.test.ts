import { Dataset, imputer } from 'ferrograd/data'
import { describe, expect, test } from 'vitest'

const columns = {
  age: Float32Array.of(31, Number.NaN, 8, 40, Number.NaN),
  height: Float64Array.of(1.5, 2, Number.NaN, 1.5, 2),
  city: ['Rome', 'Oslo', '', 'Rome', ''],
  visits: Int32Array.of(1, 2, 3, 4, 5),
}
const table = () => Dataset.fromColumns(columns)
const lines = () =>
  Dataset.from(function* () {
    for (let i = 0; i < 5; i++)
      yield { age: columns.age[i]!, height: columns.height[i]!, city: columns.city[i]!, visits: columns.visits[i]! }
  })

describe.each([
  ['columns', table],
  ['rows', lines],
] as const)('over %s', (_, rows) => {
  test('finds what to fill in, and fills it in', async () => {
    const fill = await imputer(rows(), { age: 'median', height: 'mostFrequent', city: 'mostFrequent' })
    expect(fill.values).toEqual({ age: 31, height: 1.5, city: 'Rome' })
    const filled = await rows().map(fill).toArray()
    expect(filled.map(({ age }) => age)).toEqual([31, 31, 8, 40, 31])
    expect(filled.map(({ height }) => height)).toEqual([1.5, 2, 1.5, 1.5, 2])
    expect(filled.map(({ city }) => city)).toEqual(['Rome', 'Oslo', 'Rome', 'Rome', 'Rome'])
    expect(filled.map(({ visits }) => visits)).toEqual([1, 2, 3, 4, 5])
    const mean = await imputer(rows(), { age: 'mean', city: { constant: '?' }, visits: 0 })
    expect(mean.values).toEqual({ age: 79 / 3, city: '?', visits: 0 })
    const [batch] = await rows().map(mean).select('age').batch(5).toArray()
    expect(Array.from(batch!.age.values, Math.fround)[1]).toBe(Math.fround(79 / 3))
  })

  test('says where one was missing, and is made again of what was kept', async () => {
    const fill = await imputer(rows(), { age: 5, city: { constant: '' } }, { indicators: true })
    const kept = imputer<{ age: number; city: string }>(JSON.parse(JSON.stringify(fill.values)), { indicators: true })
    const [first, second] = [
      await rows().map(fill).toArray(),
      await rows()
        .map(kept as never)
        .toArray(),
    ]
    expect(first).toEqual(second)
    expect(first.map((row) => row.ageIsMissing)).toEqual([false, true, false, false, true])
    expect(first.map((row) => row.cityIsMissing)).toEqual([false, false, true, false, true])
    expect(columns.age[1]).toBeNaN()
    // @ts-expect-error No such column was filled.
    expect(first[0]!.visitsIsMissing).toBeUndefined()
  })
})

test.each([
  ['lists', () => Dataset.fromColumns({ age: [31, null, 8, Number.NaN], city: ['Rome', null, '', 'Rome'] })],
  [
    'rows as a database gives them',
    () =>
      Dataset.from([
        { age: 31, city: 'Rome' },
        { age: null, city: null },
        { age: 8, city: '' },
        { age: undefined, city: 'Rome' },
      ]),
  ],
  [
    'rows that begin with one',
    () =>
      Dataset.from([
        { age: null, city: null },
        { age: 31, city: 'Rome' },
        { age: 8, city: 'Rome' },
      ]),
  ],
])('null is missing, in %s', async (_, rows) => {
  const fill = await imputer(
    rows() as Dataset<{ age: number; city: string }>,
    { age: 'median', city: 'mostFrequent' },
    { indicators: true },
  )
  expect(fill.values).toEqual({ age: 19.5, city: 'Rome' })
  const filled = await (rows() as Dataset<{ age: number; city: string }>).map(fill).toArray()
  expect(filled.filter((row) => row.ageIsMissing).map(({ age, city }) => [age, city])[0]).toEqual([19.5, 'Rome'])
  expect(filled.filter((row) => !row.ageIsMissing).map(({ age }) => age)).toEqual([31, 8])
})

test('what is neither a data set nor values is refused', () => {
  expect(() => imputer([1, 2] as never)).toThrow(
    'imputer: expected a Dataset, or values by the names of columns, got [1, 2]',
  )
})

test('a column may be called as what a data set has', async () => {
  const fill = imputer({ flow: 3 })
  expect(
    await Dataset.fromColumns({ flow: Float32Array.of(Number.NaN, 1) })
      .map(fill as never)
      .toArray(),
  ).toEqual([{ flow: 3 }, { flow: 1 }])
})

test('even numbers of values have their median between the middle two', async () => {
  const { values } = await imputer(Dataset.fromColumns({ a: Float64Array.of(4, 1, Number.NaN, 3, 2) }), { a: 'median' })
  expect(values).toEqual({ a: 2.5 })
})

test('the mean of an infinite value is infinite', async () => {
  const { values } = await imputer(Dataset.fromColumns({ a: [1, Number.POSITIVE_INFINITY, Number.NaN, 3] }), {
    a: 'mean',
  })
  expect(values).toEqual({ a: Number.POSITIVE_INFINITY })
})

test('of more values than are kept, the median of those that are', async () => {
  // In an order that mixes them: 1,200,007 is a prime number.
  const count = 1_200_007
  const a = Float64Array.from({ length: count }, (_, i) => (i * 611_953) % count)
  const rows = Dataset.fromColumns({ a, b: Int32Array.from(a, (value) => value % 7) })
  const { values } = await imputer(rows, { a: 'median' })
  // Five deviations of the median of 2²⁰ out of so many.
  expect(Math.abs((values.a as number) - count / 2)).toBeLessThan(1050)
  expect(values.a).not.toBe((count - 1) / 2)
  const others = await imputer(rows, { a: 'mean', b: 'mostFrequent' })
  expect(others.values.a).toBeCloseTo((count - 1) / 2, 3)
  expect(others.values.b).toBe(0)
})

test.each([
  [() => imputer(table(), {}), /imputer\.plan: expected at least one column/],
  [
    () => imputer(table(), { agee: 'mean' } as never),
    /imputer: expected a column among age, height, city, visits, got 'agee'/,
  ],
  [
    () => imputer(table(), { age: 'mode' as 'mean' }),
    /imputer\.age: expected 'mean', 'median', 'mostFrequent', a number or { constant }, got 'mode'/,
  ],
  [() => imputer(table(), { city: 'mean' }), /imputer\.city: expected a column of numbers for 'mean', got text/],
  [
    () => imputer(Dataset.fromColumns({ a: [Number.NaN] }), { a: 'mean' }),
    /imputer\.a: expected a value that is there, got none/,
  ],
  [
    () => imputer(table(), { age: 'mean' }, { indicator: true } as never),
    /imputer: unknown option 'indicator'.*'indicators'/,
  ],
  [() => imputer({ age: 3 }, { indicators: 'yes' as never }), /imputer\.indicators: expected true or false, got 'yes'/],
  [
    async () =>
      table()
        .map((await imputer(table(), { city: 0 })) as never)
        .toArray(),
    /imputer\.city: expected text, got 0/,
  ],
  [
    () => imputer(Dataset.fromColumns({ x: { values: new Float32Array(4), shape: [2, 2] } }), { x: 'mean' as never }),
    /imputer\.x: expected a column of one value a row, got arrays/,
  ],
])('refuses %#', async (made, message) => {
  await expect((async () => made())()).rejects.toThrow(message)
})
