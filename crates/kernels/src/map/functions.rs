//! The functions that expressions are made of: one line each, from which all that has to know them is made.
//!
//! The transcendental ones come from [their own list](crate::math::functions).

use super::op::{TileOp, tile_ops};
use super::sweep::{Choice, Kernel};
use crate::isa::Isa;
use crate::math::Simd;
use crate::math::functions::every_function;

/// An enum of functions, and for each its name in profiles, whether it leads out of whole numbers, its time per element
/// against an addition, and its body over vectors.
macro_rules! functions {
    (
        $(#[$of:meta])* $Enum:ident, $bodies:ident, $arity:ident;
        $($(#[$doc:meta])* $Name:ident $text:literal, $domain:ident, $cost:literal = |$($x:ident),+| $body:expr;)*
    ) => {
        $(#[$of])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $Enum {
            $($(#[$doc])* $Name,)*
        }

        impl $Enum {
            /// Every one, for tests and tables.
            pub const ALL: &[$Enum] = &[$($Enum::$Name),*];

            /// Its sign or name in profiles.
            pub fn name(self) -> &'static str {
                match self {
                    $($Enum::$Name => $text,)*
                }
            }

            /// True where whole numbers lead out of whole numbers.
            pub(super) fn float_only(self) -> bool {
                match self {
                    $($Enum::$Name => functions!(@float_only $domain),)*
                }
            }

            /// Time per element against an addition.
            pub(super) fn cost(self) -> usize {
                match self {
                    $($Enum::$Name => $cost,)*
                }
            }

            /// The kernel that runs it where bit `k` of `scalars` says that operand `k` is a scalar.
            pub(super) fn kernel<T: Choice>(self, isa: Isa, scalars: u16) -> Kernel<T> {
                match self {
                    $($Enum::$Name => T::$arity::<$bodies::$Name>(isa, scalars),)*
                }
            }
        }

        pub(in crate::map) mod $bodies {
            use super::*;
            tile_ops! { $($Name($($x),+) = $body;)* }
        }
    };
    (@float_only floats) => { true };
    (@float_only numbers) => { false };
}

macro_rules! unary {
    ($($(#[$doc:meta])* $Name:ident $name:ident $text:literal = |$x:ident| $value:expr, $ulp:literal, $absolute:literal;)*) => {
        functions! {
            /// A function of one value. Truth values are 1 and 0 of the compute type.
            Unary, unary, one;
            /// `−a`
            Neg "negative", numbers, 1 = |a| a.neg();
            /// `|a|`
            Abs "abs", numbers, 1 = |a| a.abs();
            /// −1, 0 or 1; NaN stays NaN.
            Sign "sign", numbers, 1 = |a| sign(a);
            /// Largest whole number not above.
            Floor "floor", numbers, 1 = |a| a.floor();
            /// Smallest whole number not below.
            Ceil "ceil", numbers, 1 = |a| a.ceil();
            /// Nearest whole number, halves to even.
            Round "round", numbers, 1 = |a| a.round();
            /// Nearest whole number towards zero.
            Trunc "trunc", numbers, 1 = |a| a.trunc();
            /// `a²`
            Square "square", numbers, 1 = |a| a.mul(a);
            /// `√a`
            Sqrt "sqrt", floats, 2 = |a| a.sqrt();
            /// `1/√a`
            Rsqrt "rsqrt", floats, 2 = |a| V::whole(1).div(a.sqrt());
            /// `1/a`
            Recip "reciprocal", floats, 2 = |a| V::whole(1).div(a);
            /// `max(a, 0)`; NaN stays NaN.
            Relu "relu", numbers, 1 = |a| V::select(a.le(V::whole(0)), V::whole(0), a);
            /// 1 where `a` is 0.
            Not "not", numbers, 1 = |a| V::truth(a.eq(V::whole(0)));
            /// 1 where `a` is NaN.
            IsNan "isNan", numbers, 1 = |a| V::truth(V::mask_not(a.eq(a)));
            /// 1 where `a` is neither NaN nor infinite.
            IsFinite "isFinite", numbers, 1 = |a| V::truth(a.sub(a).eq(V::whole(0)));
            $($(#[$doc])* $Name $text, floats, 4 = |a| a.$name();)*
        }
    };
}
every_function!(unary);

functions! {
    /// A function of two values. Truth values are 1 and 0 of the compute type.
    Binary, binary, two;
    /// `a + b`
    Add "+", numbers, 1 = |a, b| a.add(b);
    /// `a − b`
    Sub "−", numbers, 1 = |a, b| a.sub(b);
    /// `a · b`
    Mul "·", numbers, 1 = |a, b| a.mul(b);
    /// `a / b`
    Div "/", floats, 2 = |a, b| a.div(b);
    /// The smaller; NaN if either is.
    Min "min", numbers, 1 = |a, b| a.min(b);
    /// The larger; NaN if either is.
    Max "max", numbers, 1 = |a, b| a.max(b);
    /// `aᵇ`; `0⁰ = 1`.
    Pow "pow", numbers, 60 = |a, b| a.pow(b);
    /// `⌊a/b⌋`, as NumPy's `floor_divide`.
    FloorDiv "floorDivide", numbers, 60 = |a, b| a.floor_div(b);
    /// The remainder with the sign of `b`, as NumPy's `mod`.
    Mod "mod", numbers, 60 = |a, b| a.modulo(b);
    /// `a = b`
    Eq "=", numbers, 1 = |a, b| V::truth(a.eq(b));
    /// `a ≠ b`
    Ne "≠", numbers, 1 = |a, b| V::truth(V::mask_not(a.eq(b)));
    /// `a < b`
    Lt "<", numbers, 1 = |a, b| V::truth(a.lt(b));
    /// `a ≤ b`
    Le "≤", numbers, 1 = |a, b| V::truth(a.le(b));
    /// `a > b`
    Gt ">", numbers, 1 = |a, b| V::truth(b.lt(a));
    /// `a ≥ b`
    Ge "≥", numbers, 1 = |a, b| V::truth(b.le(a));
    /// Both non-zero.
    And "and", numbers, 1 = |a, b| V::truth(V::mask_and(a.non_zero(), b.non_zero()));
    /// Either non-zero.
    Or "or", numbers, 1 = |a, b| V::truth(V::mask_or(a.non_zero(), b.non_zero()));
}

#[inline(always)]
fn sign<V: Simd>(a: V) -> V {
    let zero = V::whole(0);
    let y = V::select(a.lt(zero), V::whole(-1), a);
    let y = V::select(zero.lt(a), V::whole(1), y);
    // −0 becomes 0.
    V::select(a.eq(zero), zero, y)
}
