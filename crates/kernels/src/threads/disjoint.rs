//! A mutable slice that several tasks write, each its own part.

use std::marker::PhantomData;
use std::ops::Range;

/// A borrowed mutable slice whose parts may be taken from several threads at once.
///
/// The caller promises what the compiler cannot see: that parts alive at the same time do not overlap.
pub struct Disjoint<'a, T> {
    start: *mut T,
    len: usize,
    borrow: PhantomData<&'a mut [T]>,
}

// Safety: it only hands out parts, and `slice` makes the caller answer for their being disjoint.
unsafe impl<T: Send> Send for Disjoint<'_, T> {}
// Safety: as above; a shared `Disjoint` gives exclusive parts, so `T: Send` is what crossing threads needs.
unsafe impl<T: Send> Sync for Disjoint<'_, T> {}

impl<T> Clone for Disjoint<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Disjoint<'_, T> {}

impl<'a, T> Disjoint<'a, T> {
    /// Borrows `slice` for as long as parts of it are handed out.
    pub fn new(slice: &'a mut [T]) -> Self {
        Disjoint { start: slice.as_mut_ptr(), len: slice.len(), borrow: PhantomData }
    }

    /// How many elements the whole has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when the whole has no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where the whole begins: for parts that are not ranges.
    pub fn as_mut_ptr(&self) -> *mut T {
        self.start
    }

    /// The elements of `range`; panics when it reaches past the end.
    ///
    /// # Safety
    /// No other part that is alive at the same time may overlap `range`.
    #[allow(clippy::mut_from_ref, reason = "disjointness is the caller's promise")]
    pub unsafe fn slice(&self, range: Range<usize>) -> &'a mut [T] {
        assert!(range.start <= range.end && range.end <= self.len, "part out of range");
        // Safety: in range of the borrowed slice; the caller promises that nothing else touches it.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.end - range.start) }
    }
}
