//! Every element type into every other.

/// `as` between element types: rounds to nearest, truncates and saturates towards integers, ≠ 0 towards `bool`.
pub trait Cast: Copy {
    /// From `f32`.
    fn from_f32(x: f32) -> Self;
    /// From `f64`.
    fn from_f64(x: f64) -> Self;
    /// From `i32`.
    fn from_i32(x: i32) -> Self;
    /// From a byte, which stands for a truth value.
    fn from_u8(x: u8) -> Self;
    /// Into any other.
    fn cast<D: Cast>(self) -> D;
}

macro_rules! cast {
    ($($t:ident $into:ident;)*) => {$(
        impl Cast for $t {
            #[inline(always)]
            fn from_f32(x: f32) -> Self {
                x as $t
            }
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn from_i32(x: i32) -> Self {
                x as $t
            }
            #[inline(always)]
            fn from_u8(x: u8) -> Self {
                x as $t
            }
            #[inline(always)]
            fn cast<D: Cast>(self) -> D {
                D::$into(self)
            }
        }
    )*};
}
cast!(f32 from_f32; f64 from_f64; i32 from_i32;);

impl Cast for u8 {
    #[inline(always)]
    fn from_f32(x: f32) -> Self {
        u8::from(x != 0.0)
    }
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        u8::from(x != 0.0)
    }
    #[inline(always)]
    fn from_i32(x: i32) -> Self {
        u8::from(x != 0)
    }
    #[inline(always)]
    fn from_u8(x: u8) -> Self {
        u8::from(x != 0)
    }
    #[inline(always)]
    fn cast<D: Cast>(self) -> D {
        D::from_u8(self)
    }
}
