//! Aligned bytes that hold elements of any type.

use crate::element::Element;
use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// Cache line and the widest vector: every buffer starts on it.
pub(crate) const ALIGN: usize = 64;

/// A 64-byte aligned block.
pub struct Memory {
    start: NonNull<u8>,
    bytes: usize,
}

// Safety: the block is owned, and reached only through `&self` and `&mut self`.
unsafe impl Send for Memory {}
// Safety: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// A block of `bytes` zeros.
    pub fn zeroed(bytes: usize) -> Memory {
        let layout = layout(bytes);
        // Safety: the layout's size is not 0.
        let start = unsafe { alloc_zeroed(layout) };
        Memory { start: NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout)), bytes }
    }

    /// A block that holds a copy of `values`.
    pub fn from_slice<T: Element>(values: &[T]) -> Memory {
        let bytes = size_of_val(values);
        let layout = layout(bytes);
        // Safety: the layout's size is not 0.
        let start = unsafe { alloc(layout) };
        let start = NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout));
        // Safety: the block is new and holds `bytes`, all of which are written before anybody reads them.
        unsafe { start.as_ptr().copy_from_nonoverlapping(values.as_ptr().cast(), bytes) };
        Memory { start, bytes }
    }

    /// Its size in bytes.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// True where it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Its elements.
    pub fn as_slice<T: Element>(&self) -> &[T] {
        // Safety: aligned for every `T`, initialised, every bit pattern is a valid `T`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), self.bytes / size_of::<T>()) }
    }

    /// Its elements, to be written.
    pub fn as_mut_slice<T: Element>(&mut self) -> &mut [T] {
        // Safety: as `as_slice`, and borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.bytes / size_of::<T>()) }
    }

    pub(crate) fn address(&self) -> *mut u8 {
        self.start.as_ptr()
    }
}

impl Clone for Memory {
    fn clone(&self) -> Memory {
        Memory::from_slice::<u8>(self.as_slice())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // Safety: allocated with the same layout.
        unsafe { dealloc(self.start.as_ptr(), layout(self.bytes)) }
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memory({} bytes)", self.bytes)
    }
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes.max(1).next_multiple_of(ALIGN), ALIGN).expect("a size that fits the address space")
}
