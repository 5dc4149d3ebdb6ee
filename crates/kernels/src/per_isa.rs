//! The one place where code is compiled for an instruction set and chosen by it; the tables of products, whose tiles differ by
//! set, are made in `gemm/kernels.rs`.

/// A module with a function for each instruction set: `portable` and, on x86-64, `avx2` and `avx512`.
///
/// `mod name: fn<T: Bound, F: Bound; const N: usize>(argument: Type) = [T] body::<F, N>` has them call the unsafe function
/// `body::<V, F, N>(argument)`, where `V` is the vector of the [`Compute`](crate::math::Compute) type `T` on the set; without
/// `[T]`, `body::<F, N>(argument)`, of which the compiler makes vectors of its own. The body and everything hot that it calls
/// must be `#[inline(always)]`: what is not inlined is compiled once, without the instruction set.
macro_rules! per_isa {
    (
        $(#[$doc:meta])*
        mod $name:ident: fn<$($G:ident: $bound:path),* $(; $(const $N:ident: $Nt:ty),*)?>($($arg:ident: $type:ty),*)
            = $([$T:ident])? $body:ident::<$($g:ident),*>
    ) => {
        $(#[$doc])*
        mod $name {
            use super::*;

            /// # Safety
            /// That of the body.
            #[allow(dead_code, reason = "chains are for vectors alone where there are such")]
            pub(super) unsafe fn portable<$($G: $bound,)* $($(const $N: $Nt),*)?>($($arg: $type),*) {
                // Safety: the caller's promise.
                unsafe { $body::<$(<$T as $crate::math::Compute>::Portable,)? $($g),*>($($arg),*) }
            }

            /// # Safety
            /// That of the body, and AVX2 and FMA are here.
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            pub(super) unsafe fn avx2<$($G: $bound,)* $($(const $N: $Nt),*)?>($($arg: $type),*) {
                // Safety: the caller's promise.
                unsafe { $body::<$(<$T as $crate::math::Compute>::Avx2,)? $($g),*>($($arg),*) }
            }

            /// # Safety
            /// That of the body, and AVX-512 F, VL, BW and DQ are here.
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
            pub(super) unsafe fn avx512<$($G: $bound,)* $($(const $N: $Nt),*)?>($($arg: $type),*) {
                // Safety: the caller's promise.
                unsafe { $body::<$(<$T as $crate::math::Compute>::Avx512,)? $($g),*>($($arg),*) }
            }
        }
    };
}
pub(crate) use per_isa;

/// The function of such a module for an instruction set, the portable one where there is no other, or a call of it.
macro_rules! on {
    ($isa:expr, $module:ident::<$($g:ty),*> $(($($arg:expr),*))?) => {
        match $isa {
            #[cfg(target_arch = "x86_64")]
            $crate::isa::Isa::Avx512 => $module::avx512::<$($g),*>$(($($arg),*))?,
            #[cfg(target_arch = "x86_64")]
            $crate::isa::Isa::Avx2 => $module::avx2::<$($g),*>$(($($arg),*))?,
            #[cfg(not(target_arch = "x86_64"))]
            $crate::isa::Isa::Avx512 | $crate::isa::Isa::Avx2 => $module::portable::<$($g),*>$(($($arg),*))?,
            $crate::isa::Isa::Portable => $module::portable::<$($g),*>$(($($arg),*))?,
        }
    };
}
pub(crate) use on;
