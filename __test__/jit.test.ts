import { config, GradientTape, grad, jit, ops, random, type Tensor, tensor, type Variable, variable } from 'ferrograd'
import { Dense, Dropout } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { describe, expect, expectTypeOf, test } from 'vitest'

const rejection = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    await run()
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`
  }
  return 'nothing thrown'
}

test('traces once for each kind of arguments', async () => {
  let traces = 0
  const f = jit((x: Tensor, y: Tensor) => {
    traces += 1
    return ops.add(ops.multiply(x, 2), y)
  })
  expectTypeOf(f).returns.toEqualTypeOf<Promise<Tensor>>()
  expect((await f(tensor([1, 2]), 1)).arraySync()).toEqual([3, 5])
  expect((await f([3, 4], 10)).arraySync()).toEqual([16, 18])
  expect(traces).toBe(1)
  expect((await f([3, 4, 5], 10)).shape).toEqual([3])
  expect((await f(tensor([3], [1], 'float64'), tensor(1, [], 'float64'))).dtype).toBe('float64')
  expect(traces).toBe(3)
})

test('results by name, in a list, or none', async () => {
  const named = await jit((x: Tensor) => ({ twice: x.mul(2), same: x }))([1, 2])
  expect([named.twice.arraySync(), named.same.arraySync()]).toEqual([
    [2, 4],
    [1, 2],
  ])
  const [a, b] = await jit((x: Tensor) => [x.add(1), x.sub(1)])(5)
  expect([a!.itemSync(), b!.itemSync()]).toEqual([6, 4])
  const w = variable(0)
  expect(await jit((x: Tensor) => w.assign(x))(7)).toBeUndefined()
  expect(w.dataSync()[0]).toBe(7)
})

test('variables change with each run, also when calls are not awaited', async () => {
  const w = variable(1, { dtype: 'float64' })
  const step = jit((x: Tensor) => {
    w.assign(ops.add(ops.multiply(w, 2), ops.cast(x, 'float64')))
    return w.read()
  })
  const results = await Promise.all([step(1), step(2), step(3)])
  expect(results.map((result) => result.itemSync())).toEqual([3, 8, 19])
  w.assign(0)
  expect((await step(5)).itemSync()).toBe(5)
  expect(w.dataSync()[0]).toBe(5)
})

test('large programs run off the event loop, in the order of their calls', async () => {
  const w = variable(ops.zeros([300, 300]))
  const step = jit((x: Tensor) => {
    w.assign(ops.add(ops.matmul(w, x), 1))
    return ops.mean(w)
  })
  const eye = ops.eye(300)
  const results = await Promise.all([step(eye), step(eye), step(eye.mul(2))])
  expect(results.map((result) => Math.round(result.itemSync()))).toEqual([1, 2, 5])
})

test('variables can be arguments', async () => {
  const [a, b] = [variable(1), variable(10)]
  const increment = jit((w: Variable, x: Tensor) => w.assignAdd(x))
  await increment(a, 2)
  await increment(b, 2)
  await increment(a, 2)
  expect([a.dataSync()[0], b.dataSync()[0]]).toEqual([5, 12])
})

test('calls inside a trace or a tape are part of it', async () => {
  const square = jit((x: Tensor) => ops.square(x))
  const f = jit((x: Tensor) => square.draw(x).add(1))
  expect((await f(3)).itemSync()).toBe(10)
  expect(grad((x) => square.draw(x))(3).itemSync()).toBe(6)
})

test('numbers that are closed over are constants, passed ones are inputs', async () => {
  let scale = 2
  const closed = jit((x: Tensor) => x.mul(scale))
  const passed = jit((x: Tensor, by: Tensor) => x.mul(by))
  expect((await closed(1)).itemSync()).toBe(2)
  scale = 3
  expect((await closed(1)).itemSync()).toBe(2)
  expect((await passed(1, scale)).itemSync()).toBe(3)
})

test('refuses other results, promises, and numbers of traced tensors', async () => {
  // @ts-expect-error a number is no result
  expect(await rejection(() => wrap(jit((x: Tensor) => x.rank))([1]))).toMatch(
    /^ERR_DATA: jit result: expected tensors/,
  )
  // @ts-expect-error nor is a promise
  expect(await rejection(() => wrap(jit(async (x: Tensor) => x))([1]))).toMatch(/^ERR_DATA: jit result/)
  expect(await rejection(() => jit((x: Tensor) => ({ loss: x, n: 3 }) as never)([1]))).toMatch(
    /^ERR_DATA: jit result.n/,
  )
  expect(await rejection(() => jit((x: Tensor) => tensor(x.itemSync()))(1))).toMatch(/^ERR_STATE: data/)
  expect(await rejection(() => jit((x: Tensor) => x)('a' as never))).toMatch(/^ERR_DATA: jit argument 0/)
  let leaked: Tensor | undefined
  await jit((x: Tensor) => {
    leaked = x.add(1)
    return x
  })(1)
  expect(() => leaked?.dataSync()).toThrow(/inside a traced function/)
  expect(String(leaked)).toBe('Tensor(float32[], traced)')
})

const wrap =
  (f: unknown): ((...args: unknown[]) => Promise<unknown>) =>
  (...args) =>
    (f as (...args: unknown[]) => Promise<unknown>)(...args)

test('a training step: layers built inside, dropout, optimizer, several steps in one trace', async () => {
  config.setSeed(1)
  const hidden = new Dense({ units: 8, activation: 'tanh' })
  const drop = new Dropout({ rate: 0.1 })
  const out = new Dense({ units: 1 })
  const optimizer = new Adam({ learningRate: 0.05 })
  const x = tensor([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ])
  const y = tensor([[0], [1], [1], [0]])
  const once = (): Tensor => {
    const tape = new GradientTape()
    const loss = tape.record(() => {
      const guess = out.apply(drop.apply(hidden.apply(x), { training: true }))
      return ops.mean(ops.square(ops.subtract(guess, y)))
    })
    const variables = [...hidden.trainableWeights, ...out.trainableWeights]
    optimizer.apply(tape.gradient(loss, variables), variables)
    return loss
  }
  const two = jit(() => [once(), once()])
  let [first, second] = await two()
  expect(first!.itemSync()).not.toBe(second!.itemSync())
  for (let i = 0; i < 400; i += 1) [first, second] = await two()
  expect(second!.itemSync()).toBeLessThan(0.1)
  expect(optimizer.iterations.dataSync()[0]).toBe(802)
})

test('two steps in one trace are two steps', async () => {
  const make = (): [Variable, () => void] => {
    const w = variable(4, { dtype: 'float64' })
    return [
      w,
      () => {
        const tape = new GradientTape()
        const loss = tape.record(() => ops.square(ops.square(w)))
        w.assignSub(ops.multiply(tape.gradient(loss, [w])[0]!, 1e-3))
      },
    ]
  }
  const [[a, eager], [b, traced]] = [make(), make()]
  eager()
  eager()
  await jit(() => {
    traced()
    traced()
  })()
  expect(b.dataSync()[0]).toBe(a.dataSync()[0])
})

test('random numbers are new at each run, with a generator and without', async () => {
  const seed = new random.SeedGenerator(3)
  for (const draw of [jit(() => random.uniform([4])), jit(() => random.uniform([4], { seed }))]) {
    const [first, second] = [await draw(), await draw()]
    expect(first.arraySync()).not.toEqual(second.arraySync())
  }
})

test('a layer that is frozen or thawed after the trace is noticed, and both programs are kept', async () => {
  const [fixed, free] = [new Dense({ units: 2 }), new Dense({ units: 1 })]
  const [x, y] = [tensor([[1, 2]]), tensor([[3]])]
  const optimizer = new Adam({ learningRate: 0.1 })
  let traces = 0
  const step = jit((x: Tensor, y: Tensor) => {
    traces += 1
    const tape = new GradientTape()
    const loss = tape.record(() => ops.mean(ops.square(ops.subtract(free.apply(fixed.apply(x)), y))))
    const variables = [...fixed.trainableWeights, ...free.trainableWeights]
    optimizer.apply(tape.gradient(loss, variables), variables)
    return loss
  })
  const moved = async (): Promise<boolean[]> => {
    const before = kernels.map(String)
    await step(x, y)
    return kernels.map((kernel, i) => String(kernel) !== before[i])
  }
  await step(x, y)
  const kernels = [fixed, free].map((layer) => layer.weights[0]!)
  expect(await moved()).toEqual([true, true])
  fixed.trainable = false
  expect(await moved()).toEqual([false, true])
  fixed.trainable = true
  expect(await moved()).toEqual([true, true])
  expect(traces).toBe(2)
  kernels[1]!.trainable = false
  expect(await moved()).toEqual([true, false])
  new Dense({ units: 1 }).trainable = false
  expect(await moved()).toEqual([true, false])
  expect(traces).toBe(3)
})

test('a flag that the function sets itself is no reason to trace again', async () => {
  const layer = new Dense({ units: 1 })
  let traces = 0
  const f = jit((x: Tensor) => {
    traces += 1
    layer.trainable = false
    const y = layer.apply(x).mul(layer.trainableWeights.length + 1)
    layer.trainable = true
    return y
  })
  for (let i = 0; i < 3; i += 1) await f([[1, 2]])
  expect(traces).toBe(1)
})

test('a wrong argument rejects, as a run that fails does', async () => {
  const f = jit((x: Tensor) => x)
  const result = f('text' as never)
  expect(result).toBeInstanceOf(Promise)
  await expect(result).rejects.toMatchObject({ code: 'ERR_DATA' })
  await expect(jit((x: Tensor) => ops.matmul(x, x))([[1, 2, 3]])).rejects.toMatchObject({ code: 'ERR_SHAPE' })
})

describe('the number of arguments', () => {
  const sum = jit(function sum(a: Tensor, b: Tensor) {
    return ops.add(a, b)
  }) as unknown as (...args: unknown[]) => Promise<Tensor>

  test('is that of the function’s names, where its text says so', async () => {
    await expect(sum(1, 2, 3)).rejects.toThrow('jit sum: expected 2 arguments, got 3')
    await expect(sum(1)).rejects.toThrow(/^jit sum: expected 2 arguments, got 1\. Without the others it failed: /)
    const one = jit((x: Tensor) => ops.square(x))
    await expect(Promise.all([1, 2].map(one))).rejects.toThrow('expected 1 argument, got 3. In a map')
    expect(() => one.draw(...([1, 2] as unknown as [number]))).toThrow('expected 1 argument, got 2')
  })

  test('is open with defaults, rests and optional parameters', async () => {
    const total = jit((...all: Tensor[]) => all.reduce((a, b) => ops.add(a, b)))
    expect(await (await total(1, 2, 3)).item()).toBe(6)
    const scaled = jit((x: Tensor, by: Tensor = tensor(10)) => ops.multiply(x, by))
    expect(await (await scaled(2)).item()).toBe(20)
    expect(await (await scaled(2, 3)).item()).toBe(6)
    const maybe = jit((x: Tensor, y?: Tensor) => (y === undefined ? x : ops.add(x, y)))
    expect(await (await maybe(2)).item()).toBe(2)
    expect(await (await maybe(2, 3)).item()).toBe(5)
  })
})

describe('a small result', () => {
  const numbers = [1.5, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-30, 0.1]

  test('has the numbers of its type, and a copy for whoever reads it', async () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const given = tensor(numbers, [2, 3], dtype)
      const result = await jit((x: Tensor) => ops.negative(x))(given)
      const expected = given.dataSync().map((value) => -value)
      expect([result.shape, result.dtype, result.dataSync()]).toEqual([[2, 3], dtype, expected])
      result.dataSync().fill(7)
      expect(await result.data()).toEqual(expected)
    }
    expect((await jit((x: Tensor) => ops.add(x, 1))(tensor([1, -(2 ** 31)], [2], 'int32'))).dataSync()).toEqual(
      new Int32Array([2, 1 - 2 ** 31]),
    )
    const truth = await jit((x: Tensor) => ops.less(x, 2))([1, 3])
    expect([truth.dtype, truth.dataSync()]).toEqual(['bool', new Uint8Array([1, 0])])
  })

  test('is drawn from, passed on, printed and disposed like any tensor', async () => {
    const twice = jit((x: Tensor) => ops.multiply(x, 2))
    const first = await twice([1, 2])
    expect(`${first}`).toBe(`${tensor([2, 4])}`)
    expect((await twice(await twice(first))).arraySync()).toEqual([8, 16])
    expect([ops.add(first, 1).arraySync(), first.arraySync()]).toEqual([
      [3, 5],
      [2, 4],
    ])
    const gone = await twice([1, 2])
    gone.dispose()
    expect(`${gone}`).toBe('Tensor(disposed)')
    expect(() => gone.dataSync()).toThrow('one that was disposed')
    expect(() => ops.add(gone, 1)).toThrow('one that was disposed')
  })
})

test('{ values, shape } is an argument, too', async () => {
  const double = jit((x: Tensor) => ops.multiply(x, 2))
  const doubled = await double({ values: Float32Array.of(1, 2, 3), shape: [3, 1] })
  expect(doubled.arraySync()).toEqual([[2], [4], [6]])
})

describe('whole numbers in nested arrays', () => {
  const same = jit((x: Tensor) => x.add(0))

  test('those that float32 holds are its numbers', async () => {
    expect(await (await same([[16777216, -16777218, 3]])).data()).toEqual(Float32Array.of(16777216, -16777218, 3))
  })

  test('one that it would round is refused, and named with its place: it may be an id', async () => {
    await expect(same([[1, 2, 16777217]])).rejects.toMatchObject({
      code: 'ERR_DATA',
      message: expect.stringMatching(
        /^jit argument 0 sample 0, feature 2: expected whole .*16777217\. Pass ids in an Int32Array/,
      ),
    })
    expect(() => same.draw([[16777217]])).toThrow('jit argument 0')
  })

  test('in an Int32Array they arrive as they are, and beside fractions they are numbers like others', async () => {
    const ids = jit((x: Tensor) => ops.floorDivide(x, 1))
    expect(await (await ids(Int32Array.of(16777217))).data()).toEqual(Int32Array.of(16777217))
    expect(await (await same([[16777217, 0.5]])).data()).toEqual(Float32Array.of(16777216, 0.5))
  })

  test('float64 holds them all', async () => {
    config.setFloatx('float64')
    try {
      expect(await (await same([[16777217]])).data()).toEqual(Float64Array.of(16777217))
    } finally {
      config.setFloatx('float32')
    }
  })
})
