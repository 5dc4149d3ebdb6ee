//! Products that are deeper than wide or high, where both operands are read in place: the depth is shared out.
//!
//! Each thread then reads some rows of `b` only. They are weights more often than not, and a thread finds those rows in its
//! own cache that it has changed itself, by the optimizer's pass over them.

use super::driver::{Buffers, at, each};
use super::epilogue::Finish;
use super::plan::{Path, Plan};
use super::tile::Base;
use super::{EpilogueSpec, Gemm, GemmError, GemmShape};
use crate::element::Float;
use crate::isa::Isa;
use crate::threads::Threads;
use std::array::from_fn;

/// Bytes of `b` up to which its rows stay with their threads.
const KEPT_BYTES: usize = 1024 * 1024;
/// The most parts: their sums go through memory.
const MOST_PARTS: usize = 4;

/// A product for each part of the depth. The first one starts from the bias and lands in the result.
#[derive(Clone)]
pub(super) struct DeepPlan<T: Float> {
    parts: Vec<Gemm<T>>,
}

impl<T: Float> DeepPlan<T> {
    /// The parts; none where the product is better cut otherwise.
    pub fn new(shape: &GemmShape, epilogue: &EpilogueSpec, plan: &Plan, isa: Isa) -> Result<Option<Self>, GemmError> {
        let in_place = matches!(plan.path, Path::Blocks) && !plan.pack_a && !plan.pack_b;
        let deep = shape.depth > shape.rows.max(shape.cols);
        let kept = shape.depth.saturating_mul(shape.cols).saturating_mul(size_of::<T>()) <= KEPT_BYTES;
        if !(plan.parallel && in_place && deep && kept) || epilogue.accumulate {
            return Ok(None);
        }
        let step = shape.depth.div_ceil(MOST_PARTS);
        let part = |start: usize| {
            let shape = GemmShape { depth: step.min(shape.depth - start), ..*shape };
            if start == 0 {
                Gemm::new(shape, *epilogue, isa)
            } else {
                let plain = EpilogueSpec { alpha: epilogue.alpha, ..EpilogueSpec::default() };
                Gemm::new(GemmShape { c_row_stride: shape.cols, ..shape }, plain, isa)
            }
        };
        let parts = (0..shape.depth).step_by(step).map(part).collect::<Result<_, _>>()?;
        Ok(Some(DeepPlan { parts }))
    }

    /// Elements of `T` in which sums wait.
    pub fn workspace_len(&self) -> usize {
        self.parts.iter().skip(1).map(|part| part.lens.c).sum()
    }
}

impl<T: Float> Gemm<T> {
    /// The product as the sum of products over parts of the depth, in their order.
    ///
    /// # Safety
    /// That of `run_blocks`.
    pub(super) unsafe fn run_deep(&self, plan: &DeepPlan<T>, threads: Option<&Threads>, buffers: &Buffers<T>) {
        let (a, b, step) = (&self.shape.a, &self.shape.b, plan.parts[0].shape.depth);
        let sums = |part: usize| buffers.packed_a.wrapping_add((part - 1) * self.shape.rows * self.shape.cols);
        each(threads, plan.parts.len(), &|part| {
            let own = Buffers {
                a: at(buffers.a, 0, 0, part * step, a.col_stride),
                b: at(buffers.b, part * step, b.row_stride, 0, 0),
                c: if part == 0 { buffers.c } else { sums(part) },
                end: None,
                ..*buffers
            };
            // Safety: the caller's promise; parts lie inside the depth and need no packed panels, each has its own sums.
            unsafe { plan.parts[part].run_path(None, &own) };
        });
        let others: [_; MOST_PARTS - 1] =
            from_fn(|i| Base::Rows { start: sums(i + 1).cast_const(), row_stride: self.shape.cols });
        let tile = Finish {
            c: buffers.c,
            c_row_stride: self.shape.c_row_stride,
            rows: self.shape.rows,
            cols: self.shape.cols,
            terms: &others[..plan.parts.len() - 1],
        };
        // Safety: the caller's promise; every part is done.
        unsafe {
            (self.kernels.finish)(&tile);
            self.end_part(buffers, 0..self.shape.rows, 0..self.shape.cols, 0);
        }
    }
}
