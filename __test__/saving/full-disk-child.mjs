// A training whose checkpoints may not fit: `node full-disk-child.mjs DIR EPOCHS`. It prints `{ code, epochs }`.
import { config, layers, Sequential } from '../../dist/index.js'

const [, , dir, epochs] = process.argv
config.setSeed(7)
const model = new Sequential([new layers.Dense({ units: 100, inputShape: [100] })])
model.compile({ optimizer: 'adam', loss: 'mse' })
const x = { values: Float32Array.from({ length: 3200 }, (_, i) => Math.sin(i)), shape: [32, 100] }
try {
  const { epoch } = await model.fit(x, x, { epochs: Number(epochs), verbose: 0, checkpoint: { dir } })
  console.log(JSON.stringify({ code: null, epochs: epoch.length }))
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }))
}
