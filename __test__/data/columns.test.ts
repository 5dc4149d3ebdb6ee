import { Sequential } from 'ferrograd'
import { Dataset } from 'ferrograd/data'
import { Dense } from 'ferrograd/layers'
import { describe, expect, test } from 'vitest'

const rows = 1003
const age = Float32Array.from({ length: rows }, (_, i) => i)
const city = Array.from({ length: rows }, (_, i) => `c${i % 7}`)
const x = { values: Float32Array.from({ length: rows * 3 }, (_, i) => i / 3000), shape: [rows, 3] }
const table = () => Dataset.fromColumns({ age, city, x })

describe('columns', () => {
  test('give rows, and batches that are cut from them', async () => {
    const [first] = await table().take(1).toArray()
    expect(first).toEqual({ age: 0, city: 'c0', x: { values: x.values.slice(0, 3), shape: [3] } })
    const last = (await table().batch(100).toArray()).at(-1)!
    expect(last.age).toEqual({ values: age.slice(1000), shape: [3] })
    expect(last.city).toEqual(['c6', 'c0', 'c1'])
    expect(last.x.shape).toEqual([3, 3])
  })

  test('every stage gives what it gives of single rows', async () => {
    const plain = () =>
      Dataset.from(function* () {
        for (let i = 0; i < 50; i++) yield { a: i, b: `t${i}` }
      })
    const columns = () =>
      Dataset.fromColumns({
        a: Float64Array.from({ length: 50 }, (_, i) => i),
        b: Array.from({ length: 50 }, (_, i) => `t${i}`),
      })
    type D = Dataset<{ readonly a: number; readonly b: string }>
    const ways: ((data: D) => Dataset<unknown>)[] = [
      (d) => d,
      (d) => d.skip(3).take(20),
      (d) => d.shard(4, 3),
      (d) => d.repeat(3).batch(7),
      (d) => d.filter(({ a }) => a % 3 === 1).batch(4),
      (d) => d.map(({ a }, i) => a * 100 + i).batch(8, { dropRemainder: true }),
      (d) => d.select('b').batch(16),
      (d) => d.concat(d.skip(10)).shard(3, 1),
      (d) => d.zip(d.skip(2)).batch(5),
      (d) => d.batch(6).unbatch().batch(9),
      (d) => d.inputsAndTarget(['a'], 'a').batch(4).prefetch(2),
    ]
    for (const way of ways) expect(await way(columns()).toArray()).toEqual(await way(plain()).toArray())
  })

  test('what a reader writes into a batch is not written into the columns', async () => {
    for await (const batch of table().batch(10)) batch.x.values.fill(-1)
    for await (const row of table().take(3)) row.x.values.fill(-1)
    expect(x.values[0]).toBe(0)
  })

  test('nor is what a function of rows or of batches writes into its own', async () => {
    const doubled = async (data: Dataset<unknown>) => {
      const seen: number[] = []
      for await (const batch of data) seen.push(...(batch as { x: { values: Float32Array } }).x.values)
      return seen
    }
    const twice = <B extends { readonly x: { readonly values: Float32Array } }>(own: B): B => {
      own.x.values.set(own.x.values.map((value) => value * 2))
      return own
    }
    const rows = Dataset.fromColumns({ x })
    const ways = [
      rows.map(twice).batch(10),
      rows.batch(10).map(twice as never),
      rows
        .batch(7)
        .unbatch()
        .map(twice as never)
        .batch(10),
    ]
    for (const way of ways)
      for (const _ of [1, 2])
        expect(await doubled(way as Dataset<unknown>)).toEqual([...x.values.map((value) => value * 2)])
    expect(x.values[4]).toBe(Math.fround(4 / 3000))
  })

  test('a name that JavaScript reads otherwise is a name', async () => {
    const odd = () => Dataset.from([JSON.parse('{"__proto__": 1, "a": 2}'), JSON.parse('{"__proto__": 3, "a": 4}')])
    const names = ['__proto__', 'a'] as never[]
    const rows = (await odd()
      .select(...names)
      .map((row) => row)
      .toArray()) as object[]
    expect(rows.map((row) => Object.keys(row))).toEqual([names, names])
    const [batch] = (await odd()
      .select(...names)
      .batch(2)
      .toArray()) as [object]
    expect(Object.getOwnPropertyDescriptor(batch, '__proto__')?.value).toMatchObject({ shape: [2] })
  })

  test('columns whose kinds differ from part to part become what holds all of them', async () => {
    const part = (values: Int32Array | Float32Array) => Dataset.fromColumns({ a: values })
    const joined = part(Int32Array.of(1, 2)).concat(part(Float32Array.of(0.5, Number.NaN)))
    const [batch] = await joined.batch(4).toArray()
    expect(batch!.a).toEqual({ values: Float64Array.of(1, 2, 0.5, Number.NaN), shape: [4] })
    const wide = (width: number) => Dataset.fromColumns({ a: { values: new Float32Array(width), shape: [1, width] } })
    await expect(wide(2).concat(wide(3)).batch(2).toArray()).rejects.toThrow(
      /expected rows of shape \[2\], as those before have, got \[3\]/,
    )
  })

  test('rows of different forms are taken one by one', async () => {
    const mixed = Dataset.from([
      { a: 1, b: 'x' },
      { b: 'y', a: 2 },
      { a: 3, b: 'z', c: true },
    ] as { a: number; b: string }[])
    expect(await mixed.select('a').toArray()).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }])
    expect(await mixed.inputsAndTarget(['a'], 'a').batch(3).toArray()).toEqual([
      { x: { values: Float32Array.of(1, 2, 3), shape: [3, 1] }, y: { values: Float64Array.of(1, 2, 3), shape: [3] } },
    ])
  })

  test('shuffle is one permutation of all rows, another each pass, and uniform', async () => {
    const data = Dataset.fromColumns({ age }).shuffle({ seed: 3 })
    const passes = [await data.toArray(), await data.toArray()].map((pass) => pass.map((row) => row.age))
    expect(passes[0]).not.toEqual(passes[1])
    for (const pass of passes) expect([...pass].sort((a, b) => a - b)).toEqual([...age])
    // χ² of the position of the first tenth of the rows, in ten parts: 9 expected, above 27.9 once in a thousand.
    const counts = new Float64Array(10)
    for (let seed = 0; seed < 40; seed++) {
      const order = await Dataset.fromColumns({ age }).shuffle({ seed }).toArray()
      order.forEach((row, i) => {
        if (row.age < 100) counts[Math.floor((i * 10) / rows)]! += 1
      })
    }
    const expected = (40 * 100) / 10
    expect(counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)).toBeLessThan(27.9)
  })

  test('a position is a copy, and what is none changes nothing', async () => {
    const data = Dataset.from([1, 2, 3])
    const position = { pass: 0, given: 1 }
    data.restore(position)
    position.given = 2
    for (const wrong of [{ pass: 0 }, { pass: -1, given: 0 }, null, 'x'])
      expect(() => data.restore(wrong as never)).toThrow(/Dataset\.restore\.(pass|given): expected an integer ≥ 0/)
    for (const passes of [-1, 0.5, '1'])
      expect(() => data.setState({ passes })).toThrow(/Dataset state: expected \{ passes \}/)
    expect([data.state(), data.getState()]).toEqual([{ pass: 0, given: 1 }, { passes: 0 }])
    const rest: number[] = []
    for await (const one of data) rest.push(one)
    expect(rest).toEqual([2, 3])
  })

  test('a position restored goes on with the next element, anywhere', async () => {
    const made = () => table().shuffle({ seed: 5 }).batch(8).repeat(2).prefetch(3)
    const all = await made().toArray()
    for (let k = 0; k < 100; k++) {
      const at = (k * 97) % all.length
      const first = made()
      let seen = 0
      if (at > 0) for await (const _ of first) if (++seen === at) break
      const second = made()
      second.restore(JSON.parse(JSON.stringify(first.state())))
      const rest: unknown[] = []
      for await (const batch of second) rest.push(batch)
      expect(rest).toEqual(all.slice(at))
    }
  })

  test.each([
    [
      () =>
        table()
          .select('agee' as 'age')
          .toArray(),
      /Dataset\.select: expected a column among age, city, x, got 'agee'.*did you mean 'age'/i,
    ],
    [
      () => table().inputsAndTarget(['city'], 'age').toArray(),
      /inputsAndTarget\.city: expected a column of numbers, got text/,
    ],
    [
      async () => Dataset.fromColumns({ a: [1], b: [1, 2] }),
      /Dataset\.fromColumns\.b: expected 1 samples, as a has, got 2/,
    ],
    [
      async () => Dataset.fromColumns({ x: { values: new Float32Array(5), shape: [2, 3] } }),
      /6 numbers for shape \[2, 3\], got 5/,
    ],
  ])('refuses %#', async (run, message) => {
    await expect((async () => run())()).rejects.toThrow(message)
  })
})

describe('a fit over columns', () => {
  const model = () => {
    const made = new Sequential([new Dense({ units: 4, activation: 'tanh', inputShape: [3] }), new Dense({ units: 1 })])
    made.compile({ optimizer: 'sgd', loss: 'mse' })
    made.setWeights(made.getWeights().map((w, k) => w.mul(0).add(0.1 * (k + 1))))
    return made
  }
  const weights = (made: Sequential) => made.getWeights().map((w) => [...w.dataSync()])
  const y = Float32Array.from({ length: rows }, (_, i) => Math.sin(i))

  test('in blocks of batches: the bits of the same batches one by one', async () => {
    const batches = () => Dataset.fromColumns({ x, y }).shuffle({ seed: 2 }).batch(16)
    const single = model()
    for (let epoch = 0, data = batches(); epoch < 3; epoch++)
      for await (const batch of data) await single.trainOnBatch(batch.x, batch.y)
    const ways: ((d: ReturnType<typeof batches>) => Dataset<unknown>)[] = [
      (d) => d,
      (d) => d.map(async ({ x, y }) => [x, y] as const).prefetch(2),
      () =>
        Dataset.fromColumns({ x, y })
          .shuffle({ seed: 2 })
          .map((row) => ({ x: row.x, y: row.y }))
          .batch(16),
    ]
    for (const way of ways) {
      const blocks = model()
      await blocks.fit(way(batches()) as never, { epochs: 3, verbose: 0 })
      expect(weights(blocks)).toEqual(weights(single))
    }
  })

  test('says what share of an epoch it waited for data', async () => {
    const began = performance.now()
    expect((await model().fit(x, y, { epochs: 2, verbose: 0 })).data).toEqual([0, 0])
    // Longer than all that a training does here, be it in an emulator.
    const pause = Math.max(20, 2 * (performance.now() - began))
    const slow = Dataset.fromColumns({ x, y })
      .batch(250)
      .map(async (batch) => {
        await new Promise((resolve) => setTimeout(resolve, pause))
        return batch
      })
    const { data } = await model().fit(slow, { epochs: 2, verbose: 0 })
    expect(data).toHaveLength(2)
    for (const share of data) expect(share).toBeGreaterThan(0.5)
    for (const share of data) expect(share).toBeLessThanOrEqual(1)
    const lines = Dataset.from(async function* () {
      for (let i = 0; i < 4; i++) {
        await new Promise((resolve) => setTimeout(resolve, pause))
        yield { x, y }
      }
    })
    expect((await model().fit(lines, { verbose: 0 })).data[0]).toBeGreaterThan(0.5)
  })

  test('waits for data while a function holds the event loop, too', async () => {
    let spent = 0
    const many = Dataset.fromColumns({ x, y }).repeat(20).batch(10)
    const held = many.map((batch) => {
      const began = performance.now()
      while (performance.now() - began < 0.1);
      spent += performance.now() - began
      return batch
    })
    let waited = 0
    const onTrainProgress = (progress: { readonly waited: number }): void => {
      waited = progress.waited
    }
    const { data } = await model().fit(held, { verbose: 0, callbacks: { onTrainProgress } })
    // The first blocks are made before the steps begin.
    expect(1000 * waited).toBeGreaterThan(0.7 * spent)
    expect(data[0]).toBeGreaterThan(0.7)
    expect(data[0]).toBeLessThanOrEqual(1)
  })

  test('names the batch with a number that is not finite, behind steps that were taken', async () => {
    const bad = { values: x.values.slice(), shape: x.shape }
    bad.values[3 * 500] = Number.NaN
    const steps: number[] = []
    const run = model().fit(
      Dataset.fromColumns({ x: bad, y })
        .batch(10)
        .map((b) => b) as never,
      {
        verbose: 0,
        callbacks: { onTrainBatchEnd: (batch: number) => void steps.push(batch) },
      },
    )
    await expect(run).rejects.toThrow(/fit batch 50\.x sample 0, feature 0: expected a finite number, got NaN/)
    expect(steps.at(-1)).toBe(49)
  })
})
