//! What a product adds to: `C` as it was, a bias. Anything else that is to happen to its numbers is a pass over its
//! [parts](super::part).

use super::tile::Base;
use crate::math::Simd;

/// Which axis of the result a bias runs along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BiasAxis {
    /// A row vector, `(cols)`: one number per column. What a Dense layer has.
    PerColumn,
    /// A column vector, `(rows)`: one number per row.
    PerRow,
}

/// `c = alpha · a · b (+ c) (+ bias)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpilogueSpec {
    /// Scale of the product.
    pub alpha: f64,
    /// Whether the result is added to what `c` holds.
    pub accumulate: bool,
    /// The axis of the bias, where there is one.
    pub bias: Option<BiasAxis>,
}

impl Default for EpilogueSpec {
    /// The plain product.
    fn default() -> Self {
        EpilogueSpec { alpha: 1.0, accumulate: false, bias: None }
    }
}

/// A tile of the result, and what is to be added to it.
pub(super) struct Finish<'a, T> {
    pub c: *mut T,
    pub c_row_stride: usize,
    pub rows: usize,
    pub cols: usize,
    pub terms: &'a [Base<T>],
}

/// `c = c + terms[0] + terms[1] …` over one tile.
///
/// # Safety
/// `V`'s instruction set is present; `c` and the terms are valid for the tile; `c` is not aliased.
#[inline(always)]
pub(super) unsafe fn finish<V: Simd>(tile: &Finish<'_, V::Elem>) {
    for row in 0..tile.rows {
        let c = tile.c.wrapping_add(row * tile.c_row_stride);
        for col in (0..tile.cols).step_by(V::LANES) {
            let lanes = V::LANES.min(tile.cols - col);
            // Safety: limited to the columns that exist.
            unsafe {
                let before: V = load(c.add(col), lanes);
                let sum = tile.terms.iter().fold(before, |sum, term| plus(sum, term, row, col, lanes));
                if lanes == V::LANES { sum.store(c.add(col)) } else { sum.store_first(c.add(col), lanes) }
            }
        }
    }
}

/// The first `lanes` numbers.
///
/// # Safety
/// That of [`finish`]; `source` is valid for `lanes` numbers.
#[inline(always)]
unsafe fn load<V: Simd>(source: *const V::Elem, lanes: usize) -> V {
    // Safety: the caller's promise.
    unsafe { if lanes == V::LANES { V::load(source) } else { V::load_first(source, lanes) } }
}

/// `x + term` at a place of the tile.
///
/// # Safety
/// That of [`finish`].
#[inline(always)]
unsafe fn plus<V: Simd>(x: V, term: &Base<V::Elem>, row: usize, col: usize, lanes: usize) -> V {
    // Safety: the caller's promise.
    unsafe {
        match *term {
            Base::Zero => x,
            Base::Rows { start, row_stride } => x.add(load(start.wrapping_add(row * row_stride + col), lanes)),
            Base::Column(start) => x.add(V::splat(*start.add(row))),
        }
    }
}
