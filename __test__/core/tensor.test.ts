import { inspect } from 'node:util'
import type { DType } from 'ferrograd'
import { config, GradientTape, grad, jit, ops, random, Tensor, tensor, variable } from 'ferrograd'
import { afterEach, describe, expect, test } from 'vitest'
import { fixture, type Numbers, toTensor } from '../oracle.js'

afterEach(() => config.setFloatx('float32'))

const code = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`
  }
  return 'nothing thrown'
}

describe('making tensors', () => {
  test.each([
    [tensor(2), [], 'float32', 2],
    [
      tensor([
        [1, 2],
        [3, 4],
      ]),
      [2, 2],
      'float32',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [tensor([true, false]), [2], 'bool', [true, false]],
    [tensor(new Int32Array([1, 2])), [2], 'int32', [1, 2]],
    [tensor(new Uint8Array([200, 2])), [2], 'int32', [200, 2]],
    [
      tensor(new Float64Array([1, 2, 3, 4]), [2, 2]),
      [2, 2],
      'float64',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [tensor([1.5, 2], [2], 'float64'), [2], 'float64', [1.5, 2]],
    [tensor([], [0]), [0], 'float32', []],
  ])('%s', (made, shape, dtype, values) => {
    expect(made.shape).toEqual(shape)
    expect(made.dtype).toBe(dtype)
    expect(made.arraySync()).toEqual(values)
  })

  test('rows may be typed arrays', () => {
    expect(tensor([Float64Array.of(1, 2), Int8Array.of(3, 4)]).arraySync()).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(code(() => tensor([Float32Array.of(1), Float32Array.of(1, 2)]))).toMatch(/^ERR_SHAPE: tensor data\[1\]/)
  })

  test('bad data is refused by name', () => {
    const endless: unknown[] = []
    endless.push(endless)
    expect(code(() => tensor(endless as never))).toMatch(/^ERR_SHAPE: tensor data: expected at most 32 levels/)
    expect(code(() => tensor([tensor(1)] as never))).toMatch(/^ERR_DATA: tensor data\[0\].*ops\.stack/)
    expect(code(() => tensor(variable(1) as never))).toMatch(/^ERR_DATA: tensor data.*v\.read\(\)/)
    expect(
      code(() =>
        tensor([
          [1, 2],
          [3, ['4']],
        ] as never),
      ),
    ).toMatch(/^ERR_SHAPE: tensor data\[1\]\[1\]/)
    expect(code(() => tensor([[1, 2], [3]]))).toMatch(
      /^ERR_SHAPE: tensor data\[1\]: expected length 2, as its neighbours have, got 1/,
    )
    expect(code(() => tensor([1, 2, 3], [2, 2]))).toMatch(
      /^ERR_SHAPE: tensor shape: expected lengths that multiply to 3/,
    )
    expect(code(() => tensor([1.5], [1], 'int32'))).toMatch(/^ERR_DATA: tensor data\[0\]/)
    expect(code(() => tensor('12' as never))).toMatch(/^ERR_DATA/)
    expect(code(() => tensor([1], [1], 'float16' as never))).toMatch(/^ERR_DTYPE/)
    expect(code(() => tensor(new BigInt64Array(2) as never))).toMatch(/^ERR_DATA/)
    const moved = new Float32Array(4)
    structuredClone(moved, { transfer: [moved.buffer] })
    expect(code(() => tensor(moved))).toMatch(/^ERR_DATA: tensor data: .*transferred/)
    expect(code(() => ops.add(structuredClone({ shape: [2] }) as never, 1))).toMatch(/^ERR_DATA/)
  })
})

describe('methods', () => {
  test('are the functions of ops', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ])
    expect(
      x
        .add(1)
        .sub(tensor([1, 1]))
        .mul(2)
        .div(4)
        .arraySync(),
    ).toEqual([
      [0.5, 1],
      [1.5, 2],
    ])
    expect(x.matmul(x).arraySync()).toEqual([
      [7, 10],
      [15, 22],
    ])
    expect(x.sum().itemSync()).toBe(10)
    expect(x.mean({ axis: 0 }).arraySync()).toEqual([2, 3])
    expect(x.transpose().reshape([4]).arraySync()).toEqual([1, 3, 2, 4])
    expect(x.slice([0, 1], { size: [2, 1] }).arraySync()).toEqual([[2], [4]])
    expect(x.neg().abs().square().sqrt().arraySync()).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(x.argmax({ axis: 1 }).arraySync()).toEqual([1, 1])
    expect(x.greater(2).cast('int32').sum().itemSync()).toBe(2)
    expect(x.flatten().expandDims(0).squeeze().shape).toEqual([4])
  })

  test('numbers come both ways', async () => {
    const x = tensor([1, 2]).mul(3)
    expect(await x.data()).toEqual(Float32Array.of(3, 6))
    expect(await x.array()).toEqual([3, 6])
    expect(await x.sum().item()).toBe(9)
    expect(code(() => x.itemSync())).toMatch(/^ERR_SHAPE/)
  })

  test('of the element type that is named', async () => {
    const x = tensor([1.5, -2])
    expect(await x.data('float64')).toEqual(Float64Array.of(1.5, -2))
    expect(x.dataSync('int32')).toEqual(Int32Array.of(1, -2))
    expect(x.greater(0).dataSync('float32')).toEqual(Float32Array.of(1, 0))
    expect(await variable([1.5]).data('float64')).toEqual(Float64Array.of(1.5))
    expect(variable([1.5]).dataSync('int32')).toEqual(Int32Array.of(1))
    expect(code(() => x.dataSync('float16' as never))).toMatch(/^ERR_DTYPE/)
  })

  test('nested as deep as is said, or an error', async () => {
    const x = tensor([[1, 2]])
    expect(await x.array(2)).toEqual([[1, 2]])
    expect(x.sum().arraySync(0)).toBe(3)
    expect(code(() => x.arraySync(1))).toBe('ERR_SHAPE: array: expected a tensor of 1 axis, got [1, 2]')
    expect(code(() => x.greater(1).arraySync(2))).toMatch(/^ERR_DTYPE: array: expected numbers, got truth values/)
    await expect(x.array(3)).rejects.toMatchObject({ code: 'ERR_SHAPE' })
  })
})

describe('printing', () => {
  test.each([
    [
      tensor([
        [1, 2],
        [3, 4],
      ]),
      '[[1. 2.]\n [3. 4.]] (float32[2, 2])',
    ],
    [tensor(1.5), '1.5 (float32[])'],
    [tensor([1.5, 2, -0.25]), '[ 1.5   2.   -0.25] (float32[3])'],
    [tensor([true, false]), '[ true false] (bool[2])'],
    [tensor([1, -20], [2], 'int32'), '[  1 -20] (int32[2])'],
    [tensor([[[1]], [[2]]]), '[[[1.]]\n\n [[2.]]] (float32[2, 1, 1])'],
    [tensor([0.5, Number.NaN, Number.POSITIVE_INFINITY]), '[0.5 nan inf] (float32[3])'],
    [tensor([], [0]), '[] (float32[0])'],
  ])('%#: aligned, with shape and dtype', (x, text) => expect(String(x)).toBe(text))

  const { cases } = fixture<{ name: string; dtype: DType; x: Numbers; text: string }>('printing')
  test.each(cases)('$name as NumPy does', ({ dtype, x, text }) => {
    const ours = text.replaceAll('True', 'true').replaceAll('False', 'false')
    expect(String(toTensor(x, dtype))).toBe(`${ours} (${dtype}[${x.shape.join(', ')}])`)
  })

  test('long axes are cut', () => {
    expect(String(ops.arange(0, 2000, 1, 'int32'))).toBe('[   0    1    2 ... 1997 1998 1999] (int32[2000])')
  })
})

describe('tensors among JavaScript’s own values', () => {
  const x = tensor([
    [1, 2],
    [3, Number.NaN],
  ])
  const w = variable([1, 2], { name: 'w' })

  test('are no promises', async () => {
    expect(await (x as unknown)).toBe(x)
  })

  test('become text where text is asked for, and JSON', () => {
    expect(`${w}`).toBe('[1. 2.] (float32[2])')
    expect([w].join()).toBe('[1. 2.] (float32[2])')
    expect(JSON.stringify({ x, w, on: tensor(true) })).toBe('{"x":[[1,2],[3,null]],"w":[1,2],"on":true}')
  })

  test('are refused by operators, which would compute with their text', () => {
    const anything = { x, w } as unknown as Record<'x' | 'w', number>
    const operators = [
      () => anything.x + 1,
      () => anything.x * 2,
      () => anything.x < 3,
      // biome-ignore lint/suspicious/noDoubleEquals: it is what is tested
      () => anything.w == 2,
      () => Math.max(anything.w),
      () => Number(anything.x),
    ]
    for (const operator of operators) expect(code(operator)).toMatch(/^ERR_STATE: JavaScript's operators.*ops\.add/)
    // Also where a traced function branches on one.
    const branching = jit((t: Tensor) => ((t as unknown as number) > 0 ? t : t.neg()))
    return expect(branching(1)).rejects.toThrow(`JavaScript's operators`)
  })

  test('are walked through along the first axis', () => {
    expect([...x].map((row) => row.shape)).toEqual([[2], [2]])
    const [first] = x
    expect(first!.arraySync()).toEqual([1, 2])
    expect(code(() => [...tensor(1)])).toMatch(/^ERR_SHAPE: iteration/)
  })

  test('show their numbers on the console where these are there and few', () => {
    expect(inspect({ w, x: tensor([1, 2]) })).toBe('{ w: Variable(w: float32[2]), x: [1. 2.] (float32[2]) }')
    expect(inspect(tensor([1]).add(1))).toBe('Tensor(float32[1])')
    expect(inspect(ops.zeros([2000]))).toBe('Tensor(float32[2000])')
  })

  test('that no array can hold are not read', async () => {
    const huge = ops.zeros([2 ** 31, 2 ** 20])
    expect(code(() => huge.dataSync())).toMatch(/^ERR_DATA: data: 2251799813685248 numbers of float32 are more than/)
    await expect(huge.data()).rejects.toMatchObject({ code: 'ERR_DATA' })
  })

  test('are made by functions alone', () => {
    expect(code(() => new (Tensor as unknown as new (data: number[]) => Tensor)([1]))).toMatch(
      /^ERR_CONFIG: new Tensor/,
    )
  })

  test('arrive in another thread as plain objects, which is said where they are used', () => {
    const [sentTensor, sentVariable] = [x, w].map((value) => structuredClone(value))
    for (const sent of [sentTensor, sentVariable]) {
      expect(code(() => ops.add(sent as never, 1))).toMatch(
        /^ERR_DATA: add, argument 1.*another thread.*await t\.data\(\)/,
      )
      expect(code(() => w.assign(sent as never))).toMatch(/^ERR_DATA: tensor data.*another thread/)
    }
  })
})

test('a variable has no numbers inside a traced function', async () => {
  const w = variable(1, { name: 'w' })
  await expect(jit(() => w.read().add(w.dataSync()[0]!))()).rejects.toThrow(`variable 'w': expected a read outside`)
})

describe('dispose', () => {
  test('refuses later use, leaves what was drawn from it', () => {
    const x = tensor([1, 2])
    const y = x.mul(2)
    x.dispose()
    expect(code(() => x.add(1))).toMatch(/^ERR_STATE: tensor: expected a tensor in use, got one that was disposed/)
    expect(code(() => x.dataSync())).toMatch(/^ERR_STATE/)
    expect(y.arraySync()).toEqual([2, 4])
    expect(String(x)).toBe('Tensor(disposed)')
  })
})

test('a mistake is thrown at the line that draws it, with the op and both shapes', () => {
  const [a, b] = [tensor([[1, 2]]), tensor([1, 2, 3])]
  expect(code(() => ops.add(a, b))).toMatch(/ERR_SHAPE: add.*\[1, 2\].*\[3\]/)
  expect(code(() => ops.matmul(a, a))).toMatch(/ERR_SHAPE: matmul.*\[1, 2\]/)
})

describe('pending work', () => {
  test('a loop that never asks neither overflows nor grows', () => {
    let x = tensor(0, [], 'float64')
    for (let i = 0; i < 20_000; i += 1) x = x.add(1)
    expect(x.itemSync()).toBe(20_000)
  })

  test('variables that are only assigned stay exact', () => {
    const w = variable(0, { dtype: 'float64' })
    for (let i = 0; i < 3_000; i += 1) w.assignAdd(1)
    expect(w.dataSync()[0]).toBe(3_000)
  })

  test('a deep recording is differentiated whole', () => {
    const w = variable(1, { dtype: 'float64' })
    const tape = new GradientTape()
    const y = tape.record(() => {
      let x = w.read()
      for (let i = 0; i < 2_000; i += 1) x = x.mul(1.001)
      return x
    })
    expect(tape.gradient(y, [w])[0]?.itemSync()).toBeCloseTo(1.001 ** 2_000, 9)
  })

  test('memory stays flat', async () => {
    const w = variable([1, 2, 3])
    const round = (): void => {
      const tape = new GradientTape()
      const loss = tape.record(() => ops.sum(ops.square(w)))
      w.assignSub(tape.gradient(loss, [w])[0]!.mul(1e-4))
    }
    const grown = async (rounds: number): Promise<number> => {
      for (let i = 0; i < rounds; i += 1) {
        round()
        if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      return process.memoryUsage().rss
    }
    await grown(2_000)
    const before = await grown(2_000)
    const after = await grown(4_000)
    expect(after - before).toBeLessThan(40e6)
  })
})

describe('variables', () => {
  test('reads after an assignment see it, copies before do not', () => {
    const w = variable([1, 2], { name: 'w' })
    const before = w.read()
    w.assign([3, 4])
    expect(before.arraySync()).toEqual([1, 2])
    expect(w.read().arraySync()).toEqual([3, 4])
    w.assignAdd(w)
    w.assignSub([1, 1])
    expect([...w.dataSync()]).toEqual([5, 7])
    expect(String(w)).toBe('[5. 7.] (float32[2])')
  })

  test('refuse what does not fit', () => {
    const w = variable([1, 2], { name: 'w' })
    expect(code(() => w.assign([1, 2, 3]))).toMatch(/^ERR_SHAPE: assign to 'w': expected shape \[2\], got \[3\]/)
    expect(code(() => w.assign(tensor([1, 2], [2], 'float64')))).toMatch(/^ERR_DTYPE: assign to 'w'/)
    expect([...w.dataSync()]).toEqual([1, 2])
  })

  test('a loss asked for in each round of a loop is that of an unrolled one', async () => {
    const w = variable(1, { dtype: 'float64' })
    let expected = 1
    for (let i = 0; i < 100; i += 1) {
      const slope = grad((x: Tensor) => ops.square(x))(w)
      w.assignSub(slope.mul(0.1))
      expected -= 0.2 * expected
      expect(await w.read().item()).toBeCloseTo(expected, 12)
    }
  })
})

describe('random', () => {
  test('a generator goes on, its like repeats', () => {
    const [a, b] = [new random.SeedGenerator(7), new random.SeedGenerator(7)]
    const [first, second] = [random.normal([3], { seed: a }), random.normal([3], { seed: a })]
    expect(first.arraySync()).not.toEqual(second.arraySync())
    expect(random.normal([3], { seed: b }).arraySync()).toEqual(first.arraySync())
    expect(a.state.dataSync()[2]).toBe(2)
  })

  test('a generator tells where it is, and another goes on from there', () => {
    const seed = new random.SeedGenerator(2 ** 40 + 7)
    random.uniform([2], { seed })
    const state = JSON.parse(JSON.stringify(seed.getState()))
    const wanted = random.uniform([2], { seed }).dataSync()
    const other = new random.SeedGenerator(1)
    other.setState(state)
    expect(other.seed).toBe(2 ** 40 + 7)
    expect(random.uniform([2], { seed: other }).dataSync()).toEqual(wanted)
    expect(code(() => other.setState([1, 2]))).toMatch(/^ERR_FORMAT: SeedGenerator.setState/)
  })

  test('a draw that is refused draws nothing, of a generator and of the stream of the seed', () => {
    const seed = new random.SeedGenerator(5)
    const wrong: [(options: random.SeedOptions) => unknown, RegExp][] = [
      [(options) => random.uniform([-1], options), /^ERR_SHAPE: random\.uniform shape: expected lengths/],
      [
        (options) => random.normal(3 as never, options),
        /^ERR_SHAPE: random\.normal shape: expected an array of lengths/,
      ],
      [(options) => random.bernoulli([2], 1.5, options), /^ERR_CONFIG: .*1\.5/],
      [
        (options) => random.bernoulli([2], 'x' as never, options),
        /^ERR_CONFIG: random\.bernoulli probability: expected a number/,
      ],
      [(options) => random.dropoutMask([2], 2, options), /^ERR_CONFIG: /],
      [(options) => random.randint([2], 3, 3, options), /^ERR_CONFIG: /],
      [(options) => random.categorical(1, options), /^ERR_SHAPE: /],
      [(options) => random.gamma([2], [1, 2, 3], options), /^ERR_SHAPE: /],
      [(options) => random.beta([2], 1, -1, options), /^ERR_CONFIG: random\.beta alpha/],
    ]
    config.setSeed(9)
    const wanted = random.uniform([2]).dataSync()
    config.setSeed(9)
    for (const [draw, message] of wrong) {
      expect(code(() => draw({ seed }))).toMatch(message)
      expect(code(() => draw({}))).toMatch(message)
    }
    expect(seed.state.dataSync()[2]).toBe(0)
    expect(random.uniform([2]).dataSync()).toEqual(wanted)
  })

  test('moments, ranges and permutations', () => {
    const seed = new random.SeedGenerator(3)
    const z = random.normal([20_000], { seed, dtype: 'float64' })
    expect(z.mean().itemSync()).toBeCloseTo(0, 1)
    expect(ops.std(z).itemSync()).toBeCloseTo(1, 1)
    const dice = random.randint([1_000], 1, 7, { seed })
    expect([dice.min().itemSync(), dice.max().itemSync()]).toEqual([1, 6])
    expect([...random.shuffle(ops.arange(0, 10), { seed }).dataSync()].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const drawn = random.categorical(ops.log(ops.broadcastTo([0.1, 0.2, 0.7], [5_000, 3])), { seed })
    expect(ops.equal(drawn, 2).cast('float64').mean().itemSync()).toBeCloseTo(0.7, 1)
  })
})

test("{ values, shape } is a tensor of that shape and of the array's type, copied", () => {
  const values = Float64Array.of(1, 2, 3, 4, 5, 6)
  const made = tensor({ values, shape: [3, 2] })
  values[0] = 9
  expect([made.dtype, made.shape, made.arraySync()]).toEqual([
    'float64',
    [3, 2],
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  ])
  expect(tensor({ values, shape: [3, 2] }, [6], 'float32').shape).toEqual([6])
  expect(() => tensor({ values, shape: [4, 2] })).toThrow(/expected lengths that multiply to 6, got \[4, 2\]/)
  expect(ops.add({ values: Float32Array.of(1, 2), shape: [2, 1] }, 1).arraySync()).toEqual([[2], [3]])
})
