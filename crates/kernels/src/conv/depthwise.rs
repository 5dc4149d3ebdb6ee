//! Convolutions whose filters have one channel each: nothing to multiply as matrices, so a pass along the channels.

use super::geometry::{Geometry, Place, place, row};
use crate::compiled::{self, Compiled};
use crate::element::Float;
use crate::isa::Isa;
use crate::threads::{Threads, grain, split};
use std::ops::Range;

/// The most parts of a filter's gradient that are summed apart.
const PARTS: usize = 16;

/// Filter `j` reads channel `j / multiplier`; products and sums are rounded apart, so every instruction set has the same
/// bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depthwise {
    geometry: Geometry,
    multiplier: usize,
    isa: Isa,
}

impl Depthwise {
    pub fn new(geometry: Geometry, isa: Isa) -> Depthwise {
        Depthwise { geometry, multiplier: geometry.own_filters(), isa }
    }

    /// `y[n, o, j] = Σ x[n, place(o, k), j / m] · w[k, j]`
    pub fn output<T: Float>(&self, threads: &Threads, x: &[T], w: &[T], y: &mut [T]) {
        let rows = split(self.geometry.windows_len(), grain(self.cost()));
        threads.for_each_part(rows, y, self.geometry.filters, |rows, y| {
            compiled::run(self.isa, Output { plan: self, rows, x, w, y });
        });
    }

    /// `dx[n, i, c] = Σ dy[n, o, j] · w[k, j]` over the windows `o` whose number `k` is at `i`, and the filters of `c`
    pub fn input<T: Float>(&self, threads: &Threads, dy: &[T], w: &[T], dx: &mut [T]) {
        let places = self.geometry.axes.iter().map(|axis| axis.input).product::<usize>() * self.geometry.images;
        threads.for_each_part(split(places, grain(self.cost())), dx, self.geometry.channels, |rows, dx| {
            compiled::run(self.isa, Input { plan: self, rows, dy, w, dx });
        });
    }

    /// Elements that [`Self::filter`] needs to work in.
    pub fn filter_workspace(&self) -> usize {
        self.parts() * self.geometry.filter_len()
    }

    /// `dw[k, j] = Σ x[n, place(o, k), j / m] · dy[n, o, j]`: parts of the windows, then the sum of the parts.
    pub fn filter<T: Float>(&self, threads: &Threads, x: &[T], dy: &[T], dw: &mut [T], workspace: &mut [T]) {
        let (windows, len, parts) = (self.geometry.windows_len(), self.geometry.filter_len(), self.parts());
        if len == 0 {
            return;
        }
        let step = windows.div_ceil(parts);
        let sums = &mut workspace[..parts * len];
        threads.for_each_part(split(parts, 1), sums, len, |own, sums| {
            for (part, sums) in own.zip(sums.chunks_exact_mut(len)) {
                let rows = (part * step).min(windows)..((part + 1) * step).min(windows);
                compiled::run(self.isa, Filter { plan: self, rows, x, dy, dw: sums });
            }
        });
        dw.copy_from_slice(&sums[..len]);
        for part in sums[len..].chunks_exact(len) {
            dw.iter_mut().zip(part).for_each(|(sum, &part)| *sum += part);
        }
    }

    /// Into how many parts the windows are cut for the filter's gradient.
    fn parts(&self) -> usize {
        split(self.geometry.windows_len(), grain(self.cost())).count().clamp(1, PARTS)
    }

    /// Picoseconds for a row, about.
    fn cost(&self) -> usize {
        self.geometry.taps() * self.geometry.filters * 100
    }
}

struct Output<'a, T> {
    plan: &'a Depthwise,
    rows: Range<usize>,
    x: &'a [T],
    w: &'a [T],
    y: &'a mut [T],
}

impl<T: Float> Compiled for Output<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Geometry { channels, filters, .. } = self.plan.geometry;
        for (index, y) in self.rows.zip(self.y.chunks_exact_mut(filters)) {
            y.fill(T::ZERO);
            self.plan.geometry.window(&place(index, self.plan.geometry.outputs()), |tap, row| {
                let (x, w) = (&self.x[row * channels..][..channels], &self.w[tap * filters..][..filters]);
                if self.plan.multiplier == 1 {
                    y.iter_mut().zip(x).zip(w).for_each(|((y, &x), &w)| *y += x * w);
                } else {
                    let groups = y.chunks_exact_mut(self.plan.multiplier).zip(w.chunks_exact(self.plan.multiplier));
                    for (&x, (y, w)) in x.iter().zip(groups) {
                        y.iter_mut().zip(w).for_each(|(y, &w)| *y += x * w);
                    }
                }
            });
        }
    }
}

struct Input<'a, T> {
    plan: &'a Depthwise,
    rows: Range<usize>,
    dy: &'a [T],
    w: &'a [T],
    dx: &'a mut [T],
}

impl<T: Float> Input<'_, T> {
    /// Along one axis: the number `k` of which window is at `place`, if any is.
    #[inline(always)]
    fn window_at(&self, axis: usize, place: usize, k: usize) -> Option<usize> {
        let axis = &self.plan.geometry.axes[axis];
        let reach = (place + axis.before).checked_sub(k * axis.dilation)?;
        (reach.is_multiple_of(axis.stride) && reach / axis.stride < axis.output).then(|| reach / axis.stride)
    }
}

impl<T: Float> Compiled for Input<'_, T> {
    #[inline(always)]
    fn run(mut self) {
        let Geometry { channels, filters, axes, .. } = self.plan.geometry;
        let dx = std::mem::take(&mut self.dx);
        for (index, dx) in self.rows.clone().zip(dx.chunks_exact_mut(channels)) {
            dx.fill(T::ZERO);
            let Place { image, at: [z, y, x] } = place(index, self.plan.geometry.inputs());
            for tap in 0..self.plan.geometry.taps() {
                let [k, l, m] = [
                    tap / axes[2].kernel / axes[1].kernel,
                    tap / axes[2].kernel % axes[1].kernel,
                    tap % axes[2].kernel,
                ];
                let at = self.window_at(0, z, k).zip(self.window_at(1, y, l)).zip(self.window_at(2, x, m));
                let Some(((z, y), x)) = at else { continue };
                let from = row(&Place { image, at: [z, y, x] }, self.plan.geometry.outputs());
                let (dy, w) = (&self.dy[from * filters..][..filters], &self.w[tap * filters..][..filters]);
                if self.plan.multiplier == 1 {
                    dx.iter_mut().zip(dy).zip(w).for_each(|((dx, &dy), &w)| *dx += dy * w);
                } else {
                    let groups = dy.chunks_exact(self.plan.multiplier).zip(w.chunks_exact(self.plan.multiplier));
                    for (dx, (dy, w)) in dx.iter_mut().zip(groups) {
                        dy.iter().zip(w).for_each(|(&dy, &w)| *dx += dy * w);
                    }
                }
            }
        }
    }
}

struct Filter<'a, T> {
    plan: &'a Depthwise,
    rows: Range<usize>,
    x: &'a [T],
    dy: &'a [T],
    dw: &'a mut [T],
}

impl<T: Float> Compiled for Filter<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Geometry { channels, filters, .. } = self.plan.geometry;
        self.dw.fill(T::ZERO);
        for index in self.rows {
            let dy = &self.dy[index * filters..][..filters];
            self.plan.geometry.window(&place(index, self.plan.geometry.outputs()), |tap, row| {
                let (x, dw) = (&self.x[row * channels..][..channels], &mut self.dw[tap * filters..][..filters]);
                if self.plan.multiplier == 1 {
                    dw.iter_mut().zip(x).zip(dy).for_each(|((dw, &x), &dy)| *dw += x * dy);
                } else {
                    let groups = dw.chunks_exact_mut(self.plan.multiplier).zip(dy.chunks_exact(self.plan.multiplier));
                    for (&x, (dw, dy)) in x.iter().zip(groups) {
                        dw.iter_mut().zip(dy).for_each(|(dw, &dy)| *dw += x * dy);
                    }
                }
            });
        }
    }
}
