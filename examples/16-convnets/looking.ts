import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { explain, ops, Sequential, type Tensor, viz } from 'ferrograd'
import { Conv2D, Dense, GlobalMaxPooling2D, MaxPooling2D } from 'ferrograd/layers'
import { SparseCategoricalCrossentropy } from 'ferrograd/losses'
import { Adam } from 'ferrograd/optimizers'
import { bold } from '../terminal.js'
import { digitPictures, type Pictures, SIDE } from './pictures.js'

/** The side of a picture in which a digit hides. */
const WIDE = 24

/** Digits somewhere in larger pictures, among strokes of other digits. */
interface Hidden extends Pictures {
  /** Where the upper left of each digit lies. */
  readonly places: readonly (readonly [top: number, left: number])[]
}

/** A network that is told what is in a picture, and not where; Grad-CAM (Selvaraju et al., 2017) shows where it looks. */
export async function looking(): Promise<void> {
  const { train, test } = digitPictures()
  const [seen, others] = [hide(train, 1), hide(test, 2)]
  const conv = (filters: number) => new Conv2D({ filters, kernelSize: 3, padding: 'same', activation: 'relu' })
  const model = new Sequential([
    new Conv2D({ filters: 16, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [WIDE, WIDE, 1] }),
    new MaxPooling2D(),
    conv(32),
    conv(64),
    new GlobalMaxPooling2D(),
    // Logits: where a softmax is sure, it hardly changes any more.
    new Dense({ units: 10 }),
  ])
  model.compile({
    optimizer: new Adam({ learningRate: 3e-3 }),
    loss: new SparseCategoricalCrossentropy({ fromLogits: true }),
    metrics: ['accuracy'],
  })
  await model.fit(seen.x, seen.y, { epochs: 10, batchSize: 32, verbose: 0 })
  const { accuracy = 0 } = await model.evaluate(others.x, others.y, { verbose: 0 })
  const maps = await explain.gradCam(model, others.x)
  const share = await pointed(maps, others)
  console.log(await drawn(others, maps))
  const percent = (part: number): string => bold(`${(100 * part).toFixed(1)} %`)
  console.log(
    `  right on ${percent(accuracy)} of ${others.y.length} pictures, and looking at the digit in ${percent(share)}`,
  )
  if (!(accuracy > 0.88 && share > 0.88))
    throw new Error(`Right on ${accuracy}, looking at ${share}: 0.88 was expected`)
}

/** Some pictures, and where the network looked; in a file as well. */
async function drawn({ x }: Hidden, maps: Tensor): Promise<string> {
  const count = 5
  const some = { values: x.values.subarray(0, count * WIDE * WIDE), shape: [count, WIDE, WIDE, 1] }
  const where = viz.overlay(some, ops.slice(maps, { begin: [0, 0, 0], size: [count, WIDE, WIDE] }), { columns: count })
  const path = join(mkdtempSync(join(tmpdir(), 'ferrograd-')), 'looking.png')
  await where.save(path)
  return `${where}\n\n  (in ${path}, too)`
}

/** Each digit at a place of its own, over pieces of others. */
function hide({ x, y }: Pictures, seed: number): Hidden {
  const draw = numbers(seed)
  const values = new Float32Array(y.length * WIDE * WIDE)
  const places = Array.from(y, (_, i) => {
    const put = (digit: number, top: number, left: number, size: number): void => {
      for (let row = 0; row < size; row += 1)
        for (let column = 0; column < size; column += 1) {
          const place = (i * WIDE + top + row) * WIDE + left + column
          values[place] = x.values[(digit * SIDE + row) * SIDE + column]!
        }
    }
    for (let piece = 0; piece < 6; piece += 1) put(draw(y.length), draw(WIDE - 3), draw(WIDE - 3), 3)
    const [top, left] = [draw(WIDE - SIDE), draw(WIDE - SIDE)]
    put(i, top, left, SIDE)
    return [top, left] as const
  })
  return { x: { values, shape: [y.length, WIDE, WIDE, 1] }, y, places }
}

/** Whole numbers below a limit, the same ones each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** How often the largest number of a map lies in the digit. */
async function pointed(maps: Tensor, { places }: Hidden): Promise<number> {
  const peaks = await ops.argmax(ops.reshape(maps, [places.length, WIDE * WIDE]), { axis: 1 }).data()
  const right = places.filter(([top, left], i) => {
    const [row, column] = [Math.floor(peaks[i]! / WIDE), peaks[i]! % WIDE]
    return row >= top && row < top + SIDE && column >= left && column < left + SIDE
  })
  return right.length / places.length
}
