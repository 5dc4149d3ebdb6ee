import { Sequential } from 'ferrograd'
import { Dataset } from 'ferrograd/data'
import { Dense } from 'ferrograd/layers'
import { afterEach, describe, expect, test } from 'vitest'

const worker = (name: string): URL => new URL(`./workers/${name}.mjs`, import.meta.url)

type Row = {
  readonly a: number
  readonly t: string
  readonly v: { readonly values: Float32Array; readonly shape: readonly number[] }
}
const row = (i: number): Row => ({ a: i, t: `t${i}`, v: { values: Float32Array.of(i, -i), shape: [2] } })
const columns = (count: number, from = 0): Dataset<Row> =>
  Dataset.fromColumns({
    a: Float64Array.from({ length: count }, (_, i) => from + i),
    t: Array.from({ length: count }, (_, i) => `t${from + i}`),
    v: {
      values: Float32Array.from({ length: count * 2 }, (_, i) => (i % 2 ? -1 : 1) * (from + (i >> 1))),
      shape: [count, 2],
    },
  }) as Dataset<Row>
/** Rows that come one by one, of whose number nobody knows. */
const rows = (count: number, from = 0): Dataset<Row> =>
  Dataset.from(function* () {
    for (let i = 0; i < count; i++) yield row(from + i)
  })
const sources = { columns, rows }

/** What a data set goes on with when it is restored at some place is what it would have gone on with. */
async function replays(made: () => Dataset<unknown>, places = 6): Promise<unknown[]> {
  const whole = made()
  const all = [await whole.toArray(), await whole.toArray()].flat()
  for (let k = 0; k < places; k++) {
    const at = Math.floor((all.length * (k * 7919 + 311)) / (places * 7919)) % all.length
    const first = made()
    let seen = 0
    const passes = (): Promise<boolean> => oneMore(first, () => ++seen === at)
    while (seen < at && !(await passes()));
    const second = made()
    second.restore(JSON.parse(JSON.stringify(first.state())))
    const rest = [...(await array(second)), ...(second.state().pass < 2 ? await array(second) : [])]
    expect(rest.slice(0, all.length - at)).toEqual(all.slice(at))
  }
  return all
}

async function oneMore(data: Dataset<unknown>, isThere: () => boolean): Promise<boolean> {
  for await (const _ of data) if (isThere()) return true
  return false
}

async function array<T>(data: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const element of data) all.push(element)
  return all
}

/** How many of the handles that keep a process alive there are. */
const handles = (): number =>
  process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort|FileHandle/.test(name)).length
const before = handles()
afterEach(async () => {
  // A thread that was ended says so in the next turns of the loop.
  for (let i = 0; i < 50 && handles() > before; i++) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(handles()).toBeLessThanOrEqual(before)
})

describe.each(Object.entries(sources))('over %s', (_, make) => {
  test('interleave takes blocks in turn, whatever has ended', async () => {
    const turns = (block: number) => make(7).interleave([make(2, 100), make(4, 200)], { block })
    const given = async (block: number) => (await turns(block).toArray()).map(({ a }) => a)
    expect(await given(1)).toEqual([0, 100, 200, 1, 101, 201, 2, 202, 3, 203, 4, 5, 6])
    expect(await given(3)).toEqual([0, 1, 2, 100, 101, 200, 201, 202, 3, 4, 5, 203, 6])
    for (const block of [1, 2, 3, 5]) {
      expect(await replays(() => turns(block), 14)).toHaveLength(26)
      expect(await replays(() => turns(block).batch(4))).toHaveLength(8)
    }
  })

  test('mix draws with the weights, and ends with the first that has ended', async () => {
    const mixture = (seed: number) =>
      Dataset.mix([make(400), make(4000, 1000), make(50, 9000)], { weights: [1, 3, 0], seed })
    const [first, second] = [await mixture(1).toArray(), await mixture(2).toArray()]
    expect(first.map(({ a }) => a)).not.toEqual(second.map(({ a }) => a))
    for (const drawn of [first, second]) {
      const [low, high] = [drawn.filter(({ a }) => a < 1000), drawn.filter(({ a }) => a >= 1000)]
      expect(low.map(({ a }) => a)).toEqual(low.map((_, i) => i))
      expect(high.map(({ a }) => a)).toEqual(high.map((_, i) => 1000 + i))
      expect(low).toHaveLength(400)
      // About 1,200 ± 35 of the other: five deviations either way.
      expect(Math.abs(high.length - 1200)).toBeLessThan(175 + 20)
    }
    await replays(() => mixture(3).batch(16))
  })

  test.each([
    [3, 1, 1],
    [3, 2, 1],
    [2, 5, 1],
    [4, 1, 3],
    [1, 1, 1],
    [30, 1, 1],
  ])('window(%i, shift %i, stride %i) has the elements that a loop finds', async (size, shift, stride) => {
    const count = 23
    const wanted: number[][] = []
    for (let at = 0; at + (size - 1) * stride < count; at += shift)
      wanted.push(Array.from({ length: size }, (_, j) => at + j * stride))
    const made = () => make(count).window(size, { shift, stride })
    const windows = await made().toArray()
    expect(windows.map(({ a }) => [...a.values])).toEqual(wanted)
    expect(windows.map(({ t }) => t)).toEqual(wanted.map((own) => own.map((i) => `t${i}`)))
    expect(windows.map(({ v }) => v)).toEqual(
      wanted.map((own) => ({ values: Float32Array.from(own.flatMap((i) => [i, -i])), shape: [size, 2] })),
    )
    if (wanted.length === 0) return
    const [batch] = await made().select('a', 'v').batch(100).toArray()
    expect(batch!.a.shape).toEqual([wanted.length, size])
    expect(batch!.v.shape).toEqual([wanted.length, size, 2])
    await replays(() => made().shuffle({ seed: 1 }).batch(4))
  })

  test('cache reads the first pass, once', async () => {
    let read = 0
    const made = () =>
      make(30)
        .shuffle({ seed: 4 })
        .map((own) => {
          read += 1
          return own
        })
        .cache()
    const data = made()
    const passes = [await data.toArray(), await data.toArray(), await data.toArray()]
    expect(read).toBe(30)
    expect(passes[1]).toEqual(passes[0])
    expect(passes[2]).toEqual(passes[0])
    // A pass that is left in the middle keeps nothing.
    const left = made()
    for await (const _ of left) break
    expect(await left.toArray()).toEqual(passes[0])
    await replays(() => made().batch(7))
  })

  test('bucketByLength puts those of about one length together, each once', async () => {
    const lists = () => make(60).map(({ a }) => ({ x: Array.from({ length: 1 + ((a * 7) % 10) }, () => a), y: a }))
    const made = (toBoundary: boolean) =>
      lists().bucketByLength(({ x }) => x.length, { boundaries: [3, 6], size: [8, 4, 2], toBoundary, value: -1 })
    const batches = await made(true).toArray()
    const lengths = batches.map(({ x }) => x.shape[1]!)
    expect(lengths.filter((length) => length <= 6).every((length) => length === 3 || length === 6)).toBe(true)
    expect(new Set(lengths).size).toBeGreaterThanOrEqual(3)
    const seen: number[] = []
    for (const { x, y } of batches) {
      const [count, length] = x.shape as [number, number]
      expect(count).toBeLessThanOrEqual(length <= 3 ? 8 : length <= 6 ? 4 : 2)
      y.values.forEach((own, i) => {
        const kept = 1 + ((own * 7) % 10)
        seen.push(own)
        expect([...x.values.slice(i * length, (i + 1) * length)]).toEqual([
          ...Array.from({ length: kept }, () => own),
          ...Array.from({ length: length - kept }, () => -1),
        ])
      })
    }
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i))
    const tight = await made(false).toArray()
    expect(
      tight.every(({ x, y }) => x.shape[1] === Math.max(...[...y.values].map((own) => 1 + ((own * 7) % 10)))),
    ).toBe(true)
    await replays(() => made(true))
  })

  test('mapParallel gives what the function gives, in order, whatever the number of workers', async () => {
    const numbers = () => make(50).select('a', 'v').batch(4)
    const wanted = await numbers()
      .map(({ a, v }) => ({
        a: { values: a.values.map((value) => value * 2), shape: a.shape },
        v: { values: v.values.map((value) => value * 2), shape: v.shape },
      }))
      .toArray()
    for (const workers of [1, 3])
      expect(await numbers().mapParallel(worker('double'), { workers }).toArray()).toEqual(wanted)
    await replays(() => numbers().mapParallel(worker('double'), { workers: 2 }), 2)
  })
})

describe('padBatch', () => {
  const data = () =>
    Dataset.from([
      { x: [1, 2, 3], s: { values: Float32Array.of(1, 2), shape: [1, 2] }, y: 0, t: 'a' },
      { x: [], s: { values: Float32Array.of(3, 4, 5, 6), shape: [2, 2] }, y: 1, t: 'b' },
      { x: [4], s: { values: Float32Array.of(), shape: [0, 2] }, y: 0, t: 'c' },
    ])

  test('fills up to the longest, at either end', async () => {
    const [first, last] = await data().padBatch(2, { value: 9 }).toArray()
    expect(first!.x).toEqual({ values: Float64Array.of(1, 2, 3, 9, 9, 9), shape: [2, 3] })
    expect(first!.s).toEqual({ values: Float32Array.of(1, 2, 9, 9, 3, 4, 5, 6), shape: [2, 2, 2] })
    expect(first!.y).toEqual({ values: Float64Array.of(0, 1), shape: [2] })
    expect(first!.t).toEqual(['a', 'b'])
    expect(last!.x).toEqual({ values: Float64Array.of(4), shape: [1, 1] })
    const [pre] = await data().padBatch(3, { padding: 'pre' }).toArray()
    expect([...pre!.x.values]).toEqual([1, 2, 3, 0, 0, 0, 0, 0, 4])
    const [fixed] = await data().select('x', 'y').padBatch(3, { length: 5 }).toArray()
    expect(fixed!.x.shape).toEqual([3, 5])
    expect(await data().padBatch(2, { dropRemainder: true }).toArray()).toHaveLength(1)
    const pairs = data().map(({ x, y }) => [Int32Array.from(x), y] as const)
    const [[x, y]] = (await pairs.padBatch(3).toArray()) as unknown as [
      [{ values: Int32Array }, { values: Float64Array }],
    ]
    expect(x.values).toEqual(Int32Array.of(1, 2, 3, 0, 0, 0, 4, 0, 0))
    expect(y.values).toEqual(Float64Array.of(0, 1, 0))
    await replays(() => data().repeat(5).padBatch(4))
    await replays(() => data().padBatch(2).shuffle({ seed: 1 }).repeat(3))
  })

  test.each([
    [() => data().padBatch(3, { length: 2 }), /padBatch\.x\[0\]: expected at most 2 items, got 3/],
    [() => data().padBatch(0), /padBatch\.size: expected an integer ≥ 1, got 0/],
    [
      () => data().padBatch(3, { padding: 'both' as 'pre' }),
      /padBatch\.padding: expected one of 'pre', 'post', got 'both'/,
    ],
    [() => Dataset.from([[1], 'x']).padBatch(2), /padBatch\[1\]: expected a list, as the first element is, got 'x'/],
    [
      () => Dataset.from([2, 3].map((n) => ({ values: new Float32Array(2 * n), shape: [2, n] }))).padBatch(2),
      /padBatch\[1\]: expected items of shape \[2\], as the first has, got \[3\]/,
    ],
  ])('refuses %#', async (made, message) => {
    await expect((async () => (made() as Dataset<unknown>).toArray())()).rejects.toThrow(message)
  })
})

describe('sample', () => {
  const weights = Float64Array.from({ length: 40 }, (_, i) => (i === 7 ? 0 : i % 5))
  const sum = weights.reduce((total, weight) => total + weight, 0)

  test('draws rows as often as they weigh, another lot each pass', async () => {
    const count = 20_000
    const data = columns(40).sample(weights, { count, seed: 3 })
    const passes = [await data.toArray(), await data.toArray()].map((pass) => pass.map(({ a }) => a))
    expect(passes[0]).not.toEqual(passes[1])
    for (const pass of passes) {
      const counts = new Float64Array(40)
      for (const drawn of pass) counts[drawn]! += 1
      const places = [...weights.keys()].filter((i) => weights[i]! > 0)
      expect(counts.filter((_, i) => weights[i] === 0).every((found) => found === 0)).toBe(true)
      // χ² with 30 degrees of freedom: above 59.7 once in a thousand.
      const chi = places.reduce(
        (total, i) => total + (counts[i]! - (count * weights[i]!) / sum) ** 2 / ((count * weights[i]!) / sum),
        0,
      )
      expect(places).toHaveLength(31)
      expect(chi).toBeLessThan(59.7)
    }
  })

  test('takes a column for weights, and is replayed', async () => {
    const byName = await columns(40).sample('a', { seed: 2 }).toArray()
    const same = await columns(40)
      .sample(
        Float64Array.from({ length: 40 }, (_, i) => i),
        { seed: 2 },
      )
      .toArray()
    expect(byName).toEqual(same)
    expect(byName).toHaveLength(40)
    await replays(() => columns(40).sample('a', { count: 100 }).batch(8))
    await replays(() => columns(40).sample('a', { count: 100 }).shuffle({ seed: 2 }))
  })
})

test('a fit over windows, and over padded batches, is one over the same arrays', async () => {
  const count = 200
  const series = Float32Array.from({ length: count }, (_, i) => Math.sin(i / 5))
  const made = () => {
    const model = new Sequential([new Dense({ units: 1, inputShape: [8] })])
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    model.setWeights(model.getWeights().map((own) => own.mul(0).add(0.1)))
    return model
  }
  const next = Dataset.fromColumns({ next: series.subarray(8) })
  const windows = Dataset.fromColumns({ s: series.subarray(0, count - 1) })
    .window(8)
    .zip(next)
    .map(([{ s }, own]) => ({ x: s, y: own.next }))
    .batch(16)
  const x = {
    values: Float32Array.from({ length: (count - 8) * 8 }, (_, i) => series[Math.floor(i / 8) + (i % 8)]!),
    shape: [count - 8, 8],
  }
  const [first, second] = [made(), made()]
  await first.fit(windows, { epochs: 2, verbose: 0 })
  await second.fit(x, series.slice(8), { epochs: 2, batchSize: 16, shuffle: false, verbose: 0 })
  expect(first.getWeights().map((own) => [...own.dataSync()])).toEqual(
    second.getWeights().map((own) => [...own.dataSync()]),
  )
})

describe('faults of workers', () => {
  const through = (...elements: string[]) => Dataset.from(elements).mapParallel(worker('faults'), { workers: 2 })
  test.each([
    [() => through('ok', 'throw', 'ok'), /mapParallel: .*faults\.mjs: element 1: not this one/],
    [() => through('ok', 'ok', 'exit'), /mapParallel: .*faults\.mjs: the worker ended with code 3/],
    [() => through('crash'), /mapParallel: .*faults\.mjs: the worker failed: out of nowhere/],
    [() => through('function'), /mapParallel: .*element 0: .*could not be cloned/],
    [
      () => Dataset.from([() => 1]).mapParallel(worker('faults')),
      /mapParallel: .*element 0 cannot be sent: .*could not be cloned/,
    ],
    [
      () => Dataset.from([1]).mapParallel(worker('missing')),
      /mapParallel: .*missing\.mjs: element 0: Cannot find module/,
    ],
    [() => Dataset.from([1]).mapParallel(worker('nothing')), /element 0: expected a function as the default export/],
    [
      () => Dataset.from([1]).mapParallel(worker('faults'), { workers: 0 }),
      /mapParallel\.workers: expected an integer ≥ 1, got 0/,
    ],
    [() => Dataset.from([1]).mapParallel(5 as never), /mapParallel\.file: expected the path or URL of a file, got 5/],
  ])('names the stage and the element: %#', async (made, message) => {
    await expect((async () => (made() as Dataset<unknown>).toArray())()).rejects.toThrow(message)
  })

  test('leaving the loop ends the threads', async () => {
    for await (const element of Dataset.from(['a', 'b', 'c']).repeat().mapParallel(worker('faults'), { workers: 2 })) {
      expect(element).toBe('a')
      break
    }
  })
})

test.each([
  [() => Dataset.mix([]), /mix\.datasets: expected at least one Dataset/],
  [() => Dataset.mix([rows(1)], { weights: [1, 2] }), /mix\.weights: expected 1 numbers, one for each data set, got 2/],
  [() => Dataset.mix([rows(1)], { weights: [-1] }), /mix\.weights\[0\]: expected a finite number ≥ 0, got -1/],
  [() => Dataset.mix([rows(1)], { weights: [0] }), /mix\.weights: expected a weight that is not 0, got none/],
  [() => Dataset.mix([5 as never]), /mix\.datasets\[0\]: expected a Dataset, got 5/],
  [
    () => rows(3).sample([1, 2, 3]),
    /sample: expected rows in memory, got rows that cannot be had by number\. await load\(\) first/,
  ],
  [() => columns(3).sample([1, 2]), /sample\.weights: expected 3 numbers, one a row, got 2/],
  [() => columns(3).sample('t').toArray(), /sample\.weights\[0\]: expected a finite number ≥ 0, got 't0'/],
  [
    () => columns(3).sample('t', { cuont: 2 } as never),
    /Dataset\.sample: unknown option 'cuont'\. Did you mean 'count'/,
  ],
  [() => columns(3).sample(5 as never), /sample\.weights: expected numbers, one a row, or the name of a column, got 5/],
  [() => rows(3).batch(2, { dropRemander: true } as never), /Dataset\.batch: unknown option 'dropRemander'/],
  [() => rows(3).batch(2, { dropRemainder: 1 as never }), /batch\.dropRemainder: expected true or false, got 1/],
  [() => rows(3).shuffle({ sed: 1 } as never), /Dataset\.shuffle: unknown option 'sed'\. Did you mean 'seed'/],
  [() => rows(3).shuffle(null as never), /Dataset\.shuffle: expected an options object, got null/],
  [() => rows(3).split(0.5, { stratfy: 'y' } as never), /Dataset\.split: unknown option 'stratfy'/],
  [() => rows(3).split('0.5' as never), /split\.share: expected a number in \(0, 1\), got '0\.5'/],
  [() => rows(3).padBatch(2, { value: '0' as never }), /padBatch\.value: expected a number, got '0'/],
  [() => rows(3).padBatch(2, { padding: 'left' as never }), /padBatch\.padding: expected one of 'pre', 'post'/],
  [() => rows(3).profile({ seconds: 0 }), /profile\.seconds: expected/],
  [() => rows(3).interleave(rows(2) as never), /interleave\.others: expected a list of data sets/],
  [
    () => rows(3).bucketByLength(() => 1, { boundaries: [2, '4' as never], size: 2 }),
    /boundaries\[1\]: expected an integer ≥ 1, got '4'/,
  ],
  [() => rows(3).window(0), /window\.size: expected an integer ≥ 1, got 0/],
  [() => rows(3).window(2, { shift: 0 }), /window\.shift: expected an integer ≥ 1/],
  [() => rows(3).interleave([rows(2)], { block: 0.5 }), /interleave\.block: expected an integer ≥ 1/],
  [() => rows(3).interleave([[] as never]), /interleave\.others\[0\]: expected a Dataset/],
  [() => rows(3).repeat().cache(), /cache: expected a data set that ends, got one that repeats for ever/],
  [
    () => rows(3).bucketByLength(() => 1, { boundaries: [4, 2], size: 2 }),
    /boundaries: expected lengths that ascend, at least one/,
  ],
  [
    () => rows(3).bucketByLength(() => 1, { boundaries: [4], size: [2] }),
    /size: expected 2 sizes: one more than boundaries, got 1/,
  ],
  [
    () =>
      rows(3)
        .bucketByLength(() => 0.5, { boundaries: [4], size: 2 })
        .toArray(),
    /lengthOf of element 0: expected an integer ≥ 0, got 0\.5/,
  ],
])('refuses %#', async (made, message) => {
  await expect((async () => made())()).rejects.toThrow(message)
})

function busy(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

describe('the event loop turns', () => {
  const turning = async (work: () => Promise<unknown>): Promise<number> => {
    let turns = 0
    let going = true
    const count = (): void => {
      turns += 1
      if (going) setImmediate(count)
    }
    count()
    await work()
    going = false
    return turns
  }
  const slow = (): boolean => {
    busy(1)
    return true
  }

  test.each([
    ['map', () => columns(40).map(slow)],
    ['filter', () => columns(40).filter(slow)],
  ])('amid the functions of %s', async (_, made) => {
    expect(await turning(() => made().toArray())).toBeGreaterThan(30)
  })

  test('seldom where functions are short', async () => {
    const turns = await turning(() =>
      columns(2000)
        .map(({ a }) => a)
        .toArray(),
    )
    expect(turns).toBeLessThan(100)
  })

  test('between drawing a batch and handing it to the core', async () => {
    let turns = 0
    const seen: number[] = []
    const batches = columns(3)
      .batch(3)
      .map(({ a: y }) => {
        busy(1)
        turns = 0
        setImmediate(() => {
          turns += 1
        })
        return {
          get x() {
            seen.push(turns)
            return y
          },
          y,
        }
      })
    const model = new Sequential([new Dense({ units: 1, inputShape: [1] })])
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    await model.fit(batches, { verbose: 0 })
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.every((own) => own === 1)).toBe(true)
  })
})

describe('profile', () => {
  test('says which stage takes the time, without those before it', async () => {
    const rows = columns(40)
      .shuffle({ seed: 1 })
      .map((own) => {
        busy(1)
        return own
      })
      .select('a')
      .batch(8)
      .prefetch(2)
    const times = await rows.profile()
    expect(times.rows.map(({ stage }) => stage)).toEqual([
      'columns',
      'shuffle',
      'map',
      'select',
      'batch',
      'prefetch',
      'elements',
    ])
    const map = times.rows[2]!
    expect(map.elements).toBe(40)
    expect(map.milliseconds).toBeGreaterThanOrEqual(40)
    expect(map.share).toBeGreaterThan(0.5)
    expect(times.rows.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 10)
    expect(times.rows.at(-1)!.elements).toBe(5)
    expect(String(times)).toMatch(/^stage +ms +share +elements +µs each\ncolumns /)
  })

  test('waits are those of the stage that waits, and an endless set is left in time', async () => {
    const slow = rows(3)
      .map(async (own) => {
        await new Promise((resolve) => setTimeout(resolve, 15))
        return own
      })
      .filter(() => true)
      .repeat()
    const times = await slow.profile({ seconds: 0.1 })
    expect(times.rows.find(({ stage }) => stage === 'map')!.share).toBeGreaterThan(0.8)
    await expect(slow.profile({ seconds: 0 })).rejects.toThrow(
      /profile\.seconds: expected a number in \(0, inf\), got 0/,
    )
    // Nothing is measured afterwards, and all goes on as before.
    expect(
      await rows(3)
        .map((own) => own.a)
        .toArray(),
    ).toEqual([0, 1, 2])
  })
})
