//! An instruction run over one tile, compiled per instruction set and per which operands are scalars.

use super::Reduce;
use super::chain::{Chain, hat_step};
use super::expr::{Binary, Unary};
use super::fold::Fold;
use super::op::{Fused, Op, TileOp, bodies};
use super::step::{Direct, HatStep, HatStepScaled, Products, RootStep, ScaledStep, StepScaled};
use crate::functions::functions;
use crate::isa::Isa;
use crate::math::{Compute, Set, Simd};
use crate::per_isa::per_isa;
use std::ops::RangeInclusive;

/// Most operands of an instruction of one result.
pub(super) const MAX_OPERANDS: usize = 7;

/// Most operands of an instruction.
pub(super) const MAX_SOURCES: usize = 14;

/// Most results of an instruction.
pub(super) const RESULTS: usize = 3;

/// Where an instruction reads and writes: indices into the table of slots.
#[derive(Clone, Copy, Debug, Default)]
pub struct Operands {
    /// The destinations; as many count as the instruction has results.
    pub dst: [u16; RESULTS],
    /// Bit `k` is set where `src[k]` is one element for the whole tile.
    pub scalars: u16,
    /// The sources; as many count as the instruction has.
    pub src: [u16; MAX_SOURCES],
}

/// Runs an instruction over `len` elements; `slots[i]` is where slot `i` begins.
///
/// # Safety
/// The operands' slots are valid for `len` elements (one for scalars), a destination is the same memory as a source
/// element for element or disjoint from it, and the instruction set exists.
pub type Kernel<T> = unsafe fn(slots: *const *mut T, operands: &Operands, len: usize);

/// Stands for "ask `Operands::scalars` at run time".
const ANY: u16 = u16::MAX;

/// # Safety
/// As [`Kernel`].
#[inline(always)]
unsafe fn sweep<V: Simd, O: TileOp<N>, const N: usize, const S: u16>(
    slots: *const *mut V::Elem,
    o: &Operands,
    len: usize,
) {
    if S == ANY {
        // Safety: the caller's promise.
        return unsafe { sweep_any::<V, O, N>(slots, o, len) };
    }
    // Safety: all accesses are below `len`, or at 0 for scalars; a vector is read before its result is written.
    unsafe {
        let dst = *slots.add(usize::from(o.dst[0]));
        let mut src = [dst.cast_const(); N];
        let set = V::Set::assume();
        let mut x = [V::whole(set, 0); N];
        for k in 0..N {
            src[k] = *slots.add(usize::from(o.src[k]));
            if S >> k & 1 != 0 {
                x[k] = V::splat(set, *src[k]);
            }
        }
        let mut i = 0;
        while i + V::LANES <= len {
            for k in 0..N {
                if S >> k & 1 == 0 {
                    x[k] = V::load(src[k].add(i));
                }
            }
            O::apply(x).store(dst.add(i));
            i += V::LANES;
        }
        if i < len {
            for k in 0..N {
                if S >> k & 1 == 0 {
                    x[k] = V::load_first(src[k].add(i), len - i);
                }
            }
            O::apply(x).store_first(dst.add(i), len - i);
        }
    }
}

/// [`sweep`] for scalars anywhere: they are laid out as one vector and read again and again.
///
/// # Safety
/// As [`Kernel`].
#[inline(always)]
unsafe fn sweep_any<V: Simd, O: TileOp<N>, const N: usize>(slots: *const *mut V::Elem, o: &Operands, len: usize) {
    // Safety: the caller's promise.
    let set = unsafe { V::Set::assume() };
    let mut spread = [V::whole(set, 0); N];
    let mut step = [1; N];
    // Safety: all accesses are below `len`, or within a vector for scalars.
    unsafe {
        let dst = *slots.add(usize::from(o.dst[0]));
        let mut src = [dst.cast_const(); N];
        for k in 0..N {
            src[k] = *slots.add(usize::from(o.src[k]));
            if o.scalars >> k & 1 != 0 {
                spread[k] = V::splat(set, *src[k]);
                src[k] = (&raw const spread[k]).cast();
                step[k] = 0;
            }
        }
        let mut x = [V::whole(set, 0); N];
        let mut i = 0;
        while i + V::LANES <= len {
            for k in 0..N {
                x[k] = V::load(src[k].add(i * step[k]));
            }
            O::apply(x).store(dst.add(i));
            i += V::LANES;
        }
        if i < len {
            for k in 0..N {
                x[k] = V::load_first(src[k].add(i * step[k]), len - i);
            }
            O::apply(x).store_first(dst.add(i), len - i);
        }
    }
}

per_isa! {
    /// [`sweep`] for each instruction set.
    mod tiles: fn<T: Compute, O: TileOp<N>; const N: usize, const S: u16>(slots: *const *mut T, o: &Operands, len: usize)
        = [T] sweep::<O, N, S>
}

/// The kernel for `isa` beyond the portable one.
#[cfg(target_arch = "x86_64")]
fn on_vectors<T: Compute, O: TileOp<N>, const N: usize, const S: u16>(isa: Isa) -> Kernel<T> {
    if isa == Isa::Avx512 { tiles::avx512::<T, O, N, S> } else { tiles::avx2::<T, O, N, S> }
}

/// There are no others here.
#[cfg(not(target_arch = "x86_64"))]
fn on_vectors<T: Compute, O: TileOp<N>, const N: usize, const S: u16>(_isa: Isa) -> Kernel<T> {
    tiles::portable::<T, O, N, ANY>
}

fn on<T: Compute, O: TileOp<N>, const N: usize, const S: u16>(isa: Isa) -> Kernel<T> {
    match isa {
        Isa::Avx512 | Isa::Avx2 => on_vectors::<T, O, N, S>(isa),
        Isa::Portable => tiles::portable::<T, O, N, S>,
    }
}

/// The place of the scalar in `x / scalar`.
const DIVISOR: u16 = 0b10;

/// Sizes of divisors whose reciprocal is far from being lost: 2⁻¹⁰⁰ to 2¹⁰⁰.
pub(super) const DIVISORS: RangeInclusive<f32> = f32::from_bits((127 - 100) << 23)..=f32::from_bits((127 + 100) << 23);

/// Division of a tile by a scalar: by its reciprocal, unless one of them nears the ends of what `f32` holds.
///
/// # Safety
/// As [`Kernel`], and the instruction set is AVX2 or AVX-512.
unsafe fn divide_by_scalar<const WIDE: bool>(slots: *const *mut f32, o: &Operands, len: usize) {
    let isa = if WIDE { Isa::Avx512 } else { Isa::Avx2 };
    // Safety: the caller's promise.
    unsafe {
        let divisor = (*(*slots.add(usize::from(o.src[1])))).abs();
        let plain = DIVISORS.contains(&divisor);
        let kernel = if plain {
            on_vectors::<f32, bodies::DivByScalar, 2, DIVISOR>(isa)
        } else {
            on_vectors::<f32, bodies::Div, 2, DIVISOR>(isa)
        };
        kernel(slots, o, len);
    }
}

/// How the kernels of a type are chosen: `f32` in vector registers has copies for the common places of scalars, all
/// else one copy for any, which keeps the library small.
trait Choice: Compute {
    fn one<O: TileOp<1>>(isa: Isa, scalars: u16) -> Kernel<Self>;
    fn two<O: TileOp<2>>(isa: Isa, scalars: u16) -> Kernel<Self>;
    fn three<O: TileOp<3>>(isa: Isa, scalars: u16) -> Kernel<Self>;
    fn four<O: TileOp<4>>(isa: Isa, scalars: u16) -> Kernel<Self>;
    fn five<O: TileOp<5>>(isa: Isa, scalars: u16) -> Kernel<Self>;
    fn seven<O: TileOp<7>>(isa: Isa, scalars: u16) -> Kernel<Self>;
    /// The kernel of a chain, where there is one.
    fn chain(_chain: Chain, _isa: Isa, _scalars: u16) -> Option<Kernel<Self>> {
        None
    }
    /// The faster kernel of a step that divides by scalars, where there is one.
    fn hat_step(_step: Fused, _isa: Isa, _scalars: u16) -> Option<Kernel<Self>> {
        None
    }
    /// Division, which has a faster way for some places of scalars.
    fn divide(isa: Isa, scalars: u16) -> Kernel<Self> {
        Self::two::<bodies::Div>(isa, scalars)
    }
}

/// `match` from the places of scalars to their copy; `_` is for any.
macro_rules! copies {
    ($O:ident, $n:literal, $isa:ident, $scalars:ident, $($mask:literal)*) => {
        match $scalars {
            _ if $isa == Isa::Portable => on::<f32, $O, $n, ANY>(Isa::Portable),
            $($mask => on_vectors::<f32, $O, $n, $mask>($isa),)*
            _ => on_vectors::<f32, $O, $n, ANY>($isa),
        }
    };
}

impl Choice for f32 {
    fn divide(isa: Isa, scalars: u16) -> Kernel<f32> {
        match isa {
            Isa::Avx512 if scalars == DIVISOR => divide_by_scalar::<true>,
            Isa::Avx2 if scalars == DIVISOR => divide_by_scalar::<false>,
            _ => Self::two::<bodies::Div>(isa, scalars),
        }
    }
    fn one<O: TileOp<1>>(isa: Isa, scalars: u16) -> Kernel<f32> {
        copies!(O, 1, isa, scalars, 0)
    }
    fn two<O: TileOp<2>>(isa: Isa, scalars: u16) -> Kernel<f32> {
        copies!(O, 2, isa, scalars, 0b00 0b01 0b10)
    }
    fn three<O: TileOp<3>>(isa: Isa, scalars: u16) -> Kernel<f32> {
        copies!(O, 3, isa, scalars, 0b000 0b010 0b100 0b110)
    }
    fn four<O: TileOp<4>>(isa: Isa, scalars: u16) -> Kernel<f32> {
        copies!(O, 4, isa, scalars, 0b0010 0b0100 0b1010)
    }
    fn five<O: TileOp<5>>(isa: Isa, scalars: u16) -> Kernel<f32> {
        copies!(O, 5, isa, scalars, 0b01000 0b10100)
    }
    fn seven<O: TileOp<7>>(isa: Isa, scalars: u16) -> Kernel<f32> {
        copies!(O, 7, isa, scalars,)
    }
    fn chain(chain: Chain, isa: Isa, scalars: u16) -> Option<Kernel<f32>> {
        chain.kernel(isa, scalars)
    }
    fn hat_step(step: Fused, isa: Isa, scalars: u16) -> Option<Kernel<f32>> {
        hat_step(step, isa, scalars)
    }
}

macro_rules! one_copy {
    ($t:ident, |$isa:ident| $as:expr) => {
        impl Choice for $t {
            fn one<O: TileOp<1>>($isa: Isa, _scalars: u16) -> Kernel<$t> {
                on::<$t, O, 1, ANY>($as)
            }
            fn two<O: TileOp<2>>($isa: Isa, _scalars: u16) -> Kernel<$t> {
                on::<$t, O, 2, ANY>($as)
            }
            fn three<O: TileOp<3>>($isa: Isa, _scalars: u16) -> Kernel<$t> {
                on::<$t, O, 3, ANY>($as)
            }
            fn four<O: TileOp<4>>($isa: Isa, _scalars: u16) -> Kernel<$t> {
                on::<$t, O, 4, ANY>($as)
            }
            fn five<O: TileOp<5>>($isa: Isa, _scalars: u16) -> Kernel<$t> {
                on::<$t, O, 5, ANY>($as)
            }
            fn seven<O: TileOp<7>>($isa: Isa, _scalars: u16) -> Kernel<$t> {
                on::<$t, O, 7, ANY>($as)
            }
        }
    };
}
one_copy!(f64, |isa| isa.min(Isa::Avx2));
one_copy!(i32, |_isa| Isa::Portable);

/// `match` from each variant to the body of the same name.
macro_rules! table {
    ($op:expr, $enum:ident, $arity:ident, $isa:expr, $scalars:expr, $($name:ident)*) => {
        match $op {
            $($enum::$name => T::$arity::<bodies::$name>($isa, $scalars),)*
        }
    };
}

/// A type that programs compute in: `f32`, `f64` or `i32`.
pub trait MapType: Compute {
    /// The kernel of `op` where bit `k` of `scalars` says that operand `k` is a scalar.
    #[doc(hidden)]
    fn kernel(op: Op, isa: Isa, scalars: u16) -> Kernel<Self>;
    /// The kernel of a chain whose `scalars` are one number each, where there is one.
    #[doc(hidden)]
    fn chain(chain: Chain, isa: Isa, scalars: u16) -> Option<Kernel<Self>>;
    /// The kernel that joins the elements of a tile.
    #[doc(hidden)]
    fn fold(op: Reduce, isa: Isa) -> Fold<Self>;
}

/// Not generic, so that the kernels are compiled once, in this crate.
macro_rules! map_type {
    ($($t:ident)*) => {$(
        impl MapType for $t {
            fn kernel(op: Op, isa: Isa, scalars: u16) -> Kernel<$t> {
                kernel(op, isa, scalars)
            }
            fn chain(chain: Chain, isa: Isa, scalars: u16) -> Option<Kernel<$t>> {
                <$t as Choice>::chain(chain, isa, scalars)
            }
            fn fold(op: Reduce, isa: Isa) -> Fold<$t> {
                op.fold(isa)
            }
        }
    )*};
}
map_type!(f32 f64 i32);

macro_rules! of_one_value {
    (
        plain { $($(#[$doc:meta])* $plain:ident = $name:literal, $of:ident, $cost:literal, |$a:ident| $body:expr;)* }
        $($(#[$note:meta])* $formula:ident = $method:ident, $price:literal, |$x:ident| $scalar:expr;)*
    ) => {
        fn of_one_value<T: Choice>(op: Unary, isa: Isa, scalars: u16) -> Kernel<T> {
            table!(op, Unary, one, isa, scalars, $($plain)* $($formula)*)
        }
    };
}
functions!(of_one_value);

fn kernel<T: Choice>(op: Op, isa: Isa, scalars: u16) -> Kernel<T> {
    match op {
        Op::Copy => T::one::<bodies::Copy>(isa, scalars),
        Op::Unary(op) => of_one_value(op, isa, scalars),
        Op::Binary(Binary::Div) => T::divide(isa, scalars),
        Op::Binary(op) => table!(op, Binary, two, isa, scalars,
            Add Sub Mul Div Min Max Pow Arctan2 FloorDiv Mod Eq Ne Lt Le Gt Ge And Or),
        Op::Fused(op) => fused(op, isa, scalars),
        Op::Chain(chain) => T::chain(chain, isa, scalars).expect("chained only where there is a kernel"),
    }
}

fn fused<T: Choice>(op: Fused, isa: Isa, s: u16) -> Kernel<T> {
    match op {
        Fused::Select => T::three::<bodies::Select>(isa, s),
        Fused::SelectLt => T::four::<bodies::SelectLt>(isa, s),
        Fused::SelectLe => T::four::<bodies::SelectLe>(isa, s),
        Fused::SelectEq => T::four::<bodies::SelectEq>(isa, s),
        Fused::MulAdd => T::three::<bodies::MulAdd>(isa, s),
        Fused::MulSub => T::three::<bodies::MulSub>(isa, s),
        Fused::NegMulAdd => T::three::<bodies::NegMulAdd>(isa, s),
        Fused::Mul3 => T::three::<bodies::Mul3>(isa, s),
        Fused::Clamp => T::three::<bodies::Clamp>(isa, s),
        Fused::SqrtAdd => T::two::<bodies::SqrtAdd>(isa, s),
        Fused::MulAddMul => T::four::<bodies::MulAddMul>(isa, s),
        Fused::MulSubMul => T::four::<bodies::MulSubMul>(isa, s),
        Fused::SubMulAdd => T::four::<bodies::SubMulAdd>(isa, s),
        Fused::Blend => T::three::<bodies::Blend>(isa, s),
        Fused::BlendSquare => T::three::<bodies::BlendSquare>(isa, s),
        Fused::Mul3AddMul => T::five::<bodies::Mul3AddMul>(isa, s),
        Fused::MulSubMulAdd => T::five::<bodies::MulSubMulAdd>(isa, s),
        Fused::ScaledStep if isa.roots_by_products() => T::five::<ScaledStep<Products>>(isa, s),
        Fused::ScaledStep => T::five::<ScaledStep<Direct>>(isa, s),
        Fused::StepScaled if isa.roots_by_products() => T::five::<StepScaled<Products>>(isa, s),
        Fused::StepScaled => T::five::<StepScaled<Direct>>(isa, s),
        Fused::RootStep if isa.roots_by_products() => T::five::<RootStep<Products>>(isa, s),
        Fused::RootStep => T::five::<RootStep<Direct>>(isa, s),
        Fused::HatStep => T::hat_step(op, isa, s).unwrap_or_else(|| T::seven::<HatStep<Direct>>(isa, s)),
        Fused::HatStepScaled => T::hat_step(op, isa, s).unwrap_or_else(|| T::seven::<HatStepScaled<Direct>>(isa, s)),
    }
}
