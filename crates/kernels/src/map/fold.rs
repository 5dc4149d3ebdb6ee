//! Many elements into one, and many rows into one, in an order that depends on lengths alone.

use super::op::{TileOp, bodies};
use super::sweep::{Kernel, MapType};
use crate::isa::Isa;
use crate::map::{Binary, Op, Reduce};
use crate::math::{Compute, Scalar, Set, Simd};
use crate::per_isa::{on, per_isa};

/// `dst[q] = join of src[q·len … (q + 1)·len]` for `q < count`.
///
/// # Safety
/// `src` is valid for `count · len` elements and `dst` for `count`, and the instruction set exists.
pub type Fold<T> = unsafe fn(src: *const T, len: usize, count: usize, dst: *mut T);

/// A reduction of single elements.
trait Join: TileOp<2> {
    fn start<T: Compute>() -> T;
    fn two<S: Scalar>(a: S, b: S) -> S;
}

macro_rules! joins {
    ($($name:ident = $start:expr, $two:path;)*) => {$(
        impl Join for bodies::$name {
            #[inline(always)]
            fn start<T: Compute>() -> T {
                $start
            }
            #[inline(always)]
            fn two<S: Scalar>(a: S, b: S) -> S {
                $two(a, b)
            }
        }
    )*};
}
joins! {
    Add = T::whole(0), Scalar::add;
    Mul = T::whole(1), Scalar::mul;
    Max = T::LOWEST, Scalar::max;
    Min = T::HIGHEST, Scalar::min;
}

/// Four vectors side by side, then their sum, then its lanes by halves.
///
/// # Safety
/// `src` is valid for `len` elements, and the instruction set exists.
#[inline(always)]
unsafe fn fold_one<V: Simd<Elem = T>, J: Join, T: Compute>(src: *const T, len: usize) -> T {
    // Safety: the caller's promise.
    let start = V::splat(unsafe { V::Set::assume() }, J::start::<T>());
    let mut sums = [start; 4];
    let mut i = 0;
    // Safety: every access is below `len`.
    unsafe {
        while i + 4 * V::LANES <= len {
            for (k, sum) in sums.iter_mut().enumerate() {
                *sum = J::apply([*sum, V::load(src.add(i + k * V::LANES))]);
            }
            i += 4 * V::LANES;
        }
        while i + V::LANES <= len {
            sums[0] = J::apply([sums[0], V::load(src.add(i))]);
            i += V::LANES;
        }
        if i < len {
            sums[1] = J::apply([sums[1], V::load_first_or(src.add(i), len - i, start)]);
        }
    }
    let lanes = J::apply([J::apply([sums[0], sums[1]]), J::apply([sums[2], sums[3]])]);
    lanes.fold(J::two::<T>)
}

/// # Safety
/// As [`Fold`].
#[inline(always)]
unsafe fn fold<V: Simd<Elem = T>, J: Join, T: Compute>(src: *const T, len: usize, count: usize, dst: *mut T) {
    for q in 0..count {
        // Safety: the caller's promise.
        unsafe { dst.add(q).write(fold_one::<V, J, T>(src.add(q * len), len)) };
    }
}

per_isa! {
    /// [`fold`] for each instruction set.
    mod folds: fn<T: Compute, J: Join>(src: *const T, len: usize, count: usize, dst: *mut T) = [T] fold::<J, T>
}

impl Reduce {
    /// The [`Fold`] of this reduction.
    pub(super) fn fold<T: Compute>(self, isa: Isa) -> Fold<T> {
        match self {
            Reduce::Sum => on!(isa, folds::<T, bodies::Add>),
            Reduce::Prod => on!(isa, folds::<T, bodies::Mul>),
            Reduce::Max => on!(isa, folds::<T, bodies::Max>),
            Reduce::Min => on!(isa, folds::<T, bodies::Min>),
        }
    }

    /// The kernel that joins a row into a row of running results.
    pub(super) fn row<T: MapType>(self, isa: Isa) -> Kernel<T> {
        let op = match self {
            Reduce::Sum => Binary::Add,
            Reduce::Prod => Binary::Mul,
            Reduce::Max => Binary::Max,
            Reduce::Min => Binary::Min,
        };
        T::kernel(Op::Binary(op), isa, 0)
    }

    /// Joins two running results.
    #[inline(always)]
    pub(super) fn two<S: Scalar>(self, a: S, b: S) -> S {
        match self {
            Reduce::Sum => a.add(b),
            Reduce::Prod => a.mul(b),
            Reduce::Max => a.max(b),
            Reduce::Min => a.min(b),
        }
    }

    /// What nothing reduces to.
    pub(super) fn start<T: Compute>(self) -> T {
        match self {
            Reduce::Sum => T::whole(0),
            Reduce::Prod => T::whole(1),
            Reduce::Max => T::LOWEST,
            Reduce::Min => T::HIGHEST,
        }
    }
}
