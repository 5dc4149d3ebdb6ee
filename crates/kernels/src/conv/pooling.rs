//! Pooling over windows of pictures, each channel for itself. Padding is no part of a window.

use super::geometry::{Axis, Geometry, Place, place, row};
use crate::compiled::{self, Compiled};
use crate::element::Float;
use crate::isa::Isa;
use crate::order::is_nan;
use crate::threads::{Threads, grain, split};
use std::ops::Range;

/// Channels that are compared side by side.
const LANES: usize = 64;
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

    /// Calls `run` with the windows of each image, and its part of `dx`.
    fn each_image<T: Float>(&self, threads: &Threads, dx: &mut [T], run: impl Fn(Range<usize>, &mut [T]) + Sync) {
        let windows = self.axes.iter().map(|axis| axis.output).product::<usize>();
        let places = self.axes.iter().map(|axis| axis.input).product::<usize>();
        let len = places * self.channels;
        if len == 0 {
            return;
        }
        threads.for_each_part(split(self.images, grain(windows * self.pool_cost())), dx, len, |images, dx| {
            for (image, dx) in images.zip(dx.chunks_exact_mut(len)) {
                run(image * windows..(image + 1) * windows, dx);
            }
        });
    }
}

impl MaxPool {
    /// Plans pooling; the filters, dilations and groups of the geometry do not matter.
    pub fn new(geometry: Geometry, isa: Isa) -> MaxPool {
        MaxPool { geometry, isa }
    }

    /// `y[n, o, c] = max x[n, place(o, k), c]`
    pub fn output<T: Float>(&self, threads: &Threads, x: &[T], y: &mut [T]) {
        self.geometry.each_windows(threads, y, |windows, y| {
            compiled::run(self.isa, Largest { pool: self, windows, x, then: Then::Take { from: x, y } });
        });
    }

    /// `y[n, o, c] = g[n, the place of the window's largest number, c]`
    pub fn taken<T: Float>(&self, threads: &Threads, x: &[T], g: &[T], y: &mut [T]) {
        self.geometry.each_windows(threads, y, |windows, y| {
            compiled::run(self.isa, Largest { pool: self, windows, x, then: Then::Take { from: g, y } });
        });
    }

    /// `dx[n, i, c] = Σ dy[n, o, c]` over the windows whose largest number is at `i`
    pub fn input<T: Float>(&self, threads: &Threads, x: &[T], dy: &[T], dx: &mut [T]) {
        self.geometry.each_image(threads, dx, |windows, dx| {
            dx.fill(T::ZERO);
            compiled::run(self.isa, Largest { pool: self, windows, x, then: Then::Put { dy, dx } });
        });
    }
}

/// What is done with the places of the largest numbers.
enum Then<'a, T> {
    /// What lies there goes to the windows.
    Take { from: &'a [T], y: &'a mut [T] },
    /// What the windows have is added there, in an image.
    Put { dy: &'a [T], dx: &'a mut [T] },
}

struct Largest<'a, T> {
    pool: &'a MaxPool,
    windows: Range<usize>,
    x: &'a [T],
    then: Then<'a, T>,
}

impl<T: Float> Compiled for Largest<'_, T> {
    #[inline(always)]
    fn run(mut self) {
        let (geometry, first) = (&self.pool.geometry, self.windows.start);
        let (channels, places) = (geometry.channels, geometry.inputs().iter().product::<usize>());
        for window in self.windows.clone() {
            let place = place(window, geometry.outputs());
            for start in (0..channels).step_by(LANES) {
                let own = start..channels.min(start + LANES);
                let rows = largest(geometry, &place, self.x, own.clone());
                for (&row, channel) in rows.iter().zip(own) {
                    let at = row as usize * channels + channel;
                    match &mut self.then {
                        Then::Take { from, y } => y[(window - first) * channels + channel] = from[at],
                        Then::Put { dy, dx } => {
                            dx[at - place.image * places * channels] += dy[window * channels + channel];
                        }
                    }
                }
            }
        }
    }
}

/// The rows of `x` at which some channels of a window are largest.
#[inline(always)]
fn largest<T: Float>(geometry: &Geometry, place: &Place, x: &[T], own: Range<usize>) -> [u32; LANES] {
    let (mut best, mut rows) = ([T::NEG_INFINITY; LANES], [u32::MAX; LANES]);
    geometry.window(place, |_, row| {
        let x = &x[row * geometry.channels..][own.clone()];
        for ((&x, best), at) in x.iter().zip(&mut best).zip(&mut rows) {
            // Any number is better than none; NaN is better than any number.
            let better = x > *best || *at == u32::MAX || (is_nan(x) && !is_nan(*best));
            *best = if better { x } else { *best };
            *at = if better { row as u32 } else { *at };
        }
    });
    rows
}

impl AveragePool {
    /// Plans pooling; the filters and groups of the geometry do not matter.
    pub fn new(geometry: Geometry, isa: Isa) -> AveragePool {
        AveragePool { geometry, isa }
    }

    /// `y[n, o, c] = Σ x[n, place(o, k), c] / count(o)`
    pub fn output<T: Float>(&self, threads: &Threads, x: &[T], y: &mut [T]) {
        self.geometry.each_windows(threads, y, |windows, y| {
            compiled::run(self.isa, Mean { pool: self, windows, x, y });
        });
    }

    /// `dx[n, i, c] = Σ dy[n, o, c] / count(o)` over the windows that hold `i`
    pub fn input<T: Float>(&self, threads: &Threads, dy: &[T], dx: &mut [T]) {
        self.geometry.each_image(threads, dx, |windows, dx| {
            compiled::run(self.isa, MeanInput { pool: self, windows, dy, dx });
        });
    }

    /// One over how many numbers of a window lie inside the picture.
    #[inline(always)]
    fn share<T: Float>(&self, place: &Place) -> T {
        let inside = |(axis, &o): (&Axis, &usize)| axis.inside(o).len();
        let count: usize = self.geometry.axes.iter().zip(&place.at).map(inside).product();
        T::ONE / T::from_f64(count as f64)
    }
}

struct Mean<'a, T> {
    pool: &'a AveragePool,
    windows: Range<usize>,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Float> Compiled for Mean<'_, T> {
    #[inline(always)]
    fn run(self) {
        let geometry = &self.pool.geometry;
        let channels = geometry.channels;
        for (window, y) in self.windows.zip(self.y.chunks_exact_mut(channels)) {
            let place = place(window, geometry.outputs());
            y.fill(T::ZERO);
            geometry.window(&place, |_, row| {
                y.iter_mut().zip(&self.x[row * channels..][..channels]).for_each(|(y, &x)| *y += x);
            });
            let share = self.pool.share::<T>(&place);
            y.iter_mut().for_each(|y| *y *= share);
        }
    }
}

struct MeanInput<'a, T> {
    pool: &'a AveragePool,
    windows: Range<usize>,
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Float> Compiled for MeanInput<'_, T> {
    #[inline(always)]
    fn run(self) {
        let geometry = &self.pool.geometry;
        let channels = geometry.channels;
        self.dx.fill(T::ZERO);
        for window in self.windows {
            let place = place(window, geometry.outputs());
            let (share, dy) = (self.pool.share::<T>(&place), &self.dy[window * channels..][..channels]);
            let first = row(&Place { image: place.image, at: [0, 0, 0] }, geometry.inputs());
            geometry.window(&place, |_, row| {
                let dx = &mut self.dx[(row - first) * channels..][..channels];
                dx.iter_mut().zip(dy).for_each(|(dx, &dy)| *dx += dy * share);
            });
        }
    }
}
