//! Vectorised mathematics: every function written once over a small vector trait, compiled per instruction set.
//!
//! `f32` runs polynomials with the stated bounds; `f64` runs the standard library lane by lane.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod compute;
pub(crate) mod functions;
mod lanes;
mod scalar;
mod sets;
mod simd;
#[cfg(test)]
mod tests;

pub use compute::Compute;
pub use scalar::Scalar;
pub(crate) use sets::*;
pub use simd::{Simd, SimdF32};
