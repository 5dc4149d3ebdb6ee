//! Rows by number: gathering, joining back, and the same along an axis element by element.

use crate::element::Element;
use crate::order::is_nan;
use crate::scan::Accumulate;
use crate::threads::{Disjoint, Threads, grain, split};
use std::fmt;

/// An index outside its axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadIndex {
    /// Which index: its place in the slice of indices.
    pub position: usize,
    /// What it was.
    pub index: i32,
    /// What it must stay below.
    pub limit: usize,
}

impl fmt::Display for BadIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BadIndex { position, index, limit } = self;
        write!(f, "expected indices in [0, {limit}), got {index} (index {position})")
    }
}

impl std::error::Error for BadIndex {}

/// Finds the first index outside `0..limit`.
pub fn check_indices(indices: &[i32], limit: usize) -> Result<(), BadIndex> {
    // One comparison: as unsigned numbers, negative ones begin at 2³¹.
    let end = u32::try_from(limit).unwrap_or(u32::MAX).min(1 << 31);
    let outside = |&index: &i32| index as u32 >= end;
    // Whole blocks without a branch; only a block with a bad index is looked through.
    for (block, part) in indices.chunks(1024).enumerate() {
        if part.iter().fold(false, |bad, index| bad | outside(index)) {
            let at = part.iter().position(outside).expect("the block has a bad index");
            return Err(BadIndex { position: block * 1024 + at, index: part[at], limit });
        }
    }
    Ok(())
}

/// `out[o, i, :] = table[o, indices[i], :]`, `table` (outer, rows, width), `indices` (count), `out` (outer, count, width).
#[derive(Clone, Copy, Debug)]
pub struct GatherRows {
    outer: usize,
    rows: usize,
    width: usize,
    count: usize,
}

impl GatherRows {
    /// Checks the sizes.
    pub fn new(outer: usize, rows: usize, width: usize, count: usize) -> Result<Self, String> {
        crate::sizes::indexed("gather", &[outer, rows, width], 1)?;
        crate::sizes::elements("gather", &[outer, count, width])?;
        Ok(GatherRows { outer, rows, width, count })
    }

    /// Gathers; with an index outside the table it writes nothing and says which.
    ///
    /// # Panics
    /// When a slice has not the planned length.
    pub fn run<T: Element>(
        &self,
        threads: &Threads,
        table: &[T],
        indices: &[i32],
        out: &mut [T],
    ) -> Result<(), BadIndex> {
        self.check("gather", table, indices)?;
        let chunks = split(self.outer * self.count, grain(2000 + 100 * self.width));
        threads.for_each_part(chunks, out, self.width, |range, part| {
            let (mut at, mut part) = (range.start, part);
            while at < range.end {
                let first = at % self.count;
                let indices = &indices[first..(first + range.end - at).min(self.count)];
                let table = &table[at / self.count * self.rows * self.width..][..self.rows * self.width];
                let (now, later) = part.split_at_mut(indices.len() * self.width);
                self.block(table, indices, now);
                (at, part) = (at + indices.len(), later);
            }
        });
        Ok(())
    }

    /// Refuses slices that have not the planned length, and an index outside the table.
    fn check<T>(&self, what: &str, table: &[T], indices: &[i32]) -> Result<(), BadIndex> {
        assert_eq!(table.len(), self.outer * self.rows * self.width, "{what}: table length");
        assert_eq!(indices.len(), self.count, "{what}: index count");
        check_indices(indices, self.rows)
    }

    /// Rows of one outer block.
    fn block<T: Element>(&self, table: &[T], indices: &[i32], out: &mut [T]) {
        let width = self.width;
        if width == 1 {
            out.iter_mut().zip(indices).for_each(|(out, &index)| *out = table[index as usize]);
        } else if width > 1 {
            for (out, &index) in out.chunks_exact_mut(width).zip(indices) {
                out.copy_from_slice(&table[index as usize * width..][..width]);
            }
        }
    }
}

/// `out[o, indices[i], :] = out[o, indices[i], :] ∘ updates[o, i, :]`, shapes as [`GatherRows`], whose gradient its sum is.
///
/// What falls into one row is joined in the order of `i`, on every thread count.
#[derive(Clone, Copy, Debug)]
pub struct ScatterRows {
    shape: GatherRows,
}

/// Columns that a task joins; a cache line of the smallest element at least.
const STRIPE: usize = 64;
/// Narrow tables are cut by rows, and every task reads all indices: more tasks than this would mostly read.
const ROW_TASKS: usize = 8;

impl ScatterRows {
    /// Checks the sizes: `outer`, `rows` and `width` of the table, `count` of indices.
    pub fn new(outer: usize, rows: usize, width: usize, count: usize) -> Result<Self, String> {
        Ok(ScatterRows { shape: GatherRows::new(outer, rows, width, count)? })
    }

    /// `∘` is the sum; with an index outside the table it changes nothing and says which.
    ///
    /// # Panics
    /// When a slice has not the planned length.
    pub fn add<T: Accumulate>(
        &self,
        threads: &Threads,
        updates: &[T],
        indices: &[i32],
        out: &mut [T],
    ) -> Result<(), BadIndex> {
        self.join(threads, (updates, indices, out), T::plus)
    }

    /// `∘` is the larger of two, NaN where there is one; with an index outside the table it changes nothing and says which.
    ///
    /// # Panics
    /// When a slice has not the planned length.
    pub fn max<T: Element>(
        &self,
        threads: &Threads,
        updates: &[T],
        indices: &[i32],
        out: &mut [T],
    ) -> Result<(), BadIndex> {
        self.join(
            threads,
            (updates, indices, out),
            |most, update| if update > most || is_nan(update) { update } else { most },
        )
    }

    fn join<T: Element>(
        &self,
        threads: &Threads,
        (updates, indices, out): (&[T], &[i32], &mut [T]),
        join: impl Fn(T, T) -> T + Sync,
    ) -> Result<(), BadIndex> {
        let GatherRows { outer, width, count, .. } = self.shape;
        assert_eq!(updates.len(), outer * count * width, "scatter: update length");
        self.shape.check("scatter", out, indices)?;
        let out = Disjoint::new(out);
        let job = Scatter { shape: self.shape, updates, indices, out, join };
        if width >= 2 * STRIPE {
            job.by_columns(threads);
        } else {
            job.by_rows(threads);
        }
        Ok(())
    }
}

struct Scatter<'a, T, F> {
    shape: GatherRows,
    updates: &'a [T],
    indices: &'a [i32],
    out: Disjoint<'a, T>,
    join: F,
}

impl<T: Element, F: Fn(T, T) -> T + Sync> Scatter<'_, T, F> {
    /// A task owns some columns of one outer block.
    fn by_columns(&self, threads: &Threads) {
        let GatherRows { outer, rows, width, count } = self.shape;
        let stripes = width.div_ceil(STRIPE);
        threads.for_each_chunk(split(outer * stripes, grain(STRIPE * count * 200)), |_, units| {
            for unit in units {
                let cols = unit % stripes * STRIPE..(unit % stripes * STRIPE + STRIPE).min(width);
                self.part(unit / stripes, 0..rows, cols);
            }
        });
    }

    /// A task owns some rows of one outer block.
    fn by_rows(&self, threads: &Threads) {
        let GatherRows { outer, rows, width, count } = self.shape;
        let parts = split(count, grain(1000 + width * 200)).count().clamp(1, ROW_TASKS);
        let size = rows.div_ceil(parts);
        threads.for_each_chunk(split(outer * parts, grain(count * (500 + width * 200 / parts))), |_, units| {
            for unit in units {
                let start = (unit % parts * size).min(rows);
                self.part(unit / parts, start..(start + size).min(rows), 0..width);
            }
        });
    }

    /// Joins the updates of `rows` and `cols` of outer block `block`, which no other task touches.
    fn part(&self, block: usize, rows: std::ops::Range<usize>, cols: std::ops::Range<usize>) {
        let GatherRows { rows: table_rows, width, count, .. } = self.shape;
        for (i, &index) in self.indices.iter().enumerate() {
            let row = index as usize;
            if rows.contains(&row) {
                let to = (block * table_rows + row) * width;
                let from = (block * count + i) * width;
                // Safety: the rows and columns are this task's own.
                let out = unsafe { self.out.slice(to + cols.start..to + cols.end) };
                for (out, &update) in out.iter_mut().zip(&self.updates[from + cols.start..from + cols.end]) {
                    *out = (self.join)(*out, update);
                }
            }
        }
    }
}

/// `out[o, i, n] = x[o, indices[o, i, n], n]`, `x` (outer, len, inner), `indices` and `out` (outer, count, inner).
#[derive(Clone, Copy, Debug)]
pub struct GatherAxis {
    outer: usize,
    len: usize,
    inner: usize,
    count: usize,
}

impl GatherAxis {
    /// Checks the sizes.
    pub fn new(outer: usize, len: usize, inner: usize, count: usize) -> Result<Self, String> {
        crate::sizes::indexed("gather", &[outer, len, inner], 1)?;
        crate::sizes::elements("gather", &[outer, count, inner])?;
        Ok(GatherAxis { outer, len, inner, count })
    }

    /// Gathers; with an index outside the axis it writes nothing and says which.
    ///
    /// # Panics
    /// When a slice has not the planned length.
    pub fn run<T: Element>(&self, threads: &Threads, x: &[T], indices: &[i32], out: &mut [T]) -> Result<(), BadIndex> {
        assert_eq!(x.len(), self.outer * self.len * self.inner, "gather: input length");
        assert_eq!(indices.len(), out.len(), "gather: index count");
        check_indices(indices, self.len)?;
        let width = self.count * self.inner;
        threads.for_each_part(split(self.outer, grain(1000 * width)), out, width, |blocks, part| {
            for (at, block) in blocks.enumerate() {
                let x = &x[block * self.len * self.inner..][..self.len * self.inner];
                let indices = &indices[block * width..][..width];
                let columns = (0..self.inner).cycle();
                for ((out, &index), n) in part[at * width..][..width].iter_mut().zip(indices).zip(columns) {
                    *out = x[index as usize * self.inner + n];
                }
            }
        });
        Ok(())
    }

    /// The gradient's sum: `out[o, indices[o, i, n], n] += updates[o, i, n]`, in the order of `i`.
    ///
    /// # Panics
    /// When a slice has not the planned length.
    pub fn scatter_add<T: Accumulate>(
        &self,
        threads: &Threads,
        updates: &[T],
        indices: &[i32],
        out: &mut [T],
    ) -> Result<(), BadIndex> {
        let width = self.count * self.inner;
        assert_eq!(updates.len(), self.outer * width, "scatter: update length");
        assert_eq!(indices.len(), updates.len(), "scatter: index count");
        check_indices(indices, self.len)?;
        let block_len = self.len * self.inner;
        threads.for_each_part(split(self.outer, grain(1000 * width)), out, block_len, |blocks, part| {
            for (at, block) in blocks.enumerate() {
                let out = &mut part[at * block_len..][..block_len];
                let indices = &indices[block * width..][..width];
                let columns = (0..self.inner).cycle();
                for ((&update, &index), n) in updates[block * width..].iter().zip(indices).zip(columns) {
                    let to = &mut out[index as usize * self.inner + n];
                    *to = to.plus(update);
                }
            }
        });
        Ok(())
    }
}

/// `out[i, :] = 1 at indices[i], else 0`, `out` (count, depth); an index outside gives a row of zeros, as in Keras.
#[derive(Clone, Copy, Debug)]
pub struct OneHot {
    count: usize,
    depth: usize,
}

impl OneHot {
    /// Checks the sizes.
    pub fn new(count: usize, depth: usize) -> Result<Self, String> {
        crate::sizes::elements("oneHot", &[count, depth])?;
        Ok(OneHot { count, depth })
    }

    /// Writes the rows, with `on` for 1 and `off` for 0.
    ///
    /// # Panics
    /// When a slice has not the planned length.
    pub fn run<T: Element>(&self, threads: &Threads, indices: &[i32], (on, off): (T, T), out: &mut [T]) {
        assert_eq!(indices.len(), self.count, "oneHot: index count");
        threads.for_each_part(split(self.count, grain(1000 + 100 * self.depth)), out, self.depth, |range, part| {
            part.fill(off);
            for (at, &index) in indices[range].iter().enumerate() {
                if index >= 0 && (index as usize) < self.depth {
                    part[at * self.depth + index as usize] = on;
                }
            }
        });
    }
}
