//! Products summed over the windows of pictures whose result is small: what the gradient of a filter of few channels is.
//!
//! Packing would take as long as multiplying. Instead some lines are copied with their padding, in which the numbers of a
//! window come in runs that lie side by side, and tiles of the result read both operands where they lie, their sums in
//! registers over all windows of these lines.

use super::GemmError;
use super::kernels::Kernels;
use super::plan::{TASK_FLOPS, even, flops, pieces};
use super::tile::{Ahead, Base, Lines, Tile};
use super::window_lines::CopiedLines;
use super::windows::Windows;
use crate::element::Float;
use crate::isa::Isa;
use crate::threads::{Disjoint, Threads};
use std::ops::Range;

/// Bytes of a result that this is worth for: it is read and written once for each block of lines.
const RESULT_BYTES: usize = 160 * 1024;
/// Bytes of both operands that a block goes over again and again.
const BLOCK_BYTES: usize = 64 * 1024;
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
    lens: [usize; 3],
}

/// Planes and lines of windows of a block; blocks at the end have fewer.
#[derive(Clone, Copy)]
struct Block {
    planes: usize,
    lines: usize,
}

/// What all tiles of a block read and write.
struct Operands<'a, T> {
    copy: &'a [T],
    b: *const T,
    c: *mut T,
    c_row_stride: usize,
    planes: usize,
    lines: usize,
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
        let result = rows.checked_mul(cols).ok_or(GemmError::TooLarge)?;
        if result == 0 || result > RESULT_BYTES / size_of::<T>() {
            return Ok(None);
        }
        let a_len = windows.extent().ok_or(GemmError::TooLarge)?;
        let b_len = if depth == 0 { 0 } else { (depth - 1) * b_row_stride + cols };
        let c_len = (rows - 1) * c_row_stride + cols;
        let copied = CopiedLines::new(windows);
        let block = block::<T>(&windows, &copied, cols);
        let parts = (flops(rows, cols, depth) / (2 * TASK_FLOPS)).clamp(1, PARTS.min(blocks(&windows, block).max(1)));
        Ok(Some(WindowSums {
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
            lens: [a_len, b_len, c_len],
        }))
    }

    /// Elements of `T` that [`Self::run`] needs to work in: the copy of each part, the sums of all but the first.
    pub fn workspace_len(&self) -> usize {
        self.parts * self.copy_len() + (self.parts - 1) * self.rows * self.cols
    }

    fn copy_len(&self) -> usize {
        self.block.planes * self.copied.plane_len(self.block.lines)
    }

    /// Computes the product.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says: a bug of the caller.
    pub fn run(&self, threads: &Threads, x: &[T], b: &[T], c: &mut [T], workspace: &mut [T]) {
        let [a_len, b_len, c_len] = self.lens;
        assert!(
            x.len() >= a_len && b.len() >= b_len && c.len() >= c_len && workspace.len() >= self.workspace_len(),
            "sums over windows: a slice is shorter than planned"
        );
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
            let (planes, lines) = self.block_at(index);
            let copy = &mut copy[..planes.len() * self.copied.plane_len(lines.len())];
            self.copied.copy(x, planes.clone(), lines.clone(), copy);
            let row = (planes.start * high + lines.start) * self.windows.axes[2].out;
            self.multiply(&Operands {
                copy,
                b: b[row * self.b_row_stride..].as_ptr(),
                c: c.as_mut_ptr(),
                c_row_stride,
                planes: planes.len(),
                lines: lines.len(),
                first: index == own.start,
            });
        }
    }

    /// The planes and lines of a block.
    fn block_at(&self, index: usize) -> (Range<usize>, Range<usize>) {
        let high = self.windows.axes[1].out;
        let across = high.div_ceil(self.block.lines);
        let some = |index: usize, step: usize, end: usize| index * step..end.min((index + 1) * step);
        let planes = some(index / across, self.block.planes, planes(&self.windows));
        (planes, some(index % across, self.block.lines, high))
    }

    /// All tiles of the result, over the windows of a block.
    fn multiply(&self, operands: &Operands<'_, T>) {
        let [_, high, wide] = &self.windows.axes;
        let (len, slab) = (self.places * self.windows.channels, self.copied.slab_len(operands.lines));
        let strip = 2 * self.kernels.lanes;
        for cols in pieces(0..self.cols, strip) {
            for index in 0..self.windows.runs(self.places) {
                let [z, y, x] = self.windows.run(index, self.places).k;
                let start = z * slab + y * high.step * self.copied.line + x * wide.step * self.windows.channels;
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
            depth: wide.out,
            a: operands.copy.as_ptr().wrapping_add(start),
            a_row_stride: 1,
            a_depth_stride: (wide.stride * self.windows.channels) as isize,
            b: operands.b.wrapping_add(cols.start),
            b_depth_stride: self.b_row_stride as isize,
            c,
            c_row_stride: operands.c_row_stride,
            base: if operands.first { Base::Zero } else { again },
            alpha: T::ONE,
            last: cols.len() - (vectors - 1) * self.kernels.lanes,
            ahead: Ahead::nothing(operands.b),
        };
        let b_line = wide.out * self.b_row_stride;
        let lines = Lines {
            planes: operands.planes,
            lines: operands.lines,
            a_plane: self.copied.plane_len(operands.lines),
            a_line: high.stride * self.copied.line,
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

/// Planes of windows: pictures, at each number along the outermost axis.
fn planes(windows: &Windows) -> usize {
    windows.images * windows.axes[0].out
}

/// How many blocks the windows are cut into.
fn blocks(windows: &Windows, block: Block) -> usize {
    planes(windows).div_ceil(block.planes) * windows.axes[1].out.div_ceil(block.lines)
}

/// As many lines as stay in the cache with what they read; some planes where one is few.
fn block<T>(windows: &Windows, copied: &CopiedLines, cols: usize) -> Block {
    let [_, high, wide] = &windows.axes;
    let bytes = |lines: usize| (copied.plane_len(lines) + lines * wide.out * cols) * size_of::<T>();
    let fit = (1..=high.out).rev().find(|&lines| bytes(lines) <= BLOCK_BYTES).unwrap_or(1);
    let lines = even(high.out, fit);
    let planes = if lines < high.out { 1 } else { (BLOCK_BYTES / bytes(lines).max(1)).max(1) };
    Block { planes: planes.min(self::planes(windows).max(1)), lines }
}
