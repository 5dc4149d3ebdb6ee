//! The types that kernels compute in, each with its vector per instruction set.

use super::lanes::Lanes;
use super::scalar::Scalar;
use super::simd::Simd;
use crate::element::Element;

/// `f32`, `f64` or `i32`: what elementwise programs compute in.
pub trait Compute: Element + Scalar {
    /// The vector of [`Isa::Portable`](crate::isa::Isa::Portable).
    type Portable: Simd<Elem = Self>;
    /// The vector of [`Isa::Avx2`](crate::isa::Isa::Avx2).
    type Avx2: Simd<Elem = Self>;
    /// The vector of [`Isa::Avx512`](crate::isa::Isa::Avx512).
    type Avx512: Simd<Elem = Self>;
    /// What long sums are carried in: `f64` for floats, wrapping `i32` for integers.
    type Wide: Scalar + Send + Sync + 'static;
    /// The most negative value: what the maximum of nothing is.
    const LOWEST: Self;
    /// The largest value: what the minimum of nothing is.
    const HIGHEST: Self;

    /// The value as `f64`, exact.
    fn to_f64(self) -> f64;
    /// Exact widening.
    fn widen(self) -> Self::Wide;
    /// `wide · scale`, rounded to this type.
    fn narrow(wide: Self::Wide, scale: Option<f64>) -> Self;
}

macro_rules! float_compute {
    ($t:ident, $avx2:ty, $avx512:ty) => {
        impl Compute for $t {
            type Portable = Lanes<$t, 8>;
            type Avx2 = $avx2;
            type Avx512 = $avx512;
            type Wide = f64;
            const LOWEST: Self = $t::NEG_INFINITY;
            const HIGHEST: Self = $t::INFINITY;
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn widen(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn narrow(wide: f64, scale: Option<f64>) -> Self {
                match scale {
                    Some(scale) => (wide * scale) as $t,
                    None => wide as $t,
                }
            }
        }
    };
}
#[cfg(target_arch = "x86_64")]
float_compute!(f32, super::avx2::F32x8, super::avx512::F32x16);
#[cfg(not(target_arch = "x86_64"))]
float_compute!(f32, Lanes<f32, 8>, Lanes<f32, 8>);
float_compute!(f64, Lanes<f64, 8>, Lanes<f64, 8>);

impl Compute for i32 {
    type Portable = Lanes<i32, 8>;
    type Avx2 = Lanes<i32, 8>;
    type Avx512 = Lanes<i32, 8>;
    type Wide = i32;
    const LOWEST: Self = i32::MIN;
    const HIGHEST: Self = i32::MAX;
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn widen(self) -> i32 {
        self
    }
    #[inline(always)]
    fn narrow(wide: i32, scale: Option<f64>) -> Self {
        match scale {
            Some(scale) => (f64::from(wide) * scale) as i32,
            None => wide,
        }
    }
}
