import { config, Sequential } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
config.setThreads(Number(process.argv[2] ?? 1))
const model = new Sequential([new Dense({ units: 128, activation: 'relu' }), new Dense({ units: 10, activation: 'softmax' })])
const x = { values: Float32Array.from({ length: 1024 * 784 }, (_, i) => ((i * 7919) % 1000) / 1000), shape: [1024, 784] }

const times: number[] = []
for (let i = 0; i < 400; i++) { const s = performance.now(); await model.predict(x, { batchSize: 1024, verbose: 0 }); times.push(performance.now() - s) }
times.sort((a, b) => a - b)
console.log('predict ms least', times[0].toFixed(2), 'p10', times[40].toFixed(2), 'median', times[200].toFixed(2))
import { firstNonFinite } from '../ts/native.js'
import { Columns } from '../ts/program.js'
const t = (name: string, f: () => void) => { const a: number[] = []; for (let i = 0; i < 300; i++) { const s = performance.now(); f(); a.push(performance.now() - s) } a.sort((p, q) => p - q); console.log(name, 'least', a[0]!.toFixed(3), 'median', a[150]!.toFixed(3)) }
t('check', () => firstNonFinite(x.values))
t('copy', () => { const c = new Columns([{ values: x.values, rowShape: [784], dtype: 'float32' }]); c.release() })
const out = new Float32Array(x.values.length)
t('plain set', () => out.set(x.values))
