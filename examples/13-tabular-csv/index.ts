/** Who cancels: a table in a file, with missing values and categories, from `describe` to precision and recall. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { config, report, Sequential } from 'ferrograd'
import { EarlyStopping } from 'ferrograd/callbacks'
import { Dataset } from 'ferrograd/data'
import { Dense } from 'ferrograd/layers'
import { heading } from '../terminal.js'

config.setSeed(1)
const plans = ['monthly', 'yearly', 'trial'] as const

/** Customers who cancel the likelier, the fewer their visits and the shorter their plan; some numbers are missing. */
function table(customers: number): string {
  const lines = ['age,visits,plan,cancelled']
  for (let i = 0; i < customers; i++) {
    const at = (k: number): number => Math.abs(Math.sin(i * 12.9898 + k * 78.233) * 43_758.5453) % 1
    const [age, visits, plan] = [18 + Math.floor(at(1) * 60), Math.floor(at(2) * 30), Math.floor(at(3) * 3)]
    const score = 4 - 0.35 * visits + [0, -3, 3][plan]! + (at(4) - 0.5)
    lines.push(`${at(5) < 0.1 ? 'NA' : age},${visits},${plans[plan]},${score > 0}`)
  }
  return `${lines.join('\n')}\n`
}

const dir = mkdtempSync(join(tmpdir(), 'ferrograd-tabular-'))
try {
  const path = join(dir, 'customers.csv')
  writeFileSync(path, table(4000))

  heading('1. What is in the file')
  const schema = { age: 'float32', visits: 'float32', plan: 'string', cancelled: 'bool' } as const
  const rows = Dataset.csv(path, { schema })
  const summary = await rows.describe()
  console.log(String(summary))

  heading('2. Numbers out of rows, a batch at a time')
  const { train, test } = await rows.split(0.8, { stratify: 'cancelled', seed: 1 })
  const { age, visits } = summary.numbers
  const width = 3 + plans.length
  const encoded = (data: typeof train) =>
    data.batch(64).map((batch) => {
      const count = batch.plan.length
      const x = new Float32Array(count * width)
      for (let i = 0; i < count; i++) {
        const [years, often] = [batch.age.values[i]!, batch.visits.values[i]!]
        const missing = Number.isNaN(years)
        x[i * width] = missing ? 0 : (years - age!.mean) / age!.std
        x[i * width + 1] = missing ? 1 : 0
        x[i * width + 2] = (often - visits!.mean) / visits!.std
        x[i * width + 3 + plans.indexOf(batch.plan[i] as (typeof plans)[number])] = 1
      }
      return { x: { values: x, shape: [count, width] }, y: batch.cancelled }
    })

  heading('3. A model')
  const model = new Sequential([
    new Dense({ units: 16, activation: 'relu' }),
    new Dense({ units: 1, activation: 'sigmoid' }),
  ])
  model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy'] })
  await model.fit(encoded(train.shuffle({ seed: 1 })), {
    epochs: 12,
    validationData: encoded(test),
    callbacks: [new EarlyStopping({ monitor: 'val_loss', patience: 3 })],
    verbose: 0,
  })

  heading('4. How well it does')
  const predicted = await (await model.predict(encoded(test))).data()
  const actual = (await test.toArray()).map(({ cancelled }) => Number(cancelled))
  const scores = report.classification(actual, Array.from(predicted, Number), { labels: ['stays', 'cancels'] })
  console.log(String(scores))
  console.log(String(report.confusionMatrix(actual, Array.from(predicted, Number), { labels: ['stays', 'cancels'] })))
  console.log(`\n  Area under the ROC curve: ${report.rocCurve(actual, Array.from(predicted, Number)).area.toFixed(3)}`)
  if (scores.accuracy < 0.93) throw new Error(`Only ${scores.accuracy} of the customers are told apart`)
} finally {
  rmSync(dir, { recursive: true })
}
