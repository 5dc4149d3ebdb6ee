//! Matrix products: planned once for a shape and an instruction set, run many times without allocating.
//!
//! A product is cut into units that a thread computes alone, those by depth into blocks whose packed operands fit the
//! caches, and blocks into panels of rows by strips of columns: register tiles (`tile`). Small and skinny products read
//! their operands in place. Every element is summed over the depth in one fixed order, so the bits do not depend on the
//! number of threads.

mod batched;
mod bf16;
mod blocks;
mod blockwise;
mod deep;
mod dots;
mod driver;
mod epilogue;
mod flipped;
mod kernels;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pack;
mod packed;
#[cfg(target_arch = "x86_64")]
mod pairs;
mod plan;
mod product;
mod rows;
mod shape;
mod spread;
#[cfg(test)]
pub(crate) mod tests;
mod tile;
mod vector;
mod window_cols;
mod window_direct;
mod window_lines;
mod window_product;
mod window_rows;
mod window_sums;
mod windows;

pub use batched::{BatchAxis, BatchedGemm, one_product};
pub(crate) use blockwise::{Beside, BlockwiseGemm, Part};
pub use epilogue::{Activation, End, EpilogueSpec};
pub(crate) use epilogue::{BLOCK_BYTES, finish_rows, in_blocks};
pub use packed::PackedGemm;
pub use product::{Gemm, takes_tiles};
pub use rows::RowsGemm;
pub use shape::{GemmError, GemmShape, Operand};
pub use window_cols::WindowsTransposed;
pub(crate) use window_product::WindowsProduct;
pub use window_rows::WindowsGemm;
pub(crate) use window_sums::WindowSums;
pub use windows::{WindowAxis, Windows};

use product::{ALIGNMENT, aligned};
