//! Hashes of strings, as TensorFlow's lookups take them.

mod cross;
mod farm;

pub use cross::Cross;
pub use farm::farm_hash64;

use siphasher::sip::SipHasher24;
use std::hash::Hasher;

/// SipHash-2-4 (Aumasson and Bernstein, 2012) under a key: what `tf.strings.to_hash_bucket_strong` takes modulo the
/// buckets.
pub fn sip_hash64(bytes: &[u8], (first, second): (u64, u64)) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(first, second);
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siphash_of_the_papers_appendix() {
        let key = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
        let message: Vec<u8> = (0..15).collect();
        assert_eq!(sip_hash64(&message, key), 0xa129_ca61_49be_45e5);
    }
}
