//! Shuffles: an order of n things as a pure function of (seed, epoch).

use super::philox::{Key, block};

/// The stream that shuffles draw from; operations are numbered from 0.
const STREAM: u32 = u32::MAX;

/// The order in which epoch `epoch` visits `n` rows: every number below `n` once.
///
/// # Panics
/// When `n` does not fit 32 bits.
pub fn permutation(seed: u64, epoch: u64, n: usize) -> Vec<u32> {
    let mut order = vec![0; n];
    permute(seed, epoch, &mut order);
    order
}

/// As [`permutation`], into `order`, whatever it holds. Fisher and Yates's shuffle, biased by at most 2⁻³².
pub fn permute(seed: u64, epoch: u64, order: &mut [u32]) {
    assert!(u32::try_from(order.len()).is_ok(), "a shuffle numbers its rows with 32 bits");
    for (i, place) in order.iter_mut().enumerate() {
        *place = i as u32;
    }
    let key = Key { seed, stream: STREAM, step: epoch };
    let mut words = [0; 4];
    for i in (1..order.len()).rev() {
        let half = i % 2 * 2;
        if half == 2 || i + 1 == order.len() {
            words = block(&key, (i / 2) as u32);
        }
        order.swap(i, below(words[half], words[half + 1], i as u64 + 1) as usize);
    }
}

/// A number below `span` from 64 random bits, by Lemire's multiplication.
#[inline(always)]
pub(super) fn below(high: u32, low: u32, span: u64) -> u64 {
    let carry = (u64::from(low) * span) >> 32;
    (u64::from(high) * span + carry) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_once_and_a_pure_function() {
        for n in [0, 1, 2, 3, 10, 1797, 60_000] {
            let order = permutation(42, 7, n);
            assert_eq!(order, permutation(42, 7, n));
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..n as u32));
            if n > 100 {
                assert_ne!(order, permutation(42, 8, n));
                assert_ne!(order, permutation(43, 7, n));
            }
        }
    }

    /// All 24 orders of four things come equally often: chi squared with 23 degrees of freedom, 99.99 % point 58.6.
    #[test]
    fn orders_are_equally_likely() {
        let mut counts = std::collections::HashMap::new();
        let draws = 24_000;
        for epoch in 0..draws {
            *counts.entry(permutation(5, epoch, 4)).or_insert(0.0) += 1.0;
        }
        let expected = draws as f64 / 24.0;
        let chi: f64 = counts.values().map(|c: &f64| (c - expected).powi(2) / expected).sum();
        assert_eq!(counts.len(), 24);
        assert!(chi < 58.6, "chi squared {chi}");
    }

    #[test]
    fn below_is_the_high_part_of_the_product() {
        for (high, low) in [(0, 0), (u32::MAX, u32::MAX), (0x8000_0000, 1), (123, 456)] {
            let bits = (u128::from(high) << 32) | u128::from(low);
            for span in [1, 2, 3, 1000, 1 << 32] {
                assert_eq!(u128::from(below(high, low, span)), (bits * u128::from(span)) >> 64);
            }
        }
    }
}
