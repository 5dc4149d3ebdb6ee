//! Elements of any type into and out of the compute type.

use crate::element::DType;
use crate::for_element;
use crate::isa::Isa;
use crate::math::{Cast, Compute};
use crate::per_isa::{on, per_isa};

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

/// [`convert`] to bytes.
///
/// # Safety
/// As [`Write`].
#[inline(always)]
unsafe fn write<S: Cast, D: Cast>(src: *const S, dst: *mut u8, len: usize) {
    // Safety: the caller's promise.
    unsafe { convert::<S, D>(src, dst.cast(), len) }
}

per_isa! {
    /// [`fill`] for each instruction set: the compiler's vectors make of truth values what they can.
    mod fills: fn<S: Cast, D: Cast>(src: *const u8, rows: Rows, dst: *mut D) = fill::<S, D>
}
per_isa! {
    /// [`write`] for each instruction set.
    mod writes: fn<S: Cast, D: Cast>(src: *const S, dst: *mut u8, len: usize) = write::<S, D>
}

/// The [`Fill`] that reads elements of type `from`.
pub(super) fn reader<T: Compute>(from: DType, isa: Isa) -> Fill<T> {
    for_element!(from, S => on!(isa, fills::<S, T>))
}

/// The [`Write`] that makes elements of type `to`.
pub(super) fn writer<T: Compute>(to: DType, isa: Isa) -> Write<T> {
    for_element!(to, D => on!(isa, writes::<T, D>))
}
