//! Aligned bytes that hold elements of any type: on the heap, where they are many on pages of their own, or a part of such.

use super::pages::Pages;
use crate::element::Element;
use crate::threads::{Threads, grain, split};
use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;
use std::{fmt, io, mem};

/// Cache line and the widest vector: every buffer starts on it.
pub(crate) const ALIGN: usize = Memory::ALIGN;

/// Blocks of this many bytes or more have pages of their own: a heap would clear them at once, and holes between them
/// would make it grow.
const LARGE: usize = if cfg!(miri) { 1 << 12 } else { 1 << 20 };

/// What a byte takes to copy.
const PICOSECONDS_COPIED: usize = 100;

/// Memory that the system does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    /// How many bytes were asked for.
    pub bytes: usize,
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of memory cannot be had", self.bytes)
    }
}

impl std::error::Error for OutOfMemory {}

/// A 64-byte aligned block.
pub struct Memory {
    start: NonNull<u8>,
    bytes: usize,
    home: Home,
}

/// Where a block lies.
enum Home {
    /// On the heap, so many bytes behind the start of what was allocated.
    Heap { shift: usize },
    /// On pages of its own.
    Pages(Pages),
    /// In a larger block that was cut into parts, of which nobody has another one with these bytes.
    Part(Arc<Memory>),
    /// Nowhere any more.
    Gone,
}

// Safety: the bytes are owned, and reached only through `&self` and `&mut self`; a block that was cut is reached by its
// parts alone, which share no byte.
unsafe impl Send for Memory {}
// Safety: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// Every block starts at a multiple of so many bytes.
    pub const ALIGN: usize = 64;

    /// A block of `bytes` zeros.
    ///
    /// # Errors
    /// Where the system has not so many.
    pub fn try_zeroed(bytes: usize) -> Result<Memory, OutOfMemory> {
        if bytes >= LARGE {
            return Memory::of_pages(Pages::zeroed, bytes);
        }
        // Safety: the layout's size is not 0.
        Memory::of_heap(unsafe { alloc_zeroed(layout(bytes)) }, bytes)
    }

    /// A block of `bytes` whatever they are: zeros, or what an earlier block has left.
    ///
    /// # Errors
    /// Where the system has not so many.
    pub fn try_any(bytes: usize) -> Result<Memory, OutOfMemory> {
        if bytes >= LARGE { Memory::uninitialised(bytes) } else { Memory::try_zeroed(bytes) }
    }

    /// A block that holds a copy of `values`.
    ///
    /// # Errors
    /// Where the system has no room for them.
    pub fn try_from_slice<T: Element>(values: &[T]) -> Result<Memory, OutOfMemory> {
        let memory = Memory::uninitialised(size_of_val(values))?;
        // Safety: the block is new and holds `bytes`, all of which are written before anybody reads them.
        unsafe { memory.start.as_ptr().copy_from_nonoverlapping(values.as_ptr().cast(), memory.bytes) };
        Ok(memory)
    }

    /// A block that holds the same.
    ///
    /// # Errors
    /// Where the system has no room for another.
    pub fn try_clone(&self) -> Result<Memory, OutOfMemory> {
        Memory::try_from_slice::<u8>(self.as_slice())
    }

    /// As [`Memory::try_clone`], by all threads where there is much to copy.
    ///
    /// # Errors
    /// Where the system has no room for another.
    pub fn try_clone_by(&self, threads: &Threads) -> Result<Memory, OutOfMemory> {
        let copy = Memory::uninitialised(self.bytes)?;
        threads.for_each_chunk(split(self.bytes, grain(PICOSECONDS_COPIED)), |_, Range { start, end }| {
            // Safety: chunks lie in both blocks and do not overlap; nobody reads the new one before all are written.
            unsafe { copy.address().add(start).copy_from_nonoverlapping(self.address().add(start), end - start) };
        });
        Ok(copy)
    }

    /// As [`Memory::try_zeroed`], for blocks that are small.
    ///
    /// # Panics
    /// Where the system has not so many bytes.
    pub fn zeroed(bytes: usize) -> Memory {
        Memory::try_zeroed(bytes).expect("room for a small block")
    }

    /// As [`Memory::try_from_slice`], for blocks that are small.
    ///
    /// # Panics
    /// Where the system has no room for them.
    pub fn from_slice<T: Element>(values: &[T]) -> Memory {
        Memory::try_from_slice(values).expect("room for a small block")
    }

    fn uninitialised(bytes: usize) -> Result<Memory, OutOfMemory> {
        if bytes >= LARGE {
            return Memory::of_pages(Pages::any, bytes);
        }
        // Safety: the layout's size is not 0.
        Memory::of_heap(unsafe { alloc(layout(bytes)) }, bytes)
    }

    fn of_heap(block: *mut u8, bytes: usize) -> Result<Memory, OutOfMemory> {
        let block = NonNull::new(block).ok_or(OutOfMemory { bytes })?;
        let shift = block.as_ptr().align_offset(ALIGN);
        // Safety: the block has room to begin at a multiple of `ALIGN`.
        Ok(Memory { start: unsafe { block.add(shift) }, bytes, home: Home::Heap { shift } })
    }

    fn of_pages(pages: impl FnOnce(usize) -> io::Result<Pages>, bytes: usize) -> Result<Memory, OutOfMemory> {
        // Past this there are no addresses, and sums with it could wrap.
        let possible = bytes <= isize::MAX as usize / 2;
        let pages = possible.then(|| pages(bytes).ok()).flatten();
        let mut pages = pages.ok_or(OutOfMemory { bytes })?;
        Ok(Memory { start: pages.start(), bytes, home: Home::Pages(pages) })
    }

    /// Cuts it into blocks of their own, without a copy: each has the bytes of one of `parts`, and what lies between them
    /// is lost. The memory of a part is free as soon as that is dropped, the rest with the last one.
    ///
    /// # Panics
    /// Where parts are not in order, share bytes, reach past the end, or begin at no multiple of [`Memory::ALIGN`].
    pub fn split(self, parts: &[Range<usize>]) -> Vec<Memory> {
        let ends = [0].into_iter().chain(parts.iter().map(|part| part.end));
        for (Range { start, end }, before) in parts.iter().zip(ends) {
            let apart = before <= *start && start <= end && *end <= self.bytes;
            assert!(apart && start.is_multiple_of(ALIGN), "{start}..{end} behind {before} of {} bytes", self.bytes);
        }
        let whole = Arc::new(self);
        let part = |Range { start, end }: &Range<usize>| Memory {
            // Safety: inside the block, as was just checked.
            start: unsafe { whole.start.add(*start) },
            bytes: end - start,
            home: Home::Part(whole.clone()),
        };
        parts.iter().map(part).collect()
    }

    /// Leaves the memory of some bytes to the system, as far as they fill pages.
    ///
    /// # Safety
    /// They lie in this block, and nobody has them.
    unsafe fn give_back(&self, start: NonNull<u8>, bytes: usize) {
        match &self.home {
            // Safety: as here.
            Home::Pages(pages) => unsafe { pages.give_back(start, bytes) },
            // Safety: as here.
            Home::Part(whole) => unsafe { whole.give_back(start, bytes) },
            Home::Heap { .. } | Home::Gone => {}
        }
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

impl Drop for Memory {
    fn drop(&mut self) {
        match mem::replace(&mut self.home, Home::Gone) {
            Home::Pages(pages) => pages.leave(),
            // Safety: allocated with the same layout, `shift` bytes before the start.
            Home::Heap { shift } => unsafe { dealloc(self.start.as_ptr().sub(shift), layout(self.bytes)) },
            // Safety: no other part has these bytes, and nobody reaches this one any more.
            Home::Part(whole) => unsafe { whole.give_back(self.start, self.bytes) },
            Home::Gone => {}
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    use super::{ALIGN, LARGE, Memory, OutOfMemory};
    use crate::threads::Threads;
    use std::ops::Range;

    /// A list of one range, written as such, looks like a mistake.
    const fn one(start: usize, end: usize) -> Range<usize> {
        start..end
    }

    const SIZES: [usize; 7] = [0, 1, 100, LARGE - 1, LARGE, 2 * LARGE + 1, 7 * LARGE - 3];

    #[test]
    fn blocks_are_aligned_zeros_whoever_had_their_memory_before() {
        for bytes in SIZES {
            for _ in 0..3 {
                let mut memory = Memory::zeroed(bytes);
                assert_eq!((memory.len(), memory.as_slice::<u8>().len()), (bytes, bytes));
                assert!(memory.address().addr().is_multiple_of(ALIGN), "{bytes} bytes are aligned");
                assert!(memory.as_slice::<u8>().iter().all(|&byte| byte == 0), "{bytes} bytes are zero");
                memory.as_mut_slice::<u8>().fill(0xa5);
            }
        }
    }

    #[test]
    fn copies_hold_the_same_and_share_nothing() {
        for bytes in SIZES {
            let values: Vec<u8> = (0..bytes).map(|i| (i % 251) as u8).collect();
            let memory = Memory::from_slice(&values);
            for mut other in [memory.try_clone().unwrap(), memory.try_clone_by(&Threads::new(3)).unwrap()] {
                assert!(other.as_slice::<u8>() == values, "{bytes} bytes");
                other.as_mut_slice::<u8>().fill(0xa5);
                assert!(memory.as_slice::<u8>() == values, "{bytes} bytes beside a changed copy");
            }
        }
    }

    #[test]
    fn parts_hold_what_the_block_held_and_share_nothing() {
        for bytes in [1000, LARGE - 1, LARGE, 7 * LARGE - 3] {
            let values: Vec<u8> = (0..bytes).map(|i| (i % 251) as u8).collect();
            let cuts =
                [0..1, 64..64, 64..bytes / 2, (bytes / 2).next_multiple_of(ALIGN).min(bytes / ALIGN * ALIGN)..bytes];
            let mut parts = Memory::from_slice(&values).split(&cuts);
            parts[2].as_mut_slice::<u8>().fill(0xa5);
            let [first, _, _, last] = &parts[..] else { panic!("four parts") };
            assert!(first.as_slice::<u8>() == &values[cuts[0].clone()], "{bytes} bytes");
            assert!(last.as_slice::<u8>() == &values[cuts[3].clone()], "{bytes} bytes");
            // What a part leaves to the system takes nothing from the others, whichever goes first.
            let last = parts.pop().unwrap();
            drop(parts);
            assert!(last.as_slice::<u8>() == &values[cuts[3].clone()], "{bytes} bytes alone");
            let [inner] = &last.split(&[one(0, 1)])[..] else { panic!("one part") };
            assert_eq!(inner.as_slice::<u8>()[0], values[cuts[3].start]);
        }
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for parts in [vec![0..64, 63..100], vec![64..128, 0..64], vec![one(1, 2)], vec![one(0, 201)]] {
            let cut = std::panic::catch_unwind(|| Memory::zeroed(200).split(&parts).len());
            assert!(cut.is_err(), "{parts:?}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri cannot do without")]
    fn memory_that_cannot_be_had_is_an_error() {
        for bytes in [1 << 60, isize::MAX as usize, usize::MAX] {
            assert_eq!(Memory::try_zeroed(bytes).unwrap_err(), OutOfMemory { bytes });
        }
    }
}
