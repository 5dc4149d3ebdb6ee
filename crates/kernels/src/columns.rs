//! Short rows turned on their side: one lane a row, so that ten classes fill a vector as well as ten thousand.

use crate::math::{Compute, Simd};

/// Rows longer than this fill vectors by themselves.
pub(crate) const WIDEST: usize = 16;
/// No vector has more lanes.
const LANES: usize = 16;

/// Up to one vector's lanes of rows, `cols` elements each. Lanes without a row hold whatever was there before.
pub(crate) struct Columns<T> {
    cells: [[T; LANES]; WIDEST],
    cols: usize,
}

impl<T: Compute> Columns<T> {
    /// Room for rows of `cols` elements, at most [`WIDEST`].
    #[inline(always)]
    pub(crate) fn new(cols: usize) -> Self {
        assert!(cols <= WIDEST, "a row is wider than the columns");
        Columns { cells: [[T::default(); LANES]; WIDEST], cols }
    }

    /// Takes the rows of `x`.
    #[inline(always)]
    pub(crate) fn read(&mut self, x: &[T]) {
        for (r, row) in x.chunks_exact(self.cols).enumerate().take(LANES) {
            for (cells, &x) in self.cells.iter_mut().zip(row) {
                cells[r] = x;
            }
        }
    }

    /// Gives the rows to `y`.
    #[inline(always)]
    pub(crate) fn write(&self, y: &mut [T]) {
        for (r, row) in y.chunks_exact_mut(self.cols).enumerate().take(LANES) {
            for (cells, y) in self.cells.iter().zip(row) {
                *y = cells[r];
            }
        }
    }

    /// `sum ← join(sum, column)` over the columns, first to last.
    #[inline(always)]
    pub(crate) fn fold<V: Simd<Elem = T>>(&self, first: V, join: impl Fn(V, V) -> V) -> V {
        let mut sum = first;
        for cells in &self.cells[..self.cols] {
            sum = join(sum, vector(first.set(), cells));
        }
        sum
    }

    /// `column ← change(column)`
    #[inline(always)]
    pub(crate) fn change<V: Simd<Elem = T>>(&mut self, set: V::Set, change: impl Fn(V) -> V) {
        for cells in &mut self.cells[..self.cols] {
            put(cells, change(vector(set, cells)));
        }
    }

    /// `column ← change(column, other's column)`
    #[inline(always)]
    pub(crate) fn change_with<V: Simd<Elem = T>>(&mut self, set: V::Set, other: &Self, change: impl Fn(V, V) -> V) {
        for (cells, other) in self.cells[..self.cols].iter_mut().zip(&other.cells) {
            put(cells, change(vector(set, cells), vector(set, other)));
        }
    }

    /// The largest of each row.
    #[inline(always)]
    pub(crate) fn max<V: Simd<Elem = T>>(&self, set: V::Set) -> V {
        self.fold(V::splat(set, T::LOWEST), V::max)
    }

    /// `x ← exp(x − max)`
    #[inline(always)]
    pub(crate) fn exponentials<V: Simd<Elem = T>>(&mut self, max: V) {
        self.change::<V>(
            max.set(),
            #[inline(always)]
            |x| x.sub(max).exp_flushed(),
        );
    }

    /// The sum of each row.
    #[inline(always)]
    pub(crate) fn sum<V: Simd<Elem = T>>(&self, set: V::Set) -> V {
        self.fold(V::whole(set, 0), V::add)
    }
}

/// One number for each row as a vector; 0 in the lanes without a row.
#[inline(always)]
pub(crate) fn per_row<V: Simd>(_set: V::Set, values: &[V::Elem]) -> V {
    // Safety: reads only elements of `values`; the set is proven.
    unsafe {
        if values.len() >= V::LANES { V::load(values.as_ptr()) } else { V::load_first(values.as_ptr(), values.len()) }
    }
}

#[inline(always)]
fn vector<V: Simd>(_set: V::Set, cells: &[V::Elem; LANES]) -> V {
    // Safety: no vector has more lanes than the array; the set is proven.
    unsafe { V::load(cells.as_ptr()) }
}

#[inline(always)]
fn put<V: Simd>(cells: &mut [V::Elem; LANES], value: V) {
    // Safety: no vector has more lanes than the array.
    unsafe { value.store(cells.as_mut_ptr()) }
}
