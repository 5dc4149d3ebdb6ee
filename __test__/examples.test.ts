import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { config } from 'ferrograd'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Postgres, postgresPrograms, startPostgres } from './data/postgres.js'

const mnist = fileURLToPath(new URL('../../shared/data/mnist', import.meta.url))
let printed: string[] = []

beforeEach(() => {
  printed = []
  vi.spyOn(console, 'log').mockImplementation((text: unknown) => void printed.push(String(text)))
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true)
})
afterEach(() => {
  vi.restoreAllMocks()
  config.setSeed(0)
})

test('01-digits reads at least 97 % of the digits it has never seen', async () => {
  const began = performance.now()
  await import('../examples/01-digits/index.js')
  expect(performance.now() - began).toBeLessThan(20_000)
  const text = printed.join('\n')
  expect(text).toMatch(/Right on (9[7-9]\.\d|100\.0) % of 359 digits/)
  expect(text).toMatch(/true ╲ said +0 +1 +2/)
  expect(text).toMatch(/Total params: 17,2\d\d/)
})

test.skipIf(!existsSync(mnist))('02-mnist reads at least 94 % of the images kept aside', async () => {
  const { argv } = process
  process.argv = [argv[0]!, argv[1]!, mnist]
  try {
    await import('../examples/02-mnist/index.js')
  } finally {
    process.argv = argv
  }
  expect(printed.join('\n')).toMatch(/Right on 9[4-9]\.\d % of the images/)
})

test('03-by-hand: the computations of the introductions, by formula and by finite differences', async () => {
  await import('../examples/03-by-hand/index.js')
  const text = printed.join('\n')
  expect(text.match(/✓ \d+ gradients against finite differences/g)).toHaveLength(9)
  expect(text).toContain('σ(0.2) = 0.5498')
})

test('04-small-problems: XOR, two moons, a curve with its uncertainty', async () => {
  await import('../examples/04-small-problems/index.js')
  expect(printed.join('\n')).toMatch(/right on (9[7-9]\.\d|100\.0) % of 400 points/)
})

test('05-generative: the losses of a VAE and of a GAN reach their ranges', async () => {
  await import('../examples/05-generative/index.js')
  expect(printed.join('\n')).toMatch(/mean radius (0\.[89]|1\.[01])\d/)
})

test('06-policy-gradient: an agent finds the best machine under each lamp, and one with a memory its way', async () => {
  await import('../examples/06-policy-gradient/index.js')
  expect(printed.join('\n').match(/lamp \d: machine/g)).toHaveLength(4)
})

test('07-recommender: hidden ratings of known rank are recovered', async () => {
  await import('../examples/07-recommender/index.js')
  expect(printed.join('\n')).toMatch(/off by 0\.(0|1[0-4])/)
})

test('08-resume: a training that kills itself goes on, with the same bits', async () => {
  await import('../examples/08-resume/index.js')
  expect(printed.join('\n')).toMatch(/The same bits/)
}, 120_000)

test('09-pictures: a small LeNet reads at least 98 % of the digits it has never seen', async () => {
  await import('../examples/09-pictures/index.js')
  const text = printed.join('\n')
  expect(text).toMatch(/Right on (9[89]\.\d|100\.0) % of 359 digits/)
  expect(text).toMatch(/kernel 0 +kernel 1/)
}, 120_000)

test('10-sequences: sums as text, a forecast against the naive one, praise and blame, letters, handwritten numbers', async () => {
  await import('../examples/10-sequences/index.js')
  const text = printed.join('\n')
  expect(text).toMatch(/right on (9[5-9]\.\d|100\.0) % of the digits/)
  expect(text).toMatch(/right on (9[7-9]\.\d|100\.0) % of 438 sentences/)
  expect(text).toMatch(/ 0\.\d\d bits a letter; at random 5\.46\n {2}Shall I compare thee to a summer's day\?/)
  expect(text).toMatch(/ [0-7]\.\d % of the digits of 200 strips misread/)
}, 120_000)

test('11-attention: sonnets by heart, dates, praise and blame, digits by patches', async () => {
  await import('../examples/11-attention/index.js')
  const text = printed.join('\n')
  expect(text).toMatch(/ 0\.\d\d bits a letter; at random 5\.46/)
  expect(text).toContain("Shall I compare thee to a summer's day?")
  expect(text).toMatch(/right about (9[7-9]\.\d|100\.0) % of 400 dates/)
  expect(text).toMatch(/right on (9[7-9]\.\d|100\.0) % of 438 sentences/)
  expect(text).toMatch(/right on (9[5-9]\.\d|100\.0) % of 359 digits/)
}, 180_000)

test('12-graphs: who went with whom, by graph convolution and graph attention', async () => {
  await import('../examples/12-graphs/index.js')
  expect(printed.join('\n').match(/right about 3[1-4] of 34 members/g)).toHaveLength(2)
})

test('13-tabular-csv: a table with missing values and categories, from its file to a report', async () => {
  await import('../examples/13-tabular-csv/index.js')
  const text = printed.join('\n')
  expect(text).toMatch(/age +3\d\d\d +[34]\d\d +4\d\.\d+/)
  expect(text).toMatch(/accuracy +0\.9[3-9]\d +800/)
  expect(text).toMatch(/age is missing · plan=\? · plan=/)
  expect(text).toMatch(/"age":null,"visits":1,"plan":"trial"} cancels with probability (0\.9|1\.0)/)
})

test('14-streams: events without an end, and a table mixed from a file', async () => {
  await import('../examples/14-streams/index.js')
  const text = printed.join('\n')
  expect(text).toMatch(/window 23: 0\.00\d\d\nwindow 24: [1-9]\.\d+/)
  expect(text).toMatch(/120000 rows in 1\.\d MB; missing values of a are 0\.[67]/)
  expect(text).toMatch(/right on (6[6-9]|7[01])\.\d % of the rows/)
  expect(text).toMatch(/^shuffle +\d/m)
})

test('17-image-folder reads at least 95 % of digits in files, and leaves out the one that is cut off', async () => {
  await import('../examples/17-image-folder/index.js')
  const text = printed.join('\n')
  expect(text).toMatch(/Right on (9[5-9]\.\d|100\.0) % of 359 digits/)
  expect(text).toMatch(/Left out: \d+\.png, a PNG file that is damaged or cut off/)
})

test('18-frames learns from Arrow, Polars and Parquet, or says what is not there', async () => {
  await import('../examples/18-frames/index.js')
  const parts = printed.join('\n').split(/\n[23]\. /)
  expect(parts).toHaveLength(3)
  const [arrow, polars, parquet] = parts
  for (const part of [arrow, polars])
    expect(part).toMatch(/right on (9[3-9]\.\d|100\.0) % of 2000 flats|Passed over: \S+ is not installed/)
  // Polars writes the file.
  if (/right on/.test(polars!)) expect(parquet).toMatch(/right on|Passed over/)
}, 60_000)

describe('15-databases', () => {
  const programs = postgresPrograms()
  let server: Postgres | undefined
  beforeAll(async () => {
    if (programs === undefined) return
    server = await startPostgres(programs)
    Object.assign(process.env, { PGHOST: server.host, PGUSER: server.user, PGDATABASE: 'postgres' })
  }, 60_000)
  afterAll(() => {
    for (const name of ['PGHOST', 'PGUSER', 'PGDATABASE']) delete process.env[name]
    server?.stop()
  })

  test('learns from the rows of DuckDB and of PostgreSQL, or says what is not there', async () => {
    await import('../examples/15-databases/index.js')
    const text = printed.join('\n')
    const parts = text.split('\n2. PostgreSQL')
    expect(parts).toHaveLength(2)
    for (const part of parts)
      expect(part).toMatch(
        /right on (9[3-9]\.\d|100\.0) % of 4,000 trips|Passed over: \S+ (is not installed|says of no server)/,
      )
  }, 60_000)
})

test('16-convnets: handwriting, noise, made digits, a residual network, and where one looks', async () => {
  const { argv } = process
  process.argv = [argv[0]!, argv[1]!, mnist]
  try {
    await import('../examples/16-convnets/index.js')
  } finally {
    process.argv = argv
  }
  const text = printed.join('\n')
  expect(text).toMatch(/right on (98\.[3-9]|99\.\d) % of 2000 images|Passed over: there is no folder/)
  expect(text).toMatch(/mean squared error 0\.1[12]\d under noise, 0\.0[0-3]\d without/)
  expect(text).toMatch(/score [5-9]\.\d, of real digits [89]\.\d/)
  expect(text).toMatch(/right on (9[7-9]\.\d|100\.0) % of 359 digits/)
  expect(text).toMatch(/right on (8[89]|9\d)\.\d % of 359 pictures, and looking at the digit in (8[89]|9\d)\.\d %/)
}, 300_000)
