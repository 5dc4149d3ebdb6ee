//! Products summed over the windows of pictures whose result is small: what the gradient of a filter of few channels is.
//!
//! Packing would take as long as multiplying. Instead some lines are copied with their padding, in which the numbers of a
//! window come in runs that lie side by side, and tiles of the result read both operands where they lie, their sums in
//! registers over all windows of these lines.

use super::driver::share;
use super::kernels::Kernels;
use super::plan::{TASK_FLOPS, even, flops, pieces};
use super::product::Lens;
use super::tile::{Ahead, Base, Lines, Tile};
use super::window_lines::CopiedLines;
use super::windows::Windows;
use super::{EpilogueSpec, GemmError, GemmShape, Operand};
use crate::element::Float;
use crate::isa::Isa;
use crate::threads::{Disjoint, Threads};
use std::ops::Range;

/// Bytes of a result that this is worth for: it is read and written once for each block of lines.
const RESULT_BYTES: usize = 160 * 1024;
/// Bytes of both operands that a block goes over again and again.
const BLOCK_BYTES: usize = 64 * 1024;
/// Windows of a line that a block has at least: fewer are less work than reading and writing the result.
const LEAST_PLACES: usize = 256;
/// The most parts of the windows that are summed apart.
const PARTS: usize = 16;
/// Rows of the result whose parts are added by a task.
const ADDED: usize = 64;

/// `c = xᵀ · b`: `x` the [`Windows`] of pictures (windows, numbers of a window), `b` (windows, cols).
///
/// The windows are summed in parts whose number depends on the shape alone, and the parts added in their order: the result
/// has the same bits at any number of threads.
pub(crate) struct WindowSums<T: Float> {
    kernels: &'static Kernels<T>,
    windows: Windows,
    copied: CopiedLines,
    rows: usize,
    cols: usize,
    b_row_stride: usize,
    c_row_stride: usize,
    /// Places of a run of neighbouring numbers.
    places: usize,
    /// What is multiplied between two copies.
    block: Block,
    parts: usize,
    lens: Lens,
}

/// Planes of windows of a block, lines of each, and windows of a line where one alone is long; blocks at the end have fewer.
#[derive(Clone, Copy)]
struct Block {
    planes: usize,
    lines: usize,
    places: usize,
}

/// What all tiles of a block read and write.
struct Operands<'a, T> {
    copy: &'a [T],
    copied: CopiedLines,
    b: *const T,
    c: *mut T,
    c_row_stride: usize,
    planes: usize,
    lines: usize,
    places: usize,
    /// Whether these are the first of their part.
    first: bool,
}

impl<T: Float> WindowSums<T> {
    /// Plans the product, rows of `b` and of `c` so far apart; none where the result is too large for it.
    ///
    /// # Errors
    /// Sizes beyond memory, an instruction set that this processor lacks.
    pub fn new(
        windows: Windows,
        cols: usize,
        (b_row_stride, c_row_stride): (usize, usize),
        isa: Isa,
    ) -> Result<Option<Self>, GemmError> {
        if isa > Isa::detect() {
            return Err(GemmError::Unsupported(isa));
        }
        let (rows, depth) = windows.cols().zip(windows.rows()).ok_or(GemmError::TooLarge)?;
        let b = Operand::row_major(b_row_stride);
        let shape = GemmShape { rows, cols, depth, a: Operand::NOWHERE, b, c_row_stride };
        let lens = windows.lens(&shape, &EpilogueSpec::default())?;
        let result = rows.checked_mul(cols).ok_or(GemmError::TooLarge)?;
        if result == 0 || result > RESULT_BYTES / size_of::<T>() {
            return Ok(None);
        }
        let copied = CopiedLines::new(windows);
        let block = block::<T>(&windows, &copied, cols);
        let parts = (flops(rows, cols, depth) / (2 * TASK_FLOPS)).clamp(1, PARTS.min(blocks(&windows, block).max(1)));
        let mut sums = WindowSums {
            kernels: Kernels::of(isa),
            windows,
            copied,
            rows,
            cols,
            b_row_stride,
            c_row_stride,
            places: if windows.axes[2].step == 1 { windows.axes[2].kernel } else { 1 },
            block,
            parts,
            lens,
        };
        sums.lens.workspace = sums.parts * sums.copy_len() + (sums.parts - 1) * rows * cols;
        Ok(Some(sums))
    }

    /// Elements of `T` that [`Self::run`] needs to work in: the copy of each part, the sums of all but the first.
    pub fn workspace_len(&self) -> usize {
        self.lens.workspace
    }

    fn copy_len(&self) -> usize {
        self.block.planes * self.copied.of_places(&(0..self.block.places)).plane_len(self.block.lines)
    }

    /// Computes the product.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says: a bug of the caller.
    pub fn run(&self, threads: &Threads, x: &[T], b: &[T], c: &mut [T], workspace: &mut [T]) {
        self.lens.check("sums over windows", (x, b), c, workspace);
        let c_len = self.lens.c;
        let (copies, sums) = workspace.split_at_mut(self.parts * self.copy_len());
        let (copy_len, sums_len) = (self.copy_len(), self.rows * self.cols);
        let sums = &mut sums[..(self.parts - 1) * sums_len];
        let (result, copies, own_sums) =
            (Disjoint::new(&mut c[..c_len]), Disjoint::new(copies), Disjoint::new(&mut *sums));
        threads.run(self.parts, &|part| {
            // Safety: each part has its own copy and its own sums, the first one the result's.
            let (copy, sums) = unsafe {
                let copy = copies.slice(part * copy_len..(part + 1) * copy_len);
                match part {
                    0 => (copy, (result.slice(0..c_len), self.c_row_stride)),
                    _ => (copy, (own_sums.slice((part - 1) * sums_len..part * sums_len), self.cols)),
                }
            };
            self.sum_part(x, b, part, copy, sums);
        });
        self.add_parts(threads, c, sums);
    }

    /// The sums over the windows of a part.
    fn sum_part(&self, x: &[T], b: &[T], part: usize, copy: &mut [T], (c, c_row_stride): (&mut [T], usize)) {
        let count = blocks(&self.windows, self.block);
        let own = part * count / self.parts..(part + 1) * count / self.parts;
        if own.is_empty() {
            c.chunks_mut(c_row_stride).for_each(|row| row[..self.cols].fill(T::ZERO));
        }
        let high = self.windows.axes[1].out;
        for index in own.clone() {
            let [planes, lines, places] = self.block_at(index);
            let copied = self.copied.of_places(&places);
            let copy = &mut copy[..planes.len() * copied.plane_len(lines.len())];
            copied.copy(x, planes.clone(), lines.clone(), copy);
            let row = (planes.start * high + lines.start) * self.windows.axes[2].out + places.start;
            self.multiply(&Operands {
                copy,
                copied,
                b: b[row * self.b_row_stride..].as_ptr(),
                c: c.as_mut_ptr(),
                c_row_stride,
                planes: planes.len(),
                lines: lines.len(),
                places: places.len(),
                first: index == own.start,
            });
        }
    }

    /// The planes, lines and places of a block.
    fn block_at(&self, index: usize) -> [Range<usize>; 3] {
        let Block { planes, lines, places } = self.block;
        let [all_planes, high, wide] = extents(&self.windows);
        let (down, across) = (high.div_ceil(lines), wide.div_ceil(places));
        [
            share(index / across / down, planes, all_planes),
            share(index / across % down, lines, high),
            share(index % across, places, wide),
        ]
    }

    /// All tiles of the result, over the windows of a block.
    fn multiply(&self, operands: &Operands<'_, T>) {
        let [_, high, wide] = &self.windows.axes;
        let (len, slab) = (self.places * self.windows.channels, operands.copied.slab_len(operands.lines));
        let strip = 2 * self.kernels.lanes;
        for cols in pieces(0..self.cols, strip) {
            for index in 0..self.windows.runs(self.places) {
                let [z, y, x] = self.windows.run(index, self.places).k;
                let start = z * slab + y * high.step * operands.copied.line + x * wide.step * self.windows.channels;
                for numbers in pieces(0..len, even(len, self.kernels.lines.len())) {
                    let row = index * len + numbers.start;
                    self.multiply_tile(operands, (row, numbers.len()), start + numbers.start, cols.clone());
                }
            }
        }
    }

    /// One register tile of the result: `rows` from `top` on, which the windows have from `start` of the copy on.
    fn multiply_tile(&self, operands: &Operands<'_, T>, (top, rows): (usize, usize), start: usize, cols: Range<usize>) {
        let [_, high, wide] = &self.windows.axes;
        let vectors = cols.len().div_ceil(self.kernels.lanes);
        let c = operands.c.wrapping_add(top * operands.c_row_stride + cols.start);
        let again = Base::Rows { start: c.cast_const(), row_stride: operands.c_row_stride };
        let tile = Tile {
            depth: operands.places,
            a: operands.copy.as_ptr().wrapping_add(start),
            a_row_stride: 1,
            a_depth_stride: (wide.stride * self.windows.channels) as isize,
            b: operands.b.wrapping_add(cols.start),
            b_depth_stride: self.b_row_stride as isize,
            c,
            c_row_stride: operands.c_row_stride,
            base: if operands.first { Base::Zero } else { again },
            alpha: T::ONE,
            relu: false,
            last: cols.len() - (vectors - 1) * self.kernels.lanes,
            ahead: Ahead::nothing(operands.b),
        };
        let b_line = wide.out * self.b_row_stride;
        let lines = Lines {
            planes: operands.planes,
            lines: operands.lines,
            a_plane: operands.copied.plane_len(operands.lines),
            a_line: high.stride * operands.copied.line,
            b_plane: high.out * b_line,
            b_line,
        };
        // Safety: the lengths were checked; all windows of the block lie inside the copy, the rows of the tile side by side.
        unsafe { self.kernels.lines[rows - 1][vectors - 1](&tile, &lines) };
    }

    /// Adds the sums of all other parts to those of the first.
    fn add_parts(&self, threads: &Threads, c: &mut [T], sums: &[T]) {
        let tasks = if self.parts == 1 { 0 } else { self.rows.div_ceil(ADDED) };
        let result = Disjoint::new(c);
        threads.run(tasks, &|task| {
            for row in task * ADDED..self.rows.min((task + 1) * ADDED) {
                let start = row * self.c_row_stride;
                // Safety: rows of the result do not overlap, and each is one task's.
                let target = unsafe { result.slice(start..start + self.cols) };
                for part in sums.chunks_exact(self.rows * self.cols) {
                    let part = &part[row * self.cols..][..self.cols];
                    target.iter_mut().zip(part).for_each(|(sum, &part)| *sum += part);
                }
            }
        });
    }
}

/// Planes of windows (pictures, at each number along the outermost axis), lines of a plane, windows of a line.
fn extents(windows: &Windows) -> [usize; 3] {
    let [deep, high, wide] = windows.axes.map(|axis| axis.out);
    [windows.images * deep, high, wide]
}

/// How many blocks the windows are cut into.
fn blocks(windows: &Windows, block: Block) -> usize {
    let [planes, lines, places] = extents(windows);
    planes.div_ceil(block.planes) * lines.div_ceil(block.lines) * places.div_ceil(block.places)
}

/// As many lines as stay in the cache with what they read; some planes where one is few, a part of a line where that is long.
fn block<T>(windows: &Windows, copied: &CopiedLines, cols: usize) -> Block {
    let [planes, high, wide] = extents(windows);
    let most = BLOCK_BYTES / size_of::<T>();
    let numbers = |lines: usize| copied.plane_len(lines) + lines * wide * cols;
    let lines = even(high, (1..=high).rev().find(|&lines| numbers(lines) <= most).unwrap_or(1));
    let places = if lines == 1 { copied.places(most, cols, LEAST_PLACES) } else { wide.max(1) };
    let together = if lines < high { 1 } else { (most / numbers(lines).max(1)).max(1) };
    Block { planes: together.min(planes.max(1)), lines, places }
}
