//! Many products of one shape: matrices that lie at a fixed distance from each other.

use super::driver::{Buffers, each, share};
use super::part::{End, Part};
use super::plan::{batch_groups, shares_batch};
use super::{BiasAxis, EpilogueSpec, Gemm, GemmError, GemmShape, Sides, aligned};
use crate::element::Float;
use crate::target::Target;
use crate::threads::Threads;
use std::ops::Range;

/// From one matrix of a batch to the next, in elements; 0 uses the same `a` or `b` for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchStrides {
    /// Between the matrices `a`.
    pub a: usize,
    /// Between the matrices `b`.
    pub b: usize,
    /// Between the results: one after the other, or the rows of all side by side within a row stride.
    pub c: usize,
}

/// `c[i] = alpha · a[i] · b[i] (+ c[i]) (+ bias)` for each matrix `i` of a batch; the bias is the same.
#[derive(Clone)]
pub struct BatchedGemm<T: Float> {
    one: Gemm<T>,
    batch: usize,
    strides: BatchStrides,
    /// Products of a task; the whole batch where each product is shared by the threads instead.
    group: usize,
    a_len: usize,
    b_len: usize,
    c_len: usize,
}

impl<T: Float> BatchedGemm<T> {
    /// Plans a batch of products of one shape.
    ///
    /// # Errors
    /// Those of [`Gemm::new`]; results that would overlap.
    pub fn new(
        batch: usize,
        strides: BatchStrides,
        shape: GemmShape,
        epilogue: EpilogueSpec,
        target: impl Into<Target>,
    ) -> Result<Self, GemmError> {
        let (batch, shape) = folded(batch, strides, shape, epilogue);
        let one = Gemm::new(shape, epilogue, target)?;
        if batch > 1 && !disjoint(batch, strides, &one) {
            return Err(GemmError::OverlappingResults { c_batch_stride: strides.c });
        }
        let reach = |stride: usize, len: usize| -> Result<usize, GemmError> {
            if batch == 0 || len == 0 {
                return Ok(0);
            }
            let last = (batch - 1).checked_mul(stride).and_then(|start| start.checked_add(len));
            last.filter(|&len| len < isize::MAX as usize / 16).ok_or(GemmError::TooLarge)
        };
        let (a_len, b_len, c_len) =
            (reach(strides.a, one.lens.a)?, reach(strides.b, one.lens.b)?, reach(strides.c, one.lens.c)?);
        let group = if shares_batch(&one.plan, batch) {
            batch.div_ceil(batch_groups(batch, &shape)).max(1)
        } else {
            batch.max(1)
        };
        Ok(BatchedGemm { one, batch, strides, group, a_len, b_len, c_len })
    }

    /// Elements of `T` that [`Self::run`] needs to work in: some for each task.
    pub fn workspace_len(&self) -> usize {
        self.batch.div_ceil(self.group) * self.one.lens.workspace
    }

    /// Computes the products.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says, or a bias is missing or not wanted: a bug of the caller.
    pub fn run(&self, threads: &Threads, a: &[T], b: &[T], bias: Option<&[T]>, c: &mut [T], workspace: &mut [T]) {
        assert!(c.len() >= self.c_len, "batched matrix product: the results are shorter than planned");
        // Safety: the length was checked against the furthest element of the last product.
        unsafe { self.run_at(threads, (a, b, bias), c.as_mut_ptr(), workspace, None) };
    }

    /// As [`Self::run`], with the results by their address, and each part of them handed to `take` once it is finished, on
    /// the thread that finished it.
    ///
    /// # Safety
    /// `c` is valid for the results, which follow each other; `take` may be called with any part of them.
    ///
    /// # Panics
    /// Those of [`Self::run`].
    pub(crate) unsafe fn run_to<F: Fn(&Part<T>) + Sync>(
        &self,
        threads: &Threads,
        sides: Sides<'_, T>,
        c: *mut T,
        workspace: &mut [T],
        take: &F,
    ) {
        // Safety: the caller's promise; `take` is there until the run is over.
        unsafe { self.run_at(threads, sides, c, workspace, Some(End::new(take))) };
    }

    /// How many units the parts of a run belong to, and whether parts are made of whole rows.
    pub(crate) fn parts(&self) -> (usize, bool) {
        let (units, whole) = self.one.parts();
        (if self.group < self.batch { self.batch.div_ceil(self.group) } else { units }, whole)
    }

    /// # Safety
    /// That of [`Self::run_to`].
    unsafe fn run_at(
        &self,
        threads: &Threads,
        (a, b, bias): Sides<'_, T>,
        c: *mut T,
        workspace: &mut [T],
        end: Option<End<T>>,
    ) {
        assert!(
            a.len() >= self.a_len && b.len() >= self.b_len && workspace.len() >= self.workspace_len(),
            "batched matrix product: a slice is shorter than planned"
        );
        if self.batch == 1 {
            // Safety: the caller's promise.
            return unsafe { self.one.run_at(threads, (a, b, bias), c, workspace, end) };
        }
        self.one.check_bias(bias);
        if self.c_len == 0 {
            return;
        }
        let start = Buffers {
            a: a.as_ptr(),
            b: b.as_ptr(),
            bias: bias.map_or(std::ptr::null(), <[T]>::as_ptr),
            c,
            packed_a: workspace.as_mut_ptr(),
            packed_b: workspace.as_mut_ptr(),
            end,
        };
        // Safety: the lengths were checked against the furthest element of the last product; the caller's promise.
        unsafe {
            if self.group >= self.batch {
                self.run_some(Some(threads), &start, 0, 0..self.batch);
            } else {
                each(Some(threads), self.batch.div_ceil(self.group), &|task| {
                    self.run_some(None, &start.in_unit(task), task, share(task, self.group, self.batch));
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
        for product in products {
            let c = product * self.strides.c;
            let buffers = Buffers {
                a: start.a.wrapping_add(product * self.strides.a),
                b: start.b.wrapping_add(product * self.strides.b),
                bias: start.bias,
                c: start.c.wrapping_add(c),
                packed_a,
                packed_b: packed_a.wrapping_add(self.one.lens.packed_a),
                end: start.end.map(|end| end.from_row(c / self.one.shape.c_row_stride.max(1))),
            };
            // Safety: the caller's promise.
            unsafe { self.one.run_path(threads, &buffers) };
        }
    }
}

/// The batch as one tall product, where all share `b` and their rows follow each other.
fn folded(batch: usize, strides: BatchStrides, shape: GemmShape, epilogue: EpilogueSpec) -> (usize, GemmShape) {
    let a_follows = usize::try_from(shape.a.row_stride).is_ok_and(|row| shape.rows.checked_mul(row) == Some(strides.a));
    let c_follows = shape.rows.checked_mul(shape.c_row_stride) == Some(strides.c);
    let per_row = epilogue.bias == Some(BiasAxis::PerRow);
    match shape.rows.checked_mul(batch) {
        Some(rows) if batch > 1 && strides.b == 0 && a_follows && c_follows && !per_row => {
            (1, GemmShape { rows, ..shape })
        }
        Some(_) | None => (batch, shape),
    }
}

/// Whether no two results share an element: they follow each other, or lie side by side within a row.
fn disjoint<T: Float>(batch: usize, strides: BatchStrides, one: &Gemm<T>) -> bool {
    let shape = &one.shape;
    let width = (batch - 1).checked_mul(strides.c).and_then(|start| start.checked_add(shape.cols));
    let side_by_side = strides.c >= shape.cols && width.is_some_and(|width| width <= shape.c_row_stride);
    strides.c >= one.lens.c || side_by_side
}
