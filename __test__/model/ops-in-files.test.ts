/** Every op in a functional graph through a configuration and back: the same graph, the same numbers. */

import { activations, input, Model, ops, type SymbolicTensor, type Tensor, tensor } from 'ferrograd'
import { stringify } from 'ferrograd/saving'
import { describe, expect, test } from 'vitest'
import { leavesOf } from '../../ts/core/structure.js'
import { isSymbolic } from '../../ts/core/symbolic-tensor.js'
import type { DType } from '../../ts/types.js'
import { caught } from '../caught.js'

/** Makes inputs of some shape. */
type Given = (shape: readonly number[], dtype?: DType) => SymbolicTensor
type Example = (given: Given) => unknown

const BATCH = 3

const vector = (count: number): Tensor => tensor(Float32Array.from({ length: count }, (_, i) => i / count - 0.4))
const filled = (shape: readonly number[]): Tensor =>
  vector(shape.reduce((product, length) => product * length, 1)).reshape(shape)

const unary =
  (call: (x: SymbolicTensor) => unknown): Example =>
  (given) =>
    call(given([4]))
const binary =
  (call: (a: SymbolicTensor, b: SymbolicTensor) => unknown): Example =>
  (given) =>
    call(given([4]), given([4]))
const picture =
  (call: (x: SymbolicTensor) => unknown): Example =>
  (given) =>
    call(given([5, 4, 3]))
const reduction = (
  name: 'sum' | 'prod' | 'max' | 'min' | 'mean' | 'variance' | 'std' | 'any' | 'all' | 'norm',
): Example => unary((x) => ops[name](x, { axis: -1, keepdims: true }))
const signal = { sequenceLength: 4, sequenceStride: 2, fftLength: 6 }

/** A call of each, with options where it has some. */
const examples: Readonly<Record<string, Example>> = {
  ...Object.fromEntries(
    (['add', 'subtract', 'multiply', 'divide', 'floorDivide', 'mod', 'power', 'maximum', 'minimum', 'arctan2'] as const)
      .concat(['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual', 'logicalAnd', 'logicalOr'] as never)
      .map((name) => [name, binary((a, b) => ops[name](a, b))]),
  ),
  ...Object.fromEntries(
    (['negative', 'abs', 'sign', 'floor', 'ceil', 'round', 'trunc', 'square', 'sqrt', 'rsqrt', 'reciprocal'] as const)
      .concat(['exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tanh', 'sigmoid', 'erf', 'softplus', 'relu'] as never)
      .concat(['logicalNot', 'isNan', 'isFinite', 'stopGradient', 'zerosLike', 'onesLike'] as never)
      .map((name) => [name, unary((x) => ops[name](x))]),
  ),
  ...Object.fromEntries(
    (['sum', 'prod', 'max', 'min', 'mean', 'variance', 'std', 'any', 'all', 'norm'] as const).map((name) => [
      name,
      reduction(name),
    ]),
  ),
  logsumexp: unary((x) => ops.logsumexp(x, { axis: 1 })),
  argmax: unary((x) => ops.argmax(x, { axis: -1 })),
  argmin: unary((x) => ops.argmin(x, { axis: -1 })),
  cumsum: unary((x) => ops.cumsum(x, { axis: 1 })),
  cumprod: unary((x) => ops.cumprod(x, { axis: 1 })),
  sort: unary((x) => ops.sort(x, { axis: 0 })),
  argsort: unary((x) => ops.argsort(x)),
  searchSorted: unary((x) => ops.searchSorted([-0.2, 0, 0.3], x, { side: 'right' })),
  topK: unary((x) => ops.topK(x, 2)),
  clip: unary((x) => ops.clip(x, -0.1, 0.2)),
  where: binary((a, b) => ops.where(ops.greater(a, 0), a, b)),
  softmax: unary((x) => ops.softmax(x, { axis: 0 })),
  logSoftmax: (given) => ops.logSoftmax(given([3, 2]), { axis: [1, 2] }),
  softmaxCrossEntropy: binary((a, b) => ops.softmaxCrossEntropy(a, b)),
  sigmoidCrossEntropy: binary((a, b) => ops.sigmoidCrossEntropy(a, b)),
  sparseSoftmaxCrossEntropy: (given) => ops.sparseSoftmaxCrossEntropy(given([4]), given([], 'int32')),
  normalize: unary((x) => ops.normalize(x, { order: 3, epsilon: 0.1 })),
  matmul: unary((x) => ops.matmul(x, filled([4, 2]))),
  dot: unary((x) => ops.dot(x, filled([4, 2]))),
  tensordot: unary((x) => ops.tensordot(x, filled([2, 4]), { axes: [[1], [1]] })),
  einsum: unary((x) => ops.einsum('bi,ij->bj', x, filled([4, 2]))),
  dotProductAttention: (given) => {
    const [q, k] = [given([3, 2, 4]), given([3, 2, 4])]
    return ops.dotProductAttention(q, k, k, { isCausal: true, scale: 0.5, bias: filled([3, 3]) })
  },
  cast: unary((x) => ops.cast(x, 'int32')),
  reshape: unary((x) => ops.reshape(x, [-1, 2, 2])),
  transpose: (given) => ops.transpose(given([2, 3]), [0, 2, 1]),
  expandDims: unary((x) => ops.expandDims(x, 1)),
  squeeze: (given) => ops.squeeze(given([1, 3]), 1),
  broadcastTo: (given) => ops.broadcastTo(ops.sum(given([4]), { axis: 0 }), [2, 4]),
  concatenate: binary((a, b) => ops.concatenate([a, b], { axis: 1 })),
  stack: binary((a, b) => ops.stack([a, b], { axis: 1 })),
  split: unary((x) => ops.split(x, [1, 3], { axis: 1 })),
  getItem: unary((x) => ops.getItem(x, ['...', null, { start: 1, stop: 3 }])),
  slice: unary((x) => ops.slice(x, { begin: [0, -3], size: [-1, 3] })),
  flip: unary((x) => ops.flip(x, { axis: 1 })),
  pad: unary((x) =>
    ops.pad(
      x,
      [
        [0, 0],
        [1, 2],
      ],
      7,
    ),
  ),
  tile: unary((x) => ops.tile(x, [1, 2])),
  repeat: unary((x) => ops.repeat(x, 2, { axis: 1 })),
  take: unary((x) => ops.take(x, [0, 3, 3], { axis: 1 })),
  gather: (given) => ops.gather(given([4]), given([], 'int32')),
  takeAlongAxis: (given) => ops.takeAlongAxis(given([4]), given([2], 'int32'), { axis: 1 }),
  oneHot: (given) => ops.oneHot(given([2], 'int32'), 4, 'int32'),
  tril: (given) => ops.tril(given([3, 3]), 1),
  triu: (given) => ops.triu(given([3, 3]), -1),
  segmentSum: (given) => ops.segmentSum(given([4]), given([], 'int32'), { numSegments: 3 }),
  segmentMax: (given) => ops.segmentMax(given([4]), given([], 'int32'), { numSegments: 3 }),
  segmentMean: (given) => ops.segmentMean(given([4]), given([], 'int32'), { numSegments: 3 }),
  conv: picture((x) => ops.conv(x, filled([2, 2, 3, 2]), { strides: [2, 1], padding: 'same' })),
  depthwiseConv: picture((x) => ops.depthwiseConv(x, filled([2, 2, 3, 2]), { dilationRate: 2 })),
  convTranspose: (given) =>
    ops.convTranspose(given([3, 2]), filled([2, 3, 3]), { strides: 2, outputPadding: 1, dataFormat: 'channelsFirst' }),
  maxPool: picture((x) => ops.maxPool(x, [2, 1], { strides: 1, padding: 'same' })),
  averagePool: picture((x) => ops.averagePool(x, 2, { dataFormat: 'channels_first' })),
  ctcLoss: (given) =>
    ops.ctcLoss(given([2], 'int32'), given([5, 4]), given([], 'int32'), ops.add(given([], 'int32'), 2), {
      maskIndex: 3,
    }),
  ctcDecode: (given) =>
    ops.ctcDecode(given([5, 4]), given([], 'int32'), { strategy: 'beamSearch', beamWidth: 4, topPaths: 2 }),
  editDistance: (given) => ops.editDistance(given([3], 'int32'), given([4], 'int32'), { normalize: false }),
  fft: binary((re, im) => ops.fft([re, im])),
  ifft: binary((re, im) => ops.ifft([re, im])),
  rfft: unary((x) => ops.rfft(x, { fftLength: 6 })),
  irfft: binary((re, im) => ops.irfft([re, im], { fftLength: 7 })),
  stft: (given) => ops.stft(given([12]), { ...signal, window: null, center: false }),
  istft: (given) => ops.istft([given([5, 4]), given([5, 4])], { ...signal, length: 9, window: 'hamming' }),
  extractSequences: (given) => ops.extractSequences(given([9]), 4, 2),
  resize: picture((x) => ops.image.resize(x, [3, 7], { interpolation: 'bicubic', antialias: true })),
  affineTransform: picture((x) =>
    ops.image.affineTransform(x, [1, 0.2, 1, 0, 1, 0, 0, 0], { interpolation: 'nearest', fillMode: 'reflect' }),
  ),
  perspectiveTransform: (given) => {
    const corners = tensor([
      [0, 0],
      [3, 0],
      [0, 4],
      [3, 4],
    ])
    return ops.image.perspectiveTransform(given([5, 4, 3]), corners, ops.add(corners, 0.5), { fillValue: 2 })
  },
  extractPatches: picture((x) => ops.image.extractPatches(x, [2, 1], { strides: 1, padding: 'same' })),
  gaussianBlur: picture((x) => ops.image.gaussianBlur(x, { kernelSize: [3, 1], sigma: [2, 1] })),
  rgbToGrayscale: picture((x) => ops.image.rgbToGrayscale(x)),
  rgbToHsv: picture((x) => ops.image.rgbToHsv(x)),
  hsvToRgb: (given) => ops.image.hsvToRgb(given([3, 4, 5]), { dataFormat: 'channelsFirst' }),
  ...Object.fromEntries(
    (['relu6', 'selu', 'silu', 'hardSigmoid', 'hardSilu', 'logSigmoid', 'sparseSigmoid', 'hardTanh'] as const)
      .concat(['tanhShrink', 'softsign', 'sparsePlus', 'exponential', 'mish', 'sparsemax'] as never)
      .map((name) => [name, unary((x) => activations[name](x))]),
  ),
  leakyRelu: unary((x) => activations.leakyRelu(x, 0.1)),
  elu: unary((x) => activations.elu(x, 0.5)),
  celu: unary((x) => activations.celu(x, 0.5)),
  gelu: unary((x) => activations.gelu(x, true)),
  glu: unary((x) => activations.glu(x, 1)),
  softShrink: unary((x) => activations.softShrink(x, 0.1)),
  hardShrink: unary((x) => activations.hardShrink(x, 0.1)),
  threshold: unary((x) => activations.threshold(x, 0.1, -2)),
  squareplus: unary((x) => activations.squareplus(x, 2)),
}

/** Those that Keras has not. */
const ours = ['editDistance', 'ifft', 'segmentMean']

/** What Keras cannot be told of ops that it has, and other spellings. */
const further: Readonly<Record<string, { readonly example: Example; readonly classes: readonly string[] }>> = {
  'relu with options': {
    example: unary((x) => activations.relu(x, { negativeSlope: 0.1, threshold: 0.2 })),
    classes: ['keras.src.activations.activations ReLU'],
  },
  'activations that are ops': {
    example: unary((x) => activations.softmax(activations.linear(activations.relu(activations.sigmoid(x))))),
    classes: ['keras.src.ops.nn Sigmoid', 'keras.src.ops.nn Relu', 'keras.src.ops.nn Softmax'],
  },
  'a part with all lengths': {
    example: unary((x) => ops.slice(x, { begin: [1, 0], size: [2, 3] })),
    classes: ['keras.src.ops.core Slice'],
  },
  'a part backwards': {
    example: unary((x) => ops.slice(x, { begin: [0, 3], size: [3, 4], step: [1, -1] })),
    classes: ['keras.src.ops.numpy GetItem'],
  },
  'sums from behind': {
    example: unary((x) => ops.cumsum(x, { axis: 1, reverse: true })),
    classes: ['ferrograd Cumsum'],
  },
  'the largest first': {
    example: unary((x) => ops.sort(x, { descending: true })),
    classes: ['ferrograd Sort'],
  },
  'a product by columns': {
    example: unary((x) => ops.matmul(x, filled([2, 4]), { transposeB: true })),
    classes: ['ferrograd Matmul'],
  },
  'a bound of the graph': {
    example: binary((x, low) => ops.clip(x, low, 1)),
    classes: ['ferrograd Clip'],
  },
  'a window of numbers': {
    example: (given) => ops.stft(given([12]), { ...signal, window: tensor([1, 2, 2, 1]) }),
    classes: ['ferrograd Stft'],
  },
  'numbers of a typed array': {
    example: unary((x) => ops.add(x, Float32Array.of(1, 2, 3, 4))),
    classes: ['keras.src.ops.numpy Add'],
  },
}

/** A model of an example, and numbers for its inputs. */
function modelOf(example: Example): { readonly model: Model; readonly data: readonly Tensor[] } {
  const inputs: SymbolicTensor[] = []
  const found = example((shape, dtype = 'float32') => {
    inputs.push(input({ shape, dtype, name: `input_${inputs.length}` }))
    return inputs.at(-1)!
  })
  const data = inputs.map(({ shape, dtype }, i) => {
    const whole = [BATCH, ...(shape.slice(1) as number[])]
    const size = whole.reduce((product, length) => product * length, 1)
    const at = dtype === 'int32' ? (j: number) => (j + i) % 3 : (j: number) => Math.sin(3 * j + i + 0.5)
    return tensor(
      Float64Array.from({ length: size }, (_, j) => at(j)),
      whole,
      dtype,
    )
  })
  return { model: new Model({ inputs, outputs: leavesOf(found, isSymbolic) }), data }
}

interface Written {
  readonly config: { readonly layers: readonly { readonly module: string; readonly class_name: string }[] }
}

/** The classes of the ops of a model's configuration. */
function classesIn(model: Model): string[] {
  const { layers } = (model.toConfig() as unknown as Written).config
  return layers.filter(({ class_name }) => class_name !== 'InputLayer').map((one) => `${one.module} ${one.class_name}`)
}

async function expectBack(example: Example): Promise<Model> {
  const { model, data } = modelOf(example)
  const text = stringify(model.toConfig())
  const copy = Model.fromConfig(JSON.parse(text))
  expect(stringify(copy.toConfig())).toBe(text)
  const numbers = (one: Model): number[][] => {
    const found = one.apply((data.length === 1 ? data[0] : data) as never) as unknown
    return leavesOf(found, (leaf): leaf is Tensor => leaf instanceof Object && 'dataSync' in leaf).map((part) => [
      ...part.dataSync(),
    ])
  }
  expect(numbers(copy)).toEqual(numbers(model))
  return model
}

/** The functions among those of `shelf`. */
const functionsOf = (shelf: object): string[] =>
  Object.entries(shelf).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []))

/** What takes no tensor, what asks about one, and what is called with functions. */
const others = ['zeros', 'ones', 'full', 'arange', 'eye', 'producer', 'getActivation', 'linear', 'scan', 'whileLoop']
const names = new Set([ops, ops.image, activations].flatMap(functionsOf).filter((name) => !others.includes(name)))

describe('every op', () => {
  test.each([...names])('%s', async (name) => {
    const model = await expectBack(examples[name] ?? expect.fail(`${name} has no example here: give it one`))
    expect(classesIn(model).at(-1)).toMatch(ours.includes(name) ? /^ferrograd / : /^keras\.src\./)
  })

  test('and no example of another', () => {
    expect(Object.keys(examples).filter((name) => !names.has(name))).toEqual([])
  })
})

test.each(Object.entries(further))('%s', async (_, { example, classes }) => {
  expect(classesIn(await expectBack(example))).toEqual(classes)
})

test('an op whose configuration has no name, as Keras writes that of ExtractPatches, goes by the name of the node', () => {
  const x = input({ shape: [4, 4, 1] })
  const patches = ops.image.extractPatches(x, 2)
  const json = new Model({ inputs: x, outputs: ops.add(patches, patches) }).toConfig() as unknown as Written
  for (const { config } of json.config.layers as readonly { readonly config?: { name?: string } }[]) delete config?.name
  const copy = Model.fromConfig(json as never)
  expect((copy.apply(ops.ones([1, 4, 4, 1])) as Tensor).shape).toEqual([1, 2, 2, 4])
})

test('what is called with functions is refused, with what to do', () => {
  const x = input({ shape: [4, 2] })
  const [last] = ops.scan((sum, row) => [ops.add(sum, row), null], ops.zeros([4, 2]), x)
  const looped = ops.whileLoop(
    (at) => ops.less(ops.sum(at), 10),
    (at) => [ops.add(at, 1)],
    [x],
  )[0]!
  for (const outputs of [last, looped]) {
    const model = new Model({ inputs: x, outputs })
    const error = caught(() => model.toConfig())
    expect(error).toMatchObject({ code: 'ERR_FORMAT', hint: expect.stringMatching(/a layer of your own/) })
    expect((error as Error).message).toMatch(
      /^ops\.(scan|whileLoop): expected arguments that a file can hold, got the function/,
    )
  }
})

test.each([
  ['ferrograd', 'Constructor'],
  ['ferrograd', 'Producer'],
  ['keras.src.ops.numpy', 'constructor'],
  ['keras.src.ops.numpy', 'Gcd'],
])('%s %s is no op', (module, className) => {
  const x = input({ shape: [4] })
  const text = stringify(new Model({ inputs: x, outputs: ops.sin(x) }).toConfig())
  const json = JSON.parse(text.replace('keras.src.ops.numpy', module).replace('"Sin"', `"${className}"`))
  expect(caught(() => Model.fromConfig(json))).toMatchObject({ code: 'ERR_FORMAT', received: className })
})
