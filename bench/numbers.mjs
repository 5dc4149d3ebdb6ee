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

/** Inputs (rows, width) and what they determine: a number (rows, 1) or a class (rows). */
export function data({ layers, batch, batches, loss, recurrent }) {
  const [width, outputs] = [layers[0] * (recurrent?.steps ?? 1), layers.at(-1)]
  const rows = batch * batches
  const x = uniform(rows * width, 1)
  const regression = loss === 'meanSquaredError'
  const y = regression ? new Float32Array(rows) : new Int32Array(rows)
  for (let row = 0; row < rows; row++) y[row] = regression ? x[row * width] - 0.5 : Math.floor(x[row * width] * outputs)
  const shape = recurrent ? [rows, recurrent.steps, layers[0]] : [rows, width]
  return { x: { values: x, shape }, y: { values: y, shape: regression ? [rows, 1] : [rows] } }
}
