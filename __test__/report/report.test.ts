import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { FerrogradError, report, tensor } from 'ferrograd'
import { kFold, padSequences, toCategorical } from 'ferrograd/data'
import { describe, expect, test } from 'vitest'

const url = new URL('../fixtures/reports.json', import.meta.url)
const { classes, curves } = JSON.parse(readFileSync(url, 'utf8'))
const near = (values: readonly number[], wanted: readonly number[]): void => {
  expect(values).toHaveLength(wanted.length)
  values.forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i]!, 12)
  })
}

describe('reports are those of scikit-learn', () => {
  test('the confusion matrix, of numbers, text, one-hot rows and tensors', () => {
    const { actual, predicted, matrix } = classes
    expect(report.confusionMatrix(actual, predicted).matrix).toEqual(matrix)
    expect(report.confusionMatrix(tensor(actual), toCategorical(predicted)).matrix).toEqual(matrix)
    const text = (labels: number[]): string[] => labels.map((label) => `c${label}`)
    expect(report.confusionMatrix(text(actual), text(predicted)).matrix).toEqual(matrix)
    expect(report.confusionMatrix([0, 1, 1], [0.2, 0.5, 0.7]).matrix).toEqual([
      [1, 0],
      [1, 1],
    ])
    const small = report.confusionMatrix(['no', 'yes', 'yes'], ['no', 'no', 'yes'])
    expect(inspect(small)).toBe('true \\ predicted  no  yes\nno                 1    0\nyes                1    1')
  })

  test('precision, recall, F1 and support', () => {
    const found = report.classification(classes.actual, classes.predicted)
    const flat = (scores: Record<string, number>): number[] => Object.values(scores)
    near(
      Object.values(found.classes).flatMap((scores) => flat({ ...scores })),
      classes.classes.flatMap(flat),
    )
    near(flat({ ...found.macro }), flat(classes.macro))
    near(flat({ ...found.weighted }), flat(classes.weighted))
    expect(found.accuracy).toBeCloseTo(classes.accuracy, 12)
    expect(String(found)).toMatch(/^ +precision +recall +f1 +support\n0 +1\.000/)
  })

  test('classes that occur nowhere count for no mean, unless they are named', () => {
    const found = report.classification([1, 5, 5, 5], [1, 5, 1, 5])
    expect(Object.keys(found.classes)).toEqual(['1', '5'])
    // scikit-learn's macro average: precision (1/2 + 1) / 2, recall (1 + 2/3) / 2.
    expect([found.macro.precision, found.macro.support]).toEqual([0.75, 4])
    expect(found.macro.recall).toBeCloseTo(5 / 6, 12)
    const named = report.classification([0, 2], [0, 2], { labels: ['a', 'b', 'c'] })
    expect(named.classes.b).toEqual({ precision: 0, recall: 0, f1: 0, support: 0 })
    expect(named.macro.precision).toBeCloseTo(2 / 3, 12)
  })

  test('text beside what a model predicts wants the names of the classes', () => {
    const scores = [
      [0.2, 0.8],
      [0.7, 0.3],
    ]
    const { matrix } = report.confusionMatrix(['dog', 'dog'], scores, { labels: ['cat', 'dog'] })
    expect(matrix).toEqual([
      [0, 0],
      [1, 1],
    ])
    expect(() => report.confusionMatrix(['dog', 'cat'], scores)).toThrow(
      'report.confusionMatrix.labels: expected the names of the classes, where text meets numbers, got undefined',
    )
    expect(() => report.confusionMatrix(['dog', 'cat'], scores, { labels: ['dog'] })).toThrow(
      /got 'cat'|2 names or more, got 1/,
    )
  })

  test('the curves, with ties', () => {
    const roc = report.rocCurve(curves.actual, curves.score)
    near(roc.falsePositiveRate, curves.roc.false)
    near(roc.truePositiveRate, curves.roc.true)
    near(roc.thresholds.slice(1), curves.roc.thresholds)
    expect(roc.area).toBeCloseTo(curves.area, 12)
    const { precision, recall, thresholds, averagePrecision } = report.precisionRecallCurve(curves.actual, curves.score)
    near(precision, curves.precision)
    near(recall, curves.recall)
    near(thresholds, curves.levels)
    expect(averagePrecision).toBeCloseTo(curves.averagePrecision, 12)
  })

  test.each([
    [() => report.confusionMatrix([0, 1], [0]), /yPred: expected 2 samples, as yTrue has, got 1/],
    [() => report.confusionMatrix([0, 2], [0, 1], { labels: ['a', 'b'] }), /3 names, one for each class, got 2/],
    [
      () => report.confusionMatrix([0], [0], { label: ['a'] } as never),
      /unknown option 'label'\. Did you mean 'labels'/,
    ],
    [() => report.classification([0], [0], { labels: 'a' as never }), /labels: expected a list of strings, got 'a'/],
    [() => report.confusionMatrix([0, -1], [0, 1]), /whole numbers ≥ 0, or probabilities/],
    [() => report.rocCurve([0, 2], [0, 1]), /yTrue\[1\]: expected 0 or 1, got 2/],
    [() => report.rocCurve([1, 1], [0, 1]), /samples of both classes/],
  ])('refuses %#', (run, message) => {
    expect(run).toThrow(message)
  })
})

describe('kFold', () => {
  test('every sample is tested once, folds differ by one at most', () => {
    for (const shuffle of [true, false]) {
      const folds = kFold(11, 3, { shuffle, seed: 4 })
      expect(folds.map(({ test }) => test.length)).toEqual([4, 4, 3])
      expect(folds.flatMap(({ test }) => [...test]).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 11 }, (_, i) => i),
      )
      for (const { train, test } of folds) expect(new Set([...train, ...test]).size).toBe(11)
    }
    expect([...kFold(6, 3, { shuffle: false })[1]!.test]).toEqual([2, 3])
    expect(kFold(50, 5, { seed: 1 })).not.toEqual(kFold(50, 5, { seed: 2 }))
  })

  test('stratified: each fold has its share of each label', () => {
    const labels = Array.from({ length: 40 }, (_, i) => (i < 30 ? 'a' : 'b'))
    for (const { test } of kFold(40, 5, { stratify: labels, seed: 3 }))
      expect([...test].filter((row) => labels[row] === 'b')).toHaveLength(2)
    expect(() => kFold(3, 4)).toThrow(/an integer in \[2, 3\]/)
    expect(() => kFold(3, 2, { stratify: [1] })).toThrow(/3 labels/)
    expect(() => kFold(3, 2, { stratify: 5 as never })).toThrow(
      /kFold\.stratify: expected a list of labels, one for each sample, got 5/,
    )
    expect(() => kFold(3, 2, { startify: [1, 2, 3] } as never)).toThrow(
      /unknown option 'startify'\. Did you mean 'stratify'/,
    )
    expect(() => kFold(3.5, 2)).toThrow(/kFold\.rows: expected an integer ≥ 2, got 3\.5/)
  })
})

test('padSequences and toCategorical are those of Keras', () => {
  const lists = [[1], [2, 3], [4, 5, 6, 7]]
  expect(padSequences(lists)).toEqual({ values: Int32Array.of(0, 0, 0, 1, 0, 0, 2, 3, 4, 5, 6, 7), shape: [3, 4] })
  const post = padSequences(lists, { maxLength: 3, padding: 'post', truncating: 'post', value: -1, dtype: 'float32' })
  expect(post).toEqual({ values: Float32Array.of(1, -1, -1, 2, 3, -1, 4, 5, 6), shape: [3, 3] })
  expect(toCategorical([0, 2], 4)).toEqual({ values: Float32Array.of(1, 0, 0, 0, 0, 0, 1, 0), shape: [2, 4] })
  expect(() => toCategorical([0, 2], 2)).toThrow(/labels\[1\]: expected a whole number in \[0, 2\), got 2/)
  expect(padSequences([])).toEqual({ values: new Int32Array(0), shape: [0, 0] })
  expect(padSequences([Uint8Array.of(7), [8, 9]])).toEqual({
    values: Int32Array.of(0, 7, 8, 9),
    shape: [2, 2],
  })
})

test.each([
  [() => padSequences(null as never), /^padSequences\.sequences: expected a list of lists of numbers, got null/],
  [() => padSequences([5] as never), /sequences\[0\]: expected a list of numbers, got 5/],
  [() => padSequences([[1], 'ab'] as never), /sequences\[1\]: expected a list of numbers, got 'ab'/],
  [() => padSequences([[1], [2, 1.5]]), /sequences\[1\]\[1\]: expected a whole number within 32 bits, got 1\.5/],
  [() => padSequences([[Number.NaN]]), /sequences\[0\]\[0\]: expected a whole number within 32 bits, got NaN/],
  [() => padSequences([['a']] as never), /sequences\[0\]\[0\]: expected a whole number within 32 bits, got 'a'/],
  [() => padSequences([['7']] as never, { dtype: 'float32' }), /expected a finite number of float32, got '7'/],
  [() => padSequences([[null]] as never, { dtype: 'float32' }), /expected a finite number of float32, got null/],
  [() => padSequences([[1e39]], { dtype: 'float32' }), /expected a finite number of float32, got 1e\+39/],
  [() => padSequences([[2 ** 40]]), /sequences\[0\]\[0\]: expected a whole number within 32 bits, got 1099511627776/],
  [() => padSequences([[1]], { value: 0.5 }), /padSequences\.value: expected a whole number within 32 bits, got 0\.5/],
  [() => toCategorical(null as never), /^toCategorical\.labels: expected a list of whole numbers, got null/],
  [() => toCategorical([0, 1.5]), /labels\[1\]: expected a whole number in \[0, 2147483648\), got 1\.5/],
  [() => toCategorical([Number.NaN]), /labels\[0\]: expected a whole number in .*, got NaN/],
  [() => toCategorical(['1'] as never), /labels\[0\]: expected a whole number in .*, got '1'/],
  [() => toCategorical([2 ** 40]), /labels\[0\]: expected a whole number in .*, got 1099511627776/],
  [() => toCategorical([-1], 3), /labels\[0\]: expected a whole number in \[0, 3\), got -1/],
  [() => toCategorical([0], 2 ** 50), /^toCategorical: no memory for 1125899906842624 numbers/],
])('what cannot be padded or made categorical is refused: %#', (made, message) => {
  expect(made).toThrow(FerrogradError)
  expect(made).toThrow(message)
})
