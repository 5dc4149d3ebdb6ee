// The data and the initial weights of the JavaScript sides: what `common.py` makes, bit for bit.

/** `count` numbers in [0, 1): a 32-bit hash of the position (the finaliser of MurmurHash3), its upper 24 bits. */
export function uniform(count, seed) {
  const values = new Float32Array(count)
  const offset = Math.imul(seed, 0x9e3779b9)
  for (let i = 0; i < count; i++) {
    let h = (i + offset) | 0
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    values[i] = ((h ^ (h >>> 16)) >>> 8) / 2 ** 24
  }
  return values
}

/** The initial kernel of a dense layer, (fanIn, fanOut): uniform within Glorot's limit. */
export function kernel({ layers }, index) {
  return glorot(layers[index], layers[index + 1], 100 + index)
}

/** A matrix (fanIn, fanOut): uniform within Glorot's limit. */
function glorot(fanIn, fanOut, seed) {
  const limit = (6 / (fanIn + fanOut)) ** 0.5
  const values = uniform(fanIn * fanOut, seed)
  for (let i = 0; i < values.length; i++) values[i] = (2 * values[i] - 1) * limit
  return { values, shape: [fanIn, fanOut] }
}

/** The initial kernel and recurrent kernel of each direction of a recurrent layer. */
export function recurrentKernels({ layers, recurrent: { cell, bidirectional } }, index) {
  const [directions, gates] = [bidirectional ? 2 : 1, cell === 'lstm' ? 4 : 3]
  const fanIn = layers[index] * (index > 0 ? directions : 1)
  const units = layers[index + 1]
  return Array.from({ length: directions }, (_, direction) => {
    const seed = 200 + 10 * index + 2 * direction
    return [glorot(fanIn, gates * units, seed), glorot(units, gates * units, seed + 1)]
  })
}

/** The initial kernel of the dense layer behind recurrent ones. */
export function lastKernel({ layers, recurrent: { bidirectional } }) {
  return glorot(layers.at(-2) * (bidirectional ? 2 : 1), layers.at(-1), 100 + layers.length - 2)
}

/** The initial table of characters in front of recurrent layers. */
export function characterTable({ layers }) {
  return glorot(layers.at(-1), layers[0], 300)
}

/** The initial matrices of a transformer: of tokens or patches, of places, of each block, of the dense layer at the end. */
export function transformerMatrices({ layers, transformer: { kind, blocks, steps } }) {
  const [first, width, outputs] = [layers[0], layers[1], layers.at(-1)]
  const block = [...Array.from({ length: 4 }, () => [width, width]), [width, 4 * width], [4 * width, width]]
  const shapes = [
    [first, width],
    [steps, width],
    ...Array.from({ length: blocks }, () => block).flat(),
    [width, outputs],
  ]
  const [tokens, places, ...rest] = shapes.map(([fanIn, fanOut], index) => glorot(fanIn, fanOut, 300 + index))
  return { kind, tokens, places, head: rest.pop(), blocks: chunks(rest, 6) }
}

function chunks(list, size) {
  return Array.from({ length: list.length / size }, (_, i) => list.slice(i * size, (i + 1) * size))
}

/** Side of a picture of 3 colours, and of its patches. */
export const [SIDE, PATCH] = [32, 4]

/** Tokens (rows, steps) and those that are wanted: the next one each, or the same backwards. Pictures and their classes. */
function transformerData({ layers, batch, batches, transformer: { kind, steps } }) {
  const [rows, vocabulary] = [batch * batches, layers[0]]
  if (kind === 'vit') {
    const size = SIDE * SIDE * 3
    const x = uniform(rows * size, 1)
    const y = Int32Array.from({ length: rows }, (_, row) => Math.floor(x[row * size] * layers.at(-1)))
    return { x: { values: x, shape: [rows, SIDE, SIDE, 3] }, y: { values: y, shape: [rows] } }
  }
  return tokens([rows, steps], vocabulary, (place) => (kind === 'gpt' ? (place + 1) % steps : steps - 1 - place))
}

/** Tokens (rows, steps), and for each place the one that is at another. */
function tokens([rows, steps], vocabulary, at) {
  const x = Int32Array.from(uniform(rows * steps, 1), (value) => Math.floor(value * vocabulary))
  const y = x.map((_, i) => x[i - (i % steps) + at(i % steps)])
  return { x: { values: x, shape: [rows, steps] }, y: { values: y, shape: [rows, steps] } }
}

/** Query, key and value of attention alone, (1, steps, heads, width) each, around 0. */
export function attentionInputs({ layers, transformer: { heads, steps } }) {
  const shape = [1, steps, heads, layers[0]]
  return [1, 2, 3].map((seed) => ({ values: uniform(steps * heads * layers[0], seed).map((x) => 4 * x - 2), shape }))
}

/** Inputs (rows, width) and what they determine: a number (rows, 1) or a class (rows); characters and those that follow. */
export function data(workload) {
  const { layers, batch, batches, loss, recurrent, transformer } = workload
  if (transformer) return transformerData(workload)
  const [width, outputs] = [layers[0] * (recurrent?.steps ?? 1), layers.at(-1)]
  const rows = batch * batches
  if (recurrent?.characters) return tokens([rows, recurrent.steps], outputs, (place) => (place + 1) % recurrent.steps)
  const x = uniform(rows * width, 1)
  const regression = loss === 'meanSquaredError'
  const y = regression ? new Float32Array(rows) : new Int32Array(rows)
  for (let row = 0; row < rows; row++) y[row] = regression ? x[row * width] - 0.5 : Math.floor(x[row * width] * outputs)
  const shape = recurrent ? [rows, recurrent.steps, layers[0]] : [rows, width]
  return { x: { values: x, shape }, y: { values: y, shape: regression ? [rows, 1] : [rows] } }
}
