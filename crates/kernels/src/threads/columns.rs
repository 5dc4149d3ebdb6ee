//! The columns of a matrix of bytes, lent to several threads in parts.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

/// A matrix whose columns may be taken in parts of one width, each part once.
pub struct Parts<'a> {
    start: *mut u8,
    rows: usize,
    /// Bytes of a row of one part.
    width: usize,
    count: usize,
    /// A bit for each part that was taken.
    taken: AtomicU64,
    borrow: PhantomData<&'a mut [u8]>,
}

// Safety: it hands out parts, which do not overlap, each to one thread.
unsafe impl Sync for Parts<'_> {}

impl<'a> Parts<'a> {
    /// The most parts.
    pub const MOST: usize = 64;

    /// `count` parts of `all`, which has `rows` rows.
    ///
    /// # Panics
    /// Where rows and parts do not divide the bytes, or there are more parts than [`Parts::MOST`]: bugs of the caller's.
    pub fn new(all: &'a mut [u8], rows: usize, count: usize) -> Parts<'a> {
        let (pieces, len) = (rows * count, all.len());
        assert!(0 < count && count <= Parts::MOST, "1 to {} parts, got {count}", Parts::MOST);
        assert!(len == 0 || (pieces > 0 && len.is_multiple_of(pieces)), "{len} bytes in {pieces} pieces");
        let width = len.checked_div(pieces).unwrap_or(0);
        Parts { start: all.as_mut_ptr(), rows, width, count, taken: AtomicU64::new(0), borrow: PhantomData }
    }

    /// Part `index`.
    ///
    /// # Panics
    /// Where there is none, or it was taken before: bugs of the caller's.
    pub fn take(&self, index: usize) -> Columns<'a> {
        assert!(index < self.count, "part {index} of {}", self.count);
        let before = self.taken.fetch_or(1 << index, Ordering::Relaxed);
        assert_eq!(before >> index & 1, 0, "part {index} is taken twice");
        let Parts { rows, width, .. } = *self;
        let start = self.start.wrapping_add(index * width);
        Columns { start, rows, width, stride: width * self.count, borrow: PhantomData }
    }
}

/// Columns of a matrix that one thread has.
pub struct Columns<'a> {
    start: *mut u8,
    rows: usize,
    width: usize,
    stride: usize,
    borrow: PhantomData<&'a mut [u8]>,
}

impl<'a> Columns<'a> {
    /// Its bytes, where there is but one row.
    ///
    /// # Panics
    /// Where there are more or fewer.
    pub fn into_row(self) -> &'a mut [u8] {
        assert_eq!(self.rows, 1, "one row");
        // Safety: inside of what is borrowed for `'a`, and nobody else has these columns.
        unsafe { std::slice::from_raw_parts_mut(self.place(0), self.width) }
    }

    /// Row `row`.
    pub fn row(&self, row: usize) -> &[u8] {
        // Safety: inside of what is borrowed, and nobody else has these columns.
        unsafe { std::slice::from_raw_parts(self.place(row), self.width) }
    }

    /// Row `row`, to be written.
    pub fn row_mut(&mut self, row: usize) -> &mut [u8] {
        // Safety: as for `row`; `self` is borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.place(row), self.width) }
    }

    /// A row to read and another to write.
    ///
    /// # Panics
    /// Where they are the same.
    pub fn read_and_write(&mut self, read: usize, write: usize) -> (&[u8], &mut [u8]) {
        assert_ne!(read, write, "different rows");
        let (read, write) = (self.place(read), self.place(write));
        // Safety: different rows do not overlap; else as for `row_mut`.
        unsafe { (std::slice::from_raw_parts(read, self.width), std::slice::from_raw_parts_mut(write, self.width)) }
    }

    /// Where row `row` begins.
    fn place(&self, row: usize) -> *mut u8 {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        self.start.wrapping_add(row * self.stride)
    }
}

#[cfg(test)]
mod tests {
    use super::Parts;

    #[test]
    fn parts_are_the_columns_of_the_rows() {
        let mut all = [0u8; 24];
        let parts = Parts::new(&mut all, 4, 3);
        for part in [2, 0, 1] {
            let mut columns = parts.take(part);
            (0..4).for_each(|row| columns.row_mut(row).fill((10 * part + row) as u8));
            let (read, write) = columns.read_and_write(3, 0);
            write.copy_from_slice(read);
        }
        let expected = [3, 3, 13, 13, 23, 23, 1, 1, 11, 11, 21, 21, 2, 2, 12, 12, 22, 22, 3, 3, 13, 13, 23, 23];
        assert_eq!(all, expected);
    }

    #[test]
    #[should_panic(expected = "part 1 is taken twice")]
    fn a_part_is_taken_once() {
        let mut all = [0u8; 4];
        let parts = Parts::new(&mut all, 1, 2);
        let _ = (parts.take(1), parts.take(1));
    }

    #[test]
    fn there_may_be_nothing_in_them() {
        let parts = Parts::new(&mut [], 3, 2);
        assert_eq!(parts.take(0).row(2), []);
        let parts = Parts::new(&mut [], 0, 2);
        parts.take(1);
    }
}
