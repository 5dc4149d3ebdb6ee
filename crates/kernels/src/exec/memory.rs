//! Aligned bytes that hold elements of any type: on the heap, or where they are many on pages of their own.

use super::pages::Pages;
use crate::element::Element;
use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// Cache line and the widest vector: every buffer starts on it.
pub(crate) const ALIGN: usize = 64;

/// Blocks of this many bytes or more have pages of their own: a heap would clear them at once, and holes between them
/// would make it grow.
const LARGE: usize = 1 << 20;

/// A 64-byte aligned block.
pub struct Memory {
    start: NonNull<u8>,
    bytes: usize,
    /// Bytes of a small block that come before `start`.
    shift: usize,
    /// The pages of a large block; a small one is on the heap.
    pages: Option<Pages>,
}

// Safety: the block is owned, and reached only through `&self` and `&mut self`.
unsafe impl Send for Memory {}
// Safety: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// A block of `bytes` zeros.
    pub fn zeroed(bytes: usize) -> Memory {
        if bytes >= LARGE {
            return Memory::of_pages(Pages::zeroed(bytes), bytes);
        }
        // Safety: the layout's size is not 0.
        Memory::of_heap(unsafe { alloc_zeroed(layout(bytes)) }, bytes)
    }

    /// A block that holds a copy of `values`.
    pub fn from_slice<T: Element>(values: &[T]) -> Memory {
        // Safety: elements have no padding: all of their bytes are there.
        Memory::from_bytes(unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) })
    }

    /// A block that holds a copy of `bytes`.
    pub fn from_bytes(bytes: &[u8]) -> Memory {
        let memory = Memory::uninitialised(bytes.len());
        // Safety: the block is new and holds `bytes`, all of which are written before anybody reads them.
        unsafe { memory.start.as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), memory.bytes) };
        memory
    }

    fn uninitialised(bytes: usize) -> Memory {
        if bytes >= LARGE {
            return Memory::of_pages(Pages::any(bytes), bytes);
        }
        // Safety: the layout's size is not 0.
        Memory::of_heap(unsafe { alloc(layout(bytes)) }, bytes)
    }

    fn of_heap(block: *mut u8, bytes: usize) -> Memory {
        let Some(block) = NonNull::new(block) else { handle_alloc_error(layout(bytes)) };
        let shift = block.as_ptr().align_offset(ALIGN);
        // Safety: the block has room to begin at a multiple of `ALIGN`.
        Memory { start: unsafe { block.add(shift) }, bytes, shift, pages: None }
    }

    fn of_pages(pages: std::io::Result<Pages>, bytes: usize) -> Memory {
        let mut pages = pages.unwrap_or_else(|_| handle_alloc_error(layout(bytes)));
        Memory { start: pages.start(), bytes, shift: 0, pages: Some(pages) }
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

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        // Safety: initialised, and borrowed with the block.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.bytes) }
    }

    /// Its bytes, to be written.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // Safety: as `bytes`, and borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.bytes) }
    }

    pub(crate) fn address(&self) -> *mut u8 {
        self.start.as_ptr()
    }
}

impl Clone for Memory {
    fn clone(&self) -> Memory {
        Memory::from_bytes(self.bytes())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        match self.pages.take() {
            Some(pages) => pages.leave(),
            // Safety: allocated with the same layout, `shift` bytes before the start.
            None => unsafe { dealloc(self.start.as_ptr().sub(self.shift), layout(self.bytes)) },
        }
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memory({} bytes)", self.bytes)
    }
}

/// Room for `bytes` from a multiple of [`ALIGN`] on. The heap is not asked to align: it would cut a larger block in three,
/// which takes twice as long.
fn layout(bytes: usize) -> Layout {
    const OWN: usize = 16;
    let room = bytes.max(1).next_multiple_of(ALIGN) + ALIGN - OWN;
    Layout::from_size_align(room, OWN).expect("a size that fits the address space")
}

#[cfg(test)]
mod tests {
    use super::{ALIGN, LARGE, Memory};

    const SIZES: [usize; 7] = [0, 1, 100, LARGE - 1, LARGE, 2 * LARGE + 1, 7 * LARGE - 3];

    #[test]
    fn blocks_are_aligned_zeros_whoever_had_their_memory_before() {
        for bytes in SIZES {
            for _ in 0..3 {
                let mut memory = Memory::zeroed(bytes);
                assert_eq!((memory.len(), memory.bytes().len()), (bytes, bytes));
                assert!(memory.address().addr().is_multiple_of(ALIGN), "{bytes} bytes are aligned");
                assert!(memory.bytes().iter().all(|&byte| byte == 0), "{bytes} bytes are zero");
                memory.bytes_mut().fill(0xa5);
            }
        }
    }

    #[test]
    fn copies_hold_the_same_and_share_nothing() {
        for bytes in SIZES {
            let values: Vec<u8> = (0..bytes).map(|i| (i % 251) as u8).collect();
            let memory = Memory::from_bytes(&values);
            let mut other = memory.clone();
            assert!(other.bytes() == values, "{bytes} bytes");
            other.bytes_mut().fill(0xa5);
            assert!(memory.bytes() == values, "{bytes} bytes beside a changed copy");
        }
    }
}
