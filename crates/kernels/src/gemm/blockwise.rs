//! A product that nobody keeps: its parts are handed on as they are finished, while they are in the cache.

use super::blocks::lines;
use super::driver::{Block, Buffers, PACKED_PANELS, PACKED_STRIPS, Sums, each, each_in_slot, share};
use super::plan::{Path, block_depth, even, even_in, pieces, slots, stage_rows};
use super::tile::Ahead;
use super::{ALIGNMENT, EpilogueSpec, Gemm, GemmError, GemmShape, aligned};
use crate::element::Float;
use crate::target::Target;
use crate::threads::Threads;
use std::ops::Range;

/// Numbers up to which a row of the result is one part.
const WHOLE_ROW: usize = 768;
/// Numbers of a row of a part, where the result's are longer.
const PART_COLS: usize = 512;
/// Panels of a part. A strip of `b` is read from the first-level cache for all but the first; with more of them, what
/// the pass reads from rows that lie a power of two apart would not fit the few sets of the second-level cache that
/// such rows share.
const PART_PANELS: usize = 3;
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

/// A row-major matrix of the product's shape that is read beside the product.
#[derive(Clone, Copy)]
pub(crate) struct Beside<T> {
    pub start: *const T,
    /// Whether it is written too.
    pub written: bool,
}

// Safety: the address is only asked for, never followed.
unsafe impl<T: Sync> Sync for Beside<T> {}

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
    /// Elements of a slot: a part.
    slot: usize,
}

impl<T: Float> BlockwiseGemm<T> {
    /// Plans the product; none where the shape is not made for it.
    ///
    /// # Errors
    /// Those of [`Gemm::new`].
    pub fn new(shape: GemmShape, target: impl Into<Target>) -> Result<Option<Self>, GemmError> {
        let mut gemm = Gemm::new(shape, EpilogueSpec::default(), target)?;
        debug_assert!(gemm.tiles.is_none(), "products of tiles are stored");
        let strip = gemm.plan.strip;
        if !matches!(gemm.plan.path, Path::Blocks) || shape.cols < strip || shape.depth == 0 || shape.depth > DEPTH {
            return Ok(None);
        }
        let lanes = gemm.kernels.lanes;
        gemm.plan.pack_a = true;
        gemm.plan.pack_b = true;
        gemm.plan.shared_b = 0;
        gemm.plan.panel = even(shape.rows, gemm.kernels.packed.len());
        gemm.plan.block_depth = even_in(gemm.plan.depths, shape.depth, block_depth::<T>());
        let depth = gemm.plan.packed_depth(shape.depth);
        gemm.plan.stage_rows = stage_rows::<T>(shape.rows, depth, gemm.plan.panel);
        let high = PART_PANELS * gemm.plan.panel;
        let wide =
            if shape.cols <= WHOLE_ROW { shape.cols } else { even(shape.cols, PART_COLS).next_multiple_of(strip) };
        gemm.shape.c_row_stride = wide;
        let line = ALIGNMENT / size_of::<T>();
        let packed_b = (depth * shape.cols.next_multiple_of(lanes)).next_multiple_of(line);
        let packed_a = (depth * gemm.plan.stage_rows.min(shape.rows)).next_multiple_of(line);
        let slot = (high.min(shape.rows) * wide).next_multiple_of(line);
        let slots = slots(shape.rows.div_ceil(high) * shape.cols.div_ceil(wide));
        Ok(Some(BlockwiseGemm { gemm, high, wide, slots, packed_b, packed_a, slot }))
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        self.packed_b + self.packed_a + self.slots * self.slot + ALIGNMENT / size_of::<T>()
    }

    /// Computes the product and hands each part to `take`, on the thread that finished it. `beside` is what `take` will
    /// read at the same places: it is asked for while the part is multiplied.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says: a bug of the caller.
    pub fn run(
        &self,
        threads: &Threads,
        (a, b): (&[T], &[T]),
        workspace: &mut [T],
        beside: &[Beside<T>],
        take: &(dyn Fn(&Part<T>) + Sync),
    ) {
        let lens = &self.gemm.lens;
        assert!(
            a.len() >= lens.a && b.len() >= lens.b && workspace.len() >= self.workspace_len(),
            "matrix product: a slice is shorter than planned"
        );
        let packed_b = aligned(workspace.as_mut_ptr(), workspace.len());
        let nothing = std::ptr::null_mut();
        let packed_a = packed_b.wrapping_add(self.packed_b);
        let buffers =
            Buffers { a: a.as_ptr(), b: b.as_ptr(), bias: nothing, c: nothing, packed_a, packed_b, slots: packed_b };
        let parallel = Some(threads).filter(|_| self.gemm.plan.parallel);
        let shape = &self.gemm.shape;
        for stage in pieces(0..shape.rows, self.gemm.plan.stage_rows) {
            self.pack(parallel, &buffers, &stage);
            let (high, wide) = (stage.len().div_ceil(self.high), shape.cols.div_ceil(self.wide));
            each_in_slot(parallel, self.slots, high * wide, &|slot, part| {
                // Parts below each other come one after the other: their strips of `b` stay in the cache.
                let rows = share(part % high, self.high, stage.len());
                let rows = stage.start + rows.start..stage.start + rows.end;
                let cols = share(part / high, self.wide, shape.cols);
                // Safety: the lengths were checked; this thread alone has the slot, the part is handed out once.
                unsafe { self.part(&buffers, slot, (&stage, rows, cols), beside, take) };
            });
        }
    }

    /// Whether handing parts on saves the product's way through memory.
    pub fn pays(shape: &GemmShape) -> bool {
        shape.rows.saturating_mul(shape.cols).saturating_mul(size_of::<T>()) >= STORED_BYTES
    }

    /// The shape that this was planned for.
    pub fn shape(&self) -> &GemmShape {
        &self.gemm.shape
    }

    /// The part of the product over some rows of a stage and some depths, and the buffers as they are for it.
    fn block(
        &self,
        buffers: &Buffers<T>,
        stage: &Range<usize>,
        rows: Range<usize>,
        depth: Range<usize>,
    ) -> (Block<T>, Buffers<T>) {
        let cols = 0..self.gemm.shape.cols;
        let padded = cols.end.next_multiple_of(self.gemm.kernels.lanes);
        let (before, len) = (self.gemm.plan.packed_depth(depth.start), self.gemm.plan.packed_depth(depth.len()));
        let above = stage.len() * before + (rows.start - stage.start) * len;
        let own = Buffers {
            packed_a: buffers.packed_a.wrapping_add(above),
            packed_b: buffers.packed_b.wrapping_add(padded * before),
            ..*buffers
        };
        (Block { rows, cols, depth, sums: Sums::Result }, own)
    }

    /// Packs the panels of `a` of a stage over the whole depth, and for the first stage the strips of `b`.
    fn pack(&self, threads: Option<&Threads>, buffers: &Buffers<T>, stage: &Range<usize>) {
        let (shape, plan) = (&self.gemm.shape, &self.gemm.plan);
        let strips = if stage.start == 0 { shape.cols.div_ceil(plan.strip) } else { 0 };
        let (panels, b_tasks) = (stage.len().div_ceil(plan.panel), strips.div_ceil(PACKED_STRIPS));
        each(threads, b_tasks + panels.div_ceil(PACKED_PANELS), &|task| {
            for depth in pieces(0..shape.depth, plan.block_depth) {
                let (block, own) = self.block(buffers, stage, stage.clone(), depth);
                // Safety: `run` has checked the lengths; each strip and each panel is packed by one task.
                unsafe {
                    match task.checked_sub(b_tasks) {
                        None => self.gemm.pack_strips(&own, &block, share(task, PACKED_STRIPS, strips)),
                        Some(task) => self.gemm.pack_panels(&own, &block, share(task, PACKED_PANELS, panels)),
                    }
                }
            }
        });
    }

    /// One part of the result.
    ///
    /// # Safety
    /// The buffers are valid for the planned shape, the stage is packed, and no other thread has the slot.
    unsafe fn part(
        &self,
        buffers: &Buffers<T>,
        slot: usize,
        (stage, rows, cols): (&Range<usize>, Range<usize>, Range<usize>),
        beside: &[Beside<T>],
        take: &(dyn Fn(&Part<T>) + Sync),
    ) {
        let (shape, plan) = (&self.gemm.shape, &self.gemm.plan);
        let panels = rows.len().div_ceil(plan.panel);
        let strips = cols.start / plan.strip..cols.end.div_ceil(plan.strip);
        let part = buffers.packed_a.wrapping_add(self.packed_a + slot * self.slot);
        // Tiles find their place by row and column of the whole result.
        let c = part.wrapping_sub(rows.start * self.wide + cols.start);
        let buffers = Buffers { c, ..*buffers };
        let mut ahead = self.ahead(beside, &rows, &cols, panels * strips.len());
        for depth in pieces(0..shape.depth, plan.block_depth) {
            let (block, own) = self.block(&buffers, stage, rows.clone(), depth);
            // Safety: the caller's promise; the slot has room for these rows, and tiles lie inside the part.
            unsafe {
                for strip in strips.clone() {
                    for panel in 0..panels {
                        let ahead = ahead.next().unwrap_or(Ahead::nothing(part));
                        self.gemm.multiply_tile(&own, &block, (panel, strip), ahead);
                    }
                }
            }
        }
        take(&Part { rows, cols, start: part, row_stride: self.wide });
    }

    /// What each of `tiles` tiles asks for, so that what `take` reads at these rows and columns is near.
    fn ahead<'a>(
        &self,
        beside: &'a [Beside<T>],
        rows: &Range<usize>,
        cols: &Range<usize>,
        tiles: usize,
    ) -> impl Iterator<Item = Ahead<T>> + use<'a, T> {
        let line = ALIGNMENT / size_of::<T>();
        let (start, across) = (rows.start * self.gemm.shape.cols + cols.start, cols.len().div_ceil(line));
        let (along, stride) = (rows.len(), self.gemm.shape.cols as isize);
        let each = tiles / beside.len().max(1);
        beside.iter().flat_map(move |matrix| {
            let lines = lines(matrix.start.wrapping_add(start), along, across, stride, each);
            // Other threads read weights too: a line has to be theirs no more before it can be written.
            lines.map(|ahead| Ahead { own: matrix.written, ..ahead })
        })
    }
}
