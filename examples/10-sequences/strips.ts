import { ops, Sequential } from 'ferrograd'
import { digits, type Labelled } from 'ferrograd/datasets'
import { Bidirectional, Conv1D, Dense, GRU } from 'ferrograd/layers'
import { CTC } from 'ferrograd/losses'
import { Adam } from 'ferrograd/optimizers'

/** Rows of pixels of a digit and of a strip; a strip's columns are the steps of the sequence. */
const SIDE = 8
const WIDTH = 40
/** The most digits of a strip. */
const MOST = 4

/**
 * Reads strips of handwritten digits (UCI, CC BY 4.0) from examples that do not say where in them a digit is: the loss CTC
 * adds up over all places.
 */
export async function strips(): Promise<void> {
  const { train, test } = digits()
  const [seen, unseen] = [drawn(train, 1500, 1), drawn(test, 200, 2)]
  const model = new Sequential([
    new Conv1D({
      filters: 48,
      kernelSize: 6,
      strides: 2,
      padding: 'same',
      activation: 'relu',
      inputShape: [WIDTH, SIDE],
    }),
    new Bidirectional({ layer: new GRU({ units: 32, returnSequences: true }) }),
    // Class 0 is the blank, class d + 1 the digit d.
    new Dense({ units: 11 }),
  ])
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: new CTC() })
  await model.fit(seen.x, seen.y, { epochs: 32, batchSize: 50, verbose: 0 })

  const logits = await model.predict(unseen.x, { verbose: 0 })
  const lengths = new Int32Array(unseen.count).fill(WIDTH / 2)
  const { decoded } = ops.ctcDecode(logits, lengths, { strategy: 'beamSearch', beamWidth: 10 })
  const read = ops.getItem(decoded, 0)
  const distances = ops.editDistance(read, ops.cast(unseen.y, 'int32'), {
    truthLength: unseen.lengths,
    normalize: false,
  })
  const wrong = (await ops.sum(distances).item()) / unseen.lengths.reduce((sum, length) => sum + length, 0)
  for (const row of [0, 1]) show(unseen, row, await ops.getItem(read, row).data())
  console.log(`  ${(100 * wrong).toFixed(1)} % of the digits of ${unseen.count} strips misread`)
  if (wrong > 0.08) throw new Error(`${wrong} of the digits are misread: at most 0.08 was expected`)
}

interface Strips {
  readonly count: number
  /** (strips, columns, rows): a column of pixels a step. */
  readonly x: { readonly values: Float32Array; readonly shape: readonly number[] }
  /** (strips, digits): labels from 1, 0 behind the last. */
  readonly y: { readonly values: Int32Array; readonly shape: readonly number[] }
  readonly lengths: Int32Array
}

/** Strips of two to four digits, with gaps of any width. */
function drawn({ x, y }: Labelled, count: number, seed: number): Strips {
  const random = numbers(seed)
  const pixels = new Float32Array(count * WIDTH * SIDE)
  const labels = new Int32Array(count * MOST)
  const lengths = Int32Array.from({ length: count }, () => 2 + Math.floor(random() * (MOST - 1)))
  for (const [strip, length] of lengths.entries()) {
    let column = 0
    for (let place = 0; place < length; place++) {
      column += Math.floor(random() * 3)
      const image = Math.floor(random() * y.length)
      labels[strip * MOST + place] = y[image]! + 1
      for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
        const [row, along] = [Math.floor(pixel / SIDE), pixel % SIDE]
        pixels[(strip * WIDTH + column + along) * SIDE + row] = x.values[image * SIDE * SIDE + pixel]!
      }
      column += SIDE
    }
  }
  return {
    count,
    x: { values: pixels, shape: [count, WIDTH, SIDE] },
    y: { values: labels, shape: [count, MOST] },
    lengths,
  }
}

/** The strip in signs, and what was read. */
function show({ x, y, lengths }: Strips, strip: number, read: ArrayLike<number>): void {
  const said = Array.from(read).filter((label) => label > 0)
  const meant = y.values.subarray(strip * MOST, strip * MOST + lengths[strip]!)
  for (let row = 0; row < SIDE; row++) {
    const signs = Array.from({ length: WIDTH }, (_, column) => x.values[(strip * WIDTH + column) * SIDE + row]!)
    console.log(`  ${signs.map((ink) => ' ░▒▓█'[Math.round(4 * ink)]).join('')}`)
  }
  const text = (labels: Iterable<number>): string => Array.from(labels, (label) => label - 1).join(' ')
  console.log(`  read ${text(said)}, written ${text(meant)}`)
}

/** Numbers in [0, 1), the same for a seed. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
