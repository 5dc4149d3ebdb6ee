//! The number types that kernels are generic over.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

/// The type of a tensor's elements, known at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DType {
    /// 32-bit IEEE float.
    F32,
    /// 64-bit IEEE float.
    F64,
    /// 32-bit signed integer.
    I32,
    /// A truth value, one byte, 0 or 1.
    Bool,
}

impl DType {
    /// Bytes per element.
    pub const fn size(self) -> usize {
        match self {
            DType::F32 | DType::I32 => 4,
            DType::F64 => 8,
            DType::Bool => 1,
        }
    }

    /// The name that users see: `float32`, `float64`, `int32`, `bool`.
    pub const fn name(self) -> &'static str {
        match self {
            DType::F32 => "float32",
            DType::F64 => "float64",
            DType::I32 => "int32",
            DType::Bool => "bool",
        }
    }

    /// True for `float32` and `float64`: the types that have gradients.
    pub const fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F64)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for i32 {}
    impl Sealed for u8 {}
}

/// A type that a buffer may hold: `f32`, `f64`, `i32`, or `u8` for [`DType::Bool`].
///
/// Sealed: every bit pattern of every implementor is a valid value and none has padding, which is
/// what lets one arena of bytes hold them all.
pub trait Element: sealed::Sealed + Copy + Default + Debug + PartialEq + PartialOrd + Send + Sync + 'static {
    /// The run-time name of this type.
    const DTYPE: DType;
}

impl Element for f32 {
    const DTYPE: DType = DType::F32;
}
impl Element for f64 {
    const DTYPE: DType = DType::F64;
}
impl Element for i32 {
    const DTYPE: DType = DType::I32;
}
impl Element for u8 {
    const DTYPE: DType = DType::Bool;
}

/// `f32` or `f64`: what the numeric kernels are generic over.
pub trait Float:
    Element
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + Sum
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The most negative value, −∞.
    const NEG_INFINITY: Self;
    /// +∞.
    const INFINITY: Self;
    /// Nearest value of this type.
    fn from_f64(value: f64) -> Self;
    /// Exact widening.
    fn to_f64(self) -> f64;
    /// `self · a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// True when neither NaN nor infinite.
    fn is_finite(self) -> bool;
}

macro_rules! impl_float {
    ($t:ty) => {
        impl Float for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NEG_INFINITY: Self = <$t>::NEG_INFINITY;
            const INFINITY: Self = <$t>::INFINITY;
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                <$t>::mul_add(self, a, b)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                <$t>::is_finite(self)
            }
        }
    };
}
impl_float!(f32);
impl_float!(f64);

/// `$body` with `$T` the type of each of some element types, and what stands for the others.
#[doc(hidden)]
#[macro_export]
macro_rules! for_type {
    ($dtype:expr, $T:ident => $body:expr, $($own:ident = $type:ty),+ $(; $($other:ident)|+ => $never:expr)?) => {
        match $dtype {
            $($crate::element::DType::$own => {
                type $T = $type;
                $body
            })+
            $($($crate::element::DType::$other)|+ => $never,)?
        }
    };
}

/// `$body` with `$T` the float type that `$dtype` names.
#[macro_export]
macro_rules! for_float {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::for_type!($dtype, $T => $body, F32 = f32, F64 = f64; I32 | Bool => unreachable!("only floats come here"))
    };
}

/// `$body` with `$T` the type of numbers that `$dtype` names.
#[macro_export]
macro_rules! for_number {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::for_type!(
            $dtype, $T => $body, F32 = f32, F64 = f64, I32 = i32; Bool => unreachable!("only numbers come here")
        )
    };
}

/// `$body` with `$T` the element type that `$dtype` names.
#[macro_export]
macro_rules! for_element {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::for_type!($dtype, $T => $body, F32 = f32, F64 = f64, I32 = i32, Bool = u8)
    };
}
