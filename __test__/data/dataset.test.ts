import { inspect } from 'node:util'
import { Dataset } from 'ferrograd/data'
import { describe, expect, test } from 'vitest'

const ten = Array.from({ length: 10 }, (_, i) => i)
const list = (data: Dataset<unknown>): Promise<unknown[]> => data.toArray()

describe('Dataset', () => {
  test('says on the console what it is, without going through it', () => {
    const data = Dataset.from(ten)
    const never = (): Generator<number> => expect.unreachable('it was opened')
    expect(inspect(data)).toBe('Dataset(from: 10 elements)')
    expect(inspect({ data: data.take(1) })).toBe('{ data: Dataset(take: 1 element) }')
    expect(inspect(data.shuffle().batch(4))).toBe('Dataset(batch: 3 elements)')
    expect(inspect(data.filter((x) => x > 3))).toBe('Dataset(filter: elements not counted)')
    expect(inspect(Dataset.from(never).repeat())).toBe('Dataset(repeat: elements without end)')
    expect(inspect(new Dataset(() => data))).toBe('Dataset(elements not counted)')
  })

  test('goes through its source again at each pass', async () => {
    const data = Dataset.from([1, 2, 3])
    expect([await list(data), await list(data)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ])
  })

  test('opens generator functions, iterables and async iterables', async () => {
    const counted = function* (): Generator<number> {
      yield* [1, 2]
    }
    const later = async function* (): AsyncGenerator<number> {
      yield* [3, 4]
    }
    for (const source of [counted, later]) {
      const data = Dataset.from<number>(source)
      expect(await list(data)).toEqual(await list(data))
    }
    expect(await list(Dataset.from(new Set([5, 6])))).toEqual([5, 6])
  })

  test('says so when a one-shot iterator is used up', async () => {
    const once = (function* () {
      yield 1
    })()
    const data = Dataset.from(once)
    expect(await list(data)).toEqual([1])
    await expect(list(data)).rejects.toThrow(/used up by an earlier pass.*generator function itself/)
    await expect(list(data)).rejects.toMatchObject({ code: 'ERR_STATE' })
  })

  test('map, filter, skip, take and shard compose', async () => {
    const data = Dataset.from(ten)
      .map(async (x, i) => x * 10 + i)
      .filter((x) => x % 2 === 1)
    expect(await list(data)).toEqual([11, 33, 55, 77, 99])
    expect(await list(data.skip(1).take(2))).toEqual([33, 55])
    expect(await list(Dataset.from(ten).shard(3, 1))).toEqual([1, 4, 7])
    expect(await list(data.take(0))).toEqual([])
  })

  test('shuffle is a permutation that depends on the seed and the pass', async () => {
    const one = Dataset.from(ten).shuffle(4, 1)
    const [first, second] = [await list(one), await list(one)]
    expect([...first].sort()).toEqual(ten)
    expect(first).not.toEqual(second)
    const again = Dataset.from(ten).shuffle(4, 1)
    expect([await list(again), await list(again)]).toEqual([first, second])
    expect(await list(Dataset.from(ten).shuffle(4, 2))).not.toEqual(first)
    // Of a stream, elements change places within the buffer.
    const stream = await list(
      Dataset.from(function* () {
        yield* ten
      }).shuffle(4, 1),
    )
    expect(stream).not.toEqual(ten)
    expect([stream.slice(0, 4), stream.slice(4, 8), stream.slice(8)].map((part) => [...part].sort())).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ])
  })

  test('repeat goes on from the start, and knows when it never ends', async () => {
    expect(await list(Dataset.from([1, 2]).repeat(2))).toEqual([1, 2, 1, 2])
    const endless = Dataset.from([1, 2]).repeat()
    expect([endless.endless, endless.map((x) => x).endless, endless.take(3).endless]).toEqual([true, true, false])
    expect(await list(endless.take(5))).toEqual([1, 2, 1, 2, 1])
    expect(await list(Dataset.from([]).repeat())).toEqual([])
  })

  test('batch stacks rows, numbers, lists and objects', async () => {
    const x = { values: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] }
    const batches = await list(Dataset.fromArrays({ x, y: Int32Array.of(7, 8, 9) }).batch(2))
    expect(batches).toEqual([
      { x: { values: Float32Array.of(1, 2, 3, 4), shape: [2, 2] }, y: { values: Int32Array.of(7, 8), shape: [2] } },
      { x: { values: Float32Array.of(5, 6), shape: [1, 2] }, y: { values: Int32Array.of(9), shape: [1] } },
    ])
    const pairs = Dataset.from([
      [[1, 2], 0],
      [[3, 4], 1],
    ]).batch(2)
    expect(await list(pairs)).toEqual([
      [
        { values: Float64Array.of(1, 2, 3, 4), shape: [2, 2] },
        { values: Float64Array.of(0, 1), shape: [2] },
      ],
    ])
    expect(await list(Dataset.from(ten).batch(4, { dropRemainder: true }))).toHaveLength(2)
  })

  test('batch keeps the shape of rows that have several axes, such as pictures', async () => {
    const x = { values: Float32Array.from({ length: 18 }, (_, i) => i), shape: [3, 2, 3] }
    const batches = (await list(Dataset.fromArrays({ x }).batch(2))) as { x: typeof x }[]
    expect(batches.map((batch) => batch.x.shape)).toEqual([
      [2, 2, 3],
      [1, 2, 3],
    ])
    expect(Array.from(batches[1]!.x.values)).toEqual([12, 13, 14, 15, 16, 17])
    // The same, a row at a time.
    const rows = [0, 1, 2].map((row) => ({ values: x.values.slice(row * 6, row * 6 + 6), shape: [2, 3] }))
    expect(await list(Dataset.from(rows).batch(2))).toEqual(batches.map((batch) => batch.x))
    expect(await list(Dataset.from(rows.map((one) => ({ x: one }))).batch(2))).toEqual(batches)
  })

  test('refuses elements that do not stack', async () => {
    await expect(list(Dataset.from([[1, 2], [3]]).batch(2))).rejects.toThrow(/a list of 2/)
    await expect(list(Dataset.from(['a', 1]).batch(2))).rejects.toThrow(/text, as the first element is, got 1/)
    await expect(list(Dataset.from([undefined]).batch(1))).rejects.toThrow(/got undefined/)
  })

  test('prefetch keeps order and errors', async () => {
    expect(await list(Dataset.from(ten).prefetch(3))).toEqual(ten)
    const failing = Dataset.from(ten).map((x) => {
      if (x === 4) throw new Error('broken')
      return x
    })
    await expect(list(failing.prefetch(3))).rejects.toThrow('broken')
  })

  test('closes its source when a reader leaves early', async () => {
    let closed = 0
    const data = Dataset.from(function* () {
      try {
        yield* ten
      } finally {
        closed += 1
      }
    })
    for await (const _ of data.map((x) => x).prefetch(2)) break
    expect(await list(data.take(2))).toEqual([0, 1])
    expect(closed).toBe(2)
  })

  test.each([
    [() => Dataset.from(3 as never), /Dataset\.from: expected an iterable/],
    [() => Dataset.from(ten).batch(0), /Dataset\.batch\.size: expected an integer ≥ 1, got 0/],
    [() => Dataset.from(ten).shuffle(1.5), /Dataset\.shuffle\.buffer/],
    [() => Dataset.from(ten).take(-1), /Dataset\.take\.count/],
    [() => Dataset.from(ten).shard(2, 2), /an integer in \[0, 2\), got 2/],
    [() => Dataset.fromArrays({ x: [1], y: [1, 2] }), /Dataset\.fromArrays\.y: expected 1 samples, as x has, got 2/],
  ])('refuses %#', (make, message) => {
    expect(make).toThrow(message)
  })
})

describe('iterateFrom', () => {
  const rows = Float32Array.from({ length: 23 }, (_, i) => i)
  const source = () => Dataset.fromArrays({ x: rows }).map(({ x }, i) => x * 10 + (i === x ? 0 : 1))
  const pipelines: Readonly<Record<string, () => Dataset<unknown>>> = {
    map: source,
    'an async map': () => source().map(async (x) => x + 1),
    batch: () => source().batch(4),
    'batch, remainder dropped': () => source().batch(4, { dropRemainder: true }),
    shuffle: () => source().shuffle(5, 3).batch(2),
    'shuffle of more than there is': () => source().shuffle(100, 3),
    'shuffle of batches': () => source().batch(3).shuffle(4, 1),
    filter: () => source().filter((x) => x % 20 === 0),
    take: () => source().take(9).batch(2),
    skip: () => source().skip(4).batch(2),
    shard: () => source().shard(3, 1),
    'repeat, shuffled anew': () => source().shuffle(6, 1).repeat(3).batch(5),
    'repeat of what nobody counted': () =>
      source()
        .filter((x) => x !== 30)
        .repeat(3),
    prefetch: () => source().batch(2).prefetch(3),
    'of a generator': () =>
      Dataset.from(function* () {
        yield* rows
      }).batch(4),
    'of a constructor that knows of passes alone': () =>
      new Dataset(async function* (pass) {
        yield* [...rows].map((x) => x + pass)
      }),
  }

  test.each(Object.keys(pipelines))('%s: the same elements as without the first ones, in each pass', async (name) => {
    for (const pass of [0, 2]) {
      const open = () => {
        const made = pipelines[name]!()
        made.setState({ passes: pass })
        return made
      }
      const all = await open().toArray()
      for (const from of [0, 1, 2, 5, all.length - 1, all.length, all.length + 3]) {
        const iterator = open().iterateFrom(from)
        const rest: unknown[] = []
        for (let next = await iterator.next(); !next.done; next = await iterator.next()) rest.push(next.value)
        expect(rest).toEqual(all.slice(from))
      }
      const { count } = open()
      if (count !== undefined) expect(count).toBe(all.length)
    }
  })

  test('over arrays, what is passed over is not made', async () => {
    let made = 0
    const counted = Dataset.fromArrays({ x: new Float32Array(1000) })
      .map(({ x }) => {
        made += 1
        return x
      })
      .shuffle(10, 1)
      .batch(10)
    await counted.iterateFrom(90).next()
    expect(made).toBeLessThan(30)
  })
})
