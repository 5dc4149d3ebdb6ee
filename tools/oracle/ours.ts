/**
 * What ferrograd writes of every class it has and of every model of the fixtures, for real Keras to read: `npx tsx tools/oracle/ours.ts` writes
 * `__test__/fixtures/ours/*.json`, then `python tools/oracle/check_configs.py` has Keras rebuild each.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import * as config from '../../ts/config.js'
import { constraintFamily } from '../../ts/constraints.js'
import { initializerFamily } from '../../ts/initializers/family.js'
import { layerFamily } from '../../ts/layers/family.js'
import {
  Dense,
  GRU,
  GRUCell,
  LSTM,
  LSTMCell,
  RandomFlip,
  Rescaling,
  SimpleRNNCell,
  StackedRNNCells,
} from '../../ts/layers/index.js'
import { lossFamily } from '../../ts/losses/family.js'
import { statisticFamily } from '../../ts/metrics/family.js'
import { modelFromConfig } from '../../ts/model/from-config.js'
import { optimizerFamily } from '../../ts/optimizers/family.js'
import type { Configurable } from '../../ts/options/configurable.js'
import { construct, type Family } from '../../ts/options/family.js'
import { regularizerFamily } from '../../ts/regularizers.js'
import { serialize, stringify } from '../../ts/saving/index.js'
import { scheduleFamily } from '../../ts/schedules/family.js'

type Options = Readonly<Record<string, unknown>>
type Part = Configurable<unknown>

/** Options of classes that need some, and variants worth writing. */
const options: Readonly<Record<string, readonly Options[]>> = {
  Activation: [{ activation: 'leakyRelu' }],
  CategoryEncoding: [{ numTokens: 4, outputMode: 'oneHot' }],
  Dense: [
    { units: 3 },
    {
      units: 3,
      activation: 'gelu',
      useBias: false,
      kernelInitializer: 'heNormal',
      kernelRegularizer: 'l2',
      kernelConstraint: 'maxNorm',
    },
  ],
  Discretization: [{ binBoundaries: [0, 1, 2.5] }, { numBins: 4 }],
  Dot: [{ axes: 1 }, { axes: [1, 2], normalize: true }],
  Dropout: [{ rate: 0.5, seed: 3 }],
  AlphaDropout: [{ rate: 0.5 }],
  GaussianDropout: [{ rate: 0.5 }],
  GaussianNoise: [{ stddev: 1 }],
  EinsumDense: [{ equation: 'abc,cd->abd', outputShape: [null, 4], biasAxes: 'd' }],
  Embedding: [
    { inputDim: 5, outputDim: 2 },
    { inputDim: 5, outputDim: 2, maskZero: true },
  ],
  Masking: [{ maskValue: 1 }],
  STFT: [
    { side: 'imag', window: 'hamming', scaling: 'spectrum', periodic: true },
    { window: [1, 2, 1], scaling: null },
  ],
  STFTSpectrogram: [
    {},
    {
      mode: 'stft',
      frameLength: 8,
      frameStep: 2,
      fftLength: 16,
      window: 'hamming',
      scaling: 'spectrum',
      padding: 'same',
    },
    { mode: 'psd', frameLength: 3, window: [1, 2, 1], periodic: true, expandDims: true, dataFormat: 'channelsFirst' },
    { mode: 'angle', window: null, scaling: null },
  ],
  IntegerLookup: [
    { vocabulary: [7, -3], maskToken: 0, numOovIndices: 2 },
    { vocabulary: [7, 9], outputMode: 'tfIdf', idfWeights: [0.5, 2], maxTokens: 5, padToMaxTokens: true },
    { maxTokens: 9, invert: true, oovToken: -5 },
  ],
  StringLookup: [
    { vocabulary: ['a', 'b'], numOovIndices: 3, salt: [1, 2] },
    { vocabulary: ['a', 'b'], outputMode: 'multiHot', maskToken: '' },
    { maxTokens: 9, invert: true, oovToken: '?' },
  ],
  InputLayer: [{ shape: [4] }, { batchShape: [null, 2, 3], dtype: 'int32' }],
  Normalization: [{}, { mean: [1, 2], variance: [1, 4] }],
  BatchNormalization: [
    {},
    { axis: 1, momentum: 0.5, activityRegularizer: 'l1' },
    { renorm: true, renormClipping: { rmax: 2.5, dmax: 0.5 }, renormMomentum: 0.9 },
  ],
  ...Object.fromEntries(
    [1, 2, 3].flatMap((axes): [string, readonly Options[]][] => [
      [
        `Conv${axes}D`,
        [
          { filters: 4, kernelSize: 3 },
          { filters: 4, kernelSize: 3, groups: 2, strides: 2, padding: 'same' },
        ],
      ],
      [
        `ConvLSTM${axes}D`,
        [
          { filters: 2, kernelSize: 3 },
          { filters: 2, kernelSize: 3, strides: 2, padding: 'same', returnState: true, stateful: true, dropout: 0.5 },
        ],
      ],
      [`Conv${axes}DTranspose`, [{ filters: 4, kernelSize: 3, strides: 2, outputPadding: 1 }]],
      [`AveragePooling${axes}D`, [{ poolSize: 2 }]],
      [`AdaptiveAveragePooling${axes}D`, [{ outputSize: 2 }]],
      [`AdaptiveMaxPooling${axes}D`, [{ outputSize: 2, dataFormat: 'channelsFirst' }]],
      [`SpatialDropout${axes}D`, [{ rate: 0.5, seed: 3 }]],
    ]),
  ),
  DepthwiseConv1D: [{ kernelSize: 3 }],
  DepthwiseConv2D: [{ kernelSize: 3, depthMultiplier: 2, dilationRate: [1, 2] }],
  SeparableConv1D: [{ filters: 4, kernelSize: 3 }],
  SeparableConv2D: [{ filters: 4, kernelSize: 3, pointwiseRegularizer: 'l2', depthwiseConstraint: 'maxNorm' }],
  UpSampling2D: [{ size: [2, 3], interpolation: 'bilinear' }],
  ZeroPadding2D: [{ padding: [[1, 0], 2] }],
  Bidirectional: [
    { layer: new GRU({ units: 2 }) },
    { layer: new LSTM({ units: 2, returnSequences: true }), mergeMode: null },
  ],
  GRU: [{ units: 3 }, { units: 3, resetAfter: false, returnSequences: true, goBackwards: true, dropout: 0.5 }],
  GRUCell: [{ units: 3 }],
  // Keras makes it beside TensorFlow alone: `topics/text.py` and its test take it both ways.
  HashedCrossing: [],
  Hashing: [{ numBins: 5 }, { numBins: 5, maskValue: 'x', salt: 3, outputMode: 'multiHot' }],
  LSTM: [{ units: 3 }, { units: 3, returnState: true, stateful: true, unroll: true, recurrentRegularizer: 'l2' }],
  LSTMCell: [{ units: 3, unitForgetBias: false }],
  RNN: [
    { cell: new LSTMCell({ units: 3 }) },
    {
      cell: new StackedRNNCells({ cells: [new LSTMCell({ units: 3 }), new GRUCell({ units: 2 })] }),
      returnSequences: true,
    },
  ],
  SimpleRNN: [{ units: 3 }, { units: 3, activation: 'relu', recurrentInitializer: 'identity' }],
  SimpleRNNCell: [{ units: 3 }],
  StackedRNNCells: [{ cells: [new SimpleRNNCell({ units: 3 }), new GRUCell({ units: 2 })] }],
  TextVectorization: [{}, { maxTokens: 9, ngrams: 2, split: 'character', outputMode: 'count', vocabulary: ['a', 'b'] }],
  SpectralNormalization: [{ layer: new Dense({ units: 2 }) }, { layer: new Dense({ units: 2 }), powerIterations: 3 }],
  TimeDistributed: [{ layer: new Dense({ units: 2 }) }],
  Resizing: [{ height: 4, width: 3, antialias: true, padToAspectRatio: true }],
  CenterCrop: [{ height: 4, width: 3 }],
  RandomCrop: [{ height: 4, width: 3, seed: 3 }],
  RandomFlip: [{}, { mode: 'horizontal', seed: 3, dataFormat: 'channelsFirst' }],
  RandomRotation: [{ factor: 0.25, fillMode: 'wrap' }],
  RandomTranslation: [{ heightFactor: 0.25, widthFactor: [-0.5, 0], interpolation: 'nearest' }],
  RandomZoom: [
    { heightFactor: 0.25 },
    { heightFactor: [0, 0.5], widthFactor: 0.5, fillMode: 'constant', fillValue: 2 },
  ],
  RandomShear: [{ xFactor: [0.25, 0.5], yFactor: [0, 0.25] }],
  RandomBrightness: [{ factor: 0.25, valueRange: [0, 1] }],
  RandomContrast: [{ factor: 0.25 }],
  RandomHue: [{ factor: 0.25 }],
  RandomSaturation: [{ factor: [0.25, 0.75] }],
  RandomColorDegeneration: [{ factor: 0.25 }],
  RandomSharpness: [{ factor: 0.25 }],
  RandomPosterization: [{ factor: 4 }],
  RandomColorJitter: [{}, { hueFactor: 0.25, contrastFactor: [0.25, 0.5] }],
  MultiHeadAttention: [
    { numHeads: 2, keyDim: 4, valueDim: 4 },
    { numHeads: 2, keyDim: 4, valueDim: 3, dropout: 0.5, outputShape: [6] },
  ],
  GroupQueryAttention: [{ headDim: 4, numQueryHeads: 4, numKeyValueHeads: 2 }],
  ReversibleEmbedding: [
    { inputDim: 5, outputDim: 3 },
    { inputDim: 5, outputDim: 3, tieWeights: false },
  ],
  Permute: [{ dims: [2, 1] }],
  Pipeline: [{ layers: [new Rescaling({ scale: 2 }), new RandomFlip({ seed: 3 })] }],
  RepeatVector: [{ n: 3 }],
  Rescaling: [{ scale: 2, offset: -1 }],
  Reshape: [{ targetShape: [2, -1] }],
  Constant: [{ value: 2 }],
  VarianceScaling: [{ scale: 2, mode: 'fanAvg', distribution: 'uniform' }],
  Adam: [{}, { learningRate: 1, amsgrad: true, clipnorm: 1, useEma: true }],
  SGD: [{}, { momentum: 1, nesterov: true, gradientAccumulationSteps: 2 }],
  ExponentialDecay: [{ initialLearningRate: 1, decaySteps: 10, decayRate: 0.5, staircase: true }],
  InverseTimeDecay: [{ initialLearningRate: 1, decaySteps: 10, decayRate: 0.5 }],
  PolynomialDecay: [{ initialLearningRate: 1, decaySteps: 10 }],
  CosineDecay: [{ initialLearningRate: 0, decaySteps: 10, warmupTarget: 1, warmupSteps: 5 }],
  CosineDecayRestarts: [{ initialLearningRate: 1, firstDecaySteps: 10 }],
  PiecewiseConstantDecay: [{ boundaries: [1, 2], values: [1, 0.5, 0.25] }],
  CategoricalCrossentropy: [{}, { fromLogits: true, labelSmoothing: 0.5 }],
  AUC: [{}, { curve: 'PR', summationMethod: 'minoring', numThresholds: 50 }],
  IoU: [{ numClasses: 3, targetClassIds: [0, 2] }],
  MeanIoU: [{ numClasses: 3 }],
  OneHotIoU: [{ numClasses: 3, targetClassIds: [0, 2] }],
  OneHotMeanIoU: [{ numClasses: 3 }],
  PrecisionAtRecall: [{ recall: 0.5 }],
  RecallAtPrecision: [{ precision: 0.5 }],
  SensitivityAtSpecificity: [{ specificity: 0.5 }],
  SpecificityAtSensitivity: [{ sensitivity: 0.5 }],
}

/** Classes of keras-hub, which real Keras alone cannot read: their files are compared in the fixtures of attention. */
const ofHub = new Set([
  'AlibiBias',
  'Perplexity',
  'PositionEmbedding',
  'RotaryEmbedding',
  'SinePositionEncoding',
  'TokenAndPositionEmbedding',
  'TransformerDecoder',
  'TransformerEncoder',
])

/** Keras runs these with TensorFlow alone, so they have a folder of their own. */
const onTensorFlow = new Set(['StringLookup', 'IntegerLookup', 'Hashing', 'TextVectorization'])

const topics = {
  constraints: constraintFamily,
  initializers: initializerFamily,
  layers: layerFamily,
  losses: lossFamily,
  metrics: statisticFamily,
  optimizers: optimizerFamily,
  regularizers: regularizerFamily,
  schedules: scheduleFamily,
} as unknown as Readonly<Record<string, Family<Part>>>

/** The text of each file: a list of `{name, object}`. */
export function oursByTopic(): ReadonlyMap<string, string> {
  const parts = Object.entries(topics).map(([topic, family]) => [topic, textOf(family, false)] as const)
  // Keras's lookups have the element type that is configured, whatever they are told.
  const lookups = inFloat64(() => textOf(topics.layers!, true))
  return new Map([...parts, ['models', modelsText()], ['tensorflow/lookups', lookups]])
}

function textOf(family: Family<Part>, tensorFlow: boolean): string {
  // A module's names are in order for some loaders and not for others.
  const named = Object.values(family.classes).map((type) => [type.className ?? type.name, type] as const)
  named.sort(([a], [b]) => (a < b ? -1 : 1))
  const entries = named.flatMap(([name, type]) => {
    if (ofHub.has(name) || onTensorFlow.has(name) !== tensorFlow) return []
    return (options[name] ?? [{}]).map((given, i) =>
      stringify({ name: i === 0 ? name : `${name} ${i}`, object: serialize(construct(type, given)) }),
    )
  })
  return listed(entries)
}

/** The models of the fixtures: out of Keras's JSON, and written again. */
function modelsText(): string {
  return listed(['mlp', 'graphs', 'calls', 'models', 'picture_models', 'recurrent_models'].flatMap(modelsOf))
}

function modelsOf(fixture: string): string[] {
  const text = readFileSync(new URL(`../${fixture}.json`, folder), 'utf8')
  const { cases } = JSON.parse(text) as { cases: { name: string; model: unknown }[] }
  // The fixtures are float64; a stack's own dtype is the default, in Keras as here.
  return inFloat64(() =>
    cases.map(({ name, model }) => stringify({ name, fixture, object: modelFromConfig(model).toConfig() })),
  )
}

function inFloat64<Result>(write: () => Result): Result {
  const before = config.floatx()
  config.setFloatx('float64')
  try {
    return write()
  } finally {
    config.setFloatx(before)
  }
}

function listed(entries: readonly string[]): string {
  return `[\n${entries.join(',\n')}\n]\n`
}

/** Where the files are. */
export const folder: URL = new URL('../../__test__/fixtures/ours/', import.meta.url)

if (process.argv[1] && import.meta.url.endsWith(process.argv[1].split('/').at(-1)!)) {
  mkdirSync(new URL('tensorflow/', folder), { recursive: true })
  for (const [topic, text] of oursByTopic()) writeFileSync(new URL(`${topic}.json`, folder), text)
}
