//! Vectors as plain arrays that the compiler turns into whatever the processor has.

use super::float32::{ROUNDER, methods, methods_of_one};
use super::register::Register;
use super::scalar::{Mask, Scalar};
use super::set::Plain;
use super::simd::{Simd, SimdF32};
use crate::functions::formulas;

/// `N` elements side by side.
#[derive(Clone, Copy)]
pub struct Lanes<T, const N: usize>(pub [T; N]);

macro_rules! lane_by_lane {
    ($($(#[$note:meta])* $formula:ident = $method:ident, $price:literal, |$x:ident| $scalar:expr;)*) => {
        arithmetic!(one: $($method)*);
    };
}

impl<T: Scalar, const N: usize> Lanes<T, N> {
    #[inline(always)]
    fn one(self, f: impl Fn(T) -> T) -> Self {
        Lanes(std::array::from_fn(
            #[inline(always)]
            |i| f(self.0[i]),
        ))
    }
    #[inline(always)]
    fn two(self, b: Self, f: impl Fn(T, T) -> T) -> Self {
        Lanes(std::array::from_fn(
            #[inline(always)]
            |i| f(self.0[i], b.0[i]),
        ))
    }
    #[inline(always)]
    fn three(self, b: Self, c: Self, f: impl Fn(T, T, T) -> T) -> Self {
        Lanes(std::array::from_fn(
            #[inline(always)]
            |i| f(self.0[i], b.0[i], c.0[i]),
        ))
    }
    #[inline(always)]
    fn test(self, b: Self, f: impl Fn(T, T) -> bool) -> [T::Mask; N] {
        std::array::from_fn(
            #[inline(always)]
            |i| T::Mask::of(f(self.0[i], b.0[i])),
        )
    }
}

// Safety: plain Rust.
unsafe impl<T: Scalar, const N: usize> Register for Lanes<T, N> {
    type Elem = T;
    type Set = Plain;
    const LANES: usize = N;

    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // Safety: the caller's promise; an array has the layout of its elements.
        unsafe { from.cast::<Self>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // Safety: as `load`.
        unsafe { to.cast::<Self>().write_unaligned(self) }
    }
    #[inline(always)]
    fn splat(_set: Plain, value: T) -> Self {
        Lanes([value; N])
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self.two(b, Scalar::mul)
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        self.three(b, c, Scalar::mul_add)
    }
}

/// Parts of vectors in memory, the same for every element type.
macro_rules! memory {
    () => {
        #[inline(always)]
        unsafe fn load_first_or(from: *const Self::Elem, n: usize, rest: Self) -> Self {
            let mut lanes = rest;
            for (i, lane) in lanes.0.iter_mut().enumerate().take(n) {
                // Safety: `i < n`, and the caller vouches for `n` elements.
                *lane = unsafe { from.add(i).read() };
            }
            lanes
        }
        #[inline(always)]
        unsafe fn store_first(self, to: *mut Self::Elem, n: usize) {
            for (i, lane) in self.0.into_iter().enumerate().take(n) {
                // Safety: as `load_first_or`.
                unsafe { to.add(i).write(lane) };
            }
        }
    };
}

/// Lane by lane through [`Scalar`]: everything but the transcendental functions.
macro_rules! arithmetic {
    () => {
        #[inline(always)]
        fn whole(set: Plain, value: i32) -> Self {
            Self::splat(set, Scalar::whole(value))
        }
        arithmetic!(two: add sub div min max floor_div modulo);
        arithmetic!(one: neg abs floor ceil trunc round sqrt);
        arithmetic!(test: eq lt le);
        #[inline(always)]
        fn neg_mul_add(self, b: Self, c: Self) -> Self {
            self.three(b, c, |a, b, c| Scalar::mul_add(Scalar::neg(a), b, c))
        }
        #[inline(always)]
        fn mask_and(a: Self::Mask, b: Self::Mask) -> Self::Mask {
            std::array::from_fn(
                #[inline(always)]
                |i| a[i].and(b[i]),
            )
        }
        #[inline(always)]
        fn mask_or(a: Self::Mask, b: Self::Mask) -> Self::Mask {
            std::array::from_fn(
                #[inline(always)]
                |i| a[i].or(b[i]),
            )
        }
        #[inline(always)]
        fn mask_not(a: Self::Mask) -> Self::Mask {
            std::array::from_fn(
                #[inline(always)]
                |i| a[i].not(),
            )
        }
        #[inline(always)]
        fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
            Lanes(std::array::from_fn(
                #[inline(always)]
                |i| Scalar::blend(mask[i], yes.0[i], no.0[i]),
            ))
        }
    };
    (one: $($name:ident)*) => {$(
        #[inline(always)]
        fn $name(self) -> Self {
            self.one(Scalar::$name)
        }
    )*};
    (two: $($name:ident)*) => {$(
        #[inline(always)]
        fn $name(self, b: Self) -> Self {
            self.two(b, Scalar::$name)
        }
    )*};
    (test: $($name:ident)*) => {$(
        #[inline(always)]
        fn $name(self, b: Self) -> Self::Mask {
            self.test(b, Scalar::$name)
        }
    )*};
}

// Safety: plain Rust.
unsafe impl Simd for Lanes<f32, 8> {
    type Mask = [u32; 8];
    memory!();
    arithmetic!();
    methods!();
}

// Safety: plain Rust.
unsafe impl Simd for Lanes<f64, 8> {
    type Mask = [u64; 8];
    memory!();
    arithmetic!();
    formulas!(lane_by_lane);
    arithmetic!(two: pow arctan2);
}

// Safety: plain Rust.
unsafe impl Simd for Lanes<i32, 8> {
    type Mask = [u32; 8];
    memory!();
    arithmetic!();
    formulas!(lane_by_lane);
    arithmetic!(two: pow arctan2);
}

/// `2ⁿ` for `n` in −126 … 127, the lowest nine bits.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

impl SimdF32 for Lanes<f32, 8> {
    #[inline(always)]
    fn scale2(self, n: Self) -> Self {
        self.two(n, |x, n| {
            // Bits rather than a cast: a NaN gives nonsense here, and the product is NaN all the same.
            let n = (n + ROUNDER).to_bits().wrapping_sub(ROUNDER.to_bits()) as i32;
            let (half, rest) = (n >> 1, n - (n >> 1));
            x * power_of_two(half) * power_of_two(rest)
        })
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        self.one(|rounded| power_of_two(rounded.to_bits() as i32))
    }
    #[inline(always)]
    fn split(self) -> (Self, Self) {
        const SQRT_HALF: u32 = 0x3f35_04f3;
        let tiny = self.lt(self.filled(f32::MIN_POSITIVE));
        let scaled = Self::select(tiny, self.one(|x| x * 8_388_608.0), self);
        let mantissa = scaled.one(|x| {
            let above = x.to_bits().wrapping_sub(SQRT_HALF);
            f32::from_bits((above & 0x007f_ffff).wrapping_add(SQRT_HALF))
        });
        let exponent = scaled.one(|x| ((x.to_bits().wrapping_sub(SQRT_HALF) as i32) >> 23) as f32);
        (mantissa, Self::select(tiny, exponent.one(|e| e - 23.0), exponent))
    }
    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        self.two(sign, f32::copysign)
    }
    #[inline(always)]
    fn none(mask: Self::Mask) -> bool {
        mask.into_iter().all(Mask::is_false)
    }
}
