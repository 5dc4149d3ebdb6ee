/**
 * What a product of many small matrices costs above one large product of the same arithmetic: `node --import tsx
 * bench/batched.ts`, with the number of threads behind it (default 1). The two take turns; the least of all turns counts. The
 * small ones have a right side each, which are read once, the large one has a single one.
 */
import { config, jit, ops, random, type Tensor } from 'ferrograd'
import { digits, machine, table } from './report.js'

const TURNS = 100
config.setThreads(Number(process.argv[2] ?? 1))

/** How many matrices, rows, depth, columns. */
const products = [
  [4096, 4, 4, 4],
  [4096, 8, 8, 8],
  [2048, 16, 16, 16],
  [512, 16, 32, 16],
  [256, 64, 32, 64],
  [256, 64, 64, 32],
] as const

/** The sum is what leaves the graph, so that nobody copies the product. */
const multiply = (): ((a: Tensor, b: Tensor) => Promise<Tensor>) =>
  jit((a: Tensor, b: Tensor) => ops.sum(ops.matmul(a, b)))

async function microseconds(run: () => Promise<Tensor>): Promise<number> {
  const start = performance.now()
  const result = await run()
  await result.data()
  return 1000 * (performance.now() - start)
}

const rows: string[][] = []
for (const [count, m, k, n] of products) {
  const [left, right] = [random.normal([count, m, k], { seed: 1 }), random.normal([count, k, n], { seed: 2 })]
  const [tall, single] = [ops.reshape(left, [count * m, k]), random.normal([k, n], { seed: 3 })]
  const [many, one] = [multiply(), multiply()]
  let [least, large] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let turn = 0; turn < TURNS; turn++) {
    least = Math.min(least, await microseconds(() => many(left, right)))
    large = Math.min(large, await microseconds(() => one(tall, single)))
  }
  const rate = (took: number): string => digits((2 * count * m * k * n) / took / 1e3)
  const above = ((least - large) / count) * 1000
  rows.push([
    `${count} of ${m}×${k} · ${k}×${n}`,
    digits(least),
    digits(large),
    rate(least),
    rate(large),
    above.toFixed(0),
  ])
}
console.log(`${machine()}, ${config.threads()} threads\n`)
console.log(table(['product', 'µs', 'one large', 'GF/s', 'one large', 'ns more a matrix'], rows))
