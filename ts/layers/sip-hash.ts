/** The hash under a key of the user's that spreads unknown words over several numbers. */

type State = readonly [bigint, bigint, bigint, bigint]

const u64 = (x: bigint): bigint => BigInt.asUintN(64, x)
const rotate = (x: bigint, by: bigint): bigint => u64((x << by) | (x >> (64n - by)))

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012): what `tf.strings.to_hash_bucket_strong` takes modulo the buckets.
 */
export function sipHash64(bytes: Uint8Array, [k0, k1]: readonly [bigint, bigint]): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let v: State = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ]
  const absorb = (m: bigint): void => {
    v = [v[0], v[1], v[2], v[3] ^ m]
    v = sipRound(sipRound(v))
    v = [v[0] ^ m, v[1], v[2], v[3]]
  }
  const whole = bytes.length & ~7
  for (let at = 0; at < whole; at += 8) absorb(view.getBigUint64(at, true))
  let last = BigInt(bytes.length & 0xff) << 56n
  for (let at = whole; at < bytes.length; at++) last |= BigInt(bytes[at]!) << BigInt(8 * (at - whole))
  absorb(last)
  v = [v[0], v[1], v[2] ^ 0xffn, v[3]]
  for (let round = 0; round < 4; round++) v = sipRound(v)
  return v[0] ^ v[1] ^ v[2] ^ v[3]
}

function sipRound([v0, v1, v2, v3]: State): State {
  const a = u64(v0 + v1)
  const b = rotate(v1, 13n) ^ a
  const c = u64(v2 + v3)
  const d = rotate(v3, 16n) ^ c
  const e = u64(c + b)
  const f = u64(rotate(a, 32n) + d)
  return [f, rotate(b, 17n) ^ e, rotate(e, 32n), rotate(d, 21n) ^ f]
}
