/** Our ops as classes of Keras's: what each is called there, and what its `call` and its configuration are told. */

import type { Json } from '../types.js'

/** One of our ops as a class of Keras's. */
export interface KerasOp {
  readonly className: string
  readonly module:
    | 'ops.numpy'
    | 'ops.nn'
    | 'ops.math'
    | 'ops.core'
    | 'ops.image'
    | 'ops.linalg'
    | 'activations.activations'
  /** Our first arguments, by Keras's names: those of its `call`. */
  readonly call: readonly string[]
  /** Whether Keras's `call` takes the first two the other way round. */
  readonly swapped?: boolean
  /** Our next arguments, by the names of Keras's configuration; their defaults, undefined where there is none. */
  readonly settings?: Readonly<Record<string, Json | undefined>>
  /** Our options object, the last argument, in the same way. */
  readonly options?: Readonly<Record<string, Json>>
  /** Of our options those that Keras's `call` gets by name. */
  readonly told?: readonly string[]
  /** What Keras can be told that we cannot: the only value there is. */
  readonly fixed?: Readonly<Record<string, Json>>
  /** Our last argument, by the name by which Keras's `call` gets it. */
  readonly named?: string
  /** Our first argument, where it is no tensor, by the name of Keras's configuration; then come any number of tensors. */
  readonly first?: string
  /** Which of our outputs each of Keras's is, where they are in another order. */
  readonly outputs?: readonly number[]
}

type Room = KerasOp['module']

const classOfKeras =
  (module: Room) =>
  (className: string, call = 'x', more: Partial<KerasOp> = {}): KerasOp => ({
    className,
    module,
    call: call === '' ? [] : call.split(' '),
    ...more,
  })
const numpy = classOfKeras('ops.numpy')
const math = classOfKeras('ops.math')
const nn = classOfKeras('ops.nn')
const core = classOfKeras('ops.core')
const image = classOfKeras('ops.image')
const binary = (className: string): KerasOp => numpy(className, 'x1 x2')
const reduction = (className: string, more: Partial<KerasOp> = {}): KerasOp =>
  numpy(className, 'x', { options: { axis: null, keepdims: false }, ...more })

const segments = (className: string): KerasOp =>
  math(className, 'data segment_ids', { options: { num_segments: null, sorted: false } })

const windows = { strides: 1, padding: 'valid', data_format: 'channels_last', dilation_rate: 1 }
const pooling = (className: string): KerasOp =>
  nn(className, 'inputs', {
    settings: { pool_size: undefined },
    options: { strides: null, padding: 'valid', data_format: 'channels_last' },
  })
const picture = { data_format: null }
const frames = { window: 'hann', center: true }
const cuts = { sequence_length: null, sequence_stride: null, fft_length: null }

/** The ops that Keras has, most by our names. */
export const table: Readonly<Record<string, KerasOp>> = {
  add: binary('Add'),
  subtract: binary('Subtract'),
  multiply: binary('Multiply'),
  divide: binary('Divide'),
  floorDivide: binary('FloorDivide'),
  mod: binary('Mod'),
  arctan2: binary('Arctan2'),
  power: binary('Power'),
  maximum: binary('Maximum'),
  minimum: binary('Minimum'),
  equal: binary('Equal'),
  notEqual: binary('NotEqual'),
  less: binary('Less'),
  lessEqual: binary('LessEqual'),
  greater: binary('Greater'),
  greaterEqual: binary('GreaterEqual'),
  logicalAnd: binary('LogicalAnd'),
  logicalOr: binary('LogicalOr'),
  matmul: binary('Matmul'),
  dot: binary('Dot'),
  logicalNot: numpy('LogicalNot'),
  negative: numpy('Negative'),
  abs: numpy('Absolute'),
  sign: numpy('Sign'),
  floor: numpy('Floor'),
  ceil: numpy('Ceil'),
  round: numpy('Round', 'x', { fixed: { decimals: 0 } }),
  trunc: numpy('Trunc'),
  square: numpy('Square'),
  sqrt: numpy('Sqrt'),
  rsqrt: math('Rsqrt'),
  reciprocal: numpy('Reciprocal'),
  exp: numpy('Exp'),
  expm1: numpy('Expm1'),
  log: numpy('Log'),
  log1p: numpy('Log1p'),
  sin: numpy('Sin'),
  cos: numpy('Cos'),
  tanh: numpy('Tanh'),
  sigmoid: nn('Sigmoid'),
  erf: math('Erf'),
  softplus: nn('Softplus'),
  relu: nn('Relu'),
  isNan: numpy('Isnan'),
  isFinite: numpy('Isfinite'),
  where: numpy('Where', 'condition x1 x2'),
  stopGradient: core('StopGradient', 'variable'),
  clip: numpy('Clip', 'x', { settings: { x_min: undefined, x_max: undefined } }),
  sum: reduction('Sum'),
  prod: reduction('Prod', { fixed: { dtype: null } }),
  max: reduction('Max', { fixed: { initial: null } }),
  min: reduction('Min', { fixed: { initial: null } }),
  mean: reduction('Mean'),
  variance: reduction('Var'),
  std: reduction('Std'),
  any: reduction('Any'),
  all: reduction('All'),
  segmentSum: segments('SegmentSum'),
  segmentMax: segments('SegmentMax'),
  logsumexp: reduction('Logsumexp', { module: 'ops.math' }),
  argmax: numpy('Argmax', 'x', { options: { axis: null }, fixed: { keepdims: false } }),
  argmin: numpy('Argmin', 'x', { options: { axis: null }, fixed: { keepdims: false } }),
  cumsum: numpy('Cumsum', 'x', { options: { axis: null }, fixed: { dtype: null } }),
  cumprod: numpy('Cumprod', 'x', { options: { axis: null }, fixed: { dtype: null } }),
  sort: numpy('Sort', 'x', { options: { axis: -1 } }),
  argsort: numpy('Argsort', 'x', { options: { axis: -1 } }),
  searchSorted: numpy('SearchSorted', 'sorted_sequence values', { options: { side: 'left' } }),
  topK: math('TopK', 'x', { settings: { k: undefined }, fixed: { sorted: true }, outputs: [1, 0] }),
  norm: reduction('Norm', { module: 'ops.linalg', fixed: { ord: null } }),
  normalize: nn('Normalize', 'x', { options: { axis: -1, order: 2, epsilon: null } }),
  reLU: classOfKeras('activations.activations')('ReLU', 'x', {
    options: { negative_slope: 0, max_value: null, threshold: 0 },
  }),
  mish: classOfKeras('activations.activations')('Mish'),
  relu6: nn('Relu6'),
  leakyRelu: nn('LeakyRelu', 'x', { settings: { negative_slope: 0.2 } }),
  elu: nn('Elu', 'x', { settings: { alpha: 1 } }),
  selu: nn('Selu'),
  celu: nn('Celu', 'x', { settings: { alpha: 1 } }),
  gelu: nn('Gelu', 'x', { settings: { approximate: false } }),
  silu: nn('Silu'),
  hardSigmoid: nn('HardSigmoid'),
  hardSilu: nn('HardSilu'),
  logSigmoid: nn('LogSigmoid'),
  sparseSigmoid: nn('SparseSigmoid'),
  hardTanh: nn('HardTanh'),
  tanhShrink: nn('TanhShrink'),
  softShrink: nn('SoftShrink', 'x', { settings: { threshold: 0.5 } }),
  hardShrink: nn('HardShrink', 'x', { settings: { threshold: 0.5 } }),
  threshold: nn('Threshold', 'x', { settings: { threshold: undefined, default_value: undefined } }),
  softsign: nn('Softsign'),
  squareplus: nn('Squareplus', 'x', { settings: { b: 4 } }),
  sparsePlus: nn('SparsePlus'),
  sparsemax: nn('Sparsemax', 'x', { settings: { axis: -1 } }),
  glu: nn('Glu', 'x', { settings: { axis: -1 } }),
  softmax: nn('Softmax', 'x', { options: { axis: -1 } }),
  logSoftmax: nn('LogSoftmax', 'x', { options: { axis: -1 } }),
  softmaxCrossEntropy: nn('CategoricalCrossentropy', 'output target', {
    swapped: true,
    fixed: { from_logits: true, axis: -1 },
  }),
  sparseSoftmaxCrossEntropy: nn('SparseCategoricalCrossentropy', 'output target', {
    swapped: true,
    fixed: { from_logits: true, axis: -1 },
  }),
  sigmoidCrossEntropy: nn('BinaryCrossentropy', 'output target', { swapped: true, fixed: { from_logits: true } }),
  conv: nn('Conv', 'inputs kernel', { options: windows }),
  depthwiseConv: nn('DepthwiseConv', 'inputs kernel', { options: windows }),
  convTranspose: nn('ConvTranspose', 'inputs kernel', { options: { ...windows, output_padding: null } }),
  maxPool: pooling('MaxPool'),
  averagePool: pooling('AveragePool'),
  ctcLoss: nn('CTCLoss', 'target output target_length output_length', { options: { mask_index: 0 } }),
  ctcDecode: nn('CTCDecode', 'inputs sequence_lengths', {
    options: { strategy: 'greedy', beam_width: 100, top_paths: 1, merge_repeated: true, mask_index: 0 },
  }),
  fft: math('FFT'),
  rfft: math('RFFT', 'x', { options: { fft_length: null } }),
  irfft: math('IRFFT', 'x', { options: { fft_length: null } }),
  stft: math('STFT', 'x', { options: { ...cuts, ...frames } }),
  istft: math('ISTFT', 'x', { options: { ...cuts, length: null, ...frames } }),
  extractSequences: math('ExtractSequences', 'x', {
    settings: { sequence_length: undefined, sequence_stride: undefined },
  }),
  resize: image('Resize', 'images', {
    settings: { size: undefined },
    options: {
      interpolation: 'bilinear',
      antialias: false,
      crop_to_aspect_ratio: false,
      pad_to_aspect_ratio: false,
      fill_value: 0,
      ...picture,
    },
    fixed: { fill_mode: 'constant' },
  }),
  affineTransform: image('AffineTransform', 'images transform', {
    options: { interpolation: 'bilinear', fill_mode: 'constant', fill_value: 0, ...picture },
  }),
  perspectiveTransform: image('PerspectiveTransform', 'images start_points end_points', {
    options: { interpolation: 'bilinear', fill_value: 0, ...picture },
  }),
  extractPatches: image('ExtractPatches', 'images', {
    settings: { size: undefined },
    options: { strides: null, dilation_rate: 1, padding: 'valid', ...picture },
  }),
  gaussianBlur: image('GaussianBlur', 'images', { options: { kernel_size: [3, 3], sigma: [1, 1], ...picture } }),
  rgbToGrayscale: image('RGBToGrayscale', 'images', { options: picture }),
  rgbToHsv: image('RGBToHSV', 'images', { options: picture }),
  hsvToRgb: image('HSVToRGB', 'images', { options: picture }),
  dotProductAttention: nn('DotProductAttention', 'query key value', {
    options: { is_causal: false, flash_attention: null, attn_logits_soft_cap: null },
    told: ['bias', 'mask', 'scale'],
  }),
  tensordot: numpy('Tensordot', 'x1 x2', { options: { axes: 2 } }),
  einsum: numpy('Einsum', '', { first: 'subscripts' }),
  cast: core('Cast', 'x', { settings: { dtype: undefined } }),
  reshape: numpy('Reshape', 'x', { settings: { newshape: undefined } }),
  transpose: numpy('Transpose', 'x', { settings: { axes: null } }),
  expandDims: numpy('ExpandDims', 'x', { settings: { axis: undefined } }),
  squeeze: numpy('Squeeze', 'x', { settings: { axis: null } }),
  broadcastTo: numpy('BroadcastTo', 'x', { settings: { shape: undefined } }),
  concatenate: numpy('Concatenate', 'xs', { options: { axis: 0 } }),
  stack: numpy('Stack', 'x', { options: { axis: 0 } }),
  split: numpy('Split', 'x', { settings: { indices_or_sections: undefined }, options: { axis: 0 } }),
  getItem: numpy('GetItem', 'x key'),
  flip: numpy('Flip', 'x', { options: { axis: null } }),
  pad: numpy('Pad', 'x', {
    settings: { pad_width: undefined },
    fixed: { mode: 'constant' },
    named: 'constant_values',
  }),
  tile: numpy('Tile', 'x', { settings: { repeats: undefined } }),
  repeat: numpy('Repeat', 'x', { settings: { repeats: undefined }, options: { axis: null } }),
  take: numpy('Take', 'x indices', { options: { axis: null } }),
  takeAlongAxis: numpy('TakeAlongAxis', 'x indices', { options: { axis: null } }),
  oneHot: nn('OneHot', 'x', {
    settings: { num_classes: undefined, dtype: null },
    fixed: { axis: -1, sparse: false },
  }),
  zerosLike: numpy('ZerosLike', 'x', { fixed: { dtype: null } }),
  onesLike: numpy('OnesLike', 'x', { fixed: { dtype: null } }),
  tril: numpy('Tril', 'x', { settings: { k: 0 } }),
  triu: numpy('Triu', 'x', { settings: { k: 0 } }),
  sliceOfLengths: core('Slice', 'inputs start_indices', { settings: { shape: undefined } }),
}

/** The ops that Keras does not have. */
export const ours: readonly string[] = ['editDistance', 'ifft', 'segmentMean']

/** Other classes that compute the same. */
export const aliases: Readonly<Record<string, string>> = { TrueDivide: 'divide' }
