//! Proofs that the processor has an instruction set: what vectors are made with.

/// Proof that the instruction set of a vector is here. Who has one may make vectors, and a vector is such a proof itself, so
/// that no safe function runs what the processor lacks:
///
/// ```compile_fail,E0133
/// use ferrograd_kernels::math::{Compute, Set, Simd};
///
/// fn zero<T: Compute>() -> T::Avx512 {
///     T::Avx512::whole(Set::assume(), 0)
/// }
/// ```
pub trait Set: Copy {
    /// The proof, taken on trust.
    ///
    /// # Safety
    /// The processor has the instruction set.
    unsafe fn assume() -> Self;
}

macro_rules! sets {
    ($($(#[$doc:meta])* $name:ident $(on $arch:literal)?;)*) => {$(
        $(#[$doc])*
        $(#[cfg(target_arch = $arch)])?
        #[derive(Clone, Copy)]
        pub struct $name(());

        $(#[cfg(target_arch = $arch)])?
        impl Set for $name {
            #[inline(always)]
            unsafe fn assume() -> Self {
                $name(())
            }
        }
    )*};
}

sets! {
    /// Plain Rust.
    Plain;
    /// AVX2 and FMA.
    Avx2 on "x86_64";
    /// AVX-512 F, VL, BW, DQ.
    Avx512 on "x86_64";
}
