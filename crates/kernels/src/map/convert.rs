//! Elements of any type into and out of the compute type.

use crate::element::DType;
use crate::isa::Isa;
use crate::math::{Cast, Compute};

/// Rows of an operand, in elements of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    pub count: usize,
    /// From one row to the next.
    pub stride: isize,
    pub len: usize,
    /// From one element of a row to the next.
    pub step: isize,
}

/// Copies rows to consecutive places of `dst`, converting.
///
/// # Safety
/// Every element of `src` and `dst` reached is valid, and the instruction set exists.
pub(super) type Fill<T> = unsafe fn(src: *const u8, rows: Rows, dst: *mut T);

/// # Safety
/// As [`Fill`].
#[inline(always)]
unsafe fn fill<S: Cast, D: Cast>(src: *const u8, rows: Rows, dst: *mut D) {
    for r in 0..rows.count {
        // Safety: the caller's promise.
        unsafe {
            let src = src.cast::<S>().offset(r as isize * rows.stride);
            let dst = dst.add(r * rows.len);
            match rows.step {
                0 => {
                    let value = (*src).cast::<D>();
                    for i in 0..rows.len {
                        dst.add(i).write(value);
                    }
                }
                1 => convert(src, dst, rows.len),
                step => {
                    for i in 0..rows.len {
                        dst.add(i).write((*src.offset(i as isize * step)).cast());
                    }
                }
            }
        }
    }
}

/// `dst[i] = src[i]`
///
/// # Safety
/// Both are valid for `len` elements, and do not overlap.
#[inline(always)]
unsafe fn convert<S: Cast, D: Cast>(src: *const S, dst: *mut D, len: usize) {
    for i in 0..len {
        // Safety: the caller's promise.
        unsafe { dst.add(i).write((*src.add(i)).cast()) };
    }
}

/// Writes `len` consecutive elements of `src` to `dst`, which holds elements of another type.
///
/// # Safety
/// `src` and `dst` are valid for `len` elements, and the instruction set exists.
pub(super) type Write<T> = unsafe fn(src: *const T, dst: *mut u8, len: usize);

/// Both compiled for an instruction set: the compiler's vectors make of truth values what they can.
macro_rules! compiled {
    ($(#[$attribute:meta])* $isa:ident) => {
        mod $isa {
            use super::*;

            /// # Safety
            /// As [`Fill`].
            $(#[$attribute])*
            pub unsafe fn fill<S: Cast, D: Cast>(src: *const u8, rows: Rows, dst: *mut D) {
                // Safety: the caller's promise.
                unsafe { super::fill::<S, D>(src, rows, dst) }
            }

            /// # Safety
            /// As [`Write`].
            $(#[$attribute])*
            pub unsafe fn write<S: Cast, D: Cast>(src: *const S, dst: *mut u8, len: usize) {
                // Safety: the caller's promise.
                unsafe { super::convert::<S, D>(src, dst.cast(), len) }
            }
        }
    };
}
compiled!(portable);
#[cfg(target_arch = "x86_64")]
compiled!(
    #[target_feature(enable = "avx2,fma")]
    avx2
);
#[cfg(target_arch = "x86_64")]
compiled!(
    #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
    avx512
);

/// The functions of a type for each instruction set.
macro_rules! on {
    ($isa:ident, $function:ident::<$from:ty, $to:ty>) => {
        match $isa {
            Isa::Portable => portable::$function::<$from, $to>,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2::$function::<$from, $to>,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => avx512::$function::<$from, $to>,
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 | Isa::Avx512 => portable::$function::<$from, $to>,
        }
    };
}

/// The [`Fill`] that reads elements of type `from`.
pub(super) fn reader<T: Compute>(from: DType, isa: Isa) -> Fill<T> {
    match from {
        DType::F32 => on!(isa, fill::<f32, T>),
        DType::F64 => on!(isa, fill::<f64, T>),
        DType::I32 => on!(isa, fill::<i32, T>),
        DType::Bool => on!(isa, fill::<u8, T>),
    }
}

/// The [`Write`] that makes elements of type `to`.
pub(super) fn writer<T: Compute>(to: DType, isa: Isa) -> Write<T> {
    match to {
        DType::F32 => on!(isa, write::<T, f32>),
        DType::F64 => on!(isa, write::<T, f64>),
        DType::I32 => on!(isa, write::<T, i32>),
        DType::Bool => on!(isa, write::<T, u8>),
    }
}
