/** Features against Keras's FeatureSpace, and what holds of them besides. */
import {
  category,
  Dataset,
  Features,
  type FeaturesOptions,
  type FeatureTable,
  features,
  hashed,
  numeric,
} from 'ferrograd/data'
import { describe, expect, test } from 'vitest'
import type { ShapedArray } from '../../ts/data/shaped.js'
import { expectClose, fixture, type Numbers } from '../oracle.js'

interface Case {
  readonly name: string
  readonly adapt: Readonly<Record<string, readonly (number | string)[]>>
  readonly x: Readonly<Record<string, readonly (number | string)[]>>
  readonly output?: Numbers
  readonly parts?: Readonly<Record<string, Numbers>>
}

/** As `tools/oracle/topics/feature_space.py` has them. */
const spaces: Readonly<Record<string, readonly [FeatureTable, FeaturesOptions]>> = {
  numbers: [{ age: numeric().normalize(), income: numeric(), score: numeric().rescale({ scale: 0.5, offset: 1 }) }, {}],
  bins: [{ age: numeric().discretize(5), income: numeric().discretize(3) }, {}],
  categories: [{ city: category(), code: category() }, {}],
  most: [{ city: category({ maxTokens: 4, numOovIndices: 2 }), code: category({ maxTokens: 4 }) }, {}],
  hashes: [{ device: hashed(8), campaign: hashed(6) }, {}],
  crosses: [
    { age: numeric().discretize(4), city: category(), code: category() },
    { crosses: [['age', 'city'], { features: ['city', 'code'], dim: 7 }], crossingDim: 11 },
  ],
  all: [
    {
      income: numeric().normalize(),
      age: numeric().discretize(6),
      score: numeric(),
      code: category(),
      city: category(),
      device: hashed(5),
    },
    { crosses: [['age', 'device']], crossingDim: 9 },
  ],
  ints: [
    {
      city: category().int(),
      age: numeric().discretize(4, { outputMode: 'int' }),
      device: hashed(9).int(),
      income: numeric().normalize(),
    },
    { outputMode: 'dict', crosses: [{ features: ['city', 'age'], dim: 13, outputMode: 'int' }] },
  ],
}

type Row = Readonly<Record<string, number | string>>
const rowsOf = (columns: Case['x']): Row[] =>
  Object.values(columns)[0]!.map((_, i) =>
    Object.fromEntries(Object.entries(columns).map(([name, own]) => [name, own[i]!])),
  )

describe('Keras', () => {
  test.each(fixture<Case>('feature_space').cases.map((one) => [one.name, one] as const))('%s', async (name, one) => {
    const [table, options] = spaces[name]!
    const learnt = (await features(table, options as FeaturesOptions<string, 'concat'>).adapt(
      Dataset.fromColumns(one.adapt) as Dataset<never>,
    )) as unknown as Features<Row>
    const again = Features.fromJSON<Row>(JSON.parse(JSON.stringify(learnt)))
    for (const space of [learnt, again]) {
      const encoded = space.encode(rowsOf(one.x))
      if (one.output !== undefined) {
        expect(encoded.shape).toEqual(one.output.shape)
        expectClose(encoded.values, one.output, 2e-6, 'output')
        expect(space.columns).toHaveLength(space.width)
      } else
        for (const [part, wanted] of Object.entries(one.parts!)) {
          const own = (encoded as unknown as Record<string, ShapedArray>)[part]!
          expect(own.shape).toEqual(wanted.shape)
          expectClose(own.values, wanted, 2e-6, part)
        }
    }
  })
})

const rows = [
  { age: 31, city: 'Rome', member: true, page: '/a', left: 1 },
  { age: Number.NaN, city: 'Oslo', member: false, page: '/b', left: 0 },
  { age: 52, city: '', member: true, page: '', left: 0 },
  { age: 8, city: 'Rome', member: false, page: '/a', left: 1 },
]
const table = {
  age: numeric().impute('median').normalize().indicator(),
  city: category(),
  member: numeric(),
  page: hashed(4),
}
const [mean, deviation] = [91 / 3, Math.sqrt(((31 - 91 / 3) ** 2 + (52 - 91 / 3) ** 2 + (8 - 91 / 3) ** 2) / 3)]

test('what each number is, and missing values', async () => {
  const space = await features(table).adapt(Dataset.from(rows))
  expect(space.columns).toEqual([
    'age',
    'age is missing',
    'city=?',
    'city=Rome',
    'city=Oslo',
    'city=',
    'member',
    'page#0',
    'page#1',
    'page#2',
    'page#3',
  ])
  const { values, shape } = space.encode(
    [
      { age: null, city: undefined, member: null as unknown as boolean, page: null },
      { age: 52, city: 'Lima', member: true, page: '/a' },
    ].map((row) => ({ ...row, member: row.member ?? false })),
  )
  expect(shape).toEqual([2, 11])
  const [first, second] = [Array.from(values.slice(0, 11)), Array.from(values.slice(11))]
  expect(first.slice(0, 7)).toEqual([Math.fround((31 - mean) / deviation), 1, 0, 0, 0, 1, 0])
  expect(second.slice(0, 7)).toEqual([Math.fround((52 - mean) / deviation), 0, 1, 0, 0, 0, 1])
  // A missing value is hashed as the empty text.
  expect(first.slice(7)).toEqual(Array.from(space.encode({ ...rows[2]! }).values.slice(7)))
})

test.each([
  ['rows', Dataset.from(rows)],
  ['columns', Dataset.from(rows).load()],
  ['batches', Dataset.from(rows).batch(3)],
])('the same is learnt from %s, and from JSON', async (_, data) => {
  const wanted = await features(table).adapt(Dataset.from(rows))
  const own = await features(table).adapt((await data) as Dataset<(typeof rows)[number]>)
  expect(own.toJSON()).toEqual(wanted.toJSON())
  const kept = Features.fromJSON(JSON.parse(JSON.stringify(own)))
  expect(kept.toJSON()).toEqual(own.toJSON())
  expect(kept.encode(rows)).toEqual(own.encode(rows))
})

test('rows on their way to a fit have the numbers of raw rows', async () => {
  const data = Dataset.from(rows)
  const space = await features(table).adapt(data)
  const [batch] = await data.map(space.inputsAndTarget('left')).batch(4).toArray()
  expect(batch!.x).toEqual(space.encode(rows))
  expect(Array.from(batch!.y.values)).toEqual([1, 0, 0, 1])
  const loaded = await data.load()
  const [columnwise] = await loaded.map(space.inputsAndTarget('left', 'age')).batch(4).toArray()
  expect(columnwise!.x).toEqual(space.encode(rows))
  expect(columnwise!.sampleWeight.shape).toEqual([4])
  const inputs = await data.map(space.inputs()).toArray()
  expect(inputs.map(({ values }) => Array.from(values))).toEqual(
    rows.map((row) => Array.from(space.encode(row).values)),
  )
  // @ts-expect-error There is no such column.
  await expect(() => data.map(space.inputsAndTarget('gone')).toArray()).rejects.toThrow("got 'gone'")
})

test('rows of a table in small batches have the numbers of raw rows, whatever texts other batches have', async () => {
  const raw = Array.from({ length: 600 }, (_, i) => ({
    city: `city ${(i * 7) % 400}`,
    page: `page ${i % 5}`,
    y: i % 2,
  }))
  const lines = ['city,page,y', ...raw.map(({ city, page, y }) => `${city},${page},${y}`)].join('\n')
  const schema = { city: 'string', page: 'string', y: 'float32' } as const
  const data = Dataset.csv(new TextEncoder().encode(lines), { schema })
  const space = await features({ city: category({ maxTokens: 50 }), page: hashed(3) }).adapt(data)
  const wanted = space.encode(raw) as ShapedArray
  const width = wanted.shape[1]!
  let at = 0
  for await (const { x } of data.map(space.inputsAndTarget('y')).batch(8)) {
    const { values } = x as ShapedArray
    expect(Array.from(values)).toEqual(Array.from(wanted.values.subarray(at, at + values.length)))
    at += values.length
  }
  expect(at).toBe(600 * width)
})

test('one pass over the data, whatever is learnt', async () => {
  let passes = 0
  const data = Dataset.from(function* () {
    passes += 1
    yield* rows
  })
  await features({ ...table, left: numeric().discretize(2) }).adapt(data)
  expect(passes).toBe(1)
  // Nothing to learn: nothing is read.
  const given = features({ page: hashed(3), city: category({ vocabulary: ['Rome'] }), left: numeric() })
  expect(given.encode(rows).shape).toEqual([4, 6])
  await given.adapt(data)
  expect(passes).toBe(1)
})

test('missing values become the mean, the median, the most frequent, or a number', async () => {
  const values = Dataset.fromColumns({ a: Float64Array.of(4, 1, Number.NaN, 1, 2) })
  for (const [fill, wanted] of [
    ['mean', 2],
    ['median', 1.5],
    ['mostFrequent', 1],
    [-7, -7],
  ] as const) {
    const space = await features({ a: numeric().impute(fill) }).adapt(values)
    expect(Array.from(space.encode([{ a: null }, { a: 3 }]).values)).toEqual([wanted, 3])
  }
})

const learnt = await features({
  age: numeric().normalize(),
  city: category(),
  code: category({ numOovIndices: 0 }),
}).adapt(
  Dataset.from([
    { age: 1, city: 'Rome', code: 7 },
    { age: 3, city: 'Oslo', code: 9 },
  ]),
)
const good = { age: 1, city: 'Rome', code: 7 }

test.each([
  [() => features({}), 'features.table: expected at least one feature'],
  [
    () => features({ age: 'float' as never }),
    "features.age: expected numeric(), category() or hashed(bins), got 'float'",
  ],
  [
    () => features({ age: category() }, { crosses: [['age', 'agee'] as never] }),
    "expected features among age, got 'agee'; did you mean 'age'?",
  ],
  [() => features({ age: numeric(), b: category() }, { crosses: [['age', 'b']] }), 'features that are categories'],
  [() => features({ age: category() }, { crosses: [['age']] }), 'at least two features each'],
  [() => features({ age: category().int() }), 'an encoding, where all features are one array'],
  [
    () => features({ age: numeric() }, { outputMod: 'dict' } as never),
    "unknown option 'outputMod'. Did you mean 'outputMode'?",
  ],
  [
    () => numeric().impute('middle' as never),
    "numeric().impute: expected 'mean', 'median', 'mostFrequent' or a number",
  ],
  [() => numeric().discretize([3, 1]), 'a number of bins, or boundaries that ascend'],
  [() => category({ maxTokens: 2, numOovIndices: 2 }), 'category.maxTokens: expected more than the 2'],
  [() => category({ vocabulary: ['a', 'a'] }), "category.vocabulary: expected each value once, got 'a'"],
  [() => hashed(0), 'hashed.bins: expected an integer ≥ 1, got 0'],
  [() => features({ age: numeric().normalize() }).encode({ age: 1 }), 'features: call adapt(rows) first'],
  [
    () => learnt.encode({ ...good, age: null }),
    'features.age row 0: expected a number, got a missing value. numeric().impute',
  ],
  [
    () => learnt.encode([good, { ...good, age: Number.POSITIVE_INFINITY }]),
    'features.age row 1: expected a finite number, got Infinity',
  ],
  [
    () => learnt.encode([good, { ...good, age: 'old' as never }]),
    "features.age row 1: expected a number, got 'old'. category()",
  ],
  [() => learnt.encode([good, { ...good, city: 5 }]), 'features.city row 1: expected text, as it was learnt, got 5'],
  [() => learnt.encode([good, { ...good, code: 8 }]), 'features.code row 1: expected a value that was learnt'],
  [
    () => learnt.encode([{ age: 1, cty: 'Rome', code: 7 } as never]),
    "expected a column among age, cty, code, got 'city'; did you mean 'cty'?",
  ],
  [
    () => features({ a: category(), b: category() }, { crosses: [['a', 'constructor' as never]] }),
    "features.crosses: expected features among a, b, got 'constructor'",
  ],
  [
    () => features({ a: category() }, { crosses: 'a' as never }),
    "features.crosses: expected a list of crosses, got 'a'",
  ],
  [() => features({ a: category() }, { crosses: [{ dim: 3 } as never] }), 'features.crosses.features: is required'],
  [() => features({ a: category() }, { croses: [] } as never), "unknown option 'croses'. Did you mean 'crosses'?"],
  [() => category({ maxTokns: 5 } as never), "category: unknown option 'maxTokns'. Did you mean 'maxTokens'?"],
  [() => learnt.encode([]), 'features.encode: expected at least one row'],
  [() => learnt.encode([null as never]), 'features.encode[0]: expected an object, got null'],
  [() => Features.fromJSON({ version: 2 }), 'Features.fromJSON.version: expected 1'],
  [
    () => Features.fromJSON({ ...learnt.toJSON(), features: { a: { kind: 'image' } } }),
    "'numeric', 'category' or 'hashed', got 'image'",
  ],
])('refuses %#', (made, message) => {
  expect(made).toThrow(message)
})

test.each([
  [
    () => features({ age: numeric().normalize() }).adapt(Dataset.from(rows).repeat()),
    'features: expected data that end',
  ],
  [
    () => features({ age: numeric().normalize() }).adapt(Dataset.from(rows)),
    'features.age row 1: expected a number, got a missing value',
  ],
  [
    () => features({ age: numeric().impute(0).normalize() }).adapt(Dataset.from([{ age: null }])),
    'features.age: expected a value that is there, got none',
  ],
  [
    () => features({ ages: numeric().normalize() }).adapt(Dataset.from(rows) as never),
    "got 'ages'; did you mean 'age'?",
  ],
])('refuses to learn %#', async (made, message) => {
  await expect(made()).rejects.toThrow(message)
})

test('a feature that is one of some values is one-hot or a number, and what it was stays as it was', () => {
  for (const made of [category({ maxTokens: 9 }), hashed(7, { salt: 3 })]) {
    const number = made.int()
    expect(number.plan).toEqual({ ...made.plan, output: 'int' })
    expect(number.oneHot().plan).toEqual(made.plan)
    expect(made.plan.output).toBe('oneHot')
  }
})

test('features of columns that there are not do not compile', async () => {
  const space = features({ age: numeric(), city: category() })
  // @ts-expect-error A number where text may stand, but no text where a number has to.
  expect(() => space.encode({ age: 'x', city: 1 })).toThrow()
  // @ts-expect-error No such feature can be crossed.
  expect(() => features({ age: category() }, { crosses: [['age', 'b']] })).toThrow()
  // @ts-expect-error Rows have no city.
  await expect(space.adapt(Dataset.from([{ age: 1 }]))).rejects.toThrow("got 'city'")
})
