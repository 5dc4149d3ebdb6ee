//! Narrow results: computed as their transpose, so that vectors run along the many rows, and turned when stored.

use super::Gemm;
use super::driver::{Buffers, each, share};
use super::pack::Panel;
use super::tile::{Ahead, Base, Tile};
use crate::element::Float;
use crate::threads::Threads;
use std::mem::MaybeUninit;

/// Room for the transpose of one strip: the widest strip by the highest tile of any instruction set.
const TURNED: usize = 32 * 16;

/// How a narrow product is run.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlippedPlan {
    /// Whether every strip of rows is packed, not just one that is short.
    pub pack: bool,
    /// Rows of a strip.
    pub strip: usize,
    /// Strips of a task.
    pub group: usize,
}

impl<T: Float> Gemm<T> {
    /// The product, strip by strip of its rows.
    ///
    /// # Safety
    /// That of `run_blocks`.
    pub(super) unsafe fn run_flipped(&self, plan: &FlippedPlan, threads: Option<&Threads>, buffers: &Buffers<T>) {
        let (shape, strips) = (&self.shape, self.shape.rows.div_ceil(plan.strip));
        // Safety: the caller's promise; tasks have disjoint rows of the result and of the packed strips.
        unsafe {
            (self.kernels.pack)(&Panel {
                source: buffers.b,
                lane_stride: shape.b.col_stride,
                depth_stride: shape.b.row_stride,
                lanes: shape.cols,
                depth: shape.depth,
                target: buffers.packed_b,
                pitch: shape.cols,
            });
            each(threads, strips.div_ceil(plan.group), &|task| {
                share(task, plan.group, strips).for_each(|strip| self.flipped_strip(plan, buffers, strip));
            });
        }
    }

    /// One strip of rows, as one register tile of the transpose.
    ///
    /// # Safety
    /// That of `run_blocks`, and no other task has this strip.
    unsafe fn flipped_strip(&self, plan: &FlippedPlan, buffers: &Buffers<T>, strip: usize) {
        let (shape, lanes) = (&self.shape, self.kernels.lanes);
        let row = strip * plan.strip;
        let rows = plan.strip.min(shape.rows - row);
        let vectors = rows.div_ceil(lanes);
        let mut turned = [MaybeUninit::<T>::uninit(); TURNED];
        let turned = turned.as_mut_ptr().cast::<T>();
        // Safety: the caller's promise; `turned` holds `cols` rows of a strip, and what is read of it was written.
        unsafe {
            let (b, b_depth_stride) = self.strip_of_rows(plan, buffers, row, rows);
            self.kernels.packed[shape.cols - 1][vectors - 1](&Tile {
                depth: shape.depth,
                a: buffers.packed_b,
                a_row_stride: 1,
                a_depth_stride: shape.cols as isize,
                b,
                b_depth_stride,
                c: turned,
                c_row_stride: plan.strip,
                base: self.flipped_bias(buffers),
                alpha: self.alpha,
                relu: false,
                last: rows - (vectors - 1) * lanes,
                ahead: Ahead::nothing(buffers.packed_b),
            });
            (self.kernels.pack)(&Panel {
                source: turned,
                lane_stride: plan.strip as isize,
                depth_stride: 1,
                lanes: shape.cols,
                depth: rows,
                target: buffers.c.add(row * shape.c_row_stride),
                pitch: shape.c_row_stride,
            });
            self.finish_tile(buffers, (row, 0), (rows, shape.cols));
        }
    }

    /// Rows of `a` side by side, in whole vectors: in place, or packed.
    ///
    /// # Safety
    /// That of `flipped_strip`.
    unsafe fn strip_of_rows(
        &self,
        plan: &FlippedPlan,
        buffers: &Buffers<T>,
        row: usize,
        rows: usize,
    ) -> (*const T, isize) {
        let a = &self.shape.a;
        let source = buffers.a.wrapping_offset(row as isize * a.row_stride);
        if !plan.pack && rows == plan.strip {
            return (source, a.col_stride);
        }
        let pitch = rows.next_multiple_of(self.kernels.lanes);
        let start = if plan.pack { row * self.shape.depth } else { 0 };
        let target = buffers.packed_a.wrapping_add(start);
        // Safety: the caller's promise; only the last strip is short.
        unsafe {
            (self.kernels.pack)(&Panel {
                source,
                lane_stride: a.row_stride,
                depth_stride: a.col_stride,
                lanes: rows,
                depth: self.shape.depth,
                target,
                pitch,
            });
        }
        (target, pitch as isize)
    }

    /// The bias as the transpose sees it.
    fn flipped_bias(&self, buffers: &Buffers<T>) -> Base<T> {
        if self.spec.bias { Base::Column(buffers.bias) } else { Base::Zero }
    }
}
