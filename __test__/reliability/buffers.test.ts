/** What becomes of a caller's arrays while a training runs has no say in it: they were copied before `fit` returned. */
import { Tensor } from 'ferrograd'
import type { ShapedArray } from 'ferrograd/data'
import { describe, expect, test } from 'vitest'
import { classifier, points, weightsOf } from '../training/models.js'

const { x, y } = points()
const options = { epochs: 5, batchSize: 16, seed: 1, verbose: 0 } as const

async function expected(): Promise<number[][]> {
  const model = classifier()
  await model.fit(x, y, options)
  return weightsOf(model)
}

/** The numbers of `x` over another kind of memory. */
function over(buffer: ArrayBufferLike, byteOffset = 0): Float32Array {
  const view = new Float32Array(buffer, byteOffset, x.values.length)
  view.set(x.values)
  return view
}

const bytes = x.values.byteLength
const kinds: [what: string, values: () => Float32Array, disturb: (values: Float32Array) => unknown][] = [
  ['overwritten', () => x.values.slice(), (values) => values.fill(Number.NaN)],
  [
    'transferred away',
    () => x.values.slice(),
    (values) => structuredClone(values.buffer, { transfer: [values.buffer as ArrayBuffer] }),
  ],
  [
    'shrunk',
    () => over(new (ArrayBuffer as ResizableConstructor)(bytes, { maxByteLength: bytes })),
    (values) => (values.buffer as ArrayBuffer & { resize(length: number): void }).resize(4),
  ],
  ['shared, and written to', () => over(new SharedArrayBuffer(bytes)), (values) => values.fill(1e9)],
  ['at an odd offset of a larger buffer', () => over(new ArrayBuffer(bytes + 12), 4), () => undefined],
]

type ResizableConstructor = new (length: number, options: { maxByteLength: number }) => ArrayBuffer

describe('arrays that are', () => {
  test.each(kinds)('%s', async (_, make, disturb) => {
    const values = make()
    const model = classifier()
    const run = model.fit({ values, shape: x.shape } as ShapedArray<Float32Array>, y, options)
    disturb(values)
    await run
    expect(weightsOf(model)).toEqual(await expected())
  })
})

describe('a batch whose array is', () => {
  test.each(kinds)('%s', async (_, make, disturb) => {
    const [model, other] = [classifier(), classifier()]
    for (const way of ['trainOnBatch', 'predictOnBatch', 'predict'] as const) {
      const run = (net: typeof model, data: typeof x): Promise<unknown> =>
        way === 'trainOnBatch' ? net[way](data, y) : net[way](data)
      const values = make()
      const got = run(model, { values, shape: x.shape } as typeof x)
      disturb(values)
      expect(await numbersOf(await got)).toEqual(await numbersOf(await run(other, x)))
    }
    expect(weightsOf(model)).toEqual(weightsOf(other))
  })
})

/** Logs as they are, and the numbers of a tensor. */
async function numbersOf(result: unknown): Promise<unknown> {
  return result instanceof Tensor ? [...(await result.data())] : result
}

test('frozen arrays and options are taken as they are', async () => {
  const model = classifier()
  const nested = Object.freeze(
    Array.from({ length: y.length }, (_, i) => Object.freeze([x.values[2 * i]!, x.values[2 * i + 1]!])),
  )
  await model.fit(nested, Object.freeze(Array.from(y)), Object.freeze({ ...options }))
  expect(weightsOf(model)).toEqual(await expected())
})
