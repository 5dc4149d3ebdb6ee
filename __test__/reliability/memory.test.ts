/** Memory stays flat over many trainings, and V8 knows of what its handles hold. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type FerrogradError, GradientTape, jit, ops, Sequential, type Tensor, tensor, variable } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { SGD } from 'ferrograd/optimizers'
import { beforeAll, describe, expect, test } from 'vitest'
import { classifier, pause, points } from '../training/models.js'

const megabyte = 1_000_000
type Points = ReturnType<typeof points>
let collect: () => Promise<void>
/** Collects what is young, as V8 does all the time. */
let collectYoung: () => Promise<void>

beforeAll(() => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as (options?: { type: 'minor' }) => void
  collectYoung = async () => {
    gc({ type: 'minor' })
    await pause()
  }
  // Finalizers run between turns of the loop.
  collect = async () => {
    for (let i = 0; i < 3; i++) {
      gc()
      await pause()
    }
  }
})

/** The most resident memory that `make` adds while it runs over and over and nobody keeps what it gives. */
async function peak(times: number, make: () => unknown): Promise<number> {
  await collect()
  const before = process.memoryUsage().rss
  let most = 0
  for (let i = 0; i < times; i++) {
    await make()
    await pause()
    most = Math.max(most, process.memoryUsage().rss - before)
  }
  return most / megabyte
}

/** Computes a tensor without reading it. */
async function compute(draw: () => Tensor): Promise<void> {
  const result = variable(draw())
  expect(result.shape).toEqual([megabyte])
}

// Without reports V8 sees small handles, has no reason to collect, and the first three pass a gigabyte.
describe('V8 hears of what handles hold, and collects in time', () => {
  const values = new Float32Array(megabyte)
  const touched = tensor(values)
  const sum = (): Tensor => ops.add(touched, 1)
  const rows = { values, shape: [megabyte / 2, 2] }

  test.each([
    ['tensors', () => tensor(values)],
    ['variables', () => variable(values)],
    ['results', () => compute(sum)],
  ])('%s', async (what, make) => {
    const most = await peak(300, make)
    console.log(`300 ${what} of 4 MB: at most ${most.toFixed(0)} MB more`)
    expect(most).toBeLessThan(500)
  })

  test('predictions', async () => {
    const model = classifier()
    await model.predict(rows, { batchSize: 10_000 })
    const most = await peak(60, () => model.predict(rows, { batchSize: 10_000 }))
    console.log(`60 predictions of 6 MB: at most ${most.toFixed(0)} MB more`)
    expect(most).toBeLessThan(500)
  })
})

test('a thousand trainings, a fifth of them aborted, a fifth thrown out of, leave nothing behind', async () => {
  const { x, y } = points(16)
  const model = classifier()
  const mine = new Error('mine')
  const throwing = {
    onTrainBatchEnd: () => {
      throw mine
    },
  }
  const round = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const stop = new AbortController()
      const callbacks = i % 5 === 0 ? throwing : []
      const run = model.fit(x, y, { verbose: 0, batchSize: 8, signal: stop.signal, callbacks })
      if (i % 5 === 1) stop.abort()
      await run.catch((error: unknown) =>
        expect(error === mine || (error as FerrogradError).code === 'ERR_ABORTED').toBe(true),
      )
      if (i % 5 === 2) await model.predict(x)
    }
    await collect()
  }
  await round(300)
  let before = process.memoryUsage()
  let [heap, rss] = [Infinity, Infinity]
  // Beside other work V8's collector may come late, but what is left behind grows each time.
  for (let turn = 0; turn < 2 && (heap >= 2 || rss >= 16); turn++) {
    await round(1000)
    const after = process.memoryUsage()
    heap = (after.heapUsed - before.heapUsed) / megabyte
    rss = (after.rss - before.rss) / megabyte
    console.log(`1000 trainings: heap ${heap.toFixed(2)} MB, resident ${rss.toFixed(2)} MB more`)
    before = after
  }
  expect(heap).toBeLessThan(2)
  expect(rss).toBeLessThan(16)
})

// A program of a small model is many small blocks, of which V8 has to hear too.
test('models that are trained once and dropped leave nothing behind', async () => {
  const { x, y } = points(16)
  const rounds = async (count: number): Promise<number> => {
    for (let i = 0; i < count; i += 1) {
      const stop = new AbortController()
      const callbacks = i % 5 === 0 ? { onEpochEnd: () => Promise.reject(new Error('mine')) } : []
      const run = classifier().fit(x, y, { verbose: 0, signal: stop.signal, callbacks })
      if (i % 5 === 1) stop.abort()
      await run.catch(() => undefined)
    }
    return process.memoryUsage().rss
  }
  const before = await rounds(600)
  const after = await rounds(600)
  console.log(`600 models: ${((after - before) / megabyte).toFixed(1)} MB more`)
  expect(after - before).toBeLessThan(16 * megabyte)
}, 240_000)

// Something old that leads to a model (a WeakMap, a table of a Map that grew, a function with a finalizer) keeps
// it, and all that comes after it, until V8 looks through the whole heap: which it puts off, for it sees small objects.
describe('models that are dropped are gone with what is young', () => {
  test.each<[string, (model: Sequential, x: Points['x'], y: Points['y']) => Promise<unknown>]>([
    ['predict', (model, x) => model.predict(x)],
    ['evaluate', (model, x, y) => model.evaluate(x, y)],
    ['fit', (model, x, y) => model.fit(x, y, { verbose: 0, epochs: 3 })],
    ['trainOnBatch', (model, x, y) => model.trainOnBatch(x, y)],
    ['predictOnBatch', (model, x) => model.predictOnBatch(x)],
    ['a compiled function', (model, x) => jit((one: Tensor) => model.apply(one) as Tensor)(tensor(x))],
    ['fit with hooks', (model, x, y) => model.fit(x, y, { verbose: 0, callbacks: { onTrainBatchEnd: () => {} } })],
  ])('%s', async (_, act) => {
    const { x, y } = points(16)
    // A weight of 4 MB, and few enough models that V8 is not told of too much.
    const model = (): Sequential => {
      const hidden = new Dense({ units: 1000, kernelInitializer: 'ones' })
      const one = new Sequential([new Dense({ units: 1000, inputShape: [2] }), hidden, new Dense({ units: 1 })])
      one.compile({ optimizer: new SGD({ learningRate: 0.01 }), loss: 'mse' })
      return one
    }
    const rounds = async (count: number): Promise<number> => {
      let most = 0
      for (let i = 0; i < count; i += 1) {
        await act(model(), x, y)
        await collectYoung()
        most = Math.max(most, process.memoryUsage().rss)
      }
      return most / megabyte
    }
    await collect()
    const before = await rounds(3)
    const after = await rounds(10)
    console.log(`10 models of 4 MB: ${(after - before).toFixed(0)} MB more`)
    expect(after - before).toBeLessThan(24)
  })
})

describe('batches of ever other sizes keep no more than some programs', () => {
  const values = new Float32Array(2 * 1200)
  const rows = (n: number): Points['x'] => ({ values: values.subarray(0, 2 * n), shape: [n, 2] })
  const targets = (n: number): Float32Array => values.subarray(0, n)
  const model = classifier()
  const forward = jit((x: Tensor) => ops.sum(model.apply(x) as Tensor))

  test.each<[string, (n: number) => Promise<unknown>]>([
    ['predictOnBatch', (n) => model.predictOnBatch(rows(n))],
    ['trainOnBatch', (n) => model.trainOnBatch(rows(n), targets(n))],
    ['fit', (n) => model.fit(rows(n), targets(n), { batchSize: n, verbose: 0 })],
    ['a compiled function', (n) => forward(rows(n))],
  ])('%s', async (what, act) => {
    const sizes = async (from: number, to: number): Promise<number> => {
      for (let n = from; n < to; n += 1) await act(n)
      await collect()
      return process.memoryUsage().rss
    }
    const before = await sizes(1, 400)
    const after = await sizes(400, 1001)
    console.log(`${what}, 600 batch sizes: ${((after - before) / megabyte).toFixed(1)} MB more`)
    expect(after - before).toBeLessThan(24 * megabyte)
  })
}, 240_000)

test('ops called one by one over ever other shapes keep no more than some arenas', async () => {
  const w = ops.ones([64, 512])
  const shapes = async (from: number, to: number): Promise<number> => {
    for (let n = from; n < to; n += 1) ops.sum(ops.matmul(ops.ones([n, 64]), w)).itemSync()
    await collect()
    return process.memoryUsage().rss
  }
  const before = await shapes(300, 310)
  const after = await shapes(310, 700)
  console.log(`390 shapes: ${((after - before) / megabyte).toFixed(0)} MB more`)
  expect(after - before).toBeLessThan(100 * megabyte)
}, 60_000)

// Node puts finalizers off to the next turn of the event loop by default: a loop without an `await` then keeps all of
// it, 10 KB a round here.
describe("a loop of one's own leaves nothing behind, with turns of the event loop and without", () => {
  const w = variable([0.1, 0.2, 0.3])
  const x = tensor([1, 2, 3])
  const chain = (): Tensor => {
    let y: Tensor = x
    for (let i = 0; i < 10; i += 1) y = ops.add(ops.multiply(y, x), x)
    return y
  }
  const descend = (): Tensor => {
    const tape = new GradientTape()
    const loss = tape.record(() => ops.sum(ops.square(ops.multiply(w, x))))
    w.assignSub(ops.multiply(tape.gradient(loss, [w])[0]!, 1e-3))
    return loss
  }
  const compiled = jit(descend)

  test.each<[string, () => unknown]>([
    ['read at once', () => chain().dataSync()],
    ['never read', () => chain()],
    ['a step of gradient descent', () => descend().itemSync()],
    ['awaited', () => chain().data()],
    ['compiled', () => compiled()],
  ])('%s', async (what, round) => {
    const rounds = async (count: number): Promise<number> => {
      for (let i = 0; i < count; i += 1) {
        const result = round()
        if (result instanceof Promise) await result
      }
      return process.memoryUsage().rss
    }
    // V8's young generation grows to its size first; beside other work its collector may come late, but what is kept grows each time.
    let before = await rounds(10_000)
    let bytes = Infinity
    for (let turn = 0; turn < 3 && bytes >= 1000; turn++) {
      const after = await rounds(10_000)
      bytes = (after - before) / 10_000
      console.log(`${what}: ${bytes.toFixed(0)} bytes a round`)
      before = after
    }
    expect(bytes).toBeLessThan(1000)
  })

  test('a disposed tensor frees its numbers at once', () => {
    const values = new Float32Array(megabyte)
    const before = process.memoryUsage().rss
    for (let i = 0; i < 300; i += 1) {
      const made = tensor(values)
      made.dispose()
      expect(() => made.dataSync()).toThrow(/disposed/)
    }
    expect((process.memoryUsage().rss - before) / megabyte).toBeLessThan(40)
  })
})

describe('memory that cannot be had', () => {
  const refusal = (words: RegExp) => (error: FerrogradError) => error.code === 'ERR_MEMORY' && words.test(error.message)

  test('is an error of a pending tensor, and the process goes on', async () => {
    const long = 200_000
    const huge = ops.sum(ops.matmul(ops.ones([long, 1]), ops.ones([1, long])))
    await expect(huge.data()).rejects.toSatisfy(refusal(/a program that fits \d+ bytes of memory, got one of 1\d{11}/))
    expect(() => huge.dataSync()).toThrow(/most of it around matmul/)
    expect(ops.add(1, 1).itemSync()).toBe(2)
  })

  test('is an error of a compiled function', async () => {
    const square = jit((x: Tensor) => ops.sum(ops.matmul(ops.reshape(x, [-1, 1]), ops.reshape(x, [1, -1]))))
    await expect(square(ops.ones([200_000]))).rejects.toSatisfy(refusal(/memory/))
  })
})

test('a loop over an op with several outputs keeps no trail', async () => {
  const step = async (x: Tensor): Promise<Tensor> => {
    const { values } = ops.topK(x, 50_000)
    await values.data()
    return values
  }
  let x = tensor(Float32Array.from({ length: 50_000 }, (_, i) => Math.sin(i)))
  const turns = async (count: number): Promise<number> => {
    const start = performance.now()
    for (let i = 0; i < count; i++) x = await step(x)
    return (performance.now() - start) / count
  }
  await turns(20)
  const before = await turns(20)
  await turns(100)
  await collect()
  const { rss } = process.memoryUsage()
  const after = await turns(100)
  await collect()
  const grown = (process.memoryUsage().rss - rss) / megabyte
  console.log(`topK: ${before.toFixed(2)} ms a turn, ${after.toFixed(2)} after 120 more, ${grown.toFixed(0)} MB more`)
  // 100 turns that kept their trail would keep 40 MB, and compute it again each time.
  expect(grown).toBeLessThan(25)
  expect(after).toBeLessThan(20 * before)
})
