//! Choosing, from the shape alone, how a product is cut into blocks, panels, strips and tasks.

use super::dots::DotsPlan;
use super::driver::PACKED_STRIPS;
use super::flipped::FlippedPlan;
use super::kernels::Kernels;
use super::spread::{self, SpreadPlan};
use super::{ALIGNMENT, BLOCK_BYTES, EpilogueSpec, GemmShape};
use crate::element::Float;
use std::ops::Range;

/// Multiplications and additions below which a product stays on the calling thread: 15 to 30 µs of one core.
pub(super) const PARALLEL_FLOPS: usize = 3_000_000;
/// Depths that multiplying takes as long for as storing the result.
const STORE_DEPTH: usize = 16;
/// What one task should at least have to do.
pub(super) const TASK_FLOPS: usize = 1_000_000;
/// The most tasks that a product is cut into.
const MOST_TASKS: usize = 32;
/// The fewest panels of a block of whole rows: each strip of `b` that is read for it is multiplied by so many.
const LEAST_PANELS: usize = 2;
/// Blocks of whole rows from which on threads are evenly enough busy.
const LEAST_BLOCKS: usize = 8;
/// Units that are enough to keep some threads evenly busy.
pub(super) const ENOUGH_UNITS: usize = 12;
/// Bytes of packed `a` that a unit goes over again and again, and bytes of its sums: the two and some strips of `b` stay
/// in the second-level cache.
const UNIT_BYTES: usize = 512 * 1024;
/// Bytes of a packed row or column: a strip of `b` and a panel of `a` of this depth fit the first-level cache together.
const BLOCK_DEPTH_BYTES: usize = 1024;
/// Bytes of a row of `a` that are packed at once.
const REACH_BYTES: usize = 16 * 1024;
/// Columns up to which packing `a` takes longer than it saves, of high tiles; of low ones, which read fewer rows at once, twice
/// as many.
const FEW_COLS: usize = 256;
/// Rows that lie a multiple of this apart meet in the same sets of the first-level cache, which has room for so many lines.
const CLASH_BYTES: usize = 2048;
const WAYS: usize = 8;
/// Bytes of a transposed `a` up to which it stays in the first-level cache, where its rows begin at all of its sets: read in place
/// by any tile.
const SMALL_BYTES: usize = 36 * 1024;
/// Bytes up to which it does wherever its rows begin, as those of heads that see 64 steps.
const SMALLER_BYTES: usize = 16 * 1024;
/// Bytes of `a` that are packed at once: they stay in the last-level cache.
const STAGE_BYTES: usize = 8 * 1024 * 1024;
/// The most threads that share a product, if it has as many units. A slot that no thread takes costs address space alone: it is never touched.
pub(super) const SLOTS: usize = 64;

/// Bytes of a matrix above which a product that reads it once is shared by threads.
const PARALLEL_BYTES: usize = 1024 * 1024;
/// Bytes of a matrix that one such task should at least read.
const TASK_BYTES: usize = 128 * 1024;

/// Bytes of a matrix from which on its rows are streamed rather than tiled.
const SPREAD_BYTES: usize = 256 * 1024;
/// The fewest columns that a task spreads.
const SPREAD_COLS: usize = 512;
/// The most tasks of spreading.
const SPREAD_TASKS: usize = 8;
/// Tiles one below the other that are made without a look at how they are cut, which takes as long as some of them.
const FEW_PANELS: usize = 4;
/// The most rows or columns that are taken as dot products without packing.
const DOTS: usize = 8;

/// The least depth that pays for turning the result.
const FLIPPED_DEPTH: usize = 8;
/// Bytes of a row up to which a narrow result reads its operand in place.
const FLIPPED_ROW_BYTES: usize = 2048;
/// Bytes up to which an operand is packed for the sake of a narrow result.
const FLIPPED_BYTES: usize = 2 * 1024 * 1024;
/// Products from which on a batch keeps all threads busy with whole products.
const SHARED_BATCH: usize = 8;

/// The way in which a product is run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path {
    /// One register tile.
    Single,
    /// Register tiles, of packed operands or in place.
    Blocks,
    /// Dot products along a contiguous depth.
    Dots(DotsPlan),
    /// The transpose, turned when stored.
    Flipped(FlippedPlan),
    /// Rows of a matrix spread over few rows of the result.
    Spread(SpreadPlan),
}

/// How a product is cut. Sizes depend on the shape, never on the number of threads.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub path: Path,
    pub pack_a: bool,
    pub pack_b: bool,
    /// Elements of `b` that are packed for all units together; 0 where each packs what it needs.
    pub shared_b: usize,
    /// Depths that a packed number holds: one, or two as bfloat16.
    pub depths: usize,
    /// Rows of a panel: the height of the register tile.
    pub panel: usize,
    /// Columns of a strip: the width of the register tile.
    pub strip: usize,
    /// Depth of packed panels and strips.
    pub block_depth: usize,
    /// Depth that is packed at once.
    pub reach: usize,
    /// Rows that are packed at once.
    pub stage_rows: usize,
    pub unit_rows: usize,
    pub unit_cols: usize,
    pub parallel: bool,
    /// Whether it is a tile, or a few of the same columns that no threads share.
    pub column: bool,
}

impl Plan {
    /// The plan for a shape that has at least one row and one column.
    pub fn new<T: Float>(shape: &GemmShape, epilogue: &EpilogueSpec, kernels: &Kernels<T>) -> Plan {
        let mut plan = Plan::tiled(shape, kernels, packing(shape, kernels));
        plan.skinny::<T>(shape, epilogue, kernels);
        plan
    }

    /// The plan that packs both operands, however small they are.
    pub fn packed<T: Float>(shape: &GemmShape, kernels: &Kernels<T>) -> Plan {
        Plan::tiled(shape, kernels, (true, true))
    }

    /// The plan whose units share strips of `b` that are there already.
    pub fn prepacked<T: Float>(shape: &GemmShape, kernels: &Kernels<T>) -> Plan {
        let (pack_a, _) = packing(shape, kernels);
        let mut plan = Plan::tiled(shape, kernels, (pack_a, true));
        plan.path = Path::Blocks;
        plan.shared_b = shape.cols.next_multiple_of(kernels.lanes) * plan.packed_depth(plan.reach);
        plan.cut::<T>(shape);
        plan
    }

    /// The plan whose units are whole rows, which share the packed strips of `b`; none where they would have so few rows
    /// that reading all of `b` for each takes longer than multiplying, or be too few for the threads.
    pub fn by_rows<T: Float>(shape: &GemmShape, kernels: &Kernels<T>) -> Option<Plan> {
        let mut plan = Plan::tiled(shape, kernels, packing(shape, kernels));
        plan.path = Path::Blocks;
        if plan.pack_b {
            plan.shared_b = shape.cols.next_multiple_of(kernels.lanes) * plan.packed_depth(plan.reach);
        }
        let panels = plan.stage_rows.min(shape.rows).div_ceil(plan.panel);
        let wanted = plan.wanted(shape);
        let block = (BLOCK_BYTES / (plan.panel * shape.cols * size_of::<T>())).max(1);
        // Blocks that fit the cache, and as many as the threads share evenly.
        let high = panels.div_ceil(block).next_multiple_of(wanted).min(panels);
        plan.unit_rows = panels.div_ceil(high) * plan.panel;
        plan.unit_cols = shape.cols.next_multiple_of(plan.strip);
        let blocks = shape.rows.div_ceil(plan.unit_rows);
        let pays = plan.unit_rows >= LEAST_PANELS * plan.panel && blocks >= wanted.min(LEAST_BLOCKS);
        (blocks == 1 || pays).then_some(plan)
    }

    /// Register tiles of operands that are packed, or read in place.
    fn tiled<T: Float>(shape: &GemmShape, kernels: &Kernels<T>, (pack_a, pack_b): (bool, bool)) -> Plan {
        let direct = !pack_b || shape.a.row_stride == 1;
        let highest = if pack_a || !direct { kernels.packed.len() } else { kernels.strided.len() };
        let panel = even(shape.rows, highest);
        let strip = 2 * kernels.lanes;
        let whole = !pack_a && !pack_b;
        let depths = kernels.depths;
        let reach = if whole { shape.depth } else { even_in(depths, shape.depth, REACH_BYTES / size_of::<T>()) };
        let block_depth = if whole { shape.depth } else { even_in(depths, reach, block_depth::<T>()) };
        let narrow = !pack_a && shape.cols <= strip && shape.depth <= block_depth;
        let single = narrow && shape.rows <= highest;
        let mut plan = Plan {
            path: if single { Path::Single } else { Path::Blocks },
            pack_a,
            pack_b,
            depths,
            shared_b: if pack_b && !pack_a { shape.cols.next_multiple_of(kernels.lanes) * reach } else { 0 },
            panel,
            strip,
            block_depth,
            reach,
            stage_rows: if pack_a { stage_rows::<T>(shape.rows, reach.div_ceil(depths), panel) } else { shape.rows },
            unit_rows: shape.rows,
            unit_cols: shape.cols,
            parallel: false,
            column: false,
        };
        plan.cut::<T>(shape);
        plan.column = single || narrow && shape.rows <= FEW_PANELS * highest && !plan.parallel;
        plan
    }

    /// Takes a path for few rows or columns where one fits.
    fn skinny<T: Float>(&mut self, shape: &GemmShape, epilogue: &EpilogueSpec, kernels: &Kernels<T>) {
        let Some(path) = spread_path(shape, kernels)
            .or_else(|| dots_path(shape, kernels))
            .or_else(|| flipped_path(shape, epilogue, kernels))
        else {
            return;
        };
        let matrix = shape.depth * shape.rows.max(shape.cols) * size_of::<T>();
        self.path = path;
        self.parallel |= matrix >= PARALLEL_BYTES;
    }

    /// Cuts a stage into units.
    fn cut<T: Float>(&mut self, shape: &GemmShape) {
        let rows = self.stage_rows.min(shape.rows);
        let (panels, strips) = (rows.div_ceil(self.panel).max(1), shape.cols.div_ceil(self.strip).max(1));
        let wanted = self.wanted(shape);
        self.parallel = wanted > 1;
        let fit = |length: usize| (UNIT_BYTES / (length * size_of::<T>()).max(1)).max(1);
        let again = self.pack_a || self.pack_b;
        let high = if again { panels.div_ceil(fit(self.panel * self.packed_depth(self.block_depth))) } else { 1 };
        let summed = self.block_depth < self.reach;
        let wide = if summed { strips.div_ceil(fit(panels.div_ceil(high) * self.panel * self.strip)) } else { 1 };
        // Where a unit packs the strips of `b` that it reads, rows are cut only for want of columns. Otherwise the longer
        // side is cut, so that each thread reads a part of the larger operand and the whole of the smaller.
        let (wide, high) = if self.packs_strips() || shape.rows <= shape.cols {
            let wide = wide.max(wanted.div_ceil(high)).min(strips);
            (wide, high.max(wanted.div_ceil(wide)).min(panels))
        } else {
            let high = high.max(wanted.div_ceil(wide)).min(panels);
            (wide.max(wanted.div_ceil(high)).min(strips), high)
        };
        self.unit_rows = panels.div_ceil(high) * self.panel;
        self.unit_cols = strips.div_ceil(wide) * self.strip;
    }

    /// How many units threads share evenly; one, where the product is too small for several threads.
    fn wanted(&self, shape: &GemmShape) -> usize {
        let work = flops(shape.rows, shape.cols, shape.depth.saturating_add(STORE_DEPTH));
        if work >= PARALLEL_FLOPS { shared_evenly(work / TASK_FLOPS) } else { 1 }
    }

    /// Whether a unit packs strips for itself.
    pub fn packs_strips(&self) -> bool {
        self.pack_b && self.shared_b == 0
    }

    /// Packed numbers of a row or column over so many depths.
    pub fn packed_depth(&self, depth: usize) -> usize {
        depth.div_ceil(self.depths)
    }

    /// Elements of `b` that a unit has packed at a time.
    pub fn slot_strips(&self) -> usize {
        let cols = if self.packs_strips() { self.unit_cols.min(PACKED_STRIPS * self.strip) } else { 0 };
        cols * self.packed_depth(self.block_depth)
    }

    /// Elements that a thread works in.
    pub fn slot_len(&self) -> usize {
        let sums = if self.block_depth < self.reach { self.unit_rows * self.unit_cols } else { 0 };
        self.slot_strips() + sums
    }

    /// Elements of packed `a` and of packed `b`.
    pub fn packed_lens(&self, shape: &GemmShape, lanes: usize) -> (usize, usize) {
        match self.path {
            Path::Single | Path::Blocks => {}
            Path::Dots(plan) if plan.pack => {
                return (0, shape.depth * if plan.swapped { shape.rows } else { shape.cols });
            }
            Path::Dots(_) | Path::Spread(_) => return (0, 0),
            Path::Flipped(plan) => {
                let rows = if plan.pack { shape.rows } else { shape.rows % plan.strip };
                return (rows.next_multiple_of(lanes) * shape.depth, shape.cols * shape.depth);
            }
        }
        let rows = self.stage_rows.min(shape.rows);
        let units = rows.div_ceil(self.unit_rows) * shape.cols.div_ceil(self.unit_cols);
        let packed_a = if self.pack_a { rows * self.packed_depth(self.reach) } else { 0 };
        (packed_a, self.shared_b + slots(units) * self.slot_len())
    }
}

/// At most `units` and [`ENOUGH_UNITS`], and a number that some threads share evenly.
fn shared_evenly(units: usize) -> usize {
    if units >= ENOUGH_UNITS { ENOUGH_UNITS } else { 1 << units.max(1).ilog2() }
}

/// Threads that can work on so many units at once.
pub(super) fn slots(units: usize) -> usize {
    units.min(SLOTS)
}

/// How many rows of `a` are packed at once.
pub(super) fn stage_rows<T>(rows: usize, reach: usize, panel: usize) -> usize {
    even(rows, (STAGE_BYTES / (reach * size_of::<T>())).max(panel)).next_multiple_of(panel)
}

/// The depth of a block.
pub(super) fn block_depth<T>() -> usize {
    BLOCK_DEPTH_BYTES / size_of::<T>()
}

/// Whether both operands are worth packing: each packed number is read often enough.
pub(super) fn is_large<T: Float>(shape: &GemmShape, kernels: &Kernels<T>) -> bool {
    shape.rows >= 4 * kernels.packed.len() && shape.cols >= 4 * kernels.lanes && shape.depth >= 64
}

/// Which operands are worth packing; those of two depths in a number always are.
fn packing<T: Float>(shape: &GemmShape, kernels: &Kernels<T>) -> (bool, bool) {
    if kernels.depths > 1 {
        return (true, true);
    }
    let large = is_large(shape, kernels);
    let scattered = shape.b.col_stride != 1 && shape.cols > 1;
    let apart = shape.a.row_stride.unsigned_abs() * size_of::<T>();
    let in_place = if kernels.packed.len() > WAYS {
        shape.cols <= FEW_COLS && !apart.is_multiple_of(CLASH_BYTES)
    } else {
        shape.cols <= 2 * FEW_COLS
    };
    let rows_in_place = shape.a.col_stride == 1 && in_place;
    let pitch = shape.a.col_stride.unsigned_abs() * size_of::<T>();
    let extent = pitch.saturating_mul(shape.depth);
    let small = shape.a.row_stride == 1
        && (extent <= SMALLER_BYTES || extent <= SMALL_BYTES && !pitch.is_multiple_of(2 * ALIGNMENT));
    (large && !rows_in_place && !small, large || scattered)
}

/// Few rows times a row-major matrix, or the same with all transposed.
fn spread_path<T: Float>(shape: &GemmShape, kernels: &Kernels<T>) -> Option<Path> {
    let bytes = shape.depth * shape.cols * size_of::<T>();
    let row = shape.rows == 1 && shape.cols >= kernels.lanes;
    let rows = row || shape.rows <= spread::ROWS && bytes >= SPREAD_BYTES;
    if rows && shape.b.col_stride == 1 {
        return Some(Path::Spread(SpreadPlan {
            swapped: false,
            group: spread_share::<T>(shape.cols, shape.depth, kernels),
        }));
    }
    let column = shape.cols == 1 && shape.rows >= kernels.lanes && shape.c_row_stride == 1;
    let group = spread_share::<T>(shape.rows, shape.depth, kernels);
    (column && shape.a.row_stride == 1).then_some(Path::Spread(SpreadPlan { swapped: true, group }))
}

/// Few columns or few rows where the many are contiguous along the depth.
fn dots_path<T: Float>(shape: &GemmShape, kernels: &Kernels<T>) -> Option<Path> {
    if shape.depth < kernels.lanes {
        return None;
    }
    let few = |few: usize, contiguous: bool| few <= if contiguous { DOTS } else { spread::ROWS };
    let (a_rows, b_cols) = (shape.a.col_stride == 1, shape.b.row_stride == 1);
    if a_rows && shape.cols <= shape.rows && few(shape.cols, b_cols) {
        let group = task_share::<T>(shape.rows, shape.depth, kernels);
        return Some(Path::Dots(DotsPlan { swapped: false, pack: !b_cols, group }));
    }
    let group = task_share::<T>(shape.cols, shape.depth, kernels);
    (b_cols && shape.rows <= shape.cols && few(shape.rows, a_rows)).then_some(Path::Dots(DotsPlan {
        swapped: true,
        pack: !a_rows,
        group,
    }))
}

/// Many rows and fewer columns than a vector has lanes.
fn flipped_path<T: Float>(shape: &GemmShape, epilogue: &EpilogueSpec, kernels: &Kernels<T>) -> Option<Path> {
    let strip = 2 * kernels.lanes;
    let narrow = shape.cols > 1 && shape.cols < kernels.lanes && shape.cols <= kernels.packed.len();
    let gapless = shape.c_row_stride == shape.cols;
    if !narrow || !gapless || shape.rows < strip || shape.depth < FLIPPED_DEPTH || epilogue.accumulate {
        return None;
    }
    let pack = shape.a.row_stride != 1 || shape.depth > FLIPPED_ROW_BYTES / size_of::<T>();
    let bytes = shape.rows.saturating_mul(shape.depth).saturating_mul(size_of::<T>());
    let work = flops(shape.rows, shape.cols, shape.depth);
    let tasks = if work < PARALLEL_FLOPS { 1 } else { (work / TASK_FLOPS).min(MOST_TASKS) };
    let group = shape.rows.div_ceil(strip).div_ceil(tasks);
    let worth_packing = bytes <= FLIPPED_BYTES && 3 * shape.cols <= 2 * kernels.lanes;
    (!pack || worth_packing).then_some(Path::Flipped(FlippedPlan { pack, strip, group }))
}

/// How many columns a task of spreading has: enough that rows are read in long runs.
fn spread_share<T: Float>(cols: usize, depth: usize, kernels: &Kernels<T>) -> usize {
    task_share::<T>(cols, depth, kernels)
        .max(SPREAD_COLS)
        .max(cols.div_ceil(SPREAD_TASKS).next_multiple_of(kernels.lanes))
}

/// How many of the many a task has that reads `depth` numbers for each, in whole vectors.
fn task_share<T: Float>(many: usize, depth: usize, kernels: &Kernels<T>) -> usize {
    let bytes = many.saturating_mul(depth).saturating_mul(size_of::<T>());
    let tasks = if bytes < PARALLEL_BYTES { 1 } else { (bytes / TASK_BYTES).min(MOST_TASKS) };
    many.div_ceil(tasks).next_multiple_of(4 * kernels.lanes)
}

/// Whether the products of a batch are the tasks, rather than the parts of each.
pub(super) fn shares_batch(plan: &Plan, batch: usize) -> bool {
    !plan.parallel || batch >= SHARED_BATCH
}

/// Into how many tasks a batch of products is cut.
pub(super) fn batch_groups(batch: usize, shape: &GemmShape) -> usize {
    let total = flops(shape.rows, shape.cols, shape.depth).saturating_mul(batch);
    if total < PARALLEL_FLOPS { 1 } else { (total / TASK_FLOPS).clamp(1, MOST_TASKS.min(batch.max(1))) }
}

/// `2 · rows · cols · depth`.
pub(super) fn flops(rows: usize, cols: usize, depth: usize) -> usize {
    2usize.saturating_mul(rows).saturating_mul(cols).saturating_mul(depth)
}

/// The size of the pieces when `len` is cut as evenly as it goes into pieces of at most `most`.
pub(super) fn even(len: usize, most: usize) -> usize {
    len.div_ceil(len.div_ceil(most).max(1)).max(1)
}

/// The same for pieces that are cut between whole packed numbers of `depths` each, `most` of them at most.
pub(super) fn even_in(depths: usize, len: usize, most: usize) -> usize {
    even(len, most * depths).next_multiple_of(depths)
}

/// A range in pieces of `step`; one empty piece for an empty range.
pub(super) fn pieces(range: Range<usize>, step: usize) -> impl Iterator<Item = Range<usize>> {
    let Range { start, end } = range;
    (0..range.len().div_ceil(step.max(1)).max(1)).map(move |i| start + i * step..(start + (i + 1) * step).min(end))
}
