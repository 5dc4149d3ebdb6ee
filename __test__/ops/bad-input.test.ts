/** What ops refuse: at the line that draws them, by a code, naming the op and the shapes that the caller passed. */
import { type FerrogradError, ops, random, tensor, variable } from 'ferrograd'
import { describe, expect, test } from 'vitest'
import { caught } from '../caught.js'

type Row = readonly [what: string, code: string, words: string, call: () => unknown]

/** For calls that TypeScript refuses too. */
const any = ops as unknown as Record<string, (...args: unknown[]) => unknown>
const [a, v2, v3] = [
  tensor([
    [1, 2],
    [3, 4],
  ]),
  tensor([1, 2]),
  tensor([1, 2, 3]),
]

const shapes: Row[] = [
  ['a row by a longer column', 'ERR_SHAPE', 'matmul: inner sizes 2 and 3 differ, got [2] and [3]', () => v2.matmul(v3)],
  ['a matrix by a vector', 'ERR_SHAPE', 'matmul: inner sizes 2 and 3 differ, got [2, 2] and [3]', () => a.matmul(v3)],
  ['a vector by a matrix', 'ERR_SHAPE', 'matmul: inner sizes 3 and 2 differ, got [3] and [2, 2]', () => v3.matmul(a)],
  [
    'a vector by a transposed matrix',
    'ERR_SHAPE',
    'matmul: inner sizes 3 and 2 differ, got [3] and [2, 2]',
    () => v3.matmul(a, { transposeB: true }),
  ],
  ['a product with a number', 'ERR_SHAPE', 'matmul: expected at least one axis each', () => ops.matmul(a, 2)],
  ['dot', 'ERR_SHAPE', 'dot: inner sizes 4 and 3 differ, got [2, 4] and [3]', () => ops.dot(ops.ones([2, 4]), v3)],
  [
    'tensordot',
    'ERR_SHAPE',
    'tensordot: inner sizes 3 and 4 differ, got [2, 3] and [4, 3]',
    () => ops.tensordot(ops.ones([2, 3]), ops.ones([4, 3]), { axes: 1 }),
  ],
  ['tensordot over too many', 'ERR_SHAPE', 'tensordot axes: expected 0 to 1', () => ops.tensordot(v2, a, { axes: 2 })],
  [
    'einsum',
    'ERR_SHAPE',
    `einsum: expected one length for 'j', got 3 in [2, 3] and 4 in [4, 3]`,
    () => ops.einsum('ij,jk->ik', ops.ones([2, 3]), ops.ones([4, 3])),
  ],
  ['einsum, letters', 'ERR_SHAPE', 'einsum: expected distinct letters for the 2 axes', () => ops.einsum('i->i', a)],
  ['einsum, result', 'ERR_CONFIG', 'einsum result: expected each letter once', () => ops.einsum('ij->iz', a)],
  ['broadcasting', 'ERR_SHAPE', 'add: shapes [2, 2] and [3] do not broadcast', () => a.add(v3)],
  ['plain arrays', 'ERR_SHAPE', 'add: shapes [1, 2] and [3] do not broadcast', () => ops.add([[1, 2]], [1, 2, 3])],
  ['a choice', 'ERR_SHAPE', 'where: shapes [2] and [3] do not broadcast', () => ops.where(true, v2, v3)],
  ['stacking', 'ERR_SHAPE', 'stack: expected tensors of one shape, got [2] and [3]', () => ops.stack([v2, v3])],
  ['stacking nothing', 'ERR_SHAPE', 'stack: expected at least one tensor', () => ops.stack([])],
  ['stacking what is no tensor', 'ERR_DATA', 'stack, tensors[1]: expected', () => any.stack!([v2, 'two'])],
  [
    'joining what is not there',
    'ERR_DATA',
    'concatenate, tensors[0]: expected',
    () => any.concatenate!([undefined, v2]),
  ],
  ['einsum of a word', 'ERR_DATA', 'einsum, argument 3: expected', () => any.einsum!('i,i->', v2, {})],
  ['stacking one tensor', 'ERR_DATA', 'stack: expected a list of tensors', () => any.stack!(v2)],
  ['splitting backwards', 'ERR_SHAPE', 'rising indices from 0 to 3, got [2, 1]', () => ops.split(v3, [2, 1])],
  ['splitting past the end', 'ERR_SHAPE', 'rising indices from 0 to 3, got [2, 5]', () => ops.split(v3, [2, 5])],
  ['a slice without a beginning', 'ERR_CONFIG', 'slice begin: is required', () => any.slice!(a, {})],
  ['a slice of too few axes', 'ERR_SHAPE', 'slice begin: expected 2 integers', () => a.slice([0])],
  ['a slice that stands still', 'ERR_CONFIG', 'slice step', () => a.slice([0, 0], { step: [0, 1] })],
  [
    'padding',
    'ERR_SHAPE',
    'pad widths: expected 2 pairs of integers >= 0',
    () =>
      ops.pad(a, [
        [-1, 1],
        [0, 0],
      ]),
  ],
  ['half a repetition', 'ERR_SHAPE', 'repeat times', () => ops.repeat(a, 1.5)],
  ['half a tile', 'ERR_SHAPE', 'tile repeats', () => ops.tile(a, [1.5, 1])],
  ['no shape', 'ERR_SHAPE', 'reshape shape: expected an array of lengths, got 3', () => any.reshape!(v3, 3)],
  [
    'a length that is text',
    'ERR_SHAPE',
    "reshape shape: expected integers, of which one may be -1, got ['3']",
    () => any.reshape!(v3, ['3']),
  ],
  ['a text everywhere', 'ERR_CONFIG', "full value: expected a number, got 'x'", () => any.full!([2], 'x')],
  ['the x largest', 'ERR_CONFIG', "topK k: expected an integer, got 'x'", () => any.topK!(v3, 'x')],
  ['no shape of zeros', 'ERR_SHAPE', 'shape: expected an array of lengths, got 3', () => any.zeros!(3)],
  ['an axis twice', 'ERR_SHAPE', 'sum axis: expected each axis once, got [0, -2]', () => a.sum({ axis: [0, -2] })],
]

const options: Row[] = [
  ['an axis without a name', 'ERR_CONFIG', 'sum: expected an options object, got 0', () => any.sum!(a, 0)],
  [
    'a misspelt option',
    'ERR_CONFIG',
    `sum: unknown option 'axes'. Did you mean 'axis'?`,
    () => any.sum!(a, { axes: 0 }),
  ],
  ['another library’s option', 'ERR_CONFIG', `'transposeB'`, () => any.matmul!(a, a, { transpose_b: true })],
  [
    'a word for truth',
    'ERR_CONFIG',
    `sum keepdims: expected true or false, got 'no'`,
    () => any.sum!(a, { keepdims: 'no' }),
  ],
  [
    'a choice there is not',
    'ERR_CONFIG',
    `one of 'left', 'right'`,
    () => any.searchSorted!(v2, v2, { side: 'middle' }),
  ],
  [
    'an option of another op',
    'ERR_CONFIG',
    `concatenate: unknown option 'keepdims'. Known: axis`,
    () => any.concatenate!([a, a], { keepdims: true }),
  ],
  [
    'a picture’s option in snake case',
    'ERR_CONFIG',
    `image.resize: unknown option 'data_format'. Did you mean 'dataFormat'?`,
    () => ops.image.resize(ops.ones([1, 2, 2, 1]), [1, 1], { data_format: 'channels_last' } as never),
  ],
  [
    'a format there is not',
    'ERR_CONFIG',
    'image.rgbToHsv dataFormat: expected one of',
    () => ops.image.rgbToHsv(ops.ones([1, 2, 2, 3]), { dataFormat: 'last' as never }),
  ],
  [
    'a misspelt option of a draw',
    'ERR_CONFIG',
    `random.uniform: unknown option 'minVal'. Did you mean 'minval'?`,
    () => random.uniform([2], { minVal: 1 } as never),
  ],
  [
    'half a width',
    'ERR_CONFIG',
    'ctcDecode beamWidth',
    () => ops.ctcDecode(ops.ones([1, 2, 3]), [2], { beamWidth: 0.5 }),
  ],
  ['no such type', 'ERR_DTYPE', `'float32', 'float64', 'int32' or 'bool', got 'int64'`, () => any.cast!(a, 'int64')],
]

const indices: Row[] = ['take', 'gather', 'takeAlongAxis'].flatMap((name): Row[] => [
  [`${name}: floats`, 'ERR_DTYPE', `${name} indices: expected int32, got float32`, () => any[name]!(v3, v2)],
  [`${name}: a float array`, 'ERR_DTYPE', `${name} indices`, () => any[name]!(v3, Float32Array.of(0, 1))],
  [`${name}: truth values`, 'ERR_DTYPE', 'got bool. Choose', () => any[name]!(v3, tensor([true]))],
  [`${name}: broken numbers`, 'ERR_DATA', `${name} indices[1]: expected an integer`, () => any[name]!(v3, [0, 1.5])],
  [`${name}: NaN`, 'ERR_DATA', `${name} indices[0]`, () => any[name]!(v3, [Number.NaN])],
])

const scans: Row[] = [
  ['scan without a step', 'ERR_CONFIG', 'scan step: expected a function', () => any.scan!(1, tensor(0), v3)],
  ['one-hot of broken numbers', 'ERR_DATA', 'oneHot indices[0]: expected an integer', () => ops.oneHot([1.5], 3)],
  ['a negative depth', 'ERR_CONFIG', 'oneHot depth', () => ops.oneHot([1], -1)],
]

describe.each([
  ['shapes', shapes],
  ['options', options],
  ['indices', indices],
  ['the rest', scans],
])('%s', (_, rows) => {
  test.each(rows)('%s', (_, code, words, call) => {
    const error = caught(call)
    expect(error).toMatchObject({ name: 'FerrogradError', code })
    expect((error as FerrogradError).message).toContain(words)
    // The line that drew it is in the trace.
    expect((error as Error).stack).toContain('bad-input.test.ts')
  })
})

test('indices may be plain whole numbers, and class numbers may be floats, as in Keras', () => {
  expect(v3.gather([2, 0]).arraySync()).toEqual([3, 1])
  expect(ops.takeAlongAxis(v3, [2, 0]).arraySync()).toEqual([3, 1])
  expect(ops.oneHot(tensor([1, 0]), 2).arraySync()).toEqual([
    [0, 1],
    [1, 0],
  ])
  const losses = ops.sparseSoftmaxCrossEntropy(a, variable([1, 0])).arraySync()
  expect(losses).toEqual(ops.sparseSoftmaxCrossEntropy(a, [1, 0]).arraySync())
})

test('options that are null or undefined count as not given, as Keras’s None does', () => {
  expect(ops.sum(a, { axis: null, keepdims: undefined }).arraySync()).toBe(10)
  expect(ops.argmax(a, { axis: null }).arraySync()).toBe(3)
  expect(ops.concatenate([v2, v3], { axis: undefined }).shape).toEqual([5])
  expect(ops.image.rgbToGrayscale(ops.ones([1, 3, 2, 4]), { dataFormat: 'channels_first' }).shape).toEqual([1, 1, 2, 4])
})

test('einsum of one, two and three tensors is what loops give', () => {
  const [x, y, z] = [
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    [
      [1, -1],
      [2, 0],
      [0.5, 3],
    ],
    [2, -1],
  ] as const
  const expected = x.map((row) =>
    row.reduce<number>(
      (sum, value, j) => sum + y[j]!.reduce<number>((inner, other, k) => inner + value * other * z[k]!, 0),
      0,
    ),
  )
  expect(ops.einsum('ij,jk,k->i', x, y, z).arraySync()).toEqual(expected)
  expect(ops.einsum('ij,jk->ki', x, y).arraySync()).toEqual(ops.matmul(x, y).transpose().arraySync())
  expect(ops.einsum('ij->j', x).arraySync()).toEqual([5, 7, 9])
  expect(ops.einsum('i,j->ij', z, [1, 2]).arraySync()).toEqual([
    [2, 4],
    [-1, -2],
  ])
})
