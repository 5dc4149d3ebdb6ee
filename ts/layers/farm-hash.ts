/** The hash that spreads unknown words over several numbers: TensorFlow's, so that the numbers are Keras's. */

type Pair = readonly [bigint, bigint]

const K0 = 0xc3a5c85c97cb3127n
const K1 = 0xb492b66fbe98f273n
const K2 = 0x9ae16a3b2f90404fn

const u64 = (x: bigint): bigint => BigInt.asUintN(64, x)
const rotateRight = (x: bigint, by: bigint): bigint => u64((x >> by) | (x << (64n - by)))
const shiftMix = (x: bigint): bigint => x ^ (x >> 47n)

/**
 * FarmHash's `Fingerprint64` (Geoff Pike, 2014): what `tf.strings.to_hash_bucket_fast` takes modulo the buckets.
 */
export function farmHash64(bytes: Uint8Array): bigint {
  const view = viewOf(bytes)
  const { length } = bytes
  if (length <= 16) return upTo16(bytes, view)
  if (length <= 32) return upTo32(view)
  return length <= 64 ? upTo64(view) : longer(view)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function mix(u: bigint, v: bigint, factor: bigint): bigint {
  const a = shiftMix(u64((u ^ v) * factor))
  return u64(shiftMix(u64((v ^ a) * factor)) * factor)
}

function upTo16(bytes: Uint8Array, view: DataView): bigint {
  const { length } = bytes
  const factor = K2 + BigInt(length * 2)
  if (length >= 8) {
    const [a, b] = [u64(word(view, 0) + K2), word(view, length - 8)]
    return mix(u64(rotateRight(b, 37n) * factor + a), u64((rotateRight(a, 25n) + b) * factor), factor)
  }
  if (length >= 4) {
    const [a, b] = [BigInt(view.getUint32(0, true)), BigInt(view.getUint32(length - 4, true))]
    return mix(u64(BigInt(length) + (a << 3n)), b, factor)
  }
  if (length === 0) return K2
  const y = BigInt(bytes[0]! + (bytes[length >> 1]! << 8))
  const z = BigInt(length + (bytes[length - 1]! << 2))
  return u64(shiftMix(u64(y * K2) ^ u64(z * K0)) * K2)
}

function upTo32(view: DataView): bigint {
  const { factor, a, b, c, y } = ends(view, K1)
  return mix(y, u64(a + rotateRight(u64(b + K2), 18n) + c), factor)
}

function upTo64(view: DataView): bigint {
  const { factor, a, b, c, y } = ends(view, K2)
  const z = mix(y, u64(a + rotateRight(u64(b + K2), 18n) + c), factor)
  const e = u64(word(view, 16) * factor)
  const f = word(view, 24)
  const g = u64((y + word(view, view.byteLength - 32)) * factor)
  const h = u64((z + word(view, view.byteLength - 24)) * factor)
  return mix(
    u64(rotateRight(u64(e + f), 43n) + rotateRight(g, 30n) + h),
    u64(e + rotateRight(u64(f + a), 18n) + g),
    factor,
  )
}

/** What lengths above 16 take from the first and the last 16 bytes. */
function ends(view: DataView, first: bigint): { factor: bigint; a: bigint; b: bigint; c: bigint; y: bigint } {
  const length = view.byteLength
  const factor = K2 + BigInt(length * 2)
  const a = u64(word(view, 0) * first)
  const b = word(view, 8)
  const c = u64(word(view, length - 8) * factor)
  const d = u64(word(view, length - 16) * K2)
  return { factor, a, b, c, y: u64(rotateRight(u64(a + b), 43n) + rotateRight(c, 30n) + d) }
}

/** Blocks of 64 bytes, then the last 64 once more under another factor. */
function longer(view: DataView): bigint {
  const left = (view.byteLength - 1) & 63
  const end = view.byteLength - 1 - left
  let state = start(word(view, 0))
  for (let at = 0; at < end; at += 64) state = block(view, at, state, K1, 1n)
  const factor = K1 + ((state.z & 0xffn) << 1n)
  const w0 = u64(state.w[0] + BigInt(left))
  const v0 = u64(state.v[0] + w0)
  const last: Farm = { ...state, v: [v0, state.v[1]], w: [u64(w0 + v0), state.w[1]] }
  const { x, y, z, v, w } = block(view, end + left - 63, last, factor, 9n)
  return mix(u64(mix(v[0], w[0], factor) + shiftMix(y) * K0 + z), u64(mix(v[1], w[1], factor) + x), factor)
}

interface Farm {
  readonly x: bigint
  readonly y: bigint
  readonly z: bigint
  readonly v: Pair
  readonly w: Pair
}

function start(first: bigint): Farm {
  const seed = 81n
  const y = u64(seed * K1 + 113n)
  const z = u64(shiftMix(u64(y * K2 + 113n)) * K2)
  return { x: u64(seed * K2 + first), y, z, v: [0n, 0n], w: [0n, 0n] }
}

function block(view: DataView, at: number, { x, y, z, v, w }: Farm, factor: bigint, times: bigint): Farm {
  const nextX = u64(rotateRight(u64(x + y + v[0] + word(view, at + 8)), 37n) * factor) ^ u64(w[1] * times)
  const nextY = u64(rotateRight(u64(y + v[1] + word(view, at + 48)), 42n) * factor + v[0] * times + word(view, at + 40))
  const nextZ = u64(rotateRight(u64(z + w[0]), 33n) * factor)
  return {
    x: nextZ,
    y: nextY,
    z: nextX,
    v: seeded(view, at, u64(v[1] * factor), u64(nextX + w[0])),
    w: seeded(view, at + 32, u64(nextZ + w[1]), u64(nextY + word(view, at + 16))),
  }
}

function seeded(view: DataView, at: number, seedA: bigint, seedB: bigint): Pair {
  const last = word(view, at + 24)
  const a = u64(seedA + word(view, at))
  const b = rotateRight(u64(seedB + a + last), 21n)
  const sum = u64(a + word(view, at + 8) + word(view, at + 16))
  return [u64(sum + last), u64(b + rotateRight(sum, 44n) + a)]
}

function word(view: DataView, at: number): bigint {
  return view.getBigUint64(at, true)
}
