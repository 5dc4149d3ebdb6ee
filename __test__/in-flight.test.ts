/** Calls, assignments and reads take effect in the order in which they were asked for, awaited or not. */
import { config, jit, ops, Sequential, type Tensor, type Variable, variable } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { describe, expect, test } from 'vitest'

const runs = 12

/** A step that takes long enough to run elsewhere and counts its runs; warmed up, counting from 0. */
async function slowCounter(): Promise<{ step: () => Promise<Tensor>; count: Variable }> {
  const count = variable(0, { name: 'count', dtype: 'float64' })
  const work = variable(ops.ones([500, 500]), { name: 'work' })
  const step = jit(() => {
    work.assign(ops.multiply(ops.matmul(work, work), 1 / 500))
    count.assignAdd(1)
    return count.read()
  })
  for (let i = 0; i < 2; i += 1) await step()
  count.assign(0)
  return { step, count }
}

/** Calls the step a dozen times without awaiting; `amid` happens after half of them. What each run returned. */
async function amid(step: () => Promise<Tensor>, act: () => void): Promise<number[]> {
  const pending: Promise<Tensor>[] = []
  for (let i = 0; i < runs; i += 1) {
    if (i === runs / 2) act()
    pending.push(step())
  }
  return (await Promise.all(pending)).map((value) => value.itemSync())
}
const counting = (from: number): number[] => Array.from({ length: runs / 2 }, (_, i) => from + i + 1)

describe('amid runs in flight', () => {
  test('an assignment counts for the runs after it, and not for those before', async () => {
    const { step, count } = await slowCounter()
    const seen = await amid(step, () => count.assign(100))
    expect(seen).toEqual([...counting(0), ...counting(100)])
    expect(count.dataSync()[0]).toBe(100 + runs / 2)
  })

  test('the last of several assignments wins, and each is seen by reads after it', async () => {
    const { step, count } = await slowCounter()
    const seen = await amid(step, () => {
      count.assign(50)
      expect(count.read().itemSync()).toBe(50)
      count.assign(100)
    })
    expect(seen.slice(runs / 2)).toEqual(counting(100))
  })

  test('adding to a variable adds to what the runs before leave', async () => {
    const { step, count } = await slowCounter()
    const seen = await amid(step, () => count.assignAdd(100))
    expect(seen).toEqual([...counting(0), ...counting(100 + runs / 2)])
  })

  test('reads see the runs before them and none after', async () => {
    const { step, count } = await slowCounter()
    const read: (number | Promise<number>)[] = []
    await amid(step, () => {
      read.push(count.data().then(([value]) => value!))
      read.push(count.read().itemSync(), count.dataSync()[0]!)
    })
    expect(await Promise.all(read)).toEqual([runs / 2, runs / 2, runs / 2])
    const last = step()
    const later = count.data()
    expect(count.read().itemSync()).toBe(runs + 1)
    await last
    expect((await later)[0]).toBe(runs + 1)
  })

  test('data() leaves the event loop alone', async () => {
    const { step, count } = await slowCounter()
    const pending = Array.from({ length: runs }, () => step())
    let turns = 0
    const timer = setInterval(() => {
      turns += 1
    }, 1)
    expect((await count.data())[0]).toBe(runs)
    clearInterval(timer)
    await Promise.all(pending)
    expect(turns).toBeGreaterThan(0)
  })

  test('a variable that is only read keeps its value for the runs before an assignment', async () => {
    const factor = variable(1, { dtype: 'float64' })
    const work = variable(ops.ones([500, 500]))
    const step = jit(() => {
      work.assign(ops.multiply(ops.matmul(work, work), 1 / 500))
      return factor.read()
    })
    for (let i = 0; i < 2; i += 1) await step()
    const seen = await amid(step, () => factor.assign(2))
    expect(seen).toEqual([...new Array(runs / 2).fill(1), ...new Array(runs / 2).fill(2)])
  })

  test('another number of threads, a fit, an error', async () => {
    const { step, count } = await slowCounter()
    const seen = await amid(step, () => {
      config.setThreads(1)
      count.assign(100)
    })
    config.setThreads(0)
    expect(seen).toEqual([...counting(0), ...counting(100)])

    const model = new Sequential([new Dense({ units: 1, inputShape: [2], useBias: false, kernelInitializer: 'ones' })])
    const [kernel] = model.weights
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    const half = jit(() => {
      kernel!.assign(ops.multiply(kernel!, 0.5))
      return ops.matmul(ops.ones([400, 400]), ops.ones([400, 400]))
    })
    await half()
    const pending = [half(), half()]
    const { history } = await model.fit([[1, 1]], [[0]], { epochs: 1, verbose: 0 })
    expect(history.loss![0]).toBeCloseTo(0.25 ** 2, 6)
    await Promise.all(pending)

    const wrong = jit((index: Tensor) => {
      count.assign(0)
      return ops.take(ops.matmul(ops.ones([400, 400]), ops.ones([400, 400])), index, { axis: 0 })
    })
    await wrong(Int32Array.of(0))
    count.assign(7)
    const failing = wrong(Int32Array.of(400))
    count.assignAdd(1)
    await expect(failing).rejects.toMatchObject({ code: 'ERR_DATA' })
    expect(count.dataSync()[0]).toBe(8)
  })
})
