import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import zlib, { createGzip, gzipSync } from 'node:zlib'
import { config, Sequential } from 'ferrograd'
import { Dataset, type ShapedArray } from 'ferrograd/data'
import { Dense } from 'ferrograd/layers'
import { afterAll, describe, expect, expectTypeOf, test } from 'vitest'

const dir = mkdtempSync(join(tmpdir(), 'ferrograd-csv-'))
afterAll(() => rmSync(dir, { recursive: true }))
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const file = (name: string, data: string | Uint8Array): string => {
  const path = join(dir, name)
  mkdirSync(dir, { recursive: true })
  writeFileSync(path, data)
  return path
}

const table = 'age,city,height,left\n31,"Rome, old",1.75,true\n52,,NA,false\n8,Oslo,1.2,true\n'
const schema = { age: 'float32', city: 'string', left: 'bool' } as const
const rows = [
  { age: 31, city: 'Rome, old', left: true },
  { age: 52, city: '', left: false },
  { age: 8, city: 'Oslo', left: true },
]

describe('Dataset.csv', () => {
  test('reads the columns of a schema, whose types are known', async () => {
    const data = Dataset.csv(bytes(table), { schema })
    expectTypeOf(data.toArray).returns.resolves.items.toEqualTypeOf<{
      readonly age: number
      readonly city: string
      readonly left: boolean
    }>()
    expect(await data.toArray()).toEqual(rows)
    // @ts-expect-error There is no such column.
    data.select('aeg')
  })

  test('finds the kinds of columns where nobody says them', async () => {
    const [first, second] = await Dataset.csv(bytes(table)).toArray()
    expect(first).toEqual({ age: 31, city: 'Rome, old', height: 1.75, left: true })
    expect(second!.height).toBeNaN()
  })

  test('finds the same kinds however a stream is cut, and of one record without a line end', async () => {
    for (const blocks of [['a,b\n', '1,2\n'], ['a,b\n1,2'], ['a,b\n', '1', ',', '2']])
      expect(await Dataset.csv(() => Readable.from(blocks)).toArray(), String(blocks)).toEqual([{ a: 1, b: 2 }])
    const later = () => Readable.from(['a,b\n1,2\n', '1.5,x\n'])
    expect(await Dataset.csv(later).toArray()).toEqual([
      { a: 1, b: '2' },
      { a: 1.5, b: 'x' },
    ])
    const lines = () => Readable.from(['{"a":1}\n', '{"a":"x","b":2}\n'])
    expect(await Dataset.jsonl(lines).toArray()).toEqual([
      { a: 1, b: Number.NaN },
      { a: 'x', b: 2 },
    ])
  })

  test('reads files, many of them, packed ones, and streams, again at each pass', async () => {
    file('part-1.csv', table)
    file('part-2.csv', table)
    file('whole.csv.gz', gzipSync(table))
    file('tabs.tsv', table.replaceAll('"Rome, old"', 'Rome, old').replace(/,(?! )/g, '\t'))
    file('TABS.TSV', readFileSync(join(dir, 'tabs.tsv')))
    const sources = [
      join(dir, 'part-1.csv'),
      join(dir, 'whole.csv.gz'),
      join(dir, 'tabs.tsv'),
      join(dir, 'TABS.TSV'),
      () => Readable.from([table.slice(0, 30), table.slice(30)]),
      () => new Response(table).body as never,
    ]
    for (const source of sources) {
      const data = Dataset.csv(source as string, { schema })
      expect([await data.toArray(), await data.toArray()]).toEqual([rows, rows])
    }
    const many = Dataset.csv(join(dir, 'part-*.csv'), { schema })
    expect(await many.toArray()).toEqual([...rows, ...rows])
    expect(await many.skip(4).batch(2).toArray()).toEqual([
      {
        age: { values: Float32Array.of(52, 8), shape: [2] },
        city: ['', 'Oslo'],
        left: { values: Uint8Array.of(0, 1), shape: [2] },
      },
    ])
  })

  test('unpacks bytes and streams too, however they are cut, and lets go of them', async () => {
    const packed = gzipSync(table)
    let closed = 0
    const inBytes = async function* () {
      try {
        for (const byte of packed) yield Uint8Array.of(byte)
      } finally {
        closed += 1
      }
    }
    for (const source of [packed, inBytes, () => new Response(packed).body as never])
      expect(await Dataset.csv(source as () => AsyncIterable<Uint8Array>, { schema }).toArray()).toEqual(rows)
    for await (const _ of Dataset.jsonl(() => endlessLines())) break
    async function* endlessLines() {
      const gzip = createGzip()
      try {
        for (let i = 0; ; i++) {
          gzip.write(`{"i": ${i}, "salt": "${Math.sin(i)}"}\n`)
          gzip.flush()
          await new Promise((resolve) => setImmediate(resolve))
          const block = gzip.read() as Uint8Array | null
          if (block !== null) yield block
        }
      } finally {
        closed += 1
        gzip.destroy()
      }
    }
    await expect.poll(() => closed).toBe(2)
  })

  test('unpacks Zstandard where Node can, and says so where it cannot', async () => {
    const compress = (zlib as { zstdCompressSync?: (text: string) => Buffer }).zstdCompressSync
    // The frame of an empty text, where there is nothing to make one with.
    const frame =
      compress?.(table) ?? Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x00, 0x01, 0x00, 0x00, 0x99, 0xe9, 0xd8, 0x51)
    const data = Dataset.csv(file('table.csv.zst', Buffer.from(frame)), { schema })
    if (compress !== undefined) expect(await data.toArray()).toEqual(rows)
    else
      await expect(data.toArray()).rejects.toThrow(
        /table\.csv\.zst: expected bytes that this Node can unpack, got Zstandard/,
      )
  })

  test('a file of many blocks: every row once, in order, and errors by line', async () => {
    const count = 700_000
    const lines = Array.from({ length: count }, (_, i) => `${i},c${i % 5}`)
    const path = file('long.csv', `n,c\n${lines.join('\n')}\n`)
    let next = 0
    for await (const batch of Dataset.csv(path, { schema: { n: 'int32', c: 'string' } }).batch(5000)) {
      const { values } = batch.n
      expect([values[0], values.at(-1), batch.c[3]]).toEqual([next, next + values.length - 1, `c${(next + 3) % 5}`])
      next += values.length
    }
    expect(next).toBe(count)
    lines[654_321] = 'x7,c'
    const bad = file('bad.csv', `n,c\n${lines.join('\n')}\n`)
    await expect(Dataset.csv(bad, { schema: { n: 'int32' } }).toArray()).rejects.toThrow(
      `${bad} line 654323, column n: expected a whole number within 32 bits, got 'x7'`,
    )
  })

  test('row 1,234,567 is named by file, line, column and value', async () => {
    const path = file('million.csv', `n\n${'12345\n'.repeat(1_234_565)}1234x\n7\n`)
    await expect(Dataset.csv(path).toArray()).rejects.toThrow(
      `${path} line 1234567, column n: expected a whole number within 32 bits, got '1234x'`,
    )
  })

  test('gives the same batches whatever the number of threads', async () => {
    const lines = Array.from({ length: 40_000 }, (_, i) => `${i},"c ${i % 700}\n",${i % 3 === 0 ? '' : i / 8}`)
    const path = file('threads.csv', `n,c,x\n${lines.join('\n')}`)
    const passes = async () => {
      const data = Dataset.csv(path).filter(({ n }) => (n as number) % 5 !== 0)
      const batches = data.shuffle({ buffer: 3000, seed: 4 }).batch(512).prefetch(3)
      return [await batches.toArray(), await batches.toArray()]
    }
    try {
      config.setThreads(1)
      const one = await passes()
      expect(one[0]!.length).toBe(Math.ceil(32_000 / 512))
      expect(one[0]).not.toEqual(one[1])
      for (const threads of [2, 3]) {
        config.setThreads(threads)
        expect(await passes()).toEqual(one)
      }
    } finally {
      config.setThreads(0)
    }
  })

  test('the threads that read are as many as they are told, and the batches do not depend on them', async () => {
    const text = Array.from({ length: 60_000 }, (_, i) => `${i},${Math.sin(i)}`).join('\n')
    const path = file('threads.csv', `a,b\n${text}\n`)
    const isBeside = (id: string): boolean => {
      try {
        return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').startsWith('ferrograd-besid')
      } catch {
        return false
      }
    }
    const read = (): Promise<unknown> => Dataset.csv(path).batch(1000).toArray()
    try {
      config.setDataThreads(1)
      expect(config.dataThreads()).toBe(1)
      const one = await read()
      config.setDataThreads(5)
      expect(await read()).toEqual(one)
      // Those of the pool before may be there still.
      if (process.platform === 'linux')
        expect(readdirSync('/proc/self/task').filter(isBeside).length).toBeGreaterThanOrEqual(5)
      config.setThreads(3)
      expect(config.dataThreads()).toBe(5)
    } finally {
      config.setThreads(0)
      config.setDataThreads(0)
    }
    expect(config.dataThreads()).toBe(config.threads())
  })

  test('trains as the same numbers in arrays do', async () => {
    const n = 300
    const values = Float32Array.from({ length: n * 2 }, (_, i) => Math.fround(Math.sin(i)))
    const text = Array.from({ length: n }, (_, i) => `${values[2 * i]},${values[2 * i + 1]},${i % 2}`).join('\n')
    const model = () => {
      const made = new Sequential([new Dense({ units: 1, inputShape: [2] })])
      made.compile({ optimizer: 'sgd', loss: 'mse' })
      made.setWeights(made.getWeights().map((w) => w.mul(0).add(0.3)))
      return made
    }
    const [streamed, whole] = [model(), model()]
    const data = Dataset.csv(bytes(`a,b,y\n${text}`), { schema: { a: 'float32', b: 'float32', y: 'float32' } })
    await streamed.fit(data.inputsAndTarget(['a', 'b'], 'y').batch(16), { epochs: 2, verbose: 0 })
    const y = Float32Array.from({ length: n }, (_, i) => i % 2)
    await whole.fit({ values, shape: [n, 2] }, y, { epochs: 2, batchSize: 16, shuffle: false, verbose: 0 })
    expect(streamed.getWeights().map((w) => [...w.dataSync()])).toEqual(
      whole.getWeights().map((w) => [...w.dataSync()]),
    )
  })

  const refused: [what: string, source: string | readonly string[] | Uint8Array, options: object, message: RegExp][] = [
    ['no file', join(dir, 'none.csv'), {}, /none\.csv: cannot read/],
    ['no files of a pattern', join(dir, 'none-*.csv'), {}, /files of that name/],
    ['files of a pattern in no folder', join(dir, 'nowhere', '*.csv'), {}, /nowhere: cannot read/],
    ['no paths', [], {}, /Dataset\.csv: expected at least one path, got \[\]/],
    ['another encoding', Uint8Array.of(0xff, 0xfe, 65, 0), {}, /expected UTF-8, got UTF-16 \(little endian\)/],
    [
      'a missing whole number',
      bytes('a\n1\nNA\n'),
      { schema: { a: 'int32' } },
      /line 3, column a.*missing value.*float32/,
    ],
    [
      'infinity',
      bytes('a\ninf\n'),
      { schema: { a: 'float32' } },
      /line 2, column a: expected a finite number, got 'inf'/,
    ],
    ['too many fields', bytes('a,b\n1,2,3\n'), {}, /line 2, expected 2 fields, as there are columns, got 3/],
    ['a column that is not there', bytes('a\n1\n'), { schema: { b: 'int32' } }, /no column 'b' among a/],
    [
      'a kind that is not there',
      bytes('a\n1\n'),
      { schema: { a: 'int64' } },
      /schema\.a: expected one of float32.*got 'int64'/,
    ],
    [
      'a schema without columns',
      bytes('a\n1\n'),
      { schema: {} },
      /schema: expected an object with a kind for each column/,
    ],
    [
      'a schema that is a list',
      bytes('a\n1\n'),
      { schema: ['a'] },
      /an object with a kind for each column, got \['a'\]/,
    ],
    ['a misspelt schema', bytes('a\n1\n'), { shema: {} }, /unknown option 'shema'\. Did you mean 'schema'/],
    [
      'a missing value that is no list',
      bytes('a\n1\n'),
      { missing: 'NA' },
      /missing: expected a list of strings, got 'NA'/,
    ],
    ['options that are null', bytes('a\n1\n'), null as never, /Dataset\.csv: expected an options object, got null/],
    [
      'a table cut off amid quotes',
      bytes('a,b\n1,2\n1,"x'),
      {},
      /the bytes line 3, column b: expected a quote that closes/,
    ],
    ['text behind a quote', bytes('a,b\n1,"x"y\n'), {}, /the bytes line 2, column b: expected the field's end behind/],
    ['a damaged gzip', file('torn.csv.gz', gzipSync(table).subarray(0, 40)), {}, /torn\.csv\.gz: cannot unpack/],
  ]
  test.each(refused)('refuses %s', async (_, source, options, message) => {
    await expect((async () => Dataset.csv(source, options).toArray())()).rejects.toThrow(message)
  })

  test('a delimiter that is none is refused before anything is read', () => {
    for (const delimiter of ['::', 'é', ''])
      expect(() => Dataset.csv(bytes('a\n1\n'), { delimiter })).toThrow(/Dataset\.csv\.delimiter: expected/)
  })

  test('a pattern stands for names in the working directory, those that begin with a dot too', async () => {
    file('.part-1.csv', table)
    file('here-1.csv', table)
    const before = process.cwd()
    process.chdir(dir)
    try {
      for (const pattern of ['.part-*.csv', './.part-*.csv', 'here-*.csv'])
        expect(await Dataset.csv(pattern, { schema }).toArray()).toEqual(rows)
    } finally {
      process.chdir(before)
    }
  })

  test('a reader that leaves early closes the stream', async () => {
    let closed = 0
    const source = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield bytes('1,2\n'.repeat(1000))
      } finally {
        closed += 1
      }
    }
    for await (const _ of Dataset.csv(source, { header: false }).batch(10)) break
    expect(closed).toBe(1)
  })
})

describe('Dataset.jsonl', () => {
  const lines = '{"age":31,"city":"Rome","tags":["a","b"],"left":true}\n\n{"city":null,"left":false,"tags":null}\n'

  test('gives members as columns, and those that are no numbers or text as they are', async () => {
    const [first, second] = await Dataset.jsonl(bytes(lines)).toArray()
    expect(first).toEqual({ age: 31, city: 'Rome', tags: ['a', 'b'], left: true })
    expect(second).toEqual({ age: Number.NaN, city: '', tags: null, left: false })
    for await (const batch of Dataset.jsonl<{ age: number; city: string }>(bytes(lines)).select('age', 'city').batch(2))
      expect(batch).toEqual({ age: { values: Float64Array.of(31, Number.NaN), shape: [2] }, city: ['Rome', ''] })
  })

  test('reads the members of a schema, whose types are known', async () => {
    const data = Dataset.jsonl(bytes(lines), { schema: { left: 'bool', age: 'float32', tags: 'json' } })
    expectTypeOf(data.toArray).returns.resolves.items.toEqualTypeOf<{
      readonly left: boolean
      readonly age: number
      readonly tags: unknown
    }>()
    expect(await data.toArray()).toEqual([
      { left: true, age: 31, tags: ['a', 'b'] },
      { left: false, age: Number.NaN, tags: null },
    ])
    // @ts-expect-error There is no such column.
    data.select('aeg')
  })

  test('reads files, packed ones and streams, again at each pass, and lines that are values', async () => {
    const sequences = '[1,2]\n[3]\n'
    file('part-1.jsonl', lines)
    file('part-2.jsonl', lines)
    file('whole.jsonl.gz', gzipSync(lines + lines))
    const rows = [...(await Dataset.jsonl(bytes(lines + lines)).toArray())]
    expect(rows.length).toBe(4)
    const sources = [join(dir, 'part-*.jsonl'), join(dir, 'whole.jsonl.gz'), () => Readable.from([lines, lines])]
    for (const source of sources) {
      const data = Dataset.jsonl(source as string)
      expect([await data.toArray(), await data.toArray()]).toEqual([rows, rows])
    }
    file('values-1.jsonl', sequences)
    file('values-2.jsonl', sequences)
    const values = Dataset.jsonl<number[]>(join(dir, 'values-*.jsonl'))
    expect(await values.toArray()).toEqual([[1, 2], [3], [1, 2], [3]])
    expect(await values.padBatch(2).take(1).toArray()).toEqual([{ values: Float64Array.of(1, 2, 3, 0), shape: [2, 2] }])
  })

  test('a file of many blocks: every row once, in order, and errors by line', async () => {
    const count = 120_000
    const texts = Array.from({ length: count }, (_, i) => `{"n":${i},"c":"c${i % 5}","own":"own ${i}","l":[${i}]}`)
    const schema = { n: 'int32', c: 'string', own: 'string', l: 'json' } as const
    const path = file('long.jsonl', `${texts.join('\n')}\n`)
    let next = 0
    for await (const batch of Dataset.jsonl(path, { schema }).batch(5000)) {
      const { values } = batch.n
      expect([values[0], batch.c[3], batch.own[7]]).toEqual([next, `c${(next + 3) % 5}`, `own ${next + 7}`])
      const lists = batch.l as ShapedArray
      expect([lists.shape, lists.values[0], lists.values.at(-1)]).toEqual([[5000, 1], next, next + 4999])
      next += values.length
    }
    expect(next).toBe(count)
    // Values that differ are joined from blocks that number them anew.
    const loaded = await Dataset.jsonl(path, { schema }).select('own', 'c', 'l').load()
    const last = { own: `own ${count - 1}`, c: `c${(count - 1) % 5}`, l: [count - 1] }
    expect(await loaded.skip(count - 1).toArray()).toEqual([last])
    const [one] = await loaded.shuffle({ seed: 1 }).take(1).toArray()
    const [n] = one!.l as [number]
    expect(one).toEqual({ own: `own ${n}`, c: `c${n % 5}`, l: [n] })
    texts[98_765] = '{"n":"x"}'
    const bad = file('bad.jsonl', texts.join('\n'))
    await expect(Dataset.jsonl(bad, { schema: { n: 'int32' } }).toArray()).rejects.toThrow(
      `${bad} line 98766, column n: expected a whole number within 32 bits, got '\\"x\\"'`,
    )
  })

  test('names the line that is none', async () => {
    await expect(Dataset.jsonl(bytes('{"a":1}\n{"a":')).toArray()).rejects.toThrow(
      /the bytes line 2, expected JSON.*EOF while parsing/,
    )
    await expect(Dataset.jsonl(Uint8Array.of(49, 10, 0xc3)).toArray()).rejects.toThrow(
      /line 2, expected UTF-8, got another encoding/,
    )
    await expect(Dataset.jsonl(bytes('{"age":1}\n'), { schema: { aeg: 'float32' } }).toArray()).rejects.toThrow(
      "no column 'aeg' among age; did you mean 'age'?",
    )
    expect(() => Dataset.jsonl('f.jsonl', { schema: { a: 'json5' } as never })).toThrow(/schema\.a: expected one of/)
  })
})
