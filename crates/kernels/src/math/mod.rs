//! Vectorised mathematics: every function written once over a small vector trait, compiled per instruction set.
//!
//! `f32` runs polynomials with the stated bounds; `f64` runs the standard library lane by lane.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod cast;
mod compute;
pub mod float32;
mod lanes;
mod scalar;
mod set;
mod simd;
mod slices;
#[cfg(test)]
mod tests;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::{store_first_pd, store_first_ps};
pub use cast::Cast;
pub use compute::Compute;
pub use scalar::Scalar;
pub use set::Set;
pub use simd::{Simd, SimdF32};
pub use slices::*;
