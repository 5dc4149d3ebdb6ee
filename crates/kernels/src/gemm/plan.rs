//! Choosing, from the shape alone, how a product is cut into blocks, panels, strips and tasks.

use super::GemmShape;
use super::kernels::Kernels;
use crate::element::Float;
use std::ops::Range;

/// Multiplications and additions below which a product stays on the calling thread: about 20 µs of one core.
const PARALLEL_FLOPS: usize = 4_000_000;
/// What one task should at least have to do.
const TASK_FLOPS: usize = 2_000_000;
/// The most tasks that a block is cut into.
const MOST_TASKS: usize = 32;
/// Bytes of packed `a` that a task keeps in the second-level cache.
const GROUP_BYTES: usize = 512 * 1024;
/// Bytes of a packed row or column: the deeper a block, the fewer times `c` is read and written again.
const BLOCK_DEPTH_BYTES: usize = 2048;
/// Rows of a block: its packed panels stay in the last-level cache.
const BLOCK_ROWS: usize = 2048;
/// Columns of a block.
const BLOCK_COLS: usize = 4096;

/// How a product is cut. Sizes depend on the shape, never on the number of threads.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub pack_a: bool,
    pub pack_b: bool,
    /// Rows of a panel: the height of the register tile.
    pub panel: usize,
    /// Columns of a strip: the width of the register tile.
    pub strip: usize,
    pub block_rows: usize,
    pub block_cols: usize,
    pub block_depth: usize,
    /// Panels of a task.
    pub group_panels: usize,
    /// Strips of a task.
    pub group_strips: usize,
    pub parallel: bool,
}

impl Plan {
    /// The plan for a shape that has at least one row and one column.
    pub fn new<T: Float>(shape: &GemmShape, kernels: &Kernels<T>) -> Plan {
        let (pack_a, pack_b) = packing(shape, kernels);
        let highest = if pack_a { kernels.packed.len() } else { kernels.strided.len() };
        let panel = even(shape.rows, highest);
        let strip = 2 * kernels.lanes;
        let whole = !pack_a && !pack_b;
        let mut plan = Plan {
            pack_a,
            pack_b,
            panel,
            strip,
            block_rows: if whole { shape.rows } else { even(shape.rows, BLOCK_ROWS).next_multiple_of(panel) },
            block_cols: if whole { shape.cols } else { even(shape.cols, BLOCK_COLS).next_multiple_of(strip) },
            block_depth: if whole { shape.depth } else { even(shape.depth, BLOCK_DEPTH_BYTES / size_of::<T>()) },
            group_panels: 1,
            group_strips: 1,
            parallel: false,
        };
        plan.group::<T>(shape);
        plan
    }

    /// Cuts a block into tasks.
    fn group<T: Float>(&mut self, shape: &GemmShape) {
        let (rows, cols) = (self.block_rows.min(shape.rows), self.block_cols.min(shape.cols));
        let (panels, strips) = (rows.div_ceil(self.panel).max(1), cols.div_ceil(self.strip).max(1));
        self.parallel = flops(shape.rows, shape.cols, shape.depth) >= PARALLEL_FLOPS;
        let wanted = if self.parallel {
            (flops(rows, cols, self.block_depth.min(shape.depth)) / TASK_FLOPS).clamp(1, MOST_TASKS)
        } else {
            1
        };
        let panel_bytes = self.panel * self.block_depth * size_of::<T>();
        let by_cache = if self.pack_a { panels.div_ceil((GROUP_BYTES / panel_bytes).max(1)) } else { 1 };
        let col_groups = wanted.div_ceil(by_cache).min(strips);
        let row_groups = wanted.div_ceil(col_groups).max(by_cache).min(panels);
        self.group_panels = panels.div_ceil(row_groups);
        self.group_strips = strips.div_ceil(col_groups);
    }

    /// Elements of packed `a` and of packed `b`.
    pub fn packed_lens(&self, shape: &GemmShape, lanes: usize) -> (usize, usize) {
        let depth = self.block_depth.min(shape.depth);
        let a = if self.pack_a { self.block_rows.min(shape.rows) * depth } else { 0 };
        let b = if self.pack_b { self.block_cols.min(shape.cols).next_multiple_of(lanes) * depth } else { 0 };
        (a, b)
    }
}

/// Which operands are worth packing.
fn packing<T: Float>(shape: &GemmShape, kernels: &Kernels<T>) -> (bool, bool) {
    let strip = 2 * kernels.lanes;
    let large = shape.rows >= 4 * kernels.packed.len() && shape.cols >= 2 * strip && shape.depth >= 64;
    let scattered = shape.b.col_stride != 1 && shape.cols > 1;
    (large, large || scattered)
}

/// `2 · rows · cols · depth`.
fn flops(rows: usize, cols: usize, depth: usize) -> usize {
    2usize.saturating_mul(rows).saturating_mul(cols).saturating_mul(depth)
}

/// The size of the pieces when `len` is cut as evenly as it goes into pieces of at most `most`.
fn even(len: usize, most: usize) -> usize {
    len.div_ceil(len.div_ceil(most).max(1)).max(1)
}

/// `0..len` in pieces of `step`; one empty piece for an empty range.
pub(super) fn pieces(len: usize, step: usize) -> impl Iterator<Item = Range<usize>> {
    (0..len.div_ceil(step.max(1)).max(1)).map(move |i| i * step..((i + 1) * step).min(len))
}
