//! How an iteration is cut into tiles and tasks: by shape alone, to sizes that caches and threads like.

use std::ops::Range;

use crate::threads::{grain, split};

/// Bytes of one operand's tile: a few of them share the first-level cache.
pub(super) const TILE_BYTES: usize = 2048;

/// The same where nothing is read twice: enough that beginning a tile takes no time.
pub(super) const LONG_TILE_BYTES: usize = 8 * TILE_BYTES;

/// Bytes of all temporaries of a tile together.
pub(super) const TEMP_BYTES: usize = 36 << 10;

/// Keeps equal elements of neighbouring temporaries apart modulo 4 KiB, where stores would hold up loads.
pub(super) const TEMP_GAP: usize = 128;

/// Most constants, operands and temporaries alive at once.
pub(super) const MAX_SLOTS: usize = 512;

/// What an addition of one element in the cache takes, in picoseconds.
const ADDITION: usize = 100;

/// Rows of `inner` consecutive elements, cut into tiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tiling {
    /// Elements in all.
    pub total: usize,
    /// Elements of a row.
    pub inner: usize,
    /// Tiles of a row where a tile is part of one; 0 where a tile is several whole rows.
    pub per_row: usize,
    /// Elements of a full tile.
    pub len: usize,
}

impl Tiling {
    /// Tiles of at most `cap` elements that are parts of one row each, all about as long.
    pub fn within_rows(total: usize, inner: usize, cap: usize) -> Tiling {
        let per_row = inner.div_ceil(cap);
        let len = inner.div_ceil(per_row).next_multiple_of(16).min(inner);
        Tiling { total, inner, per_row: inner.div_ceil(len), len }
    }

    /// Tiles of whole rows, a multiple of `unit` elements where that many fit in `cap`.
    pub fn of_rows(total: usize, inner: usize, unit: usize, cap: usize) -> Tiling {
        let unit = if unit <= cap { unit } else { inner };
        let len = (cap / unit * unit).min(total);
        Tiling { total, inner, per_row: 0, len }
    }

    /// How many tiles there are.
    pub fn count(&self) -> usize {
        match self.per_row {
            0 => self.total.div_ceil(self.len),
            per_row => self.total / self.inner * per_row,
        }
    }

    /// The elements of tile `t`, counted row-major over the iteration.
    #[inline(always)]
    pub fn range(&self, t: usize) -> Range<usize> {
        match self.per_row {
            0 => t * self.len..((t + 1) * self.len).min(self.total),
            1 => t * self.inner..(t + 1) * self.inner,
            per_row => {
                let (row, part) = (t / per_row, t % per_row);
                let start = part * self.len;
                row * self.inner + start..row * self.inner + (start + self.len).min(self.inner)
            }
        }
    }

    /// The tiles of a range, which is whole rows where there are several.
    pub fn within(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
        let (inner, len) = (if self.per_row > 1 { self.inner } else { usize::MAX }, self.len);
        let mut start = range.start;
        std::iter::from_fn(move || {
            let row_end = (start / inner).saturating_add(1).saturating_mul(inner);
            let tile = start..range.end.min(row_end).min(start + len);
            start = tile.end;
            (!tile.is_empty()).then_some(tile)
        })
    }

    /// Tiles of each task where an element costs `cost` additions and there are to be at most `most` tasks.
    pub fn tiles_per_task(&self, cost: usize, most: usize) -> usize {
        let tasks = split(self.total, grain(cost * ADDITION)).count();
        self.count().div_ceil(tasks.clamp(1, most.max(1))).max(1)
    }
}
