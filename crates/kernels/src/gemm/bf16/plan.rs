//! Which products go by way of parts, and how they are cut. Everything depends on the shape alone.

use super::unit::{BLOCK, PACKED_PART, STEP, parts};
use crate::gemm::GemmShape;
use crate::target::{Precision, Target};
use crate::tiles::Unit;

/// The least depth: below, the sums are written more often than they are worth.
const LEAST_DEPTH: usize = 64;
/// The least rows and columns: two blocks, so that padding is at most a third.
const LEAST_SIDE: usize = 2 * BLOCK;
/// Rows whose packed parts are held at once, in the last-level cache.
const BLOCK_ROWS: usize = 2048;
/// Rows from which on splitting them among tasks is worth packing `b` once more.
const TASK_ROWS: usize = 256;
/// Multiplications and additions that a task should at least have to do.
const TASK_FLOPS: usize = 8_000_000;
/// The most tasks.
const MOST_TASKS: usize = 32;

/// How a product by parts is cut.
#[derive(Clone, Copy, Debug)]
pub(in crate::gemm) struct TilePlan {
    pub precision: Precision,
    pub unit: Unit,
    /// Rows that are packed at once, a multiple of the block's.
    pub block_rows: usize,
    /// Depths of a pass over the result, a multiple of the step's.
    pub block_depth: usize,
    /// Blocks of rows of a task.
    pub group_panels: usize,
    /// Blocks of columns of a task.
    pub group_strips: usize,
}

impl TilePlan {
    /// The plan, where parts are there and pay.
    pub fn new(shape: &GemmShape, target: Target) -> Option<TilePlan> {
        let unit = match target.tiles.0 {
            Unit::None | Unit::Pairs => return None,
            unit @ (Unit::Emulated | Unit::Amx) => unit,
        };
        if !pays(shape, target.precision) {
            return None;
        }
        let block_rows = even(shape.rows, BLOCK_ROWS, BLOCK);
        let (panels, strips) = (block_rows / BLOCK, shape.cols.div_ceil(BLOCK));
        let flops = 2 * block_rows * shape.cols * shape.depth;
        let wanted = (flops / TASK_FLOPS).clamp(1, MOST_TASKS);
        let col_groups = wanted.min(strips);
        let row_groups = (wanted / col_groups).min(block_rows / TASK_ROWS).max(1);
        Some(TilePlan {
            precision: target.precision,
            unit,
            block_rows,
            block_depth: even(shape.depth, most_depth(target.precision), STEP),
            group_panels: panels.div_ceil(row_groups),
            group_strips: strips.div_ceil(col_groups),
        })
    }

    /// Numbers in bfloat16 of a packed block of 32 rows or columns.
    pub fn panel_len(&self) -> usize {
        self.block_depth / STEP * parts(self.precision) * PACKED_PART
    }

    /// Numbers of the packed rows.
    pub fn packed_rows_len(&self) -> usize {
        self.block_rows / BLOCK * self.panel_len()
    }

    /// Tasks of a block of `rows`: groups of rows, groups of columns.
    pub fn tasks(&self, rows: usize, cols: usize) -> (usize, usize) {
        let groups = |len: usize, group: usize| len.div_ceil(BLOCK).div_ceil(group);
        (groups(rows, self.group_panels), groups(cols, self.group_strips))
    }

    /// Bytes to work in: packed rows, and for each task a strip of columns.
    pub fn workspace_bytes(&self, cols: usize) -> usize {
        let (high, wide) = self.tasks(self.block_rows, cols);
        size_of::<u16>() * (self.packed_rows_len() + high * wide * self.panel_len())
    }
}

/// Whether a product is large enough. Splitting and packing costs about as much for each number of an operand as
/// `2 · worth` multiplications and additions save, at the rates of one core of the processors that have tiles.
fn pays(shape: &GemmShape, precision: Precision) -> bool {
    let worth = match precision {
        Precision::Highest => 96,
        Precision::High => 48,
        Precision::Medium => 32,
    };
    let &GemmShape { rows, cols, depth, .. } = shape;
    let large = depth >= LEAST_DEPTH && rows >= LEAST_SIDE && cols >= LEAST_SIDE;
    // Also whatever would overflow below is left to those who check it.
    let sane = rows.max(cols).max(depth) < 1 << 20;
    large && sane && rows * cols >= worth * (rows + cols)
}

/// Depths of a pass: a strip of `b` and a panel of `a` stay in the second-level cache.
fn most_depth(precision: Precision) -> usize {
    match precision {
        Precision::Highest | Precision::High => 512,
        Precision::Medium => 1024,
    }
}

/// `len` cut as evenly as it goes into pieces of at most `most`, rounded up to whole `unit`s.
fn even(len: usize, most: usize, unit: usize) -> usize {
    len.div_ceil(len.div_ceil(most)).next_multiple_of(unit)
}
