//! Convolutions with one filter for each channel: nothing to multiply as matrices, so a pass along the channels.

mod each;
mod sweep;

use super::geometry::Geometry;
use crate::element::Float;
use crate::gemm::{Activation, End, finish_rows, in_blocks};
use crate::isa::Isa;
use crate::math::{Compute, Simd};
use crate::threads::{Chunks, Threads, grain, split};
use crate::vectors::{self, Vectors};
use each::{Filter, Sums};
use sweep::Sweep;

/// The most parts of a filter's gradient that are summed apart.
const PARTS: usize = 16;
/// Picoseconds for a multiplication and an addition, about.
const TERM: usize = 40;

/// Filter `j` reads channel `j`.
#[derive(Clone, Debug)]
pub(super) struct Depthwise {
    geometry: Geometry,
    /// Whether lines are handed to an end some at a time.
    by_rows: bool,
    isa: Isa,
    windows: Sweep,
    places: Sweep,
}

impl Depthwise {
    pub fn new(geometry: Geometry, by_rows: bool, isa: Isa) -> Depthwise {
        let (windows, places) = (Sweep::of_windows(&geometry), Sweep::of_places(&geometry));
        Depthwise { geometry, by_rows, isa, windows, places }
    }

    /// The rows of the output at which blocks begin, and the number of all, for numbers of so many bytes.
    pub fn output_starts(&self, size: usize) -> Vec<usize> {
        self.starts(&self.windows, self.geometry.filters * size)
    }

    /// The same of the input.
    pub fn input_starts(&self, size: usize) -> Vec<usize> {
        self.starts(&self.places, self.geometry.channels * size)
    }

    fn starts(&self, sweep: &Sweep, row: usize) -> Vec<usize> {
        let lines = self.parts_of_lines(sweep, row);
        (0..lines.count())
            .map(|part| lines.range(part).start)
            .chain([lines.len()])
            .map(|line| line * sweep.to[2])
            .collect()
    }

    /// `y[n, o, j] = activation(Σ x[n, place(o, k), j] · w[k, j] (+ bias[j]))`
    pub fn output<T: Float + Compute>(
        &self,
        threads: &Threads,
        (x, w, bias): (&[T], &[T], Option<&[T]>),
        activation: Activation,
        y: &mut [T],
        end: Option<&End<'_, T>>,
    ) {
        let (sweep, geometry) = (&self.windows, &self.geometry);
        if y.is_empty() {
            return;
        }
        let lines = self.parts_of_lines(sweep, geometry.filters * size_of::<T>());
        threads.for_each_part(lines, y, sweep.to[2] * geometry.filters, |lines, y| {
            vectors::run(self.isa, Sums { sweep, geometry, lines, from: x, w, to: &mut *y });
            if bias.is_some() || activation != Activation::None {
                vectors::run(self.isa, Finish { y: &mut *y, filters: geometry.filters, bias, activation });
            }
            end.into_iter().for_each(|end| end(y));
        });
    }

    /// `dx[n, i, c] = Σ dy[n, o, c] · w[k, c]` over the windows `o` whose number `k` is at `i`
    pub fn input<T: Float + Compute>(
        &self,
        threads: &Threads,
        (dy, w): (&[T], &[T]),
        dx: &mut [T],
        end: Option<&End<'_, T>>,
    ) {
        let (sweep, geometry) = (&self.places, &self.geometry);
        if dx.is_empty() {
            return;
        }
        let lines = self.parts_of_lines(sweep, geometry.channels * size_of::<T>());
        threads.for_each_part(lines, dx, sweep.to[2] * geometry.channels, |lines, dx| {
            vectors::run(self.isa, Sums { sweep, geometry, lines, from: dy, w, to: &mut *dx });
            end.into_iter().for_each(|end| end(dx));
        });
    }

    /// Elements that [`Self::filter`] needs to work in.
    pub fn filter_workspace(&self) -> usize {
        self.parts() * self.geometry.filter_len()
    }

    /// `dw[k, j] = Σ x[n, place(o, k), j] · dy[n, o, j]`: parts of the lines, then the sum of the parts.
    pub fn filter<T: Float + Compute>(&self, threads: &Threads, x: &[T], dy: &[T], dw: &mut [T], workspace: &mut [T]) {
        let (sweep, geometry) = (&self.windows, &self.geometry);
        let (lines, len, parts) = (self.lines(sweep).len(), geometry.filter_len(), self.parts());
        if len == 0 {
            return;
        }
        let step = lines.div_ceil(parts);
        let sums = &mut workspace[..parts * len];
        threads.for_each_part(split(parts, 1), sums, len, |own, sums| {
            for (part, dw) in own.zip(sums.chunks_exact_mut(len)) {
                let lines = (part * step).min(lines)..((part + 1) * step).min(lines);
                vectors::run(self.isa, Filter { sweep, geometry, lines, x, dy, dw });
            }
        });
        dw.copy_from_slice(&sums[..len]);
        for part in sums[len..].chunks_exact(len) {
            dw.iter_mut().zip(part).for_each(|(sum, &part)| *sum += part);
        }
    }

    /// Into how many parts the lines are cut for the filter's gradient.
    fn parts(&self) -> usize {
        self.lines(&self.windows).count().clamp(1, PARTS)
    }

    /// The lines of all pictures whose rows have so many bytes, cut into tasks, or into blocks for an end.
    fn parts_of_lines(&self, sweep: &Sweep, row: usize) -> Chunks {
        let lines = self.lines(sweep);
        if self.by_rows { in_blocks(lines, sweep.to[2] * row) } else { lines }
    }

    /// The lines of all pictures, cut into tasks.
    fn lines(&self, sweep: &Sweep) -> Chunks {
        let cost = sweep.to[2] * self.geometry.taps() * self.geometry.filters * TERM;
        split(self.geometry.images * sweep.lines(), grain(cost))
    }
}

/// What ends some rows of the output, while they are in the cache.
struct Finish<'a, T> {
    y: &'a mut [T],
    filters: usize,
    bias: Option<&'a [T]>,
    activation: Activation,
}

impl<T: Compute> Vectors<T> for Finish<'_, T> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        finish_rows::<V>(set, self.y, self.filters, self.bias, self.activation);
    }
}
