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

/**
 * The initial kernels of a network for pictures, in the order of its layers: (height, width, channels, filters), of depthwise ones
 * (height, width, channels, 1), of transposed ones (height, width, filters, channels), of dense ones (fanIn, fanOut); and over how
 * many places of a picture each goes.
 */
export function pictureKernels({ layers, pictures: { kind, side } }) {
  const shapes = SHAPES[kind](layers[0], layers.at(-1), side)
  return shapes.map(({ shape, places }, index) => ({ ...spread(shape, 400 + index), places }))
}

const conv = (size, channels, filters, side) => ({ shape: [size, size, channels, filters], places: side ** 2 })
const dense = (fanIn, fanOut) => ({ shape: [fanIn, fanOut], places: 1 })

/** Filters and stride of each block. */
export const RESIDUAL = [16, 32, 64].flatMap((filters, stage) =>
  [0, 1, 2].map((block) => [filters, stage > 0 && block === 0 ? 2 : 1]),
)
export const SEPARABLE = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
]

const SHAPES = {
  lenet: (channels, classes) => [
    conv(5, channels, 6, 28),
    conv(5, 6, 16, 10),
    dense(400, 120),
    dense(120, 84),
    dense(84, classes),
  ],
  convnet: (channels, classes) => [conv(3, channels, 32, 26), conv(3, 32, 64, 11), dense(1600, classes)],
  resnet: (channels, classes, side) => {
    const blocks = alongBlocks(RESIDUAL, 16, side, (from, filters, stride, to) => [
      conv(3, from, filters, to),
      conv(3, filters, filters, to),
      ...(from === filters && stride === 1 ? [] : [conv(1, from, filters, to)]),
    ])
    return [conv(3, channels, 16, side), ...blocks, dense(64, classes)]
  },
  separable: (channels, classes, side) => {
    const blocks = alongBlocks(SEPARABLE, 32, side, (from, filters, _, to) => [
      conv(3, from, 1, to),
      conv(1, from, filters, to),
    ])
    return [conv(3, channels, 32, side), ...blocks, dense(256, classes)]
  },
  unet: (channels, classes, side) => [
    ...twice(channels, 16, side),
    ...twice(16, 32, side / 2),
    ...twice(32, 64, side / 4),
    conv(2, 32, 64, side / 4),
    ...twice(64, 32, side / 2),
    conv(2, 16, 32, side / 2),
    ...twice(32, 16, side),
    conv(1, 16, classes, side),
  ],
}

const twice = (channels, filters, side) => [conv(3, channels, filters, side), conv(3, filters, filters, side)]

function alongBlocks(blocks, first, side, shapesOf) {
  let [from, to] = [first, side]
  return blocks.flatMap(([filters, stride]) => {
    to /= stride
    const shapes = shapesOf(from, filters, stride, to)
    from = filters
    return shapes
  })
}

/** A kernel: uniform within Glorot's limit. */
function spread(shape, seed) {
  const window = shape.slice(0, -2).reduce((product, length) => product * length, 1)
  const limit = (6 / (window * (shape.at(-2) + shape.at(-1)))) ** 0.5
  const values = uniform(window * shape.at(-2) * shape.at(-1), seed)
  for (let i = 0; i < values.length; i++) values[i] = (2 * values[i] - 1) * limit
  return { values, shape }
}

/** Pictures (rows, side, side, channels), and a class of each, or of each of their pixels. */
function pictureData({ layers, batch, batches, pictures: { kind, side } }) {
  const [rows, channels, classes] = [batch * batches, layers[0], layers.at(-1)]
  const x = uniform(rows * side * side * channels, 1)
  const each = kind === 'unet' ? channels : side * side * channels
  const y = Int32Array.from({ length: x.length / each }, (_, i) => Math.floor(x[i * each] * classes))
  const shape = [rows, side, side, channels]
  return { x: { values: x, shape }, y: { values: y, shape: kind === 'unet' ? shape.slice(0, 3) : [rows] } }
}

/** Inputs (rows, width) and what they determine: a number (rows, 1) or a class (rows); characters and those that follow. */
export function data(workload) {
  const { layers, batch, batches, loss, pictures, recurrent, transformer } = workload
  if (pictures) return pictureData(workload)
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
