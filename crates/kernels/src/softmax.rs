//! Softmax and its logarithm along rows, safe for scores of any size.

use crate::columns::{Columns, WIDEST};
use crate::gemm::{End, in_blocks};
use crate::isa::Isa;
use crate::math::{Compute, Scalar, Simd};
use crate::threads::{Chunks, Threads, grain, split};
use crate::vectors::{self, Vectors, load, store};
use std::ops::Range;

/// What is written for each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoftmaxKind {
    /// `exp(x − max x) / Σ exp(x − max x)`
    Softmax,
    /// `(x − max x) − ln Σ exp(x − max x)`
    LogSoftmax,
}

/// `y[r, :] = softmax(x[r, :])` or its logarithm, both (rows, cols).
///
/// A row with NaN or +∞, or of −∞ alone, gives NaN; −∞ beside finite scores gives probability 0.
#[derive(Clone, Copy, Debug)]
pub struct Softmax {
    rows: usize,
    cols: usize,
    kind: SoftmaxKind,
    isa: Isa,
}

impl Softmax {
    /// Checks the sizes.
    pub fn new(rows: usize, cols: usize, kind: SoftmaxKind, isa: Isa) -> Result<Self, String> {
        crate::sizes::elements("softmax", &[rows, cols])?;
        Ok(Softmax { rows, cols, kind, isa })
    }

    /// Computes every row, and hands blocks of them to `end`, where there is one.
    ///
    /// # Panics
    /// When a slice has not rows · cols elements.
    pub fn run<T: Compute>(&self, threads: &Threads, x: &[T], y: &mut [T], end: Option<&End<'_, T>>) {
        assert_eq!(x.len(), self.rows * self.cols, "softmax: length of x differs from that planned");
        threads.for_each_part(self.blocks::<T>(), y, self.cols, |rows, y| {
            vectors::run(self.isa, Forward { softmax: *self, x, rows, y: &mut *y });
            end.into_iter().for_each(|end| end(y));
        });
    }

    /// The rows at which blocks begin, and the number of all: what an end is called with.
    pub fn starts<T>(&self) -> Vec<usize> {
        let blocks = self.blocks::<T>();
        (0..blocks.count()).map(|block| blocks.range(block).start).chain([self.rows]).collect()
    }

    fn blocks<T>(&self) -> Chunks {
        in_blocks(split(self.rows, row_grain(self.cols)), self.cols * size_of::<T>())
    }
}

/// How many rows of `cols` scores are worth a task.
pub(crate) fn row_grain(cols: usize) -> usize {
    grain(20_000 + 1000 * cols)
}

struct Forward<'a, T> {
    softmax: Softmax,
    x: &'a [T],
    rows: Range<usize>,
    y: &'a mut [T],
}

impl<T: Compute> Vectors<T> for Forward<'_, T> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        match self.softmax.cols {
            0 => {}
            1..=WIDEST => self.short_rows::<V>(set),
            _ => self.long_rows::<V>(set),
        }
    }
}

impl<T: Compute> Forward<'_, T> {
    #[inline(always)]
    fn short_rows<V: Simd<Elem = T>>(self, set: V::Set) {
        let Softmax { cols, kind, .. } = self.softmax;
        let mut columns = Columns::new(cols);
        let x = &self.x[self.rows.start * cols..self.rows.end * cols];
        for (x, y) in x.chunks(V::LANES * cols).zip(self.y.chunks_mut(V::LANES * cols)) {
            columns.read(x);
            let max = columns.max::<V>(set);
            columns.exponentials(max);
            let sum = columns.sum::<V>(set);
            match kind {
                SoftmaxKind::Softmax => {
                    let scale = sum.one().div(sum);
                    columns.change::<V>(set, |e| e.mul(scale));
                }
                SoftmaxKind::LogSoftmax => {
                    let log_sum = sum.log();
                    columns.read(x);
                    columns.change::<V>(set, |x| x.sub(max).sub(log_sum));
                }
            }
            columns.write(y);
        }
    }

    #[inline(always)]
    fn long_rows<V: Simd<Elem = T>>(self, set: V::Set) {
        let cols = self.softmax.cols;
        for (i, r) in self.rows.enumerate() {
            let (x, y) = (&self.x[r * cols..][..cols], &mut self.y[i * cols..][..cols]);
            let max = row_max::<V>(set, x);
            match self.softmax.kind {
                SoftmaxKind::Softmax => {
                    let sum = exponentials::<V>(set, x, max, y);
                    scale::<V>(set, y, T::whole(1).div(sum));
                }
                SoftmaxKind::LogSoftmax => {
                    let log_sum = exponential_sum::<V>(set, x, max).log();
                    shift::<V>(set, x, max, log_sum, y);
                }
            }
        }
    }
}

/// The largest of a row: NaN if there is one, −∞ for none.
#[inline(always)]
pub(crate) fn row_max<V: Simd<Elem: Compute>>(set: V::Set, x: &[V::Elem]) -> V::Elem {
    let lowest = V::splat(set, V::Elem::LOWEST);
    let mut max = lowest;
    for at in (0..x.len()).step_by(V::LANES) {
        max = max.max(load(x, at, lowest));
    }
    max.fold(Scalar::max)
}

/// `exp(x[at ..] − max)`, 0 past the end.
#[inline(always)]
fn exponential<V: Simd<Elem: Compute>>(x: &[V::Elem], at: usize, max: V) -> V {
    load(x, at, max.filled(V::Elem::LOWEST)).sub(max).exp_flushed()
}

/// `Σ exp(x − max)`
#[inline(always)]
pub(crate) fn exponential_sum<V: Simd<Elem: Compute>>(set: V::Set, x: &[V::Elem], max: V::Elem) -> V::Elem {
    let mut sum = V::whole(set, 0);
    for at in (0..x.len()).step_by(V::LANES) {
        sum = sum.add(exponential(x, at, V::splat(set, max)));
    }
    sum.fold(Scalar::add)
}

/// `y = exp(x − max)`; gives `Σ y`.
#[inline(always)]
fn exponentials<V: Simd<Elem: Compute>>(set: V::Set, x: &[V::Elem], max: V::Elem, y: &mut [V::Elem]) -> V::Elem {
    let mut sum = V::whole(set, 0);
    for at in (0..x.len()).step_by(V::LANES) {
        let value = exponential(x, at, V::splat(set, max));
        sum = sum.add(value);
        store(y, at, value);
    }
    sum.fold(Scalar::add)
}

/// `y ← y · factor`
#[inline(always)]
fn scale<V: Simd<Elem: Compute>>(set: V::Set, y: &mut [V::Elem], factor: V::Elem) {
    for at in (0..y.len()).step_by(V::LANES) {
        let value = load::<V>(y, at, V::whole(set, 0)).mul(V::splat(set, factor));
        store(y, at, value);
    }
}

/// `y = (x − max) − log_sum`
#[inline(always)]
fn shift<V: Simd<Elem: Compute>>(set: V::Set, x: &[V::Elem], max: V::Elem, log_sum: V::Elem, y: &mut [V::Elem]) {
    for at in (0..x.len()).step_by(V::LANES) {
        let centred = load::<V>(x, at, V::whole(set, 0)).sub(V::splat(set, max));
        store(y, at, centred.sub(V::splat(set, log_sum)));
    }
}
