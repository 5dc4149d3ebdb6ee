//! Whether all of many numbers are finite, at the speed of memory.

use crate::element::Element;

/// Numbers that are looked at together.
const BLOCK: usize = 4096;

/// A float whose bits say whether it is finite.
pub trait FloatBits: Element {
    /// True for NaN and the infinities.
    fn is_special(self) -> bool;
}

impl FloatBits for f32 {
    #[inline(always)]
    fn is_special(self) -> bool {
        self.to_bits() & 0x7f80_0000 == 0x7f80_0000
    }
}

impl FloatBits for f64 {
    #[inline(always)]
    fn is_special(self) -> bool {
        self.to_bits() & 0x7ff0_0000_0000_0000 == 0x7ff0_0000_0000_0000
    }
}

/// The position of the first number that is NaN or infinite.
pub fn first_non_finite<T: FloatBits>(numbers: &[T]) -> Option<usize> {
    numbers.chunks(BLOCK).enumerate().find_map(|(block, part)| {
        // Without a branch on each number, so that many are looked at by one instruction.
        let some = part.iter().fold(false, |some, &x| some | x.is_special());
        let first = || part.iter().position(|&x| x.is_special()).map(|at| block * BLOCK + at);
        if some { first() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::first_non_finite;

    #[test]
    fn the_first_special_number_is_found_wherever_it_is() {
        for len in [1, 2, 4095, 4096, 4097, 10_000] {
            let mut numbers: Vec<f32> = (0..len).map(|i| i as f32 - 500.0).collect();
            (numbers[0], numbers[len - 1]) = (f32::MAX, f32::MIN_POSITIVE / 4.0);
            assert_eq!(first_non_finite(&numbers), None, "{len} finite numbers");
            for at in [len - 1, len / 2, 0] {
                numbers[at] = [f32::NAN, -f32::INFINITY, f32::INFINITY][at % 3];
                assert_eq!(first_non_finite(&numbers), Some(at), "of {len}");
                let wide: Vec<f64> = numbers.iter().map(|&x| f64::from(x)).collect();
                assert_eq!(first_non_finite(&wide), Some(at), "of {len}, float64");
            }
        }
        assert_eq!(first_non_finite::<f64>(&[]), None);
    }
}
