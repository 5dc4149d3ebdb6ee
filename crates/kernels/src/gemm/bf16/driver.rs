//! Running a product by parts: rows packed by all threads, then tasks that pack their columns and multiply.

use super::emulated::Emulated;
use super::pack::{Split, Square};
use super::plan::TilePlan;
use super::range::{Range, fits_parts};
use super::unit::{BLOCK, Bf16, MatrixUnit, PACKED_PART, STEP, Task, parts};
use crate::compiled::{self, Compiled};
use crate::element::{DType, Float};
use crate::gemm::driver::{Buffers, each, share};
use crate::gemm::pack::Panel;
use crate::gemm::plan::pieces;
use crate::gemm::tile::Base;
use crate::gemm::{Gemm, Operand};
use crate::target::Precision;
use crate::threads::Threads;
use crate::tiles::Unit;
use std::ops::Range as Span;

/// Sums of a block, as a matrix unit stores them.
#[repr(align(64))]
struct Sums<T>([T; BLOCK * BLOCK]);

/// A part of the product: its rows are packed at once.
#[derive(Clone)]
struct Pass {
    rows: Span<usize>,
    depth: Span<usize>,
}

/// Which operand is packed.
#[derive(Clone, Copy)]
enum Side {
    Rows,
    Cols,
}

impl<T: Float> Gemm<T> {
    /// The product by parts, where the numbers allow it; false where nothing was done.
    ///
    /// # Safety
    /// The buffers are valid for the planned shape, `c` and `plan.workspace_bytes` from `packed_a` on for writing.
    pub(in crate::gemm) unsafe fn run_tiles(
        &self,
        plan: &TilePlan,
        threads: Option<&Threads>,
        buffers: &Buffers<T>,
    ) -> bool {
        debug_assert_eq!(T::DTYPE, DType::F32, "planned for float32 alone");
        // Safety: the caller's promise.
        unsafe {
            if plan.precision != Precision::Medium && !self.fits(threads, buffers) {
                return false;
            }
            match plan.unit {
                Unit::None | Unit::Pairs => return false,
                Unit::Emulated => self.run_passes::<Emulated>(plan, threads, buffers),
                #[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
                Unit::Amx => self.run_passes::<super::amx::Amx>(plan, threads, buffers),
                #[cfg(not(all(target_arch = "x86_64", target_os = "linux", not(miri))))]
                Unit::Amx => return false,
            }
        }
        true
    }

    /// Whether both operands can be split.
    ///
    /// # Safety
    /// That of [`Self::run_tiles`].
    unsafe fn fits(&self, threads: Option<&Threads>, buffers: &Buffers<T>) -> bool {
        let shape = &self.shape;
        // Safety: the caller's promise.
        unsafe {
            let a = self.range(threads, buffers.a, shape.rows, shape.depth, shape.a);
            let b = self.range(threads, buffers.b, shape.depth, shape.cols, shape.b);
            fits_parts(&a, &b, shape.depth)
        }
    }

    /// The magnitudes of an operand, looked at in pieces along its larger stride.
    ///
    /// # Safety
    /// `start` is valid for the operand.
    unsafe fn range(
        &self,
        threads: Option<&Threads>,
        start: *const T,
        rows: usize,
        cols: usize,
        operand: Operand,
    ) -> Range {
        /// Numbers that a task looks at.
        const LOOK: usize = 256 * 1024;
        let flip = operand.row_stride < operand.col_stride;
        let (rows, cols, operand) = if flip { (cols, rows, operand.transposed()) } else { (rows, cols, operand) };
        let range = Range::new();
        let start = Start(start.cast::<f32>());
        let group = (LOOK / cols.max(1)).max(1);
        each(threads, rows.div_ceil(group), &|task| {
            let rows = share(task, group, rows);
            let start = start.at(rows.start as isize * operand.row_stride);
            // Safety: the caller's promise.
            unsafe { range.add(self.isa, start, rows.len(), cols, operand) };
        });
        range
    }

    /// The product, pass by pass.
    ///
    /// # Safety
    /// That of [`Self::run_tiles`], and the unit is there.
    unsafe fn run_passes<U: MatrixUnit>(&self, plan: &TilePlan, threads: Option<&Threads>, buffers: &Buffers<T>) {
        for rows in pieces(0..self.shape.rows, plan.block_rows) {
            for depth in pieces(0..self.shape.depth, plan.block_depth) {
                let pass = Pass { rows: rows.clone(), depth };
                each(threads, rows.len().div_ceil(BLOCK), &|panel| {
                    let target = packed(buffers).wrapping_add(panel * plan.panel_len());
                    // Safety: the caller's promise; each panel has one task.
                    unsafe {
                        self.pack_parts(plan, buffers, &pass.depth, Side::Rows, rows.start + panel * BLOCK, target)
                    };
                });
                let (high, wide) = plan.tasks(rows.len(), self.shape.cols);
                each(threads, high * wide, &|task| {
                    let panels = share(task / wide, plan.group_panels, rows.len().div_ceil(BLOCK));
                    let strips = share(task % wide, plan.group_strips, self.shape.cols.div_ceil(BLOCK));
                    let strip = packed(buffers).wrapping_add(plan.packed_rows_len() + task * plan.panel_len());
                    // Safety: the caller's promise; tasks have disjoint blocks of the result and each its strip.
                    unsafe {
                        self.multiply_blocks::<U>(plan, buffers, &pass, panels.clone(), strips.clone(), strip);
                        if pass.depth.end == self.shape.depth {
                            let (rows, cols) = (blocks(&panels, rows.len()), blocks(&strips, self.shape.cols));
                            self.end_part(
                                buffers,
                                rows.start + pass.rows.start..rows.end + pass.rows.start,
                                cols,
                                task,
                            );
                        }
                    }
                });
            }
        }
    }

    /// Packs a panel of rows or a strip of columns for some depths.
    ///
    /// # Safety
    /// That of [`Self::run_tiles`]; `target` is valid for `plan.panel_len` numbers that no other task has.
    unsafe fn pack_parts(
        &self,
        plan: &TilePlan,
        buffers: &Buffers<T>,
        depth: &Span<usize>,
        side: Side,
        first: usize,
        target: *mut Bf16,
    ) {
        let step_len = parts(plan.precision) * PACKED_PART;
        let mut square = [0.0f32; BLOCK * STEP];
        for (step, start) in depth.clone().step_by(STEP).enumerate() {
            let depths = start..depth.end.min(start + STEP);
            // Safety: the caller's promise; the steps of a panel follow one another.
            unsafe {
                self.load_square(buffers, side, first, &depths, &mut square);
                let target = std::slice::from_raw_parts_mut(target.add(step * step_len), step_len);
                self.split(plan.precision, side, &square, target);
            }
        }
    }

    /// Some depths of a panel (32 rows, depths along the columns) or of a strip (depths along the rows, 32 columns),
    /// zero beyond the operand.
    ///
    /// # Safety
    /// That of [`Self::run_tiles`].
    unsafe fn load_square(
        &self,
        buffers: &Buffers<T>,
        side: Side,
        first: usize,
        depths: &Span<usize>,
        square: &mut Square,
    ) {
        let shape = &self.shape;
        let (start, operand, row, col, rows, cols) = match side {
            Side::Rows => (buffers.a, shape.a, first, depths.start, BLOCK.min(shape.rows - first), depths.len()),
            Side::Cols => (buffers.b, shape.b, depths.start, first, depths.len(), BLOCK.min(shape.cols - first)),
        };
        let offset = row as isize * operand.row_stride + col as isize * operand.col_stride;
        // Safety: the caller's promise; the square has room for `rows` of 32 columns, and `T` is float32.
        unsafe {
            (self.kernels.pack)(&Panel {
                source: start.wrapping_offset(offset),
                lane_stride: operand.col_stride,
                depth_stride: operand.row_stride,
                lanes: cols,
                depth: rows,
                target: square.as_mut_ptr().cast::<T>(),
                pitch: BLOCK,
            });
        }
        square[rows * BLOCK..].fill(0.0);
    }

    /// Splits a square into as many parts as the precision has.
    fn split(&self, precision: Precision, side: Side, square: &Square, target: &mut [Bf16]) {
        let paired = matches!(side, Side::Cols);
        match precision {
            Precision::Highest => compiled::run(self.isa, Split::<3> { square, paired, target }),
            Precision::High => compiled::run(self.isa, Split::<2> { square, paired, target }),
            Precision::Medium => compiled::run(self.isa, Split::<1> { square, paired, target }),
        }
    }

    /// The blocks of a task: each strip is packed, then multiplied with every panel while it is in the cache.
    ///
    /// # Safety
    /// That of [`Self::run_passes`], and no other task has these blocks or this strip.
    unsafe fn multiply_blocks<U: MatrixUnit>(
        &self,
        plan: &TilePlan,
        buffers: &Buffers<T>,
        pass: &Pass,
        panels: Span<usize>,
        strips: Span<usize>,
        strip_target: *mut Bf16,
    ) {
        let mut sums = Sums([T::ZERO; BLOCK * BLOCK]);
        // Safety: the caller's promise.
        unsafe {
            let mut unit = U::new();
            for strip in strips {
                self.pack_parts(plan, buffers, &pass.depth, Side::Cols, strip * BLOCK, strip_target);
                for panel in panels.clone() {
                    unit.multiply(&Task {
                        a: packed(buffers).wrapping_add(panel * plan.panel_len()).cast_const(),
                        b: strip_target.cast_const(),
                        steps: pass.depth.len().div_ceil(STEP),
                        precision: plan.precision,
                        sums: sums.0.as_mut_ptr().cast(),
                    });
                    self.store_block(buffers, pass, panel, strip, &sums);
                }
            }
        }
    }

    /// `c = alpha · sums + base`, and what is to be done once all depths are in.
    ///
    /// # Safety
    /// That of [`Self::run_tiles`], and no other task has this block.
    unsafe fn store_block(&self, buffers: &Buffers<T>, pass: &Pass, panel: usize, strip: usize, sums: &Sums<T>) {
        let (top, left) = (pass.rows.start + panel * BLOCK, strip * BLOCK);
        let (rows, cols) = (BLOCK.min(pass.rows.end - top), BLOCK.min(self.shape.cols - left));
        compiled::run(
            self.isa,
            Store {
                sums,
                alpha: self.alpha,
                base: self.base(buffers, top, left, pass.depth.start == 0),
                c: buffers.c.wrapping_add(top * self.shape.c_row_stride + left),
                c_row_stride: self.shape.c_row_stride,
                size: (rows, cols),
            },
        );
        if pass.depth.end == self.shape.depth {
            // Safety: the caller's promise.
            unsafe { self.add_late_bias(buffers, (top, left), (rows, cols)) };
        }
    }
}

/// The rows or columns of some blocks, of `len` in all.
fn blocks(blocks: &Span<usize>, len: usize) -> Span<usize> {
    blocks.start * BLOCK..len.min(blocks.end * BLOCK)
}

/// Where packed numbers go.
fn packed<T>(buffers: &Buffers<T>) -> *mut Bf16 {
    buffers.packed_a.cast()
}

/// An address that tasks share.
struct Start(*const f32);

impl Start {
    fn at(&self, offset: isize) -> *const f32 {
        self.0.wrapping_offset(offset)
    }
}

// Safety: read only.
unsafe impl Sync for Start {}

/// Adds a block to the result. Made by `store_block` alone, whose caller vouches for the addresses.
struct Store<'a, T> {
    sums: &'a Sums<T>,
    alpha: T,
    base: Base<T>,
    c: *mut T,
    c_row_stride: usize,
    size: (usize, usize),
}

impl<T: Float> Compiled for Store<'_, T> {
    #[inline(always)]
    fn run(self) {
        let (rows, cols) = self.size;
        for row in 0..rows {
            let sums = &self.sums.0[row * BLOCK..][..cols];
            let c = self.c.wrapping_add(row * self.c_row_stride);
            // Safety: within the block, as the maker promises.
            unsafe {
                match self.base {
                    Base::Zero => self.store_row(sums, c, |_, sum| sum),
                    Base::Rows { start, row_stride } => {
                        let start = start.wrapping_add(row * row_stride);
                        self.store_row(sums, c, |col, sum| sum + *start.add(col));
                    }
                    Base::Column(start) => {
                        let base = *start.add(row);
                        self.store_row(sums, c, |_, sum| sum + base);
                    }
                }
            }
        }
    }
}

impl<T: Float> Store<'_, T> {
    /// `c = plus(alpha · sums)`; each element of `c` is read, where it is the base, before it is written.
    ///
    /// # Safety
    /// `c` is valid for as many numbers as there are sums.
    #[inline(always)]
    unsafe fn store_row(&self, sums: &[T], c: *mut T, plus: impl Fn(usize, T) -> T) {
        for (col, &sum) in sums.iter().enumerate() {
            // Safety: the caller's promise.
            unsafe { *c.add(col) = plus(col, self.alpha * sum) };
        }
    }
}
