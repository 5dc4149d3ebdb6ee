//! Elements of any type into and out of the compute type.

use crate::dispatch;
use crate::element::{Cast, DType};
use crate::instructions::copies;
use crate::isa::Isa;
use crate::math::Compute;

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
/// Every element of `src` and `dst` reached is valid.
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
                    (0..rows.len).for_each(|i| dst.add(i).write(value));
                }
                1 => (0..rows.len).for_each(|i| dst.add(i).write((*src.add(i)).cast())),
                step => (0..rows.len).for_each(|i| dst.add(i).write((*src.offset(i as isize * step)).cast())),
            }
        }
    }
}

copies! {
    fn fill_on[S: Cast, D: Cast][S, D](src: *const u8, rows: Rows, dst: *mut D) = _S => fill::<S, D>;
}

/// The [`Fill`] that reads elements of type `from`.
pub(super) fn reader<T: Compute>(isa: Isa, from: DType) -> Fill<T> {
    dispatch!(from, S => fill_on::<S, T>(isa))
}

/// Writes `len` consecutive elements of `src` to `dst`, which holds elements of another type.
///
/// # Safety
/// `src` and `dst` are valid for `len` elements.
pub(super) type Write<T> = unsafe fn(src: *const T, dst: *mut u8, len: usize);

/// # Safety
/// As [`Write`].
#[inline(always)]
unsafe fn write<T: Compute, D: Cast>(src: *const T, dst: *mut u8, len: usize) {
    let dst = dst.cast::<D>();
    // Safety: the caller's promise.
    (0..len).for_each(|i| unsafe { dst.add(i).write((*src.add(i)).cast::<D>()) });
}

copies! {
    fn write_on[T: Compute, D: Cast][T, D](src: *const T, dst: *mut u8, len: usize) = _S => write::<T, D>;
}

/// The [`Write`] that makes elements of type `to`.
pub(super) fn writer<T: Compute>(isa: Isa, to: DType) -> Write<T> {
    dispatch!(to, D => write_on::<T, D>(isa))
}
