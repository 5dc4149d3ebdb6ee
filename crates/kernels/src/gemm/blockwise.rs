//! A product that nobody keeps: its parts are handed on as they are finished, while they are in the cache.

use super::driver::{Block, Buffers, PACKED_STRIPS, each, share};
use super::plan::{Path, block_depth, even, pieces};
use super::tile::Ahead;
use super::{ALIGNMENT, EpilogueSpec, Gemm, GemmError, GemmShape, aligned};
use crate::element::Float;
use crate::isa::Isa;
use crate::threads::Threads;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Numbers up to which a row of the result is one part.
const WHOLE_ROW: usize = 768;
/// Numbers of a row of a part, where the result's are longer.
const PART_COLS: usize = 512;
/// Panels of a part: enough that a strip of `b` is read from the first-level cache most of the time.
const PART_PANELS: usize = 6;
/// Threads that can work at once.
const SLOTS: usize = 16;
/// Depth up to which all of `b` is packed at once.
const DEPTH: usize = 2048;
/// Bytes of a product from which on it would leave the second-level cache before it is read again.
const STORED_BYTES: usize = 1024 * 1024;

/// A finished part of the product: element `(i, j)`, counted from its first row and column, at `start + i · row_stride + j`.
pub(crate) struct Part<T> {
    pub rows: Range<usize>,
    pub cols: Range<usize>,
    pub start: *const T,
    pub row_stride: usize,
}

/// `a (rows, depth) · b (depth, cols)`, part by part.
///
/// Parts are cut by shape, and each element is summed over the depth in one order, so that the bits do not depend on
/// the number of threads.
pub(crate) struct BlockwiseGemm<T: Float> {
    gemm: Gemm<T>,
    /// Rows of a part.
    high: usize,
    /// Columns of a part.
    wide: usize,
    slots: usize,
    packed_b: usize,
    packed_a: usize,
    /// Elements of a slot: packed rows of `a`, and the part.
    slot: usize,
}

impl<T: Float> BlockwiseGemm<T> {
    /// Plans the product; none where the shape is not made for it.
    ///
    /// # Errors
    /// Those of [`Gemm::new`].
    pub fn new(shape: GemmShape, isa: Isa) -> Result<Option<Self>, GemmError> {
        let mut gemm = Gemm::new(shape, EpilogueSpec::default(), isa)?;
        let strip = gemm.plan.strip;
        if !matches!(gemm.plan.path, Path::Blocks) || shape.cols < strip || shape.depth == 0 || shape.depth > DEPTH {
            return Ok(None);
        }
        let lanes = gemm.kernels.lanes;
        gemm.plan.pack_a = true;
        gemm.plan.pack_b = true;
        gemm.plan.panel = even(shape.rows, gemm.kernels.packed.len());
        gemm.plan.block_depth = even(shape.depth, block_depth::<T>());
        let high = PART_PANELS * gemm.plan.panel;
        let wide =
            if shape.cols <= WHOLE_ROW { shape.cols } else { even(shape.cols, PART_COLS).next_multiple_of(strip) };
        gemm.shape.c_row_stride = wide;
        let line = ALIGNMENT / size_of::<T>();
        let packed_b = (shape.depth * shape.cols.next_multiple_of(lanes)).next_multiple_of(line);
        let packed_a = (shape.depth * high.min(shape.rows)).next_multiple_of(line);
        let slot = packed_a + (high.min(shape.rows) * wide).next_multiple_of(line);
        let slots = shape.rows.div_ceil(high).min(SLOTS);
        Ok(Some(BlockwiseGemm { gemm, high, wide, slots, packed_b, packed_a, slot }))
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        self.packed_b + self.slots * self.slot + ALIGNMENT / size_of::<T>()
    }

    /// Computes the product and hands each part to `take`, on the thread that finished it.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says: a bug of the caller.
    pub fn run(&self, threads: &Threads, (a, b): (&[T], &[T]), workspace: &mut [T], take: &(dyn Fn(&Part<T>) + Sync)) {
        let lens = &self.gemm.lens;
        assert!(
            a.len() >= lens.a && b.len() >= lens.b && workspace.len() >= self.workspace_len(),
            "matrix product: a slice is shorter than planned"
        );
        let packed_b = aligned(workspace.as_mut_ptr(), workspace.len());
        let nothing = std::ptr::null_mut();
        let buffers = Buffers { a: a.as_ptr(), b: b.as_ptr(), bias: nothing, c: nothing, packed_a: nothing, packed_b };
        let parallel = Some(threads).filter(|_| self.gemm.plan.parallel);
        let shape = &self.gemm.shape;
        let strips = shape.cols.div_ceil(self.gemm.plan.strip);
        each(parallel, strips.div_ceil(PACKED_STRIPS), &|task| {
            // Safety: the lengths were checked; each strip is packed by one task.
            unsafe { self.pack(&buffers, share(task, PACKED_STRIPS, strips)) };
        });
        let (next, groups) = (AtomicUsize::new(0), shape.rows.div_ceil(self.high));
        each(parallel, self.slots.min(threads.count()), &|slot| {
            loop {
                let group = next.fetch_add(1, Ordering::Relaxed);
                if group >= groups {
                    break;
                }
                // Safety: the lengths were checked; this thread alone has the slot, and the group is handed out once.
                unsafe { self.group(&buffers, slot, share(group, self.high, shape.rows), take) };
            }
        });
    }

    /// Whether handing parts on saves the product's way through memory.
    pub fn pays(shape: &GemmShape) -> bool {
        shape.rows.saturating_mul(shape.cols).saturating_mul(size_of::<T>()) >= STORED_BYTES
    }

    /// The shape that this was planned for.
    pub fn shape(&self) -> &GemmShape {
        &self.gemm.shape
    }

    /// The part of the product over some depths, and the buffers as they are for it.
    fn block(&self, buffers: &Buffers<T>, rows: Range<usize>, depth: Range<usize>) -> (Block, Buffers<T>) {
        let cols = 0..self.gemm.shape.cols;
        let padded = cols.end.next_multiple_of(self.gemm.kernels.lanes);
        let own = Buffers {
            packed_a: buffers.packed_a.wrapping_add(rows.len() * depth.start),
            packed_b: buffers.packed_b.wrapping_add(padded * depth.start),
            ..*buffers
        };
        (Block { rows, cols, depth, packed_b: true }, own)
    }

    /// Packs some strips of `b` over the whole depth.
    ///
    /// # Safety
    /// The buffers are valid for the planned shape, and nobody else has these strips.
    unsafe fn pack(&self, buffers: &Buffers<T>, strips: Range<usize>) {
        for depth in pieces(self.gemm.shape.depth, self.gemm.plan.block_depth) {
            let (block, own) = self.block(buffers, 0..self.gemm.shape.rows, depth);
            // Safety: the caller's promise.
            unsafe { self.gemm.pack_strips(&own, &block, strips.clone()) };
        }
    }

    /// Some rows of the result, part by part.
    ///
    /// # Safety
    /// The buffers are valid for the planned shape, `b` is packed, and no other thread has the slot.
    unsafe fn group(&self, buffers: &Buffers<T>, slot: usize, rows: Range<usize>, take: &(dyn Fn(&Part<T>) + Sync)) {
        let (shape, plan) = (&self.gemm.shape, &self.gemm.plan);
        let panels = rows.len().div_ceil(plan.panel);
        let packed_a = buffers.packed_b.wrapping_add(self.packed_b + slot * self.slot);
        let part = packed_a.wrapping_add(self.packed_a);
        let buffers = Buffers { packed_a, ..*buffers };
        for depth in pieces(shape.depth, plan.block_depth) {
            let (block, own) = self.block(&buffers, rows.clone(), depth);
            // Safety: the caller's promise; the slot has room for these rows.
            unsafe { self.gemm.pack_panels(&own, &block, 0..panels) };
        }
        for cols in pieces(shape.cols, self.wide) {
            // Tiles find their place by row and column of the whole result.
            let c = part.wrapping_sub(rows.start * self.wide + cols.start);
            for depth in pieces(shape.depth, plan.block_depth) {
                let (block, own) = self.block(&Buffers { c, ..buffers }, rows.clone(), depth);
                for strip in cols.start / plan.strip..cols.end.div_ceil(plan.strip) {
                    for panel in 0..panels {
                        // Safety: the caller's promise; the tile lies inside the part.
                        unsafe { self.gemm.multiply_tile(&own, &block, (panel, strip), Ahead::nothing(packed_a)) };
                    }
                }
            }
            take(&Part { rows: rows.clone(), cols, start: part, row_stride: self.wide });
        }
    }
}
