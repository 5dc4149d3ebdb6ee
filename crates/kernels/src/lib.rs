//! Numbers only: slices in, numbers out. SIMD per instruction set, threads, random numbers.
//!
//! This crate knows no graph. It and the addon are the only homes of `unsafe`.

pub mod arg;
pub mod attention;
mod columns;
mod compiled;
pub mod conv;
pub mod convert;
pub mod copy;
pub mod cross_entropy;
pub mod element;
pub mod exec;
pub mod finite;
pub mod fourier;
mod functions;
pub mod gemm;
pub mod isa;
pub mod map;
pub mod math;
mod order;
mod per_isa;
pub mod random;
pub mod recurrence;
pub mod rows;
pub mod scan;
mod sizes;
pub mod softmax;
pub mod sort;
pub mod target;
pub mod threads;
pub mod tiles;
mod vectors;
