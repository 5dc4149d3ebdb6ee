import { Sequential } from 'ferrograd'
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
  await model.fit(train.x, train.y, { epochs: 8, batchSize: 32, verbose: 0 })

  const { mae = 0 } = await model.evaluate(test.x, test.y, { verbose: 0 })
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

/** Every stretch of a day, and the hour behind it. */
function windows(series: Float32Array): {
  readonly x: { readonly values: Float32Array; readonly shape: number[] }
  readonly y: Float32Array
  readonly naive: number
} {
  const count = series.length - PAST
  const values = new Float32Array(count * PAST)
  for (let i = 0; i < count; i++) values.set(series.subarray(i, i + PAST), i * PAST)
  const y = series.slice(PAST)
  const naive = y.reduce((sum, next, i) => sum + Math.abs(next - series[i + PAST - 1]!), 0) / count
  return { x: { values, shape: [count, PAST, 1] }, y, naive }
}

const degrees = (tens: number): string => `${(10 * tens).toFixed(2)} °C`
