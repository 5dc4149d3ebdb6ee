/** Whole numbers on their way into layers: exact, or refused. */

import { describe, expect, it } from 'vitest'
import type { Tensor } from '../../ts/index.js'
import { input, Model, ops, Sequential, tensor } from '../../ts/index.js'
import {
  CategoryEncoding,
  Dense,
  Discretization,
  Embedding,
  Flatten,
  IntegerLookup,
  Normalization,
  Rescaling,
  Reshape,
} from '../../ts/layers/index.js'
import { SparseCategoricalCrossentropy } from '../../ts/losses/index.js'

const ids = [123456788, 123456789, 123456790]
const column = ids.map((id) => [id])
const lookup = (): IntegerLookup => new IntegerLookup({ vocabulary: ids })

describe('ids beyond 2^24 stay apart', () => {
  const forms = [
    ['nested arrays', column],
    ['an Int32Array', { values: Int32Array.from(ids), shape: [3, 1] }],
    ['a Uint32Array', { values: Uint32Array.from(ids), shape: [3, 1] }],
    ['a Float64Array', { values: Float64Array.from(ids), shape: [3, 1] }],
    ['a tensor', tensor(Int32Array.from(ids), [3, 1])],
  ] as const

  it.each(forms)('in a Sequential: %s', async (_, x) => {
    for (const stack of [
      [new IntegerLookup({ vocabulary: ids, inputShape: [1] })],
      [lookup()],
      [new Reshape({ targetShape: [1] }), new Flatten(), lookup()],
    ])
      expect([...(await new Sequential(stack).predict(x)).dataSync()]).toEqual([1, 2, 3])
  })

  it.each(forms)('in a functional model: %s', async (_, x) => {
    const symbol = input({ shape: [1] })
    const model = new Model({ inputs: symbol, outputs: lookup().apply(new Flatten().apply(symbol)) })
    expect([...(await model.predict(x)).dataSync()]).toEqual([1, 2, 3])
  })

  it('in direct calls, after adapt, from every kind of array', () => {
    expect([...lookup().apply(column).dataSync()]).toEqual([1, 2, 3])
    for (const data of [
      [ids[0]!, ids[1]!, ids[1]!],
      Int32Array.of(ids[0]!, ids[1]!, ids[1]!),
      tensor(Int32Array.of(ids[0]!, ids[1]!, ids[1]!)),
    ]) {
      const layer = new IntegerLookup()
      layer.adapt(data)
      expect([...layer.apply([ids[0]!, ids[1]!]).dataSync()]).toEqual([2, 1])
    }
  })

  it('in a stream', async () => {
    const model = new Sequential([lookup()])
    const seen: number[] = []
    for await (const batch of [[column.slice(0, 2)], [column.slice(2)]])
      seen.push(...(await model.predictOnBatch(batch[0]!)).dataSync())
    expect(seen).toEqual([1, 2, 3])
  })

  it('a subclass that gets plain numbers too large for float32 is told of it', async () => {
    class Own extends Model {
      static override className = 'Own'
      readonly table = lookup()
      override call(x: Tensor): Tensor {
        return this.table.apply(x)
      }
    }
    await expect(new Own().predict(column)).rejects.toThrow(/whole numbers that float32 holds exactly.*Int32Array/)
    expect([...(await new Own().predict({ values: Int32Array.from(ids), shape: [3, 1] })).dataSync()]).toEqual([
      1, 2, 3,
    ])
  })

  it('Discretization tells large integers apart, in calls and in models', async () => {
    const binBoundaries = ids.slice(1)
    const wanted = [0, 1, 2]
    expect([...new Discretization({ binBoundaries }).apply(column).dataSync()]).toEqual(wanted)
    expect([...(await new Sequential([new Discretization({ binBoundaries })]).predict(column)).dataSync()]).toEqual(
      wanted,
    )
    const int32 = tensor(Int32Array.from(ids))
    expect([...new Discretization({ binBoundaries }).apply(int32).dataSync()]).toEqual(wanted)
    const learnt = new Discretization({ numBins: 3 })
    learnt.adapt(ids)
    // Its boundaries are the first two ids: rounded to float32, they were larger than these.
    expect([...learnt.apply(int32).dataSync()]).toEqual([1, 2, 2])
  })
})

describe('ids and numbers in one', () => {
  const forms = [
    ['nested arrays', column],
    ['an Int32Array', { values: Int32Array.from(ids), shape: [3, 1] }],
    ['a Float64Array', { values: Float64Array.from(ids), shape: [3, 1] }],
  ] as const

  it.each(forms)('an input that a lookup and a dense layer read: %s', async (_, x) => {
    const symbol = input({ shape: [1] })
    const dense = new Dense({ units: 1, kernelInitializer: 'ones' }).apply(symbol)
    const model = new Model({ inputs: symbol, outputs: [lookup().apply(symbol), dense] })
    const [numbers, sums] = (await model.predict(x as never)) as unknown as Tensor[]
    expect([...numbers!.dataSync()]).toEqual([1, 2, 3])
    expect([...sums!.dataSync()]).toEqual(ids.map(Math.fround))
    const [direct] = model.applyMany(tensor(Int32Array.from(ids), [3, 1]))
    expect([...direct!.dataSync()]).toEqual([1, 2, 3])
  })

  it('a subclass reads floats: what they would round is refused, in a Float64Array too', async () => {
    class Own extends Model {
      static override className = 'Own'
      readonly table = lookup()
      override call(x: Tensor): Tensor {
        return this.table.apply(x)
      }
    }
    const x = { values: Float64Array.from(ids), shape: [3, 1] }
    for (const run of [
      new Own().predict(x),
      new Own().predictOnBatch(x),
      new Own().predict(() => [{ x }]),
    ] as Promise<unknown>[])
      await expect(run).rejects.toThrow(/whole numbers that float32 holds exactly, got 123456788.*Int32Array/)
    const rounded = { values: Float32Array.from(ids), shape: [3, 1] }
    expect([...(await new Own().predict(rounded)).dataSync()]).toEqual([0, 0, 0])
    const fractions = { values: Float64Array.of(123456789, 0.5, 1), shape: [3, 1] }
    expect([...(await new Own().predict(fractions)).dataSync()]).toEqual([0, 0, 0])
  })
})

describe('labels', () => {
  const classes = 16_777_220
  const labels = [16_777_217, 16_777_219]
  /** Logits that are 0 but for one at each row's label: a label that were rounded would miss it. */
  const hot = (label: number): Tensor => ops.multiply(ops.oneHot(tensor([label], [1], 'int32'), classes, 'float32'), 50)

  it.each([
    ['nested arrays', [labels[0]!]],
    ['an Int32Array', Int32Array.of(labels[0]!)],
    ['a Uint32Array', Uint32Array.of(labels[0]!)],
    ['a Float64Array', Float64Array.of(labels[0]!)],
  ])('beyond 2^24 stay exact: %s', async (_, y) => {
    class Fixed extends Model {
      static override className = 'Fixed'
      readonly scale = new Dense({ units: 1, useBias: false, kernelInitializer: 'ones' })
      override call(x: Tensor): Tensor {
        return ops.multiply(hot(labels[0]!), this.scale.apply(x))
      }
    }
    const model = new Fixed()
    model.compile({
      optimizer: 'sgd',
      loss: new SparseCategoricalCrossentropy({ fromLogits: true }),
      metrics: ['accuracy'],
    })
    const logs = await model.evaluate([[1]], y, { verbose: 0 })
    expect(logs.accuracy).toBe(1)
    expect(logs.loss).toBeLessThan(1e-6)
  })

  it('that are fractions, BigInts or beyond 32 bits are refused by name', async () => {
    const model = new Sequential([new Dense({ units: 2, activation: 'softmax', inputShape: [1] })])
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' })
    const run = (y: unknown): Promise<unknown> => model.evaluate([[1], [2]], y as never, { verbose: 0 })
    await expect(run([0.5, 1])).rejects.toThrow(/integer labels in \[0, 2\), got 0.5/)
    await expect(run(BigInt64Array.of(0n, 1n))).rejects.toThrow(/evaluate\.y.*BigInt64Array/)
    await expect(run([0n, 1n])).rejects.toThrow(/evaluate\.y\[0\].*0n/)
    await expect(run(Uint32Array.of(2 ** 32 - 1, 0))).rejects.toThrow(/32 bits, got 4294967295/)
    await expect(model.trainOnBatch([[1], [2]], BigUint64Array.of(0n, 1n) as never)).rejects.toThrow('BigUint64Array')
    await expect(
      model.evaluate((() => [[[[1], [2]], BigInt64Array.of(0n, 1n)]]) as never, undefined, { verbose: 0 }),
    ).rejects.toThrow(/batch 0.*BigInt64Array/)
  })
})

describe('64-bit integers are refused by name on every path', () => {
  const big = { values: BigInt64Array.from(ids.map(BigInt)), shape: [3, 1] } as never
  const nested = ids.map((id) => [BigInt(id)]) as never
  const symbol = input({ shape: [1], dtype: 'int32' })
  class Own extends Model {
    static override className = 'Own'
    override call(x: Tensor): Tensor {
      return x
    }
  }
  const models = {
    Sequential: () => new Sequential([lookup()]),
    functional: () => new Model({ inputs: symbol, outputs: lookup().apply(symbol) }),
    subclass: () => new Own(),
  }

  it.each(Object.entries(models))('%s', async (_, make) => {
    for (const [data, name] of [
      [big, /a BigInt64Array/],
      [nested, /got 123456788n/],
    ] as const) {
      await expect(make().predict(data)).rejects.toThrow(name)
      await expect(make().predictOnBatch(data)).rejects.toThrow(name)
      await expect(make().predict((() => [{ x: data }]) as never)).rejects.toThrow(name)
    }
  })

  it('direct calls, adapt, tensors', () => {
    for (const data of [BigInt64Array.of(1n), BigUint64Array.of(1n), [1n]]) {
      const name = Array.isArray(data) ? /1n/ : new RegExp(data.constructor.name)
      expect(() => lookup().apply(data as never)).toThrow(name)
      expect(() => new Embedding({ inputDim: 2, outputDim: 1 }).apply(data as never)).toThrow(name)
      expect(() => new IntegerLookup().adapt(data as never)).toThrow(name)
      expect(() => tensor(data as never)).toThrow(name)
    }
  })
})

describe('where ids are meant', () => {
  it('fractions are refused, and what 32 bits do not hold', async () => {
    const model = new Sequential([new Embedding({ inputDim: 5, outputDim: 1 })])
    await expect(model.predict([[1.5]])).rejects.toThrow('a whole number within 32 bits, got 1.5')
    await expect(model.predict({ values: Float32Array.of(0.5), shape: [1, 1] })).rejects.toThrow('a whole number')
    expect(() => new Embedding({ inputDim: 5, outputDim: 1 }).apply([[1.5]])).toThrow(
      /input.*an integer of 32 bits, got 1.5/,
    )
    await expect(
      new Sequential([lookup()]).predict({ values: Uint32Array.of(2 ** 31), shape: [1, 1] }),
    ).rejects.toThrow('32 bits')
    expect(() => new IntegerLookup().adapt([1, 2.5])).toThrow('32-bit integers, got 2.5')
    expect(() => lookup().apply(new BigInt64Array(1) as never)).toThrow('BigInt64Array')
  })

  it('a category out of range is an error, in a call and in a run', async () => {
    const layer = new CategoryEncoding({ numTokens: 3 })
    expect(() => layer.apply([[3, 0]]).dataSync()).toThrow('[0, 3)')
    expect(() => layer.apply([[-1, 0]]).dataSync()).toThrow('[0, 3)')
    await expect(new Sequential([layer]).predict([[0, 7]])).rejects.toThrow('[0, 3)')
    expect([...layer.apply([[2, 0]]).dataSync()]).toEqual([1, 0, 1])
  })
})

describe('types of the data', () => {
  it('float64 stays float64 where a layer asks for it', async () => {
    const stack = new Sequential([new Rescaling({ scale: 1, offset: -1.6e9, dtype: 'float64' })])
    expect((await stack.predict([[1.6e9 + 60]])).itemSync()).toBe(60)
    const x = input({ shape: [1], dtype: 'float64' })
    const model = new Model({
      inputs: x,
      outputs: new Rescaling({ scale: 1, offset: -1.6e9, dtype: 'float64' }).apply(x),
    })
    expect((await model.predict([[1.6e9 + 60]])).itemSync()).toBe(60)
    expect(model.apply(tensor(Float64Array.of(1.6e9 + 60), [1, 1])).itemSync()).toBe(60)
  })

  it('truth values arrive as bool', async () => {
    const seen: string[] = []
    class Own extends Model {
      static override className = 'Own'
      override call(x: Tensor): Tensor {
        seen.push(x.dtype)
        return x.dtype === 'bool' ? ops.logicalNot(x) : x
      }
    }
    const got = await new Own().predict([[true, false]])
    expect([...got.dataSync()]).toEqual([0, 1])
    expect(new Set(seen)).toEqual(new Set(['bool']))
  })

  it('an array of numbers is a column where one number is wanted', async () => {
    const model = new Sequential([new Dense({ units: 1, kernelInitializer: 'ones', inputShape: [1] })])
    expect([...(await model.predict([1, 2, 3])).dataSync()]).toEqual([1, 2, 3])
    expect([...(await model.predict(Float32Array.of(4, 5))).dataSync()]).toEqual([4, 5])
  })
})

it('unsigned numbers beyond 31 bits are refused by name on every path', async () => {
  const data = { values: Uint32Array.of(2 ** 31), shape: [1, 1] }
  const dense = new Sequential([new Dense({ units: 1, inputShape: [1] })])
  dense.compile({ loss: 'mse' })
  expect(() => tensor(data)).toThrow(/an integer of 32 bits, got 2147483648/)
  await expect(new Sequential([lookup()]).predict(data)).rejects.toThrow(
    /a whole number within 32 bits, got 2147483648/,
  )
  await expect(dense.predict(data)).rejects.toThrow(/up to 2\^24.*got 2147483648/)
  await expect(dense.evaluate([[1]], data, { verbose: 0 })).rejects.toThrow(/within 32 bits, got 2147483648/)
})

describe('Normalization.adapt', () => {
  it('refuses numbers that are not finite, by their place', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => new Normalization().adapt([[1], [bad]])).toThrow(/Normalization.adapt sample 1.*a finite number/)
  })

  it('reads a list of numbers as a column: one mean', () => {
    const layer = new Normalization()
    layer.adapt([1, 2, 3])
    expect([...layer.adapted!.mean.dataSync()]).toEqual([2])
    expect(layer.apply([[2], [3]]).dataSync()[0]).toBe(0)
    expect(layer.apply([1, 2, 3]).shape).toEqual([3])
  })
})
