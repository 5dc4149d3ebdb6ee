//! What happens to a tile of `C` while it is still in the cache: a late bias, an activation.

use super::tile::Base;
use super::vector::Vector;

/// The function applied to each element of the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `x`.
    #[default]
    None,
    /// `max(x, 0)`, NaN for NaN.
    Relu,
}

/// Which axis of the result a bias runs along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BiasAxis {
    /// A row vector, `(cols)`: one number per column. What a Dense layer has.
    PerColumn,
    /// A column vector, `(rows)`: one number per row.
    PerRow,
}

/// `c = activation(alpha · a · b (+ c) (+ bias))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpilogueSpec {
    /// Scale of the product.
    pub alpha: f64,
    /// Whether the result is added to what `c` holds.
    pub accumulate: bool,
    /// The axis of the bias, where there is one.
    pub bias: Option<BiasAxis>,
    /// Applied last.
    pub activation: Activation,
}

impl Default for EpilogueSpec {
    /// The plain product.
    fn default() -> Self {
        EpilogueSpec { alpha: 1.0, accumulate: false, bias: None, activation: Activation::None }
    }
}

/// A tile of the result, and what is to be added before the activation.
pub(super) struct Finish<T> {
    pub c: *mut T,
    pub c_row_stride: usize,
    pub rows: usize,
    pub cols: usize,
    pub bias: Base<T>,
    pub activation: Activation,
}

/// `c = activation(c + bias)` over one tile.
///
/// # Safety
/// `V`'s instruction set is present; `c` and the bias are valid for the tile; `c` is not aliased.
#[inline(always)]
pub(super) unsafe fn finish<V: Vector>(tile: &Finish<V::Element>) {
    for row in 0..tile.rows {
        let c = tile.c.wrapping_add(row * tile.c_row_stride);
        for col in (0..tile.cols).step_by(V::LANES) {
            // Safety: masked to the columns that exist.
            unsafe {
                let mask = V::mask(V::LANES.min(tile.cols - col));
                let sum = biased::<V>(V::load_partial(c.add(col), mask), &tile.bias, row, col, mask);
                activate(sum, tile.activation).store_partial(c.add(col), mask);
            }
        }
    }
}

/// `x + bias` at a place of the tile.
///
/// # Safety
/// That of [`finish`].
#[inline(always)]
unsafe fn biased<V: Vector>(x: V, bias: &Base<V::Element>, row: usize, col: usize, mask: V::Mask) -> V {
    // Safety: the caller's promise.
    unsafe {
        match *bias {
            Base::Zero => x,
            Base::Rows { start, row_stride } => {
                x.add(V::load_partial(start.wrapping_add(row * row_stride + col), mask))
            }
            Base::Column(start) => x.add(V::splat(*start.add(row))),
        }
    }
}

/// The activation of one register.
///
/// # Safety
/// `V`'s instruction set is present.
#[inline(always)]
unsafe fn activate<V: Vector>(x: V, activation: Activation) -> V {
    match activation {
        Activation::None => x,
        // Safety: the caller's promise.
        Activation::Relu => unsafe { x.relu() },
    }
}
