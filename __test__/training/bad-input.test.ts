/** What a caller may get wrong: each is refused with its code, in words that help, and the model is as before. */
import { type FerrogradError, Model, Sequential } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { describe, expect, test } from 'vitest'
import { classifier, points, weightsOf } from './models.js'

const { x, y } = points()
const n = y.length
const quiet = { verbose: 0 } as const
const shaped = (values: ArrayLike<number>, ...shape: number[]): object => ({ values: Float32Array.from(values), shape })
const withAt = (data: Float32Array, index: number, value: number): Float32Array =>
  data.map((old, i) => (i === index ? value : old))

/** Three classes out of two features. */
function threeClasses(loss: string): Sequential {
  const model = new Sequential([new Dense({ units: 3, activation: 'softmax', inputShape: [2] })])
  model.compile({ optimizer: 'sgd', loss: loss as 'mse' })
  return model
}

async function refused(run: () => unknown): Promise<FerrogradError> {
  try {
    await run()
  } catch (error) {
    return error as FerrogradError
  }
  return expect.unreachable('nothing was thrown')
}

/** The call is refused, the weights stay, and the next fit works. */
async function expectRefused(
  model: Sequential,
  run: () => unknown,
  code: string,
  message: RegExp,
  next: () => unknown,
): Promise<void> {
  const before = weightsOf(model)
  const error = await refused(run)
  expect(error.message).toMatch(message)
  expect(error.code).toBe(code)
  expect(weightsOf(model)).toEqual(before)
  await next()
}

describe('data', () => {
  const rows: [what: string, x: unknown, y: unknown, code: string, message: RegExp][] = [
    ['x undefined', undefined, y, 'ERR_DATA', /fit\.x: expected data, got undefined/],
    ['x null', null, y, 'ERR_DATA', /fit\.x: expected data, got null/],
    ['y undefined', x, undefined, 'ERR_DATA', /fit\.y: expected targets, got undefined/],
    [
      'too narrow',
      shaped(x.values.subarray(0, n), n, 1),
      y,
      'ERR_SHAPE',
      /fit\.x: expected \[samples, 2\], got \[64, 1\]/,
    ],
    ['too wide', shaped(x.values, 32, 4), y.subarray(0, 32), 'ERR_SHAPE', /expected \[samples, 2\], got \[32, 4\]/],
    ['rank 1', x.values, y, 'ERR_SHAPE', /fit\.x: expected \[samples, 2\], got \[128\].*shape: \[64, 2\]/],
    ['one sample unwrapped', [1, 2], [1], 'ERR_SHAPE', /wrap it: \[sample\]/],
    ['rank 3', shaped(x.values, n, 2, 1), y, 'ERR_SHAPE', /got \[64, 2, 1\].*Reshape/],
    ['ragged', [[1, 2], [3]], [0, 1], 'ERR_SHAPE', /fit\.x\[1\].*ragged/],
    ['empty', [], [], 'ERR_DATA', /at least one sample/],
    ['fewer targets', x, y.subarray(1), 'ERR_SHAPE', /fit\.y: expected 64 samples, as x has, got 63/],
    ['wide targets', x, shaped(x.values, n, 2), 'ERR_SHAPE', /fit\.y.*\[64, 2\]/],
    ['strings', [['a', 'b']], [1], 'ERR_DATA', /fit\.x\[0\]\[0\]: expected a number, got 'a'/],
    [
      'NaN in x',
      shaped(withAt(x.values, 5, Number.NaN), n, 2),
      y,
      'ERR_DATA',
      /fit\.x sample 2, feature 1: expected a finite number, got NaN/,
    ],
    [
      'infinity in x',
      shaped(withAt(x.values, 0, Number.POSITIVE_INFINITY), n, 2),
      y,
      'ERR_DATA',
      /fit\.x sample 0, feature 0/,
    ],
    ['NaN in y', x, withAt(y, 3, Number.NaN), 'ERR_DATA', /fit\.y sample 3/],
    ['a label of 2 for two classes', x, withAt(y, 3, 2), 'ERR_DATA', /fit\.y.*sample 3/],
    ['a label of −1', x, withAt(y, 4, -1), 'ERR_DATA', /fit\.y.*sample 4/],
    ['two inputs for one', [x, x], y, 'ERR_DATA', /fit\.x/],
    ['an unknown input', { picture: x }, y, 'ERR_DATA', /fit\.x: expected names among .*got 'picture'/],
    ['an unknown output', x, { label: y }, 'ERR_DATA', /fit\.y: expected names of outputs, got 'label'/],
  ]
  test.each(rows)('%s', async (_, badX, badY, code, message) => {
    const model = classifier()
    await expectRefused(
      model,
      () => model.fit(badX as never, badY as never, quiet),
      code,
      message,
      () => model.fit(x, y, quiet),
    )
  })

  test.each([
    ['a label past the classes', [0, 1, 3], /fit\.y.*sample 2/],
    ['a label below 0', [0, -1, 2], /fit\.y.*sample 1/],
    ['half a label', [0, 1.5, 2], /fit\.y.*sample 1/],
    [
      'one-hot rows',
      [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      /fit\.y/,
    ],
  ])('sparse targets: %s', async (_, labels, message) => {
    const model = threeClasses('sparseCategoricalCrossentropy')
    const three = x.values.subarray(0, 6)
    const error = await refused(() => model.fit(shaped(three, 3, 2) as never, labels, quiet))
    expect(error.message).toMatch(message)
    await model.fit(shaped(three, 3, 2) as never, [0, 1, 2], quiet)
  })

  test.each([
    ['labels', [0, 1, 2], /fit\.y/],
    [
      'rows too narrow',
      [
        [1, 0],
        [0, 1],
        [1, 0],
      ],
      /fit\.y/,
    ],
    [
      'rows that do not sum to 1',
      [
        [1, 0, 0],
        [0, 1, 1],
        [0, 0, 1],
      ],
      /fit\.y.*sample 1/,
    ],
  ])('one-hot targets: %s', async (_, targets, message) => {
    const model = threeClasses('categoricalCrossentropy')
    const error = await refused(() => model.fit(shaped(x.values.subarray(0, 6), 3, 2) as never, targets, quiet))
    expect(error.message).toMatch(message)
  })

  test('predict and evaluate check alike', async () => {
    const model = classifier()
    expect((await refused(() => model.predict([[1, 2, 3]]))).message).toMatch(
      /predict\.x: expected \[samples, 2\], got \[1, 3\]/,
    )
    expect((await refused(() => model.evaluate(x, y.subarray(2)))).message).toMatch(/evaluate\.y: expected 64 samples/)
    expect((await refused(() => model.trainOnBatch([[Number.NaN, 0]], [1]))).message).toMatch(
      /trainOnBatch\.x sample 0, feature 0/,
    )
  })
})

describe('options of fit', () => {
  const rows: [options: object, message: RegExp][] = [
    ...[0, -1, 1.5, Number.NaN, '8', Number.POSITIVE_INFINITY].map((batchSize): [object, RegExp] => [
      { batchSize },
      /fit\.batchSize: expected an integer ≥ 1/,
    ]),
    ...[-1, Number.NaN, 2.5, '2'].map((epochs): [object, RegExp] => [
      { epochs },
      /fit\.epochs: expected an integer ≥ 0/,
    ]),
    [{ initialEpoch: 3, epochs: 2 }, /fit\.initialEpoch: expected an integer in \[0, 2\]/],
    ...[1, -0.5, 1.5, Number.NaN].map((validationSplit): [object, RegExp] => [
      { validationSplit },
      /fit\.validationSplit: expected a number in \[0, 1\)/,
    ]),
    [{ validationSplit: 0.999 }, /a share that leaves samples on either side of 64/],
    [{ validationSplit: 0.5, validationData: [x, y] }, /validationSplit or validationData, and not both/],
    [{ epoch: 3 }, /fit: unknown option 'epoch'\. Did you mean 'epochs'/i],
    [{ batch_size: 3 }, /did you mean 'batchSize'/i],
    [{ sampleWeight: [1, 2] }, /fit\.sampleWeight: expected 64 samples, as x has, got 2/],
    [{ sampleWeight: withAt(y, 2, Number.NaN) }, /fit\.sampleWeight sample 2/],
    [{ classWeight: { 0: 1, 1: -1 } }, /fit\.classWeight\[1\]: expected a finite number ≥ 0, got -1/],
    [{ classWeight: { a: 1 } }, /fit\.classWeight: expected class numbers, got 'a'/],
    [{ classWeight: 3 }, /fit\.classWeight/],
    [{ shuffle: 'yes' }, /fit\.shuffle: expected true or false/],
    [{ seed: -1 }, /fit\.seed/],
    [{ verbose: 3 }, /fit\.verbose: expected 0, 1, 2 or 'auto', got 3/],
    [{ signal: {} }, /fit\.signal: expected an AbortSignal/],
    [{ nonFinite: 'ignore' }, /fit\.nonFinite: expected one of 'error', 'continue'/],
    [{ validationFreq: 0 }, /fit\.validationFreq/],
    [{ validationFreq: [1, 'x'] }, /fit\.validationFreq\[1\]/],
    [{ stepsPerEpoch: 0 }, /fit\.stepsPerEpoch/],
    [{ callbacks: [{ onEpochEnds: () => undefined }] }, /did you mean 'onEpochEnd'/i],
    [{ validationData: [x] }, /fit\.validationData\.y: expected targets/],
    [{ validationData: 3 }, /fit\.validationData/],
  ]
  test.each(rows)('%j', async (options, message) => {
    const model = classifier()
    const before = weightsOf(model)
    const error = await refused(() => model.fit(x, y, { ...quiet, ...options } as never))
    expect(error.message).toMatch(message)
    expect(error.code).toMatch(/^ERR_(CONFIG|DATA|SHAPE)$/)
    expect(weightsOf(model)).toEqual(before)
  })

  test('that are no object', async () => {
    expect((await refused(() => classifier().fit(x, y, 3 as never))).message).toMatch(
      /fit: expected an options object, got 3/,
    )
    expect((await refused(() => classifier().predict(x, { batchsize: 2 } as never))).message).toMatch(
      /did you mean 'batchSize'/i,
    )
  })

  test('frozen ones are taken', async () => {
    await classifier().fit(Object.freeze({ ...x }), y, Object.freeze({ ...quiet }))
  })

  test('a class that classWeight leaves out weighs 1, and that is said', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    await classifier().fit(x, y, { classWeight: { 1: 2 }, ...quiet })
    expect((await warned).message).toBe('classWeight lists no weight for class 0: it counts as 1')
  })

  test('a split whose tail is of another kind is said', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const sorted = Float32Array.from(y).sort()
    await classifier()
      .fit(x, sorted, { validationSplit: 0.2, ...quiet })
      .catch(() => undefined)
    // Only where the tail holds what the head never shows.
    await classifier().fit(
      x,
      Float32Array.from(y, (_, i) => (i < 40 ? 0 : 1)),
      { validationSplit: 0.375, ...quiet },
    )
    expect((await warned).message).toMatch(/look sorted.*classes \(1\)/)
  })
})

describe('compile and build', () => {
  const rows: [options: object, message: RegExp][] = [
    [{ optimizer: 'adma' }, /compile\.optimizer.*did you mean 'adam'/i],
    [{ loss: 'mes' }, /compile\.loss.*did you mean/i],
    [{ loss: 3 }, /compile\.loss/],
    [{ loss: ['mse', 'mse'] }, /compile\.loss: expected 1 entries, one an output, got 2/],
    [{ loss: { nothing: 'mse' } }, /compile\.loss: expected names of outputs, got 'nothing'/],
    [{ metrics: ['acuracy'] }, /compile\.metrics.*did you mean 'accuracy'/i],
    [{ metrics: 'accuracy' }, /compile\.metrics: expected a list of metrics/],
    [{ lossWeights: [1, 2] }, /compile\.lossWeights/],
    [{ optimiser: 'adam' }, /compile: unknown option 'optimiser'\. Did you mean 'optimizer'/i],
  ]
  test.each(rows)('%j', (options, message) => {
    const model = classifier()
    expect(() => model.compile(options as never)).toThrow(message)
    expect(() => model.compile(options as never)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }))
    // What was compiled before stands.
    expect(model.compiled.options.loss).toBe('binaryCrossentropy')
  })

  test('a fit before compile, of no layers, and of a model without a loss', async () => {
    const bare = new Sequential([new Dense({ units: 1 })])
    expect(await refused(() => bare.fit(x, y, quiet))).toMatchObject({
      code: 'ERR_STATE',
      message: expect.stringMatching(/Call compile first/),
    })
    const empty = new Sequential()
    empty.compile({ optimizer: 'sgd', loss: 'mse' })
    expect(await refused(() => empty.fit(x, y, quiet))).toMatchObject({
      code: 'ERR_STATE',
      message: expect.stringMatching(/at least one layer/),
    })
    const lossless = new Sequential([new Dense({ units: 1 })])
    lossless.compile({ optimizer: 'sgd' })
    expect(await refused(() => lossless.fit(x, y, quiet))).toMatchObject({
      code: 'ERR_STATE',
      message: expect.stringMatching(/Pass loss to compile/),
    })
  })

  test('a model of nothing but frozen layers', async () => {
    const model = classifier()
    for (const layer of model.layers) layer.trainable = false
    expect(await refused(() => model.fit(x, y, quiet))).toMatchObject({
      code: 'ERR_STATE',
      message: expect.stringMatching(/trainable weights/),
    })
  })

  test.each([
    [() => new Model({ inputs: 3 as never, outputs: 3 as never }), /Model\.inputs/],
    [() => new Model({ inputs: undefined as never, outputs: 3 as never }), /inputs and outputs/],
    [() => new Sequential(3 as never), /a list of layers, got 3/],
    [() => new Sequential([3 as never]), /Sequential\.layers\[0\]: expected a layer, got 3/],
  ])('wiring %#', (make, message) => {
    expect(make).toThrow(message)
  })
})
