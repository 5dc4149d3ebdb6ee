// A cold process: from the import of the package to the end of the first step, in milliseconds since the import began.
// `whole`: layers are taken from the package itself, so that no more of them are read than are used.
const start = performance.now()
const since = () => performance.now() - start
const { layers, Sequential } = await import('ferrograd')
const { Dense } = process.argv[2] === 'whole' ? layers : await import('ferrograd/layers')
const imported = since()
const model = new Sequential([
  new Dense({ units: 128, activation: 'relu', inputShape: [784] }),
  new Dense({ units: 10, activation: 'softmax' }),
])
model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' })
const x = { values: new Float32Array(32 * 784).fill(0.5), shape: [32, 784] }
const built = since()
await model.fit(x, new Int32Array(32), { epochs: 1, batchSize: 32, verbose: 0 })
console.log(JSON.stringify({ imported, built, trained: since(), process: performance.now() }))
