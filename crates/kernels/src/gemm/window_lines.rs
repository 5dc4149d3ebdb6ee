//! Lines of pictures copied with their padding: windows over the copy all lie inside it, and read it in place.

use super::plan::even;
use super::windows::Windows;
use crate::element::Float;
use std::ops::Range;

/// How some lines of windows lie in a copy of what they read: `(planes, kernel₁, lines, places, channels)`.
///
/// A plane is a picture, at one number of the outermost axis of windows.
#[derive(Clone, Copy)]
pub(super) struct CopiedLines {
    windows: Windows,
    /// Numbers of a copied line, whose places lie side by side.
    pub line: usize,
}

impl CopiedLines {
    /// The copy for these windows.
    pub fn new(windows: Windows) -> CopiedLines {
        let wide = &windows.axes[2];
        CopiedLines { windows, line: span(wide.out, wide.stride, wide.kernel, wide.step) * windows.channels }
    }

    /// The copy for some windows of each line.
    pub fn of_places(&self, places: &Range<usize>) -> CopiedLines {
        let mut windows = self.windows;
        let wide = &mut windows.axes[2];
        wide.offset += (places.start * wide.stride) as isize;
        wide.out = places.len();
        CopiedLines::new(windows)
    }

    /// Of how many windows of a line the copy, with some numbers `beside` each, is no more than so many `numbers`: all where
    /// they are, and never fewer than `least`, or so few that the copy is mostly what the next ones read as well.
    pub fn places(&self, numbers: usize, beside: usize, least: usize) -> usize {
        let (wide, one) = (&self.windows.axes[2], self.plane_len(1));
        if one + wide.out * beside <= numbers {
            return wide.out.max(1);
        }
        let each = one / self.line * wide.stride * self.windows.channels + beside;
        even(wide.out, (numbers / each).max(wide.kernel * wide.step).max(least))
    }

    /// Numbers that a plane takes for so many lines of windows.
    pub fn plane_len(&self, lines: usize) -> usize {
        self.windows.axes[0].kernel * self.slab_len(lines)
    }

    /// Numbers of the lines at one number along the outermost axis.
    pub fn slab_len(&self, lines: usize) -> usize {
        let high = &self.windows.axes[1];
        span(lines, high.stride, high.kernel, high.step) * self.line
    }

    /// Copies what the windows of some lines of some planes read; zeros where that lies outside the picture.
    pub fn copy<T: Float>(&self, x: &[T], planes: Range<usize>, lines: Range<usize>, copy: &mut [T]) {
        let [deep, high, _] = &self.windows.axes;
        let (plane_len, slab_len) = (self.plane_len(lines.len()), self.slab_len(lines.len()));
        for (plane, copy) in planes.zip(copy.chunks_exact_mut(plane_len)) {
            for (k, slab) in copy.chunks_exact_mut(slab_len).enumerate() {
                let z = deep.place(plane % deep.out, k) as usize;
                for (y, line) in (high.place(lines.start, 0)..).zip(slab.chunks_exact_mut(self.line)) {
                    // What is negative is large.
                    if z < deep.size && (y as usize) < high.size {
                        let first = (plane / deep.out * deep.size + z) * high.size + y as usize;
                        self.copy_line(x, first, line);
                    } else {
                        line.fill(T::ZERO);
                    }
                }
            }
        }
    }

    /// Copies what the windows of some lines of a flat picture read channel by channel: `(channels, lines, places)`.
    pub fn copy_channels<T: Float>(&self, x: &[T], image: usize, lines: Range<usize>, copy: &mut [T]) {
        let Windows { channels, pixel, axes: [_, high, wide], .. } = self.windows;
        let (slab, len) = (copy.len() / channels, self.line / channels);
        let (before, inside) = self.inside();
        for (y, start) in (high.place(lines.start, 0)..).zip((0..slab).step_by(len)) {
            // What is negative is large.
            let first = ((y as usize) < high.size).then(|| (image * high.size + y as usize) * wide.size + inside.start);
            for (channel, copy) in copy.chunks_exact_mut(slab).enumerate() {
                let copy = &mut copy[start..start + len];
                let Some(first) = first.filter(|_| !inside.is_empty()) else {
                    copy.fill(T::ZERO);
                    continue;
                };
                let (padding, copy) = copy.split_at_mut(before);
                let (copy, rest) = copy.split_at_mut(inside.len());
                padding.fill(T::ZERO);
                rest.fill(T::ZERO);
                let x = &x[first * pixel + channel..];
                copy.iter_mut().zip(x.iter().step_by(pixel)).for_each(|(to, &from)| *to = from);
            }
        }
    }

    /// How many places of a copied line lie before the picture, and the picture's places that follow.
    fn inside(&self) -> (usize, Range<usize>) {
        let wide = &self.windows.axes[2];
        let (first, places) = (wide.place(0, 0), (self.line / self.windows.channels) as isize);
        let (from, until) = (first.clamp(0, wide.size as isize), (first + places).clamp(0, wide.size as isize));
        ((from - first).clamp(0, places) as usize, from as usize..until as usize)
    }

    /// Copies one line of the pictures.
    fn copy_line<T: Float>(&self, x: &[T], line: usize, copy: &mut [T]) {
        let Windows { channels, pixel, axes: [_, _, wide], .. } = self.windows;
        let (before, inside) = self.inside();
        let (padding, copy) = copy.split_at_mut(before * channels);
        let (copy, rest) = copy.split_at_mut(inside.len() * channels);
        padding.fill(T::ZERO);
        rest.fill(T::ZERO);
        let x = x.get((line * wide.size + inside.start) * pixel..).unwrap_or(&[]);
        if channels == pixel {
            return copy.copy_from_slice(&x[..copy.len()]);
        }
        for (place, copy) in copy.chunks_exact_mut(channels).enumerate() {
            copy.copy_from_slice(&x[place * pixel..][..channels]);
        }
    }
}

/// Places that so many windows along an axis reach over.
fn span(windows: usize, stride: usize, kernel: usize, step: usize) -> usize {
    windows.saturating_sub(1) * stride + kernel.saturating_sub(1) * step + 1
}
