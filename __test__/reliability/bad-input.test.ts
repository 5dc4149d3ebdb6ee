/**
 * The catalogue of what a caller may get wrong, in one table: every row is refused with its code, in words that help,
 * the weights are as before, bit for bit, and the next training works.
 */
import { config, type FerrogradError, input, Model, Sequential, tensor, variable } from 'ferrograd'
import { Dense, Dropout, Flatten, Reshape } from 'ferrograd/layers'
import { Adam, SGD } from 'ferrograd/optimizers'
import { describe, expect, test } from 'vitest'
import { classifier, points } from '../training/models.js'

/** What a row works with; made anew for each. */
interface Kit {
  /** 2-4-1, sigmoid and binary cross-entropy. */
  readonly model: Sequential
  /** 2-3, softmax and sparse categorical cross-entropy. */
  readonly sparse: Sequential
  /** 2-3, softmax and categorical cross-entropy. */
  readonly oneHot: Sequential
}

type Row = readonly [what: string, code: string, words: RegExp, call: (kit: Kit) => unknown]

const rows = 12
const { x, y } = points(rows)
const quiet = { verbose: 0 } as const
const labels = Int32Array.from({ length: rows }, (_, i) => i % 3)
const hot = {
  values: Float32Array.from({ length: 3 * rows }, (_, i) => Number(i % 3 === labels[(i / 3) | 0])),
  shape: [rows, 3],
}

const set = <T extends Float32Array | Int32Array>(data: T, index: number, value: number): T => {
  const copy = data.slice() as T
  copy[index] = value
  return copy
}
const withX = (index: number, value: number): object => ({ ...x, values: set(x.values, index, value) })
const shaped = (shape: number[], fill = 0.5): object => {
  const size = shape.reduce((product, length) => product * length, 1)
  return { values: new Float32Array(size).fill(fill), shape }
}
/** A fit of whatever. */
const train = (model: Sequential, data: unknown, targets?: unknown, options?: object): Promise<unknown> =>
  Promise.resolve(model.fit(data as never, targets as never, { ...quiet, ...options } as never))
const ofX =
  (data: unknown, targets: unknown = y): Row[3] =>
  ({ model }) =>
    train(model, data, targets)
const ofY =
  (targets: unknown, data: unknown = x): Row[3] =>
  ({ model }) =>
    train(model, data, targets)
const ofLabels =
  (targets: unknown): Row[3] =>
  ({ sparse }) =>
    train(sparse, x, targets)
const ofHot =
  (targets: unknown): Row[3] =>
  ({ oneHot }) =>
    train(oneHot, x, targets)
const ofOptions =
  (options: object): Row[3] =>
  ({ model }) =>
    train(model, x, y, options)
const ofStream =
  (...batches: unknown[]): Row[3] =>
  ({ model }) =>
    train(model, () => batches.values(), undefined)
/** A layer's options. */
const dense =
  (options: unknown): Row[3] =>
  () =>
    new Dense(options as never)

/** Nested arrays of the points. */
const nested = Array.from({ length: rows }, (_, i) => [x.values[2 * i]!, x.values[2 * i + 1]!])
const replaced = (index: number, row: unknown): unknown[] => nested.map((old, i) => (i === index ? row : old))
const detached = (): Float32Array => {
  const array = new Float32Array(2 * rows)
  structuredClone(array.buffer, { transfer: [array.buffer] })
  return array
}
const throwing = (): unknown[] =>
  Object.defineProperty([...nested], 3, {
    get() {
      throw new RangeError('the getter')
    },
  })
const holes = (): unknown[] => {
  const list: unknown[] = [...nested]
  delete list[3]
  return list
}
function argumentsOf(..._: unknown[]): unknown {
  // biome-ignore lint/complexity/noArguments: it is what is tested
  return arguments
}
const good = [x, y]

const shapes: Row[] = [
  ['too narrow', 'ERR_SHAPE', /fit\.x: expected \[samples, 2\], got \[12, 1\]/, ofX(shaped([rows, 1]))],
  ['too wide', 'ERR_SHAPE', /fit\.x: expected \[samples, 2\], got \[12, 3\]/, ofX(shaped([rows, 3]))],
  ['rank 1', 'ERR_SHAPE', /fit\.x: expected \[samples, 2\], got \[24\]/, ofX(x.values)],
  ['rank 3', 'ERR_SHAPE', /fit\.x.*got \[12, 2, 1\]/, ofX(shaped([rows, 2, 1]))],
  ['one number', 'ERR_DATA', /fit\.x/, ofX(7)],
  ['one sample unwrapped', 'ERR_SHAPE', /fit\.x.*wrap it/, ofX([1, 2], [1])],
  ['fewer targets', 'ERR_SHAPE', /fit\.y: expected 12 samples, as x has, got 11/, ofY(y.subarray(1))],
  ['more targets', 'ERR_SHAPE', /fit\.y: expected 12 samples.*got 13/, ofY(new Float32Array(13))],
  ['[n] targets of three classes', 'ERR_SHAPE', /fit\.y/, ofHot(labels)],
  ['[n, 2] for [n, 1]', 'ERR_SHAPE', /fit\.y.*\[12, 2\]/, ofY(shaped([rows, 2]))],
  ['[n, 1, 2] for [n, 1]', 'ERR_SHAPE', /fit\.y.*\[12, 1, 2\]/, ofY(shaped([rows, 1, 2]))],
  ['one-hot rows for labels', 'ERR_SHAPE', /fit\.y/, ofLabels(hot)],
  ['one-hot rows too narrow', 'ERR_SHAPE', /fit\.y.*\[12, 2\]/, ofHot(shaped([rows, 2]))],
  ['one-hot rows too wide', 'ERR_SHAPE', /fit\.y.*\[12, 4\]/, ofHot(shaped([rows, 4]))],
  ['x undefined', 'ERR_DATA', /fit\.x: expected data, got undefined/, ofX(undefined)],
  ['x null', 'ERR_DATA', /fit\.x: expected data, got null/, ofX(null)],
  ['y undefined', 'ERR_DATA', /fit\.y: expected targets, got undefined/, ({ model }) => train(model, x)],
  ['y null', 'ERR_DATA', /fit\.y: expected targets, got null/, ofY(null)],
  ['ragged x', 'ERR_SHAPE', /fit\.x\[4\].*ragged/, ofX(replaced(4, [1]))],
  ['a number among rows', 'ERR_SHAPE', /fit\.x\[4\]: expected an array of 2/, ofX(replaced(4, 1))],
  [
    'a row among numbers',
    'ERR_SHAPE',
    /fit\.y\[1\].*ragged/,
    ofY(
      [0, [1], 0],
      [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
    ),
  ],
  ['no samples', 'ERR_DATA', /fit\.x: expected at least one sample/, ofX([], [])],
  [
    'no samples to predict',
    'ERR_DATA',
    /predict\.x: expected at least one sample/,
    ({ model }) => model.predict(shaped([0, 2]) as never),
  ],
  ['no features', 'ERR_SHAPE', /fit\.x/, ofX(shaped([rows, 0]))],
  [
    'a shape of other numbers',
    'ERR_SHAPE',
    /fit\.x: expected 26 numbers for shape \[13, 2\], got 24/,
    ofX({ ...x, shape: [13, 2] }),
  ],
  [
    'a shape with half a row',
    'ERR_SHAPE',
    /fit\.x\.shape: expected a list of lengths/,
    ofX({ ...x, shape: [1.5, 16] }),
  ],
  ['a negative shape', 'ERR_SHAPE', /fit\.x\.shape: expected a list of lengths/, ofX({ ...x, shape: [-12, -2] })],
  ['two inputs for one', 'ERR_DATA', /fit\.x/, ofX([x, x])],
  ['an unknown input', 'ERR_DATA', /fit\.x: expected names among .*got 'picture'/, ofX({ picture: x })],
  ['an unknown output', 'ERR_DATA', /fit\.y: expected names of outputs, got 'label'/, ofY({ label: y })],
  ['an array that contains itself', 'ERR_SHAPE', /fit\.x: expected at most 32 levels/, ofX(endless())],
  [
    'weights of another shape',
    'ERR_SHAPE',
    /\[2, 4\]/,
    ({ model }) => model.setWeights([[[1]], [0], [[1]], [0]] as never),
  ],
  ['too few weights', 'ERR_SHAPE', /4/, ({ model }) => model.setWeights([[[1]]] as never)],
]

function endless(): unknown[] {
  const list: unknown[] = []
  list.push(list)
  return list
}

const types: Row[] = [
  ['a string', 'ERR_DATA', /fit\.x.*got 'numbers'/, ofX('numbers')],
  ['strings', 'ERR_DATA', /fit\.x\[2\]\[1\]: expected a number, got '3'.*Convert text/, ofX(replaced(2, [1, '3']))],
  ['objects', 'ERR_DATA', /fit\.x\[2\]\[0\]: expected a number/, ofX(replaced(2, [{}, 1]))],
  ['null for a number', 'ERR_DATA', /fit\.x\[2\]\[0\]: expected a number, got null/, ofX(replaced(2, [null, 1]))],
  [
    'undefined for a number',
    'ERR_DATA',
    /fit\.x\[2\]\[0\]: expected a number, got undefined/,
    ofX(replaced(2, [undefined, 1])),
  ],
  ['a bigint', 'ERR_DATA', /fit\.x\[2\]\[0\]: expected a number/, ofX(replaced(2, [1n, 1]))],
  ['complex numbers', 'ERR_DATA', /fit\.x\[2\]\[0\]: expected a number/, ofX(replaced(2, [{ re: 1, im: 2 }, 1]))],
  [
    'an integer past 2^24',
    'ERR_DATA',
    /fit\.x sample 1, feature 1: expected integers up to 2\^24/,
    ofX({ ...x, values: set(Int32Array.from(x.values), 3, 2 ** 24 + 1) }),
  ],
  [
    'BigInt64Array',
    'ERR_DATA',
    /fit\.x.*BigInt64Array/,
    ofX({ values: new BigInt64Array(2 * rows), shape: [rows, 2] }),
  ],
  ['BigUint64Array targets', 'ERR_DATA', /fit\.y.*BigUint64Array/, ofY(new BigUint64Array(rows))],
  [
    'a double past float32',
    'ERR_DATA',
    /fit\.x sample 0, feature 1.*float32 can hold/,
    ofX({ values: Float64Array.from(x.values, (v, i) => (i === 1 ? 1e39 : v)), shape: x.shape }),
  ],
  ['holes', 'ERR_DATA', /fit\.x\[3\]: expected.*hole/, ofX(holes())],
  [
    'arguments, which are a stream, and y',
    'ERR_CONFIG',
    /fit\.y: expected nothing: a stream/,
    ofX(argumentsOf(...nested)),
  ],
  ['a DataView', 'ERR_DATA', /fit\.x.*DataView.*typed array/, ofX(new DataView(new ArrayBuffer(96)))],
  ['a Proxy', 'ERR_DATA', /fit\.x.*a Proxy/, ofX(new Proxy(nested, {}))],
  ['a Proxy of a row', 'ERR_DATA', /fit\.x\[1\]/, ofX(replaced(1, new Proxy([1, 2], {})))],
  ['a getter that throws', 'ERR_DATA', /fit\.x: reading it threw RangeError: the getter/, ofX(throwing())],
  [
    'a detached array',
    'ERR_DATA',
    /fit\.x\.values.*detached/,
    ({ model }) => train(model, { values: detached(), shape: [0, 2] }, y),
  ],
  ['a detached array alone', 'ERR_DATA', /fit\.y.*detached/, ({ model }) => train(model, x, detached())],
  ['a function', 'ERR_DATA', /fit: expected|fit\.x/, ({ model }) => train(model, () => 3)],
  ['a symbol', 'ERR_DATA', /fit\.x/, ofX(Symbol('x'))],
  ['a date', 'ERR_DATA', /fit\.x/, ofX(new Date())],
  ['tensor: a string', 'ERR_DATA', /tensor data/, () => tensor('1' as never)],
  ['tensor: an unknown dtype', 'ERR_DTYPE', /tensor dtype.*float16/, () => tensor([1], [1], 'float16' as never)],
  [
    'tensor: half an integer',
    'ERR_DATA',
    /tensor data\[1\]: expected an integer of 32 bits, got 1\.5/,
    () => tensor([1, 1.5], [2], 'int32'),
  ],
  ['tensor: a ragged array', 'ERR_SHAPE', /tensor data/, () => tensor([[1, 2], [3]])],
  ['tensor: a shape of other numbers', 'ERR_SHAPE', /tensor shape.*multiply to 2/, () => tensor([1, 2], [3])],
  [
    'variable: another shape',
    'ERR_SHAPE',
    /assign to 'w'.*\[2\].*\[3\]/,
    () => variable([1, 2], { name: 'w' }).assign([1, 2, 3]),
  ],
  [
    'variable: another dtype',
    'ERR_DTYPE',
    /assign to 'w'.*float32.*int32/,
    () => variable([1, 2], { name: 'w' }).assign(tensor([1, 2], [2], 'int32')),
  ],
]

const values: Row[] = [
  ['NaN in x', 'ERR_DATA', /fit\.x sample 2, feature 1: expected a finite number, got NaN/, ofX(withX(5, Number.NaN))],
  ['infinity in x', 'ERR_DATA', /fit\.x sample 0, feature 0.*Infinity/, ofX(withX(0, Number.POSITIVE_INFINITY))],
  [
    'minus infinity in x',
    'ERR_DATA',
    /fit\.x sample 11, feature 1.*-Infinity/,
    ofX(withX(23, Number.NEGATIVE_INFINITY)),
  ],
  ['NaN in nested x', 'ERR_DATA', /fit\.x sample 4, feature 0.*NaN/, ofX(replaced(4, [Number.NaN, 1]))],
  ['NaN in y', 'ERR_DATA', /fit\.y sample 3.*NaN/, ofY(set(y, 3, Number.NaN))],
  [
    'NaN in sampleWeight',
    'ERR_DATA',
    /fit\.sampleWeight sample 2.*NaN/,
    ofOptions({ sampleWeight: set(y, 2, Number.NaN) }),
  ],
  [
    'NaN to predict',
    'ERR_DATA',
    /predict\.x sample 2, feature 1/,
    ({ model }) => model.predict(withX(5, Number.NaN) as never),
  ],
  ['NaN to evaluate', 'ERR_DATA', /evaluate\.y sample 3/, ({ model }) => model.evaluate(x, set(y, 3, Number.NaN))],
  [
    'NaN to trainOnBatch',
    'ERR_DATA',
    /trainOnBatch\.x sample 2, feature 1/,
    ({ model }) => model.trainOnBatch(withX(5, Number.NaN) as never, y),
  ],
  [
    'NaN to validate with',
    'ERR_DATA',
    /fit\.validationData\.x sample 2/,
    ofOptions({ validationData: [withX(5, Number.NaN), y] }),
  ],
  ['label = classes', 'ERR_DATA', /fit\.y.*3 \(sample 4\)/, ofLabels(set(labels, 4, 3))],
  ['label −1', 'ERR_DATA', /fit\.y.*-1 \(sample 4\)/, ofLabels(set(labels, 4, -1))],
  ['label 1.5', 'ERR_DATA', /fit\.y.*1\.5 \(sample 4\)/, ofLabels(set(Float32Array.from(labels), 4, 1.5))],
  [
    'label 2³¹',
    'ERR_DATA',
    /^fit\.y sample 4: expected a whole number within 32 bits, got 2147483648/,
    ofLabels(set(Float32Array.from(labels), 4, 2 ** 31)),
  ],
  ['a one-hot row of two ones', 'ERR_DATA', /fit\.y.*sample 1/, ofHot({ ...hot, values: set(hot.values, 3, 1) })],
  ['a one-hot row of zeros', 'ERR_DATA', /fit\.y.*sample 1/, ofHot({ ...hot, values: set(hot.values, 4, 0) })],
  ['a binary label of 2', 'ERR_DATA', /fit\.y.*sample 3/, ofY(set(y, 3, 2))],
  ['a binary label of −1', 'ERR_DATA', /fit\.y.*sample 3/, ofY(set(y, 3, -1))],
  [
    '1e38 in x',
    'ERR_NON_FINITE',
    /epoch 1, batch 0/,
    ({ model }) => {
      model.compile({ optimizer: 'sgd', loss: 'mse' })
      return train(model, x, new Float32Array(rows).fill(1e38))
    },
  ],
]

const options: Row[] = [
  ...([0, -1, 1.5, Number.NaN, '8', Number.POSITIVE_INFINITY, [], 2 ** 31] as const).map(
    (batchSize): Row => [
      `batchSize ${String(batchSize)}`,
      'ERR_CONFIG',
      /fit\.batchSize: expected an integer ≥ 1/,
      ofOptions({ batchSize }),
    ],
  ),
  ...([-1, Number.NaN, 2.5, '2', Number.POSITIVE_INFINITY] as const).map(
    (epochs): Row => [`epochs ${epochs}`, 'ERR_CONFIG', /fit\.epochs: expected an integer ≥ 0/, ofOptions({ epochs })],
  ),
  ...([1, -0.5, 1.5, Number.NaN, '0.2'] as const).map(
    (validationSplit): Row => [
      `validationSplit ${validationSplit}`,
      'ERR_CONFIG',
      /fit\.validationSplit: expected a number in \[0, 1\)/,
      ofOptions({ validationSplit }),
    ],
  ),
  ['validationSplit 0.999', 'ERR_CONFIG', /leaves samples on either side of 12/, ofOptions({ validationSplit: 0.999 })],
  [
    'validationSplit and validationData',
    'ERR_CONFIG',
    /and not both/,
    ofOptions({ validationSplit: 0.5, validationData: good }),
  ],
  [
    'validationData without targets',
    'ERR_DATA',
    /fit\.validationData\.y: expected targets/,
    ofOptions({ validationData: [x] }),
  ],
  ['validationData 3', 'ERR_DATA', /fit\.validationData/, ofOptions({ validationData: 3 })],
  [
    'validationData of another width',
    'ERR_SHAPE',
    /fit\.validationData\.x.*\[12, 3\]/,
    ofOptions({ validationData: [shaped([rows, 3]), y] }),
  ],
  [
    'initialEpoch past epochs',
    'ERR_CONFIG',
    /fit\.initialEpoch: expected an integer in \[0, 2\]/,
    ofOptions({ initialEpoch: 3, epochs: 2 }),
  ],
  ['initialEpoch −1', 'ERR_CONFIG', /fit\.initialEpoch/, ofOptions({ initialEpoch: -1 })],
  ['an unknown option', 'ERR_CONFIG', /unknown option 'epoch'.*did you mean 'epochs'/i, ofOptions({ epoch: 3 })],
  ["Keras's spelling", 'ERR_CONFIG', /did you mean 'batchSize'/i, ofOptions({ batch_size: 3 })],
  [
    'options that are a number',
    'ERR_CONFIG',
    /^fit: expected an options object, got 3/,
    ({ model }) => model.fit(x, y, 3 as never),
  ],
  [
    'options that are a list',
    'ERR_CONFIG',
    /^fit: expected an options object, got \[\]/,
    ({ model }) => model.fit(x, y, [] as never),
  ],
  [
    'sampleWeight too short',
    'ERR_SHAPE',
    /fit\.sampleWeight: expected 12 samples, as x has, got 2/,
    ofOptions({ sampleWeight: [1, 2] }),
  ],
  [
    'classWeight below 0',
    'ERR_CONFIG',
    /fit\.classWeight\[1\]: expected a finite number ≥ 0, got -1/,
    ofOptions({ classWeight: { 0: 1, 1: -1 } }),
  ],
  ['classWeight NaN', 'ERR_CONFIG', /fit\.classWeight\[1\].*NaN/, ofOptions({ classWeight: { 0: 1, 1: Number.NaN } })],
  [
    'classWeight of no class',
    'ERR_CONFIG',
    /fit\.classWeight: expected class numbers, got 'a'/,
    ofOptions({ classWeight: { a: 1 } }),
  ],
  ['classWeight 3', 'ERR_CONFIG', /fit\.classWeight/, ofOptions({ classWeight: 3 })],
  ['shuffle', 'ERR_CONFIG', /fit\.shuffle: expected true or false, got 'yes'/, ofOptions({ shuffle: 'yes' })],
  ['seed −1', 'ERR_CONFIG', /fit\.seed/, ofOptions({ seed: -1 })],
  ['seed 0.5', 'ERR_CONFIG', /fit\.seed/, ofOptions({ seed: 0.5 })],
  ['verbose 3', 'ERR_CONFIG', /fit\.verbose: expected 0, 1, 2 or 'auto', got 3/, ofOptions({ verbose: 3 })],
  ['signal', 'ERR_CONFIG', /fit\.signal: expected an AbortSignal/, ofOptions({ signal: new AbortController() })],
  [
    'nonFinite',
    'ERR_CONFIG',
    /^fit\.nonFinite: expected one of 'error', 'continue', got 'ignore'$/,
    ofOptions({ nonFinite: 'ignore' }),
  ],
  ['validationFreq 0', 'ERR_CONFIG', /fit\.validationFreq/, ofOptions({ validationFreq: 0 })],
  ['stepsPerEpoch 0', 'ERR_CONFIG', /fit\.stepsPerEpoch/, ofOptions({ stepsPerEpoch: 0 })],
  [
    'a hook misspelt',
    'ERR_CONFIG',
    /did you mean 'onEpochEnd'/i,
    ofOptions({ callbacks: [{ onEpochEnds: () => undefined }] }),
  ],
  ['a hook that is no function', 'ERR_CONFIG', /onEpochEnd/, ofOptions({ callbacks: [{ onEpochEnd: 3 }] })],
  ['callbacks 3', 'ERR_CONFIG', /fit\.callbacks/, ofOptions({ callbacks: 3 })],
  ['predict: batchSize 0', 'ERR_CONFIG', /predict\.batchSize/, ({ model }) => model.predict(x, { batchSize: 0 })],
  [
    'predict: an unknown option',
    'ERR_CONFIG',
    /did you mean 'batchSize'/i,
    ({ model }) => model.predict(x, { batchsize: 2 } as never),
  ],
  [
    'evaluate: epochs',
    'ERR_CONFIG',
    /evaluate: unknown option 'epochs'/,
    ({ model }) => model.evaluate(x, y, { epochs: 2 } as never),
  ],
]

const building: Row[] = [
  ...([0, -3, 2.5, Number.NaN, '8', 2 ** 31, 2 ** 33, undefined, null, true] as const).map(
    (units): Row => [`units ${units}`, 'ERR_CONFIG', /Dense\.units/, dense({ units })],
  ),
  ['no options', 'ERR_CONFIG', /Dense/, dense(undefined)],
  ['an unknown option', 'ERR_CONFIG', /Dense.*did you mean 'activation'/i, dense({ units: 1, activations: 'relu' })],
  [
    'an unknown activation',
    'ERR_CONFIG',
    /Dense\.activation.*did you mean 'relu'/i,
    dense({ units: 1, activation: 'rleu' }),
  ],
  [
    'an unknown initializer',
    'ERR_CONFIG',
    /Dense\.kernelInitializer.*did you mean 'zeros'/i,
    dense({ units: 1, kernelInitializer: 'zeroes' }),
  ],
  ['an input shape of zero', 'ERR_CONFIG', /Dense\.inputShape/, dense({ units: 1, inputShape: [0] })],
  [
    'weights past all memory',
    'ERR_SHAPE',
    /memory|elements|large/i,
    () =>
      new Sequential([new Dense({ units: 2 ** 30, inputShape: [2 ** 30] }), new Dense({ units: 2 ** 30 })]).build([
        1,
        2 ** 30,
      ]),
  ],
  ...([1, 2, -1, Number.NaN, '0.5'] as const).map(
    (rate): Row => [`dropout ${rate}`, 'ERR_CONFIG', /Dropout\.rate/, () => new Dropout({ rate: rate as number })],
  ),
  ...([Number.NaN, -1, 1e30, '0.1', Number.POSITIVE_INFINITY, null] as const).map(
    (learningRate): Row => [
      `learning rate ${learningRate}`,
      'ERR_CONFIG',
      /SGD\.learningRate/,
      () => new SGD({ learningRate: learningRate as number }),
    ],
  ),
  ['beta 1', 'ERR_CONFIG', /Adam\.beta1/, () => new Adam({ beta1: 1 })],
  ['momentum −1', 'ERR_CONFIG', /SGD\.momentum/, () => new SGD({ momentum: -1 })],
  [
    'a reshape that does not fit',
    'ERR_SHAPE',
    /Reshape|reshape/,
    () => new Sequential([new Reshape({ targetShape: [5], inputShape: [4] } as never)]).build([1, 4]),
  ],
  [
    'compile: an unknown optimizer',
    'ERR_CONFIG',
    /compile\.optimizer.*did you mean 'adam'/i,
    ({ model }) => model.compile({ optimizer: 'adma' as never }),
  ],
  [
    'compile: an unknown loss',
    'ERR_CONFIG',
    /compile\.loss.*did you mean/i,
    ({ model }) => model.compile({ loss: 'mes' as never }),
  ],
  [
    'compile: a loss that is a number',
    'ERR_CONFIG',
    /compile\.loss/,
    ({ model }) => model.compile({ loss: 3 as never }),
  ],
  [
    'compile: two losses for one output',
    'ERR_CONFIG',
    /compile\.loss: expected 1 entries/,
    ({ model }) => model.compile({ loss: ['mse', 'mse'] }),
  ],
  [
    'compile: a loss of no output',
    'ERR_CONFIG',
    /names of outputs, got 'nothing'/,
    ({ model }) => model.compile({ loss: { nothing: 'mse' } }),
  ],
  [
    'compile: an unknown metric',
    'ERR_CONFIG',
    /compile\.metrics.*did you mean 'accuracy'/i,
    ({ model }) => model.compile({ metrics: ['acuracy' as never] }),
  ],
  [
    'compile: an unknown option',
    'ERR_CONFIG',
    /did you mean 'optimizer'/i,
    ({ model }) => model.compile({ optimiser: 'adam' } as never),
  ],
  [
    'a model of no layers',
    'ERR_STATE',
    /at least one layer/,
    () => {
      const empty = new Sequential()
      empty.compile({ optimizer: 'sgd', loss: 'mse' })
      return train(empty, x, y)
    },
  ],
  [
    'a fit before compile',
    'ERR_STATE',
    /Call compile first/,
    () => train(new Sequential([new Dense({ units: 1 })]), x, y),
  ],
  [
    'an evaluate before compile',
    'ERR_STATE',
    /Call compile first/,
    () => new Sequential([new Dense({ units: 1 })]).evaluate(x, y),
  ],
  [
    'a model without a loss',
    'ERR_STATE',
    /Pass loss to compile/,
    () => {
      const model = new Sequential([new Dense({ units: 1 })])
      model.compile({ optimizer: 'sgd' })
      return train(model, x, y)
    },
  ],
  [
    'nothing to train',
    'ERR_STATE',
    /trainable weights/,
    async ({ model }) => {
      for (const layer of model.layers) layer.trainable = false
      try {
        await train(model, x, y)
      } finally {
        for (const layer of model.layers) layer.trainable = true
      }
    },
  ],
  ['layers that are a number', 'ERR_CONFIG', /a list of layers, got 3/, () => new Sequential(3 as never)],
  [
    'a layer that is a number',
    'ERR_CONFIG',
    /Sequential\.layers\[0\]: expected a layer, got 3/,
    () => new Sequential([3 as never]),
  ],
  [
    'outputs that no inputs reach',
    'ERR_CONFIG',
    /Model/,
    () => new Model({ inputs: input({ shape: [2] }), outputs: new Dense({ units: 1 }).apply(input({ shape: [2] })) }),
  ],
  ['getLayer of no layer', 'ERR_CONFIG', /getLayer|layer/, ({ model }) => model.getLayer('nothing')],
  ['floatx', 'ERR_CONFIG', /setFloatx/, () => config.setFloatx('float16' as never)],
  ['threads −1', 'ERR_CONFIG', /setThreads/, () => config.setThreads(-1)],
  ['threads 1e9', 'ERR_CONFIG', /setThreads/, () => config.setThreads(1e9)],
  ['data threads 1.5', 'ERR_CONFIG', /setDataThreads/, () => config.setDataThreads(1.5)],
  ['seed 1.5', 'ERR_CONFIG', /setSeed/, () => config.setSeed(1.5)],
]

const lifecycle: Row[] = [
  [
    'a tensor after dispose',
    'ERR_STATE',
    /disposed/,
    () => {
      const gone = tensor([1, 2])
      gone.dispose()
      gone.dispose()
      return gone.data()
    },
  ],
  [
    'a disposed tensor as data',
    'ERR_STATE',
    /disposed/,
    ({ model }) => {
      const gone = tensor(nested)
      gone.dispose()
      return train(model, gone, y)
    },
  ],
  ['a second fit', 'ERR_STATE', /busy.*inside fit/, beside(({ sparse }) => train(sparse, x, labels))],
  ['an evaluation amid a fit', 'ERR_STATE', /busy.*inside fit/, beside(({ sparse }) => sparse.evaluate(x, labels))],
  ['trainOnBatch amid a fit', 'ERR_STATE', /busy.*inside fit/, beside(({ sparse }) => sparse.trainOnBatch(x, labels))],
  ['a signal aborted before', 'ERR_ABORTED', /fit: aborted by its signal/, ofOptions({ signal: AbortSignal.abort() })],
  [
    'predict, aborted before',
    'ERR_ABORTED',
    /predict: aborted/,
    ({ model }) => model.predict(x, { signal: AbortSignal.abort() }),
  ],
]

/** Does something while the model of labels trains; its weights are put back. */
function beside(call: Row[3]): Row[3] {
  return async (kit) => {
    const before = kit.sparse.getWeights()
    const stop = new AbortController()
    const run = train(kit.sparse, x, labels, { epochs: 1_000_000, signal: stop.signal })
    try {
      return await call(kit)
    } finally {
      stop.abort()
      await run.catch(() => undefined)
      kit.sparse.setWeights(before)
    }
  }
}

const iterables: Row[] = [
  ['nothing in it', 'ERR_DATA', /expected at least one batch, got an empty stream/, ofStream()],
  ['garbage', 'ERR_DATA', /fit batch 0: expected \[x, y\].*got 7/, ofStream(7)],
  ['null', 'ERR_DATA', /fit batch 0/, ofStream(null)],
  ['an empty batch', 'ERR_DATA', /fit batch 0/, ofStream([])],
  ['no targets', 'ERR_DATA', /fit batch 0\.y: expected targets/, ofStream([x])],
  ['a batch of no samples', 'ERR_DATA', /fit batch 0\.x: expected at least one sample/, ofStream([[], []])],
  [
    'another width at first',
    'ERR_SHAPE',
    /fit batch 0\.x: expected \[samples, 2\], got \[1, 3\]/,
    ofStream([[[1, 2, 3]], [1]]),
  ],
  ['rows that do not match', 'ERR_SHAPE', /fit batch 0\.y: expected 12 samples, as x has, got 1/, ofStream([x, [1]])],
  ['NaN', 'ERR_DATA', /fit batch 0\.x sample 0, feature 1/, ofStream([[[1, Number.NaN]], [1]])],
  ['strings', 'ERR_DATA', /fit batch 0\.x\[0\]\[0\]: expected a number, got 'a'/, ofStream([[['a', 1]], [1]])],
  ['a label out of range', 'ERR_DATA', /fit batch 0\.y.*sample 0/, ofStream([[[1, 2]], [2]])],
  ['y beside it', 'ERR_CONFIG', /fit\.y: expected nothing/, ({ model }) => train(model, () => [good].values(), y)],
  [
    'a validation split',
    'ERR_CONFIG',
    /fit\.validationSplit: expected 0 for a stream/,
    ({ model }) => train(model, () => [good].values(), undefined, { validationSplit: 0.2 }),
  ],
  [
    'sampleWeight beside it',
    'ERR_CONFIG',
    /fit\.sampleWeight: expected nothing/,
    ({ model }) => train(model, () => [good].values(), undefined, { sampleWeight: y }),
  ],
]

/** Weights as bytes: NaN and −0 count. */
const bytesOf = (model: Sequential): Buffer =>
  Buffer.concat(model.getWeights().map((weight) => Buffer.from(weight.dataSync().buffer.slice(0) as ArrayBuffer)))

function kitOf(): Kit {
  const classes = (loss: 'sparseCategoricalCrossentropy' | 'categoricalCrossentropy'): Sequential => {
    const model = new Sequential([
      new Flatten({ inputShape: [2] } as never),
      new Dense({ units: 3, activation: 'softmax' }),
    ])
    model.compile({ optimizer: 'sgd', loss })
    return model
  }
  return {
    model: classifier(),
    sparse: classes('sparseCategoricalCrossentropy'),
    oneHot: classes('categoricalCrossentropy'),
  }
}

const catalogue = { shapes, types, values, options, building, lifecycle, iterables }

test('the catalogue has at least 120 rows', () => {
  expect(Object.values(catalogue).flat().length).toBeGreaterThanOrEqual(120)
})

describe.each(Object.entries(catalogue))('%s', (_, list) => {
  test.each(list)('%s: %s', async (_what, code, words, call) => {
    const kit = kitOf()
    const models = Object.values(kit) as Sequential[]
    const before = models.map(bytesOf)
    const error = await refusal(() => call(kit))
    expect(error.message).toMatch(words)
    expect(error.code).toBe(code)
    expect(models.map(bytesOf)).toEqual(before)
    await train(kit.model, x, y)
    await train(kit.sparse, x, labels)
    await train(kit.oneHot, x, hot)
  })
})

async function refusal(call: () => unknown): Promise<FerrogradError> {
  try {
    await call()
  } catch (error) {
    return error as FerrogradError
  }
  return expect.unreachable('nothing was refused')
}
