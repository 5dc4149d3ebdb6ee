//! What runs over a product part by part, while the numbers of a part are in the cache.

use super::Gemm;
use super::driver::Buffers;
use super::plan::Path;
use crate::element::Float;
use std::ops::Range;

/// A finished part of a product: element `(i, j)`, counted from its first row and column, at `start + i · row_stride + j`.
/// The products of a batch lie below each other and count as one.
pub(crate) struct Part<T> {
    pub rows: Range<usize>,
    pub cols: Range<usize>,
    pub start: *const T,
    pub row_stride: usize,
    /// Parts of one unit come one after the other, in an order that the shape gives.
    pub unit: usize,
}

/// A function of finished parts on its way through a run.
pub(super) struct End<T> {
    function: *const (),
    call: unsafe fn(*const (), &Part<T>),
    /// The row of the whole batch at which this product begins.
    first_row: usize,
    /// The unit that all its parts belong to; none where they are told apart.
    unit: Option<usize>,
}

impl<T> Clone for End<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for End<T> {}

impl<T> End<T> {
    /// Calls `take`, which must outlive the run that this is made for.
    pub fn new<F: Fn(&Part<T>) + Sync>(take: &F) -> End<T> {
        // Safety: made from an `F`, which the caller keeps for the run.
        let call = |function: *const (), part: &Part<T>| unsafe { (*function.cast::<F>())(part) };
        End { function: (&raw const *take).cast(), call, first_row: 0, unit: None }
    }

    /// The same for a product that begins at a row of the whole batch.
    pub fn from_row(self, first_row: usize) -> End<T> {
        End { first_row, ..self }
    }

    /// The same with all parts in one unit.
    pub fn in_unit(self, unit: usize) -> End<T> {
        End { unit: Some(unit), ..self }
    }
}

impl<T: Float> Gemm<T> {
    /// Hands on the part of the result over some rows and columns: all its depths are in.
    ///
    /// # Safety
    /// The function of the buffers' end is still there, and no other thread has this part or this unit.
    pub(super) unsafe fn end_part(&self, buffers: &Buffers<T>, rows: Range<usize>, cols: Range<usize>, unit: usize) {
        let Some(end) = &buffers.end else { return };
        let row_stride = self.shape.c_row_stride;
        let part = Part {
            start: buffers.c.wrapping_add(rows.start * row_stride + cols.start),
            rows: end.first_row + rows.start..end.first_row + rows.end,
            cols,
            row_stride,
            unit: end.unit.unwrap_or(unit),
        };
        // Safety: the caller's promise.
        unsafe { (end.call)(end.function, &part) };
    }

    /// How many units the parts of a product belong to, and whether parts are made of whole rows, however it is run.
    pub(super) fn parts(&self) -> (usize, bool) {
        let (shape, plan) = (&self.shape, &self.plan);
        let (units, wide) = match (&plan.path, &self.deep) {
            (_, Some(_)) | (Path::Single, None) => (1, 1),
            (Path::Blocks, None) => {
                let wide = shape.cols.div_ceil(plan.unit_cols.max(1));
                (plan.stage_rows.min(shape.rows).div_ceil(plan.unit_rows.max(1)) * wide, wide)
            }
            (Path::Dots(dots), None) => {
                let tasks = if dots.swapped { shape.cols } else { shape.rows }.div_ceil(dots.group);
                (tasks, if dots.swapped { tasks } else { 1 })
            }
            (Path::Flipped(flipped), None) => (shape.rows.div_ceil(flipped.strip).div_ceil(flipped.group), 1),
            (Path::Spread(spread), None) => {
                let tasks = if spread.swapped { shape.rows } else { shape.cols }.div_ceil(spread.group);
                (tasks, if spread.swapped { 1 } else { tasks })
            }
        };
        let (high, across) = self.tiles.as_ref().map_or((1, 1), |tiles| tiles.tasks(tiles.block_rows, shape.cols));
        (units.max(high * across).max(1), wide <= 1 && across <= 1)
    }
}
