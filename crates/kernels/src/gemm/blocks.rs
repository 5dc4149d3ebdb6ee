//! Products cut into units that threads take one after the other, each over the whole depth.
//!
//! `a` is packed once for all units; a unit packs the strips of `b` that it needs, where they stay in its thread's
//! cache, and keeps its sums there between two depths. So `c` is written once, however deep the product.

use super::driver::{Block, Buffers, PACKED_PANELS, PACKED_STRIPS, Sums, at, each, each_in_slot, share};
use super::epilogue::End;
use super::plan::{pieces, slots};
use super::tile::Ahead;
use super::{ALIGNMENT, Gemm, Operand};
use crate::element::Float;
use crate::threads::Threads;
use std::ops::Range;

/// Rows of the result and depths whose panels of `a` are packed together.
struct Stage {
    rows: Range<usize>,
    depth: Range<usize>,
}

/// Rows and columns of the result that one thread computes.
struct Unit {
    rows: Range<usize>,
    cols: Range<usize>,
    /// First column of the unit that this thread has next, most likely.
    next: usize,
}

impl<T: Float> Gemm<T> {
    /// The product, stage by stage.
    ///
    /// # Safety
    /// The buffers are valid for the planned shape, and `c` and the packed panels for writing.
    pub(super) unsafe fn run_blocks(&self, threads: Option<&Threads>, buffers: &Buffers<T>, end: Option<&End<'_, T>>) {
        for depth in pieces(0..self.shape.depth, self.plan.reach) {
            // Safety: the caller's promise.
            unsafe {
                if self.plan.shared_b > 0 {
                    self.pack_shared(threads, buffers, depth.clone());
                }
                self.multiply_depth(threads, buffers, depth, end);
            }
        }
    }

    /// Packs the strips of `b` over some depths that all units share.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    pub(super) unsafe fn pack_shared(&self, threads: Option<&Threads>, buffers: &Buffers<T>, depth: Range<usize>) {
        // Safety: the caller's promise.
        unsafe { self.pack_all_strips(threads, buffers, &Stage { rows: 0..0, depth }) };
    }

    /// The product over some depths, a stage of rows after the other; strips that units share are packed.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    pub(super) unsafe fn multiply_depth(
        &self,
        threads: Option<&Threads>,
        buffers: &Buffers<T>,
        depth: Range<usize>,
        end: Option<&End<'_, T>>,
    ) {
        let end = end.filter(|_| depth.end == self.shape.depth);
        for rows in pieces(0..self.shape.rows, self.plan.stage_rows) {
            let stage = Stage { rows, depth: depth.clone() };
            // Safety: the caller's promise.
            unsafe {
                if self.plan.pack_a {
                    self.pack_stage(threads, buffers, &stage);
                }
                self.multiply_stage(threads, buffers, &stage, end);
            }
        }
    }

    /// Packs the panels of `a`.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    unsafe fn pack_stage(&self, threads: Option<&Threads>, buffers: &Buffers<T>, stage: &Stage) {
        let panels = stage.rows.len().div_ceil(self.plan.panel);
        let (groups, depth) = (panels.div_ceil(PACKED_PANELS), self.plan.block_depth);
        each(threads, groups * stage.depth.len().div_ceil(depth), &|task| {
            let from = stage.depth.start + task / groups * depth;
            let depth = from..stage.depth.end.min(from + depth);
            let buffers = self.at_depth(buffers, stage, &stage.rows, &depth);
            let block = Block { rows: stage.rows.clone(), cols: 0..0, depth, sums: Sums::Result };
            // Safety: each panel is packed by one task, within the buffers that the caller vouches for.
            unsafe { self.pack_panels(&buffers, &block, share(task % groups, PACKED_PANELS, panels)) };
        });
    }

    /// Packs the strips of `b` that all units share.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    unsafe fn pack_all_strips(&self, threads: Option<&Threads>, buffers: &Buffers<T>, stage: &Stage) {
        let few = PACKED_STRIPS * self.plan.strip;
        let (groups, depth) = (self.shape.cols.div_ceil(few), self.plan.block_depth);
        each(threads, groups * stage.depth.len().div_ceil(depth), &|task| {
            let from = stage.depth.start + task / groups * depth;
            let depth = from..stage.depth.end.min(from + depth);
            let cols = share(task % groups, few, self.shape.cols);
            let packed_b = self.shared_strips(buffers, stage, &cols, &depth);
            let strips = cols.len().div_ceil(self.plan.strip);
            let block = Block { rows: stage.rows.clone(), cols, depth, sums: Sums::Result };
            // Safety: each strip is packed by one task, within the buffers that the caller vouches for.
            unsafe { self.pack_strips(&Buffers { packed_b, ..*buffers }, &block, 0..strips) };
        });
    }

    /// Where the strips of some columns over a block of the depth are, of those that all units share.
    fn shared_strips(&self, buffers: &Buffers<T>, stage: &Stage, cols: &Range<usize>, depth: &Range<usize>) -> *mut T {
        let padded = self.shape.cols.next_multiple_of(self.kernels.lanes);
        let before = padded * self.plan.packed_depth(depth.start - stage.depth.start);
        buffers.packed_b.wrapping_add(before + cols.start * self.plan.packed_depth(depth.len()))
    }

    /// The buffers as they are for some rows of a stage over a block of its depth.
    fn at_depth(&self, buffers: &Buffers<T>, stage: &Stage, rows: &Range<usize>, depth: &Range<usize>) -> Buffers<T> {
        let before = stage.rows.len() * self.plan.packed_depth(depth.start - stage.depth.start);
        let above = (rows.start - stage.rows.start) * self.plan.packed_depth(depth.len());
        Buffers { packed_a: buffers.packed_a.wrapping_add(before + above), ..*buffers }
    }

    /// The units of a stage; each is handed to `end` when it is finished.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`].
    unsafe fn multiply_stage(
        &self,
        threads: Option<&Threads>,
        buffers: &Buffers<T>,
        stage: &Stage,
        end: Option<&End<'_, T>>,
    ) {
        let (plan, cols) = (&self.plan, self.shape.cols);
        let wide = cols.div_ceil(plan.unit_cols);
        let units = stage.rows.len().div_ceil(plan.unit_rows) * wide;
        each_in_slot(threads, slots(units), units, &|slot, unit| {
            let slot = buffers.slots.wrapping_add(slot * plan.slot_len());
            let rows = share(unit / wide, plan.unit_rows, stage.rows.len());
            let next = (unit + 1) % wide * plan.unit_cols;
            let unit = Unit {
                rows: stage.rows.start + rows.start..stage.rows.start + rows.end,
                cols: share(unit % wide, plan.unit_cols, cols),
                next,
            };
            // Safety: each unit is handed out once, this thread alone has the slot, the caller vouches for the rest. Where
            // there is an end, units are whole rows, and rows lie side by side.
            unsafe {
                self.multiply_unit(buffers, slot, stage, &unit);
                if let Some(end) = end {
                    let c = buffers.c.add(unit.rows.start * cols);
                    end(std::slice::from_raw_parts_mut(c, unit.rows.len() * cols));
                }
            }
        });
    }

    /// One unit, a block of the depth after the other, and in it a few strips after the others.
    ///
    /// # Safety
    /// That of [`Self::run_blocks`], and nobody else has this unit or this slot.
    unsafe fn multiply_unit(&self, buffers: &Buffers<T>, slot: *mut T, stage: &Stage, unit: &Unit) {
        let plan = &self.plan;
        let panels = unit.rows.len().div_ceil(plan.panel);
        let apart = slot.wrapping_add(plan.slot_strips());
        for depth in pieces(stage.depth.clone(), plan.block_depth) {
            let buffers = self.at_depth(buffers, stage, &unit.rows, &depth);
            for cols in pieces(unit.cols.clone(), PACKED_STRIPS * plan.strip) {
                let sums = if depth.len() == stage.depth.len() {
                    Sums::Result
                } else {
                    let before = (cols.start - unit.cols.start) * panels * plan.panel;
                    Sums::Apart { start: apart.wrapping_add(before), reach: stage.depth.clone() }
                };
                let own = plan.packs_strips();
                let packed_b = if own { slot } else { self.shared_strips(&buffers, stage, &cols, &depth) };
                let buffers = Buffers { packed_b, ..buffers };
                let mut ahead = self.ahead(&buffers, stage, unit, (&cols, &depth));
                let block = Block { rows: unit.rows.clone(), cols, depth: depth.clone(), sums };
                let strips = block.cols.len().div_ceil(plan.strip);
                // Safety: the caller's promise.
                unsafe {
                    if own {
                        self.pack_strips(&buffers, &block, 0..strips);
                    }
                    for strip in 0..strips {
                        for panel in 0..panels {
                            let ahead = ahead.next().unwrap_or(Ahead::nothing(buffers.a));
                            self.multiply_tile(&buffers, &block, (panel, strip), ahead);
                        }
                    }
                }
            }
        }
    }

    /// What each tile may ask for, so that what is packed or read next is in the second-level cache by then: the part of
    /// `b` after these columns and depths, or where `b` is packed as a whole the part of `a` after these depths.
    fn ahead(
        &self,
        buffers: &Buffers<T>,
        stage: &Stage,
        unit: &Unit,
        (cols, depth): (&Range<usize>, &Range<usize>),
    ) -> impl Iterator<Item = Ahead<T>> + use<T> {
        let few = PACKED_STRIPS * self.plan.strip;
        let tiles = unit.rows.len().div_ceil(self.plan.panel) * cols.len().div_ceil(self.plan.strip);
        let last = cols.end >= unit.cols.end;
        let deeper = if depth.end < stage.depth.end { depth.end..stage.depth.end } else { stage.depth.clone() };
        let deeper = deeper.start..deeper.end.min(deeper.start + self.plan.block_depth);
        if self.plan.shared_b > 0 {
            let below = if depth.end < stage.depth.end { 0 } else { unit.rows.len() };
            let rows = (unit.rows.start + below).min(stage.rows.end)..(unit.rows.end + below).min(stage.rows.end);
            let rows = if last { rows } else { 0..0 };
            return block_lines(buffers.a, &self.shape.a, (rows, deeper), tiles);
        }
        let next = if depth.end < stage.depth.end { unit.cols.start } else { unit.next };
        let (from, depths) = if last { (next, deeper) } else { (cols.end, depth.clone()) };
        let until = if last && depth.end >= stage.depth.end { self.shape.cols } else { unit.cols.end };
        block_lines(buffers.b, &self.shape.b, (depths, from..until.min(from + few)), tiles)
    }
}

/// A part of an operand, shared out among `tiles`.
fn block_lines<T: Float>(
    start: *const T,
    operand: &Operand,
    (rows, cols): (Range<usize>, Range<usize>),
    tiles: usize,
) -> impl Iterator<Item = Ahead<T>> + use<T> {
    let start = at(start, rows.start, operand.row_stride, cols.start, operand.col_stride);
    let (along, across, stride) = if operand.col_stride == 1 {
        (rows.len(), cols.len(), operand.row_stride)
    } else {
        (cols.len(), rows.len(), operand.col_stride)
    };
    lines(start, along, across.div_ceil(ALIGNMENT / size_of::<T>()), stride, tiles)
}

/// A matrix of some rows of `across` cache lines each, shared out among `tiles`.
pub(super) fn lines<T: Float>(
    start: *const T,
    rows: usize,
    across: usize,
    row_stride: isize,
    tiles: usize,
) -> impl Iterator<Item = Ahead<T>> + use<T> {
    let shift = across.next_power_of_two().trailing_zeros();
    let all = if across == 0 { 0 } else { rows << shift };
    let each = all.div_ceil(tiles.max(1)).max(1);
    (0..all).step_by(each).map(move |first| Ahead {
        start,
        row_stride,
        shift,
        first,
        lines: each.min(all - first),
        own: false,
    })
}
