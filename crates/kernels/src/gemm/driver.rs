//! Running a planned product: blocks, and in each the packing tasks and then the tile tasks.

use super::epilogue::{Activation, BiasAxis, Finish};
use super::pack::Panel;
use super::plan::pieces;
use super::tile::{Ahead, Base, Tile};
use super::{ALIGNMENT, Gemm};
use crate::element::Float;
use crate::threads::Threads;
use std::ops::Range;

/// Panels that are packed together: their columns are neighbours in memory when `a` is a transpose.
const PACKED_PANELS: usize = 8;
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
}

// Safety: tasks write to disjoint tiles of `c` and to disjoint panels; what one phase writes is read in the next.
unsafe impl<T: Float> Sync for Buffers<T> {}

/// A part of the product whose packed operands fit the caches.
pub(super) struct Block {
    pub rows: Range<usize>,
    pub cols: Range<usize>,
    pub depth: Range<usize>,
    /// Whether `b` is packed already.
    pub packed_b: bool,
}

/// Calls `task` for each index, on the pool where there is one.
pub(super) fn each(threads: Option<&Threads>, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
    match threads {
        Some(threads) if tasks > 1 => threads.run(tasks, task),
        _ => (0..tasks).for_each(task),
    }
}

impl<T: Float> Gemm<T> {
    /// The product as one tile, its strip of `b` packed where the plan says so.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    pub(super) unsafe fn run_single(&self, buffers: &Buffers<T>) {
        let shape = &self.shape;
        let block = Block { rows: 0..shape.rows, cols: 0..shape.cols, depth: 0..shape.depth, packed_b: false };
        // Safety: the caller's promise.
        unsafe {
            if self.plan.pack_b {
                self.pack_strip(buffers, &block, 0, 0..shape.depth);
            }
            self.multiply_tile(buffers, &block, (0, 0), Ahead::nothing(buffers.a));
        }
    }

    /// The product, block by block.
    ///
    /// # Safety
    /// The buffers are valid for the planned shape, and `c` and the packed panels for writing.
    pub(super) unsafe fn run_blocks(&self, threads: Option<&Threads>, buffers: &Buffers<T>) {
        let (shape, plan) = (&self.shape, &self.plan);
        for cols in pieces(shape.cols, plan.block_cols) {
            for depth in pieces(shape.depth, plan.block_depth) {
                for rows in pieces(shape.rows, plan.block_rows) {
                    let packed_b = rows.start > 0;
                    let block = Block { rows, cols: cols.clone(), depth: depth.clone(), packed_b };
                    // Safety: the caller's promise.
                    unsafe {
                        self.pack_block(threads, buffers, &block);
                        self.multiply_block(threads, buffers, &block);
                    }
                }
            }
        }
    }

    /// Packs what several tasks of the block share: panels of `a`, then strips of `b`. What only one task reads,
    /// that task packs itself, so that it is still in its cache.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    unsafe fn pack_block(&self, threads: Option<&Threads>, buffers: &Buffers<T>, block: &Block) {
        let (panels, strips) = self.tiles(block);
        let a_tasks = if self.plan.pack_a && !self.own_panels(block) { panels.div_ceil(PACKED_PANELS) } else { 0 };
        let packs_b = self.plan.pack_b && !block.packed_b && !self.own_strips(block);
        let b_tasks = if packs_b { strips.div_ceil(PACKED_STRIPS) } else { 0 };
        each(threads, a_tasks + b_tasks, &|task| {
            // Safety: each panel is packed by one task, within the buffers that the caller vouches for.
            unsafe {
                if task < a_tasks {
                    self.pack_panels(buffers, block, share(task, PACKED_PANELS, panels));
                } else {
                    self.pack_strips(buffers, block, share(task - a_tasks, PACKED_STRIPS, strips));
                }
            }
        });
    }

    /// Whether a panel is read by one task only: one group of strips spans the block.
    fn own_panels(&self, block: &Block) -> bool {
        self.tiles(block).1 <= self.plan.group_strips
    }

    /// Whether a strip is read by one task only: one group of panels spans the rows.
    fn own_strips(&self, block: &Block) -> bool {
        block.rows.len() == self.shape.rows && self.tiles(block).0 <= self.plan.group_panels
    }

    /// Packs some neighbouring panels of `a`, a few depths of each at a time so that pages are visited once.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    pub(super) unsafe fn pack_panels(&self, buffers: &Buffers<T>, block: &Block, panels: Range<usize>) {
        for depth in pieces(block.depth.len(), PACKED_DEPTH) {
            for panel in panels.clone() {
                // Safety: the caller's promise.
                unsafe { self.pack_panel(buffers, block, panel, depth.clone()) };
            }
        }
    }

    /// Packs some neighbouring strips of `b`, a few depths of each at a time so that pages are visited once.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    pub(super) unsafe fn pack_strips(&self, buffers: &Buffers<T>, block: &Block, strips: Range<usize>) {
        for depth in pieces(block.depth.len(), PACKED_DEPTH) {
            for strip in strips.clone() {
                // Safety: the caller's promise.
                unsafe { self.pack_strip(buffers, block, strip, depth.clone()) };
            }
        }
    }

    /// Packs some depths of one panel of `a`, as high as the panel.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    unsafe fn pack_panel(&self, buffers: &Buffers<T>, block: &Block, panel: usize, depth: Range<usize>) {
        let (start, rows) = span(panel, self.plan.panel, block.rows.len());
        let a = &self.shape.a;
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
                target: buffers.packed_a.add(start * block.depth.len() + depth.start * rows),
                pitch: rows,
            });
        }
    }

    /// Packs some depths of one strip of `b`, its columns widened to whole vectors.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    unsafe fn pack_strip(&self, buffers: &Buffers<T>, block: &Block, strip: usize, depth: Range<usize>) {
        let (start, cols) = span(strip, self.plan.strip, block.cols.len());
        let pitch = cols.next_multiple_of(self.kernels.lanes);
        let b = &self.shape.b;
        // Safety: the caller's promise.
        unsafe {
            (self.kernels.pack)(&Panel {
                source: at(
                    buffers.b,
                    block.depth.start + depth.start,
                    b.row_stride,
                    block.cols.start + start,
                    b.col_stride,
                ),
                lane_stride: b.col_stride,
                depth_stride: b.row_stride,
                lanes: cols,
                depth: depth.len(),
                target: buffers.packed_b.add(start * block.depth.len() + depth.start * pitch),
                pitch,
            });
        }
    }

    /// Panels and strips of a block.
    fn tiles(&self, block: &Block) -> (usize, usize) {
        (block.rows.len().div_ceil(self.plan.panel), block.cols.len().div_ceil(self.plan.strip))
    }

    /// The tiles of a block, in tasks of neighbouring panels and strips.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    unsafe fn multiply_block(&self, threads: Option<&Threads>, buffers: &Buffers<T>, block: &Block) {
        let (panels, strips) = self.tiles(block);
        let (high, wide) = (self.plan.group_panels, self.plan.group_strips);
        let columns = strips.div_ceil(wide);
        // This thread's next task, most likely.
        let turn = threads.map_or(1, Threads::count);
        each(threads, panels.div_ceil(high) * columns, &|task| {
            let next = share((task + turn) % columns, wide, strips);
            let panels = share(task / columns, high, panels);
            let strips = share(task % columns, wide, strips);
            // Safety: each tile belongs to one task; the caller vouches for the buffers.
            unsafe { self.multiply_group(buffers, block, panels, strips, next.start) };
        });
    }

    /// The tiles of a task, and the packing of what only this task reads. Meanwhile the strips that come next, in the
    /// end those from `next` on, are on their way to the cache.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`], and no other task has these tiles.
    unsafe fn multiply_group(
        &self,
        buffers: &Buffers<T>,
        block: &Block,
        panels: Range<usize>,
        strips: Range<usize>,
        next: usize,
    ) {
        let packs_b = self.plan.pack_b && self.own_strips(block);
        // Safety: the caller's promise.
        unsafe {
            if self.plan.pack_a && self.own_panels(block) {
                self.pack_panels(buffers, block, panels.clone());
            }
            for few in (strips.start..strips.end).step_by(PACKED_STRIPS) {
                let few = few..strips.end.min(few + PACKED_STRIPS);
                if packs_b {
                    self.pack_strips(buffers, block, few.clone());
                }
                let next = if few.end < strips.end { few.end } else { next };
                let mut ahead = self.ahead(buffers, block, next, panels.len() * few.len());
                for strip in few {
                    for panel in panels.clone() {
                        let line = ahead.next().unwrap_or(Ahead::nothing(buffers.a));
                        self.multiply_tile(buffers, block, (panel, strip), line);
                    }
                }
            }
        }
    }

    /// What each of `tiles` tiles may ask for so that the few strips from `next` on are in the second-level cache
    /// when they are packed or read: the lines side by side in memory, one a tile and depth.
    fn ahead(
        &self,
        buffers: &Buffers<T>,
        block: &Block,
        next: usize,
        tiles: usize,
    ) -> impl Iterator<Item = Ahead<T>> + use<T> {
        let (b, line) = (&self.shape.b, ALIGNMENT / size_of::<T>());
        let first = next * self.plan.strip;
        let cols = block.cols.len().saturating_sub(first).min(PACKED_STRIPS * self.plan.strip);
        let start = at(buffers.b, block.depth.start, b.row_stride, block.cols.start + first, b.col_stride);
        let (numbers, stride) =
            if b.col_stride == 1 { (cols, b.row_stride) } else { (block.depth.len(), b.col_stride) };
        let packed = self.plan.pack_b && !self.own_strips(block);
        let lines = if cols == 0 || packed { 0 } else { numbers.div_ceil(line) };
        let every = (tiles / lines.max(1)).max(1);
        (0..lines * every).map(move |tile| match tile % every {
            0 => Ahead { start: start.wrapping_add(tile / every * line), stride },
            _ => Ahead::nothing(start),
        })
    }

    /// One register tile over the depth of the block, finished when that is the last.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    #[inline]
    pub(super) unsafe fn multiply_tile(
        &self,
        buffers: &Buffers<T>,
        block: &Block,
        (panel, strip): (usize, usize),
        ahead: Ahead<T>,
    ) {
        let (row, rows) = span(panel, self.plan.panel, block.rows.len());
        let (col, cols) = span(strip, self.plan.strip, block.cols.len());
        let (top, left, depth) = (block.rows.start + row, block.cols.start + col, block.depth.len());
        let (a, b) = (&self.shape.a, &self.shape.b);
        let vectors = if cols > self.kernels.lanes { 2 } else { 1 };
        let mut tile = Tile {
            depth,
            a: at(buffers.a, top, a.row_stride, block.depth.start, a.col_stride),
            a_row_stride: a.row_stride,
            a_depth_stride: a.col_stride,
            b: at(buffers.b, block.depth.start, b.row_stride, left, b.col_stride),
            b_depth_stride: b.row_stride,
            c: buffers.c.wrapping_add(top * self.shape.c_row_stride + left),
            c_row_stride: self.shape.c_row_stride,
            base: self.base(buffers, top, left, block.depth.start == 0),
            alpha: self.alpha,
            last: cols - (vectors - 1) * self.kernels.lanes,
            ahead,
        };
        let mut kernels = if a.row_stride == 1 { self.kernels.neighbours } else { self.kernels.strided };
        if self.plan.pack_a {
            tile.a = buffers.packed_a.wrapping_add(row * depth);
            tile.a_depth_stride = rows as isize;
            kernels = self.kernels.packed;
        }
        if self.plan.pack_b {
            tile.b = buffers.packed_b.wrapping_add(col * depth);
            tile.b_depth_stride = (vectors * self.kernels.lanes) as isize;
        }
        // Safety: the caller's promise; the tables have a kernel for every height up to the panel's.
        unsafe {
            kernels[rows - 1][vectors - 1](&tile);
            if block.depth.end == self.shape.depth {
                self.finish_tile(buffers, (top, left), (rows, cols));
            }
        }
    }

    /// What the tile adds its product to.
    pub(super) fn base(&self, buffers: &Buffers<T>, top: usize, left: usize, first: bool) -> Base<T> {
        if !first || self.spec.accumulate {
            let row_stride = self.shape.c_row_stride;
            return Base::Rows { start: buffers.c.wrapping_add(top * row_stride + left), row_stride };
        }
        self.bias(buffers, top, left)
    }

    /// The bias at a place of the result.
    fn bias(&self, buffers: &Buffers<T>, top: usize, left: usize) -> Base<T> {
        match self.spec.bias {
            None => Base::Zero,
            Some(BiasAxis::PerColumn) => Base::Rows { start: buffers.bias.wrapping_add(left), row_stride: 0 },
            Some(BiasAxis::PerRow) => Base::Column(buffers.bias.wrapping_add(top)),
        }
    }

    /// The bias that accumulation has put off, and the activation.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    pub(super) unsafe fn finish_tile(
        &self,
        buffers: &Buffers<T>,
        (top, left): (usize, usize),
        (rows, cols): (usize, usize),
    ) {
        let late_bias = self.spec.accumulate && self.spec.bias.is_some();
        if !late_bias && self.spec.activation == Activation::None {
            return;
        }
        // Rows without gaps are as good as one long row, where no bias has to know its place.
        let gapless = cols == self.shape.c_row_stride && !late_bias;
        let (rows, cols) = if gapless { (1, rows * cols) } else { (rows, cols) };
        let tile = Finish {
            c: buffers.c.wrapping_add(top * self.shape.c_row_stride + left),
            c_row_stride: self.shape.c_row_stride,
            rows,
            cols,
            bias: if late_bias { self.bias(buffers, top, left) } else { Base::Zero },
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
fn at<T>(start: *const T, row: usize, row_stride: isize, col: usize, col_stride: isize) -> *const T {
    start.wrapping_offset(row as isize * row_stride + col as isize * col_stride)
}
