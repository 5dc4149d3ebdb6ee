//! Products with windows of pictures that have few channels, or of which few columns are wanted: some lines are copied
//! channel by channel with their padding, so that neighbouring windows read neighbouring numbers.
//!
//! With few channels the runs of a window are too short to be found one by one: tiles have neighbouring windows as their
//! rows. With few columns these would fill a part of a vector only: there vectors have neighbouring windows as lanes, the
//! columns are the rows of the tiles, and these are turned on their way out.

use super::driver::{each_in_slot, share};
use super::epilogue::{Activation, Finish};
use super::kernels::Kernels;
use super::plan::{TASK_FLOPS, even, flops, pieces, slots};
use super::product::Lens;
use super::tile::{Ahead, Base, Lines, Tile};
use super::window_lines::CopiedLines;
use super::windows::Windows;
use super::{BLOCK_BYTES, End, EpilogueSpec, GemmError, GemmShape, Operand};
use crate::element::Float;
use crate::isa::Isa;
use crate::threads::{Disjoint, Threads};
use std::ops::Range;

/// The most channels of which runs are short.
const FEW_CHANNELS: usize = 4;
/// Bytes of copied lines, which all tiles of a block go over.
const COPY_BYTES: usize = 32 * 1024;
/// Windows of a line that are copied at once at least.
const LEAST_PLACES: usize = 64;

/// `c (windows, cols) = activation(x · b (+ bias))`, `x` the [`Windows`] of pictures, `b` (numbers of a window, cols).
pub(crate) struct DirectWindows<T: Float> {
    kernels: &'static Kernels<T>,
    windows: Windows,
    copied: CopiedLines,
    cols: usize,
    b_row_stride: usize,
    c_row_stride: usize,
    epilogue: EpilogueSpec,
    lanes: Lanes,
    /// Lines of windows of a block, and windows of a line where one alone is long.
    lines: usize,
    places: usize,
    /// Blocks of a task.
    task: usize,
    lens: Lens,
}

/// The windows between two copies.
struct Block {
    image: usize,
    lines: Range<usize>,
    places: Range<usize>,
}

/// What the lanes of a vector are.
#[derive(Clone, Copy, PartialEq)]
enum Lanes {
    Columns,
    Windows,
}

/// What the tiles of a block read and write.
struct Operands<'a, T> {
    copy: &'a [T],
    /// Numbers of a channel in the copy, and of a line of it.
    slab: usize,
    line: usize,
    b: *const T,
    bias: Option<&'a [T]>,
    /// Rows of the result that turned tiles come from.
    turned: *mut T,
}

impl<T: Float> DirectWindows<T> {
    /// Plans the product, rows of `b` and of `c` so far apart; none where those of the pictures are better read in place.
    ///
    /// # Errors
    /// Sizes beyond memory, an instruction set that this processor lacks.
    pub fn new(
        windows: Windows,
        cols: usize,
        (b_row_stride, c_row_stride): (usize, usize),
        epilogue: EpilogueSpec,
        isa: Isa,
    ) -> Result<Option<Self>, GemmError> {
        if isa > Isa::detect() {
            return Err(GemmError::Unsupported(isa));
        }
        let kernels = Kernels::of(isa);
        let Some(lanes) = lanes(&windows, cols, kernels) else { return Ok(None) };
        let (rows, depth) = windows.rows().zip(windows.cols()).ok_or(GemmError::TooLarge)?;
        let b = Operand::row_major(b_row_stride);
        let shape = GemmShape { rows, cols, depth, a: Operand::NOWHERE, b, c_row_stride };
        let lens = windows.lens(&shape, &epilogue)?;
        let copied = CopiedLines::new(windows);
        let high = windows.axes[1].out;
        let bytes = |lines: usize| copied.plane_len(lines) * size_of::<T>();
        let lines = even(high, (1..=high).rev().find(|&lines| bytes(lines) <= COPY_BYTES).unwrap_or(1));
        let places = if lines == 1 {
            copied.places(COPY_BYTES / size_of::<T>(), 0, LEAST_PLACES)
        } else {
            windows.axes[2].out.max(1)
        };
        let work = flops(lines * places, cols, depth);
        let task = TASK_FLOPS.div_ceil(work.max(1));
        let block = lines * places * cols * size_of::<T>();
        let task = if epilogue.by_rows { task.min((BLOCK_BYTES / block.max(1)).max(1)) } else { task };
        let mut direct = DirectWindows {
            kernels,
            windows,
            copied,
            cols,
            b_row_stride,
            c_row_stride,
            epilogue,
            lanes,
            lines,
            places,
            task,
            lens,
        };
        direct.lens.workspace = direct.slots() * direct.slot();
        Ok(Some(direct))
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        self.lens.workspace
    }

    fn slots(&self) -> usize {
        slots(self.blocks().div_ceil(self.task))
    }

    /// Copied lines, and a tile to be turned.
    fn slot(&self) -> usize {
        self.copied.of_places(&(0..self.places)).plane_len(self.lines) + self.tile()
    }

    /// Numbers of the largest tile.
    fn tile(&self) -> usize {
        self.kernels.lines.len() * 2 * self.kernels.lanes
    }

    /// Blocks of a picture along its height and its width.
    fn across(&self) -> [usize; 2] {
        let [_, high, wide] = &self.windows.axes;
        [high.out.div_ceil(self.lines), wide.out.div_ceil(self.places)]
    }

    fn blocks(&self) -> usize {
        let [high, wide] = self.across();
        self.windows.images * high * wide
    }

    /// Computes the product, and hands the rows of each task to `end`, where there is one.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says, or a bias is missing or not wanted: a bug of the caller.
    pub fn run(
        &self,
        threads: &Threads,
        (x, b, bias): (&[T], &[T], Option<&[T]>),
        c: &mut [T],
        workspace: &mut [T],
        end: Option<&End<'_, T>>,
    ) {
        self.lens.check("product of windows", (x, b), c, workspace);
        self.lens.check_bias("product of windows", &self.epilogue, bias);
        if self.lens.c == 0 {
            return;
        }
        let (result, space) = (Disjoint::new(c), Disjoint::new(workspace));
        let (blocks, slot_len) = (self.blocks(), self.slot());
        each_in_slot(Some(threads), self.slots(), blocks.div_ceil(self.task), &|slot, task| {
            // Safety: no two threads at once have the same slot.
            let space = unsafe { space.slice(slot * slot_len..(slot + 1) * slot_len) };
            for block in task * self.task..blocks.min((task + 1) * self.task) {
                let block = self.block_at(block);
                let [_, high, wide] = &self.windows.axes;
                let first = (block.image * high.out + block.lines.start) * wide.out + block.places.start;
                let last = first + (block.lines.len() - 1) * wide.out + block.places.len() - 1;
                // Safety: blocks have neighbouring rows of their own, and each is computed once. Where rows are parts of
                // longer ones, nobody touches what lies between two of them.
                let c = unsafe { result.slice(first * self.c_row_stride..last * self.c_row_stride + self.cols) };
                self.run_block(x, b, bias, &block, c, space);
            }
            if let Some(end) = end {
                let rows = self.first_row(task * self.task)..self.first_row(blocks.min((task + 1) * self.task));
                // Safety: as above, and rows lie side by side where there is an end.
                end(unsafe { result.slice(rows.start * self.cols..rows.end * self.cols) });
            }
        });
    }

    /// The rows at which the tasks begin, and the number of all: what an end is called with.
    pub fn starts(&self) -> Vec<usize> {
        let blocks = self.blocks();
        (0..blocks).step_by(self.task).chain([blocks]).map(|block| self.first_row(block)).collect()
    }

    /// The row at which a block begins.
    fn first_row(&self, block: usize) -> usize {
        let Block { image, lines, places } = self.block_at(block);
        let [_, high, wide] = &self.windows.axes;
        (image * high.out + lines.start) * wide.out + places.start
    }

    /// A block by its number: some whole lines, or a part of one.
    fn block_at(&self, index: usize) -> Block {
        let [high, wide] = self.across();
        let [_, all_lines, all_places] = &self.windows.axes;
        Block {
            image: index / wide / high,
            lines: share(index / wide % high, self.lines, all_lines.out),
            places: share(index % wide, self.places, all_places.out),
        }
    }

    /// All windows of a block.
    fn run_block(
        &self,
        x: &[T],
        b: &[T],
        bias: Option<&[T]>,
        Block { image, lines, places }: &Block,
        c: &mut [T],
        space: &mut [T],
    ) {
        let [_, high, wide] = &self.windows.axes;
        let (turned, copy) = space.split_at_mut(self.tile());
        let copied = self.copied.of_places(places);
        let copy = &mut copy[..copied.plane_len(lines.len())];
        copied.copy_channels(x, *image, lines.clone(), copy);
        let (slab, line) = (copy.len() / self.windows.channels, copied.line / self.windows.channels);
        let operands = Operands { copy, slab, line, b: b.as_ptr(), bias, turned: turned.as_mut_ptr() };
        let (count, most) = (places.len(), self.kernels.lines.len());
        for (line, window) in lines.clone().enumerate() {
            let (start, c) = (line * high.stride * operands.line, &mut c[line * wide.out * self.c_row_stride..]);
            let met = &high.numbers_inside(window);
            match self.lanes {
                Lanes::Columns => {
                    for windows in pieces(0..count, even(count, most)) {
                        for cols in pieces(0..self.cols, 2 * self.kernels.lanes) {
                            self.multiply(&operands, (start, met), windows.clone(), cols, c);
                        }
                    }
                }
                Lanes::Windows => {
                    for windows in pieces(0..count, 2 * self.kernels.lanes) {
                        for cols in pieces(0..self.cols, even(self.cols, most)) {
                            self.multiply_turned(&operands, (start, met), windows.clone(), cols, c);
                        }
                    }
                }
            }
        }
    }

    /// How far the numbers of a window lie apart in a copy: channels, lines, places.
    fn steps_in_copy(&self, operands: &Operands<'_, T>) -> [usize; 3] {
        let [_, high, wide] = &self.windows.axes;
        [operands.slab, high.step * operands.line, wide.step]
    }

    /// How far they lie apart in `b`.
    fn steps_in_b(&self) -> [usize; 3] {
        let place = self.windows.channels * self.b_row_stride;
        [self.b_row_stride, self.windows.axes[2].kernel * place, place]
    }

    /// So many lines of the numbers of a window.
    fn lines_of(&self, lines: usize, a: [usize; 3], b: [usize; 3]) -> Lines {
        Lines { planes: self.windows.channels, lines, a_plane: a[0], a_line: a[1], b_plane: b[0], b_line: b[1] }
    }

    /// One tile whose rows are windows, over the lines of their numbers that lie inside the picture.
    fn multiply(
        &self,
        operands: &Operands<'_, T>,
        (start, met): (usize, &Range<usize>),
        windows: Range<usize>,
        cols: Range<usize>,
        c: &mut [T],
    ) {
        let (copy, b) = (self.steps_in_copy(operands), self.steps_in_b());
        let vectors = cols.len().div_ceil(self.kernels.lanes);
        let bias = |bias: &[T]| Base::Rows { start: bias[cols.start..].as_ptr(), row_stride: 0 };
        let tile = Tile {
            depth: self.windows.axes[2].kernel,
            a: operands.copy[start + met.start * copy[1] + windows.start..].as_ptr(),
            a_row_stride: 1,
            a_depth_stride: copy[2] as isize,
            b: operands.b.wrapping_add(met.start * b[1] + cols.start),
            b_depth_stride: b[2] as isize,
            c: c[windows.start * self.c_row_stride + cols.start..].as_mut_ptr(),
            c_row_stride: self.c_row_stride,
            base: operands.bias.map_or(Base::Zero, bias),
            alpha: T::ONE,
            relu: false,
            last: cols.len() - (vectors - 1) * self.kernels.lanes,
            ahead: Ahead::nothing(operands.b),
        };
        // Safety: the lengths were checked; all windows of the block lie inside the copy.
        unsafe {
            self.kernels.lines[windows.len() - 1][vectors - 1](&tile, &self.lines_of(met.len(), copy, b));
            self.finish(tile.c, self.c_row_stride, windows.len(), cols.len());
        }
    }

    /// One tile whose rows are columns of the result, turned on its way there; as [`Self::multiply`].
    fn multiply_turned(
        &self,
        operands: &Operands<'_, T>,
        (start, met): (usize, &Range<usize>),
        windows: Range<usize>,
        cols: Range<usize>,
        c: &mut [T],
    ) {
        let (copy, b) = (self.steps_in_copy(operands), self.steps_in_b());
        let (vectors, row) = (windows.len().div_ceil(self.kernels.lanes), 2 * self.kernels.lanes);
        let tile = Tile {
            depth: self.windows.axes[2].kernel,
            a: operands.b.wrapping_add(met.start * b[1] + cols.start),
            a_row_stride: 1,
            a_depth_stride: b[2] as isize,
            b: operands.copy[start + met.start * copy[1] + windows.start..].as_ptr(),
            b_depth_stride: copy[2] as isize,
            c: operands.turned,
            c_row_stride: row,
            base: operands.bias.map_or(Base::Zero, |bias| Base::Column(bias[cols.start..].as_ptr())),
            alpha: T::ONE,
            relu: false,
            last: windows.len() - (vectors - 1) * self.kernels.lanes,
            ahead: Ahead::nothing(operands.b),
        };
        // Safety: the lengths were checked; all windows of the block lie inside the copy, and the slot has room for the tile.
        let turned = unsafe {
            self.kernels.lines[cols.len() - 1][vectors - 1](&tile, &self.lines_of(met.len(), b, copy));
            self.finish(tile.c, row, cols.len(), windows.len());
            std::slice::from_raw_parts(operands.turned, (cols.len() - 1) * row + windows.len())
        };
        let first = windows.start * self.c_row_stride + cols.start;
        for (window, c) in c[first..].chunks_mut(self.c_row_stride).take(windows.len()).enumerate() {
            for (col, c) in c[..cols.len()].iter_mut().enumerate() {
                *c = turned[col * row + window];
            }
        }
    }

    /// The activation of a tile.
    ///
    /// # Safety
    /// The tile is valid, and nobody else has it.
    unsafe fn finish(&self, c: *mut T, c_row_stride: usize, rows: usize, cols: usize) {
        if self.epilogue.activation != Activation::None {
            let tile = Finish { c, c_row_stride, rows, cols, terms: &[], activation: self.epilogue.activation };
            // Safety: the caller's promise.
            unsafe { (self.kernels.finish)(&tile) };
        }
    }
}

/// What the lanes should be; none where neither is worth a copy.
fn lanes<T>(windows: &Windows, cols: usize, kernels: &Kernels<T>) -> Option<Lanes> {
    let [deep, _, wide] = &windows.axes;
    let flat = deep.kernel == 1 && deep.size == 1 && deep.out == 1 && deep.offset == 0;
    if !flat || wide.stride != 1 || windows.channels == 0 || cols == 0 {
        return None;
    }
    // Products of a vector that a line of windows takes for each of its numbers.
    let in_columns = wide.out * cols.div_ceil(kernels.lanes);
    let in_windows = wide.out.div_ceil(kernels.lanes) * cols;
    if 3 * in_windows <= 2 * in_columns {
        return Some(Lanes::Windows);
    }
    (windows.channels <= FEW_CHANNELS).then_some(Lanes::Columns)
}
