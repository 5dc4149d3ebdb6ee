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
mod register;
mod scalar;
mod set;
mod simd;
mod slices;
#[cfg(test)]
mod tests;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::{F32x8, store_first_pd, store_first_ps};
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::F32x16;
pub use cast::Cast;
pub use compute::Compute;
#[cfg(not(target_arch = "aarch64"))]
pub(crate) use lanes::Lanes;
pub use register::Register;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) use register::register;
pub use scalar::Scalar;
#[cfg(target_arch = "aarch64")]
pub(crate) use set::Plain;
pub use set::Set;
#[cfg(target_arch = "x86_64")]
pub(crate) use set::{Avx2, Avx512};
pub use simd::{Simd, SimdF32};
pub use slices::*;
