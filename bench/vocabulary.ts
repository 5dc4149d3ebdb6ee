/**
 * Cross-entropy over a large vocabulary: 2,048 rows of 32,768 logits, the loss alone and with its gradient, with and without
 * smoothed labels; `node --import tsx bench/vocabulary.ts`, with the number of threads behind it (default 1). The gradient is a
 * result here, of memory that is new each time, which in a training it is not.
 */
import { config, GradientTape, jit, losses, ops, type Tensor, tensor } from 'ferrograd'
import { digits, machine, table } from './report.js'
import { median } from './statistics.js'

const [ROWS, VOCABULARY, RUNS] = [2048, 32_768, 7]
config.setThreads(Number(process.argv[2] ?? 1))
const values = Float32Array.from({ length: ROWS * VOCABULARY }, (_, i) => ((i * 7919) % 1000) / 100 - 5)
const logits = tensor(values, [ROWS, VOCABULARY])
const labels = tensor(
  Int32Array.from({ length: ROWS }, (_, i) => (i * 31) % VOCABULARY),
  [ROWS],
  'int32',
)

async function milliseconds(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now()
    await run()
    times.push(performance.now() - start)
  }
  return median(times)
}

const rows: string[][] = []
for (const labelSmoothing of [0, 0.1]) {
  const crossentropy = new losses.SparseCategoricalCrossentropy({ fromLogits: true, labelSmoothing })
  const loss = jit((x: Tensor, y: Tensor) => ops.mean(crossentropy.call(y, x)))
  const both = jit((x: Tensor, y: Tensor) => {
    const tape = new GradientTape()
    tape.watch(x)
    const own = ops.mean(crossentropy.call(y, x))
    return [own, tape.gradient(own, x)] as const
  })
  // Logits are read for the loss; for the gradient read once more, and written.
  for (const [name, run, passes] of [['loss', loss, 1] as const, ['loss and gradient', both, 3] as const]) {
    const took = await milliseconds(() => run(logits, labels))
    rows.push([name, String(labelSmoothing), digits(took), digits((passes * 4 * ROWS * VOCABULARY) / took / 1e6)])
  }
}
console.log(`${machine()}, ${config.threads()} threads\n`)
console.log(table(['what', 'labelSmoothing', 'ms', 'GB/s'], rows))
