/** Random tensors: each number is a function of (seed, step, element), at any thread count. */

import { floatx, nextSeed, withNextSeed } from './config.js'
import type { State, Stateful } from './core/state.js'
import { type Tensor, tensor } from './core/tensor.js'
import { untraced } from './core/trace.js'
import { currentTrace } from './core/trace-stack.js'
import { type Variable, variable } from './core/variable.js'
import { fail } from './errors.js'
import * as raw from './generated/ops.js'
import {
  add,
  where as choose,
  divide,
  exp,
  greater,
  less,
  log,
  logicalAnd,
  maximum,
  multiply,
  negative,
  power,
  rsqrt,
  sigmoid,
  square,
  subtract,
} from './ops/elementwise.js'
import { cast, checkLengths, type Operand, toFloat, toTensor } from './ops/operand.js'
import { opOptions } from './ops/options.js'
import { argmax, argsort } from './ops/reduce.js'
import { broadcastTo, take } from './ops/shape.js'
import type { Named, SettledOf } from './options/fields.js'
import type { FunctionOptions } from './options/reader.js'
import type { Shape } from './types.js'

/** Bits of a word. */
const WORD = 0x1_0000_0000

/** What the state grows by at each draw: its last number counts them. */
const ONE_DRAW = Int32Array.of(0, 0, 1)

/** A state of which nothing has been drawn: the seed's low and high 32 bits, then the number of draws. */
function fresh(seed: number): Tensor {
  return tensor(Int32Array.of((seed % WORD) | 0, Math.floor(seed / WORD), 0))
}

/**
 * A stream of random numbers whose seed and position are a variable, so that it goes on exactly where a checkpoint left it.
 *
 * @example
 * import { random } from 'ferrograd'
 *
 * const seed = new random.SeedGenerator(7)
 * const first = random.normal([2, 3], { seed })
 * const second = random.normal([2, 3], { seed }) // other numbers
 */
export class SeedGenerator implements Stateful {
  /** The low and the high 32 bits of the seed, and how many draws there were. */
  readonly state: Variable

  constructor(seed: number = nextSeed()) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      fail('ERR_CONFIG', 'SeedGenerator seed', 'an integer from 0 to 2⁵³', seed)
    }
    this.state = untraced(() => variable(fresh(seed), { name: 'seed_generator_state', trainable: false }))
  }

  /** The seed, an integer from 0 to 2⁵³. */
  get seed(): number {
    const [low = 0, high = 0] = this.state.dataSync()
    return (low >>> 0) + high * WORD
  }

  /** Where the stream is: the seed in two halves, and how many draws there were. */
  getState(): State {
    return [...this.state.dataSync()]
  }

  /** Goes on from what {@link getState} gave. */
  setState(state: State): void {
    const isPlace = Array.isArray(state) && state.length === 3 && state.every(Number.isInteger)
    if (!isPlace) fail('ERR_FORMAT', 'SeedGenerator.setState', 'what getState gave', state)
    this.state.set(Int32Array.from(state as readonly number[]))
  }

  /** The state of this draw; that of the next one is another. */
  next(): Tensor {
    return this.use((state) => state)
  }

  /** What `draw` makes of such a state; where that throws, nothing was drawn. */
  use(draw: (state: Tensor) => Tensor): Tensor {
    const state = this.state.read()
    const made = draw(state)
    this.state.assign(add(state, tensor(ONE_DRAW)))
    return made
  }
}

const seedFields = {
  /**
   * A generator goes on from draw to draw; a number draws the same each time. A stream of its own, from the config's
   * seed, unless given.
   */
  seed: { type: 'drawSeed', default: null },
} as const
const typeFields = {
  /** The element type; the configured float type unless given. */
  dtype: { type: 'dtype', default: null },
} as const
const drawFields: typeof seedFields & typeof typeFields = { ...seedFields, ...typeFields }

/** What every draw takes. */
export interface RandomOptions extends FunctionOptions<typeof drawFields>, Named {}

/** What a draw of integers takes. */
export interface SeedOptions extends FunctionOptions<typeof seedFields>, Named {}

const rangeFields = {
  /** The least. Default 0. */
  minval: { type: 'number', default: 0 },
  /** What all are below. Default 1. */
  maxval: { type: 'number', default: 1 },
} as const
const uniformFields: typeof drawFields & typeof rangeFields = { ...drawFields, ...rangeFields }

/** Options of {@link uniform}. */
export interface UniformOptions extends FunctionOptions<typeof uniformFields>, Named {}

const momentFields = {
  /** The mean. Default 0. */
  mean: { type: 'number', default: 0 },
  /** The standard deviation. Default 1. */
  stddev: { type: 'number', default: 1 },
} as const
const normalFields: typeof drawFields & typeof momentFields = { ...drawFields, ...momentFields }

/** Options of {@link normal} and {@link truncatedNormal}. */
export interface NormalOptions extends FunctionOptions<typeof normalFields>, Named {}

const anyTypeFields = {
  /** The element type; the configured float type unless given. */
  dtype: { type: 'elementType', default: null },
} as const
const bernoulliFields: typeof seedFields & typeof anyTypeFields = { ...seedFields, ...anyTypeFields }

/** Options of {@link bernoulli}. */
export interface BernoulliOptions extends FunctionOptions<typeof bernoulliFields>, Named {}

/** Where a draw begins. */
export type Seed = SeedGenerator | number

/** The random operation: one stream serves all, which its state tells apart. */
const stream = 0

/** What is drawn by `draw` of a state. What is refused moves no stream on. */
function drawn(where: string, shape: Shape, seed: Seed | undefined, draw: (state: Tensor) => Tensor): Tensor {
  checkLengths(`${where} shape`, shape)
  if (seed instanceof SeedGenerator) return seed.use(draw)
  if (seed !== undefined) return draw(fresh(checkedSeed(seed)))
  // A traced function runs again and again: its draws need a position that moves on.
  return withNextSeed((own) => (currentTrace() === undefined ? draw(fresh(own)) : new SeedGenerator(own).use(draw)))
}

function checkedSeed(seed: unknown): number {
  if (Number.isSafeInteger(seed) && (seed as number) >= 0) return seed as number
  return fail('ERR_CONFIG', 'random seed', 'a SeedGenerator, or an integer from 0 to 2⁵³', seed)
}

const readUniform = opOptions('random.uniform', uniformFields)
/** Uniform in `[minval, maxval)`. */
export function uniform(shape: Shape, options?: UniformOptions): Tensor {
  const { minval, maxval, dtype = floatx(), seed } = readUniform(options)
  const unit = drawn('random.uniform', shape, seed, (state) => raw.randomUniform(state, { stream, shape, dtype }))
  return minval === 0 && maxval === 1 ? unit : add(multiply(unit, maxval - minval), minval)
}

const readNormal = opOptions('random.normal', normalFields)
/** Normal with a mean and a standard deviation. */
export function normal(shape: Shape, options?: NormalOptions): Tensor {
  const { mean, stddev, dtype = floatx(), seed } = readNormal(options)
  const unit = drawn('random.normal', shape, seed, (state) => raw.randomNormal(state, { stream, shape, dtype }))
  return add(multiply(unit, stddev), mean)
}

const readTruncated = opOptions('random.truncatedNormal', normalFields)
/** Normal, drawn anew where it is more than two standard deviations from the mean. */
export function truncatedNormal(shape: Shape, options?: NormalOptions): Tensor {
  const { mean, stddev, dtype = floatx(), seed } = readTruncated(options)
  const unit = drawn('random.truncatedNormal', shape, seed, (state) =>
    raw.randomTruncatedNormal(state, { stream, shape, dtype }),
  )
  return add(multiply(unit, stddev), mean)
}

const readBernoulli = opOptions('random.bernoulli', bernoulliFields)
/** 1 with a probability, else 0. */
export function bernoulli(shape: Shape, probability: number, options?: BernoulliOptions): Tensor {
  const { dtype = floatx(), seed } = readBernoulli(options)
  checkNumber('random.bernoulli probability', probability)
  const made = dtype === 'int32' ? 'bool' : dtype
  return drawn('random.bernoulli', shape, seed, (state) =>
    cast(raw.randomBernoulli(state, { stream, shape, dtype: made, probability }), dtype),
  )
}

const readMask = opOptions('random.dropoutMask', drawFields)
/** `1 / keep` with probability `keep`, else 0: what dropout multiplies by. */
export function dropoutMask(shape: Shape, keep: number, options?: RandomOptions): Tensor {
  const { dtype = floatx(), seed } = readMask(options)
  checkNumber('random.dropoutMask keep', keep)
  return drawn('random.dropoutMask', shape, seed, (state) => raw.randomDropout(state, { stream, shape, dtype, keep }))
}

const readIntegers = opOptions('random.randint', seedFields)
/** Integers from `minval` to below `maxval`, as `int32`. */
export function randint(shape: Shape, minval: number, maxval: number, options?: SeedOptions): Tensor {
  const { seed } = readIntegers(options)
  checkNumber('random.randint minval', minval)
  checkNumber('random.randint maxval', maxval)
  return drawn('random.randint', shape, seed, (state) =>
    raw.randomIntegers(state, { stream, shape, dtype: 'int32', low: minval, high: maxval }),
  )
}

const readCategorical = opOptions('random.categorical', seedFields)
/** One index a row, drawn with the probabilities that `logits` (rows, classes) stand for (Gumbel's trick); `int32`. */
export function categorical(logits: Operand, options?: SeedOptions): Tensor {
  const x = toFloat(logits)
  const { shape } = x
  return drawn('random.categorical', shape, readCategorical(options).seed, (state) => {
    const open = raw.randomUniformOpen(state, { stream, shape, dtype: x.dtype })
    return argmax(subtract(x, log(negative(log(open)))), { axis: -1 })
  })
}

const readShuffle = opOptions('random.shuffle', seedFields)
/** The rows in random order. */
export function shuffle(x: Operand, options?: SeedOptions): Tensor {
  const t = toTensor(x)
  const { seed } = readShuffle(options)
  if (t.rank === 0) fail('ERR_SHAPE', 'random.shuffle', 'rows', t.shape)
  const order = argsort(uniform([t.shape[0]!], { dtype: 'float64', seed }))
  return take(t, order, { axis: 0 })
}

const readGamma = opOptions('random.gamma', drawFields)
const readBeta = opOptions('random.beta', drawFields)

/** How often a gamma variate may be refused in a row: the chance that all are is below 10⁻¹⁰. */
const ROUNDS = 8

/**
 * Gamma variates of shape parameter `alpha` and scale 1, density `x^(α−1) e^(−x) / Γ(α)` (Marsaglia and Tsang, 2000).
 *
 * Errors: ERR_CONFIG for an alpha that is not above 0.
 *
 * @see keras.random.gamma
 */
export function gamma(shape: Shape, alpha: Operand, options?: RandomOptions): Tensor {
  return exp(logGamma('random.gamma', shape, checkedAlpha('random.gamma', shape, alpha), readGamma(options)))
}

/**
 * Beta variates, density in proportion to `x^(α−1) (1 − x)^(β−1)` on (0, 1).
 *
 * Errors: ERR_CONFIG for an alpha or a beta that is not above 0.
 *
 * @see keras.random.beta
 */
export function beta(shape: Shape, alpha: Operand, beta: Operand, options?: RandomOptions): Tensor {
  const where = 'random.beta'
  const { dtype, seed: given } = readBeta(options)
  const alphas = [alpha, beta].map((one) => checkedAlpha(where, shape, one))
  // Of one stream: two of the same seed would be the same.
  const seed = typeof given === 'number' ? new SeedGenerator(given) : given
  const [a, b] = alphas.map((one) => logGamma(where, shape, one, { dtype, seed }))
  return sigmoid(subtract(a!, b!))
}

/** One for each variate, before anything is drawn. */
function checkedAlpha(where: string, shape: Shape, alpha: Operand): Tensor {
  if (typeof alpha === 'number' && !(alpha > 0 && alpha < Infinity))
    fail('ERR_CONFIG', `${where} alpha`, 'a number above 0', alpha)
  checkLengths(`${where} shape`, shape)
  const all = toFloat(alpha)
  return all.rank === 0 ? all : broadcastTo(all, shape)
}

function checkNumber(where: string, value: unknown): void {
  if (typeof value !== 'number') fail('ERR_CONFIG', where, 'a number', value)
}

type Draw = SettledOf<typeof drawFields>

/** Logarithms of gamma variates: those of small alphas are too small themselves. */
function logGamma(where: string, shape: Shape, alpha: Tensor, { dtype = floatx(), seed }: Draw): Tensor {
  const own = seed instanceof SeedGenerator || seed === undefined ? seed : new SeedGenerator(checkedSeed(seed))
  const a = cast(alpha, dtype)
  // Those of alpha + 1 are never refused often; a power of a uniform one brings them to alpha.
  const d = add(a, 2 / 3)
  const c = rsqrt(multiply(d, 9))
  const open = (): Tensor => drawn(where, shape, own, (state) => raw.randomUniformOpen(state, { stream, shape, dtype }))
  let variates: Tensor = d
  for (let round = 0; round < ROUNDS; round += 1) {
    const x = normal(shape, { dtype, seed: own })
    const cube = power(maximum(add(multiply(c, x), 1), 0), 3)
    const bound = add(multiply(square(x), 0.5), multiply(d, add(subtract(1, cube), log(maximum(cube, TINY)))))
    const taken = logicalAnd(greater(cube, 0), less(log(open()), bound))
    variates = choose(taken, multiply(d, cube), variates)
  }
  return add(log(variates), divide(log(open()), a))
}

/** Above 0 in float32. */
const TINY = 1e-30
