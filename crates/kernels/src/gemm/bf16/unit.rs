//! What a matrix unit does: one block of the result from packed parts.

use crate::target::Precision;

/// Rows and columns of a block, two by two tiles.
pub(super) const BLOCK: usize = 32;
/// Rows and columns of a tile of sums.
pub(super) const TILE: usize = 16;
/// Depths of one instruction.
pub(super) const STEP: usize = 32;
/// Numbers of one packed tile: 16 × 32 of `a`, or as many of `b`.
pub(super) const PACKED_TILE: usize = TILE * STEP;
/// Numbers of the two tiles that make one part of one step.
pub(super) const PACKED_PART: usize = 2 * PACKED_TILE;

/// A number in bfloat16: the upper half of a float32.
pub(super) type Bf16 = u16;

/// Which parts are multiplied with which: passes over the depth of a block, and in each step of a pass some products.
///
/// What is small is added up first, so that it loses nothing; then each step adds its product of first parts, and the
/// sum is rounded once. From one product to the next often only one side changes, so that only its tiles are loaded.
pub(super) fn products(precision: Precision) -> &'static [&'static [(usize, usize)]] {
    match precision {
        Precision::Highest => &[&[(0, 2), (0, 1), (1, 1), (1, 0), (2, 0)], &[(0, 0)]],
        Precision::High => &[&[(0, 1), (1, 0)], &[(0, 0)]],
        Precision::Medium => &[&[(0, 0)]],
    }
}

/// Into how many parts a number is split.
pub(super) fn parts(precision: Precision) -> usize {
    match precision {
        Precision::Highest => 3,
        Precision::High => 2,
        Precision::Medium => 1,
    }
}

/// The operands of one block: for each step of the depth, for each part, two tiles.
///
/// A tile of `a` is 16 rows of 32 depths; one of `b` is 16 rows, each of two depths, of 16 columns whose two numbers
/// are neighbours.
pub(super) struct Task {
    pub a: *const Bf16,
    pub b: *const Bf16,
    /// At least one.
    pub steps: usize,
    pub precision: Precision,
    /// Where 32 × 32 sums go.
    pub sums: *mut f32,
}

/// A matrix unit, on the thread that made it.
pub(super) trait MatrixUnit {
    /// Prepares this thread; dropping the unit undoes it.
    ///
    /// # Safety
    /// The unit is there.
    unsafe fn new() -> Self;

    /// `sums = Σ_passes Σ_steps Σ_products a_i · b_j`, from zero.
    ///
    /// # Safety
    /// The pointers are valid for the task.
    unsafe fn multiply(&mut self, task: &Task);
}
