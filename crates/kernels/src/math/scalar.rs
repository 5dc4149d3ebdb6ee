//! One number at a time: the reference for every vector, and what `f64` and `i32` run on.

use crate::functions::formulas;

macro_rules! methods {
    ($($(#[$note:meta])* $formula:ident = $method:ident, $price:literal, |$x:ident| $scalar:expr;)*) => {
        $($(#[$note])* fn $method(self) -> Self;)*
    };
}

/// The operations of [`Simd`](super::simd::Simd) on one element; see there for the formulas.
///
/// On `i32` sums and products wrap, division truncates, and the transcendental functions go through `f64` and back.
pub trait Scalar: Copy {
    /// All ones or all zeros, as wide as the number: what compilers turn into vector comparisons and blends.
    type Mask: Mask;
    /// `yes` where `mask` is ones, `no` where it is zeros.
    fn blend(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// A small whole number.
    fn whole(value: i32) -> Self;
    /// `self + b`
    fn add(self, b: Self) -> Self;
    /// `self − b`
    fn sub(self, b: Self) -> Self;
    /// `self · b`
    fn mul(self, b: Self) -> Self;
    /// `self / b`
    fn div(self, b: Self) -> Self;
    /// `self · b + c`, rounded once where that is not a library call.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// The smaller; NaN if either is.
    fn min(self, b: Self) -> Self;
    /// The larger; NaN if either is.
    fn max(self, b: Self) -> Self;
    /// `−self`
    fn neg(self) -> Self;
    /// `|self|`
    fn abs(self) -> Self;
    /// Largest whole number not above.
    fn floor(self) -> Self;
    /// Smallest whole number not below.
    fn ceil(self) -> Self;
    /// Nearest whole number towards zero.
    fn trunc(self) -> Self;
    /// Nearest whole number, halves to even.
    fn round(self) -> Self;
    /// `√self`
    fn sqrt(self) -> Self;
    /// `self = b`
    fn eq(self, b: Self) -> bool;
    /// `self < b`
    fn lt(self, b: Self) -> bool;
    /// `self ≤ b`
    fn le(self, b: Self) -> bool;
    formulas!(methods);
    /// `selfᵇ`
    fn pow(self, b: Self) -> Self;
    /// The angle of the point (b, self).
    fn arctan2(self, b: Self) -> Self;
    /// `⌊self / b⌋`
    fn floor_div(self, b: Self) -> Self;
    /// The remainder with the sign of `b`.
    fn modulo(self, b: Self) -> Self;
}

/// A truth value as a word of all ones or all zeros.
pub trait Mask: Copy {
    /// Ones where `truth` holds.
    fn of(truth: bool) -> Self;
    /// Both.
    fn and(self, b: Self) -> Self;
    /// Either.
    fn or(self, b: Self) -> Self;
    /// The opposite.
    fn not(self) -> Self;
    /// True where it is zeros.
    fn is_false(self) -> bool;
}

macro_rules! mask {
    ($($t:ident)*) => {$(
        impl Mask for $t {
            #[inline(always)]
            fn of(truth: bool) -> Self {
                $t::from(truth).wrapping_neg()
            }
            #[inline(always)]
            fn and(self, b: Self) -> Self {
                self & b
            }
            #[inline(always)]
            fn or(self, b: Self) -> Self {
                self | b
            }
            #[inline(always)]
            fn not(self) -> Self {
                !self
            }
            #[inline(always)]
            fn is_false(self) -> bool {
                self == 0
            }
        }
    )*};
}
mask!(u32 u64);

/// True where a fused multiply-add is one instruction of the target and not a call into a library.
pub(crate) const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

/// `1 / (1 + e⁻ˣ)`, never dividing by an overflow.
fn sigmoid64(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// `ln (1 + eˣ)` for any size of `x`.
fn softplus64(x: f64) -> f64 {
    if x.is_nan() { x } else { x.max(0.0) + (-x.abs()).exp().ln_1p() }
}

macro_rules! by_the_standard_library {
    ($($(#[$note:meta])* $formula:ident = $method:ident, $price:literal, |$x:ident| $scalar:expr;)*) => {$(
        fn $method(self) -> Self {
            let $x = self;
            $scalar
        }
    )*};
}

macro_rules! float_scalar {
    ($t:ident, $mask:ident) => {
        impl Scalar for $t {
            type Mask = $mask;
            #[inline(always)]
            fn blend(mask: $mask, yes: Self, no: Self) -> Self {
                <$t>::from_bits((mask & yes.to_bits()) | (!mask & no.to_bits()))
            }
            #[inline(always)]
            fn whole(value: i32) -> Self {
                value as $t
            }
            #[inline(always)]
            fn add(self, b: Self) -> Self {
                self + b
            }
            #[inline(always)]
            fn sub(self, b: Self) -> Self {
                self - b
            }
            #[inline(always)]
            fn mul(self, b: Self) -> Self {
                self * b
            }
            #[inline(always)]
            fn div(self, b: Self) -> Self {
                self / b
            }
            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                if FUSED { <$t>::mul_add(self, b, c) } else { self * b + c }
            }
            #[inline(always)]
            fn min(self, b: Self) -> Self {
                if self < b || self.is_nan() { self } else { b }
            }
            #[inline(always)]
            fn max(self, b: Self) -> Self {
                if self > b || self.is_nan() { self } else { b }
            }
            #[inline(always)]
            fn neg(self) -> Self {
                -self
            }
            #[inline(always)]
            fn abs(self) -> Self {
                <$t>::abs(self)
            }
            #[inline(always)]
            fn floor(self) -> Self {
                <$t>::floor(self)
            }
            #[inline(always)]
            fn ceil(self) -> Self {
                <$t>::ceil(self)
            }
            #[inline(always)]
            fn trunc(self) -> Self {
                <$t>::trunc(self)
            }
            #[inline(always)]
            fn round(self) -> Self {
                <$t>::round_ties_even(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                <$t>::sqrt(self)
            }
            #[inline(always)]
            fn eq(self, b: Self) -> bool {
                self == b
            }
            #[inline(always)]
            fn lt(self, b: Self) -> bool {
                self < b
            }
            #[inline(always)]
            fn le(self, b: Self) -> bool {
                self <= b
            }
            formulas!(by_the_standard_library);
            fn pow(self, b: Self) -> Self {
                f64::from(self).powf(f64::from(b)) as $t
            }
            fn arctan2(self, b: Self) -> Self {
                libm::atan2(f64::from(self), f64::from(b)) as $t
            }
            fn floor_div(self, b: Self) -> Self {
                if b == 0.0 {
                    return self / b;
                }
                // Through the remainder, so that the quotient agrees with it where `self / b` rounds up.
                let rest = self % b;
                let quotient = (self - rest) / b;
                let quotient = if rest != 0.0 && (rest < 0.0) != (b < 0.0) { quotient - 1.0 } else { quotient };
                let whole = quotient.floor();
                if quotient == 0.0 {
                    (0.0 as $t).copysign(self / b)
                } else if quotient - whole > 0.5 {
                    whole + 1.0
                } else {
                    whole
                }
            }
            fn modulo(self, b: Self) -> Self {
                let rest = self % b;
                if rest == 0.0 {
                    (0.0 as $t).copysign(b)
                } else if (rest < 0.0) != (b < 0.0) {
                    rest + b
                } else {
                    rest
                }
            }
        }
    };
}
float_scalar!(f32, u32);
float_scalar!(f64, u64);

macro_rules! through_f64 {
    ($($name:ident)*) => {$(
        fn $name(self) -> Self {
            Scalar::$name(f64::from(self)) as i32
        }
    )*};
}

macro_rules! formulas_through_f64 {
    ($($(#[$note:meta])* $formula:ident = $method:ident, $price:literal, |$x:ident| $scalar:expr;)*) => {
        through_f64!($($method)*);
    };
}

impl Scalar for i32 {
    type Mask = u32;
    #[inline(always)]
    fn blend(mask: u32, yes: Self, no: Self) -> Self {
        ((mask & yes as u32) | (!mask & no as u32)) as i32
    }
    #[inline(always)]
    fn whole(value: i32) -> Self {
        value
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        self.wrapping_add(b)
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self.wrapping_sub(b)
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self.wrapping_mul(b)
    }
    fn div(self, b: Self) -> Self {
        if b == 0 { 0 } else { self.wrapping_div(b) }
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        self.wrapping_mul(b).wrapping_add(c)
    }
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        Ord::min(self, b)
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        Ord::max(self, b)
    }
    #[inline(always)]
    fn neg(self) -> Self {
        self.wrapping_neg()
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.wrapping_abs()
    }
    #[inline(always)]
    fn floor(self) -> Self {
        self
    }
    #[inline(always)]
    fn ceil(self) -> Self {
        self
    }
    #[inline(always)]
    fn trunc(self) -> Self {
        self
    }
    #[inline(always)]
    fn round(self) -> Self {
        self
    }
    #[inline(always)]
    fn eq(self, b: Self) -> bool {
        self == b
    }
    #[inline(always)]
    fn lt(self, b: Self) -> bool {
        self < b
    }
    #[inline(always)]
    fn le(self, b: Self) -> bool {
        self <= b
    }
    through_f64!(sqrt);
    formulas!(formulas_through_f64);
    fn arctan2(self, b: Self) -> Self {
        Scalar::arctan2(f64::from(self), f64::from(b)) as i32
    }
    /// Wraps; a negative exponent gives the truncated reciprocal (0 but for bases 1 and −1, and 0 for base 0).
    fn pow(self, b: Self) -> Self {
        match (b < 0, self) {
            (false, base) => base.wrapping_pow(b as u32),
            (true, 1) => 1,
            (true, -1) => 1 - 2 * (b & 1),
            (true, _) => 0,
        }
    }
    /// 0 for a zero divisor, as NumPy.
    fn floor_div(self, b: Self) -> Self {
        if b == 0 {
            return 0;
        }
        let (quotient, rest) = (self.wrapping_div(b), self.wrapping_rem(b));
        if rest != 0 && (rest < 0) != (b < 0) { quotient - 1 } else { quotient }
    }
    /// 0 for a zero divisor, as NumPy.
    fn modulo(self, b: Self) -> Self {
        if b == 0 {
            return 0;
        }
        let rest = self.wrapping_rem(b);
        if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
    }
}
