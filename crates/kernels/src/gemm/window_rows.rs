//! Products with windows of pictures on the left: tiles read their rows where they lie in the picture.
//!
//! The numbers of a window come in runs that lie side by side wherever the window lies, so a row is a list of addresses.
//! They are found once for some rows and serve every strip of columns and every block of the depth; a run that lies
//! outside the picture is a run of zeros. Nothing is packed but `b`: with as few columns as pictures have channels,
//! packing a row costs more than reading it.

use super::driver::{Block, Buffers, PACKED_STRIPS, Sums, each, each_in_slot, share};
use super::plan::{ENOUGH_UNITS, PARALLEL_FLOPS, TASK_FLOPS, block_depth, even, flops, pieces, slots};
use super::tile::{Ahead, Base, Runs, Tile};
use super::windows::{Found, Place, Run, Windows};
use super::{ALIGNMENT, BLOCK_BYTES, End, EpilogueSpec, Gemm, GemmError, GemmShape, Operand, aligned};
use crate::element::Float;
use crate::isa::Isa;
use crate::threads::Threads;
use std::ops::Range;

/// Channels from which on the runs are single places: short runs cost as much to find as to multiply.
const LONG_RUN: usize = 16;
/// What a unit should at least have to do, in tasks.
const UNIT_TASKS: usize = 4;
/// Bytes of a unit's addresses, and of its runs that lie partly outside.
const FOUND_BYTES: usize = 128 * 1024;

/// Depths that are multiplied before the next ones are: some whole runs, or a part of one.
#[derive(Clone)]
struct RunBlock {
    runs: Range<usize>,
    /// Numbers of each.
    numbers: Range<usize>,
}

/// `c (windows, cols) = activation(x · b (+ bias))`, `x` the [`Windows`] of pictures, `b` (numbers of a window, cols).
pub struct WindowsGemm<T: Float> {
    gemm: Gemm<T>,
    windows: Windows,
    /// The runs of a window, and how far each lies from the first.
    runs: Vec<(Run, usize)>,
    /// Windows along each axis that lie inside the picture.
    inside: [Range<usize>; 3],
    /// Numbers of a run.
    len: usize,
    blocks: Vec<RunBlock>,
    unit_rows: usize,
    unit_cols: usize,
    slots: usize,
    zeros: usize,
    packed_b: usize,
    addresses: usize,
    slot: usize,
}

impl<T: Float> WindowsGemm<T> {
    /// Plans the product; `b` and the rows of `c` lie as told.
    ///
    /// # Errors
    /// Those of [`Gemm::new`].
    pub fn new(
        windows: Windows,
        cols: usize,
        (b, c_row_stride): (Operand, usize),
        epilogue: EpilogueSpec,
        isa: Isa,
    ) -> Result<Self, GemmError> {
        let (rows, depth) = windows.rows().zip(windows.cols()).ok_or(GemmError::TooLarge)?;
        let shape = GemmShape { rows, cols, depth, a: Operand::NOWHERE, b, c_row_stride };
        let mut gemm = Gemm::new(shape, epilogue, isa)?;
        gemm.lens = windows.lens(&shape, &epilogue)?;
        let places = if windows.is_dense() && windows.channels < LONG_RUN { windows.axes[2].kernel } else { 1 };
        let (len, count) = (places * windows.channels, windows.runs(places.max(1)));
        let runs: Vec<_> =
            (0..count).map(|index| windows.run(index, places)).map(|run| (run, windows.offset(&run))).collect();
        let blocks = blocks::<T>(count, len);
        gemm.plan.panel = even(rows, gemm.kernels.runs.len());
        gemm.plan.parallel = flops(rows, cols, depth) >= PARALLEL_FLOPS;
        let line = ALIGNMENT / size_of::<T>();
        let padded = cols.next_multiple_of(gemm.kernels.lanes);
        let partly = places > 1;
        let (unit_rows, unit_cols) = unit(&gemm, count, partly);
        let in_numbers = |bytes: usize| (bytes / size_of::<T>()).next_multiple_of(line);
        let addresses = in_numbers(unit_rows * count * size_of::<*const T>());
        let slot = addresses + if partly { (unit_rows * depth).next_multiple_of(line) } else { 0 };
        let slots = slots(rows.div_ceil(unit_rows) * cols.div_ceil(unit_cols));
        let (zeros, packed_b) = (len.next_multiple_of(line), (padded * depth).next_multiple_of(line));
        gemm.lens.workspace = zeros + packed_b + slots * slot + line;
        Ok(WindowsGemm {
            windows,
            runs,
            // Nobody asks where windows without numbers lie.
            inside: windows.axes.map(|axis| axis.inside(0..axis.kernel.max(1))),
            len,
            blocks,
            unit_rows,
            unit_cols,
            slots,
            zeros,
            packed_b,
            addresses,
            slot,
            gemm,
        })
    }

    /// The shape of the product.
    pub fn shape(&self) -> &GemmShape {
        &self.gemm.shape
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        self.gemm.workspace_len()
    }

    /// Computes the product.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says, or a bias is missing or not wanted: a bug of the caller.
    pub fn run(&self, threads: &Threads, x: &[T], b: &[T], bias: Option<&[T]>, c: &mut [T], workspace: &mut [T]) {
        self.run_ended(threads, (x, b, bias), c, workspace, None);
    }

    /// The same; the rows of each unit are handed to `end`, where there is one.
    ///
    /// # Panics
    /// As [`Self::run`], and where an end was not planned.
    pub(crate) fn run_ended(
        &self,
        threads: &Threads,
        (x, b, bias): (&[T], &[T], Option<&[T]>),
        c: &mut [T],
        workspace: &mut [T],
        end: Option<&End<'_, T>>,
    ) {
        assert!(end.is_none() || self.gemm.spec.by_rows, "product of windows: rows are not finished together");
        self.gemm.lens.check("product of windows", (x, b), c, workspace);
        self.gemm.check_bias(bias);
        if self.gemm.lens.c == 0 {
            return;
        }
        let zeros = aligned(workspace.as_mut_ptr(), workspace.len());
        // Safety: the workspace begins with them.
        unsafe { zeros.write_bytes(0, self.zeros) };
        let packed_b = zeros.wrapping_add(self.zeros);
        let buffers = Buffers {
            a: x.as_ptr(),
            b: b.as_ptr(),
            bias: bias.map_or(std::ptr::null(), <[T]>::as_ptr),
            c: c.as_mut_ptr(),
            packed_a: zeros,
            packed_b,
            slots: packed_b,
        };
        let threads = Some(threads).filter(|_| self.gemm.plan.parallel);
        let shape = &self.gemm.shape;
        self.pack(threads, &buffers);
        let (high, wide) = (shape.rows.div_ceil(self.unit_rows), shape.cols.div_ceil(self.unit_cols));
        each_in_slot(threads, self.slots, high * wide, &|slot, unit| {
            let rows = share(unit / wide, self.unit_rows, shape.rows);
            let cols = share(unit % wide, self.unit_cols, shape.cols);
            let slot = buffers.packed_b.wrapping_add(self.packed_b + slot * self.slot);
            // Safety: the lengths were checked; this thread alone has the slot, the unit is handed out once. Where there is
            // an end, units are whole rows, and rows lie side by side.
            unsafe {
                self.multiply_unit(&buffers, slot, rows.clone(), cols);
                if let Some(end) = end {
                    let c = buffers.c.add(rows.start * shape.cols);
                    end(std::slice::from_raw_parts_mut(c, rows.len() * shape.cols));
                }
            }
        });
    }

    /// The rows at which its blocks begin, and the number of all: what an end is called with.
    pub(crate) fn starts(&self) -> Vec<usize> {
        let rows = self.gemm.shape.rows;
        (0..rows).step_by(self.unit_rows).chain([rows]).collect()
    }

    /// The part of the product over some depths, and the buffers as they are for it.
    fn block(&self, buffers: &Buffers<T>, rows: Range<usize>, block: &RunBlock) -> (Block<T>, Buffers<T>) {
        let start = block.runs.start * self.len + block.numbers.start;
        let depth = start..start + block.runs.len() * block.numbers.len();
        let cols = 0..self.gemm.shape.cols;
        let before = cols.end.next_multiple_of(self.gemm.kernels.lanes) * start;
        let own = Buffers { packed_b: buffers.packed_b.wrapping_add(before), ..*buffers };
        (Block { rows, cols, depth, sums: Sums::Result }, own)
    }

    /// Packs all strips of `b`, block by block.
    fn pack(&self, threads: Option<&Threads>, buffers: &Buffers<T>) {
        let strips = self.gemm.shape.cols.div_ceil(self.gemm.plan.strip);
        each(threads, strips.div_ceil(PACKED_STRIPS), &|task| {
            for block in &self.blocks {
                let (block, own) = self.block(buffers, 0..0, block);
                // Safety: `run` has checked the lengths; each strip is packed by one task.
                unsafe { self.gemm.pack_strips(&own, &block, share(task, PACKED_STRIPS, strips)) };
            }
        });
    }

    /// Some rows and columns of the result, a block of the depth after the other.
    ///
    /// # Safety
    /// The buffers are valid for the planned shape, `b` is packed, nobody else has this unit or this slot.
    unsafe fn multiply_unit(&self, buffers: &Buffers<T>, slot: *mut T, rows: Range<usize>, cols: Range<usize>) {
        let plan = &self.gemm.plan;
        let panels = rows.len().div_ceil(plan.panel);
        let strips = cols.start / plan.strip..cols.end.div_ceil(plan.strip);
        // Safety: the caller's promise.
        unsafe {
            if self.gemm.shape.depth > 0 {
                self.find_rows(buffers, slot, rows.clone());
            }
            for runs in &self.blocks {
                let (block, own) = self.block(buffers, rows.clone(), runs);
                for strip in strips.clone() {
                    for panel in 0..panels {
                        self.multiply_tile(&own, slot, (&block, runs), (panel, strip));
                    }
                }
            }
        }
    }

    /// Writes the addresses of all runs of some rows: those of a panel's rows side by side, run after run.
    ///
    /// # Safety
    /// That of [`Self::multiply_unit`].
    unsafe fn find_rows(&self, buffers: &Buffers<T>, slot: *mut T, rows: Range<usize>) {
        let (high, count) = (self.gemm.plan.panel, self.runs.len());
        let mut place = self.windows.place(rows.start);
        let mut partly = slot.wrapping_add(self.addresses);
        for panel in pieces(0..rows.len(), high) {
            let addresses = slot.cast::<*const T>().wrapping_add(panel.start * count);
            for lane in 0..panel.len() {
                let mut at = addresses.wrapping_add(lane);
                let mut put = |start: *const T| {
                    // Safety: the slot has room for every run of every row.
                    unsafe { *at = start };
                    at = at.wrapping_add(panel.len());
                };
                if self.windows.is_inside(&place, &self.inside) {
                    let first = buffers.a.wrapping_add(self.windows.first(&place));
                    self.runs.iter().for_each(|run| put(first.wrapping_add(run.1)));
                } else {
                    // Safety: the caller's promise.
                    self.runs.iter().for_each(|run| put(unsafe { self.find(buffers, &place, &run.0, &mut partly) }));
                }
                place = self.windows.next(place);
            }
        }
    }

    /// The address of a run that may lie outside the picture: of zeros, or of a copy with zeros around.
    ///
    /// # Safety
    /// That of [`Self::multiply_unit`]; `partly` has room for a run.
    unsafe fn find(&self, buffers: &Buffers<T>, place: &Place, run: &Run, partly: &mut *mut T) -> *const T {
        match self.windows.find(place, run) {
            Found::Nowhere => buffers.packed_a,
            Found::At(at) => buffers.a.wrapping_add(at),
            Found::Partly(places, at) => {
                let (copy, channels) = (*partly, self.windows.channels);
                // Safety: the places lie inside the picture and inside the run.
                unsafe {
                    copy.write_bytes(0, self.len);
                    let inside = copy.add(places.start * channels);
                    inside.copy_from_nonoverlapping(buffers.a.add(at), places.len() * channels);
                }
                *partly = copy.wrapping_add(self.len);
                copy
            }
        }
    }

    /// One register tile over the depth of the block, finished when that is the last.
    ///
    /// # Safety
    /// That of [`Self::multiply_unit`].
    unsafe fn multiply_tile(
        &self,
        buffers: &Buffers<T>,
        slot: *const T,
        (block, runs): (&Block<T>, &RunBlock),
        (panel, strip): (usize, usize),
    ) {
        let (gemm, count) = (&self.gemm, self.runs.len());
        let (shape, plan, lanes) = (&gemm.shape, &gemm.plan, gemm.kernels.lanes);
        let (row, left) = (panel * plan.panel, strip * plan.strip);
        let (rows, cols) = (plan.panel.min(block.rows.len() - row), plan.strip.min(shape.cols - left));
        let (top, vectors) = (block.rows.start + row, if cols > lanes { 2 } else { 1 });
        let starts = slot.cast::<*const T>().wrapping_add(row * count + runs.runs.start * rows);
        let found = if shape.depth > 0 { rows * runs.runs.len() } else { 0 };
        // Safety: the caller's promise: these are the addresses that were found.
        let met = met(unsafe { std::slice::from_raw_parts(starts, found) }, rows, buffers.packed_a);
        let c = buffers.c.wrapping_add(top * shape.c_row_stride + left);
        let again = Base::Rows { start: c.cast_const(), row_stride: shape.c_row_stride };
        let tile = Tile {
            depth: block.depth.len(),
            a: buffers.a,
            a_row_stride: 0,
            a_depth_stride: 1,
            b: buffers
                .packed_b
                .wrapping_add(left * block.depth.len() + met.start * runs.numbers.len() * vectors * lanes),
            b_depth_stride: (vectors * lanes) as isize,
            c,
            c_row_stride: shape.c_row_stride,
            base: if block.depth.start == 0 { gemm.base(buffers, top, left, true) } else { again },
            alpha: gemm.alpha,
            relu: gemm.stores_relu(&block.depth),
            last: cols - (vectors - 1) * lanes,
            ahead: Ahead::nothing(buffers.a),
        };
        let starts = starts.wrapping_add(met.start * rows);
        let runs = Runs { starts, count: met.len(), from: runs.numbers.start, len: runs.numbers.len() };
        // Safety: the caller's promise; the table has a kernel for every height up to the panel's. Where windows have numbers,
        // each block has a run of some.
        unsafe {
            if shape.depth > 0 {
                gemm.kernels.runs[rows - 1][vectors - 1](&tile, &runs);
            } else {
                gemm.kernels.packed[rows - 1][vectors - 1](&tile);
            }
            if block.depth.end == shape.depth && !tile.relu {
                gemm.finish_tile(buffers, (top, left), (rows, cols));
            }
        }
    }
}

/// The runs of a tile without those in front and behind that lie outside the picture in all of its rows, one at least: lines
/// of padding, which a quarter of small pictures is.
fn met<T>(starts: &[*const T], rows: usize, zeros: *const T) -> Range<usize> {
    let nowhere = |run: &[*const T]| run.iter().all(|&start| start == zeros);
    let runs = starts.chunks_exact(rows);
    let (count, before) = (runs.len(), runs.clone().take_while(|run| nowhere(run)).count());
    let first = before.min(count.saturating_sub(1));
    let behind = runs.skip(first + 1).rev().take_while(|run| nowhere(run)).count();
    first..count - behind
}

/// Rows and columns of a unit: enough to do, few enough addresses, and units for some threads.
fn unit<T: Float>(gemm: &Gemm<T>, runs: usize, partly: bool) -> (usize, usize) {
    let (shape, plan) = (&gemm.shape, &gemm.plan);
    let wanted = (UNIT_TASKS * TASK_FLOPS).div_ceil(flops(1, shape.cols, shape.depth).max(1));
    let by_rows = gemm.spec.by_rows;
    let block = if by_rows { (BLOCK_BYTES / (shape.cols * size_of::<T>()).max(1)).max(1) } else { usize::MAX };
    let bytes = (runs * size_of::<*const T>()).max(if partly { shape.depth * size_of::<T>() } else { 0 });
    // What one thread does alone need not be cut: each block that is ended takes some time of its own.
    let enough = if by_rows && !plan.parallel { 1 } else { ENOUGH_UNITS };
    let most = (FOUND_BYTES / bytes.max(1)).min(shape.rows.div_ceil(enough)).max(1);
    let rows = wanted.min(most).min(block).next_multiple_of(plan.panel);
    let (high, strips) = (shape.rows.div_ceil(rows), shape.cols.div_ceil(plan.strip).max(1));
    let wide = if plan.parallel && !by_rows { (ENOUGH_UNITS / high.max(1)).clamp(1, strips) } else { 1 };
    (rows, strips.div_ceil(wide) * plan.strip)
}

/// The depth in blocks whose strips of `b` stay in the first-level cache.
fn blocks<T>(count: usize, len: usize) -> Vec<RunBlock> {
    let most = block_depth::<T>() * 5 / 4;
    if len <= most {
        let runs = even(count, (most / len.max(1)).max(1));
        return pieces(0..count, runs).map(|runs| RunBlock { runs, numbers: 0..len }).collect();
    }
    let parts = (0..count).flat_map(|run| pieces(0..len, even(len, most)).map(move |numbers| (run, numbers)));
    parts.map(|(run, numbers)| RunBlock { runs: run..run + 1, numbers }).collect()
}
