//! A program run over pieces of its iteration that come in any order, from any thread: what follows a product, over each
//! part of it while that is in the cache.

use super::places::Places;
use super::program::Map;
use super::run::Part;
use super::sweep::MapType;
use std::ops::Range;

/// Elements `first + i·pitch … first + i·pitch + len` for `i < count`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub first: usize,
    pub len: usize,
    pub pitch: usize,
    pub count: usize,
    /// Pieces of one unit come one after the other, in an order that the shape gives.
    pub unit: usize,
}

impl Piece {
    /// Some rows and columns of a matrix of `width` columns; whole rows are one stretch.
    pub fn of(rows: &Range<usize>, cols: &Range<usize>, width: usize, unit: usize) -> Piece {
        let first = rows.start * width + cols.start;
        if cols.len() == width {
            Piece { first, len: rows.len() * width, pitch: 0, count: 1, unit }
        } else {
            Piece { first, len: cols.len(), pitch: width, count: rows.len(), unit }
        }
    }
}

impl<T: MapType> Map<T> {
    /// Whether an element of the results depends on the same element of the inputs, and on numbers that do not change
    /// during a run, alone.
    pub(crate) fn is_pointwise(&self) -> bool {
        let copied = self.gathers.len() + self.patterns.len() + self.groups.len() + self.rows.len();
        copied == 0 && self.moving.iter().all(|moving| moving.strides.is_none())
    }

    /// Whether any pieces will do: nothing is joined along a row, which may be cut anywhere.
    pub(crate) fn takes_pieces(&self) -> bool {
        self.groups.is_empty()
    }

    /// Bytes that a run over pieces of so many units needs.
    pub(crate) fn pieces_workspace(&self, units: usize) -> usize {
        let cells = (self.cells * size_of::<T>()).next_multiple_of(64);
        cells + units * self.task_bytes
    }

    /// What comes before the first piece of a run.
    ///
    /// # Safety
    /// As [`run`](Map::run) by one list of addresses: the workspace, aligned to 64 bytes, with
    /// [`pieces_workspace`](Map::pieces_workspace) bytes, then the inputs, then the outputs.
    pub(crate) unsafe fn begin_pieces(&self, at: &[*mut u8], units: usize) {
        let memory = &self.places(at);
        // Safety: the caller's promise.
        unsafe {
            if !self.once.is_empty() || self.scalars.iter().any(|scalar| scalar.fill.is_some()) {
                self.call(memory, Part::Once);
            }
            for unit in 0..if self.rows.is_empty() { 0 } else { units } {
                let own = self.task_memory(memory, unit);
                self.rows.iter().for_each(|rows| rows.begin(own));
            }
        }
    }

    /// One piece of a run that was [begun](Map::begin_pieces). Element `i` of an input is the `i`th from its pointer, which
    /// may be outside its memory for elements that are not in the piece.
    ///
    /// # Safety
    /// As [`begin_pieces`](Map::begin_pieces), for these elements; nobody else has them, nor the unit at the same time.
    #[inline]
    pub(crate) unsafe fn take_piece(&self, at: &[*mut u8], piece: &Piece) {
        // Safety: the caller's promise.
        unsafe { self.call(&self.places(at), Part::Piece(piece)) };
    }

    /// Joins what the units have reduced, and writes it.
    ///
    /// # Safety
    /// As [`begin_pieces`](Map::begin_pieces), with the same units; every piece has been taken.
    pub(crate) unsafe fn finish_pieces(&self, at: &[*mut u8], units: usize) {
        if self.rows.is_empty() {
            return;
        }
        let memory = &self.places(at);
        // Safety: the caller's promise.
        unsafe {
            for unit in 0..units {
                let own = self.task_memory(memory, unit);
                self.rows.iter().for_each(|rows| rows.close_or_empty(own));
            }
            let first = self.task_memory(memory, 0);
            self.rows.iter().for_each(|rows| rows.finish(units, first, self.task_bytes, memory.outputs()));
        }
    }

    /// # Safety
    /// The table is filled, the rest is as in [`take_piece`](Map::take_piece).
    pub(super) unsafe fn run_piece(&self, memory: &Places<'_>, slots: *mut *mut T, piece: &Piece) {
        let deferred = self.deferred(memory);
        // Safety: the caller's promise.
        unsafe {
            let own = self.task_memory(memory, piece.unit);
            for pattern in &self.patterns {
                self.repeat(pattern, memory, *slots.add(pattern.slot));
            }
            for row in 0..piece.count {
                let start = piece.first + row * piece.pitch;
                self.run_stretch(memory, slots, start..start + piece.len, deferred, own);
            }
        }
    }

    /// Consecutive elements, tile by tile; tiles of parts of a row stay within theirs.
    ///
    /// # Safety
    /// As [`run_piece`](Map::run_piece).
    #[inline]
    unsafe fn run_stretch(
        &self,
        memory: &Places<'_>,
        slots: *mut *mut T,
        stretch: Range<usize>,
        deferred: u128,
        own: *mut u8,
    ) {
        let (inner, len) = (self.tiling.inner, self.tiling.len);
        let mut start = stretch.start;
        while start < stretch.end {
            let row_end = if self.tiling.per_row == 0 { usize::MAX } else { (start / inner + 1) * inner };
            let tile = start..stretch.end.min(start + len).min(row_end);
            // Safety: the caller's promise; temporaries have room for a tile.
            unsafe {
                self.run_body(memory, slots, &tile, deferred);
                self.rows.iter().for_each(|rows| rows.tile(slots, tile.start, tile.len(), own));
                self.write_out(memory, slots, &tile, deferred);
            }
            start = tile.end;
        }
    }
}
