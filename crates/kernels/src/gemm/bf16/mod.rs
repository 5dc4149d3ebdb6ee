//! Products of float32 by way of bfloat16: operands split into parts, parts multiplied by a matrix unit.
//!
//! The result is cut into blocks of 32 × 32, each the work of a [`unit::MatrixUnit`]: AMX, or the same in software.
//! Splitting, packing, sharing and finishing know neither. What float32 can hold and parts cannot (numbers that are
//! not finite, or so small or large that parts or their products would leave the range) is found beforehand, and such
//! a product runs as plain float32.

#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
mod amx;
mod driver;
mod emulated;
mod pack;
mod plan;
mod range;
#[cfg(test)]
mod tests;
mod unit;

pub(super) use plan::TilePlan;
#[cfg(all(test, target_arch = "x86_64"))]
pub(super) use {emulated::flush, pack::round};
