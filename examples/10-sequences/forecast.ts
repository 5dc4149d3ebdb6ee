import { Sequential } from 'ferrograd'
import { type Dataset, timeseriesWindows, type WindowAndTarget } from 'ferrograd/data'
import { Dense, LSTM } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'

const [DAYS, PAST] = [90, 24] as const

/** Foretells a temperature an hour ahead from the day before it, against "as it is now". */
export async function forecast(): Promise<void> {
  const series = temperatures(DAYS * 24)
  const border = Math.floor(series.length * 0.8)
  const [train, test] = [windows(series.slice(0, border)), windows(series.slice(border - PAST))]

  const model = new Sequential([new LSTM({ units: 16, inputShape: [PAST, 1] }), new Dense({ units: 1 })])
  model.compile({ optimizer: new Adam({ learningRate: 0.005 }), loss: 'mse', metrics: ['mae'] })
  await model.fit(train.rows.shuffle({ seed: 1 }).batch(32), { epochs: 8, verbose: 0 })

  const { mae = 0 } = await model.evaluate(test.rows.batch(32), { verbose: 0 })
  console.log(`  off by ${degrees(mae)} on average; "as it is now" is off by ${degrees(test.naive)}`)
  if (!(mae < 0.7 * test.naive))
    throw new Error(`The forecast is off by ${mae}: less than 0.7 · ${test.naive} was expected`)
}

/** Days within a season, and weather that has a memory; in tens of degrees, the same at each run. */
function temperatures(hours: number): Float32Array {
  let [weather, seed] = [0, 1]
  return Float32Array.from({ length: hours }, (_, hour) => {
    seed = (seed * 48271) % 0x7fffffff
    weather = 0.95 * weather + 0.04 * (seed / 0x7fffffff - 0.5)
    return 1 + 0.5 * Math.sin((2 * Math.PI * hour) / 24) + 0.4 * Math.sin(hour / 400) + weather
  })
}

/** Every stretch of a day, and the hour behind it; and how far off on average who says that it stays as it is. */
function windows(series: Float32Array): { readonly rows: Dataset<WindowAndTarget>; readonly naive: number } {
  const steps = { values: series, shape: [series.length, 1] }
  const next = series.subarray(PAST)
  const naive = next.reduce((sum, hour, i) => sum + Math.abs(hour - series[i + PAST - 1]!), 0) / next.length
  return { rows: timeseriesWindows(steps, { length: PAST, targets: next }), naive }
}

const degrees = (tens: number): string => `${(10 * tens).toFixed(2)} °C`
