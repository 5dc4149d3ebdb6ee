/** Many variables are seen at one moment between two steps, and an epoch goes on from any of its steps. */
import { type FerrogradError, jit, ops, snapshot, type Variable, variable } from 'ferrograd'
import { expect, test } from 'vitest'
import { Columns } from '../../ts/core/columns.js'
import { type EpochOptions, runEpoch } from '../../ts/core/epoch.js'
import { compile } from '../../ts/core/program.js'
import { placeholder, trace } from '../../ts/core/trace.js'

const rows = 400_003
const batchSize = 4
const total = (variables: readonly Variable[]): number[] =>
  snapshot(variables).map((value) => value.itemSync() as number)

/** Adds each batch to `sum` and to `twice`, and counts steps. */
function adding(): { variables: Variable[]; epoch: EpochOptions } {
  const variables = ['sum', 'twice', 'steps'].map((name) => variable(0, { name, dtype: 'float64' }))
  const program = (batch: number): EpochOptions['program'] => {
    const x = placeholder([batch, 1], 'float64')
    const { updates } = trace(() => {
      const [sum, twice, steps] = variables as [Variable, Variable, Variable]
      sum.assignAdd(ops.sum(x))
      twice.assignAdd(ops.multiply(ops.sum(x), 2))
      steps.assignAdd(1)
      return x
    })
    return compile({ inputs: [x], outputs: [], updates: updates as Map<Variable, never> })
  }
  const values = Float64Array.from({ length: rows }, (_, i) => 1 / (1 + i))
  const columns = new Columns([{ values, rowShape: [1], dtype: 'float64' }])
  const shuffle = { seed: 5, epoch: 3 }
  const epoch = {
    program: program(batchSize),
    tail: program(rows % batchSize),
    columns,
    first: 0,
    count: rows,
    batchSize,
  }
  return { variables, epoch: { ...epoch, shuffle } }
}

test('a snapshot during an epoch is of one step for all variables', async () => {
  const { variables, epoch } = adding()
  let ended = false
  const running = runEpoch(epoch).finally(() => {
    ended = true
  })
  const seen: number[] = []
  while (!ended) {
    const [sum, twice, steps] = total(variables)
    expect(twice).toBe(2 * sum!)
    seen.push(steps!)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const { steps } = await running
  expect(steps).toBe(Math.ceil(rows / batchSize))
  expect(seen.some((step) => step > 0 && step < steps)).toBe(true)
})

test('an epoch that begins at a step does what the whole one does after it, bit for bit', async () => {
  const whole = adding()
  await runEpoch(whole.epoch)
  const parts = adding()
  const cut = 33_333
  expect((await runEpoch({ ...parts.epoch, maxSteps: cut })).steps).toBe(cut)
  const reported: number[] = []
  const onProgress = ({ step }: { step: number }): void => void reported.push(step)
  const end = await runEpoch({ ...parts.epoch, firstStep: cut, onProgress, progressMs: 1 })
  expect(end.steps).toBe(Math.ceil(rows / batchSize))
  expect(reported.every((step) => step > cut)).toBe(true)
  expect(total(parts.variables)).toEqual(total(whole.variables))
})

test('a snapshot sees assignments, keeps what it saw, and is refused where there are no numbers', () => {
  const a = variable([1, 2])
  a.assign([3, 4])
  const [before, again] = snapshot([a, a])
  a.assign([5, 6])
  expect([...before!.dataSync()]).toEqual([3, 4])
  expect([...again!.dataSync()]).toEqual([3, 4])
  expect(snapshot([])).toEqual([])
  const traced = jit(() => snapshot([a])[0]!)
  return expect(traced()).rejects.toSatisfy((error: FerrogradError) => error.code === 'ERR_STATE')
})
