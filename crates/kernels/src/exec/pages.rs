//! Pages of their own for large blocks: zero until they are touched, and huge where the system has such.

use memmap2::MmapMut;
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes of a huge page on the processors that we know.
const HUGE: usize = 2 << 20;

/// Blocks begin so many bytes further into their pages than the one before, and again at the start after so many: the
/// same rows of several matrices whose rows are a power of two apart would otherwise share the few sets of a cache.
const SHIFT: usize = 2048;
const SHIFTS: usize = 8;

/// Bytes of freed blocks that are kept at most.
const KEPT: usize = 32 << 20;

/// Pages of freed blocks, the last freed at the end: calls that take and free as much each time find theirs again, and
/// spare the system mapping, clearing and unmapping them.
static LEFT: Mutex<Vec<Pages>> = Mutex::new(Vec::new());

/// A mapping that holds one block.
pub(super) struct Pages {
    map: MmapMut,
    /// Where the block begins in the mapping: at a huge page, where it has such.
    offset: usize,
    /// Bytes that it was made for.
    capacity: usize,
    /// True where all of it is zero.
    fresh: bool,
}

impl Pages {
    /// Pages for `bytes` that hold whatever an earlier block has left.
    pub fn any(bytes: usize) -> io::Result<Pages> {
        take(bytes).map_or_else(|| Pages::new(bytes), Ok)
    }

    /// Pages for `bytes` zeros.
    pub fn zeroed(bytes: usize) -> io::Result<Pages> {
        let mut pages = Pages::any(bytes)?;
        if !pages.fresh {
            pages.map[pages.offset..][..bytes].fill(0);
        }
        Ok(pages)
    }

    fn new(bytes: usize) -> io::Result<Pages> {
        let huge = huge_part(bytes);
        let room = if huge > 0 { HUGE } else { 0 };
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let shift = MADE.fetch_add(1, Ordering::Relaxed) % SHIFTS * SHIFT;
        let map = MmapMut::map_anon(bytes.max(huge) + room + shift)?;
        let start = if huge > 0 { map.as_ptr().align_offset(HUGE) } else { 0 };
        #[cfg(target_os = "linux")]
        if huge > 0 {
            // A system that has none refuses, and small ones do.
            let _ = map.advise_range(memmap2::Advice::HugePage, start, huge);
        }
        Ok(Pages { map, offset: start + shift, capacity: bytes, fresh: true })
    }

    /// The first byte of the block, at the start of a page.
    pub fn start(&mut self) -> NonNull<u8> {
        NonNull::from(&mut self.map[self.offset..]).cast()
    }

    /// Leaves the memory of some bytes to the system: they are zero when they are read again.
    ///
    /// # Safety
    /// They lie in this block, and nobody has them.
    pub unsafe fn give_back(&self, start: NonNull<u8>, bytes: usize) {
        // The largest pages that small ones are on any system.
        const WHOLE: usize = 64 << 10;
        let from = start.addr().get() - self.map.as_ptr().addr();
        let (from, end) = (from.next_multiple_of(WHOLE), (from + bytes) / WHOLE * WHOLE);
        #[cfg(target_os = "linux")]
        if from < end {
            // Where the system refuses, it has them back with the block.
            // Safety: whole pages of this mapping, which nobody reaches.
            let _ = unsafe { self.map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, from, end - from) };
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (from, end);
    }

    /// Leaves the pages to a later block, unless they are too many; the oldest that were left make room.
    pub fn leave(mut self) {
        if self.capacity > KEPT {
            return;
        }
        self.fresh = false;
        let mut left = left();
        left.push(self);
        let mut bytes = 0;
        let newest_first = left.iter().rev().map(|pages| pages.capacity);
        let kept = newest_first.take_while(|capacity| {
            bytes += capacity;
            bytes <= KEPT
        });
        let too_many = left.len() - kept.count();
        let given_back: Vec<Pages> = left.drain(..too_many).collect();
        // Unmapping takes its time, and others wait for the lock.
        drop(left);
        drop(given_back);
    }
}

/// Bytes at the start of a block that are on huge pages: those that it fills, the last one by three quarters at least.
fn huge_part(bytes: usize) -> usize {
    (bytes + HUGE / 4) / HUGE * HUGE
}

/// Pages that were left and that `bytes` fill by four fifths at least.
fn take(bytes: usize) -> Option<Pages> {
    let mut left = left();
    let fits = |pages: &Pages| pages.capacity >= bytes && pages.capacity - bytes <= bytes / 4;
    let at = left.iter().rposition(fits)?;
    Some(left.remove(at))
}

fn left() -> MutexGuard<'static, Vec<Pages>> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{HUGE, KEPT, Pages, SHIFT, SHIFTS, huge_part, left, take};
    use std::collections::BTreeSet;

    #[test]
    fn huge_pages_are_mostly_filled() {
        for (bytes, huge) in [(1, 0), (1 << 20, 0), (3 << 19, 1), (HUGE, 1), (5 << 20, 2), ((5 << 20) + (1 << 19), 3)] {
            assert_eq!(huge_part(bytes), huge * HUGE, "{bytes} bytes");
        }
    }

    #[test]
    fn blocks_begin_on_huge_pages_and_not_all_at_the_same_place() {
        let mut blocks: Vec<Pages> = (0..SHIFTS).map(|_| Pages::new(2 * HUGE + 5).expect("memory")).collect();
        let places: BTreeSet<usize> = blocks.iter_mut().map(|pages| pages.start().addr().get() % HUGE).collect();
        assert!(places.iter().all(|place| place % SHIFT == 0 && *place < SHIFT * SHIFTS), "{places:?}");
        // Other tests take their turns between.
        assert!(places.len() > 1);
    }

    /// One test of the list alone, since all of a process share it.
    #[test]
    fn freed_pages_are_found_again_and_bounded() {
        // A size that no other test has, so that nobody else takes them.
        let bytes = (3 << 20) + 64;
        let mut pages = Pages::new(bytes).expect("memory");
        let start = pages.start();
        pages.leave();
        assert!(take(bytes + 1).is_none(), "too few");
        assert!(take(bytes / 2).is_none(), "far too many");
        assert_eq!(take(bytes - 1000).map(|mut pages| pages.start()), Some(start));

        for _ in 0..2 * KEPT / bytes {
            Pages::new(bytes).expect("memory").leave();
            assert!(left().iter().map(|pages| pages.capacity).sum::<usize>() <= KEPT);
        }
        Pages::new(KEPT + 1).expect("memory").leave();
        assert!(take(KEPT + 1).is_none(), "more than is kept in all");
        assert!(take(bytes).is_some(), "what was left before is still there");
    }
}
