import { type FerrogradError, tensor } from 'ferrograd'
import { Dataset } from 'ferrograd/data'
import { describe, expect, test } from 'vitest'
import { classifier, pause, points, weightsOf } from './models.js'

const { x, y } = points(40)
const quiet = { verbose: 0 } as const
const batches = (): Dataset<{
  x: { values: Float32Array; shape: number[] }
  y: { values: Float32Array; shape: number[] }
}> => Dataset.fromArrays({ x, y }).batch(16) as never

/** The batches as `[x, y]`, from a generator. */
async function* pairs(): AsyncGenerator<[object, object]> {
  for await (const batch of batches()) yield [batch.x, batch.y]
}

describe('a stream trains as the same batches in arrays do', () => {
  const fromArrays = async (): Promise<[number[][], Record<string, number[]>]> => {
    const model = classifier()
    const { history } = await model.fit(x, y, {
      epochs: 3,
      batchSize: 16,
      shuffle: false,
      validationData: [x, y],
      validationBatchSize: 16,
      ...quiet,
    })
    return [weightsOf(model), history]
  }
  const sources = {
    'a Dataset': () => batches(),
    'a generator function': () => pairs as never,
    'a function that returns an iterable': () => () => batches(),
    'an array of batches behind an iterator': () => ({
      async *[Symbol.asyncIterator]() {
        yield* pairs()
      },
    }),
  }
  test.each(Object.entries(sources))('%s', async (_, source) => {
    const model = classifier()
    const { history } = await model.fit(source() as never, undefined, {
      epochs: 3,
      validationData: source() as never,
      ...quiet,
    })
    const [weights, wanted] = await fromArrays()
    expect(weightsOf(model)).toEqual(weights)
    expect(history).toEqual(wanted)
  })

  test('evaluate and predict, too', async () => {
    const model = classifier()
    expect(await model.evaluate(batches())).toEqual(await model.evaluate(x, y, { batchSize: 16 }))
    const streamed = await model.predict(Dataset.fromArrays({ x, y }).batch(16) as never)
    expect(await streamed.data()).toEqual(await (await model.predict(x)).data())
  })

  test('tensors, typed arrays and weights in batches', async () => {
    const model = classifier()
    const one = function* (): Generator<object[]> {
      yield [tensor(x.values, x.shape), y, Float32Array.from(y, (label) => 1 + label)]
    }
    await model.fit(one as never, undefined, quiet)
    const other = classifier()
    await other.fit(x, y, {
      batchSize: 40,
      shuffle: false,
      sampleWeight: Float32Array.from(y, (label) => 1 + label),
      ...quiet,
    })
    expect(weightsOf(model)).toEqual(weightsOf(other))
  })
})

describe('stepsPerEpoch', () => {
  test('makes epochs portions of one stream', async () => {
    let opened = 0
    const source = (): Dataset<unknown> => {
      opened += 1
      return batches()
    }
    const model = classifier()
    await model.fit(source as never, undefined, { epochs: 3, stepsPerEpoch: 2, ...quiet })
    // Six steps out of passes of three.
    expect(opened).toBe(2)
    const arrays = classifier()
    await arrays.fit(x, y, { epochs: 3, stepsPerEpoch: 2, batchSize: 16, shuffle: false, ...quiet })
    expect(weightsOf(model)).toEqual(weightsOf(arrays))
  })

  test('bounds a stream without end', async () => {
    const run = await classifier().fit(batches().repeat() as never, undefined, {
      epochs: 2,
      stepsPerEpoch: 5,
      ...quiet,
    })
    expect(run.epoch).toEqual([0, 1])
  })
})

describe('what is wrong with a stream', () => {
  const good = [[[1, 2]], [1]]
  const gives = (...items: unknown[]): (() => Generator<unknown>) =>
    function* () {
      yield* items
    }
  const throwing = function* (): Generator<unknown> {
    yield good
    throw new RangeError('the disk is gone')
  }
  const rows: [what: string, source: unknown, options: object, message: RegExp][] = [
    ['nothing in it', gives(), {}, /fit: expected at least one batch, got an empty stream/],
    ['garbage', gives(7), {}, /fit batch 0: expected \[x, y\].*got 7/],
    ['garbage later', gives(good, 'x'), {}, /fit batch 1/],
    ['targets missing', gives([[[1, 2]]]), {}, /fit batch 0\.y: expected targets/],
    [
      'another width later',
      gives(good, [[[1, 2, 3]], [1]]),
      {},
      /fit batch 1\.x: expected \[samples, 2\], got \[1, 3\]/,
    ],
    [
      'NaN later',
      gives(good, [[[1, Number.NaN]], [1]]),
      {},
      /fit batch 1\.x sample 0, feature 1: expected a finite number/,
    ],
    ['rows that do not match', gives([[[1, 2]], [1, 0]]), {}, /fit batch 0\.y: expected 1 samples, as x has, got 2/],
    ['an error of its own', throwing, {}, /the disk is gone/],
    ['fewer batches than steps', gives(good, good), { stepsPerEpoch: 3 }, /expected 3 batches.*a stream of 2/],
    ['no end, and no steps', batches().repeat(), {}, /repeats for ever.*stepsPerEpoch/],
    ['a used iterator', gives(good)(), { epochs: 2 }, /used up.*generator function itself/],
    ['a function that opens nothing', () => 3, {}, /an iterable of batches, got 3/],
    ['y next to it', [batches(), y], {}, /fit\.y: expected nothing: a stream gives/],
    ['a validation split', batches(), { validationSplit: 0.2 }, /fit\.validationSplit: expected 0 for a stream/],
  ]
  test.each(rows)('%s', async (_, source, options, message) => {
    const model = classifier()
    const [data, targets] = Array.isArray(source) ? source : [source, undefined]
    const error = await model.fit(data as never, targets, { ...quiet, ...options }).then(
      () => undefined,
      (reason: unknown) => reason as FerrogradError,
    )
    expect(error?.message).toMatch(message)
    await model.fit(x, y, quiet)
  })
})

describe('a source is closed', () => {
  const counted = (): { source: () => AsyncGenerator<unknown>; closed: () => number } => {
    let closed = 0
    const source = async function* (): AsyncGenerator<unknown> {
      try {
        for await (const pair of pairs()) yield pair
      } finally {
        closed += 1
      }
    }
    return { source, closed: () => closed }
  }

  test('when a callback stops the training, or a batch is refused', async () => {
    const { source, closed } = counted()
    const model = classifier()
    const stop = {
      onTrainBatchEnd: () => {
        model.stopTraining = true
      },
    }
    await model.fit(source as never, undefined, { ...quiet, callbacks: stop })
    await pause()
    expect(closed()).toBe(1)
  })

  test('when the signal aborts, even amid a wait for a batch that never comes', async () => {
    const stop = new AbortController()
    const stuck = { next: () => new Promise(() => undefined), return: async () => ({ done: true, value: undefined }) }
    const source = { [Symbol.asyncIterator]: () => stuck }
    const run = classifier().fit(source as never, undefined, { ...quiet, signal: stop.signal })
    await pause(10)
    stop.abort()
    await expect(run).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })
})
