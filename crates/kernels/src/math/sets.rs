//! The vectors of each instruction set.

use super::lanes::Lanes;
use crate::instructions::Set;

macro_rules! sets {
    ($($(#[$doc:meta])* $(@[$cfg:meta])? $Name:ident: $f32:ty, $f64:ty;)*) => {$(
        $(#[$doc])*
        $(#[$cfg])?
        #[derive(Clone, Copy, Debug)]
        pub struct $Name;

        $(#[$cfg])?
        impl Set for $Name {
            type F32 = $f32;
            type F64 = $f64;
            type I32 = Lanes<i32, 8>;
        }
    )*};
}
sets! {
    /// Plain Rust.
    Portable: Lanes<f32, 8>, Lanes<f64, 8>;
    /// AVX2 and FMA.
    @[cfg(target_arch = "x86_64")]
    Avx2: super::avx2::F32x8, Lanes<f64, 8>;
    /// AVX-512.
    @[cfg(target_arch = "x86_64")]
    Avx512: super::avx512::F32x16, Lanes<f64, 8>;
}
