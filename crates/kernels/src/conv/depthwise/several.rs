//! Several filters for each channel: sums in memory, a number of the filter after the other.

use crate::compiled::Compiled;
use crate::conv::geometry::{Geometry, Place, place, row};
use crate::element::Float;
use std::ops::Range;

/// Some rows of the output.
pub(super) struct Output<'a, T> {
    pub geometry: &'a Geometry,
    pub rows: Range<usize>,
    pub x: &'a [T],
    pub w: &'a [T],
    pub y: &'a mut [T],
}

impl<T: Float> Compiled for Output<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Geometry { channels, filters, .. } = *self.geometry;
        let multiplier = self.geometry.own_filters();
        for (index, y) in self.rows.zip(self.y.chunks_exact_mut(filters)) {
            y.fill(T::ZERO);
            self.geometry.window(&place(index, self.geometry.outputs()), |tap, row| {
                let (x, w) = (&self.x[row * channels..][..channels], &self.w[tap * filters..][..filters]);
                let groups = y.chunks_exact_mut(multiplier).zip(w.chunks_exact(multiplier));
                for (&x, (y, w)) in x.iter().zip(groups) {
                    y.iter_mut().zip(w).for_each(|(y, &w)| *y += x * w);
                }
            });
        }
    }
}

/// Some rows of the gradient of the input.
pub(super) struct Input<'a, T> {
    pub geometry: &'a Geometry,
    pub rows: Range<usize>,
    pub dy: &'a [T],
    pub w: &'a [T],
    pub dx: &'a mut [T],
}

impl<T: Float> Input<'_, T> {
    /// Along one axis: the number `k` of which window is at `place`, if any is.
    #[inline(always)]
    fn window_at(&self, axis: usize, place: usize, k: usize) -> Option<usize> {
        let axis = &self.geometry.axes[axis];
        let reach = (place + axis.before).checked_sub(k * axis.dilation)?;
        (reach.is_multiple_of(axis.stride) && reach / axis.stride < axis.output).then(|| reach / axis.stride)
    }
}

impl<T: Float> Compiled for Input<'_, T> {
    #[inline(always)]
    fn run(mut self) {
        let Geometry { channels, filters, axes, .. } = *self.geometry;
        let multiplier = self.geometry.own_filters();
        let dx = std::mem::take(&mut self.dx);
        for (index, dx) in self.rows.clone().zip(dx.chunks_exact_mut(channels)) {
            dx.fill(T::ZERO);
            let Place { image, at: [z, y, x] } = place(index, self.geometry.inputs());
            for tap in 0..self.geometry.taps() {
                let [k, l, m] = [
                    tap / axes[2].kernel / axes[1].kernel,
                    tap / axes[2].kernel % axes[1].kernel,
                    tap % axes[2].kernel,
                ];
                let at = self.window_at(0, z, k).zip(self.window_at(1, y, l)).zip(self.window_at(2, x, m));
                let Some(((z, y), x)) = at else { continue };
                let from = row(&Place { image, at: [z, y, x] }, self.geometry.outputs());
                let (dy, w) = (&self.dy[from * filters..][..filters], &self.w[tap * filters..][..filters]);
                let groups = dy.chunks_exact(multiplier).zip(w.chunks_exact(multiplier));
                for (dx, (dy, w)) in dx.iter_mut().zip(groups) {
                    dy.iter().zip(w).for_each(|(&dy, &w)| *dx += dy * w);
                }
            }
        }
    }
}

/// The sums over some rows of the gradient of the filter.
pub(super) struct Filter<'a, T> {
    pub geometry: &'a Geometry,
    pub rows: Range<usize>,
    pub x: &'a [T],
    pub dy: &'a [T],
    pub dw: &'a mut [T],
}

impl<T: Float> Compiled for Filter<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Geometry { channels, filters, .. } = *self.geometry;
        let multiplier = self.geometry.own_filters();
        self.dw.fill(T::ZERO);
        for index in self.rows {
            let dy = &self.dy[index * filters..][..filters];
            self.geometry.window(&place(index, self.geometry.outputs()), |tap, row| {
                let (x, dw) = (&self.x[row * channels..][..channels], &mut self.dw[tap * filters..][..filters]);
                let groups = dw.chunks_exact_mut(multiplier).zip(dy.chunks_exact(multiplier));
                for (&x, (dw, dy)) in x.iter().zip(groups) {
                    dw.iter_mut().zip(dy).for_each(|(dw, &dy)| *dw += x * dy);
                }
            });
        }
    }
}
