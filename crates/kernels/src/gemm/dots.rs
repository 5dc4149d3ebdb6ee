//! Products whose depth is contiguous in both operands and that have few rows or columns: dot products, side by side.
#![expect(clippy::needless_range_loop, reason = "counted loops over constants are what unrolls into registers")]

use super::Gemm;
use super::driver::{Buffers, each, share};
use super::pack::Panel;
use super::tile::Base;
use super::vector::Vector;
use crate::element::Float;
use crate::math::Set;
use crate::threads::Threads;
use std::ops::Range;

/// `c[i, j] = alpha · Σ_d left[i, d] · right[j, d] + base[i, j]` for a few `i` and `j`, which the kernel knows.
pub(super) struct Dots<T> {
    pub depth: usize,
    pub left: *const T,
    pub left_stride: isize,
    pub right: *const T,
    pub right_stride: isize,
    pub c: *mut T,
    pub c_strides: (usize, usize),
    /// Null where there is nothing to add.
    pub base: *const T,
    pub base_strides: (usize, usize),
    pub alpha: T,
}

/// A kernel for a certain number of rows of `left` and of `right`.
pub(super) type DotsFn<T> = unsafe fn(&Dots<T>);

/// The kernel: lanes run along the depth and are added up at the end.
///
/// # Safety
/// `V`'s instruction set is present; every pointer is valid for its strides; `c` is not aliased.
#[inline(always)]
pub(super) unsafe fn dots<V: Vector, const R: usize, const C: usize>(task: &Dots<V::Elem>) {
    // Safety: the caller's promise; the last vector is masked.
    unsafe {
        let set = V::Set::assume();
        let mut sums = [[V::splat(set, V::Elem::default()); C]; R];
        let full = task.depth / V::LANES * V::LANES;
        for depth in (0..full).step_by(V::LANES) {
            let mut left = [V::splat(set, V::Elem::default()); R];
            for i in 0..R {
                left[i] = V::load(task.left.wrapping_offset(i as isize * task.left_stride).wrapping_add(depth));
            }
            for j in 0..C {
                let right = V::load(task.right.wrapping_offset(j as isize * task.right_stride).wrapping_add(depth));
                for i in 0..R {
                    sums[i][j] = left[i].mul_add(right, sums[i][j]);
                }
            }
        }
        if full < task.depth {
            let mask = V::part(task.depth - full);
            for i in 0..R {
                let left = task.left.wrapping_offset(i as isize * task.left_stride).wrapping_add(full);
                let left = V::load_part(left, mask);
                for j in 0..C {
                    let right = task.right.wrapping_offset(j as isize * task.right_stride).wrapping_add(full);
                    sums[i][j] = left.mul_add(V::load_part(right, mask), sums[i][j]);
                }
            }
        }
        store(task, sums);
    }
}

/// Adds up the lanes and writes the results.
///
/// # Safety
/// That of [`dots`].
#[inline(always)]
unsafe fn store<V: Vector, const R: usize, const C: usize>(task: &Dots<V::Elem>, sums: [[V; C]; R]) {
    // Safety: the caller's promise.
    unsafe {
        for i in 0..R {
            for j in 0..C {
                let product = sums[i][j].sum() * task.alpha;
                let base = task.base.wrapping_add(i * task.base_strides.0 + j * task.base_strides.1);
                let sum = if task.base.is_null() { product } else { product + *base };
                *task.c.wrapping_add(i * task.c_strides.0 + j * task.c_strides.1) = sum;
            }
        }
    }
}

/// How a product is run as dot products.
#[derive(Clone, Copy, Debug)]
pub(super) struct DotsPlan {
    /// Whether the columns of `b` are the many, and the rows of `a` the few.
    pub swapped: bool,
    /// Whether the few must be copied to be contiguous.
    pub pack: bool,
    /// Of the many, how many a task has.
    pub group: usize,
}

impl<T: Float> Gemm<T> {
    /// The product, as dot products of the many with the few.
    ///
    /// # Safety
    /// That of `run_blocks`.
    pub(super) unsafe fn run_dots(&self, plan: &DotsPlan, threads: Option<&Threads>, buffers: &Buffers<T>) {
        let many = if plan.swapped { self.shape.cols } else { self.shape.rows };
        // Safety: the caller's promise; tasks have disjoint parts of the result.
        unsafe {
            if plan.pack {
                self.pack_few(plan, buffers);
            }
            each(threads, many.div_ceil(plan.group), &|task| {
                self.dots_group(plan, buffers, share(task, plan.group, many))
            });
        }
    }

    /// Copies the few, each contiguous along the depth.
    ///
    /// # Safety
    /// That of `run_blocks`.
    unsafe fn pack_few(&self, plan: &DotsPlan, buffers: &Buffers<T>) {
        let (source, few, depth_stride, stride) = if plan.swapped {
            (buffers.a, self.shape.rows, self.shape.a.col_stride, self.shape.a.row_stride)
        } else {
            (buffers.b, self.shape.cols, self.shape.b.row_stride, self.shape.b.col_stride)
        };
        let (lanes, target) = (self.shape.depth, buffers.packed_b);
        // Safety: the caller's promise; the roles of lanes and depth are exchanged.
        unsafe {
            (self.kernels.pack)(&Panel {
                source,
                lane_stride: depth_stride,
                depth_stride: stride,
                lanes,
                depth: few,
                target,
                pitch: lanes,
            });
        }
    }

    /// The dot products of some of the many with all of the few, and their epilogue.
    ///
    /// # Safety
    /// That of `run_blocks`, and no other task has these.
    unsafe fn dots_group(&self, plan: &DotsPlan, buffers: &Buffers<T>, group: Range<usize>) {
        let few = if plan.swapped { self.shape.rows } else { self.shape.cols };
        let high = if few == 1 { self.kernels.dots_of_one.len() } else { self.kernels.dots.len() };
        for row in group.clone().step_by(high) {
            let rows = high.min(group.end - row);
            for col in (0..few).step_by(4) {
                let cols = 4.min(few - col);
                let task = self.dots_task(plan, buffers, row, col);
                // Safety: the caller's promise.
                unsafe {
                    if few == 1 {
                        self.kernels.dots_of_one[rows - 1](&task);
                    } else {
                        self.kernels.dots[rows - 1][cols - 1](&task);
                    }
                }
            }
        }
        let (start, size) = ((group.start, 0), (group.len(), few));
        // Safety: the caller's promise.
        unsafe {
            if plan.swapped {
                self.finish_tile(buffers, (start.1, start.0), (size.1, size.0));
            } else {
                self.finish_tile(buffers, start, size);
            }
        }
    }

    /// The arguments of the kernel from `row` of the many and `col` of the few.
    fn dots_task(&self, plan: &DotsPlan, buffers: &Buffers<T>, row: usize, col: usize) -> Dots<T> {
        let (shape, stride) = (&self.shape, self.shape.c_row_stride);
        let (left, left_stride, mut right, mut right_stride) = if plan.swapped {
            (buffers.b, shape.b.col_stride, buffers.a, shape.a.row_stride)
        } else {
            (buffers.a, shape.a.row_stride, buffers.b, shape.b.col_stride)
        };
        if plan.pack {
            (right, right_stride) = (buffers.packed_b.cast_const(), shape.depth as isize);
        }
        let (top, leftmost) = if plan.swapped { (col, row) } else { (row, col) };
        let (base, base_strides) = match self.base(buffers, top, leftmost, true) {
            Base::Zero => (std::ptr::null(), (0, 0)),
            Base::Rows { start, row_stride } => (start, (row_stride, 1)),
            Base::Column(start) => (start, (1, 0)),
        };
        let orient = |(row, col)| if plan.swapped { (col, row) } else { (row, col) };
        Dots {
            depth: shape.depth,
            left: left.wrapping_offset(row as isize * left_stride),
            left_stride,
            right: right.wrapping_offset(col as isize * right_stride),
            right_stride,
            c: buffers.c.wrapping_add(top * stride + leftmost),
            c_strides: orient((stride, 1)),
            base,
            base_strides: orient(base_strides),
            alpha: self.alpha,
        }
    }
}
