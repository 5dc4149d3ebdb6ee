/** Layers that learn from data before training. */

import { tensor } from 'ferrograd'
import { describe, expect, it } from 'vitest'
import { Dataset } from '../../ts/data/index.js'
import { Discretization, getLayer, IntegerLookup, Normalization, StringLookup } from '../../ts/layers/index.js'

describe('Discretization', () => {
  it('what was learnt is in the configuration', () => {
    const layer = new Discretization({ numBins: 2 })
    layer.adapt([1, 2, 3, 4])
    const copy = getLayer({ class_name: 'Discretization', config: layer.getConfig() })
    expect(copy.apply([0, 9]).arraySync()).toEqual([0, 1])
  })

  it('a boundary belongs to the bin above', () => {
    const layer = new Discretization({ binBoundaries: [0, 1, 2] })
    expect(layer.apply([-1, 0, 0.5, 1, 2, 9]).arraySync()).toEqual([0, 1, 1, 2, 3, 3])
  })

  it('says what is missing', () => {
    expect(() => new Discretization({ numBins: 3 }).apply([1])).toThrow('call adapt first')
    expect(() => new Discretization({})).toThrow('binBoundaries or numBins')
    expect(() => new Discretization({ binBoundaries: [1] }).adapt([1])).toThrow('were given')
  })
})

describe('Normalization', () => {
  it('adapts: each feature gets mean 0 and variance 1', () => {
    const layer = new Normalization()
    layer.adapt([
      [1, 10],
      [3, 30],
    ])
    expect(layer.apply([[1, 30]]).arraySync()).toEqual([[-1, 1]])
    const shaped = new Normalization()
    shaped.adapt({ values: Float32Array.of(1, 10, 3, 30), shape: [2, 2] })
    expect(shaped.apply([[1, 30]]).arraySync()).toEqual([[-1, 1]])
  })

  it('adapts to a stream in one pass: the moments of all of it, however it is cut', async () => {
    const width = 3
    const values = Float64Array.from({ length: 1000 * width }, (_, i) => 1e4 + Math.sin(i * i) * (1 + (i % width)))
    const whole = new Normalization({ dtype: 'float64' })
    whole.adapt({ values, shape: [1000, width] })
    const rows = Dataset.fromColumns({ x: { values, shape: [1000, width] } })
    for (const size of [1, 7, 400, 1000]) {
      const layer = new Normalization({ dtype: 'float64' })
      await layer.adapt(rows.batch(size).map(({ x }) => x))
      for (const name of ['mean', 'variance'] as const) {
        const [own, wanted] = [layer, whole].map(({ adapted }) => adapted![name].read().dataSync())
        own!.forEach((value, i) => void expect(Math.abs(value / wanted![i]! - 1)).toBeLessThan(1e-10))
      }
    }
    await expect(new Normalization().adapt(Dataset.from<number[][]>([]))).rejects.toThrow(
      'Normalization.adapt: expected at least one array, got none',
    )
    await expect(new Normalization().adapt(Dataset.from([[[1, 2]], [[1, 2, 3]]]))).rejects.toThrow(
      'Normalization.adapt: expected lengths [2]',
    )
  })

  it('a constant feature does not divide by zero', () => {
    const layer = new Normalization()
    layer.adapt([[5], [5]])
    expect(layer.apply([[5]]).arraySync()).toEqual([[0]])
  })

  it('refuses data of another width once it is built', () => {
    const layer = new Normalization()
    layer.adapt([[1, 2]])
    expect(() => layer.adapt([[1, 2, 3]])).toThrow('Normalization.adapt: expected lengths [2]')
  })
})

describe('StringLookup', () => {
  const words = ['red', 'green', 'blue']

  it('the unknown is 0, the vocabulary follows in order', () => {
    expect(
      new StringLookup({ vocabulary: words })
        .lookUp([
          ['green', 'pink'],
          ['red', 'blue'],
        ])
        .arraySync(),
    ).toEqual([
      [2, 0],
      [1, 3],
    ])
  })

  it('with a mask, the mask is 0 and the unknown 1', () => {
    const layer = new StringLookup({ vocabulary: words, maskToken: '' })
    expect(layer.lookUp(['', 'pink', 'red']).arraySync()).toEqual([0, 1, 2])
    expect(layer.getVocabulary()).toEqual(['', '[UNK]', ...words])
  })

  it('encodings leave the mask out', () => {
    const layer = new StringLookup({ vocabulary: words, maskToken: '', outputMode: 'multiHot' })
    expect(
      layer
        .lookUp([
          ['red', '', 'red'],
          ['pink', 'blue', ''],
        ])
        .arraySync(),
    ).toEqual([
      [0, 1, 0, 0],
      [1, 0, 0, 1],
    ])
    const counts = new StringLookup({ vocabulary: words, outputMode: 'count' })
    expect(counts.lookUp([['red', 'red', 'pink']]).arraySync()).toEqual([[1, 2, 0, 0]])
  })

  it('learns the vocabulary: the most frequent first, of equals the later in order', () => {
    const layer = new StringLookup({ maxTokens: 4 })
    layer.adapt([
      ['b', 'a', 'c'],
      ['b', 'd', '[UNK]'],
    ])
    expect(layer.getVocabulary()).toEqual(['[UNK]', 'b', 'd', 'c'])
  })

  it('turns numbers back into words', () => {
    expect(new StringLookup({ vocabulary: words, invert: true }).words([3, 0, 9])).toEqual(['blue', '[UNK]', '[UNK]'])
  })

  it('refuses what it cannot do, with the reason', () => {
    expect(() => new StringLookup({ vocabulary: ['a', 'a'] })).toThrow("each token once, got 'a'")
    expect(() => new StringLookup({ vocabulary: words, numOovIndices: 0 }).lookUp(['pink'])).toThrow("got 'pink'")
    expect(() => new StringLookup({ vocabulary: words, maxTokens: 3 })).toThrow('at most 2 entries')
    expect(() => new StringLookup({}).lookUp(['a'])).toThrow('call adapt first')
    expect(() => new StringLookup({ vocabulary: words }).apply([1])).toThrow('call lookUp(words)')
    expect(() => new StringLookup({ vocabulary: words }).lookUp([['a'], ['b', 'c']])).toThrow('The array is ragged')
  })
})

describe('IntegerLookup', () => {
  const ids = [12, 36, 1138, 42]

  it('as in Keras: the unknown is 0, the vocabulary follows', () => {
    const layer = new IntegerLookup({ vocabulary: ids })
    expect(layer.apply(tensor([12, 1138, 42, 42, 1000, 36], [2, 3], 'int32')).arraySync()).toEqual([
      [1, 3, 4],
      [4, 0, 2],
    ])
  })

  it('several numbers for the unknown: id modulo their count', () => {
    const layer = new IntegerLookup({ vocabulary: ids, numOovIndices: 2, maskToken: 0 })
    expect(layer.apply(tensor([0, 7, 8, 12], [4], 'int32')).arraySync()).toEqual([0, 2, 1, 3])
  })

  it('encodes', () => {
    const layer = new IntegerLookup({ vocabulary: ids, outputMode: 'oneHot' })
    expect(layer.apply(tensor([36, 5], [2], 'int32')).arraySync()).toEqual([
      [0, 0, 1, 0, 0],
      [1, 0, 0, 0, 0],
    ])
  })

  it('turns numbers back into ids', () => {
    const layer = new IntegerLookup({ vocabulary: ids, invert: true })
    expect(layer.apply(tensor([1, 0, 4, 9], [4], 'int32')).arraySync()).toEqual([12, -1, 42, -1])
  })

  it('keeps what it learnt in its configuration', () => {
    const layer = new IntegerLookup()
    layer.adapt([[7, 7, 3]])
    expect(layer.getConfig().vocabulary).toEqual([7, 3])
  })
})
