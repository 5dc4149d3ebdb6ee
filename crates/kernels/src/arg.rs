//! Where a row's largest or smallest element stands.

use crate::element::Element;
use crate::order::is_nan;
use crate::threads::{Threads, grain, split};

/// Which element is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extreme {
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

/// `y[r] = argmax x[r, :]` or `argmin`, `x` (rows, cols), `y` (rows): the first where several are equal.
///
/// The first NaN of a row wins either way, as in NumPy.
#[derive(Clone, Copy, Debug)]
pub struct ArgExtreme {
    rows: usize,
    cols: usize,
    extreme: Extreme,
}

impl ArgExtreme {
    /// Refuses rows of nothing, which have no largest element.
    pub fn new(rows: usize, cols: usize, extreme: Extreme) -> Result<Self, String> {
        if cols == 0 {
            return Err(format!("argmax: expected at least one element a row, got shape [{rows}, 0]"));
        }
        crate::sizes::indexed("argmax", &[rows, cols], 1)?;
        Ok(ArgExtreme { rows, cols, extreme })
    }

    /// Finds the positions.
    ///
    /// # Panics
    /// When a slice has not the planned length.
    pub fn run<T: Element>(&self, threads: &Threads, x: &[T], y: &mut [i32]) {
        assert_eq!(x.len(), self.rows * self.cols, "argmax: length differs from that planned");
        threads.for_each_part(split(self.rows, grain(self.cols * 1000)), y, 1, |range, part| {
            for (r, y) in range.zip(part) {
                let row = &x[r * self.cols..][..self.cols];
                *y = match self.extreme {
                    Extreme::Max => first(row, |a, b| a > b),
                    Extreme::Min => first(row, |a, b| a < b),
                };
            }
        });
    }
}

/// Elements that are compared side by side.
const LANES: usize = 8;

/// The first element that nothing beats, or the first NaN: its value by vectors, then its place.
#[inline(always)]
fn first<T: Element>(row: &[T], beats: impl Fn(T, T) -> bool) -> i32 {
    let (blocks, rest) = row.as_chunks::<LANES>();
    let (mut best, mut unordered) = ([row[0]; LANES], [false; LANES]);
    for block in blocks {
        for lane in 0..LANES {
            unordered[lane] |= is_nan(block[lane]);
            best[lane] = if beats(block[lane], best[lane]) { block[lane] } else { best[lane] };
        }
    }
    let better = |a, b| if beats(b, a) { b } else { a };
    let top = rest.iter().copied().fold(best.into_iter().reduce(better).unwrap_or(row[0]), better);
    let place = if unordered.contains(&true) || rest.iter().any(|&x| is_nan(x)) {
        row.iter().position(|&x| is_nan(x))
    } else {
        row.iter().position(|&x| x == top)
    };
    place.expect("a row holds its extreme") as i32
}
