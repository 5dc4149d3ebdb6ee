/** Windows over series and texts: the numbers of real Keras, and what they are besides. */

import { tensor } from 'ferrograd'
import { type ShapedArray, textWindows, timeseriesWindows } from 'ferrograd/data'
import { describe, expect, it, test } from 'vitest'
import { caught } from '../caught.js'
import { fixture, floats, type Numbers } from '../oracle.js'

interface Case {
  readonly name: string
  readonly options: Readonly<Record<string, number>>
  readonly data: Numbers
  readonly x: Numbers
  readonly targets?: Numbers
  readonly y?: Numbers
}

const names: Readonly<Record<string, string>> = {
  sequence_length: 'length',
  sequence_stride: 'stride',
  sampling_rate: 'samplingRate',
  start_index: 'startIndex',
  end_index: 'endIndex',
}

describe('windows are those of keras.utils.timeseries_dataset_from_array', () => {
  it.each(fixture<Case>('windows').cases)('$name', async ({ options, data, x, targets, y }) => {
    const own = Object.fromEntries(Object.entries(options).map(([name, value]) => [names[name]!, value]))
    const series = { values: floats(data), shape: data.shape }
    const given = { ...own, ...(targets && { targets: floats(targets) }) } as { length: number }
    const rows = timeseriesWindows(series, given)
    expect(rows.count).toBe(x.shape[0])
    const all: { x: ShapedArray; y?: ShapedArray }[] = []
    for await (const batch of rows.batch(3)) all.push((targets ? batch : { x: batch }) as never)
    expect(all.flatMap((batch) => [...batch.x.values])).toEqual([...floats(x)])
    expect(all[0]!.x.shape).toEqual([Math.min(3, x.shape[0]!), ...x.shape.slice(1)])
    if (y) expect(all.flatMap((batch) => [...batch.y!.values])).toEqual([...floats(y)])
  })
})

test('lists, tensors and typed arrays are series; rows are shuffled and cut like any other, and nothing is made ahead', async () => {
  const windows = timeseriesWindows([1, 2, 3, 4], { length: 3 })
  expect((await windows.toArray()).map(({ values, shape }) => [[...values], shape])).toEqual([
    [[1, 2, 3], [3]],
    [[2, 3, 4], [3]],
  ])
  const pairs = timeseriesWindows(tensor([[1], [2], [3]], [3, 1], 'float64'), { length: 2, targets: [10, 20, 30] })
  expect(await pairs.toArray()).toEqual([
    { x: { values: Float64Array.of(1, 2), shape: [2, 1] }, y: 10 },
    { x: { values: Float64Array.of(2, 3), shape: [2, 1] }, y: 20 },
  ])
  // All windows would be 40 GB.
  const long = timeseriesWindows(new Float32Array(1_000_000), { length: 10_000 })
  expect(long.count).toBe(990_001)
  const { train } = await long.split(0.5, { seed: 1 })
  const first = await train.shuffle({ seed: 2 }).batch(2)[Symbol.asyncIterator]().next()
  expect((first.value as ShapedArray).shape).toEqual([2, 10_000])
})

test('windows of texts have the next token beside each, and stay inside of their text', async () => {
  const encode = (text: string): number[] => Array.from(text, (sign) => sign.charCodeAt(0) - 96)
  const rows = await textWindows(['abcde', 'xy', 'fghi'], { length: 2, encode }).toArray()
  expect(rows.map(({ x, y }) => [[...x.values], [...y.values]])).toEqual([
    [
      [1, 2],
      [2, 3],
    ],
    [
      [3, 4],
      [4, 5],
    ],
    [
      [6, 7],
      [7, 8],
    ],
  ])
  const overlapping = textWindows(Int32Array.of(5, 6, 7, 8), { length: 2, stride: 1 })
  expect((await overlapping.toArray()).map(({ y }) => [...y.values])).toEqual([
    [6, 7],
    [7, 8],
  ])
})

test('refuses what has no window, with what there is', () => {
  const series = new Float32Array(10)
  expect(caught(() => timeseriesWindows(series, { length: 11 }))).toMatchObject({ code: 'ERR_CONFIG' })
  expect(() => timeseriesWindows(series, { length: 4, samplingRate: 4 })).toThrow(
    'timeseriesWindows.length: expected windows within 10 steps, got a span of 13',
  )
  expect(() => timeseriesWindows(series, { length: 0 })).toThrow(
    'timeseriesWindows.length: expected an integer ≥ 1, got 0',
  )
  expect(() => timeseriesWindows(series, {} as never)).toThrow('timeseriesWindows.length: is required')
  expect(() => timeseriesWindows(series, { length: 2, tragets: series } as never)).toThrow("Did you mean 'targets'?")
  expect(() => textWindows([[1, 2]], null as never)).toThrow('textWindows: expected an options object, got null')
  const many = Array.from({ length: 300_000 }, () => [1])
  expect(() => textWindows(many, { length: 2 })).toThrow('less than the longest text, 1 tokens')
  expect(() => timeseriesWindows(series, { length: 2, endIndex: 12 })).toThrow('a part of the 10 steps')
  expect(() => timeseriesWindows(series, { length: 2, sampling: 2 } as never)).toThrow('sampling')
  expect(() => timeseriesWindows(series, { length: 2, targets: new Float32Array(0) })).toThrow('timeseriesWindows')
  expect(() => timeseriesWindows(5 as never, { length: 2 })).toThrow('timeseriesWindows series')
  expect(() => textWindows('abc', { length: 2 })).toThrow('textWindows.encode: expected a function')
  expect(() => textWindows([[1, 2.5]], { length: 1 })).toThrow(
    'textWindows texts[0][1]: expected a whole number, got 2.5',
  )
  expect(() => textWindows([[1, 2]], { length: 2 })).toThrow('less than the longest text, 2 tokens')
})
