//! Every element type into every other.

use super::Truth;

/// `as` between element types: rounds to nearest, truncates and saturates towards integers (NaN becomes 0), ≠ 0 towards
/// [`Truth`].
pub trait Cast: Copy {
    /// `x` in this type.
    #[doc(hidden)]
    fn of_f32(x: f32) -> Self;
    /// `x` in this type.
    #[doc(hidden)]
    fn of_f64(x: f64) -> Self;
    /// `x` in this type.
    #[doc(hidden)]
    fn of_i32(x: i32) -> Self;
    /// The value in another type.
    fn cast<D: Cast>(self) -> D;
}

macro_rules! cast {
    ($($t:ident $into:ident;)*) => {$(
        impl Cast for $t {
            #[inline(always)]
            fn of_f32(x: f32) -> Self {
                x as $t
            }
            #[inline(always)]
            fn of_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn of_i32(x: i32) -> Self {
                x as $t
            }
            #[inline(always)]
            fn cast<D: Cast>(self) -> D {
                D::$into(self)
            }
        }
    )*};
}
cast!(f32 of_f32; f64 of_f64; i32 of_i32;);

impl Cast for Truth {
    #[inline(always)]
    fn of_f32(x: f32) -> Self {
        Truth::from(x != 0.0)
    }
    #[inline(always)]
    fn of_f64(x: f64) -> Self {
        Truth::from(x != 0.0)
    }
    #[inline(always)]
    fn of_i32(x: i32) -> Self {
        Truth::from(x != 0)
    }
    /// The byte itself as a number, which is 0 or 1 wherever the value was made here.
    #[inline(always)]
    fn cast<D: Cast>(self) -> D {
        D::of_i32(i32::from(self.byte()))
    }
}
