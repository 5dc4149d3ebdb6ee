/** Extreme numbers through everything that has a table: finite in, finite out, or an error with a code. */
import {
  config,
  FerrogradError,
  grad,
  jit,
  type Model,
  ops,
  Sequential,
  type Tensor,
  tensor,
  variable,
} from 'ferrograd'
import { Dense, Flatten, type Layer } from 'ferrograd/layers'
import type { Loss } from 'ferrograd/losses'
import type { Optimizer } from 'ferrograd/optimizers'
import { afterEach, describe, expect, test } from 'vitest'
import {
  adapted,
  common,
  type Example,
  extremes,
  type Fed,
  type Float,
  fed,
  finite,
  inputsOf,
  layers,
  losses,
  metrics,
  mulberry,
  numbers,
  optimizers,
  ordinary,
  places,
  stateOf,
  withAt,
} from './extremes.js'

/** Random models: some in `npm test`, as many as `FERROGRAD_ADVERSARY` says in a long run. */
const ROUNDS = Number(process.env.FERROGRAD_ADVERSARY ?? 60)
const SEED = Number(process.env.FERROGRAD_SEED ?? 1)

afterEach(() => config.setFloatx('float32'))

type Place = (typeof places)[number]
const largest = 3.4e38
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)
const x = (shape: readonly number[], dtype: Float, value: number, at: Place): Tensor =>
  tensor(withAt(numbers(sizeOf(shape)), Math.fround(value), at), shape, dtype)

/** What is wrong in results in float32, by the same in float64: no number where there is one, or quite another. */
function compared(what: string, single: ArrayLike<number>, double: ArrayLike<number>, exact: boolean): string[] {
  const size = Math.max(...Array.from(double, Math.abs))
  for (let i = 0; i < double.length; i += 1) {
    const [got, wanted] = [single[i]!, double[i]!]
    if (Number.isNaN(wanted)) return [`${what}: NaN in float64`]
    if (Math.abs(wanted) < largest && !Number.isFinite(got)) return [`${what}: ${got} for ${wanted}`]
    if (exact && size < largest && Math.abs(got - wanted) > 2e-2 * size + 1e-30)
      return [`${what}: ${got} instead of ${wanted}`]
  }
  return []
}

/** Compares `of` in both float types for each number at each place; what is smaller than normal counts as 0 in float32. */
function problems(
  values: readonly number[],
  of: (dtype: Float, value: number, at: Place) => readonly ArrayLike<number>[],
): string[] {
  return values.flatMap((value) =>
    places.flatMap((at) => {
      const [single, double] = [of('float32', value, at), of('float64', value, at)]
      const exact = (i: number): boolean => i === 0 && (value === 0 || Math.abs(value) > 1e-37)
      return single.flatMap((one, i) =>
        compared(`${value} ${at} ${i === 0 ? 'result' : 'gradient'}`, one, double[i]!, exact(i)),
      )
    }),
  )
}

const titled = <T>(examples: readonly Example<T>[]): [string, Example<T>][] => examples.map((one) => [one.title, one])

/** The outputs of a layer, and their gradient by the first input. */
function run(example: Example<Layer>, inputs: Fed, dtype: Float, value: number, at: Place): Float64Array[] {
  config.setFloatx(dtype)
  config.setSeed(1)
  const layer = adapted(example.make({ dtype }))
  const rest = inputs.shapes.slice(1).map((shape) => ordinary(shape, dtype))
  const total = (one: Tensor): Tensor => {
    const outputs = layer.applyMany(fed([one, ...rest]), { training: true })
    return outputs
      .map((y) => ops.sum(ops.multiply(ops.cast(y, dtype), ordinary(y.shape, dtype))))
      .reduce((a, b) => ops.add(a, b))
  }
  const given = x(inputs.shapes[0]!, dtype, value, at)
  const outputs = layer.applyMany(fed([given, ...rest])).flatMap((y) => [...y.dataSync()])
  return [Float64Array.from(outputs), Float64Array.from(grad(total)(given).dataSync())]
}

/** Their scores are products of the input with itself, which are infinite in float32 where the result is not. */
const squares = /^Transformer|Spectrogram/

describe('layers', () => {
  test.each(titled(layers))('%s', (title, example) => {
    const inputs = inputsOf(example)
    if (inputs === undefined || inputs.ids) return
    const values = squares.test(title) ? finite.filter((value) => Math.abs(value) < 1e18) : finite
    expect(problems(values, (...given) => run(example, inputs, ...given))).toEqual([])
  })
})

/** What no layer takes, or not all of them; some are built by one of these before they meet the next. */
const strange: readonly unknown[] = [
  undefined,
  null,
  3,
  'a',
  [],
  {},
  { a: undefined },
  [ordinary([2, 2], 'float32')],
  [ordinary([2, 2], 'float32'), ordinary([2, 2], 'float32')],
  [[ordinary([2, 2], 'float32')], ordinary([2, 2], 'float32')],
  { a: ordinary([2, 2], 'float32') },
  { a: { b: ordinary([2, 2], 'float32') } },
  [ordinary([2, 2], 'float32'), 'a'],
  () => 1,
]

/** Calls of a layer with strange inputs that end in an error without a code. */
function withoutCode(example: Example<Layer>, how: 'apply' | 'call'): string[] {
  const layer = example.make({ dtype: 'float32' })
  return strange.flatMap((inputs, i) => {
    try {
      ;(layer[how] as (x: unknown) => unknown).call(layer, inputs)
      return []
    } catch (error) {
      return error instanceof FerrogradError ? [] : [`${i}: ${error}`]
    }
  })
}

describe('inputs that no layer takes', () => {
  test.each(titled(layers))('%s', (_, example) => {
    expect(withoutCode(example, 'apply')).toEqual([])
    expect(withoutCode(example, 'call')).toEqual([])
  })
})

const hot = [1, 0, 0, 0, 0, 1, 0, 0]
const sparse = /^Sparse|^CategoricalGeneralized|^Perplexity/
const targetsOf = (title: string, dtype: Float): Tensor => {
  if (sequences.test(title)) return tensor([[2, 0]], [1, 2], 'int32')
  return sparse.test(title) ? tensor(Int32Array.of(1, 2)) : tensor(hot, [2, 4], dtype)
}

/** One sequence of two steps. */
const sequences = /^CTC/

/** Of numbers below 0 there is no logarithm and no root; a root rises without bound at 0. */
const positive = /^Poisson|^CategoricalGeneralized/
const predictions = (title: string, dtype: Float, value: number, at: Place): Tensor => {
  const p = x([2, 4], dtype, value, at)
  if (sequences.test(title)) return ops.reshape(p, [1, 2, 4])
  return positive.test(title) ? ops.maximum(ops.abs(p), 1e-20) : p
}

describe('losses', () => {
  test.each(titled(losses))('%s', (title, example) => {
    const of = (dtype: Float, value: number, at: Place): Float64Array[] => {
      const [y, loss, p] = [targetsOf(title, dtype), example.make({ dtype }), predictions(title, dtype, value, at)]
      const value_ = loss.apply(y, p).dataSync()
      return [Float64Array.from(value_), Float64Array.from(grad((z) => loss.apply(y, z))(p).dataSync())]
    }
    expect(problems([...finite, 1], of)).toEqual([])
  })
})

describe('metrics', () => {
  test.each(titled(metrics))('%s', (title, example) => {
    const of = (dtype: Float, value: number, at: Place): Float64Array[] => {
      config.setFloatx(dtype)
      const metric = example.make()
      metric.update(targetsOf(title, dtype), predictions(title, dtype, value, at))
      return [Float64Array.from(metric.result().dataSync())]
    }
    expect(problems([...finite, 1], of)).toEqual([])
  })
})

/** What must hold of state after a call: as before where it failed, numbers where it did not. */
async function held(
  what: string,
  variables: () => Parameters<typeof stateOf>[0],
  call: () => unknown,
): Promise<string[]> {
  const before = stateOf(variables())
  const were = variables().map((one) => Array.from(one.dataSync(), Number.isFinite))
  try {
    await call()
  } catch (error) {
    const after = stateOf(variables())
    const changed = after.filter((text, i) => text !== before[i])
    if (changed.length > 0) return [`${what}: changed in spite of ${error}: ${changed}`]
    return error instanceof FerrogradError ? [] : [`${what}: ${error}`]
  }
  const spoilt = variables().filter((one, i) =>
    Array.from(one.dataSync()).some((value, j) => were[i]?.[j] !== false && !Number.isFinite(value)),
  )
  return spoilt.map((one) => `${what}: ${one.name} holds ${Array.from(one.dataSync()).join(' ').slice(0, 80)}`)
}

describe('optimizers', () => {
  const rates = [1e-3, 1, 1e6]
  const options = [{}, ...common]
  /** Each optimizer alone, and with two of the options that all have: over all of them, each of those often. */
  const some = (index: number): object[] => [
    {},
    options[1 + (index % common.length)]!,
    options[1 + ((index + 3) % common.length)]!,
  ]

  test.each(titled(optimizers))('%s, compiled and called', async (_, example) => {
    const found: string[] = []
    const index = optimizers.indexOf(example)
    for (const dtype of ['float32', 'float64'] as const) {
      config.setFloatx(dtype)
      for (const [i, more] of (dtype === 'float32' ? some(index) : [{}]).entries()) {
        // A compiled step for each optimizer, and one after the other through all that is extreme.
        const learningRate = rates[(i + index) % rates.length]!
        const optimizer = example.make({ ...more, learningRate }) as Optimizer
        const weight = variable(tensor(numbers(4), [2, 2], dtype), { name: 'w', dtype })
        optimizer.build([weight])
        const step = jit((g: Tensor) => optimizer.apply([g], [weight]))
        const apply = (g: Tensor): unknown => {
          optimizer.apply([g], [weight])
          return weight.dataSync()
        }
        const state = (): Parameters<typeof stateOf>[0] => [weight, ...optimizer.variables]
        const huge = dtype === 'float64' ? 1e300 : 3e38
        for (const value of [...extremes, huge, -huge]) {
          const at = places[Math.abs(Math.round(value * 7 + i)) % 4] ?? 'first'
          const g = tensor(withAt(numbers(4), value, at), [2, 2], dtype)
          const what = `${dtype} ${JSON.stringify(more)} rate ${learningRate} gradient ${value} ${at}`
          found.push(...(await held(`${what} compiled`, state, () => step(g))))
          found.push(...(await held(`${what} called`, state, () => apply(g))))
        }
        for (const value of [huge, -huge, 0]) {
          weight.assign(tensor(withAt(numbers(4), value, 'half'), [2, 2], dtype))
          const g = tensor(numbers(4), [2, 2], dtype)
          found.push(
            ...(await held(`${dtype} ${JSON.stringify(more)} rate ${learningRate} weight ${value}`, state, () =>
              step(g),
            )),
          )
        }
      }
    }
    expect(found).toEqual([])
  })
})

/** A stack of layers that each take what the one before gives, with weights of their own, and a loss that takes the last. */
describe('random models', () => {
  const stackable = layers.filter(
    (one) => !/Lookup|InputLayer|CategoryEncoding|Embedding|Discretization/.test(one.title),
  )

  test(`${ROUNDS} of them`, async () => {
    const found: string[] = []
    for (let round = 0; round < ROUNDS && found.length < 20; round += 1)
      found.push(...(await attack(SEED * 100_003 + round)))
    expect(found).toEqual([])
  }, 3_600_000)

  async function attack(seed: number): Promise<string[]> {
    const random = mulberry(seed)
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
    config.setSeed(seed)
    const dtype = pick(['float32', 'float32', 'float64'] as const)
    config.setFloatx(dtype)
    const [loss, optimizer] = [pick(losses.filter((one) => !sequences.test(one.title))), pick(optimizers)]
    const made = stack([pick(stackable), pick(stackable)], loss.make() as Loss)
    const metric = pick(
      metrics.filter(
        (one) => sparse.test(one.title) === sparse.test(loss.title) && !/IoU|R2|Pearson|Concordance/.test(one.title),
      ),
    )
    const settings = { learningRate: pick([1e-3, 1, 1e3, 1e6]), ...pick([{}, {}, ...common]) }
    made.compile({
      optimizer: optimizer.make(settings) as Optimizer,
      loss: loss.make() as Loss,
      metrics: [metric.make()],
    })
    const y = sparse.test(loss.title) ? Int32Array.of(1, 2) : tensor(hot, [2, 4], dtype)
    const title = `seed ${seed} ${dtype} ${made.layers.map((one) => one.className).join(' ')}, ${loss.title}, ${optimizer.title} ${JSON.stringify(settings)}`
    const state = (): Parameters<typeof stateOf>[0] => [...made.weights, ...made.optimizer.variables]
    made.optimizer.build(made.trainableVariables)
    const plain = ordinary([2, 4], dtype)
    const found = await held(`${title} at first`, state, () => made.trainOnBatch(plain, y))
    for (let turn = 0; turn < 4; turn += 1) {
      const [value, at, where] = [pick([...extremes, 3e38]), pick(places), pick(['x', 'y', 'weight', 'sampleWeight'])]
      const what = `${title}: ${value} ${at} in ${where}`
      if (where === 'weight') spoil(pick(made.weights), value, at)
      found.push(...(await held(what, state, () => strike(made, { value, at, where, plain, y, dtype, pick }))))
    }
    return found.slice(0, 2)
  }

  interface Blow {
    readonly value: number
    readonly at: Place
    readonly where: string
    readonly plain: Tensor
    readonly y: Tensor | Int32Array
    readonly dtype: Float
    pick<T>(list: readonly T[]): T
  }

  /** One step of training on a batch, by either way, with an extreme number somewhere. */
  async function strike(model: Model, { value, at, where, plain, y, dtype, pick }: Blow): Promise<void> {
    const bad = tensor(withAt(numbers(8), value, at), [2, 4], dtype)
    const targets = where === 'y' && !(y instanceof Int32Array) ? bad : y
    const sampleWeight = where === 'sampleWeight' ? tensor([Math.abs(value), 1], [2], dtype) : undefined
    const inputs = where === 'x' ? bad : plain
    const weighted = sampleWeight === undefined ? {} : { sampleWeight }
    if (pick([true, false])) await model.trainOnBatch(inputs, targets, weighted)
    else await model.fit(inputs, targets, { verbose: 0, ...weighted })
  }

  function spoil(weight: Model['weights'][number], value: number, at: Place): void {
    if (!weight.dtype.startsWith('float') || !Number.isFinite(value)) return
    weight.assign(tensor(withAt(Array.from(weight.dataSync()), value, at), weight.shape, weight.dtype))
  }

  /** `Dense`, then what was picked as far as it fits, `Flatten`, `Dense`, and a softmax or sigmoid where the loss wants one. */
  function stack(picked: readonly Example<Layer>[], loss: Loss): Model {
    const makers = [(): Layer => new Dense({ units: 4, inputShape: [4] })]
    for (const example of picked) {
      const more = [...makers, () => adapted(example.make())]
      try {
        if (new Sequential(more.map((make) => make())).applyMany(ordinary([2, 4], 'float32'))[0]!.rank > 1)
          makers.push(more.at(-1)!)
      } catch {
        // It does not take what comes before.
      }
    }
    const activation = /Entropy|entropy|KL|Focal/.test(loss.className) ? 'softmax' : 'linear'
    return new Sequential([...makers.map((make) => make()), new Flatten(), new Dense({ units: 4, activation })])
  }
})
