//! Many products of one shape: matrices at fixed distances from each other along each axis of a batch.

#[cfg(test)]
mod tests;

use super::driver::{Buffers, each, share};
use super::plan::{batch_groups, shares_batch};
use super::{EpilogueSpec, Gemm, GemmError, GemmShape, Operand, aligned};
use crate::element::Float;
use crate::target::Target;
use crate::threads::Threads;
use std::ops::Range;

/// One axis of a batch: from one of its matrices to the next, in elements.
///
/// Heads that lie side by side in a row, images, broadcast operands: whatever views of a tensor make of a batch is a few
/// axes, so nothing of the batch's size is ever stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchAxis {
    /// Matrices along the axis.
    pub size: usize,
    /// Between the matrices `a`; 0 uses the same for all.
    pub a: usize,
    /// Between the matrices `b`; 0 uses the same for all.
    pub b: usize,
    /// Between the results: one after the other, or the rows of all side by side within a row stride.
    pub c: usize,
}

/// Where the matrices of one product start.
#[derive(Clone, Copy, Default)]
struct Starts {
    a: usize,
    b: usize,
    c: usize,
}

/// `c[i] = activation(alpha · a[i] · b[i] (+ c[i]) (+ bias))` for each matrix `i` of a batch; the bias is the same.
#[derive(Clone)]
pub struct BatchedGemm<T: Float> {
    one: Gemm<T>,
    batch: usize,
    /// Axes that no other one continues, the last one first.
    axes: Vec<BatchAxis>,
    /// Products of a task; the whole batch where each product is shared by the threads instead.
    group: usize,
    a_len: usize,
    b_len: usize,
    c_len: usize,
    workspace_len: usize,
}

impl<T: Float> BatchedGemm<T> {
    /// Plans a batch of products of one shape, numbered in row-major order of its `axes`.
    ///
    /// # Errors
    /// Those of [`Gemm::new`]; results that would overlap.
    pub fn new(
        axes: &[BatchAxis],
        shape: GemmShape,
        epilogue: EpilogueSpec,
        target: impl Into<Target>,
    ) -> Result<Self, GemmError> {
        let mut axes = merged(axes).ok_or(GemmError::TooLarge)?;
        let shape = folded(&mut axes, shape);
        let one = Gemm::new(shape, epilogue, target)?;
        let batch = axes.iter().try_fold(1usize, |all, axis| all.checked_mul(axis.size)).ok_or(GemmError::TooLarge)?;
        if batch > 1 && one.lens.c > 0 && !disjoint(&axes, &shape) {
            return Err(GemmError::OverlappingResults);
        }
        let reach = |stride: fn(&BatchAxis) -> usize, len: usize| {
            if batch == 0 || len == 0 {
                return Ok(0);
            }
            let last =
                axes.iter().try_fold(len, |end, axis| (axis.size - 1).checked_mul(stride(axis))?.checked_add(end));
            last.filter(|&len| len < isize::MAX as usize / 16).ok_or(GemmError::TooLarge)
        };
        let (a_len, b_len) = (reach(|axis| axis.a, one.lens.a)?, reach(|axis| axis.b, one.lens.b)?);
        let c_len = reach(|axis| axis.c, one.lens.c)?;
        let group = if shares_batch(&one.plan, batch) {
            batch.div_ceil(batch_groups(batch, &shape)).max(1)
        } else {
            batch.max(1)
        };
        let workspace_len = batch.div_ceil(group) * one.lens.workspace;
        Ok(BatchedGemm { one, batch, axes, group, a_len, b_len, c_len, workspace_len })
    }

    /// Elements of `T` that [`Self::run`] needs to work in: some for each task.
    pub fn workspace_len(&self) -> usize {
        self.workspace_len
    }

    /// Computes the products.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says, or a bias is missing or not wanted: a bug of the caller.
    pub fn run(&self, threads: &Threads, a: &[T], b: &[T], bias: Option<&[T]>, c: &mut [T], workspace: &mut [T]) {
        assert!(
            a.len() >= self.a_len
                && b.len() >= self.b_len
                && c.len() >= self.c_len
                && workspace.len() >= self.workspace_len,
            "batched matrix product: a slice is shorter than planned"
        );
        self.one.check_bias(bias);
        if self.c_len == 0 {
            return;
        }
        if self.batch == 1 {
            // Safety: the lengths of one product are those that were checked.
            return unsafe { self.one.run_path(Some(threads), &self.one.buffers(a, b, bias, c, workspace)) };
        }
        let start = Buffers {
            a: a.as_ptr(),
            b: b.as_ptr(),
            bias: bias.map_or(std::ptr::null(), <[T]>::as_ptr),
            c: c.as_mut_ptr(),
            packed_a: workspace.as_mut_ptr(),
            packed_b: workspace.as_mut_ptr(),
            slots: workspace.as_mut_ptr(),
        };
        // Safety: the lengths were checked against the furthest element of the last product.
        unsafe {
            if self.group >= self.batch {
                self.run_some(Some(threads), &start, 0, 0..self.batch);
            } else {
                each(Some(threads), self.batch.div_ceil(self.group), &|task| {
                    self.run_some(None, &start, task, share(task, self.group, self.batch));
                });
            }
        }
    }

    /// Some products, one after the other, in the workspace of a task.
    ///
    /// # Safety
    /// `start` holds the buffers of the batch, long enough; no other task has these products.
    unsafe fn run_some(&self, threads: Option<&Threads>, start: &Buffers<T>, task: usize, products: Range<usize>) {
        let packed_a = aligned(start.packed_a.wrapping_add(task * self.one.lens.workspace), self.one.lens.workspace);
        let packed_b = packed_a.wrapping_add(self.one.lens.packed_a);
        for product in products {
            let own = self.starts(product);
            let buffers = Buffers {
                a: start.a.wrapping_add(own.a),
                b: start.b.wrapping_add(own.b),
                bias: start.bias,
                c: start.c.wrapping_add(own.c),
                packed_a,
                packed_b,
                slots: packed_b.wrapping_add(self.one.plan.shared_b),
            };
            // Safety: the caller's promise.
            unsafe { self.one.run_path(threads, &buffers) };
        }
    }

    /// Where the matrices of a product start.
    fn starts(&self, product: usize) -> Starts {
        let mut rest = product;
        self.axes.iter().fold(Starts::default(), |sum, axis| {
            let place = rest % axis.size;
            rest /= axis.size;
            Starts { a: sum.a + place * axis.a, b: sum.b + place * axis.b, c: sum.c + place * axis.c }
        })
    }
}

/// The axes, the last one first, without those of size 1; axes that go on where the next one ends are one.
fn merged(axes: &[BatchAxis]) -> Option<Vec<BatchAxis>> {
    let mut merged: Vec<BatchAxis> = Vec::new();
    for &axis in axes.iter().rev().filter(|axis| axis.size != 1) {
        let goes_on = |inner: &BatchAxis| {
            let next = |stride: usize| inner.size.checked_mul(stride);
            next(inner.a) == Some(axis.a) && next(inner.b) == Some(axis.b) && next(inner.c) == Some(axis.c)
        };
        match merged.last_mut().filter(|inner| goes_on(inner)) {
            Some(inner) => inner.size = inner.size.checked_mul(axis.size)?,
            None => merged.push(axis),
        }
    }
    Some(merged)
}

/// The one product that a batch is; none where there are several.
pub fn one_product(axes: &[BatchAxis], shape: GemmShape) -> Option<GemmShape> {
    let mut axes = merged(axes)?;
    let shape = folded(&mut axes, shape);
    axes.is_empty().then_some(shape)
}

/// The matrices of the last axis as one tall product, where all share `b` and their rows follow each other.
fn folded(axes: &mut Vec<BatchAxis>, shape: GemmShape) -> GemmShape {
    let Some(axis) = axes.first().copied() else { return shape };
    // Nobody walks past a single row: the next one is where the next matrix is.
    let (a_row, c_row_stride) = match (shape.rows, isize::try_from(axis.a)) {
        (1, Ok(a)) if axis.c >= shape.cols => (a, axis.c),
        _ => (shape.a.row_stride, shape.c_row_stride),
    };
    let a_follows = usize::try_from(a_row).is_ok_and(|row| shape.rows.checked_mul(row) == Some(axis.a));
    let c_follows = shape.rows.checked_mul(c_row_stride) == Some(axis.c);
    match shape.rows.checked_mul(axis.size) {
        Some(rows) if axis.b == 0 && a_follows && c_follows => {
            axes.remove(0);
            GemmShape { rows, a: Operand { row_stride: a_row, ..shape.a }, c_row_stride, ..shape }
        }
        Some(_) | None => shape,
    }
}

/// Whether no two results share an element: sorted by stride, each axis steps over all that the finer ones reach.
fn disjoint(axes: &[BatchAxis], shape: &GemmShape) -> bool {
    let mut steps: Vec<(usize, usize)> = axes.iter().map(|axis| (axis.c, axis.size)).collect();
    steps.extend([(1, shape.cols), (shape.c_row_stride, shape.rows)]);
    steps.retain(|&(_, size)| size > 1);
    steps.sort_unstable();
    let mut reach = 1usize;
    steps.into_iter().all(|(stride, size)| {
        let clear = stride >= reach;
        reach = (size - 1).saturating_mul(stride).saturating_add(reach);
        clear
    })
}
