//! Numbers only: slices in, numbers out. SIMD per instruction set, threads, random numbers.
//!
//! This crate knows no graph. It and the addon are the only homes of `unsafe`.

mod compiled;
pub mod element;
pub mod gemm;
pub mod isa;
pub mod random;
pub mod threads;
