/** What must not compile. Each line would also throw: these functions are checked, and never called. */
import {
  type Batch,
  input,
  Model,
  ops,
  random,
  Sequential,
  type State,
  type Stateful,
  type StepLogs,
  type SymbolicTensor,
  type Tensor,
  tensor,
  type Variable,
} from 'ferrograd'
import { Callback, EarlyStopping, type EpochLogs, type Logs } from 'ferrograd/callbacks'
import { Dataset, type ShapedArray } from 'ferrograd/data'
import { digits } from 'ferrograd/datasets'
import { Add, type CallContext, Dense, Layer } from 'ferrograd/layers'
import type { Mean } from 'ferrograd/metrics'
import { expect, expectTypeOf, test } from 'vitest'
import type { History } from '../ts/callbacks/history.js'
import type { EpochReport, FitRun } from '../ts/training/fit-run.js'

function misspelt(model: Sequential): void {
  // @ts-expect-error
  model.compile({ optimizer: 'adma' })
  // @ts-expect-error
  model.compile({ optimiser: 'adam' })
  // @ts-expect-error
  model.compile({ loss: 'meanSquaredEror' })
  // @ts-expect-error
  model.compile({ metrics: ['acuracy'] })
  // @ts-expect-error
  model.fit([[1]], [1], { epoch: 3 })
  // @ts-expect-error
  model.fit([[1]], [1], { epochs: '3' })
  // @ts-expect-error
  model.fit([['a']], [1])
  // @ts-expect-error
  model.predict([[1]], { batchsize: 3 })
  // @ts-expect-error
  new EarlyStopping({ patiance: 3 })
  // @ts-expect-error
  new Dense({ unit: 3 })
  // @ts-expect-error
  new Dense({ units: 3, activation: 'rleu' })
  // @ts-expect-error
  new Model({ inputs: 3, outputs: 3 })
  // @ts-expect-error
  input({ shapes: [3] })
}

function wellSpelt(model: Sequential): void {
  model.compile({
    optimizer: 'sgd',
    loss: 'mean_squared_error',
    metrics: ['accuracy', 'mae', 'topKCategoricalAccuracy'],
  })
  model.compile({ loss: ['mse', null], metrics: { a: ['mae'], b: 'mse' }, lossWeights: { a: 2 } })
}

/** Every form of data that `fit` takes, without a cast. */
function forms(model: Sequential): void {
  const { x, y } = digits()
  model.fit(x, y, { validationData: [x, y], sampleWeight: new Float32Array(3), classWeight: { 0: 1, 3: 2 } })
  model.fit([[1, 2]], [true], { validationData: { x, y } })
  model.fit([Float32Array.of(1, 2)], tensor([1]))
  model.fit({ left: x, right: tensor([[1]]) }, { out: y })
  model.fit([x, x], [y, y])
  model.fit(Dataset.fromArrays({ x, y }).shuffle(100).batch(32))
  model.fit(
    Dataset.fromArrays({ x, y, sampleWeight: y })
      .batch(32)
      .map(({ x, y }) => ({ x, y })),
    undefined,
    { epochs: 2 },
  )
  model.fit(function* () {
    yield [[[1, 2]], [1]] as const
  })
  model.fit(async function* () {
    yield { x, y }
  })
  model.evaluate(Dataset.from([[x, y] as const]))
  model.predict(Dataset.fromArrays({ x }).batch(2))
}

class Split extends Layer {
  override call(x: Tensor): [Tensor, Tensor] {
    return [x, x]
  }
}

class Attend extends Layer {
  override call(
    { query, value }: { query: Tensor; value: Tensor; key?: Tensor },
    _: CallContext & { causal?: boolean },
  ): Tensor {
    return ops.add(query, value)
  }
}

/** `apply` takes and gives what `call` declares. */
function calls(x: Tensor, s: SymbolicTensor, model: Sequential): void {
  expectTypeOf(new Split().apply(x)).toEqualTypeOf<[Tensor, Tensor]>()
  expectTypeOf(new Split().apply(s)[1]).toEqualTypeOf<SymbolicTensor>()
  expectTypeOf(new Dense({ units: 1 }).apply(s)).toEqualTypeOf<SymbolicTensor>()
  expectTypeOf(new Dense({ units: 1 }).apply([[1]])).toEqualTypeOf<Tensor>()
  expectTypeOf(ops.add(s, 1)).toEqualTypeOf<SymbolicTensor>()
  expectTypeOf(ops.add(x, 1)).toEqualTypeOf<Tensor>()
  expectTypeOf(s.add(1).pipe(new Dense({ units: 1 }), ops.relu)).toEqualTypeOf<SymbolicTensor>()
  expectTypeOf(new Attend().apply({ query: s, value: s }, { causal: true })).toEqualTypeOf<SymbolicTensor>()
  model.fit(Dataset.fromArrays({ x: [[1]], y: [1] }).batch(1), { epochs: 2 })
  // @ts-expect-error
  new Dense({ units: 1 }).apply([x, x])
  // @ts-expect-error
  new Add().apply(x)
  // @ts-expect-error
  new Attend().apply(x)
  // @ts-expect-error
  new Attend().apply({ query: x })
  // @ts-expect-error
  new Attend().apply({ query: x, value: x }, { casual: true })
  // @ts-expect-error
  ops.add(s, 'one')
  // @ts-expect-error
  model.fit(Dataset.fromArrays({ x: [[1]], y: [1] }).batch(1), { epoch: 2 })
}

/** Numbers come in the array of the type that is named, and nested as deep as is said. */
async function numbers(x: Tensor, w: Variable): Promise<void> {
  expectTypeOf(await x.data('float32')).toEqualTypeOf<Float32Array>()
  expectTypeOf(x.dataSync('int32')).toEqualTypeOf<Int32Array>()
  expectTypeOf(await x.data()).toEqualTypeOf<Float32Array | Float64Array | Int32Array | Uint8Array>()
  expectTypeOf(w.dataSync('float64')).toEqualTypeOf<Float64Array>()
  expectTypeOf(await x.array(2)).toEqualTypeOf<number[][]>()
  expectTypeOf(x.arraySync(0)).toEqualTypeOf<number>()
  // @ts-expect-error
  await x.data('float16')
  // @ts-expect-error
  const rows: number[][] = await x.array()
  void rows
}

/** `predict` gives the structure of the outputs. */
async function predictions(x: SymbolicTensor): Promise<void> {
  expectTypeOf(await new Model({ inputs: x, outputs: x }).predict([[1]])).toEqualTypeOf<Tensor>()
  const two = new Model({ inputs: x, outputs: [x, x.add(1)] })
  expectTypeOf((await two.predict([[1]]))[1]).toEqualTypeOf<Tensor>()
  const named = new Model({ inputs: x, outputs: { size: x, kind: x } })
  expectTypeOf((await named.predict([[1]])).kind).toEqualTypeOf<Tensor>()
  // @ts-expect-error
  void (await named.predict([[1]])).colour
  // @ts-expect-error
  await new Model({ inputs: x, outputs: x }).predict<Tensor[]>([[1]])
  // @ts-expect-error
  await two.predictOnBatch<Tensor>([[1]])
  // @ts-expect-error
  await new Sequential().predict<Tensor[]>([[1]])
  // Of a model that was read from a file nobody knows the outputs: the caller says them.
  expectTypeOf(await Model.fromConfig({}).predict<[Tensor, Tensor]>([[1]])).toEqualTypeOf<[Tensor, Tensor]>()
  const any: Model = named
  void any
}

/** Losses, metrics, targets and data go by the names that the model was made with. */
function byName(x: SymbolicTensor, data: Float32Array): void {
  const model = new Model({ inputs: { left: x, right: x }, outputs: { size: x, kind: x } })
  model.compile({ loss: { size: 'mse', kind: null }, metrics: { kind: ['accuracy'] }, lossWeights: { size: 2 } })
  model.compile({ loss: 'mse' })
  model.fit({ left: data, right: data }, { size: data, kind: data }, { epochs: 2 })
  model.fit([data, data], [data, data])
  model.fit(Dataset.fromArrays({ x: [[1]], y: [1] }).batch(1), { epochs: 2 })
  // @ts-expect-error
  model.compile({ loss: { sice: 'mse' } })
  // @ts-expect-error
  model.compile({ metrics: { kinds: ['accuracy'] } })
  // @ts-expect-error
  model.compile({ lossWeights: { sizes: 2 } })
  // @ts-expect-error
  model.fit({ left: data, right: data }, { size: data, kinds: data })
  // @ts-expect-error
  model.fit({ left: data, rihgt: data }, { size: data, kind: data })
  // @ts-expect-error
  model.evaluate({ left: data, right: data }, { sise: data })
  const pair = new Model({ inputs: [x, x], outputs: [x, x] })
  pair.fit([data, data], [data, null])
  // @ts-expect-error
  pair.fit([data, data, data], [data, data])
  const plain: Model[] = [model, pair, new Model({ inputs: x, outputs: x }), new Sequential()]
  void plain
}

/** A subclass that is given its inputs by name says so. */
class Matcher extends Model {
  override call({ query, value }: { query: Tensor; value?: Tensor }): Tensor {
    return value === undefined ? query : ops.multiply(query, value)
  }
  override trainStep(batch: Batch<{ query: Tensor }>): StepLogs {
    return { size: ops.sum(batch.x.query) }
  }
  override get metrics(): Mean[] {
    return []
  }
}

function subclass(model: Matcher, data: Float32Array): void {
  model.fit({ query: data, value: data }, data)
  const any: Model = model
  void any
}

test('what the calls of a model return', () => {
  expectTypeOf<ReturnType<Sequential['fit']>>().toEqualTypeOf<FitRun>()
  expectTypeOf<Awaited<FitRun>>().toEqualTypeOf<History>()
  expectTypeOf<EpochReport['logs']>().toEqualTypeOf<EpochLogs>()
  expectTypeOf<EpochReport['logs']['loss']>().toEqualTypeOf<number>()
  expectTypeOf<EpochReport['logs']>().toExtend<Logs>()
  expect(
    [misspelt, wellSpelt, forms, columns, calls, numbers, predictions, byName, subclass, states].every(
      (one) => typeof one === 'function',
    ),
  ).toBe(true)
})

/** Columns have types of their own, and their names are known. */
function columns(model: Sequential): void {
  const rows = Dataset.fromColumns({
    age: Float32Array.of(1),
    city: ['Rome'],
    x: { values: Float32Array.of(1), shape: [1, 1] },
  })
  expectTypeOf(rows.toArray).returns.resolves.items.toEqualTypeOf<{
    readonly age: number
    readonly city: string
    readonly x: ShapedArray<Float32Array<ArrayBuffer>>
  }>()
  rows.map(({ age, city }) => age + city.length)
  rows.batch(2).map(({ city }) => city[0]?.length)
  // @ts-expect-error There is no such column.
  rows.select('aeg')
  // @ts-expect-error There is no such column.
  rows.inputsAndTarget(['age'], 'left')
  // @ts-expect-error There is no such column.
  rows.inputsAndTarget(['age', 'hieght'], 'age')
  // @ts-expect-error There is no such column.
  rows.inputsAndTarget({ a: 'x', b: ['aeg'] }, 'age')
  // @ts-expect-error There is no such column.
  rows.inputsAndTarget(['age'], 'age', 'weight')
  const table = Dataset.csv('t.csv', { schema: { age: 'float32', left: 'bool' } })
  table.inputsAndTarget(['age'], 'left')
  // @ts-expect-error There is no such column.
  table.inputsAndTarget(['age'], 'stays')
  // @ts-expect-error It was not selected.
  rows.select('city').map(({ age }) => age)
  model.fit(rows.inputsAndTarget(['age', 'x'], 'age').batch(2))
  model.fit(rows.inputsAndTarget({ a: 'x', b: ['age'] }, 'age').batch(2))
  // @ts-expect-error Text cannot be trained on.
  model.fit(rows.inputsAndTarget('city', 'age').batch(2))
}

/** What goes on where it was has a type of its own, and says by it what it may remember. */
class Patience extends Callback implements Stateful {
  static override readonly className = 'Patience'
  waited = 0
  override getState(): State {
    return { waited: this.waited, best: ops.ones([2]), none: null, list: [1, 'a', true] }
  }
  override setState(state: State): void {
    // @ts-expect-error It may be a number, or text.
    this.waited = state.waited
  }
}

function states(rows: Dataset<number>): void {
  const all: Stateful[] = [new Patience(), rows, new random.SeedGenerator(1)]
  expectTypeOf(all[0]!.getState()).toEqualTypeOf<State>()
  // @ts-expect-error A function is none.
  const state: State = () => 1
  void state
}
