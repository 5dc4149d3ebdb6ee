//! Sorting along rows: values and where they came from, and the best few.

mod parts;

use crate::element::Element;
use crate::order::{ascending, descending};
use crate::threads::{Chunks, Disjoint, Threads, grain, split};
use std::cmp::Ordering;

/// Which end comes first. NaN comes last either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// Compares two positions of a row: by value, then by position, which makes every order a stable one.
#[inline(always)]
fn compare<T: Element>(row: &[T], direction: Direction, a: i32, b: i32) -> Ordering {
    let (x, y) = (row[a as usize], row[b as usize]);
    let by_value = match direction {
        Direction::Ascending => ascending(x, y),
        Direction::Descending => descending(x, y),
    };
    by_value.then(a.cmp(&b))
}

/// Sorts places of a row: once in the code for each type, since a sort is much of it.
#[inline(never)]
fn sort_places<T: Element>(row: &[T], direction: Direction, places: &mut [i32]) {
    places.sort_unstable_by(|a, b| compare(row, direction, *a, *b));
}

/// The most parts of a row: each doubling is one more round of merging, which reads all over the row.
const MOST_PARTS: usize = 8;
/// Rows up to which each is sorted by all threads, where it is long: more keep the threads busy by themselves.
const FEW_ROWS: usize = 4;

/// `indices[r, :]` sorts row `r` of `x`, and `values[r, i] = x[r, indices[r, i]]`; all (rows, cols).
#[derive(Clone, Copy, Debug)]
pub struct Sort {
    rows: usize,
    cols: usize,
    direction: Direction,
}

/// Picoseconds of finding the first `k` of a row.
fn cost(cols: usize, k: usize) -> usize {
    cols * (4000 + 3000 * k.checked_ilog2().unwrap_or(0) as usize)
}

impl Sort {
    /// Refuses rows longer than a 32-bit index reaches.
    pub fn new(rows: usize, cols: usize, direction: Direction) -> Result<Self, String> {
        crate::sizes::indexed("sort", &[rows, cols], 1)?;
        Ok(Sort { rows, cols, direction })
    }

    /// The parts of a row that are sorted at once, where rows are few and long.
    fn parts(&self) -> Option<Chunks> {
        let worth = grain(cost(self.cols, self.cols) / self.cols.max(1));
        let parts = split(self.cols, worth.max(self.cols.div_ceil(MOST_PARTS)));
        (self.rows <= FEW_ROWS && parts.count() > 1).then_some(parts)
    }

    /// Numbers that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        if self.parts().is_some() { self.cols } else { 0 }
    }

    /// Sorts.
    ///
    /// # Panics
    /// When a slice has not rows · cols elements, or the workspace is shorter than planned.
    pub fn run<T: Element>(
        &self,
        threads: &Threads,
        x: &[T],
        values: &mut [T],
        indices: &mut [i32],
        workspace: &mut [i32],
    ) {
        let Sort { rows, cols, direction } = *self;
        let Some(parts) = self.parts() else {
            return TopK { rows, cols, k: cols, direction }.run(threads, x, values, indices);
        };
        assert!([x.len(), values.len(), indices.len()] == [rows * cols; 3], "sort: a length differs from that planned");
        for ((row, values), indices) in x.chunks(cols).zip(values.chunks_mut(cols)).zip(indices.chunks_mut(cols)) {
            parts::sort(threads, parts, (row, direction), indices, &mut workspace[..cols]);
            threads.for_each_part(parts, values, 1, |range, values| {
                values.iter_mut().zip(&indices[range]).for_each(|(value, &i)| *value = row[i as usize]);
            });
        }
    }
}

/// The first `k` of each sorted row: `values` and `indices` (rows, k) of `x` (rows, cols), in order.
#[derive(Clone, Copy, Debug)]
pub struct TopK {
    rows: usize,
    cols: usize,
    k: usize,
    direction: Direction,
}

impl TopK {
    /// Refuses a `k` above the length of a row.
    pub fn new(rows: usize, cols: usize, k: usize, direction: Direction) -> Result<Self, String> {
        if k > cols {
            return Err(format!("topK: expected k of at most {cols}, the length of a row, got {k}"));
        }
        crate::sizes::indexed("topK", &[rows, cols], 1)?;
        Ok(TopK { rows, cols, k, direction })
    }

    /// Finds them.
    ///
    /// # Panics
    /// When a slice has not the planned length.
    pub fn run<T: Element>(&self, threads: &Threads, x: &[T], values: &mut [T], indices: &mut [i32]) {
        assert_eq!(x.len(), self.rows * self.cols, "sort: length of x differs from that planned");
        assert_eq!(values.len(), self.rows * self.k, "sort: length of values differs from that planned");
        let values = Disjoint::new(values);
        let cut = split(self.rows, grain(cost(self.cols, self.k)));
        threads.for_each_part(cut, indices, self.k, |rows, part| {
            // Safety: every task has rows of its own.
            let values = unsafe { values.slice(rows.start * self.k..rows.end * self.k) };
            for (i, r) in rows.enumerate() {
                let (values, part) = (&mut values[i * self.k..][..self.k], &mut part[i * self.k..][..self.k]);
                self.row(&x[r * self.cols..][..self.cols], values, part);
            }
        });
    }

    fn row<T: Element>(&self, row: &[T], values: &mut [T], best: &mut [i32]) {
        for (i, place) in best.iter_mut().enumerate() {
            *place = i as i32;
        }
        let order = |a: &i32, b: &i32| compare(row, self.direction, *a, *b);
        if self.k > 0 && self.k < self.cols {
            keep_best(best, self.k as i32..self.cols as i32, order);
        }
        sort_places(row, self.direction, best);
        for (value, &i) in values.iter_mut().zip(&*best) {
            *value = row[i as usize];
        }
    }
}

/// Puts the best of what `best` holds and of `others` into `best`, as a heap with the worst at the root.
fn keep_best(best: &mut [i32], others: std::ops::Range<i32>, order: impl Fn(&i32, &i32) -> Ordering) {
    for root in (0..best.len() / 2).rev() {
        sink(best, root, &order);
    }
    for other in others {
        if order(&other, &best[0]) == Ordering::Less {
            best[0] = other;
            sink(best, 0, &order);
        }
    }
}

/// Lets `heap[root]` sink below whatever is worse.
fn sink(heap: &mut [i32], mut root: usize, order: &impl Fn(&i32, &i32) -> Ordering) {
    loop {
        let mut child = 2 * root + 1;
        if child >= heap.len() {
            return;
        }
        if child + 1 < heap.len() && order(&heap[child], &heap[child + 1]) == Ordering::Less {
            child += 1;
        }
        if order(&heap[child], &heap[root]) != Ordering::Greater {
            return;
        }
        heap.swap(root, child);
        root = child;
    }
}
