//! What every packed product is made of: packing panels and strips, multiplying a register tile, finishing it.

use super::Gemm;
use super::epilogue::{Activation, Finish};
use super::pack::Panel;
use super::plan::pieces;
use super::tile::{Ahead, Base, Tile};
use crate::element::Float;
use crate::threads::Threads;
use std::ops::Range;

/// Panels that are packed together: their columns are neighbours in memory when `a` is a transpose.
pub(super) const PACKED_PANELS: usize = 8;
/// Strips that are packed together: their rows are neighbours in memory when `b` is row-major.
pub(super) const PACKED_STRIPS: usize = 4;
/// Depths that are packed together: fewer pages than the first-level TLB holds.
const PACKED_DEPTH: usize = 64;

/// The buffers of one run, shared by its tasks.
#[derive(Clone, Copy)]
pub(super) struct Buffers<T> {
    pub a: *const T,
    pub b: *const T,
    pub bias: *const T,
    pub c: *mut T,
    pub packed_a: *mut T,
    pub packed_b: *mut T,
    /// What each thread works in.
    pub slots: *mut T,
}

// Safety: tasks write to disjoint tiles of `c` and to disjoint panels; what one phase writes is read in the next.
unsafe impl<T: Float> Sync for Buffers<T> {}

/// A part of the product over some of the depth; its panels and strips are counted from its first row and column.
pub(super) struct Block<T> {
    pub rows: Range<usize>,
    pub cols: Range<usize>,
    pub depth: Range<usize>,
    pub sums: Sums<T>,
}

/// Where the sums of a block wait for the next depths.
#[derive(Clone)]
pub(super) enum Sums<T> {
    /// In the result.
    Result,
    /// Tile after tile, strip by strip, in memory of its own from the first of these depths to the last.
    Apart { start: *mut T, reach: Range<usize> },
}

/// Calls `task` for each index, on the pool where there is one.
pub(super) fn each(threads: Option<&Threads>, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
    match threads {
        Some(threads) if tasks > 1 => threads.run(tasks, task),
        _ => (0..tasks).for_each(task),
    }
}

/// Calls `task` with each index and a number below `slots` that no two threads at once have.
pub(super) fn each_in_slot(
    threads: Option<&Threads>,
    slots: usize,
    tasks: usize,
    task: &(dyn Fn(usize, usize) + Sync),
) {
    match threads {
        Some(threads) if tasks > 1 => threads.run_numbered(slots, tasks, task),
        _ => (0..tasks).for_each(|index| task(0, index)),
    }
}

impl<T: Float> Gemm<T> {
    /// The product as a column of tiles, its strip of `b` packed where the plan says so.
    ///
    /// # Safety
    /// The buffers are valid for the planned shape, and `c` and the packed panels for writing.
    pub(super) unsafe fn run_single(&self, buffers: &Buffers<T>) {
        let shape = &self.shape;
        let (rows, cols, depth) = (0..shape.rows, 0..shape.cols, 0..shape.depth);
        let block = Block { rows, cols, depth, sums: Sums::Result };
        // Safety: the caller's promise.
        unsafe {
            if self.plan.pack_b {
                self.pack_strip(buffers, &block, 0, 0..shape.depth);
            }
            // Without a division, which takes as long as a small tile.
            let mut panel = 0;
            while panel * self.plan.panel < shape.rows {
                self.multiply_tile(buffers, &block, (panel, 0), Ahead::nothing(buffers.a));
                panel += 1;
            }
        }
    }

    /// Packs some neighbouring panels of `a`, a few depths of each at a time so that pages are visited once.
    ///
    /// # Safety
    /// That of [`Self::run_single`].
    pub(super) unsafe fn pack_panels(&self, buffers: &Buffers<T>, block: &Block<T>, panels: Range<usize>) {
        for depth in pieces(0..block.depth.len(), PACKED_DEPTH) {
            for panel in panels.clone() {
                // Safety: the caller's promise.
                unsafe { self.pack_panel(buffers, block, panel, depth.clone()) };
            }
        }
    }

    /// Packs some neighbouring strips of `b`, a few depths of each at a time so that pages are visited once.
    ///
    /// # Safety
    /// That of [`Self::run_single`].
    pub(super) unsafe fn pack_strips(&self, buffers: &Buffers<T>, block: &Block<T>, strips: Range<usize>) {
        for depth in pieces(0..block.depth.len(), PACKED_DEPTH) {
            for strip in strips.clone() {
                // Safety: the caller's promise.
                unsafe { self.pack_strip(buffers, block, strip, depth.clone()) };
            }
        }
    }

    /// Packs some depths of one panel of `a`, as high as the panel.
    ///
    /// # Safety
    /// That of [`Self::run_single`].
    unsafe fn pack_panel(&self, buffers: &Buffers<T>, block: &Block<T>, panel: usize, depth: Range<usize>) {
        let (start, rows) = span(panel, self.plan.panel, block.rows.len());
        let (a, packed) = (&self.shape.a, |depth| self.plan.packed_depth(depth));
        // Safety: the caller's promise.
        unsafe {
            (self.kernels.pack)(&Panel {
                source: at(
                    buffers.a,
                    block.rows.start + start,
                    a.row_stride,
                    block.depth.start + depth.start,
                    a.col_stride,
                ),
                lane_stride: a.row_stride,
                depth_stride: a.col_stride,
                lanes: rows,
                depth: depth.len(),
                target: buffers.packed_a.add(start * packed(block.depth.len()) + packed(depth.start) * rows),
                pitch: rows,
            });
        }
    }

    /// Packs some depths of one strip of `b`, its columns widened to whole vectors.
    ///
    /// # Safety
    /// That of [`Self::run_single`].
    unsafe fn pack_strip(&self, buffers: &Buffers<T>, block: &Block<T>, strip: usize, depth: Range<usize>) {
        let (start, cols) = span(strip, self.plan.strip, block.cols.len());
        let pitch = cols.next_multiple_of(self.kernels.lanes);
        let (b, packed) = (&self.shape.b, |depth| self.plan.packed_depth(depth));
        let (row, col) = (block.depth.start + depth.start, block.cols.start + start);
        let panel = Panel {
            source: buffers.b,
            lane_stride: b.col_stride,
            depth_stride: b.row_stride,
            lanes: cols,
            depth: depth.len(),
            target: buffers.packed_b.wrapping_add(start * packed(block.depth.len()) + packed(depth.start) * pitch),
            pitch,
        };
        // Safety: the caller's promise.
        unsafe {
            match &self.windows {
                Some(windows) => self.pack_windows(windows, &panel, (col, row)),
                None => {
                    let source = at(buffers.b, row, b.row_stride, col, b.col_stride);
                    (self.kernels.pack)(&Panel { source, ..panel });
                }
            }
        }
    }

    /// One register tile over the depth of the block, finished when that is the last.
    ///
    /// # Safety
    /// That of [`Self::run_single`].
    #[inline(always)]
    pub(super) unsafe fn multiply_tile(
        &self,
        buffers: &Buffers<T>,
        block: &Block<T>,
        (panel, strip): (usize, usize),
        ahead: Ahead<T>,
    ) {
        let (row, rows) = span(panel, self.plan.panel, block.rows.len());
        let (col, cols) = span(strip, self.plan.strip, block.cols.len());
        let (top, left, depth) = (block.rows.start + row, block.cols.start + col, block.depth.len());
        let (a, b) = (&self.shape.a, &self.shape.b);
        let vectors = if cols > self.kernels.lanes { 2 } else { 1 };
        let (base, c, c_row_stride) = self.places(buffers, block, (panel, strip), (top, left));
        let mut tile = Tile {
            depth,
            a: at(buffers.a, top, a.row_stride, block.depth.start, a.col_stride),
            a_row_stride: a.row_stride,
            a_depth_stride: a.col_stride,
            b: at(buffers.b, block.depth.start, b.row_stride, left, b.col_stride),
            b_depth_stride: b.row_stride,
            c,
            c_row_stride,
            base,
            alpha: self.alpha,
            relu: self.stores_relu(&block.depth),
            last: cols - (vectors - 1) * self.kernels.lanes,
            ahead,
        };
        let mut kernels = match a.row_stride {
            1 => self.kernels.neighbours,
            _ if self.plan.pack_b => self.kernels.half_packed,
            _ => self.kernels.strided,
        };
        if self.plan.pack_a {
            tile.depth = self.plan.packed_depth(depth);
            tile.a = buffers.packed_a.wrapping_add(row * tile.depth);
            tile.a_depth_stride = rows as isize;
            kernels = self.kernels.packed;
        }
        if self.plan.pack_b {
            tile.b = buffers.packed_b.wrapping_add(col * tile.depth);
            tile.b_depth_stride = (vectors * self.kernels.lanes) as isize;
        }
        // Safety: the caller's promise; the tables have a kernel for every height up to the panel's.
        unsafe {
            kernels[rows - 1][vectors - 1](&tile);
            if block.depth.end == self.shape.depth && !tile.relu {
                self.finish_tile(buffers, (top, left), (rows, cols));
            }
        }
    }

    /// What a tile of the block adds its product to, where it stores the sum, and the row stride there.
    fn places(
        &self,
        buffers: &Buffers<T>,
        block: &Block<T>,
        (panel, strip): (usize, usize),
        (top, left): (usize, usize),
    ) -> (Base<T>, *mut T, usize) {
        let row_stride = self.shape.c_row_stride;
        let result = buffers.c.wrapping_add(top * row_stride + left);
        let base = || self.base(buffers, top, left, block.depth.start == 0);
        match &block.sums {
            Sums::Result => (base(), result, row_stride),
            Sums::Apart { start, reach } => {
                let (high, wide) = (self.plan.panel, self.plan.strip);
                let tile = strip * block.rows.len().div_ceil(high) + panel;
                let apart = start.wrapping_add(tile * high * wide);
                let (first, last) = (block.depth.start == reach.start, block.depth.end == reach.end);
                let base = if first { base() } else { Base::Rows { start: apart, row_stride: wide } };
                if last { (base, result, row_stride) } else { (base, apart, wide) }
            }
        }
    }

    /// What the tile adds its product to.
    pub(super) fn base(&self, buffers: &Buffers<T>, top: usize, left: usize, first: bool) -> Base<T> {
        if !first || self.spec.accumulate {
            let row_stride = self.shape.c_row_stride;
            return Base::Rows { start: buffers.c.wrapping_add(top * row_stride + left), row_stride };
        }
        self.bias(buffers, left)
    }

    /// The bias from a column on.
    fn bias(&self, buffers: &Buffers<T>, left: usize) -> Base<T> {
        if self.spec.bias { Base::Rows { start: buffers.bias.wrapping_add(left), row_stride: 0 } } else { Base::Zero }
    }

    /// Whether the tiles over some of the depth store `max(c, 0)` at once: those over its end.
    pub(super) fn stores_relu(&self, depth: &Range<usize>) -> bool {
        depth.end == self.shape.depth && self.spec.activation == Activation::Relu
    }

    /// The activation: of most products none, which costs no call.
    ///
    /// # Safety
    /// That of [`Self::run_single`].
    #[inline(always)]
    pub(super) unsafe fn finish_tile(&self, buffers: &Buffers<T>, start: (usize, usize), size: (usize, usize)) {
        if self.spec.activation != Activation::None {
            // Safety: the caller's promise.
            unsafe { self.finish_some(buffers, start, size) };
        }
    }

    /// # Safety
    /// That of [`Self::finish_tile`].
    unsafe fn finish_some(&self, buffers: &Buffers<T>, (top, left): (usize, usize), (rows, cols): (usize, usize)) {
        // Rows without gaps are as good as one long row.
        let gapless = cols == self.shape.c_row_stride;
        let (rows, cols) = if gapless { (1, rows * cols) } else { (rows, cols) };
        let tile = Finish {
            c: buffers.c.wrapping_add(top * self.shape.c_row_stride + left),
            c_row_stride: self.shape.c_row_stride,
            rows,
            cols,
            terms: &[],
            activation: self.spec.activation,
        };
        // Safety: the caller's promise.
        unsafe { (self.kernels.finish)(&tile) };
    }
}

/// The part of `0..len` that task `index` has when each has `step`.
pub(super) fn share(index: usize, step: usize, len: usize) -> Range<usize> {
    index * step..len.min((index + 1) * step)
}

/// Where piece `index` of `len` in pieces of `step` starts, and how long it is.
fn span(index: usize, step: usize, len: usize) -> (usize, usize) {
    let start = index * step;
    (start, step.min(len - start))
}

/// The address of an element of an operand.
pub(super) fn at<T>(start: *const T, row: usize, row_stride: isize, col: usize, col_stride: isize) -> *const T {
    start.wrapping_offset(row as isize * row_stride + col as isize * col_stride)
}
