//! How work is cut: by its size alone, so that every thread count computes the same bits.

use std::ops::Range;

/// Work below this is not worth handing to another thread; a chunk holds at least half of it.
const PICOSECONDS_SERIAL: usize = 20_000_000;
/// More chunks than this only cost claims: enough for an even load on every machine that trains small nets. Like every
/// number of chunks a power of two, so that threads share them evenly.
const MAX_CHUNKS: usize = 64;
/// Chunks of single elements begin on whole cache lines of every element type.
const LINE: usize = 64;

/// The smallest chunk worth a task of its own when one item costs `picoseconds`: `10 µs / picoseconds` items.
///
/// [`split`] with this grain leaves work below 20 µs in one piece.
pub const fn grain(picoseconds: usize) -> usize {
    let cost = if picoseconds == 0 { 1 } else { picoseconds };
    (PICOSECONDS_SERIAL / 2).div_ceil(cost)
}

/// `len` items in chunks of one size, the last one possibly shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunks {
    len: usize,
    size: usize,
}

/// Cuts `len` items into 1, 2, 4, … 64 chunks, as many as hold at least `min_chunk` items each.
///
/// The cut depends on the two numbers only. Chunks of 64 items or more are whole multiples of 64.
pub fn split(len: usize, min_chunk: usize) -> Chunks {
    let count = 1 << (len / min_chunk.max(1)).clamp(1, MAX_CHUNKS).ilog2();
    let even = len.div_ceil(count).max(1);
    let size = if even >= LINE && count > 1 { even.next_multiple_of(LINE) } else { even };
    Chunks { len, size }
}

/// Cuts `len` items into chunks of `size` each, however many these are: where a chunk is to stay in a cache.
pub fn split_into(len: usize, size: usize) -> Chunks {
    Chunks { len, size: size.max(1) }
}

impl Chunks {
    /// How many items all chunks hold.
    pub fn len(self) -> usize {
        self.len
    }

    /// True when there is nothing to do.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// How many items a chunk holds; the last may hold fewer.
    pub fn size(self) -> usize {
        self.size
    }

    /// How many chunks there are: 0 for no items.
    pub fn count(self) -> usize {
        self.len.div_ceil(self.size)
    }

    /// The items of chunk `i`.
    pub fn range(self, i: usize) -> Range<usize> {
        let start = i * self.size;
        start..(start + self.size).min(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_every_item_once_and_hold_the_minimum() {
        for len in [0, 1, 2, 63, 64, 65, 1000, 4096, 10_007, 1 << 20] {
            for min in [0, 1, 3, 64, 1000, 1 << 21] {
                let chunks = split(len, min);
                let mut next = 0;
                for i in 0..chunks.count() {
                    let range = chunks.range(i);
                    assert_eq!(range.start, next);
                    assert!(!range.is_empty());
                    assert!(i + 1 == chunks.count() || range.len() >= min.min(len));
                    next = range.end;
                }
                assert_eq!(next, len);
                assert!(chunks.count() <= MAX_CHUNKS);
            }
        }
    }

    #[test]
    fn work_below_twenty_microseconds_stays_whole() {
        assert_eq!(split(19_999, grain(1000)).count(), 1);
        assert_eq!(split(20_000, grain(1000)).count(), 2);
        assert_eq!(split(79_999, grain(1000)).count(), 4);
        assert_eq!(split(10, grain(0)).count(), 1);
    }
}
