//! FarmHash: a hash without a key that TensorFlow promises never to change.

const K0: u64 = 0xc3a5_c85c_97cb_3127;
const K1: u64 = 0xb492_b66f_be98_f273;
const K2: u64 = 0x9ae1_6a3b_2f90_404f;

/// FarmHash's `Fingerprint64` (Geoff Pike, 2014): what `tf.strings.to_hash_bucket_fast` takes modulo the buckets.
pub fn farm_hash64(bytes: &[u8]) -> u64 {
    match bytes.len() {
        0..=16 => up_to_16(bytes),
        17..=32 => up_to_32(bytes),
        33..=64 => up_to_64(bytes),
        _ => longer(bytes),
    }
}

fn word(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

fn half(bytes: &[u8], at: usize) -> u64 {
    let mut half = [0; 4];
    half.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(half).into()
}

fn shift_mix(x: u64) -> u64 {
    x ^ (x >> 47)
}

fn mix(u: u64, v: u64, factor: u64) -> u64 {
    let a = shift_mix((u ^ v).wrapping_mul(factor));
    shift_mix((v ^ a).wrapping_mul(factor)).wrapping_mul(factor)
}

/// The factor of a length.
fn factor(length: usize) -> u64 {
    K2.wrapping_add(2 * length as u64)
}

fn up_to_16(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let factor = factor(length);
    if length >= 8 {
        let (a, b) = (word(bytes, 0).wrapping_add(K2), word(bytes, length - 8));
        let c = b.rotate_right(37).wrapping_mul(factor).wrapping_add(a);
        return mix(c, a.rotate_right(25).wrapping_add(b).wrapping_mul(factor), factor);
    }
    if length >= 4 {
        return mix((length as u64).wrapping_add(half(bytes, 0) << 3), half(bytes, length - 4), factor);
    }
    if length == 0 {
        return K2;
    }
    let [first, middle, last] = [0, length >> 1, length - 1].map(|at| u64::from(bytes[at]));
    let (y, z) = (first + (middle << 8), length as u64 + (last << 2));
    shift_mix(y.wrapping_mul(K2) ^ z.wrapping_mul(K0)).wrapping_mul(K2)
}

/// What lengths above 16 take from the first and the last 16 bytes.
struct Ends {
    factor: u64,
    a: u64,
    b: u64,
    c: u64,
    y: u64,
}

fn ends(bytes: &[u8], first: u64) -> Ends {
    let length = bytes.len();
    let factor = factor(length);
    let (a, b) = (word(bytes, 0).wrapping_mul(first), word(bytes, 8));
    let c = word(bytes, length - 8).wrapping_mul(factor);
    let d = word(bytes, length - 16).wrapping_mul(K2);
    let y = a.wrapping_add(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d);
    Ends { factor, a, b, c, y }
}

impl Ends {
    fn second(&self) -> u64 {
        self.a.wrapping_add(self.b.wrapping_add(K2).rotate_right(18)).wrapping_add(self.c)
    }
}

fn up_to_32(bytes: &[u8]) -> u64 {
    let ends = ends(bytes, K1);
    mix(ends.y, ends.second(), ends.factor)
}

fn up_to_64(bytes: &[u8]) -> u64 {
    let ends = ends(bytes, K2);
    let (factor, length) = (ends.factor, bytes.len());
    let z = mix(ends.y, ends.second(), factor);
    let (e, f) = (word(bytes, 16).wrapping_mul(factor), word(bytes, 24));
    let g = ends.y.wrapping_add(word(bytes, length - 32)).wrapping_mul(factor);
    let h = z.wrapping_add(word(bytes, length - 24)).wrapping_mul(factor);
    let u = e.wrapping_add(f).rotate_right(43).wrapping_add(g.rotate_right(30)).wrapping_add(h);
    mix(u, e.wrapping_add(f.wrapping_add(ends.a).rotate_right(18)).wrapping_add(g), factor)
}

/// Blocks of 64 bytes, then the last 64 once more under another factor.
fn longer(bytes: &[u8]) -> u64 {
    let left = (bytes.len() - 1) & 63;
    let end = bytes.len() - 1 - left;
    let mut state = State::new(word(bytes, 0));
    for block in bytes[..end].chunks_exact(64) {
        state.absorb(block, K1, 1);
    }
    let factor = K1.wrapping_add((state.z & 0xff) << 1);
    state.w[0] = state.w[0].wrapping_add(left as u64);
    state.v[0] = state.v[0].wrapping_add(state.w[0]);
    state.w[0] = state.w[0].wrapping_add(state.v[0]);
    state.absorb(&bytes[bytes.len() - 64..], factor, 9);
    let State { x, y, z, v, w } = state;
    let first = mix(v[0], w[0], factor).wrapping_add(shift_mix(y).wrapping_mul(K0)).wrapping_add(z);
    mix(first, mix(v[1], w[1], factor).wrapping_add(x), factor)
}

struct State {
    x: u64,
    y: u64,
    z: u64,
    v: [u64; 2],
    w: [u64; 2],
}

impl State {
    fn new(first: u64) -> State {
        const SEED: u64 = 81;
        let y = SEED.wrapping_mul(K1).wrapping_add(113);
        let z = shift_mix(y.wrapping_mul(K2).wrapping_add(113)).wrapping_mul(K2);
        State { x: SEED.wrapping_mul(K2).wrapping_add(first), y, z, v: [0; 2], w: [0; 2] }
    }

    fn absorb(&mut self, block: &[u8], factor: u64, times: u64) {
        let State { x, y, z, v, w } = *self;
        let sum = x.wrapping_add(y).wrapping_add(v[0]).wrapping_add(word(block, 8));
        let x = sum.rotate_right(37).wrapping_mul(factor) ^ w[1].wrapping_mul(times);
        let y = y.wrapping_add(v[1]).wrapping_add(word(block, 48)).rotate_right(42).wrapping_mul(factor);
        let y = y.wrapping_add(v[0].wrapping_mul(times)).wrapping_add(word(block, 40));
        let z = z.wrapping_add(w[0]).rotate_right(33).wrapping_mul(factor);
        *self = State {
            x: z,
            y,
            z: x,
            v: seeded(&block[..32], v[1].wrapping_mul(factor), x.wrapping_add(w[0])),
            w: seeded(&block[32..], z.wrapping_add(w[1]), y.wrapping_add(word(block, 16))),
        };
    }
}

fn seeded(block: &[u8], a: u64, b: u64) -> [u64; 2] {
    let last = word(block, 24);
    let a = a.wrapping_add(word(block, 0));
    let b = b.wrapping_add(a).wrapping_add(last).rotate_right(21);
    let sum = a.wrapping_add(word(block, 8)).wrapping_add(word(block, 16));
    [sum.wrapping_add(last), b.wrapping_add(sum.rotate_right(44)).wrapping_add(a)]
}

#[cfg(test)]
mod tests {
    use super::farm_hash64;

    /// `tf.fingerprint(…, method="farmhash64")` of the first bytes of `0, 7, 14, …`, one length of each branch and its ends.
    #[test]
    fn the_values_are_those_of_tensorflow() {
        let bytes: Vec<u8> = (0..200u32).map(|i| (i * 7) as u8).collect();
        for (length, expected) in EXPECTED {
            assert_eq!(farm_hash64(&bytes[..length]), expected, "{length} bytes");
        }
    }

    const EXPECTED: [(usize, u64); 14] = [
        (0, 0x9ae1_6a3b_2f90_404f),
        (1, 0xbe60_56ed_f5e9_4b54),
        (3, 0x6cc1_a093_e822_4428),
        (4, 0x0511_2b9e_6277_f665),
        (7, 0x0f95_c16a_7544_a65b),
        (8, 0xdc48_0bbc_e8c7_37a7),
        (16, 0xfbb2_7403_1996_2d9b),
        (17, 0xa55b_9970_b7b7_0074),
        (32, 0x0a9d_86aa_8d37_da5c),
        (33, 0xfb43_f626_c43b_2047),
        (64, 0xe044_6dd7_1a78_f98a),
        (65, 0x184a_2571_4b2c_e96b),
        (128, 0xa7b5_b622_8208_c47b),
        (200, 0x18fb_a3b0_1506_f414),
    ];
}
