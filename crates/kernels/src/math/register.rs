//! What all vectors have, those of matrix products too: numbers from memory, into it, and their products and sums.

use super::set::Set;

/// A vector of [`LANES`](Register::LANES) elements.
///
/// A type of this trait may hold instructions that the processor lacks, so a value is made only by who has the proof that it
/// has them: a [`Set`], or another value. What makes some must be inlined into a function compiled for the instruction set.
///
/// # Safety
/// A value that is not plain Rust is made by nothing but a [`Set`], a value and unsafe functions.
pub unsafe trait Register: Copy {
    /// The element type.
    type Elem: Copy;
    /// Proof that the instruction set is here.
    type Set: Set;
    /// Elements per vector; at most 16.
    const LANES: usize;

    /// Reads `LANES` elements; no alignment is asked for.
    ///
    /// # Safety
    /// The instruction set is here, and `from` is valid for reads of `LANES` elements.
    unsafe fn load(from: *const Self::Elem) -> Self;
    /// Writes `LANES` elements; no alignment is asked for.
    ///
    /// # Safety
    /// `to` is valid for writes of `LANES` elements.
    unsafe fn store(self, to: *mut Self::Elem);
    /// The same element in every lane.
    fn splat(set: Self::Set, value: Self::Elem) -> Self;

    /// The proof that a value is.
    #[inline(always)]
    fn set(self) -> Self::Set {
        // Safety: there are values only where the instruction set is.
        unsafe { Self::Set::assume() }
    }
    /// A vector as this one with the same element in every lane.
    #[inline(always)]
    fn filled(self, value: Self::Elem) -> Self {
        Self::splat(self.set(), value)
    }

    /// `self · b`
    fn mul(self, b: Self) -> Self;
    /// `self · b + c`, rounded once where the processor can.
    fn mul_add(self, b: Self, c: Self) -> Self;
}

/// [`Register`] for a type that holds a register of a processor, by intrinsics.
///
/// `fma` multiplies its first two operands and adds the third.
macro_rules! register {
    (
        $name:ident, $element:ty, set $set:ident, lanes $lanes:literal, splat $splat:ident, load $load:ident, store $store:ident,
        fma $fma:ident, mul $mul:ident
    ) => {
        // Safety: each method is the intrinsic that its name says; registers cannot be made by safe code that is not compiled
        // for them.
        unsafe impl $crate::math::Register for $name {
            type Elem = $element;
            type Set = $set;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn load(from: *const $element) -> Self {
                // Safety: the caller's promise.
                $name(unsafe { $load(from) })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $element) {
                // Safety: the caller's promise.
                unsafe { $store(to, self.0) }
            }
            #[inline(always)]
            fn splat(_set: $set, value: $element) -> Self {
                // Safety: the caller has the proof.
                $name(unsafe { $splat(value) })
            }
            #[inline(always)]
            fn mul(self, b: Self) -> Self {
                // Safety: a value is a proof.
                $name(unsafe { $mul(self.0, b.0) })
            }
            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                // Safety: a value is a proof.
                $name(unsafe { $fma(self.0, b.0, c.0) })
            }
        }
    };
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) use register;
