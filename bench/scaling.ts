/** How the time of training grows with width, depth, batch and data. */
import type { Side } from './sides.js'
import { powerOf } from './statistics.js'
import type { Workload } from './workload.js'

export interface Point {
  readonly x: number
  /** Microseconds, the least of the turns: what else the machine does only adds to it. */
  readonly y: number
}

/** One way to grow: a workload for each size, and what is timed. */
interface Growth {
  readonly title: string
  readonly axis: string
  readonly timed: 'step' | 'epoch'
  readonly sizes: readonly number[]
  readonly workload: (size: number) => Omit<Workload, 'name' | 'marks'>
}

/** What was measured of one way to grow on so many threads. */
export interface Line {
  readonly threads: number
  readonly points: readonly Point[]
  /** The power of the size that time follows, over all points and over the three largest. */
  readonly power: number
  readonly powerAtTheEnd: number
}

export interface Panel {
  readonly title: string
  readonly axis: string
  readonly timed: Growth['timed']
  readonly lines: readonly Line[]
}

const classifier = {
  task: 'train',
  activation: 'relu',
  loss: 'sparseCategoricalCrossentropy',
} as const

const powersOfTwo = (from: number, to: number, by = 2): number[] => {
  const sizes: number[] = []
  for (let size = from; size <= to; size *= by) sizes.push(size)
  return sizes
}

export const GROWTHS: readonly Growth[] = [
  {
    title: 'Width: three layers w-w-w-10, batch 128',
    axis: 'units of a layer',
    timed: 'step',
    sizes: powersOfTwo(32, 2048),
    workload: (w) => ({ ...classifier, layers: [w, w, w, 10], batch: 128, batches: 4 }),
  },
  {
    title: 'Depth: layers of 128, batch 32',
    axis: 'hidden layers',
    timed: 'step',
    sizes: powersOfTwo(1, 64),
    workload: (d) => ({ ...classifier, layers: [...Array<number>(d + 1).fill(128), 10], batch: 32, batches: 16 }),
  },
  {
    title: 'Batch: 784-128-10',
    axis: 'rows of a batch',
    timed: 'step',
    sizes: powersOfTwo(1, 4096, 4),
    workload: (batch) => ({ ...classifier, layers: [784, 128, 10], batch, batches: Math.max(1, 4096 / batch) }),
  },
  {
    title: 'Data: 32-64-10, batch 64, one epoch',
    axis: 'rows of data',
    timed: 'epoch',
    sizes: powersOfTwo(64, 262_144, 4),
    workload: (rows) => ({ ...classifier, layers: [32, 64, 10], batch: 64, batches: rows / 64 }),
  },
]

/** Times every size of every growth on one side. */
export async function measureGrowth(growth: Growth, side: Side, threads: number, seconds: number): Promise<Line> {
  const points: Point[] = []
  for (const size of growth.sizes) {
    const workload: Workload = { ...growth.workload(size), name: `${growth.title} ${size}`, marks: [null, null] }
    // A turn of no seconds is one epoch, handing the data over included.
    const turn = growth.timed === 'step' ? seconds : 0
    const ask = (least: number): Promise<{ microseconds: number }> =>
      side.ask({ kind: 'time', workload, seconds: turn, steps: least })
    await ask(10)
    const times: number[] = []
    for (let i = 0; i < 5; i++) times.push((await ask(1)).microseconds)
    points.push({ x: size, y: Math.min(...times) * (growth.timed === 'step' ? 1 : workload.batches) })
  }
  return { threads, points, power: powerOf(points), powerAtTheEnd: powerOf(points.slice(-3)) }
}
