//! The types that kernels compute in, each with its vector per instruction set.

use super::scalar::Scalar;
use super::simd::Simd;
use crate::element::Element;
use crate::instructions::Set;

/// `f32`, `f64` or `i32`: what elementwise programs compute in.
pub trait Compute: Element + Scalar {
    /// The vector of an instruction set.
    type On<S: Set>: Simd<Elem = Self>;
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
    ($t:ident, $vector:ident) => {
        impl Compute for $t {
            type On<S: Set> = S::$vector;
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
float_compute!(f32, F32);
float_compute!(f64, F64);

impl Compute for i32 {
    type On<S: Set> = S::I32;
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
