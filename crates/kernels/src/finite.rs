//! Whether all of many numbers are finite, and how large the largest is, at the speed of memory.

use crate::compiled::{self, Compiled};
use crate::element::Float;
use crate::isa::Isa;

/// Numbers that are looked at together.
const BLOCK: usize = 4096;

/// Fewer than these are looked at one by one: vectors cost more to begin with.
const FEW: usize = 8;

/// A float whose bits say whether it is finite.
pub trait FloatBits: Float {
    /// True for NaN and the infinities.
    fn is_special(self) -> bool;
    /// The largest size among them; 0 of none.
    #[doc(hidden)]
    fn largest(values: &[Self]) -> Self;
}

/// `max |x|`, with what is not finite above all numbers and NaN above infinities; 0 of none.
pub fn largest_size<T: FloatBits>(values: &[T], isa: Isa) -> T {
    let mut largest = T::from_f64(0.0);
    compiled::run(isa, Largest { values, largest: &mut largest });
    largest
}

/// True where all numbers of all arrays are finite: for many short ones, with one choice of the instruction set.
#[inline]
pub fn are_finite<'a, T: FloatBits>(arrays: impl Iterator<Item = &'a [T]>, isa: Isa) -> bool {
    let mut finite = true;
    compiled::run(isa, Finite { arrays, finite: &mut finite });
    finite
}

struct Finite<'f, I> {
    arrays: I,
    finite: &'f mut bool,
}

impl<'a, T: FloatBits, I: Iterator<Item = &'a [T]>> Compiled for Finite<'_, I> {
    #[inline(always)]
    fn run(self) {
        for values in self.arrays {
            let some = if values.len() < FEW { values.iter().any(|x| x.is_special()) } else { some_special(values) };
            *self.finite &= !some;
        }
    }
}

struct Largest<'a, T> {
    values: &'a [T],
    largest: &'a mut T,
}

impl<T: FloatBits> Compiled for Largest<'_, T> {
    #[inline(always)]
    fn run(self) {
        *self.largest = T::largest(self.values);
    }
}

impl FloatBits for f32 {
    #[inline(always)]
    fn is_special(self) -> bool {
        self.to_bits() & 0x7f80_0000 == 0x7f80_0000
    }
    #[inline(always)]
    fn largest(values: &[f32]) -> f32 {
        // Bits without their signs are in the order of sizes; signed, as the narrowest instruction set compares them.
        let size = |x: &f32| (x.to_bits() & (u32::MAX >> 1)) as i32;
        f32::from_bits(values.iter().fold(0, |most, x| size(x).max(most)) as u32)
    }
}

impl FloatBits for f64 {
    #[inline(always)]
    fn is_special(self) -> bool {
        self.to_bits() & 0x7ff0_0000_0000_0000 == 0x7ff0_0000_0000_0000
    }
    #[inline(always)]
    fn largest(values: &[f64]) -> f64 {
        let size = |x: &f64| (x.to_bits() & (u64::MAX >> 1)) as i64;
        f64::from_bits(values.iter().fold(0, |most, x| size(x).max(most)) as u64)
    }
}

/// Whether one is NaN or infinite: without a branch on each number, so that many are looked at by one instruction.
#[inline(always)]
fn some_special<T: FloatBits>(numbers: &[T]) -> bool {
    numbers.iter().fold(false, |some, &x| some | x.is_special())
}

/// The position of the first number that is NaN or infinite.
pub fn first_non_finite<T: FloatBits>(numbers: &[T]) -> Option<usize> {
    numbers.chunks(BLOCK).enumerate().find_map(|(block, part)| {
        let first = || part.iter().position(|&x| x.is_special()).map(|at| block * BLOCK + at);
        if some_special(part) { first() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::{are_finite, first_non_finite, largest_size};
    use crate::isa::Isa;

    #[test]
    fn the_largest_size_is_found_wherever_it_is() {
        for isa in Isa::available() {
            for len in [1, 31, 32, 33, 1000] {
                let numbers: Vec<f32> = (0..len).map(|i| 1.0 - i as f32 / 2000.0).collect();
                for (at, sign) in [(0, -1.0), (len / 2, 1.0), (len - 1, -1.0)] {
                    for most in [2.0_f32, f32::MAX, f32::INFINITY] {
                        let mut numbers = numbers.clone();
                        numbers[at] = most * sign;
                        assert_eq!(largest_size(&numbers, isa), most, "{isa:?} {len}");
                        let wide: Vec<f64> = numbers.iter().map(|&x| f64::from(x)).collect();
                        assert_eq!(largest_size(&wide, isa), f64::from(most), "{isa:?} {len}, float64");
                        numbers[len / 3] = -f32::NAN;
                        assert!(largest_size(&numbers, isa).is_nan(), "{isa:?} {len}");
                    }
                }
            }
            assert_eq!(largest_size::<f32>(&[], isa), 0.0);
        }
    }

    #[test]
    fn one_special_number_among_many_arrays_is_found() {
        for isa in Isa::available() {
            for wrong in [f32::NAN, f32::INFINITY, -f32::INFINITY] {
                let mut arrays: Vec<Vec<f32>> = [0, 1, 3, 40].map(|len| vec![f32::MAX; len]).into();
                assert!(are_finite(arrays.iter().map(Vec::as_slice), isa), "{isa:?}");
                for (array, at) in [(1, 0), (2, 2), (3, 0), (3, 39)] {
                    let right = std::mem::replace(&mut arrays[array][at], wrong);
                    assert!(!are_finite(arrays.iter().map(Vec::as_slice), isa), "{isa:?} {wrong} in {array}");
                    arrays[array][at] = right;
                }
            }
            assert!(are_finite::<f64>(std::iter::empty(), isa), "nothing is finite");
        }
    }

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
