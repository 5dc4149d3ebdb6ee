/** Sources that stall, that are left, that fail: what waits is ended, and nothing stays open. */
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { FerrogradError, Sequential } from 'ferrograd'
import { Dataset } from 'ferrograd/data'
import { Dense } from 'ferrograd/layers'
import { afterAll, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'ferrograd-faults-'))
afterAll(() => rmSync(folder, { recursive: true }))

const schema = { a: 'float32', y: 'float32' } as const
const head = Buffer.from(`a,y\n${Array.from({ length: 1000 }, (_, i) => `${i % 7},${i % 5}\n`).join('')}`)
const moment = (ms = 20): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function network(): Sequential {
  const model = new Sequential([new Dense({ units: 1, inputShape: [1] })])
  model.compile({ optimizer: 'sgd', loss: 'mse' })
  return model
}

/** Gives a thousand rows, then nothing for ever; says whether it was closed. */
const stalling = {
  'a Readable': () => {
    const state = { closed: 0 }
    const open = () => {
      let given = false
      return new Readable({
        read() {
          if (!given) this.push(head)
          given = true
        },
        destroy(error, done) {
          state.closed += 1
          done(error)
        },
      })
    }
    return { state, rows: Dataset.csv(open, { schema }) }
  },
  'a web stream': () => {
    const state = { closed: 0 }
    const open = () =>
      new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(head),
        pull: () => new Promise(() => undefined),
        cancel() {
          state.closed += 1
        },
      }) as unknown as AsyncIterable<Uint8Array>
    return { state, rows: Dataset.csv(open, { schema }) }
  },
  'an iterator of rows': () => {
    const state = { closed: 0 }
    const open = () => {
      let i = 0
      let end = (): void => undefined
      const ended = new Promise<IteratorResult<{ a: number; y: number }>>((resolve) => {
        end = () => resolve({ done: true, value: undefined })
      })
      const steps = {
        next: async () => (i++ < 1000 ? { done: false, value: { a: i % 7, y: i % 5 } } : ended),
        return: async () => {
          state.closed += 1
          end()
          return { done: true as const, value: undefined }
        },
      }
      return { [Symbol.asyncIterator]: () => steps } as AsyncIterable<{ a: number; y: number }>
    }
    return { state, rows: Dataset.from(open) }
  },
}

type Rows = Dataset<{ readonly a: number; readonly y: number }>
const ways: Readonly<Record<string, (rows: Rows) => Dataset<unknown>>> = {
  batch: (rows) => rows.inputsAndTarget(['a'], 'y').batch(10),
  shuffle: (rows) => rows.shuffle({ buffer: 300 }).inputsAndTarget(['a'], 'y').batch(10),
  prefetch: (rows) => rows.inputsAndTarget(['a'], 'y').batch(10).prefetch(3),
  map: (rows) => rows.map(({ a, y }) => ({ x: a, y })).batch(10),
  interleave: (rows) =>
    rows
      .interleave([Dataset.from([{ a: 1, y: 2 }])])
      .inputsAndTarget(['a'], 'y')
      .batch(10),
  mix: (rows) => Dataset.mix([rows, rows], { seed: 1 }).inputsAndTarget(['a'], 'y').batch(10),
  take: (rows) => rows.skip(5).take(5000).inputsAndTarget(['a'], 'y').batch(10),
  concat: (rows) =>
    Dataset.from([{ a: 1, y: 2 }])
      .concat(rows)
      .inputsAndTarget(['a'], 'y')
      .batch(10),
  window: (rows) =>
    rows
      .map(({ a }) => a)
      .window(10)
      .map((x) => ({ x: { values: x.values, shape: [10, 1] }, y: x })),
}

describe.each(Object.keys(stalling) as (keyof typeof stalling)[])('%s that stalls', (name) => {
  test.each(Object.keys(ways))('is closed where a signal ends the fit: through %s', async (way) => {
    const { state, rows } = stalling[name]()
    const stop = new AbortController()
    const fitted = network().fit(ways[way]!(rows) as never, { verbose: 0, signal: stop.signal })
    await moment(30)
    stop.abort()
    await expect(fitted).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    await moment()
    expect(state.closed).toBeGreaterThan(0)
  })

  test('is closed where a reader leaves that had asked ahead', async () => {
    const { state, rows } = stalling[name]()
    for await (const _ of rows.batch(100).prefetch(50)) break
    expect(state.closed).toBe(1)
  })

  test('is closed where an evaluation is ended, and a prediction', async () => {
    for (const call of ['evaluate', 'predict'] as const) {
      const { state, rows } = stalling[name]()
      const stop = new AbortController()
      const asked = network()[call](ways.batch!(rows) as never, { verbose: 0, signal: stop.signal } as never)
      await moment(30)
      stop.abort()
      await expect(asked).rejects.toMatchObject({ code: 'ERR_ABORTED' })
      await moment()
      expect(state.closed, call).toBe(1)
    }
  })
})

test('a source whose first batch is refused is closed', async () => {
  let closed = 0
  const rows = Dataset.from(async function* () {
    try {
      for (;;) yield { x: [1, 2, 3], y: 1 }
    } finally {
      closed += 1
    }
  })
  await expect(network().fit(rows.batch(2), { verbose: 0 })).rejects.toThrow('fit batch 0')
  await expect(network().evaluate(rows.batch(2), { verbose: 0 })).rejects.toThrow('evaluate batch 0')
  await moment()
  expect(closed).toBe(2)
})

test.each([
  ['is cut off', (path: string) => truncateSync(path, head.length + 4 * 1000)],
  ['grows', (path: string) => appendFileSync(path, '1,2\n')],
  ['is written anew', (path: string) => utimesSync(path, 1, 1)],
])('a file that %s while it is read is refused', async (_, change) => {
  for (const [name, bytes] of [
    ['changing.csv', Buffer.concat([head, Buffer.alloc(16 << 20, '1,2\n')])],
    ['changing.csv.gz', gzipSync(Buffer.concat([head, randomLines()]), { level: 1 })],
  ] as const) {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    const read = async (): Promise<void> => {
      let seen = 0
      for await (const _batch of Dataset.csv(path, { schema }).batch(100)) if (++seen === 3) change(path)
    }
    await expect(read(), name).rejects.toMatchObject({
      code: 'ERR_IO',
      message: expect.stringMatching(/stays as it is while it is read|unexpected end of file/),
    })
  }
})

/** Lines that do not pack well: enough of them for some blocks. */
function randomLines(): Buffer {
  let state = 1
  const digit = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state % 1_000_003
  }
  return Buffer.from(Array.from({ length: 400_000 }, () => `${digit()},${digit()}\n`).join(''))
}

test.skipIf(process.platform !== 'linux')(
  'files that were left, stopped or broken off leave no handle open',
  async () => {
    const path = join(folder, 'table.csv')
    writeFileSync(path, Buffer.concat([head, ...Array.from({ length: 1300 }, () => head.subarray(4))]))
    const open = (): string[] =>
      readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/self/fd/${fd}`)]
        } catch {
          return []
        }
      })
    const data = Dataset.csv(path, { schema })
    for (let i = 0; i < 4; i++) {
      for await (const _ of data.shuffle({ buffer: 100 }).batch(10).prefetch(2)) break
      await expect(
        data
          .map((row, k) => (k === 3000 ? Promise.reject(new Error('broken')) : row))
          .batch(10)
          .toArray(),
      ).rejects.toThrow('broken')
      const stop = new AbortController()
      const fitted = network().fit(ways.batch!(data as Rows) as never, { verbose: 0, signal: stop.signal, epochs: 100 })
      await moment(5)
      stop.abort()
      await expect(fitted).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    }
    // Files are closed by other threads.
    for (let i = 0; i < 100 && open().includes(path); i++) await moment()
    expect(open().filter((name) => name === path)).toEqual([])
  },
  120_000,
)

describe('what code of a user throws is told with its stage, and is the cause', () => {
  class OwnError extends Error {
    readonly status = 503
  }
  const cause = new OwnError('broken')
  const broken = (): never => {
    throw cause
  }
  const columns = Dataset.fromColumns({ a: [0, 1, 2, 3, 4] })
  const seven = function* () {
    for (let i = 0; i < 7; i++) yield i
    broken()
  }
  const stream = () => {
    let pushed = false
    return new Readable({
      read() {
        if (pushed) this.destroy(cause)
        else this.push('a,y\n1,2\n')
        pushed = true
      },
    })
  }
  const pulls = (): ReadableStream<Uint8Array> => {
    let pulled = 0
    return new ReadableStream({
      pull(controller) {
        if (pulled++ === 0) controller.enqueue(Buffer.from('{"a":1}\n'))
        else controller.error(cause)
      },
    })
  }
  const cases: [name: string, data: Dataset<unknown>, code: string, message: string][] = [
    ['map', columns.map((row, i) => (i === 3 ? broken() : row)), 'ERR_DATA', 'Dataset.map element 3: broken'],
    [
      'a later map',
      columns.skip(2).map(({ a }) => (a === 4 ? broken() : a)),
      'ERR_DATA',
      'Dataset.map element 2: broken',
    ],
    [
      'map of a promise',
      columns.map(async ({ a }) => (a > 0 ? broken() : a)),
      'ERR_DATA',
      'Dataset.map element 1: broken',
    ],
    ['map of a shuffle', columns.shuffle({ seed: 1 }).map(broken), 'ERR_DATA', 'Dataset.map element 0: broken'],
    [
      'map of batches',
      columns.batch(2).map((_, i) => (i === 1 ? broken() : 0)),
      'ERR_DATA',
      'Dataset.map element 1: broken',
    ],
    [
      'map of a generator',
      Dataset.from(seven).map((i) => (i === 5 ? broken() : i)),
      'ERR_DATA',
      'Dataset.map element 5: broken',
    ],
    ['filter', columns.filter(({ a }) => a < 2 || broken()), 'ERR_DATA', 'Dataset.filter element 2: broken'],
    [
      'filter of a generator',
      Dataset.from(seven).filter(async (i) => i < 2 || broken()),
      'ERR_DATA',
      'Dataset.filter element 2: broken',
    ],
    [
      'bucketByLength',
      Dataset.from([[1], [2]]).bucketByLength(broken, { boundaries: [2], size: 1 }),
      'ERR_DATA',
      'Dataset.bucketByLength element 0: broken',
    ],
    ['a generator', Dataset.from(seven), 'ERR_DATA', 'Dataset.from element 7: broken'],
    ['what opens a source', Dataset.from(broken), 'ERR_DATA', 'Dataset.from element 0: broken'],
    ['a stream', Dataset.csv(stream, { schema }), 'ERR_IO', 'Dataset.csv: the stream broke off after 8 bytes: broken'],
    ['what opens a stream', Dataset.csv(broken), 'ERR_IO', 'Dataset.csv: the stream broke off after 0 bytes: broken'],
    [
      'a web stream',
      Dataset.jsonl(pulls as never),
      'ERR_IO',
      'Dataset.jsonl: the stream broke off after 8 bytes: broken',
    ],
  ]
  test.each(cases)('%s', async (_, data, code, message) => {
    const error = await data
      .batch(2)
      .toArray()
      .catch((error) => error)
    expect(error).toBeInstanceOf(FerrogradError)
    expect(error).toMatchObject({ code, message })
    expect(error.cause).toBe(cause)
    expect(message).toContain(error.where)
  })

  test('whoever trains on it is told the same', async () => {
    const data = columns.map(({ a }, i) => (i === 4 ? broken() : { x: [a], y: a })).batch(1)
    await expect(network().fit(data as never, { verbose: 0 })).rejects.toMatchObject({ code: 'ERR_DATA', cause })
  })

  test('packed bytes, what is no error, what aborts, and errors of this library', async () => {
    const packed = gzipSync(randomLines()).subarray(0, 300_000)
    const torn = async function* () {
      yield packed
      throw cause
    }
    await expect(Dataset.csv(torn, { header: false }).toArray()).rejects.toMatchObject({
      message: 'Dataset.csv: the stream broke off after 300000 bytes: broken',
      cause,
    })
    await expect(columns.map(() => Promise.reject(5)).toArray()).rejects.toThrow('Dataset.map element 0: 5')
    const aborts = columns.map(() => AbortSignal.abort().throwIfAborted())
    await expect(aborts.toArray()).rejects.toMatchObject({ name: 'AbortError', code: 'ERR_ABORTED' })
    await expect(columns.map(() => new Dense({ units: -1 })).toArray()).rejects.toThrow(/^Dense\.units: expected/)
    const objects = () => Readable.from([{ a: 1 }])
    await expect(Dataset.csv(objects as never).toArray()).rejects.toThrow(
      'Dataset.csv: expected bytes or text out of a stream, got { a: 1 }. Dataset.from takes rows',
    )
  })
})
