//! One hash of several values, as TensorFlow crosses features.

/// The hash of no value yet: `tf.sparse.cross_hashed`'s key unless it is given one.
const START: u64 = 0x00de_cafc_affe;

const FACTOR: u64 = 0xc6a4_a793_5bd1_e995;

/// The hash of a row of values, joined one by one: of a word its [`farm_hash64`](super::farm_hash64), of an integer itself.
#[derive(Clone, Copy, Debug)]
pub struct Cross(u64);

impl Default for Cross {
    fn default() -> Cross {
        Cross(START)
    }
}

impl Cross {
    /// With one value more: `FingerprintCat64`.
    #[must_use]
    pub fn with(self, value: u64) -> Cross {
        let mixed = self.0 ^ FACTOR ^ shift_mix(value.wrapping_mul(FACTOR)).wrapping_mul(FACTOR);
        Cross(shift_mix(shift_mix(mixed.wrapping_mul(FACTOR)).wrapping_mul(FACTOR)))
    }

    /// Its bin.
    pub fn bin(self, bins: u32) -> u32 {
        (self.0 % u64::from(bins)) as u32
    }
}

fn shift_mix(x: u64) -> u64 {
    x ^ (x >> 47)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crosses_of_integers_are_those_of_tensorflow() {
        // tf.sparse.cross_hashed([[1], [2], [-3], [101]], [[5], [6], [7], [-8]], num_buckets=1000)
        let pairs: [(i64, i64); 4] = [(1, 5), (2, 6), (-3, 7), (101, -8)];
        let bin = |(a, b): (i64, i64)| Cross::default().with(a as u64).with(b as u64).bin(1000);
        assert_eq!(pairs.map(bin), [733, 836, 959, 150]);
    }
}
