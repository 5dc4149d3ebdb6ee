//! From an instruction set known at run time to code that is compiled for it: the one place that enables instructions.

use crate::isa::Isa;
use crate::math::{Simd, SimdF32};

/// The vectors of an instruction set.
///
/// Its types are this crate's alone: nobody outside can name a vector, nor make one where the processor has none.
pub trait Set: Copy {
    /// Vectors of `f32`.
    type F32: SimdF32;
    /// Vectors of `f64`.
    type F64: Simd<Elem = f64>;
    /// Vectors of `i32`.
    type I32: Simd<Elem = i32>;
}

/// A piece of work that is compiled for every [`Isa`].
///
/// `run` and everything hot that it calls must be `#[inline(always)]`: what is not inlined is compiled once, without
/// the instruction set.
pub(crate) trait Work {
    /// Does the work.
    fn run<S: Set>(self);
}

/// Hands the macro `$then` what there is on this processor's family beside plain Rust:
/// `set, the member of Isa and the type of its vectors, instructions to enable;`
#[cfg(target_arch = "x86_64")]
macro_rules! every_set {
    ($then:ident! $($with:tt)*) => {
        $then! {
            avx2, Avx2, "avx2,fma";
            avx512, Avx512, "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma";
            $($with)*
        }
    };
}
#[cfg(not(target_arch = "x86_64"))]
macro_rules! every_set {
    ($then:ident! $($with:tt)*) => {
        $then! { $($with)* }
    };
}
pub(crate) use every_set;

/// `fn name(isa) -> pointer`: the copies of a kernel that is called through a pointer, one for each instruction set.
///
/// ```text
/// copies! { fn fold[T: Compute, J: Join][T, J](src: *const T, len: usize) = S => sum::<T::On<S>, J>; }
/// ```
///
/// declares `fn fold<T: Compute, J: Join>(isa: Isa) -> unsafe fn(*const T, usize)`. `isa` is one that the processor has.
/// The body, inlined into each copy, gets the arguments and the promises of whoever calls. `else` gives what stands for
/// the copy in plain Rust, where that is not worth its room.
macro_rules! copies {
    (
        $(#[$doc:meta])* fn $name:ident $generics:tt $given:tt $arguments:tt
            = $S:ident => $body:expr $(, else $portable:expr)?;
    ) => {
        $crate::instructions::every_set! { copies!
            [$(#[$doc])*] $name $generics $given $arguments $S [$body] [$($portable)?]
        }
    };
    (
        $($set:ident, $Set:ident, $features:literal;)*
        [$(#[$doc:meta])*] $name:ident [$($generics:tt)*] $given:tt ($($arg:ident: $type:ty),*) $S:ident $body:tt $portable:tt
    ) => {
        copies! {
            @all [$($set, $Set, $features;)*]
            [$(#[$doc])*] $name [$($generics)*] [$($generics)*] $given [unsafe fn($($type),*)] ($($arg: $type),*) $S $body $portable
        }
    };
    (
        @all [$($set:ident, $Set:ident, $features:literal;)*]
        [$(#[$doc:meta])*] $name:ident [$($own:tt)*] $generics:tt $given:tt [$pointer:ty] $arguments:tt $S:ident $body:tt $portable:tt
    ) => {
        $(#[$doc])*
        #[allow(clippy::match_single_binding, reason = "plain Rust alone, on some processors")]
        fn $name<$($own)*>(isa: $crate::isa::Isa) -> $pointer {
            $(copies!(@copy $set, $Set, #[target_feature(enable = $features)] $generics $arguments $S $body);)*
            match isa {
                $($crate::isa::Isa::$Set => copies!(@call $set $given),)*
                _ => copies!(@portable $portable $generics $given $arguments $S $body),
            }
        }
    };
    (@portable [$portable:expr] $($rest:tt)*) => { $portable };
    (@portable [] $generics:tt $given:tt $arguments:tt $S:ident $body:tt) => {{
        copies!(@copy portable, Portable, $generics $arguments $S $body);
        copies!(@call portable $given)
    }};
    (@call $set:ident [$($given:tt)*]) => { $set::<$($given)*> };
    (
        @copy $set:ident, $Set:ident, $(#[$feature:meta])? [$($generics:tt)*] ($($arg:ident: $type:ty),*) $S:ident [$body:expr]
    ) => {
        $(#[$feature])?
        unsafe fn $set<$($generics)*>($($arg: $type),*) {
            type $S = $crate::math::$Set;
            // Safety: the caller's promise; this function enables the instruction set.
            unsafe { $body($($arg),*) }
        }
    };
}
pub(crate) use copies;

macro_rules! dispatch {
    ($($set:ident, $Set:ident, $features:literal;)*) => {
        $(
            #[target_feature(enable = $features)]
            fn $set(work: impl Work) {
                work.run::<crate::math::$Set>();
            }
        )*

        /// Runs the copy of `work` for `isa`, or for the best that the processor has below it.
        #[inline]
        #[allow(clippy::match_single_binding, reason = "as above")]
        pub(crate) fn dispatch(isa: Isa, work: impl Work) {
            match isa.or_below() {
                // Safety: the processor has these instructions.
                $(Isa::$Set => unsafe { $set(work) },)*
                _ => work.run::<crate::math::Portable>(),
            }
        }
    };
}
every_set!(dispatch!);
