/** Layers that learn from a stream, one or several in one pass. */
import { expect, test } from 'vitest'
import { Dataset } from '../../ts/data/index.js'
import {
  adaptAll,
  Discretization,
  IntegerLookup,
  Normalization,
  StringLookup,
  TextVectorization,
} from '../../ts/layers/index.js'

const count = 9000
const cities = ['Rome', 'Oslo', 'Lima', 'Paris']
const at = (i: number, k: number): number => Math.abs(Math.sin(i * 12.9898 + k * 78.233) * 43_758.5453) % 1
const age = Float32Array.from({ length: count }, (_, i) => 20 + 50 * at(i, 1))
const income = Float32Array.from({ length: count }, (_, i) => 1000 * at(i, 2) ** 3)
const code = Int32Array.from({ length: count }, (_, i) => Math.floor(10 * at(i, 3) ** 2))
const city = Array.from({ length: count }, (_, i) => cities[Math.floor(4 * at(i, 4) ** 2)]!)
const note = Array.from({ length: count }, (_, i) => (i % 3 === 0 ? 'good value' : 'bad, bad smell'))

/** Counts how often somebody begins to read. */
function table(): { readonly rows: Dataset<Row>; readonly passes: () => number } {
  let passes = 0
  const rows = Dataset.from(function* () {
    passes += 1
    for (let i = 0; i < count; i++)
      yield { age: age[i]!, income: income[i]!, code: code[i]!, city: city[i]!, note: note[i]! }
  })
  return { rows, passes: () => passes }
}

interface Row {
  readonly age: number
  readonly income: number
  readonly code: number
  readonly city: string
  readonly note: string
}

const layers = () => ({
  age: new Normalization({ dtype: 'float64' }),
  income: new Discretization({ numBins: 4 }),
  code: new IntegerLookup(),
  city: new StringLookup(),
  note: new TextVectorization(),
})

function expectAlike(own: ReturnType<typeof layers>, wanted: ReturnType<typeof layers>): void {
  const statistics = [own, wanted].map((all) => {
    const { mean, variance } = all.age.adapted!
    return [...mean.read().dataSync(), ...variance.read().dataSync()]
  })
  statistics[0]!.forEach((value, i) => void expect(value / statistics[1]![i]!).toBeCloseTo(1, 9))
  // Out of about a hundred values that stand for all.
  own.income.boundaries!.forEach((edge, i) => {
    const below = income.filter((value) => value < edge).length / count
    expect(Math.abs(below - (i + 1) / 4)).toBeLessThan(0.02)
  })
  expect(own.code.getVocabulary()).toEqual(wanted.code.getVocabulary())
  expect(own.city.getVocabulary()).toEqual(wanted.city.getVocabulary())
  expect(own.note.getVocabulary()).toEqual(wanted.note.getVocabulary())
}

const wanted = layers()
wanted.age.adapt(age)
wanted.income.adapt(income)
wanted.code.adapt(code)
wanted.city.adapt(city)
wanted.note.adapt(note)

test.each([
  ['rows', table().rows],
  ['columns', Dataset.fromColumns({ age, income, code, city, note })],
  ['batches', table().rows.batch(100)],
  ['columns in batches', Dataset.fromColumns({ age, income, code, city, note }).batch(7)],
])('several layers learn from %s what each learns alone', async (_, rows) => {
  const own = layers()
  await adaptAll(rows as Dataset<Row>, own)
  expectAlike(own, wanted)
  // However the rows are cut.
  const again = layers()
  await adaptAll(table().rows, again)
  expect(own.income.boundaries).toEqual(again.income.boundaries)
})

test('the data are read once', async () => {
  const { rows, passes } = table()
  await adaptAll(rows, layers())
  expect(passes()).toBe(1)
})

test('nothing changes where the data end early', async () => {
  const own = layers()
  own.city.adapt(['before'])
  const broken = Dataset.from(async function* (): AsyncGenerator<Row> {
    yield { age: 1, income: 2, code: 3, city: 'Rome', note: 'x' }
    throw new Error('the line was cut')
  })
  await expect(adaptAll(broken, own)).rejects.toThrow('the line was cut')
  expect(own.city.getVocabulary()).toEqual(['[UNK]', 'before'])
  expect(own.income.boundaries).toBeNull()
  expect(() => own.code.getVocabulary()).toThrow('call adapt first')
})

test.each([
  [() => adaptAll(table().rows, {}), 'adaptAll.layers: expected at least one layer'],
  [() => adaptAll(table().rows.repeat(), layers()), 'adaptAll: expected data that end'],
  [
    () => adaptAll(table().rows, { cty: new StringLookup() } as never),
    "adaptAll: expected a column among age, income, code, city, note, got 'cty'; did you mean 'city'?",
  ],
  [() => adaptAll(table().rows, { age: {} as never }), 'adaptAll.age: expected a layer that learns from data'],
  [() => adaptAll(table().rows, { age: new StringLookup() }), 'StringLookup.adapt: expected strings, got'],
  [
    () => adaptAll(Dataset.from([{ age: 1 }, { age: null as unknown as number }]), { age: new Normalization() }),
    'Normalization.adapt',
  ],
  [
    () => new Discretization({ numBins: 2 }).adapt(Dataset.from<number[]>([])),
    'Discretization.adapt: expected at least one',
  ],
])('refuses %#', async (adapted, message) => {
  await expect((async () => adapted())()).rejects.toThrow(message)
})
