/** A checkpoint of another training is refused, and the difference named: of data sets, streams, models and functions. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { config, type FitOptions, Model, ops, Sequential, type Tensor } from 'ferrograd'
import { Dataset, timeseriesWindows } from 'ferrograd/data'
import { Dense, Lambda } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const ROWS = 24
const numbers = (from: number): Float32Array => Float32Array.from({ length: ROWS * 2 }, (_, i) => Math.sin(i + from))
const x = { values: numbers(0), shape: [ROWS, 2] }
const y = Float32Array.from({ length: ROWS }, (_, i) => Math.cos(i))
const changedAt = (place: number): typeof x => ({
  ...x,
  values: x.values.map((one, i) => (i === place ? one + 1 : one)),
})

let dir: string
beforeEach(() => {
  config.setSeed(1)
  dir = mkdtempSync(join(tmpdir(), 'ferrograd-another-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const at = (name: string): string => join(dir, name)
const checkpoint = (): { dir: string } => ({ dir: at('checkpoints') })

function small(optimizer: unknown = 'sgd', loss: unknown = 'mse'): Sequential {
  const model = new Sequential([new Dense({ units: 1, inputShape: [2] })])
  model.compile({ optimizer: optimizer as never, loss: loss as never })
  return model
}

type Data = Dataset<unknown> | (() => unknown)
const trained = async (data: Data, options: FitOptions = {}, model: Model = small()): Promise<unknown> =>
  await model.fit(data as never, undefined, { epochs: 1, verbose: 0, checkpoint: checkpoint(), ...options })

const rows = (from = x, answers = y): Dataset<{ x: unknown; y: unknown }> =>
  Dataset.fromColumns({ x: from, y: answers }) as never
const csv = (name: string, lines: readonly string[]): string => {
  writeFileSync(at(name), `a,b,y\n${lines.join('\n')}\n`)
  return at(name)
}
const lines = Array.from({ length: 9 }, (_, i) => `${i},${i * 2},${i % 3}`)
const table = (path: string, schema?: object): Dataset<unknown> =>
  (Dataset.csv(path, schema as never) as Dataset<never>)
    .inputsAndTarget(['a', 'b'] as never, 'y' as never)
    .batch(4) as never
const series = (stride: number): Dataset<unknown> =>
  timeseriesWindows(y, { length: 2, stride, targets: y.subarray(2) }).batch(4) as never
const dated = (last: number): Dataset<unknown> =>
  Dataset.from(Array.from({ length: 9 }, (_, i) => ({ at: new Date(i === 8 ? last : i) })))
    .map(({ at }) => ({ x: [at.getTime() || 0, 1], y: 2 }))
    .inputsAndTarget('x', 'y')
    .batch(3)
/** The function that opens a stream; the text tells one from another. */
const stream = (): unknown => [{ x: { values: x.values.subarray(0, 8), shape: [4, 2] }, y: y.subarray(0, 4) }]
const longer = (): unknown => [...(stream() as unknown[]), ...(stream() as unknown[])]

/** A training, another one, and what is said of it. */
const cases: readonly (readonly [string, () => Data, () => Data, RegExp])[] = [
  [
    'another number in a column',
    () => rows().batch(4),
    () => rows(changedAt(40)).batch(4),
    /data\[0\]\.columns\.x\.checksum was/,
  ],
  ['another size of batches', () => rows().batch(4), () => rows().batch(6), /data\[1\]\.size was 4 and is 6/],
  [
    'another seed',
    () => rows().shuffle({ seed: 1 }).batch(4),
    () => rows().shuffle({ seed: 2 }).batch(4),
    /data\[1\]\.seed was 1 and is 2/,
  ],
  ['a stage more', () => rows().batch(4), () => rows().take(20).batch(4), /data\[1\]\.stage was "batch" and is "take"/],
  [
    'another function of map',
    () =>
      rows()
        .batch(4)
        .map((row) => row),
    () =>
      rows()
        .batch(4)
        .map((row) => ({ ...row })),
    /data\[2\]\.change\.text was/,
  ],
  [
    'other rows in a list',
    () => Dataset.from(Array.from({ length: 9 }, (_, i) => ({ x: [i, 1], y: 2 }))).batch(3) as never,
    () => Dataset.from(Array.from({ length: 9 }, (_, i) => ({ x: [i, i === 8 ? 2 : 1], y: 2 }))).batch(3) as never,
    /data\[0\]\.checksum was/,
  ],
  ['another date, which is none, in a list', () => dated(8), () => dated(Number.NaN), /data\[0\]\.checksum was/],
  [
    'another file',
    () => table(csv('a.csv', lines)),
    () => table(csv('a.csv', [...lines.slice(1), '1,2,3'])),
    /data\[0\]\.from\[0\]\.(size|ends) was/,
  ],
  [
    'another data set beside',
    () => rows().concat(rows()).batch(4),
    () =>
      rows()
        .concat(rows(changedAt(0)))
        .batch(4),
    /data\[1\]\.beside\[0\]\[0\]\.columns\.x\.checksum was/,
  ],
  [
    'another share',
    () =>
      rows()
        .sample(
          y.map(() => 1),
          { seed: 1 },
        )
        .batch(4),
    () =>
      rows()
        .sample(
          y.map((_, i) => 1 + i),
          { seed: 1 },
        )
        .batch(4),
    /data\[1\]\.weights was/,
  ],
  ['windows over other steps', () => series(1), () => series(2), /data\[0\]\.windows\.stride was 1 and is 2/],
  [
    'another function that opens a stream',
    () => stream,
    () => longer,
    /data\[0\]\.source\.function was "stream" and is "longer"/,
  ],
]

describe('a data set', () => {
  test.each(cases)('with %s is refused', async (_, one, other, said) => {
    await trained(one())
    await trained(one())
    await expect(trained(other())).rejects.toMatchObject({
      code: 'ERR_STATE',
      message: expect.stringMatching(new RegExp(`is of another training: ${said.source}`)),
    })
  })

  test('that was made again is the same: prefetched further, of a file that lies elsewhere and is younger', async () => {
    await trained(table(csv('a.csv', lines)).prefetch(2))
    const moved = join(mkdtempSync(join(dir, 'moved-')), 'a.csv')
    writeFileSync(moved, `a,b,y\n${lines.join('\n')}\n`)
    await trained(table(moved).prefetch(5))
    appendFileSync(moved, '9,9,9\n')
    await expect(trained(table(moved))).rejects.toThrow(/size was/)
  })

  test('to validate with is refused, too', async () => {
    const validationData = (from = x): FitOptions => ({ validationData: rows(from).batch(4) as never })
    await trained(rows().batch(4), validationData())
    await trained(rows().batch(4), validationData())
    await expect(trained(rows().batch(4), validationData(changedAt(3)))).rejects.toThrow(
      /validation\[0\]\.columns\.x\.checksum/,
    )
    await expect(trained(rows().batch(4))).rejects.toThrow(/validation/)
  })
})

describe('a model', () => {
  const train = (model: Model, options: FitOptions = {}): Promise<unknown> =>
    Promise.resolve(model.fit(x as never, y as never, { epochs: 1, verbose: 0, checkpoint: checkpoint(), ...options }))
  const near = (a: Tensor, b: Tensor): Tensor => ops.abs(ops.subtract(a, b))
  const far = { near: (a: Tensor, b: Tensor): Tensor => ops.square(ops.subtract(a, b)) }

  test('with another loss is refused, by its name and by its text', async () => {
    await train(small('sgd', near))
    await train(small('sgd', near))
    await expect(train(small('sgd', far.near))).rejects.toThrow(/model\.compile_config\.loss\.text was/)
    await expect(train(small('sgd', 'mae'))).rejects.toThrow(/model\.compile_config\.loss was/)
  })

  test('with another optimizer under a loss that is a function', async () => {
    await train(small(new Adam({ beta1: 0.5 }), near))
    await expect(train(small(new Adam({ beta1: 0.9 }), near))).rejects.toThrow(
      /optimizer\.config\.beta_1 was 0\.5 and is 0\.9/,
    )
  })

  test('of a class with a call of its own, with another activation inside', async () => {
    class Own extends Model {
      readonly hidden: Dense
      constructor(activation: 'tanh' | 'relu') {
        super()
        this.hidden = new Dense({ units: 1, activation })
      }
      override call(x: Tensor): Tensor {
        return this.hidden.apply(x)
      }
    }
    const made = (activation: 'tanh' | 'relu'): Model => {
      const model = new Own(activation)
      model.compile({ optimizer: 'sgd', loss: 'mse' })
      return model
    }
    await train(made('tanh'))
    await train(made('tanh'))
    await expect(train(made('relu'))).rejects.toThrow(/layers\[0\]\.config\.activation was "tanh" and is "relu"/)
  })

  test('with a Lambda, which no file has, is told apart by its text', async () => {
    const made = (compute: (x: Tensor) => Tensor): Model => {
      const model = new Sequential([new Dense({ units: 1, inputShape: [2] }), new Lambda({ function: compute })])
      model.compile({ optimizer: 'sgd', loss: 'mse' })
      return model as unknown as Model
    }
    await train(made((x) => ops.multiply(x, 2)))
    await train(made((x) => ops.multiply(x, 2)))
    await expect(train(made((x) => ops.multiply(x, 3)))).rejects.toThrow(/function\.text was/)
  })
})
