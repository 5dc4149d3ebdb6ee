//! Blocks of scores: the products that make them, and what is done to their rows.

use super::{AttentionShape, Head, KEYS, QUERIES};
use crate::element::Float;
use crate::gemm::{EpilogueSpec, Gemm, GemmError, GemmShape, PackedGemm};
use crate::math::{Compute, Scalar, Simd};
use crate::softmax::row_max;
use crate::target::Target;
use crate::threads::{Disjoint, Threads};
use crate::vectors::{load, store};
use std::ops::Range;

/// What blocks are made of.
pub(super) trait Number: Float + Compute {}
impl<T: Float + Compute> Number for T {}

/// A product planned for whole blocks and for the last ones of queries and keys.
pub(super) struct Product<T: Float> {
    /// By whether queries, then whether keys are the last.
    plans: [[Gemm<T>; 2]; 2],
    /// For whole blocks of queries, where the right side comes packed.
    packed: [Option<PackedGemm<T>>; 2],
}

impl<T: Float> Product<T> {
    /// `plan` gives the shape for some queries and keys.
    pub fn new(
        shape: &AttentionShape,
        spec: EpilogueSpec,
        target: Target,
        plan: impl Fn(usize, usize) -> GemmShape,
    ) -> Result<Self, GemmError> {
        let rows = [QUERIES.min(shape.queries), shape.queries % QUERIES];
        let cols = [KEYS.min(shape.keys), shape.keys % KEYS];
        let one = |i: usize, j: usize| Gemm::new(plan(rows[i], cols[j]), spec, target);
        let plans = [[one(0, 0)?, one(0, 1)?], [one(1, 0)?, one(1, 1)?]];
        let packed = |j: usize| PackedGemm::new(plan(rows[0], cols[j]), spec, target);
        Ok(Product { plans, packed: [packed(0)?, packed(1)?] })
    }

    /// The plan for some queries and keys.
    fn of(&self, queries: usize, keys: usize) -> &Gemm<T> {
        let [whole, last] = &self.plans;
        let row = if queries == QUERIES { whole } else { last };
        &row[usize::from(keys != KEYS)]
    }

    /// Elements that a run needs to work in.
    pub fn workspace_len(&self) -> usize {
        let packed = self.packed.iter().flatten().map(PackedGemm::workspace_len);
        self.plans.iter().flatten().map(Gemm::workspace_len).chain(packed).max().unwrap_or(0)
    }

    /// Elements of a right side of some keys when it is packed.
    pub fn packed_len(&self) -> usize {
        self.packed.iter().flatten().map(PackedGemm::packed_len).max().unwrap_or(0)
    }

    /// Packs the right side for all blocks of queries, where that pays.
    pub fn pack(&self, keys: usize, b: &[T], packed: &mut [T]) {
        if let Some(gemm) = &self.packed[usize::from(keys != KEYS)] {
            gemm.pack(&Threads::serial(), b, packed);
        }
    }

    /// The product of some queries and keys, whose right side is `b`, and was packed.
    pub fn run_packed(
        &self,
        (queries, keys): (usize, usize),
        a: &[T],
        (b, packed): (&[T], &[T]),
        c: &mut [T],
        workspace: &mut [T],
    ) {
        match &self.packed[usize::from(keys != KEYS)] {
            Some(gemm) if queries == QUERIES => gemm.run(&Threads::serial(), a, packed, None, c, workspace),
            _ => self.run((queries, keys), a, b, c, workspace),
        }
    }

    /// The product of some queries and keys.
    pub fn run(&self, (queries, keys): (usize, usize), a: &[T], b: &[T], c: &mut [T], workspace: &mut [T]) {
        self.of(queries, keys).run(&Threads::serial(), a, b, None, c, workspace);
    }
}

/// The rows of some queries, or keys, of one head: from the first element of the first row on.
pub(super) fn rows_of<T>(x: &[T], len: usize, heads: usize, width: usize, at: Head, first: usize) -> &[T] {
    &x[((at.batch * len + first) * heads + at.head) * width..]
}

/// Where row `row` of one head begins.
pub(super) fn start_of(len: usize, heads: usize, width: usize, at: Head, row: usize) -> usize {
    ((at.batch * len + row) * heads + at.head) * width
}

/// Writes rows to where they lie in a tensor (batch, len, heads, width).
pub(super) fn write_rows<T: Number>(
    out: Disjoint<'_, T>,
    sums: &[T],
    (len, heads, width): (usize, usize, usize),
    at: Head,
    rows: Range<usize>,
) {
    if width == 0 {
        return;
    }
    for (row, index) in sums.chunks_exact(width).zip(rows) {
        let start = start_of(len, heads, width, at, index);
        // Safety: each task has rows of its own.
        unsafe { out.slice(start..start + width) }.copy_from_slice(row);
    }
}

/// Copies rows of one head of a tensor (batch, len, heads, width) to where they lie side by side: read again and again, rows as
/// far apart as all heads are long would meet in the same sets of the cache.
pub(super) fn gather_rows<T: Number>(
    x: &[T],
    (len, heads, width): (usize, usize, usize),
    at: Head,
    rows: Range<usize>,
    gathered: &mut [T],
) {
    if width == 0 {
        return;
    }
    for (row, index) in gathered.chunks_exact_mut(width).zip(rows) {
        let start = start_of(len, heads, width, at, index);
        row.copy_from_slice(&x[start..start + width]);
    }
}

/// Makes the scores of query `t` that it may not see −∞; `row` has those of `keys`.
#[inline(always)]
pub(super) fn hide<T: Number>(
    shape: &AttentionShape,
    at: Head,
    t: usize,
    keys: &Range<usize>,
    mask: &[u8],
    row: &mut [T],
) {
    let seen = shape.seen(t);
    let from = seen.start.clamp(keys.start, keys.end) - keys.start;
    let to = (seen.end.clamp(keys.start, keys.end) - keys.start).max(from);
    row[..from].fill(T::NEG_INFINITY);
    row[to..].fill(T::NEG_INFINITY);
    let Some([batch, head, query, key]) = shape.mask else { return };
    let start = batch * at.batch + head * at.head + query * t;
    if key == 0 {
        if mask[start] == 0 {
            row.fill(T::NEG_INFINITY);
        }
        return;
    }
    for (score, &seen) in row.iter_mut().zip(&mask[start + keys.start..start + keys.end]) {
        *score = if seen == 0 { T::NEG_INFINITY } else { *score };
    }
}

/// `x ← exp(x − largest)`; gives `Σ x`.
#[inline(always)]
pub(super) fn exponentials<V: Simd<Elem: Compute>>(set: V::Set, x: &mut [V::Elem], largest: V::Elem) -> V::Elem {
    let (mut sum, lowest) = (V::whole(set, 0), V::splat(set, V::Elem::LOWEST));
    for at in (0..x.len()).step_by(V::LANES) {
        let value = load(x, at, lowest).sub(V::splat(set, largest)).exp_flushed();
        sum = sum.add(value);
        store(x, at, value);
    }
    sum.fold(Scalar::add)
}

/// `x ← x · factor`
#[inline(always)]
pub(super) fn scale<V: Simd<Elem: Compute>>(set: V::Set, x: &mut [V::Elem], factor: V::Elem) {
    for at in (0..x.len()).step_by(V::LANES) {
        let value = load::<V>(x, at, V::whole(set, 0)).mul(V::splat(set, factor));
        store(x, at, value);
    }
}

/// `Σ a · b`
#[inline(always)]
pub(super) fn dot<V: Simd<Elem: Compute>>(set: V::Set, a: &[V::Elem], b: &[V::Elem]) -> V::Elem {
    let mut sum = V::whole(set, 0);
    for at in (0..a.len()).step_by(V::LANES) {
        sum = load::<V>(a, at, V::whole(set, 0)).mul_add(load(b, at, V::whole(set, 0)), sum);
    }
    sum.fold(Scalar::add)
}

/// The largest of a row of scores.
#[inline(always)]
pub(super) fn largest<V: Simd<Elem: Compute>>(set: V::Set, x: &[V::Elem]) -> V::Elem {
    row_max::<V>(set, x)
}
