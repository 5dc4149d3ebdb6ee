//! Cross-entropies from scores: softmax and sigmoid fused with their losses, so that nothing overflows or vanishes.

use crate::columns::{Columns, WIDEST, per_row};
use crate::isa::Isa;
use crate::math::{Compute, Scalar, Simd};
use crate::rows::{BadIndex, check_indices};
use crate::softmax::{exponential_sum, row_grain, row_max};
use crate::threads::{Threads, grain, split};
use crate::vectors::{self, Vectors, load, store};
use std::ops::Range;

/// Cross-entropy of each row's softmax, `x` (rows, cols) being scores.
///
/// With targets `t` (rows, cols): `loss[r] = −Σ t·log_softmax(x)`; a target of 0 counts for nothing even where the score
/// is −∞. With labels (rows): `loss[r] = −log_softmax(x)[label]`. Their gradients are drawn, and fused with what is around.
#[derive(Clone, Copy, Debug)]
pub struct SoftmaxCrossEntropy {
    rows: usize,
    cols: usize,
    isa: Isa,
}

impl SoftmaxCrossEntropy {
    /// Checks the sizes.
    pub fn new(rows: usize, cols: usize, isa: Isa) -> Result<Self, String> {
        crate::sizes::indexed("softmaxCrossEntropy", &[rows, cols], 1)?;
        Ok(SoftmaxCrossEntropy { rows, cols, isa })
    }

    /// `loss[r] = −Σ t·log_softmax(x)`
    ///
    /// # Panics
    /// When a slice has not the planned length.
    pub fn loss<T: Compute>(&self, threads: &Threads, x: &[T], t: &[T], loss: &mut [T]) {
        assert_eq!(t.len(), self.rows * self.cols, "cross-entropy: length of targets");
        self.rows_of_loss(threads, x, Targets::Dense(t), loss);
    }

    /// `loss[r] = −log_softmax(x)[labels[r]]`; with a label outside the classes it writes nothing and says which.
    ///
    /// # Panics
    /// When a slice has not the planned length.
    pub fn sparse_loss<T: Compute>(
        &self,
        threads: &Threads,
        x: &[T],
        labels: &[i32],
        loss: &mut [T],
    ) -> Result<(), BadIndex> {
        self.check(labels)?;
        self.rows_of_loss(threads, x, Targets::Sparse(labels), loss);
        Ok(())
    }

    fn check(&self, labels: &[i32]) -> Result<(), BadIndex> {
        assert_eq!(labels.len(), self.rows, "cross-entropy: count of labels");
        check_indices(labels, self.cols)
    }

    fn rows_of_loss<T: Compute>(&self, threads: &Threads, x: &[T], targets: Targets<'_, T>, loss: &mut [T]) {
        assert_eq!(x.len(), self.rows * self.cols, "cross-entropy: length of scores");
        let cols = self.cols;
        threads.for_each_part(split(self.rows, row_grain(cols)), loss, 1, |rows, loss| {
            vectors::run(self.isa, Loss { cols, x, targets, rows, loss });
        });
    }
}

/// What a row should be.
#[derive(Clone, Copy)]
enum Targets<'a, T> {
    /// A weight for each class.
    Dense(&'a [T]),
    /// The one class.
    Sparse(&'a [i32]),
}

struct Loss<'a, T> {
    cols: usize,
    x: &'a [T],
    targets: Targets<'a, T>,
    rows: Range<usize>,
    loss: &'a mut [T],
}

impl<T: Compute> Vectors<T> for Loss<'_, T> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        match self.cols {
            1..=WIDEST => self.short_rows::<V>(set),
            _ => self.long_rows::<V>(set),
        }
    }
}

impl<T: Compute> Loss<'_, T> {
    /// One lane a row.
    #[inline(always)]
    fn short_rows<V: Simd<Elem = T>>(self, set: V::Set) {
        let cols = self.cols;
        let (mut columns, mut weights) = (Columns::new(cols), Columns::new(cols));
        for (group, loss) in self.loss.chunks_mut(V::LANES).enumerate() {
            let first = self.rows.start + group * V::LANES;
            let cells = first * cols..(first + loss.len()) * cols;
            let x = &self.x[cells.clone()];
            columns.read(x);
            let max = columns.max::<V>(set);
            columns.exponentials(max);
            let log_sum = columns.sum::<V>(set).log();
            let value = match self.targets {
                Targets::Dense(t) => {
                    columns.read(x);
                    weights.read(&t[cells]);
                    columns.change_with::<V>(set, &weights, |x, t| weighted(t, log_sum.sub(x.sub(max))));
                    columns.sum(set)
                }
                Targets::Sparse(labels) => {
                    let labels = &labels[first..first + loss.len()];
                    log_sum.sub(picked::<V>(set, x, cols, labels).sub(max))
                }
            };
            store(loss, 0, value);
        }
    }

    #[inline(always)]
    fn long_rows<V: Simd<Elem = T>>(self, set: V::Set) {
        let cols = self.cols;
        for (loss, r) in self.loss.iter_mut().zip(self.rows) {
            let x = &self.x[r * cols..][..cols];
            let max = row_max::<V>(set, x);
            let log_sum = exponential_sum::<V>(set, x, max).log();
            *loss = match self.targets {
                Targets::Dense(t) => dense_loss::<V>(set, x, &t[r * cols..][..cols], max, log_sum),
                Targets::Sparse(labels) => log_sum.sub(x[labels[r] as usize].sub(max)),
            };
        }
    }
}

/// `t·surprise`, 0 where `t` is 0 even if the surprise is infinite.
#[inline(always)]
fn weighted<V: Simd>(t: V, surprise: V) -> V {
    V::select(t.eq(t.zero()), t.zero(), t.mul(surprise))
}

/// The labelled score of each row.
#[inline(always)]
fn picked<V: Simd<Elem: Compute>>(set: V::Set, x: &[V::Elem], cols: usize, labels: &[i32]) -> V {
    let mut scores = [Scalar::whole(0); 16];
    for ((score, row), &label) in scores.iter_mut().zip(x.chunks_exact(cols)).zip(labels) {
        *score = row[label as usize];
    }
    per_row(set, &scores)
}

/// `Σ t·(log_sum − (x − max))`
#[inline(always)]
fn dense_loss<V: Simd<Elem: Compute>>(
    set: V::Set,
    x: &[V::Elem],
    t: &[V::Elem],
    max: V::Elem,
    log_sum: V::Elem,
) -> V::Elem {
    let zero = V::whole(set, 0);
    let mut sum = zero;
    for at in (0..x.len()).step_by(V::LANES) {
        let t = load(t, at, zero);
        let surprise = V::splat(set, log_sum).sub(load(x, at, zero).sub(V::splat(set, max)));
        sum = sum.add(weighted(t, surprise));
    }
    sum.fold(Scalar::add)
}

/// `loss = max(x, 0) − x·t + ln(1 + e^−|x|)`: the cross-entropy of `sigmoid(x)` with `t`, element by element.
///
/// # Panics
/// When the slices differ in length.
pub fn sigmoid_cross_entropy<T: Compute>(isa: Isa, threads: &Threads, x: &[T], t: &[T], loss: &mut [T]) {
    assert_eq!((x.len(), t.len()), (loss.len(), loss.len()), "cross-entropy: lengths differ");
    threads.for_each_part(split(x.len(), grain(1500)), loss, 1, |range, loss| {
        vectors::run(isa, SigmoidLoss { x: &x[range.clone()], t: &t[range], loss });
    });
}

struct SigmoidLoss<'a, T> {
    x: &'a [T],
    t: &'a [T],
    loss: &'a mut [T],
}

impl<T: Compute> Vectors<T> for SigmoidLoss<'_, T> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        let zero = V::whole(set, 0);
        for at in (0..self.x.len()).step_by(V::LANES) {
            let (x, t) = (load(self.x, at, zero), load(self.t, at, zero));
            let tail = x.abs().neg().exp().log1p();
            store(self.loss, at, x.neg_mul_add(t, x.max(zero)).add(tail));
        }
    }
}
