/**
 * A step of one's own, or a recurrent cell of one's own, beside the same step inside `fit`: `node --import tsx bench/custom.ts`.
 *
 * All forms take turns in one process. A chunk is an epoch, some milliseconds long; the figure of a form is the
 * tenth percentile of its chunks, which other work on the machine disturbs least.
 *
 * Options: `--rounds N` (default 15), `--only TEXT` and `--forms TEXT` (of a workload's or form's name; the first form is
 * always there to compare with), `--threads N` (default all).
 */
import { parseArgs } from 'node:util'
import { config, GradientTape, jit, ops, Sequential, type Shape, type Tensor, tensor, type Variable } from 'ferrograd'
import { Callback } from 'ferrograd/callbacks'
import { type CellContext, type CellResult, Dense, Layer, LSTM, RNN } from 'ferrograd/layers'
import { type Loss, MeanSquaredError, SparseCategoricalCrossentropy } from 'ferrograd/losses'
import { Adam, Optimizer, type Slots } from 'ferrograd/optimizers'
import { data } from './numbers.mjs'
import { workloads as all, type Workload, work } from './workload.js'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    only: { type: 'string', default: '' },
    forms: { type: 'string', default: '' },
    threads: { type: 'string', default: '0' },
  },
})
const rounds = Number(options.rounds)
/** Chunks in a row before the next form has its turn. */
const CHUNKS = 5
if (options.threads !== '0') config.setThreads(Number(options.threads))

/** Of the bench beside peers, as many batches as make an epoch of some milliseconds. */
const workloads: readonly Workload[] = (
  [
    ['2-3-1, batch 4', 1024],
    ['784-10-10, batch 32', 64],
    ['784-128-10, batch 32', 24],
    ['784-512-512-10, batch 128', 6],
    ['LSTM 32-128, 50 steps, batch 32', 2],
  ] as const
).map(([name, batches]) => ({ ...all.find((workload) => workload.name === name)!, batches }))

const isRegression = ({ loss }: Workload): boolean => loss === 'meanSquaredError'

/** Takes some epochs, and gives the milliseconds of each. */
type Form = () => Promise<number[]>

/** Adam as a user would write it. */
class OwnAdam extends Optimizer {
  protected override slotGroups(): readonly (readonly string[])[] {
    return [['m', 'v']]
  }

  protected override update(gradient: Tensor, weight: Variable, rate: Tensor, slots: Slots): void {
    const t = this.updateNumber(weight.dtype)
    const m = ops.add(ops.multiply(slots('m'), 0.9), ops.multiply(gradient, 0.1))
    const v = ops.add(ops.multiply(slots('v'), 0.999), ops.multiply(ops.square(gradient), 0.001))
    this.assign(slots('m'), m)
    this.assign(slots('v'), v)
    const [mHat, vHat] = [
      ops.divide(m, ops.subtract(1, ops.power(0.9, t))),
      ops.divide(v, ops.subtract(1, ops.power(0.999, t))),
    ]
    this.assign(weight, ops.subtract(weight, ops.divide(ops.multiply(rate, mHat), ops.add(ops.sqrt(vHat), 1e-7))))
  }
}

/** An LSTM as a user would write it. */
class OwnLSTMCell extends Layer.with({ units: { type: 'integer', min: 1 } }) {
  readonly stateSize = [this.options.units, this.options.units]
  kernel!: Variable
  recurrent!: Variable
  bias!: Variable

  override build(inputShape: Shape): void {
    const { units } = this.options
    this.kernel = this.addWeight({ name: 'kernel', shape: [inputShape.at(-1)!, 4 * units] })
    this.recurrent = this.addWeight({ name: 'recurrent', shape: [units, 4 * units], initializer: 'orthogonal' })
    this.bias = this.addWeight({ name: 'bias', shape: [4 * units], initializer: 'zeros' })
  }

  override call(x: Tensor, { states: [h, c] }: CellContext): CellResult {
    const z = ops.add(ops.add(ops.matmul(x, this.kernel), ops.matmul(h!, this.recurrent)), this.bias)
    const [input, forget, candidate, output] = ops.split(z, 4, { axis: 1 }) as [Tensor, Tensor, Tensor, Tensor]
    const kept = ops.multiply(ops.sigmoid(forget), c!)
    const next = ops.add(kept, ops.multiply(ops.sigmoid(input), ops.tanh(candidate)))
    const shown = ops.multiply(ops.sigmoid(output), ops.tanh(next))
    return [shown, [shown, next]]
  }
}

function recurrentNet({ layers: [features, units = 1, outputs = 1], recurrent }: Workload, own: boolean): Sequential {
  const inputShape = [recurrent!.steps, features!]
  const layer = own ? new RNN({ cell: new OwnLSTMCell({ units }), inputShape }) : new LSTM({ units, inputShape })
  return new Sequential([layer, new Dense({ units: outputs })])
}

function netOf(workload: Workload): Sequential {
  if (workload.recurrent) return recurrentNet(workload, false)
  const [inputs = 1, ...units] = workload.layers
  const [activation, last] = isRegression(workload) ? (['sigmoid', 'linear'] as const) : (['relu', 'softmax'] as const)
  const dense = units.map((count, index) => {
    const kind = index === units.length - 1 ? last : activation
    return new Dense({ units: count, activation: kind, ...(index === 0 && { inputShape: [inputs] }) })
  })
  return new Sequential(dense)
}

function lossFor(workload: Workload): Loss {
  return isRegression(workload) ? new MeanSquaredError() : new SparseCategoricalCrossentropy()
}

/** The step inside `fit`, without what comes before the first epoch. */
function fitted(workload: Workload, optimizer: Optimizer, model = netOf(workload)): Form {
  model.compile({ optimizer, loss: lossFor(workload) })
  const { x, y } = data(workload)
  return async () => {
    const times: number[] = []
    class Watch extends Callback {
      #began = 0
      override onEpochBegin(): void {
        this.#began = performance.now()
      }
      override onEpochEnd(): void {
        times.push(performance.now() - this.#began)
      }
    }
    const callbacks = [new Watch()]
    await model.fit(x, y, { epochs: CHUNKS, batchSize: workload.batch, verbose: 0, shuffle: false, callbacks })
    return times
  }
}

/**
 * The step closes over a model, an optimizer and a loss. A call takes `together` steps, one after the other in one
 * program; `epoch` makes all `calls` of an epoch.
 */
function own(
  workload: Workload,
  epoch: (call: (at: number) => Promise<Tensor>, calls: number) => Promise<unknown>,
  together = 1,
): Form {
  const model = netOf(workload)
  const optimizer = new Adam()
  const lossOf = lossFor(workload)
  const one = (x: Tensor, y: Tensor): Tensor => {
    const tape = new GradientTape()
    const loss = tape.record(() => lossOf.apply(y, model.apply(x, { training: true })))
    optimizer.apply(tape.gradient(loss, model.trainableVariables), model.trainableVariables)
    return loss
  }
  const step = jit((x: Tensor, y: Tensor) => {
    if (together === 1) return one(x, y)
    const [xs, ys] = [ops.split(x, together), ops.split(y, together)]
    return ops.stack(xs.map((part, at) => one(part, ys[at]!)))
  })
  const { x, y } = data(workload)
  const [calls, rows] = [workload.batches / together, workload.batch * together]
  const part = (at: number, { values, shape }: typeof x | typeof y): Tensor => {
    const size = values.length / calls
    return tensor(values.slice(at * size, (at + 1) * size), [rows, ...shape.slice(1)])
  }
  const parts = Array.from({ length: calls }, (_, at) => [part(at, x), part(at, y)] as const)
  return async () => {
    const times: number[] = []
    for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
      const began = performance.now()
      await epoch((at) => step(...parts[at]!), calls)
      times.push(performance.now() - began)
    }
    return times
  }
}

/** Each call awaited before the next one. */
const oneByOne = async (call: (at: number) => Promise<Tensor>, calls: number): Promise<void> => {
  for (let at = 0; at < calls; at += 1) await call(at)
}

function formsOf(workload: Workload): Record<string, Form> {
  return {
    fit: fitted(workload, new Adam()),
    ...(workload.recurrent && { 'fit, own cell': fitted(workload, new Adam(), recurrentNet(workload, true)) }),
    'fit, own Adam': fitted(workload, new OwnAdam({ learningRate: 0.001 })),
    awaited: own(workload, oneByOne),
    'awaited, loss read': own(workload, async (step, calls) => {
      for (let at = 0; at < calls; at += 1) await (await step(at)).item()
    }),
    queued: own(workload, (step, calls) => Promise.all(Array.from({ length: calls }, (_, at) => step(at)))),
    ...(work(workload) < 1e6 && { '16 steps a call': own(workload, oneByOne, 16) }),
  }
}

const quiet = (times: readonly number[]): number =>
  [...times].sort((a, b) => a - b)[(times.length / 10) | 0] ?? Number.NaN

for (const workload of workloads.filter((one) => one.name.includes(options.only))) {
  const forms = Object.entries(formsOf(workload))
    .filter(([name], index) => index === 0 || name.includes(options.forms))
    .map(([name, form]) => ({ name, form, times: [] as number[] }))
  for (const { form } of forms) await form()
  for (let round = 0; round < rounds; round += 1) for (const { form, times } of forms) times.push(...(await form()))
  const fit = quiet(forms[0]!.times)
  console.log(workload.name)
  for (const { name, times } of forms) {
    const microseconds = ((quiet(times) * 1000) / workload.batches).toFixed(2).padStart(9)
    console.log(`  ${name.padEnd(20)} ${microseconds} µs   ${(quiet(times) / fit).toFixed(2)} of fit`)
  }
}
