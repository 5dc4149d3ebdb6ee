//! Few rows times a row-major matrix: rows of the matrix stream past, each spread over the results in the cache.
#![expect(clippy::needless_range_loop, reason = "counted loops over constants are what unrolls into registers")]

use super::Gemm;
use super::driver::{Buffers, each, share};
use super::tile::Base;
use super::vector::Vector;
use crate::element::Float;
use crate::math::Set;
use crate::threads::Threads;
use std::ops::Range;

/// `c[i, j] += Σ_d alpha · x[i, d] · m[d, j]` for a few `i`, which the kernel knows, and `cols` columns.
pub(super) struct Spread<T> {
    pub depth: usize,
    pub cols: usize,
    pub x: *const T,
    pub x_row_stride: isize,
    pub x_depth_stride: isize,
    pub m: *const T,
    pub m_stride: isize,
    pub c: *mut T,
    pub c_row_stride: usize,
    pub base: Base<T>,
    pub alpha: T,
}

/// A kernel for a certain number of rows.
pub(super) type SpreadFn<T> = unsafe fn(&Spread<T>);

/// The most rows that are spread at once.
pub(super) const ROWS: usize = 4;

/// The kernel: `R` rows, `D` rows of the matrix at a time, so that results are loaded and stored once for `D`.
///
/// # Safety
/// `V`'s instruction set is present; every pointer is valid for its strides; `c` is not aliased.
#[inline(always)]
pub(super) unsafe fn spread<V: Vector, const R: usize, const D: usize>(task: &Spread<V::Elem>) {
    let whole = task.depth / D * D;
    // Safety: the caller's promise.
    unsafe {
        start::<V, R>(task);
        for depth in (0..whole).step_by(D) {
            sweep::<V, R, D>(task, depth);
        }
        for depth in whole..task.depth {
            sweep::<V, R, 1>(task, depth);
        }
    }
}

/// `c = base`.
///
/// # Safety
/// That of [`spread`].
#[inline(always)]
unsafe fn start<V: Vector, const R: usize>(task: &Spread<V::Elem>) {
    for i in 0..R {
        let c = task.c.wrapping_add(i * task.c_row_stride);
        for j in 0..task.cols {
            // Safety: within the row.
            unsafe {
                *c.add(j) = match task.base {
                    Base::Zero => V::Elem::ZERO,
                    Base::Rows { start, row_stride } => *start.wrapping_add(i * row_stride + j),
                    Base::Column(start) => *start.add(i),
                };
            }
        }
    }
}

/// `D` rows of the matrix, from `depth` on.
///
/// # Safety
/// That of [`spread`], and `depth + D ≤ task.depth`.
#[inline(always)]
unsafe fn sweep<V: Vector, const R: usize, const D: usize>(task: &Spread<V::Elem>, depth: usize) {
    let full = task.cols / V::LANES * V::LANES;
    // Safety: the caller's promise; the last vector is masked.
    unsafe {
        let set = V::Set::assume();
        let mut x = [[V::splat(set, V::Elem::default()); D]; R];
        for i in 0..R {
            for d in 0..D {
                let offset = i as isize * task.x_row_stride + (depth + d) as isize * task.x_depth_stride;
                x[i][d] = V::splat(set, *task.x.wrapping_offset(offset) * task.alpha);
            }
        }
        let m = task.m.wrapping_offset(depth as isize * task.m_stride);
        for col in (0..full).step_by(V::LANES) {
            let mut rows = [V::splat(set, V::Elem::default()); D];
            for d in 0..D {
                rows[d] = V::load(m.wrapping_offset(d as isize * task.m_stride).wrapping_add(col));
            }
            for i in 0..R {
                let c = task.c.wrapping_add(i * task.c_row_stride + col);
                let mut sum = V::load(c);
                for d in 0..D {
                    sum = x[i][d].mul_add(rows[d], sum);
                }
                sum.store(c);
            }
        }
        if full < task.cols {
            let mask = V::part(task.cols - full);
            for i in 0..R {
                let c = task.c.wrapping_add(i * task.c_row_stride + full);
                let mut sum = V::load_part(c, mask);
                for d in 0..D {
                    let row = m.wrapping_offset(d as isize * task.m_stride).wrapping_add(full);
                    sum = x[i][d].mul_add(V::load_part(row, mask), sum);
                }
                sum.store_part(c, mask);
            }
        }
    }
}

/// How a product is run by spreading.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpreadPlan {
    /// Whether `b` is one column and the transpose of `a` is the matrix.
    pub swapped: bool,
    /// Columns of a task.
    pub group: usize,
}

impl<T: Float> Gemm<T> {
    /// The product, column group by column group.
    ///
    /// # Safety
    /// That of `run_blocks`.
    pub(super) unsafe fn run_spread(&self, plan: &SpreadPlan, threads: Option<&Threads>, buffers: &Buffers<T>) {
        let cols = if plan.swapped { self.shape.rows } else { self.shape.cols };
        each(threads, cols.div_ceil(plan.group), &|task| {
            // Safety: the caller's promise; tasks have disjoint parts of the result.
            unsafe { self.spread_group(plan, buffers, share(task, plan.group, cols)) };
        });
    }

    /// Some columns of the result, and their epilogue.
    ///
    /// # Safety
    /// That of `run_blocks`, and no other task has these.
    unsafe fn spread_group(&self, plan: &SpreadPlan, buffers: &Buffers<T>, cols: Range<usize>) {
        let (task, rows) = self.spread_task(plan, buffers, &cols);
        // Safety: the caller's promise; a swapped result is one contiguous column.
        unsafe {
            self.kernels.spread[rows - 1](&task);
            if plan.swapped {
                self.finish_tile(buffers, (cols.start, 0), (cols.len(), 1));
            } else {
                self.finish_tile(buffers, (0, cols.start), (rows, cols.len()));
            }
        }
    }

    /// The arguments of the kernel and its rows.
    fn spread_task(&self, plan: &SpreadPlan, buffers: &Buffers<T>, cols: &Range<usize>) -> (Spread<T>, usize) {
        let shape = &self.shape;
        let (x, m, x_strides, m_stride, rows) = if plan.swapped {
            (buffers.b, buffers.a, (shape.b.col_stride, shape.b.row_stride), shape.a.col_stride, 1)
        } else {
            (buffers.a, buffers.b, (shape.a.row_stride, shape.a.col_stride), shape.b.row_stride, shape.rows)
        };
        let (top, left) = if plan.swapped { (cols.start, 0) } else { (0, cols.start) };
        let base = match (plan.swapped, self.base(buffers, top, left, true)) {
            // One column, read as one row: a bias per row runs along it, one per column is a single number.
            (true, Base::Column(start)) => Base::Rows { start, row_stride: 0 },
            (true, Base::Rows { start, row_stride: 0 }) => Base::Column(start),
            (_, base) => base,
        };
        let task = Spread {
            depth: shape.depth,
            cols: cols.len(),
            x,
            x_row_stride: x_strides.0,
            x_depth_stride: x_strides.1,
            m: m.wrapping_add(cols.start),
            m_stride,
            c: buffers.c.wrapping_add(top * shape.c_row_stride + left),
            c_row_stride: shape.c_row_stride,
            base,
            alpha: self.alpha,
        };
        (task, rows)
    }
}
