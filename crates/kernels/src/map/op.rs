//! The instructions of a compiled program: the functions users name, and the fusions that save passes over a tile.

use super::chain::Chain;
use super::expr::{Binary, Unary};
use crate::math::Simd;

/// One instruction. Every operand is a tile or a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `x0`
    Copy,
    /// A function of one value.
    Unary(Unary),
    /// A function of two values.
    Binary(Binary),
    /// Several at once.
    Fused(Fused),
    /// Several at once, with several results.
    Chain(Chain),
}

/// An instruction that stands for several, and rounds as they do: whether they are joined depends on who else reads what is
/// between them, and a program that keeps more than another has the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fused {
    /// `x0 ≠ 0 ? x1 : x2`
    Select,
    /// `x0 < x1 ? x2 : x3`
    SelectLt,
    /// `x0 ≤ x1 ? x2 : x3`
    SelectLe,
    /// `x0 = x1 ? x2 : x3`
    SelectEq,
    /// `x0·x1 + x2`
    MulAdd,
    /// `x0·x1 − x2`
    MulSub,
    /// `x2 − x0·x1`
    NegMulAdd,
    /// `(x0·x1)·x2`
    Mul3,
    /// `min(max(x0, x1), x2)` by bounds that are not NaN; NaN stays.
    Clamp,
    /// `√x0 + x1`
    SqrtAdd,
    /// `x0·x1 + x2·x3`
    MulAddMul,
    /// `x0·x1 − x2·x3`
    MulSubMul,
    /// `(x0 − x1)·x2 + x3`
    SubMulAdd,
    /// `(x0 − x1)·x2 + x1`: `x1` moved towards `x0`.
    Blend,
    /// `(x0² − x1)·x2 + x1`
    BlendSquare,
    /// `(x0·x1)·x2 + x3·x4`
    Mul3AddMul,
    /// `(x0·x1 − x2)·x3 + x4`
    MulSubMulAdd,
    /// `x0 − (x1·x2)/(√x3 + x4)`
    ScaledStep,
    /// `x0 − (x1/(√x3 + x4))·x2`
    StepScaled,
    /// `x0 − (x1·x2)/√(x3 + x4)`
    RootStep,
    /// `x0 − ((x1/x5)·x2)/(√(x3/x6) + x4)`, `x5` and `x6` scalars; the two quotients within 1.5 ulp.
    HatStep,
    /// `x0 − ((x1/x5)/(√(x3/x6) + x4))·x2`, the same.
    HatStepScaled,
}

impl Op {
    /// Time per element against an addition.
    pub fn cost(self) -> usize {
        match self {
            Op::Copy => 1,
            Op::Unary(op) => op.cost(),
            Op::Binary(op) => op.cost(),
            Op::Fused(op) => op.cost(),
            Op::Chain(_) => 5,
        }
    }
}

impl Fused {
    /// Time per element against an addition.
    fn cost(self) -> usize {
        use Fused::*;
        match self {
            SqrtAdd | ScaledStep | StepScaled | RootStep | HatStep | HatStepScaled => 3,
            Select | SelectLt | SelectLe | SelectEq | MulAdd | MulSub | NegMulAdd | Mul3 | Clamp | MulAddMul
            | MulSubMul | SubMulAdd | Blend | BlendSquare | Mul3AddMul | MulSubMulAdd => 1,
        }
    }
}

/// The body of an instruction on one vector of each operand.
pub(super) trait TileOp<const N: usize> {
    /// The result.
    fn apply<V: Simd>(x: [V; N]) -> V;
}

/// `struct Name; impl TileOp<N> for Name` from one line each.
macro_rules! tile_ops {
    ($($name:ident($($x:ident),+) = $body:expr;)*) => {$(
        pub(in crate::map) struct $name;
        impl TileOp<{ [$(stringify!($x)),+].len() }> for $name {
            #[inline(always)]
            fn apply<V: Simd>([$($x),+]: [V; { [$(stringify!($x)),+].len() }]) -> V {
                $body
            }
        }
    )*};
}

pub(super) mod bodies {
    //! One type per instruction.
    use super::{Simd, TileOp};
    use crate::functions::functions;

    #[inline(always)]
    fn sign<V: Simd>(a: V) -> V {
        let zero = a.zero();
        let y = V::select(a.lt(zero), V::whole(a.set(), -1), a);
        let y = V::select(zero.lt(a), a.one(), y);
        // −0 becomes 0.
        V::select(a.eq(zero), zero, y)
    }

    /// `a / b` for a `b` that is the same all along, between 2⁻¹⁰⁰ and 2¹⁰⁰ in size: the reciprocal leaves the loop, and
    /// a correction by what the product is off rounds as a division does (Markstein 1990).
    #[inline(always)]
    fn div_by_scalar<V: Simd>(a: V, b: V) -> V {
        let reciprocal = b.one().div(b);
        let near = a.mul(reciprocal);
        let quotient = near.neg_mul_add(b, a).mul_add(reciprocal, near);
        // Infinities make the correction NaN, and zeros lose their sign in it: the product is right there.
        V::select(near.zero().lt(quotient.abs()), quotient, near)
    }

    macro_rules! of_one_value {
        (
            plain { $($(#[$doc:meta])* $plain:ident = $name:literal, $of:ident, $cost:literal, |$a:ident| $body:expr;)* }
            $($(#[$note:meta])* $formula:ident = $method:ident, $price:literal, |$x:ident| $scalar:expr;)*
        ) => {
            tile_ops! {
                $($plain($a) = $body;)*
                $($formula(a) = a.$method();)*
            }
        };
    }
    functions!(of_one_value);

    tile_ops! {
        Copy(a) = a;
        Add(a, b) = a.add(b);
        Sub(a, b) = a.sub(b);
        Mul(a, b) = a.mul(b);
        Div(a, b) = a.div(b);
        DivByScalar(a, b) = div_by_scalar(a, b);
        Min(a, b) = a.min(b);
        Max(a, b) = a.max(b);
        Pow(a, b) = a.pow(b);
        Arctan2(a, b) = a.arctan2(b);
        FloorDiv(a, b) = a.floor_div(b);
        Mod(a, b) = a.modulo(b);
        Eq(a, b) = V::truth(a.eq(b));
        Ne(a, b) = V::truth(V::mask_not(a.eq(b)));
        Lt(a, b) = V::truth(a.lt(b));
        Le(a, b) = V::truth(a.le(b));
        Gt(a, b) = V::truth(b.lt(a));
        Ge(a, b) = V::truth(b.le(a));
        And(a, b) = V::truth(V::mask_and(a.non_zero(), b.non_zero()));
        Or(a, b) = V::truth(V::mask_or(a.non_zero(), b.non_zero()));

        Select(m, a, b) = V::select(m.non_zero(), a, b);
        SelectLt(a, b, yes, no) = V::select(a.lt(b), yes, no);
        SelectLe(a, b, yes, no) = V::select(a.le(b), yes, no);
        SelectEq(a, b, yes, no) = V::select(a.eq(b), yes, no);
        MulAdd(a, b, c) = a.mul(b).add(c);
        MulSub(a, b, c) = a.mul(b).sub(c);
        NegMulAdd(a, b, c) = c.sub(a.mul(b));
        Mul3(a, b, c) = a.mul(b).mul(c);
        Clamp(a, low, high) = a.clamp(low, high);
        SqrtAdd(a, b) = a.sqrt().add(b);
        MulAddMul(a, b, c, d) = a.mul(b).add(c.mul(d));
        MulSubMul(a, b, c, d) = a.mul(b).sub(c.mul(d));
        SubMulAdd(a, b, c, d) = a.sub(b).mul(c).add(d);
        Blend(a, b, c) = a.sub(b).mul(c).add(b);
        BlendSquare(a, b, c) = a.mul(a).sub(b).mul(c).add(b);
        Mul3AddMul(a, b, c, d, e) = a.mul(b).mul(c).add(d.mul(e));
        MulSubMulAdd(a, b, c, d, e) = a.mul(b).sub(c).mul(d).add(e);
    }
}
