/** Who cancels: a table in a file, with missing values and categories, from `describe` to a file that answers raw rows. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { config, Predictor, report, Sequential } from 'ferrograd'
import { EarlyStopping } from 'ferrograd/callbacks'
import { category, Dataset, features, numeric } from 'ferrograd/data'
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

  heading('2. Features, learnt in one pass over the rows to be trained on')
  const { train, test } = await rows.split(0.8, { stratify: 'cancelled', seed: 1 })
  const space = await features({
    age: numeric().impute('median').normalize().indicator(),
    visits: numeric().normalize(),
    plan: category(),
  }).adapt(train)
  console.log(`  ${space.columns.join(' · ')}`)
  const prepared = (data: typeof train) => data.map(space.inputsAndTarget('cancelled')).batch(64)

  heading('3. A model')
  const model = new Sequential([
    new Dense({ units: 16, activation: 'relu' }),
    new Dense({ units: 1, activation: 'sigmoid' }),
  ])
  model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy'] })
  await model.fit(prepared(train.shuffle({ seed: 1 })), {
    epochs: 12,
    validationData: prepared(test),
    callbacks: [new EarlyStopping({ monitor: 'val_loss', patience: 3 })],
    verbose: 0,
  })

  heading('4. How well it does')
  const predicted = await (await model.predict(prepared(test))).data()
  const actual = (await test.toArray()).map(({ cancelled }) => Number(cancelled))
  const scores = report.classification(actual, Array.from(predicted, Number), { labels: ['stays', 'cancels'] })
  console.log(String(scores))
  console.log(String(report.confusionMatrix(actual, Array.from(predicted, Number), { labels: ['stays', 'cancels'] })))
  console.log(`\n  Area under the ROC curve: ${report.rocCurve(actual, Array.from(predicted, Number)).area.toFixed(3)}`)
  if (scores.accuracy < 0.93) throw new Error(`Only ${scores.accuracy} of the customers are told apart`)

  heading('5. In a file, and asked about raw rows')
  const file = join(dir, 'churn.keras')
  await new Predictor(space, model).save(file)
  const predictor = await Predictor.load(file)
  const customers = [
    { age: null, visits: 1, plan: 'trial' },
    { age: 44, visits: 28, plan: 'yearly' },
    { age: 30, visits: 12, plan: 'weekly' },
  ]
  const answers = await (await predictor.predict(customers)).data()
  for (const [i, customer] of customers.entries())
    console.log(`  ${JSON.stringify(customer)} cancels with probability ${Number(answers[i]).toFixed(3)}`)
  if (!(answers[0]! > 0.9 && answers[1]! < 0.1))
    throw new Error('The file answers otherwise than the model that was trained')
} finally {
  rmSync(dir, { recursive: true })
}
