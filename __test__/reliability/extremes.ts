/** Examples of all that has a table, and numbers at the ends of floats, for the adversary. */
import { config, type Tensor, tensor, type Variable } from 'ferrograd'
import { Dense, GRU, GRUCell, Layer, Rescaling } from 'ferrograd/layers'
import type { Loss } from 'ferrograd/losses'
import type { Metric } from 'ferrograd/metrics'
import type { Optimizer } from 'ferrograd/optimizers'
import * as activations from '../../ts/activations.js'
import { type ActivationLike, getActivation } from '../../ts/activations.js'
import { layerFamily } from '../../ts/layers/family.js'
import { initialStates, isCell, mapStates } from '../../ts/layers/recurrent/cell.js'
import { lossFamily } from '../../ts/losses/family.js'
import { metricFamily } from '../../ts/metrics/family.js'
import { optimizerFamily } from '../../ts/optimizers/family.js'
import { type Configured, fieldsOf } from '../../ts/options/configured.js'
import type { FieldSpec } from '../../ts/options/fields.js'

/** The names of all activations. */
function activationNames(): string[] {
  const known = (name: string): boolean => {
    try {
      return getActivation(name as ActivationLike) === (activations as Record<string, unknown>)[name]
    } catch {
      return false
    }
  }
  return Object.keys(activations).filter(known)
}

export type Float = 'float32' | 'float64'

/** The smallest numbers, those whose squares are no numbers of float32, and what is none. */
export const finite: readonly number[] = [0, 1e-45, -1e-45, 1e-20, 1e20, -1e20]
export const extremes: readonly number[] = [...finite, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]

/** Random numbers in [0, 1), the same for a seed. */
export function mulberry(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What an option that has no default may be, by its name, else by its type: a new class needs no line here as a rule. */
const named: Readonly<Record<string, unknown>> = {
  activation: 'tanh',
  axes: 1,
  dims: [1],
  equation: 'ab,bc->ac',
  filters: 2,
  inputDim: 5,
  kernelSize: 2,
  n: 2,
  outputShape: 3,
  rate: 0.5,
  sequenceLength: 4,
  targetShape: [-1],
}

/** Layers inside layers, each a new one. */
const inside: Readonly<Partial<Record<FieldSpec['type'], () => unknown>>> = {
  layer: () => new GRU({ units: 2 }),
  cell: () => new GRUCell({ units: 2 }),
  cells: () => [new GRUCell({ units: 2 }), new GRUCell({ units: 3 })],
  layers: () => [new Rescaling({ scale: 0.5 })],
}

function guess(name: string, spec: FieldSpec): unknown {
  const made = inside[spec.type]
  if (made !== undefined) return made()
  if (name in named) return named[name]
  if (spec.type === 'integer') return 3
  if (spec.type === 'perAxis') return 2
  if (spec.type === 'range') return spec.min ?? 0.5
  if (spec.type === 'number' || spec.type === 'numeric' || spec.type === 'nested') return 0.5
  if (spec.type === 'choice') return spec.of?.[0]
  if (spec.type === 'integers') return [0]
  throw new Error(`extremes.ts: say what '${name}' may be`)
}

/** Options for what has no default. */
export function needs(type: Configured): Record<string, unknown> {
  const open = Object.entries(fieldsOf(type)).filter(([, spec]) => !('default' in spec))
  return Object.fromEntries(open.map(([name, spec]) => [name, guess(name, spec)]))
}

/** Options at whose other values a class computes otherwise. */
const otherwise: Readonly<Record<string, readonly object[]>> = {
  Activation: activationNames().map((activation) => ({ activation })),
  BinaryCrossentropy: [{ fromLogits: true }, { labelSmoothing: 0.1 }],
  BinaryFocalCrossentropy: [{ gamma: 0.5 }, { gamma: 0.5, fromLogits: true }, { applyClassBalancing: true }],
  CategoricalCrossentropy: [{ fromLogits: true }, { labelSmoothing: 0.1 }],
  CategoricalFocalCrossentropy: [{ gamma: 0.5 }, { gamma: 0.5, fromLogits: true }],
  Discretization: [{ numBins: 3 }],
  Dot: [{ axes: 1, normalize: true }],
  GroupNormalization: [{ groups: 2 }, { groups: -1 }],
  Perplexity: [{ fromLogits: true }, { maskTokenId: 0 }],
  SparseCategoricalCrossentropy: [{ fromLogits: true }],
  Adam: [{ amsgrad: true }, { epsilon: 0 }, { beta1: 0.999, beta2: 0.1 }],
  AdamW: [{ weightDecay: 1 }],
  RMSprop: [{ centered: true }, { momentum: 0.9 }, { rho: 1 }, { epsilon: 0 }],
  SGD: [{ momentum: 0.9 }, { momentum: 1, nesterov: true }],
  Ftrl: [{ l1RegularizationStrength: 0.1, l2ShrinkageRegularizationStrength: 0.1 }, { initialAccumulatorValue: 0 }],
}

/** Options that every optimizer has. */
export const common: readonly object[] = [
  { weightDecay: 0.1 },
  { clipnorm: 1 },
  { globalClipnorm: 1 },
  { clipvalue: 1 },
  { useEma: true, emaOverwriteFrequency: 2 },
  { gradientAccumulationSteps: 2 },
  { lossScaleFactor: 1e-3 },
]

/** Options of sizes that fit the shapes below. */
const small: Readonly<Record<string, object | (() => object)>> = {
  GroupQueryAttention: { headDim: 2, numQueryHeads: 2, numKeyValueHeads: 1 },
  MelSpectrogram: { fftLength: 4, sequenceStride: 2, numMelBins: 2 },
  MultiHeadAttention: { numHeads: 2, keyDim: 2 },
  RandomErasing: { fillValue: 1 },
  SpectralNormalization: () => ({ layer: new Dense({ units: 3 }) }),
  STFTSpectrogram: { frameLength: 4 },
  TransformerDecoder: { intermediateDim: 2, numHeads: 1 },
  TransformerEncoder: { intermediateDim: 2, numHeads: 1 },
}

/** A class with options that it may be made with. */
export interface Example<T> {
  readonly title: string
  make(options?: object): T
}

function examplesOf<T>(classes: Readonly<Record<string, unknown>>, groups: number): Example<T>[] {
  return Object.values(classes).flatMap((type) => {
    const Class = type as Configured & (new (options: object) => T)
    const special = Class.className === 'GroupNormalization' ? { groups } : (small[Class.className ?? ''] ?? {})
    // Layers inside are made anew for each.
    const own = (): object => (typeof special === 'function' ? special() : special)
    const others = (otherwise[Class.className ?? ''] ?? []).map((options) => () => options)
    // Discretization has to be told one of two options.
    const all = Class.className === 'Discretization' ? others : [() => ({ ...needs(Class), ...own() }), ...others]
    return all.map((options) => ({
      title: `${Class.className} ${JSON.stringify(options(), shown)}`.replace(' {}', ''),
      make: (more: object = {}) => new Class({ ...needs(Class), ...options(), ...more }),
    }))
  })
}

/** Layers by their class. */
function shown(_: string, value: unknown): unknown {
  return value instanceof Layer ? value.className : value
}

export const layers: Example<Layer>[] = examplesOf<Layer>(layerFamily.classes, 2)
export const losses: Example<Loss>[] = examplesOf<Loss>(lossFamily.classes, 2)
export const metrics: Example<Metric>[] = examplesOf<Metric>(metricFamily.classes, 2)
export const optimizers: Example<Optimizer>[] = examplesOf<Optimizer>(optimizerFamily.classes, 2)

/** Shapes of samples, of which a layer takes one. */
const shapes = [[4], [4, 2], [4, 4, 2], [4, 4, 3], [4, 4, 4, 2], [2, 2, 2, 2, 2]]

/** What a layer reads: one input or two, of a shape that it takes; nothing where it takes no numbers. */
export interface Fed {
  readonly shapes: readonly (readonly number[])[]
  readonly ids: boolean
}

/** Calls a layer on its inputs, a cell with states beside them. */
export function called(
  layer: Layer,
  inputs: readonly Tensor[],
  training: boolean,
  stateOf: (shape: readonly number[]) => Tensor = (shape) => ordinary(shape, layer.dtype),
): Tensor[] {
  if (!isCell(layer)) return layer.applyMany(fed(inputs), { training })
  const states = mapStates(initialStates(layer, inputs[0]!.shape), ({ shape }) => stateOf(shape))
  return layer.applyMany(fed(inputs), { training, states })
}

/** Gives the weights of a layer numbers that are the same in both float types; what is no size stays at least ½. */
export function settle(layer: Layer): void {
  for (const [i, weight] of layer.weights.entries()) {
    if (!isFloat(weight)) continue
    const own = numbers(
      weight.shape.reduce((a, b) => a * b, 1),
      i + 1,
    )
    const values = /variance/.test(weight.name) ? own.map((value) => Math.abs(value) + 0.5) : own
    weight.assign(tensor(values, weight.shape, weight.dtype))
  }
}

/** Whether a variable holds floats. */
export function isFloat({ dtype }: Variable): boolean {
  return dtype === 'float32' || dtype === 'float64'
}

/** Those that take no numbers. */
const withoutNumbers = ['HashedCrossing', 'Hashing', 'InputLayer', 'StringLookup', 'TextVectorization']

/** The inputs that a layer takes. */
export function inputsOf(example: Example<Layer>): Fed | undefined {
  const failures: string[] = []
  for (const count of [1, 2])
    for (const shape of shapes) {
      const layer = example.make()
      const kind = layer.inputKind()
      const ids = kind === 'ids'
      if (withoutNumbers.includes(layer.className)) return undefined
      const given = Array.from({ length: count }, () => [2, ...shape])
      try {
        adapted(layer)
        called(
          layer,
          given.map((one) => ordinary(one, 'float32', ids)),
          true,
        )
        return { shapes: given, ids }
      } catch (error) {
        failures.push(String(error))
      }
    }
  throw new Error(`${example.title}: it takes none of the shapes of extremes.ts:\n${failures.join('\n')}`)
}

/** Layers that learn from data before training have done so. */
export function adapted<L extends Layer>(layer: L): L {
  const { adapt } = layer as unknown as { adapt?: (data: unknown) => void }
  if (adapt !== undefined && !withoutNumbers.includes(layer.className))
    adapt.call(
      layer,
      layer.inputKind() === 'ids'
        ? [[1], [2], [3]]
        : [
            [1, 2, 3, 4],
            [2, 4, 5, 9],
          ],
    )
  return layer
}

/** One input alone, several in a list. */
export function fed(inputs: readonly Tensor[]): Tensor | Tensor[] {
  return inputs.length === 1 ? inputs[0]! : [...inputs]
}

/** Numbers of everyday sizes, no two alike; ids from 0 to 2. */
export function ordinary(shape: readonly number[], dtype: Float, ids = false): Tensor {
  const size = shape.reduce((product, length) => product * length, 1)
  if (ids)
    return tensor(
      Int32Array.from({ length: size }, (_, i) => i % 3),
      shape,
    )
  return tensor(numbers(size), shape, dtype)
}

export function numbers(size: number, seed = 1): number[] {
  return Array.from({ length: size }, (_, i) => Math.fround(0.9 * Math.sin(7.1 * (i + seed))))
}

/** The same numbers with others at some places. */
export function withAt(values: readonly number[], value: number, at: 'first' | 'last' | 'all' | 'half'): number[] {
  return values.map((old, i) => {
    const there = at === 'all' || (at === 'first' && i === 0) || (at === 'last' && i === values.length - 1)
    return there || (at === 'half' && i % 2 === 0) ? value : old
  })
}

export const places = ['first', 'last', 'all', 'half'] as const

/** What variables hold, as text that tells NaN and −0 apart. */
export function stateOf(variables: readonly Variable[]): string[] {
  const text = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))
  return variables.map((one) => `${one.name}: ${Array.from(one.dataSync(), text).join(' ')}`)
}

/** Runs `fn` with another float type configured. */
export async function withFloats<R>(dtype: Float, fn: () => R | Promise<R>): Promise<R> {
  const before = config.floatx()
  config.setFloatx(dtype)
  try {
    return await fn()
  } finally {
    config.setFloatx(before)
  }
}
