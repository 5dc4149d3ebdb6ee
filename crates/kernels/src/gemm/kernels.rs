//! The kernels of one instruction set, compiled for it and gathered in a table.

use super::GemmShape;
use super::dots::{self, Dots, DotsFn};
use super::epilogue::{self, Finish};
use super::pack::{self, Panel};
use super::plan::is_large;
use super::spread::{self, Spread, SpreadFn};
use super::tile::{self, Lines, LinesFn, Runs, RunsFn, Tile, TileFn};
use super::vector::Vector;
use crate::element::Float;
use crate::isa::Isa;
use crate::math::{Compute, Register, Simd};
use crate::target::{Precision, Target};
use crate::tiles::Unit;
use std::any::Any;

/// Kernels for 1, 2, … rows, each for one vector and for two.
type Rows<T> = &'static [[TileFn<T>; 2]];

/// Everything that the drivers call through a pointer.
pub(super) struct Kernels<T: 'static> {
    /// Numbers per vector.
    pub lanes: usize,
    /// Depths that a packed number holds: one, or two as bfloat16.
    pub depths: usize,
    /// Both operands packed.
    pub packed: Rows<T>,
    /// The rows of `a` neighbours in memory, `b` read in place.
    pub neighbours: Rows<T>,
    /// `a` and `b` read in place.
    pub strided: Rows<T>,
    /// `a` read in place, `b` packed.
    pub half_packed: Rows<T>,
    /// `a` in runs that lie anywhere, `b` packed.
    pub runs: &'static [[RunsFn<T>; 2]],
    /// The depth in lines, the rows of `a` neighbours in memory, `b` read in place.
    pub lines: &'static [[LinesFn<T>; 2]],
    /// Dot products of 1, 2, … rows with one to four others.
    pub dots: &'static [[DotsFn<T>; 4]],
    /// Dot products of 1, 2, … rows with one other.
    pub dots_of_one: &'static [DotsFn<T>],
    /// Rows of a matrix spread over 1, 2, … rows of the result.
    pub spread: [SpreadFn<T>; spread::ROWS],
    /// Packs one panel.
    pub pack: unsafe fn(&Panel<T>),
    /// What is added to a tile late, and its activation.
    pub finish: unsafe fn(&Finish<T>),
}

impl<T: Float> Kernels<T> {
    /// The table for `T` on `isa`.
    pub fn of(isa: Isa) -> &'static Kernels<T> {
        let (single, double): (&'static Kernels<f32>, &'static Kernels<f64>) = match isa {
            Isa::Portable => (&portable::F32, &portable::F64),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => (&avx2::F32, &avx2::F64),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => (&avx512::F32, &avx512::F64),
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 | Isa::Avx512 => (&portable::F32, &portable::F64),
        };
        let either = (single as &dyn Any).downcast_ref().or_else(|| (double as &dyn Any).downcast_ref());
        either.expect("Float is sealed: f32 or f64")
    }

    /// The table for a product on `target`: that of pairs of bfloat16 where they are to be had, wanted and worth packing.
    pub fn of_product(shape: &GemmShape, target: Target) -> &'static Kernels<T> {
        let plain = Kernels::<T>::of(target.isa);
        let wanted = target.tiles.0 == Unit::Pairs && target.precision == Precision::Medium;
        if !wanted || target.isa != Isa::Avx512 || !is_large(shape, plain) {
            return plain;
        }
        Kernels::of_pairs().unwrap_or(plain)
    }

    /// The table for pairs of bfloat16, for `f32` where there can be one.
    fn of_pairs() -> Option<&'static Kernels<T>> {
        #[cfg(target_arch = "x86_64")]
        return (&pairs::F32 as &'static dyn Any).downcast_ref();
        #[cfg(not(target_arch = "x86_64"))]
        None
    }
}

/// A module with the tables of one instruction set; `$rows` are the tile heights, packed and read in place.
macro_rules! kernels {
    ($(#[$feature:meta])* $isa:ident, $compute:ident, $single:ty, $double:ty, [$($packed:literal)*], [$($direct:literal)*], [$($dots:literal)*]) => {
        pub(super) mod $isa {
            use super::*;

            $(#[$feature])*
            unsafe fn tile<V: Vector, const R: usize, const N: usize, const UNIT: bool, const PARTIAL: bool>(
                tile: &Tile<V::Elem>,
            ) {
                // Safety: the caller's promise; this function enables the instruction set.
                unsafe { tile::tile::<V, R, N, UNIT, PARTIAL>(tile) }
            }

            $(#[$feature])*
            unsafe fn tile_of_runs<V: Vector, const R: usize, const N: usize>(
                tile: &Tile<V::Elem>,
                runs: &Runs<V::Elem>,
            ) {
                // Safety: the caller's promise; this function enables the instruction set.
                unsafe { tile::tile_of_runs::<V, R, N>(tile, runs) }
            }

            $(#[$feature])*
            unsafe fn tile_of_lines<V: Vector, const R: usize, const N: usize>(
                tile: &Tile<V::Elem>,
                lines: &Lines,
            ) {
                // Safety: the caller's promise; this function enables the instruction set.
                unsafe { tile::tile_of_lines::<V, R, N>(tile, lines) }
            }

            $(#[$feature])*
            unsafe fn dots<V: Vector, const R: usize, const C: usize>(task: &Dots<V::Elem>) {
                // Safety: the caller's promise; this function enables the instruction set.
                unsafe { dots::dots::<V, R, C>(task) }
            }

            $(#[$feature])*
            unsafe fn spread<V: Vector, const R: usize, const D: usize>(task: &Spread<V::Elem>) {
                // Safety: the caller's promise; this function enables the instruction set.
                unsafe { spread::spread::<V, R, D>(task) }
            }

            $(#[$feature])*
            unsafe fn pack<V: Vector>(panel: &Panel<V::Elem>) {
                // Safety: the caller's promise; this function enables the instruction set.
                unsafe { pack::pack::<V>(panel) }
            }

            $(#[$feature])*
            unsafe fn finish<V: Simd>(tile: &Finish<V::Elem>) {
                // Safety: the caller's promise; this function enables the instruction set.
                unsafe { epilogue::finish::<V>(tile) }
            }

            kernels!(@table $compute, F32, f32, $single, [$($packed)*], [$($direct)*], [$($dots)*]);
            kernels!(@table $compute, F64, f64, $double, [$($packed)*], [$($direct)*], [$($dots)*]);
        }
    };
    (@table $compute:ident, $name:ident, $element:ty, $vector:ty, [$($packed:literal)*], [$($direct:literal)*], [$($dots:literal)*]) => {
        pub(in super::super) const $name: Kernels<$element> = Kernels {
            lanes: <$vector>::LANES,
            depths: 1,
            packed: &[$([tile::<$vector, $packed, 1, true, false>, tile::<$vector, $packed, 2, true, false>]),*],
            neighbours: &[$([tile::<$vector, $direct, 1, true, true>, tile::<$vector, $direct, 2, true, true>]),*],
            strided: &[$([tile::<$vector, $direct, 1, false, true>, tile::<$vector, $direct, 2, false, true>]),*],
            half_packed: &[$([tile::<$vector, $packed, 1, false, false>, tile::<$vector, $packed, 2, false, false>]),*],
            runs: &[$([tile_of_runs::<$vector, $packed, 1>, tile_of_runs::<$vector, $packed, 2>]),*],
            lines: &[$([tile_of_lines::<$vector, $packed, 1>, tile_of_lines::<$vector, $packed, 2>]),*],
            dots: &[$([
                dots::<$vector, $dots, 1>, dots::<$vector, $dots, 2>, dots::<$vector, $dots, 3>, dots::<$vector, $dots, 4>,
            ]),*],
            dots_of_one: &[
                dots::<$vector, 1, 1>, dots::<$vector, 2, 1>, dots::<$vector, 3, 1>, dots::<$vector, 4, 1>,
                dots::<$vector, 5, 1>, dots::<$vector, 6, 1>, dots::<$vector, 7, 1>, dots::<$vector, 8, 1>,
            ],
            spread: [
                spread::<$vector, 1, 8>, spread::<$vector, 2, 4>, spread::<$vector, 3, 4>, spread::<$vector, 4, 4>,
            ],
            pack: pack::<$vector>,
            finish: finish::<<$element as Compute>::$compute>,
        };
    };
}

#[cfg(not(target_arch = "aarch64"))]
use crate::math::Lanes;
// Processors without AVX2 are rare: higher tiles would be code that nearly nobody runs.
#[cfg(not(target_arch = "aarch64"))]
kernels!(portable, Portable, Lanes<f32, 4>, Lanes<f64, 2>, [1 2 3 4], [1 2 3 4], [1 2]);
// Every aarch64 has NEON, and registers for sums of 12 × 8.
#[cfg(target_arch = "aarch64")]
use super::neon;
#[cfg(target_arch = "aarch64")]
kernels!(
    portable, Portable, neon::F32x4, neon::F64x2, [1 2 3 4 5 6 7 8 9 10 11 12], [1 2 3 4 5 6 7 8], [1 2 3 4]
);
#[cfg(target_arch = "x86_64")]
use super::vector::x86;
#[cfg(target_arch = "x86_64")]
use crate::math;
#[cfg(target_arch = "x86_64")]
kernels!(#[target_feature(enable = "avx2,fma")] avx2, Avx2, math::F32x8, x86::F64x4, [1 2 3 4 5 6], [1 2 3 4 5 6], [1 2 3]);
#[cfg(target_arch = "x86_64")]
kernels!(
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
    avx512, Avx512, math::F32x16, x86::F64x8, [1 2 3 4 5 6 7 8 9 10 11 12 13 14], [1 2 3 4 5 6 7 8],
    [1 2 3 4]
);

/// Products of pairs of bfloat16: only where both operands are packed.
#[cfg(target_arch = "x86_64")]
mod pairs {
    use super::super::pairs;
    use super::x86::Bf16x32;
    use super::*;

    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,avx2,fma")]
    unsafe fn tile<const R: usize, const N: usize>(tile: &Tile<f32>) {
        // Safety: the caller's promise; this function enables the instruction set.
        unsafe { tile::tile::<Bf16x32, R, N, true, false>(tile) }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,avx2,fma")]
    unsafe fn pack(panel: &Panel<f32>) {
        // Safety: the caller's promise; this function enables the instruction set.
        unsafe { pairs::pack(panel) }
    }

    macro_rules! rows {
        ($($rows:literal)*) => { &[$([tile::<$rows, 1>, tile::<$rows, 2>]),*] };
    }

    pub(super) const F32: Kernels<f32> =
        Kernels { depths: 2, packed: rows![1 2 3 4 5 6 7 8 9 10 11 12 13 14], pack, ..avx512::F32 };
}
