//! Pooling over windows of pictures, each channel for itself. Padding is no part of a window.

use super::geometry::{Axis, Geometry, Place, place, row};
use crate::element::Float;
use crate::gemm::End;
use crate::isa::Isa;
use crate::math::{Compute, Simd};
use crate::threads::{Threads, grain, split};
use crate::vectors::{self, Vectors, store};
use std::ops::Range;

/// Picoseconds for a number of a window, about.
const NUMBER: usize = 150;

/// The largest number of each window: the first of equals, and the first NaN where there is one.
///
/// Where it lies is found again for the gradient, which is cheaper than storing it.
#[derive(Clone, Copy, Debug)]
pub struct MaxPool {
    geometry: Geometry,
    isa: Isa,
}

/// The mean of each window's numbers, as many as lie inside the picture.
#[derive(Clone, Copy, Debug)]
pub struct AveragePool {
    geometry: Geometry,
    isa: Isa,
}

impl Geometry {
    /// Picoseconds for all windows at a place, about.
    fn pool_cost(&self) -> usize {
        self.taps() * self.channels * NUMBER
    }

    /// Calls `run` with the windows of each task, and their part of `y`.
    fn each_windows<T: Float>(&self, threads: &Threads, y: &mut [T], run: impl Fn(Range<usize>, &mut [T]) + Sync) {
        if !y.is_empty() {
            threads.for_each_part(split(self.windows_len(), grain(self.pool_cost())), y, self.channels, run);
        }
    }

    /// Places of an image of the input.
    fn places(&self) -> usize {
        self.axes.iter().map(|axis| axis.input).product()
    }

    /// Calls `run` with the windows of each image, and its part of `dx`.
    fn each_image<T: Float>(&self, threads: &Threads, dx: &mut [T], run: impl Fn(Range<usize>, &mut [T]) + Sync) {
        let windows = self.axes.iter().map(|axis| axis.output).product::<usize>();
        let len = self.places() * self.channels;
        if len == 0 {
            return;
        }
        threads.for_each_part(split(self.images, grain(windows * self.pool_cost())), dx, len, |images, dx| {
            for (image, dx) in images.zip(dx.chunks_exact_mut(len)) {
                run(image * windows..(image + 1) * windows, dx);
            }
        });
    }

    /// Calls `each` with what of each window lies inside the picture, and the elements of a vector's channels in a row.
    #[inline(always)]
    fn each_vector<V: Simd>(&self, windows: Range<usize>, mut each: impl FnMut(usize, &Inside, Range<usize>)) {
        let wide = &self.axes[2];
        let mut start = windows.start;
        while start < windows.end {
            let first = place(start, self.outputs());
            let line = Inside::of_line(self, &first);
            let end = windows.end.min(start + wide.output - first.at[2]);
            for (window, o) in (start..end).zip(first.at[2]..) {
                let inside = line.at(wide, o);
                for channel in (0..self.channels).step_by(V::LANES) {
                    each(window, &inside, channel..self.channels.min(channel + V::LANES));
                }
            }
            start = end;
        }
    }

    /// Whether windows share places, so that a gradient is a sum.
    fn overlaps(&self) -> bool {
        self.axes.iter().any(|axis| axis.stride < axis.kernel)
    }

    /// Whether each place of the input is in a window.
    fn covers(&self) -> bool {
        self.axes.iter().all(|axis| {
            axis.stride <= axis.kernel
                && axis.output.saturating_sub(1) * axis.stride + axis.kernel >= axis.input + axis.before
        })
    }
}

/// What of a window lies inside the picture: pooling has no window without a number there.
struct Inside {
    /// The first of its numbers.
    number: usize,
    /// The row of the first, and that of the picture's first place.
    row: usize,
    image_row: usize,
    /// How many there are along each axis.
    counts: [usize; 3],
}

impl Inside {
    /// What of the windows of a line lies inside along the outer axes: number and row are those at the line's first place.
    #[inline(always)]
    fn of_line(geometry: &Geometry, window: &Place) -> Inside {
        let [deep, high, wide] = &geometry.axes;
        let (k, l) = (deep.inside(window.at[0]), high.inside(window.at[1]));
        let at = [deep.place(window.at[0], k.start), high.place(window.at[1], l.start), 0];
        Inside {
            number: (k.start * high.kernel + l.start) * wide.kernel,
            row: row(&Place { image: window.image, at }, geometry.inputs()),
            image_row: row(&Place { image: window.image, at: [0; 3] }, geometry.inputs()),
            counts: [k.len(), l.len(), 0],
        }
    }

    /// What of window `o` of the line lies inside.
    #[inline(always)]
    fn at(&self, wide: &Axis, o: usize) -> Inside {
        let m = wide.inside(o);
        let [deep, high, _] = self.counts;
        Inside {
            number: self.number + m.start,
            row: self.row + wide.place(o, m.start),
            image_row: self.image_row,
            counts: [deep, high, m.len()],
        }
    }

    /// How many there are.
    #[inline(always)]
    fn len(&self) -> usize {
        self.counts.iter().product()
    }

    /// Calls `each` with the number and the row of all.
    #[inline(always)]
    fn each(&self, geometry: &Geometry, mut each: impl FnMut(usize, usize)) {
        let [_, high, wide] = &geometry.axes;
        for k in 0..self.counts[0] {
            for l in 0..self.counts[1] {
                let (number, row) = (k * high.kernel + l, k * high.input + l);
                let (number, row) = (self.number + number * wide.kernel, self.row + row * wide.input);
                for m in 0..self.counts[2] {
                    each(number + m, row + m);
                }
            }
        }
    }
}

/// Some channels of a row.
#[inline(always)]
fn load<V: Simd<Elem: Compute>>(_set: V::Set, x: &[V::Elem], row: usize, channels: usize, own: &Range<usize>) -> V {
    let x = &x[row * channels..][own.clone()];
    // Safety: both read only elements of `x`; the set is proven.
    unsafe { if x.len() == V::LANES { V::load(x.as_ptr()) } else { V::load_first(x.as_ptr(), x.len()) } }
}

impl MaxPool {
    /// Plans pooling; the filters, dilations and groups of the geometry do not matter.
    pub fn new(geometry: Geometry, isa: Isa) -> MaxPool {
        MaxPool { geometry, isa }
    }

    /// `y[n, o, c] = max x[n, place(o, k), c]`
    pub fn output<T: Float + Compute>(&self, threads: &Threads, x: &[T], y: &mut [T]) {
        self.geometry.each_windows(threads, y, |windows, y| {
            vectors::run(self.isa, Largest { geometry: &self.geometry, windows, x, y });
        });
    }

    /// `y[n, o, c] = g[n, the place of the window's largest number, c]`
    pub fn taken<T: Float + Compute>(&self, threads: &Threads, x: &[T], g: &[T], y: &mut [T]) {
        self.geometry.each_windows(threads, y, |windows, y| {
            vectors::run(self.isa, Taken { geometry: &self.geometry, windows, x, g, y });
        });
    }

    /// The rows of `dx` at which images begin, and the number of all: what an end is called with.
    pub fn starts(&self) -> Vec<usize> {
        (0..=self.geometry.images).map(|image| image * self.geometry.places()).collect()
    }

    /// `dx[n, i, c] = Σ dy[n, o, c]` over the windows whose largest number is at `i`; each image is handed to `end`, where
    /// there is one
    pub fn input<T: Float + Compute>(
        &self,
        threads: &Threads,
        (x, dy): (&[T], &[T]),
        dx: &mut [T],
        end: Option<&End<'_, T>>,
    ) {
        let geometry = &self.geometry;
        let (overlaps, covers) = (geometry.overlaps(), geometry.covers());
        geometry.each_image(threads, dx, |windows, dx| {
            if overlaps || !covers {
                dx.fill(T::ZERO);
            }
            match overlaps {
                true => vectors::run(self.isa, Put::<T, true> { geometry, windows, x, dy, dx: &mut *dx }),
                false => vectors::run(self.isa, Put::<T, false> { geometry, windows, x, dy, dx: &mut *dx }),
            }
            end.into_iter().for_each(|end| end(dx));
        });
    }
}

/// The largest numbers are the windows'.
struct Largest<'a, T> {
    geometry: &'a Geometry,
    windows: Range<usize>,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Float + Compute> Vectors<T> for Largest<'_, T> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        let Largest { geometry, windows, x, y } = self;
        let (first, channels) = (windows.start, geometry.channels);
        geometry.each_vector::<V>(
            windows,
            #[inline(always)]
            |window, inside, own| {
                let at = (window - first) * channels + own.start;
                store(&mut y[..at + own.len()], at, largest::<V>(set, geometry, inside, x, &own).0);
            },
        );
    }
}

/// What lies at the places of the largest numbers in `g` is the windows'.
struct Taken<'a, T> {
    geometry: &'a Geometry,
    windows: Range<usize>,
    x: &'a [T],
    g: &'a [T],
    y: &'a mut [T],
}

impl<T: Float + Compute> Vectors<T> for Taken<'_, T> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        let Taken { geometry, windows, x, g, y } = self;
        let (first, channels) = (windows.start, geometry.channels);
        geometry.each_vector::<V>(
            windows,
            #[inline(always)]
            |window, inside, own| {
                let number = largest::<V>(set, geometry, inside, x, &own).1;
                let mut taken = V::whole(set, 0);
                inside.each(
                    geometry,
                    #[inline(always)]
                    |k, row| {
                        let here = number.eq(V::whole(set, k as i32));
                        taken = V::select(here, load(set, g, row, channels, &own), taken);
                    },
                );
                let at = (window - first) * channels + own.start;
                store(&mut y[..at + own.len()], at, taken);
            },
        );
    }
}

/// What the windows have goes to the places of the largest numbers of an image: is added there where windows overlap,
/// else is all that is there.
struct Put<'a, T, const OVERLAP: bool> {
    geometry: &'a Geometry,
    windows: Range<usize>,
    x: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Float + Compute, const OVERLAP: bool> Vectors<T> for Put<'_, T, OVERLAP> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        let Put { geometry, windows, x, dy, dx } = self;
        let channels = geometry.channels;
        geometry.each_vector::<V>(
            windows,
            #[inline(always)]
            |window, inside, own| {
                let number = largest::<V>(set, geometry, inside, x, &own).1;
                let dy = load::<V>(set, dy, window, channels, &own);
                inside.each(
                    geometry,
                    #[inline(always)]
                    |k, row| {
                        let row = row - inside.image_row;
                        let mut here = V::select(number.eq(V::whole(set, k as i32)), dy, V::whole(set, 0));
                        if OVERLAP {
                            here = load::<V>(set, dx, row, channels, &own).add(here);
                        }
                        store(&mut dx[..row * channels + own.end], row * channels + own.start, here);
                    },
                );
            },
        );
    }
}

/// The largest numbers of a window in some channels, and which of the window each is.
#[inline(always)]
fn largest<V: Simd<Elem: Compute>>(
    set: V::Set,
    geometry: &Geometry,
    inside: &Inside,
    x: &[V::Elem],
    own: &Range<usize>,
) -> (V, V) {
    let mut best = load::<V>(set, x, inside.row, geometry.channels, own);
    let mut number = V::whole(set, inside.number as i32);
    inside.each(
        geometry,
        #[inline(always)]
        |k, row| {
            let x = load::<V>(set, x, row, geometry.channels, own);
            // Larger, or the first NaN: after it nothing is.
            let better = V::mask_and(V::mask_not(x.le(best)), best.eq(best));
            best = V::select(better, x, best);
            number = V::select(better, V::whole(set, k as i32), number);
        },
    );
    (best, number)
}

impl AveragePool {
    /// Plans pooling; the filters and groups of the geometry do not matter.
    pub fn new(geometry: Geometry, isa: Isa) -> AveragePool {
        AveragePool { geometry, isa }
    }

    /// `y[n, o, c] = Σ x[n, place(o, k), c] / count(o)`
    pub fn output<T: Float + Compute>(&self, threads: &Threads, x: &[T], y: &mut [T]) {
        self.geometry.each_windows(threads, y, |windows, y| {
            vectors::run(self.isa, Mean { geometry: &self.geometry, windows, x, y });
        });
    }

    /// `dx[n, i, c] = Σ dy[n, o, c] / count(o)` over the windows that hold `i`
    pub fn input<T: Float + Compute>(&self, threads: &Threads, dy: &[T], dx: &mut [T]) {
        self.geometry.each_image(threads, dx, |windows, dx| {
            dx.fill(T::ZERO);
            vectors::run(self.isa, MeanInput { geometry: &self.geometry, windows, dy, dx });
        });
    }
}

struct Mean<'a, T> {
    geometry: &'a Geometry,
    windows: Range<usize>,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Float + Compute> Vectors<T> for Mean<'_, T> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        let Mean { geometry, windows, x, y } = self;
        let (first, channels) = (windows.start, geometry.channels);
        geometry.each_vector::<V>(
            windows,
            #[inline(always)]
            |window, inside, own| {
                let mut sum = V::whole(set, 0);
                inside.each(
                    geometry,
                    #[inline(always)]
                    |_, row| sum = sum.add(load(set, x, row, channels, &own)),
                );
                let at = (window - first) * channels + own.start;
                store(&mut y[..at + own.len()], at, sum.mul(share::<V>(set, inside)));
            },
        );
    }
}

struct MeanInput<'a, T> {
    geometry: &'a Geometry,
    windows: Range<usize>,
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Float + Compute> Vectors<T> for MeanInput<'_, T> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        let MeanInput { geometry, windows, dy, dx } = self;
        let channels = geometry.channels;
        geometry.each_vector::<V>(
            windows,
            #[inline(always)]
            |window, inside, own| {
                let part = load::<V>(set, dy, window, channels, &own).mul(share::<V>(set, inside));
                inside.each(
                    geometry,
                    #[inline(always)]
                    |_, row| {
                        let row = row - inside.image_row;
                        let sum = load::<V>(set, dx, row, channels, &own).add(part);
                        store(&mut dx[..row * channels + own.end], row * channels + own.start, sum);
                    },
                );
            },
        );
    }
}

/// One over how many numbers of a window lie inside the picture.
#[inline(always)]
fn share<V: Simd>(set: V::Set, inside: &Inside) -> V {
    V::whole(set, 1).div(V::whole(set, inside.len() as i32))
}
