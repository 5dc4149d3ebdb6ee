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
  type Variable,
  valueAndGrad,
  variable,
} from 'ferrograd'
import { Dense, Flatten, type Layer, Reshape } from 'ferrograd/layers'
import type { Loss } from 'ferrograd/losses'
import type { Optimizer } from 'ferrograd/optimizers'
import { afterEach, describe, expect, test } from 'vitest'
import { isCell } from '../../ts/layers/recurrent/cell.js'
import {
  adapted,
  called,
  common,
  type Example,
  extremes,
  type Fed,
  type Float,
  fed,
  finite,
  inputsOf,
  isFloat,
  layers,
  losses,
  metrics,
  mulberry,
  numbers,
  optimizers,
  ordinary,
  places,
  settle,
  stateOf,
  withAt,
} from './extremes.js'

/** Random models: some in `npm test`, as many as `FERROGRAD_ADVERSARY` says in a long run. */
const ROUNDS = Number(process.env.FERROGRAD_ADVERSARY ?? 60)
const SEED = Number(process.env.FERROGRAD_SEED ?? 1)

afterEach(() => config.setFloatx('float32'))

type Place = (typeof places)[number]
/** Sums of a few numbers below it are in the range of float32. */
const largest = 2 ** 123
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

/** What something gave: numbers that are the same in both float types, and gradients, which need not be. */
interface Given {
  readonly results: readonly ArrayLike<number>[]
  readonly gradients: readonly ArrayLike<number>[]
}

type Of = (dtype: Float, value: number, at: Place) => Given

/** What was given, or the error with a code that was thrown instead. */
function outcome<T>(of: () => T): T | FerrogradError {
  try {
    return of()
  } catch (error) {
    if (error instanceof FerrogradError && error.code !== 'ERR_INTERNAL') return error
    throw error
  }
}

/**
 * Compares `of` in both float types for each number at each place; what is smaller than normal counts as 0 in float32. What
 * float64 holds float32 may refuse, as not finite.
 */
function problems(values: readonly number[], of: Of, at: readonly Place[] = places): string[] {
  return values.flatMap((value) =>
    at.flatMap((place) => {
      const what = `${value} ${place}`
      const single = outcome(() => of('float32', value, place))
      const double = outcome(() => of('float64', value, place))
      if (double instanceof FerrogradError) return single instanceof FerrogradError ? [] : [`${what}: ${double}`]
      if (single instanceof FerrogradError) return single.code === 'ERR_NON_FINITE' ? [] : [`${what}: ${single}`]
      const exact = value === 0 || Math.abs(value) > 1e-37
      return [
        ...single.results.flatMap((one, i) => compared(`${what} result ${i}`, one, double.results[i]!, exact)),
        ...single.gradients.flatMap((one, i) => compared(`${what} gradient ${i}`, one, double.gradients[i]!, false)),
      ]
    }),
  )
}

const titled = <T>(examples: readonly Example<T>[]): [string, Example<T>][] => examples.map((one) => [one.title, one])

/** A layer that has learnt and is built, with the same weights in both float types. */
function madeOf(example: Example<Layer>, { shapes, ids }: Fed, dtype: Float): Layer {
  config.setFloatx(dtype)
  config.setSeed(1)
  const layer = adapted(example.make({ dtype }))
  const first = shapes.map((shape) => ordinary(shape, dtype, ids))
  for (const y of called(layer, first, false)) y.dataSync()
  settle(layer)
  return layer
}

/** Numbers of tensors, one after the other. */
const all = (tensors: readonly Tensor[]): Float64Array => Float64Array.from(tensors.flatMap((y) => [...y.dataSync()]))

/** Normal numbers are others in the other float type. */
const normal = /^Gaussian/

/** Where an extreme number stands. */
interface Where {
  readonly input?: number
  readonly weight?: number
  readonly states?: true
}

/** The outputs of a layer, those in training, and the gradients by its inputs and weights. */
function run(example: Example<Layer>, inputs: Fed, where: Where, ...[dtype, value, at]: Parameters<Of>): Given {
  const layer = madeOf(example, inputs, dtype)
  const struck = where.weight === undefined ? undefined : layer.weights[where.weight]
  if (struck !== undefined) strike(struck, value, at)
  const bad = (shape: readonly number[]): Tensor => x(shape, dtype, value, at)
  const given = inputs.shapes.map((shape, i) => (where.input === i ? bad(shape) : ordinary(shape, dtype, inputs.ids)))
  const stateOf = (shape: readonly number[]): Tensor => (where.states ? bad(shape) : ordinary(shape, dtype))
  const total = (): Tensor =>
    called(layer, given, true, stateOf)
      .map((y) => ops.sum(ops.multiply(ops.cast(y, dtype), ordinary(y.shape, dtype))))
      .reduce((a, b) => ops.add(a, b))
  const calm = all(called(layer, given, false, stateOf))
  const sources = [...(inputs.ids ? [] : given), ...layer.trainableWeights]
  const slopes = sources.length === 0 ? [] : valueAndGrad(total, sources)[1].map((slope) => all(slope ? [slope] : []))
  const trained = all(called(layer, given, true, stateOf))
  return normal.test(example.title)
    ? { results: [calm], gradients: [trained, ...slopes] }
    : { results: [calm, trained], gradients: slopes }
}

/** Puts a number into a weight; a variance is no less than 0. */
function strike(weight: Variable, value: number, at: Place): void {
  const own = /variance/.test(weight.name) ? Math.abs(value) : value
  weight.assign(tensor(withAt(Array.from(weight.dataSync()), own, at), weight.shape, weight.dtype))
}

/** Their scores are products of the input with itself, which are infinite in float32 where the result is not. */
const squares = /^Transformer|Spectrogram/

describe('layers', () => {
  test.each(titled(layers))('%s', (title, example) => {
    const inputs = inputsOf(example)
    if (inputs === undefined) return
    const values = squares.test(title) ? finite.filter((value) => Math.abs(value) < 1e18) : finite
    const found: string[] = []
    const look = (what: string, where: Where, some: readonly number[], at?: readonly Place[]): void => {
      const of: Of = (...given) => run(example, inputs, where, ...given)
      found.push(...problems(some, of, at).map((problem) => `${what}: ${problem}`))
    }
    if (!inputs.ids) for (const i of inputs.shapes.keys()) look(`input ${i}`, { input: i }, values)
    const layer = madeOf(example, inputs, 'float32')
    if (isCell(layer)) look('states', { states: true }, values)
    for (const [i, weight] of layer.weights.entries())
      if (isFloat(weight))
        look(
          `weight '${weight.name}'`,
          { weight: i },
          values.filter((one) => one !== 0),
          ['first', 'all'],
        )
    expect(found).toEqual([])
  })
})

describe('ids that there are not', () => {
  const ids = [-1, 3, 5, 2 ** 31 - 1, -(2 ** 31), 0.5, 1e20, -1e20, Number.NaN, Number.POSITIVE_INFINITY]
  test.each(titled(layers))('%s', (_, example) => {
    const inputs = inputsOf(example)
    if (inputs === undefined || !inputs.ids) return
    const found = ids.flatMap((id) =>
      places.flatMap((at) => {
        const layer = madeOf(example, inputs, 'float32')
        const given = inputs.shapes.map((shape) =>
          tensor(withAt(Array.from(ordinary(shape, 'float32', true).dataSync()), id, at), shape, dtypeOf(id)),
        )
        const got = outcome(() => all(layer.applyMany(fed(given))))
        return got instanceof FerrogradError || got.every(Number.isFinite) ? [] : [`${id} ${at}: ${got}`]
      }),
    )
    expect(found).toEqual([])
  })
})

const dtypeOf = (id: number): 'int32' | 'float32' =>
  Number.isInteger(id) && Math.abs(id) <= 2 ** 31 ? 'int32' : 'float32'

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

/** Where an extreme number stands in a batch that is judged. */
const sides = ['prediction', 'target', 'weight'] as const
type Side = (typeof sides)[number]

const hot = [1, 0, 0, 0, 0, 1, 0, 0]
const sparse = /^Sparse|^CategoricalGeneralized|^Perplexity/

/** Sequences of two steps. */
const sequences = /^CTC/

/** Of numbers below 0 there is no logarithm and no root; at 0 the one falls and the other rises without bound. */
const positive = /^Poisson|^CategoricalGeneralized/

/** Two samples, four classes or outputs each, and an extreme number on one side. */
interface Judged {
  readonly target: Tensor
  readonly prediction: Tensor
  readonly weighting: { readonly sampleWeight?: Tensor }
}

function judged(title: string, side: Side, ...[dtype, value, at]: Parameters<Of>): Judged {
  const given = side === 'prediction' ? x([2, 4], dtype, value, at) : ordinary([2, 4], dtype)
  const within = positive.test(title) ? ops.maximum(ops.abs(given), 1e-20) : given
  const weights = withAt([0.5, 2], Math.abs(value), at)
  return {
    target: targetOf(title, dtype, side === 'target' ? (own) => withAt(own, value, at) : (own) => own),
    prediction: sequences.test(title) ? ops.reshape(within, [2, 2, 2]) : within,
    weighting: side === 'weight' ? { sampleWeight: tensor(weights, [2], dtype) } : {},
  }
}

/** Rows of 0 and 1, or labels. */
function targetOf(
  title: string,
  dtype: Float,
  change: (own: readonly number[]) => readonly number[] = (own) => own,
): Tensor {
  const [own, shape] = sequences.test(title)
    ? [
        [1, 0, 1, 0],
        [2, 2],
      ]
    : sparse.test(title)
      ? [[2, 1], [2]]
      : [hot, [2, 4]]
  const values = change(own).map(Math.fround)
  const labels = own !== hot && values.every((one) => one === (one | 0))
  return tensor(values, shape, labels ? 'int32' : dtype)
}

/** What is wrong on any side. */
function wrong(title: string, of: (batch: Judged, dtype: Float) => Given): string[] {
  return sides.flatMap((side) =>
    problems([...finite, 1], (dtype, value, at) => of(judged(title, side, dtype, value, at), dtype)).map(
      (problem) => `${side}: ${problem}`,
    ),
  )
}

describe('losses', () => {
  test.each(titled(losses))('%s', (title, example) => {
    const of = ({ target, prediction, weighting }: Judged, dtype: Float): Given => {
      const loss = example.make({ dtype })
      // As `fit` does; what passes has a loss.
      loss.checkTargets(target.dataSync(), target.shape, prediction.shape)
      const value = loss.apply(target, prediction, weighting)
      const slope = grad((z) => loss.apply(target, z, weighting))(prediction)
      return { results: [all([value])], gradients: [all([slope])] }
    }
    expect(wrong(title, of)).toEqual([])
  })
})

describe('metrics', () => {
  test.each(titled(metrics))('%s', (title, example) => {
    const of = ({ target, prediction, weighting }: Judged, dtype: Float): Given => {
      config.setFloatx(dtype)
      const metric = example.make()
      metric.update(target, prediction, weighting)
      try {
        return { results: [all([metric.result()])], gradients: [] }
      } finally {
        // What could not be computed would wait for the next one who computes.
        metric.reset()
      }
    }
    expect(wrong(title, of)).toEqual([])
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
  const able = layers.filter((one) => inputsOf(one) !== undefined)
  const heads = able.filter(isHead)
  const stackable = able.filter((one) => !isHead(one))

  /** Whether a layer stands first: it takes ids, or counts. */
  function isHead(example: Example<Layer>): boolean {
    return inputsOf(example)!.ids || /Discretization/.test(example.title)
  }

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
    const [loss, optimizer] = [pick(losses), pick(optimizers)]
    const head = pick([undefined, undefined, undefined, pick(heads)])
    const made = stack(head, [pick(stackable), pick(stackable)], loss)
    const metric = sequences.test(loss.title)
      ? []
      : [pick(metrics.filter((one) => sparse.test(one.title) === sparse.test(loss.title)))]
    const settings = { learningRate: pick([1e-3, 1, 1e3, 1e6]), ...pick([{}, {}, ...common]) }
    made.compile({
      optimizer: optimizer.make(settings) as Optimizer,
      loss: loss.make() as Loss,
      metrics: metric.map((one) => one.make()),
    })
    const names = made.layers.map((one) => one.className).join(' ')
    const title = `seed ${seed} ${dtype} ${names}, ${loss.title}, ${metric[0]?.title}, ${optimizer.title} ${JSON.stringify(settings)}`
    const state = (): Parameters<typeof stateOf>[0] => [...made.weights, ...made.optimizer.variables]
    made.optimizer.build(made.trainableVariables)
    const ids = head !== undefined && inputsOf(head)!.ids
    const [plain, y] = [ordinary([2, 4], dtype, ids), targetOf(loss.title, dtype)]
    const found = await held(`${title} at first`, state, () => made.trainOnBatch(plain, y))
    for (let turn = 0; turn < 4; turn += 1) {
      const [value, at, where] = [pick([...extremes, 3e38]), pick(places), pick(['x', 'y', 'weight', 'sampleWeight'])]
      const what = `${title}: ${value} ${at} in ${where}`
      if (where === 'weight' && Number.isFinite(value)) {
        const weight = pick(made.weights)
        if (isFloat(weight)) strike(weight, value, at)
      }
      found.push(...(await held(what, state, () => train(made, { value, at, where, plain, y, dtype, pick }))))
    }
    return found.slice(0, 2)
  }

  interface Blow {
    readonly value: number
    readonly at: Place
    readonly where: string
    readonly plain: Tensor
    readonly y: Tensor
    readonly dtype: Float
    pick<T>(list: readonly T[]): T
  }

  /** One step of training on a batch, by either way, with an extreme number somewhere. */
  async function train(model: Model, { value, at, where, plain, y, dtype, pick }: Blow): Promise<void> {
    const bad = (one: Tensor): Tensor => tensor(withAt(Array.from(one.dataSync()), value, at), one.shape, dtype)
    const targets = where === 'y' ? bad(y) : y
    const sampleWeight = where === 'sampleWeight' ? tensor([Math.abs(value), 1], [2], dtype) : undefined
    const inputs = where === 'x' ? bad(plain) : plain
    const weighted = sampleWeight === undefined ? {} : { sampleWeight }
    if (pick([true, false])) await model.trainOnBatch(inputs, targets, weighted)
    else await model.fit(inputs, targets, { verbose: 0, ...weighted })
  }

  /** `Dense` or what takes ids, then what was picked as far as it fits, `Flatten`, `Dense`, and what the loss wants of the last. */
  function stack(head: Example<Layer> | undefined, picked: readonly Example<Layer>[], loss: Example<Loss>): Model {
    const first = (): Layer => (head === undefined ? new Dense({ units: 4, inputShape: [4] }) : adapted(head.make()))
    const makers = [first]
    const given = ordinary([2, 4], 'float32', head !== undefined && inputsOf(head)!.ids)
    for (const example of picked) {
      const more = [...makers, () => adapted(example.make())]
      try {
        if (new Sequential(more.map((make) => make())).applyMany(given)[0]!.rank > 1) makers.push(more.at(-1)!)
      } catch {
        // It does not take what comes before.
      }
    }
    const activation = /Entropy|entropy|KL|Focal/.test(loss.title) ? 'softmax' : 'linear'
    const last = sequences.test(loss.title)
      ? [new Dense({ units: 12 }), new Reshape({ targetShape: [3, 4] })]
      : [new Dense({ units: 4, activation })]
    const model = new Sequential([...makers.map((make) => make()), new Flatten(), ...last])
    model.applyMany(given)
    return model
  }
})
