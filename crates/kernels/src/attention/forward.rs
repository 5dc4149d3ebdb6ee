//! The weighted means, with a running largest score and sum.

use super::blocks::{Number, Product, exponentials, gather_rows, hide, largest, rows_of, scale, start_of, write_rows};
use super::{AttentionShape, Head, KEYS, MOST, PITCH, QUERIES, block};
use crate::element::Float;
use crate::gemm::{EpilogueSpec, GemmShape, Operand};
use crate::isa::Isa;
use crate::math::{Compute, Scalar, Simd};
use crate::target::Target;
use crate::threads::{Disjoint, Threads};
use crate::vectors::{self, Vectors};
use std::ops::Range;

/// `y = softmax(scale · q · kᵀ) · v` and `ln Σ exp(scale · q · kᵀ)` (batch, heads, queries).
///
/// A query that may see no key takes the mean of all values, and its logarithm is +∞.
pub struct Attention<T: Float> {
    shape: AttentionShape,
    isa: Isa,
    scores: Product<T>,
    sums: Product<T>,
}

/// `scale · q · kᵀ` of some queries, gathered, and keys.
pub(super) fn scores<T: Float>(shape: &AttentionShape, target: Target) -> Result<Product<T>, String> {
    let a = Operand::row_major(shape.size);
    let b = Operand { row_stride: 1, col_stride: (shape.shared * shape.size) as isize };
    let spec = EpilogueSpec { alpha: shape.scale, ..EpilogueSpec::default() };
    let plan = |rows, cols| GemmShape { rows, cols, depth: shape.size, a, b, c_row_stride: PITCH };
    Product::new(shape, spec, target, plan).map_err(|error| error.to_string())
}

/// The arrays of a run.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a, T> {
    pub q: &'a [T],
    pub k: &'a [T],
    pub v: &'a [T],
    pub mask: &'a [u8],
}

impl<T> Inputs<'_, T> {
    /// # Panics
    /// When a slice is shorter than planned: a bug of the caller.
    pub fn check(&self, shape: &AttentionShape) {
        let AttentionShape { batch, queries, keys, heads, shared, size, width, .. } = *shape;
        let rows = batch * keys * shared;
        let lens = [batch * queries * heads * size, rows * size, rows * width];
        assert_eq!([self.q.len(), self.k.len(), self.v.len()], lens, "attention: lengths differ from those planned");
        let ends = [batch, heads, queries, keys];
        let reach = shape.mask.map_or(0, |strides| {
            strides.iter().zip(ends).map(|(stride, end)| stride * end.saturating_sub(1)).sum::<usize>() + 1
        });
        assert!(self.mask.len() >= reach || lens.contains(&0), "attention: the mask is shorter than planned");
    }
}

impl<T: Float + Compute> Attention<T> {
    /// Plans for a shape.
    ///
    /// # Errors
    /// Sizes that no tensors have, heads that do not divide, an instruction set that this processor lacks.
    pub fn new(shape: AttentionShape, target: Target) -> Result<Self, String> {
        shape.check()?;
        let b = Operand { row_stride: (shape.shared * shape.width) as isize, col_stride: 1 };
        let spec = EpilogueSpec { accumulate: true, ..EpilogueSpec::default() };
        let plan = |rows, depth| GemmShape {
            rows,
            cols: shape.width,
            depth,
            a: Operand::row_major(PITCH),
            b,
            c_row_stride: shape.width,
        };
        let sums = Product::new(&shape, spec, target, plan).map_err(|error| error.to_string())?;
        Ok(Attention { shape, isa: target.isa, scores: scores(&shape, target)?, sums })
    }

    /// What a thread needs to work in.
    fn room(&self) -> usize {
        let products = self.scores.workspace_len().max(self.sums.workspace_len());
        let packed = self.scores.packed_len() + self.sums.packed_len();
        let rows = self.shape.queries_of_task() * (self.shape.size + self.shape.width + 2);
        (QUERIES * PITCH + rows + packed + products).next_multiple_of(16)
    }

    fn tasks(&self) -> usize {
        self.shape.batch * self.shape.heads * self.shape.queries.div_ceil(self.shape.queries_of_task())
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        self.tasks().min(MOST) * self.room()
    }

    /// Computes `y` and the logarithms of the sums; `mask` is not read where none was planned.
    ///
    /// # Panics
    /// When a slice has another length than planned: a bug of the caller.
    pub fn run(
        &self,
        threads: &Threads,
        (q, k, v, mask): (&[T], &[T], &[T], &[u8]),
        y: &mut [T],
        lse: &mut [T],
        workspace: &mut [T],
    ) {
        let inputs = Inputs { q, k, v, mask };
        inputs.check(&self.shape);
        let AttentionShape { batch, queries, heads, width, .. } = self.shape;
        assert_eq!(y.len(), batch * queries * heads * width, "attention: length of y differs from that planned");
        assert_eq!(lse.len(), batch * heads * queries, "attention: length of sums differs from that planned");
        let (y, lse, workspace) = (Disjoint::new(y), Disjoint::new(lse), Disjoint::new(workspace));
        let group = self.shape.queries_of_task();
        let per_head = queries.div_ceil(group);
        threads.run_numbered(self.tasks().min(MOST), self.tasks(), &|thread, task| {
            let (all, place) = (task / per_head, task % per_head);
            let at = Head { batch: all / heads, head: all % heads };
            let rows = block(place, group, queries);
            // Safety: threads that run at once have different numbers, each below the number of tasks.
            let room = unsafe { workspace.slice(thread * self.room()..(thread + 1) * self.room()) };
            // Safety: each task has queries of its own.
            let own = unsafe { lse.slice(all * queries + rows.start..all * queries + rows.end) };
            let out = self.group(&inputs, at, &rows, room, own);
            write_rows(y, out, (queries, heads, width), at, rows);
        });
    }

    /// Some queries of one head: gives their rows of `y`.
    fn group<'a>(
        &self,
        inputs: &Inputs<'_, T>,
        at: Head,
        rows: &Range<usize>,
        room: &'a mut [T],
        lse: &mut [T],
    ) -> &'a [T] {
        let AttentionShape { queries, keys, heads, shared, size, width, .. } = self.shape;
        let (scores, room) = room.split_at_mut(QUERIES * PITCH);
        let (q, room) = room.split_at_mut(rows.len() * size);
        let (out, room) = room.split_at_mut(rows.len() * width);
        let (max, room) = room.split_at_mut(rows.len());
        let (sum, room) = room.split_at_mut(rows.len());
        let (packed_k, room) = room.split_at_mut(self.scores.packed_len());
        let (packed_v, products) = room.split_at_mut(self.sums.packed_len());
        gather_rows(inputs.q, (queries, heads, size), at, rows.clone(), q);
        out.fill(T::ZERO);
        max.fill(T::NEG_INFINITY);
        sum.fill(T::ZERO);
        let shares = Head { head: at.head / (heads / shared), ..at };
        let seen = self.shape.seen_by(rows);
        for index in seen.start / KEYS..seen.end.div_ceil(KEYS) {
            let cols = block(index, KEYS, keys);
            let k = rows_of(inputs.k, keys, shared, size, shares, cols.start);
            let v = rows_of(inputs.v, keys, shared, width, shares, cols.start);
            self.scores.pack(cols.len(), k, packed_k);
            self.sums.pack(cols.len(), v, packed_v);
            for first in (0..rows.len()).step_by(QUERIES) {
                let own = first..rows.len().min(first + QUERIES);
                let queries_of = rows.start + own.start..rows.start + own.end;
                if !self.shape.meet(&queries_of, &cols) {
                    continue;
                }
                let sizes = (own.len(), cols.len());
                self.scores.run_packed(sizes, &q[own.start * size..], (k, packed_k), scores, products);
                let out = &mut out[own.start * width..own.end * width];
                let update = Update {
                    shape: &self.shape,
                    at,
                    rows: queries_of,
                    keys: cols.clone(),
                    mask: inputs.mask,
                    scores: &mut *scores,
                    out: &mut *out,
                    max: &mut max[own.clone()],
                    sum: &mut sum[own],
                };
                vectors::run(self.isa, update);
                self.sums.run_packed(sizes, scores, (v, packed_v), out, products);
            }
        }
        self.finish(inputs.v, shares, out, max, sum, lse);
        out
    }

    /// Divides by the sums; where there is none, the mean of all values.
    fn finish(&self, v: &[T], shares: Head, out: &mut [T], max: &[T], sum: &[T], lse: &mut [T]) {
        let AttentionShape { keys, shared, width, .. } = self.shape;
        for (i, lse) in lse.iter_mut().enumerate() {
            let row = &mut out[i * width..][..width];
            if sum[i] == T::ZERO {
                *lse = T::INFINITY;
                mean_of_rows(v, (keys, shared), shares, row);
            } else {
                *lse = max[i] + Scalar::log(sum[i]);
                let factor = T::ONE / sum[i];
                row.iter_mut().for_each(|x| *x *= factor);
            }
        }
    }
}

/// The mean of all rows of one head; 0 of none.
fn mean_of_rows<T: Number>(v: &[T], (len, heads): (usize, usize), at: Head, mean: &mut [T]) {
    mean.fill(T::ZERO);
    let width = mean.len();
    for row in 0..len {
        let start = start_of(len, heads, width, at, row);
        mean.iter_mut().zip(&v[start..start + width]).for_each(|(sum, &x)| *sum += x);
    }
    if len > 0 {
        let count = <T as Float>::from_f64(len as f64);
        mean.iter_mut().for_each(|sum| *sum = *sum / count);
    }
}

/// Takes a block of scores in: what was summed so far is made smaller where a score is larger than all before.
struct Update<'a, T> {
    shape: &'a AttentionShape,
    at: Head,
    rows: Range<usize>,
    keys: Range<usize>,
    mask: &'a [u8],
    scores: &'a mut [T],
    out: &'a mut [T],
    max: &'a mut [T],
    sum: &'a mut [T],
}

impl<T: Number> Vectors<T> for Update<'_, T> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        let width = self.shape.width;
        for (i, t) in self.rows.enumerate() {
            let row = &mut self.scores[i * PITCH..][..self.keys.len()];
            hide(self.shape, self.at, t, &self.keys, self.mask, row);
            let most = Scalar::max(self.max[i], largest::<V>(set, row));
            if most == T::NEG_INFINITY {
                row.fill(T::ZERO);
                continue;
            }
            let kept = Scalar::exp(self.max[i] - most);
            self.sum[i] = self.sum[i] * kept + exponentials::<V>(set, row, most);
            if kept != T::ONE {
                scale::<V>(set, &mut self.out[i * width..][..width], kept);
            }
            self.max[i] = most;
        }
    }
}
