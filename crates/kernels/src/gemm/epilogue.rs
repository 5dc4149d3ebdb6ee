//! What happens to a tile of `C` while it is still in the cache: an activation.

use super::tile::Base;
use crate::math::Simd;
use crate::threads::{Chunks, split_into};

/// The function applied to each element of the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `x`.
    #[default]
    None,
    /// `max(x, 0)`, NaN for NaN.
    Relu,
    /// `1 / (1 + e⁻ˣ)`.
    Sigmoid,
    /// `tanh x`.
    Tanh,
    /// `ln (1 + eˣ)`.
    Softplus,
}

/// `c = activation(alpha · a · b)`, with `+ c` or `+ bias` before the activation, never both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpilogueSpec {
    /// Scale of the product.
    pub alpha: f64,
    /// Whether the result is added to what `c` holds.
    pub accumulate: bool,
    /// Whether there is a bias, `(cols)`: one number per column.
    pub bias: bool,
    /// Applied last.
    pub activation: Activation,
    /// Whether whole rows are finished together, so that they can be handed to an [`End`].
    pub by_rows: bool,
}

/// What is called with blocks of whole rows of the result, each on the thread that finished it.
pub type End<'a, T> = dyn Fn(&mut [T]) + Sync + 'a;

/// Bytes of a block of rows: it stays in the second-level cache until it is ended.
pub(crate) const BLOCK_BYTES: usize = 96 * 1024;

/// The same items, of so many bytes each, in chunks that are blocks.
pub(crate) fn in_blocks(chunks: Chunks, bytes: usize) -> Chunks {
    let most = BLOCK_BYTES / bytes.max(1);
    if chunks.size() > most { split_into(chunks.len(), most) } else { chunks }
}

impl Default for EpilogueSpec {
    /// The plain product.
    fn default() -> Self {
        EpilogueSpec { alpha: 1.0, accumulate: false, bias: false, activation: Activation::None, by_rows: false }
    }
}

impl EpilogueSpec {
    /// The product with a bias, an activation.
    pub fn ending(bias: bool, activation: Activation) -> Self {
        EpilogueSpec { bias, activation, ..EpilogueSpec::default() }
    }
}

/// A tile of the result, and what is to be added before the activation.
pub(super) struct Finish<'a, T> {
    pub c: *mut T,
    pub c_row_stride: usize,
    pub rows: usize,
    pub cols: usize,
    pub terms: &'a [Base<T>],
    pub activation: Activation,
}

/// `c = activation(c + terms[0] + terms[1] …)` over one tile.
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
                let mut sum: V = load(c.add(col), lanes);
                // No fold: its closure is a function that lacks the instruction set, and each intrinsic in it a call.
                for term in tile.terms {
                    sum = plus(sum, term, row, col, lanes);
                }
                let done = activate(sum, tile.activation);
                if lanes == V::LANES { done.store(c.add(col)) } else { done.store_first(c.add(col), lanes) }
            }
        }
    }
}

/// `c = activation(c + bias)` over rows of `cols`.
#[inline(always)]
pub(crate) fn finish_rows<V: Simd>(
    _set: V::Set,
    c: &mut [V::Elem],
    cols: usize,
    bias: Option<&[V::Elem]>,
    activation: Activation,
) {
    assert!(bias.is_none_or(|bias| bias.len() >= cols), "a bias is shorter than the rows");
    let bias = bias.map(|bias| Base::Rows { start: bias.as_ptr(), row_stride: 0 });
    let rows = c.len() / cols.max(1);
    let tile = Finish { c: c.as_mut_ptr(), c_row_stride: cols, rows, cols, terms: bias.as_slice(), activation };
    // Safety: whole rows of `c`, which nobody else has; the bias was checked, the set is proven.
    unsafe { finish::<V>(&tile) }
}

/// The first `lanes` numbers.
///
/// # Safety
/// That of [`finish`]; `source` is valid for `lanes` numbers.
#[inline(always)]
pub(super) unsafe fn load<V: Simd>(source: *const V::Elem, lanes: usize) -> V {
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
            Base::Column(start) => x.add(x.filled(*start.add(row))),
        }
    }
}

/// The activation of one register.
#[inline(always)]
fn activate<V: Simd>(x: V, activation: Activation) -> V {
    match activation {
        Activation::None => x,
        Activation::Relu => x.max(x.zero()),
        Activation::Sigmoid => x.sigmoid(),
        Activation::Tanh => x.tanh(),
        Activation::Softplus => x.softplus(),
    }
}
