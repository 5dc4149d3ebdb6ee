//! An instruction run over one tile, compiled per instruction set and per which operands are scalars.

use super::expr::{Binary, Unary};
use super::op::{Fused, Op, TileOp, bodies};
use crate::isa::Isa;
use crate::math::{Compute, Simd};

/// Most operands of an instruction.
pub(super) const MAX_OPERANDS: usize = 5;

/// Where an instruction reads and writes: indices into the table of slots.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Operands {
    pub dst: u16,
    /// Bit `k` is set where `src[k]` is one element for the whole tile.
    pub scalars: u8,
    pub src: [u16; MAX_OPERANDS],
}

/// Runs an instruction over `len` elements; `slots[i]` is where slot `i` begins.
///
/// # Safety
/// The operands' slots are valid for `len` elements (one for scalars), the destination is the same memory as a
/// source element for element or disjoint from it, and the instruction set exists.
pub(super) type Kernel<T> = unsafe fn(slots: *const *mut T, operands: &Operands, len: usize);

/// Stands for "ask `Operands::scalars` at run time".
const ANY: u8 = u8::MAX;

/// # Safety
/// As [`Kernel`].
#[inline(always)]
unsafe fn sweep<V: Simd, O: TileOp<N>, const N: usize, const S: u8>(
    slots: *const *mut V::Elem,
    o: &Operands,
    len: usize,
) {
    let scalars = if S == ANY { o.scalars } else { S };
    // Safety: all accesses are below `len`, or at 0 for scalars; a vector is read before its result is written.
    unsafe {
        let dst = *slots.add(usize::from(o.dst));
        let mut src = [dst.cast_const(); N];
        let mut x = [V::whole(0); N];
        for k in 0..N {
            src[k] = *slots.add(usize::from(o.src[k]));
            if scalars >> k & 1 != 0 {
                x[k] = V::splat(*src[k]);
            }
        }
        let mut i = 0;
        while i + V::LANES <= len {
            for k in 0..N {
                if scalars >> k & 1 == 0 {
                    x[k] = V::load(src[k].add(i));
                }
            }
            O::apply(x).store(dst.add(i));
            i += V::LANES;
        }
        if i < len {
            for k in 0..N {
                if scalars >> k & 1 == 0 {
                    x[k] = V::load_first(src[k].add(i), len - i);
                }
            }
            O::apply(x).store_first(dst.add(i), len - i);
        }
    }
}

/// # Safety
/// As [`Kernel`].
unsafe fn portable<T: Compute, O: TileOp<N>, const N: usize, const S: u8>(
    slots: *const *mut T,
    o: &Operands,
    len: usize,
) {
    // Safety: the caller's promise.
    unsafe { sweep::<T::Portable, O, N, S>(slots, o, len) }
}

/// # Safety
/// As [`Kernel`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<T: Compute, O: TileOp<N>, const N: usize, const S: u8>(slots: *const *mut T, o: &Operands, len: usize) {
    // Safety: the caller's promise.
    unsafe { sweep::<T::Avx2, O, N, S>(slots, o, len) }
}

/// # Safety
/// As [`Kernel`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
unsafe fn avx512<T: Compute, O: TileOp<N>, const N: usize, const S: u8>(
    slots: *const *mut T,
    o: &Operands,
    len: usize,
) {
    // Safety: the caller's promise.
    unsafe { sweep::<T::Avx512, O, N, S>(slots, o, len) }
}

fn on<T: Compute, O: TileOp<N>, const N: usize, const S: u8>(isa: Isa) -> Kernel<T> {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => avx512::<T, O, N, S>,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2::<T, O, N, S>,
        #[cfg(not(target_arch = "x86_64"))]
        Isa::Avx512 | Isa::Avx2 => portable::<T, O, N, S>,
        Isa::Portable => portable::<T, O, N, S>,
    }
}

fn unary<T: Compute, O: TileOp<1>>(isa: Isa, scalars: u8) -> Kernel<T> {
    match scalars {
        0 => on::<T, O, 1, 0>(isa),
        _ => on::<T, O, 1, ANY>(isa),
    }
}

fn binary<T: Compute, O: TileOp<2>>(isa: Isa, scalars: u8) -> Kernel<T> {
    match scalars {
        0b00 => on::<T, O, 2, 0b00>(isa),
        0b01 => on::<T, O, 2, 0b01>(isa),
        0b10 => on::<T, O, 2, 0b10>(isa),
        _ => on::<T, O, 2, ANY>(isa),
    }
}

fn ternary<T: Compute, O: TileOp<3>>(isa: Isa, scalars: u8) -> Kernel<T> {
    match scalars {
        0b000 => on::<T, O, 3, 0b000>(isa),
        0b010 => on::<T, O, 3, 0b010>(isa),
        0b100 => on::<T, O, 3, 0b100>(isa),
        0b110 => on::<T, O, 3, 0b110>(isa),
        _ => on::<T, O, 3, ANY>(isa),
    }
}

fn quaternary<T: Compute, O: TileOp<4>>(isa: Isa, scalars: u8) -> Kernel<T> {
    match scalars {
        0b0010 => on::<T, O, 4, 0b0010>(isa),
        0b0100 => on::<T, O, 4, 0b0100>(isa),
        0b0110 => on::<T, O, 4, 0b0110>(isa),
        0b1010 => on::<T, O, 4, 0b1010>(isa),
        _ => on::<T, O, 4, ANY>(isa),
    }
}

fn quinary<T: Compute, O: TileOp<5>>(isa: Isa, scalars: u8) -> Kernel<T> {
    match scalars {
        0b01000 => on::<T, O, 5, 0b01000>(isa),
        0b10100 => on::<T, O, 5, 0b10100>(isa),
        _ => on::<T, O, 5, ANY>(isa),
    }
}

/// `match` from each variant to the body of the same name.
macro_rules! table {
    ($op:expr, $enum:ident, $arity:ident, $isa:expr, $scalars:expr, $($name:ident)*) => {
        match $op {
            $($enum::$name => $arity::<T, bodies::$name>($isa, $scalars),)*
        }
    };
}

/// The kernel of `op` where bit `k` of `scalars` says that operand `k` is a scalar.
pub(super) fn kernel<T: Compute>(op: Op, isa: Isa, scalars: u8) -> Kernel<T> {
    match op {
        Op::Copy => unary::<T, bodies::Copy>(isa, scalars),
        Op::Unary(op) => table!(op, Unary, unary, isa, scalars,
            Neg Abs Sign Floor Ceil Round Trunc Square Sqrt Rsqrt Recip Exp Expm1 Log Log1p Sin Cos Tanh Sigmoid Erf
            Softplus Relu Not IsNan IsFinite),
        Op::Binary(op) => table!(op, Binary, binary, isa, scalars,
            Add Sub Mul Div Min Max Pow FloorDiv Mod Eq Ne Lt Le Gt Ge And Or),
        Op::Fused(op) => fused(op, isa, scalars),
    }
}

fn fused<T: Compute>(op: Fused, isa: Isa, s: u8) -> Kernel<T> {
    match op {
        Fused::Select => ternary::<T, bodies::Select>(isa, s),
        Fused::SelectLt => quaternary::<T, bodies::SelectLt>(isa, s),
        Fused::SelectLe => quaternary::<T, bodies::SelectLe>(isa, s),
        Fused::SelectEq => quaternary::<T, bodies::SelectEq>(isa, s),
        Fused::MulAdd => ternary::<T, bodies::MulAdd>(isa, s),
        Fused::MulSub => ternary::<T, bodies::MulSub>(isa, s),
        Fused::NegMulAdd => ternary::<T, bodies::NegMulAdd>(isa, s),
        Fused::Mul3 => ternary::<T, bodies::Mul3>(isa, s),
        Fused::SqrtAdd => binary::<T, bodies::SqrtAdd>(isa, s),
        Fused::MulAddMul => quaternary::<T, bodies::MulAddMul>(isa, s),
        Fused::MulSubMul => quaternary::<T, bodies::MulSubMul>(isa, s),
        Fused::SubMulAdd => quaternary::<T, bodies::SubMulAdd>(isa, s),
        Fused::Mul3AddMul => quinary::<T, bodies::Mul3AddMul>(isa, s),
        Fused::MulSubMulAdd => quinary::<T, bodies::MulSubMulAdd>(isa, s),
        Fused::ScaledStep => quinary::<T, bodies::ScaledStep>(isa, s),
        Fused::StepScaled => quinary::<T, bodies::StepScaled>(isa, s),
    }
}
