/** Tables and lines that are damaged, foreign or hostile: an error that says what to do, soon, and with little memory. */
import { gzipSync } from 'node:zlib'
import { type ArrowTable, Dataset, fromArrow } from 'ferrograd/data'
import { describe, expect, test } from 'vitest'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const jsonl = (text: string, schema?: object) => Dataset.jsonl(bytes(text), (schema && { schema }) as object).toArray()
const csv = (text: string, schema?: object) => Dataset.csv(bytes(text), (schema && { schema }) as object).toArray()

test.each([
  ['a mark of UTF-8', () => csv('\ufeffa,b\n1,2\n'), [{ a: 1, b: 2 }]],
  ['only carriage returns', () => csv('a,b\r1,2\r'), [{ a: 1, b: 2 }]],
  ['a header alone', () => csv('a,b\n'), []],
  ['nothing', () => csv(''), []],
  ['beyond 2⁵³', () => csv('a\n9007199254740993\n', { a: 'float64' }), [{ a: 9007199254740992 }]],
  ['beyond 2⁵³ as text', () => csv('a\n9007199254740993\n', { a: 'string' }), [{ a: '9007199254740993' }]],
  ['a zone', () => csv('a\n2024-02-28T12:00:00+02:00\n', { a: 'date' }), [{ a: Date.UTC(2024, 1, 28, 10) }]],
  ['JSON with a mark of UTF-8', () => Dataset.jsonl(bytes('\ufeff{"a":1}\n')).toArray(), [{ a: 1 }]],
])('reads %s as documented', async (_, read, wanted) => {
  expect(await read()).toEqual(wanted)
})

const utf16 = new Uint8Array(Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'))
const latin = new Uint8Array(Buffer.from('a,b\nZ\xfcrich,2\n', 'latin1'))
const packed = new Uint8Array(gzipSync('a\n1\n2\n'.repeat(1000)))

test.each([
  [
    'UTF-16',
    () => Dataset.csv(utf16).toArray(),
    'expected UTF-8, got UTF-16 (little endian). Convert it: iconv -t utf-8',
  ],
  ['Latin-1', () => Dataset.csv(latin).toArray(), 'line 2, column a: expected text in UTF-8'],
  ['NUL in text', () => csv('a,b\nx\0y,2\n'), 'line 2, column a: expected text in UTF-8 without NUL bytes'],
  ['NUL in a number', () => csv('a\n1\0\n', { a: 'float32' }), 'line 2, column a: expected a finite number'],
  [
    'a quote that is not closed',
    () => csv('a,b\n1,2\n"x,2\n'),
    'line 3, column a: expected a quote that closes the field',
  ],
  ['two columns of one name', () => csv('a,a\n1,2\n'), "two columns are named 'a'"],
  [
    'a misspelt column',
    () => csv('age,city\n1,x\n', { agee: 'int32' }),
    "no column 'agee' among age, city; did you mean 'age'?",
  ],
  ['an infinite number', () => csv('a\ninf\n', { a: 'float32' }), "expected a finite number, got 'inf'"],
  ['more than float32 holds', () => csv('a\n1e40\n', { a: 'float32' }), "expected a finite number, got '1e40'"],
  ['more than int32 holds', () => csv('a\n3000000000\n', { a: 'int32' }), 'expected a whole number within 32 bits'],
  ['a missing int32', () => csv('a\nNA\n', { a: 'int32' }), "Declare it 'float32', where a missing number is NaN"],
  [
    'a day that there is not',
    () => csv('a\n2024-02-30\n', { a: 'date' }),
    'expected a date (2026-11-29, 2026-11-29T14:30:00Z)',
  ],
  [
    'gzip that breaks off',
    () => Dataset.csv(packed.subarray(0, 25)).toArray(),
    'cannot unpack: unexpected end of file',
  ],
  [
    'text that is a number',
    () => jsonl('{"a":1}\n{"a":"x"}\n', { a: 'float32' }),
    'line 2, column a: expected a finite',
  ],
  [
    'a member that is missing',
    () => jsonl('{"a":1}\n{}\n', { a: 'int32' }),
    'line 2, column a: expected a whole number',
  ],
  ['a member twice', () => jsonl('{"a":1,"a":2}\n'), 'line 1, column a: expected one value, got two'],
  ['a number beyond float64', () => jsonl('{"a":1e999}\n'), "line 1, column a: expected a finite number, got '1e999'"],
  ['a misspelt member', () => jsonl('{"age":1}\n', { agee: 'int32' }), 'line 1, column agee: expected a whole number'],
  ['a list among objects', () => jsonl('{"a":1}\n[1]\n'), 'line 2, expected JSON, an object as in the first line'],
  ['a half of a character', () => jsonl('{"a":"\\ud800"}\n'), 'line 1, column a: expected text in UTF-8'],
  [
    'broken JSON',
    () => Dataset.jsonl(bytes('{"a":1}\n{"a":\n')).toArray(),
    `line 2, expected JSON, got '{\\"a\\":' (EOF`,
  ],
])('refuses %s', async (_, read, message) => {
  await expect(read()).rejects.toThrow(message)
  await expect(read()).rejects.toMatchObject({ name: 'FerrogradError' })
})

describe('what does not end is refused before it fills the memory', () => {
  /** A gigabyte, if somebody asks for so much. */
  const endless = (head: string, block: Uint8Array) =>
    async function* (): AsyncGenerator<Uint8Array> {
      yield bytes(head)
      for (let i = 0; i < 256; i++) yield block
    }
  const letters = new Uint8Array(4 << 20).fill(120)

  test.each([
    ['a line', () => Dataset.csv(endless('a,b\n', letters)).toArray(), 'line 2, a record of more than 16 MB'],
    ['a quoted field', () => Dataset.csv(endless('a,b\n"', letters)).toArray(), 'is a quote not closed?'],
    [
      'a line of JSON',
      () => Dataset.jsonl(endless('{"a":"', letters)).toArray(),
      'line 1, a record of more than 16 MB',
    ],
  ])('%s', async (_, read, message) => {
    const before = process.memoryUsage.rss()
    await expect(read()).rejects.toThrow(message)
    expect(process.memoryUsage.rss() - before).toBeLessThan(400e6)
  })

  test('gzip that unpacks to a thousand times as much', async () => {
    // Many times the same megabyte, packed once, of a column that is passed over: few rows, and packing takes no time.
    const megabyte = gzipSync(`1,${'x'.repeat((1 << 16) - 3)}\n`.repeat(16))
    const bomb = new Uint8Array(Buffer.concat([gzipSync('a,b\n'), ...Array.from({ length: 300 }, () => megabyte)]))
    const counted = async (): Promise<number> => {
      let rows = 0
      for await (const { a } of Dataset.csv(bomb, { schema: { a: 'int32' } }).batch(1000)) rows += a.shape[0]!
      return rows
    }
    await expect(counted()).rejects.toThrow(
      'expected at most 500 bytes for each packed one, got more. Unpack it yourself',
    )
  })
})

test('lines of JSON however they are cut', async () => {
  // Each line is a job for another thread: few of them, some longer than a block.
  const text = Array.from({ length: 12 }, (_, i) => `{"a":${i},"t":"${'ü'.repeat(7 * i)}"}\n`).join('')
  const whole = await Dataset.jsonl(bytes(text)).toArray()
  for (const size of [1, 2, 7, 100]) {
    const cut = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0, all = bytes(text); at < all.length; at += size) yield all.subarray(at, at + size)
    }
    expect(await Dataset.jsonl(cut).toArray()).toEqual(whole)
  }
})

test('two columns of one name in an Arrow table', async () => {
  const column = { length: 1, data: [], get: () => 1 }
  const field = { name: 'a', type: { typeId: 3 } }
  const table = { schema: { fields: [field, field] }, numRows: 1, getChildAt: () => column } as unknown as ArrowTable
  await expect(fromArrow(table)).rejects.toThrow("fromArrow: expected names of columns that differ, got 'a'")
})
