//! Windows of pictures as a matrix that is never stored: its rows are found in the picture itself.

#[cfg(test)]
mod tests;

use super::pack::Panel;
use super::product::{Lens, lens};
use super::{EpilogueSpec, GemmError, GemmShape};
use crate::element::Float;
use std::ops::Range;

/// Lanes below which numbers are copied one by one rather than by a call for each window.
const FEW_LANES: usize = 8;

/// One axis of windows: number `k` of window `o` lies at `o · stride + k · step + offset`, zero outside `0..size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowAxis {
    /// Places of the picture.
    pub size: usize,
    /// Windows.
    pub out: usize,
    /// Numbers of a window.
    pub kernel: usize,
    /// From one window to the next.
    pub stride: usize,
    /// From one number of a window to the next.
    pub step: usize,
    /// Of the first number of the first window; negative where windows begin in the padding.
    pub offset: isize,
}

impl WindowAxis {
    /// An axis that is not there.
    pub const NONE: WindowAxis = WindowAxis { size: 1, out: 1, kernel: 1, stride: 1, step: 1, offset: 0 };

    /// Where number `k` of a window lies.
    pub(super) fn place(&self, window: usize, k: usize) -> isize {
        (window * self.stride + k * self.step) as isize + self.offset
    }

    /// The numbers of a window that lie inside the picture.
    pub(super) fn numbers_inside(&self, window: usize) -> Range<usize> {
        let first = self.place(window, 0);
        let from = usize::try_from(-first).unwrap_or(0).div_ceil(self.step);
        let until = usize::try_from(self.size as isize - first).unwrap_or(0).div_ceil(self.step);
        let (from, until) = (from.min(self.kernel), until.min(self.kernel));
        from..until.max(from)
    }

    /// The windows whose numbers `k`, one at least, all lie inside the picture.
    pub(super) fn inside(&self, k: Range<usize>) -> Range<usize> {
        let (first, last) = (self.place(0, k.start), self.place(0, k.end - 1));
        let from = (-first).max(0) as usize;
        let until = usize::try_from(self.size as isize - last).unwrap_or(0);
        let (from, until) = (from.div_ceil(self.stride), until.div_ceil(self.stride));
        from.min(self.out)..until.min(self.out).max(from.min(self.out))
    }
}

/// The matrix (images · windows, numbers of a window) over pictures with channels last: row `(n, o₁, o₂, o₃)`, column
/// `(k₁, k₂, k₃, c)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Pictures.
    pub images: usize,
    /// The axes of a picture, the outermost first.
    pub axes: [WindowAxis; 3],
    /// Numbers that are read at a place.
    pub channels: usize,
    /// Numbers from one place to the next: more than are read where channels are in groups.
    pub pixel: usize,
}

/// A window's numbers that lie side by side in the picture wherever the window lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// Its first number along each axis.
    pub k: [usize; 3],
    /// Places along the last axis.
    pub places: usize,
}

/// A window: its picture, and its number along each axis.
#[derive(Clone, Copy)]
pub(super) struct Place {
    image: usize,
    o: [usize; 3],
}

/// Where a run of a window lies.
pub(super) enum Found {
    /// Outside the picture.
    Nowhere,
    /// From this element of the pictures on.
    At(usize),
    /// Partly outside: these places of it begin at this element.
    Partly(Range<usize>, usize),
}

impl Windows {
    /// Rows of the matrix; none where that is more than there can be.
    pub fn rows(&self) -> Option<usize> {
        self.axes.iter().try_fold(self.images, |rows, axis| rows.checked_mul(axis.out))
    }

    /// Columns of the matrix.
    pub fn cols(&self) -> Option<usize> {
        self.axes.iter().try_fold(self.channels, |cols, axis| cols.checked_mul(axis.kernel))
    }

    /// One more than the furthest element of the pictures.
    pub fn extent(&self) -> Option<usize> {
        let places = self.axes.iter().try_fold(self.images, |places, axis| places.checked_mul(axis.size))?;
        let Some(last) = places.checked_sub(1) else { return Some(0) };
        last.checked_mul(self.pixel)?.checked_add(self.channels).filter(|&len| len < isize::MAX as usize / 16)
    }

    /// How long the operands of a product must at least be whose first one are the pictures.
    pub(super) fn lens(&self, shape: &GemmShape, epilogue: &EpilogueSpec) -> Result<Lens, GemmError> {
        let lens = lens(shape, epilogue)?;
        let a = if lens.c == 0 { 0 } else { self.extent().ok_or(GemmError::TooLarge)? };
        Ok(Lens { a, ..lens })
    }

    /// Whether the numbers along the last axis lie side by side.
    pub(super) fn is_dense(&self) -> bool {
        self.axes[2].step == 1 && self.channels == self.pixel
    }

    /// How many runs a window has where runs have so many places.
    pub(super) fn runs(&self, places: usize) -> usize {
        self.axes[0].kernel * self.axes[1].kernel * (self.axes[2].kernel / places)
    }

    /// A run by its number, in the order of the columns.
    pub(super) fn run(&self, index: usize, places: usize) -> Run {
        let (across, high) = (self.axes[2].kernel / places, self.axes[1].kernel);
        Run { k: [index / across / high, index / across % high, index % across * places], places }
    }

    /// How far a run lies from the first number of its window.
    pub(super) fn offset(&self, run: &Run) -> usize {
        let [z, y, x] = [0, 1, 2].map(|axis| run.k[axis] * self.axes[axis].step);
        ((z * self.axes[1].size + y) * self.axes[2].size + x) * self.pixel
    }

    /// Whether a window lies inside the picture, given which do along each axis.
    #[inline(always)]
    pub(super) fn is_inside(&self, place: &Place, inside: &[Range<usize>; 3]) -> bool {
        (0..3).all(|axis| inside[axis].contains(&place.o[axis]))
    }

    /// Where the first number of a window lies that is inside the picture.
    #[inline(always)]
    pub(super) fn first(&self, place: &Place) -> usize {
        let [z, y, x] = [0, 1, 2].map(|axis| self.axes[axis].place(place.o[axis], 0) as usize);
        let [depth, high, wide] = self.axes.map(|axis| axis.size);
        (((place.image * depth + z) * high + y) * wide + x) * self.pixel
    }

    /// The window of a row.
    pub(super) fn place(&self, row: usize) -> Place {
        let [d, h, w] = self.axes.map(|axis| axis.out);
        Place { image: row / (d * h * w), o: [row / (h * w) % d, row / w % h, row % w] }
    }

    /// The window after this one.
    pub(super) fn next(&self, mut place: Place) -> Place {
        for axis in (0..3).rev() {
            place.o[axis] += 1;
            if place.o[axis] < self.axes[axis].out {
                return place;
            }
            place.o[axis] = 0;
        }
        Place { image: place.image + 1, ..place }
    }

    /// The line of the picture that a run of a window lies in.
    #[inline(always)]
    fn line(&self, place: &Place, run: &Run) -> Option<usize> {
        let [depth, high, wide] = &self.axes;
        let (z, y) = (depth.place(place.o[0], run.k[0]) as usize, high.place(place.o[1], run.k[1]) as usize);
        // What is negative is large.
        (z < depth.size && y < high.size).then(|| ((place.image * depth.size + z) * high.size + y) * wide.size)
    }

    /// Where a run of a window lies.
    #[inline(always)]
    pub(super) fn find(&self, place: &Place, run: &Run) -> Found {
        let wide = &self.axes[2];
        let Some(line) = self.line(place, run) else { return Found::Nowhere };
        let x = wide.place(place.o[2], run.k[2]);
        let (first, end) = ((-x).max(0), (wide.size as isize - x).min(run.places as isize));
        if first >= end {
            return Found::Nowhere;
        }
        let at = (line as isize + x + first) as usize * self.pixel;
        if end - first == run.places as isize { Found::At(at) } else { Found::Partly(first as usize..end as usize, at) }
    }

    /// Packs columns `cols` of rows `depth`: what a strip of `b` is when the windows are what is summed over.
    ///
    /// # Safety
    /// `panel` is as for `pack`, which packs numbers as they are, but for its source, which holds the pictures.
    pub(super) unsafe fn pack_cols<T: Float>(
        &self,
        panel: &Panel<T>,
        (cols, depth): (Range<usize>, Range<usize>),
        pack: unsafe fn(&Panel<T>),
    ) {
        let places = if self.is_dense() { self.axes[2].kernel } else { 1 };
        let len = places * self.channels;
        let one = cols.start / len == (cols.end - 1) / len;
        // Safety: the caller's promise.
        unsafe {
            zero_pads(panel);
            let mut col = cols.start;
            while col < cols.end {
                let until = cols.end.min((col / len + 1) * len);
                let run = self.run(col / len, places);
                let part = Part { run, numbers: col % len..until - (col - col % len), lane: col - cols.start };
                self.pack_part(panel, &part, depth.clone(), one.then_some(pack));
                col = until;
            }
        }
    }

    /// Packs neighbouring columns of one run, a line of the result after the other.
    ///
    /// # Safety
    /// That of [`Self::pack_cols`].
    unsafe fn pack_part<T: Float>(
        &self,
        panel: &Panel<T>,
        part: &Part,
        depth: Range<usize>,
        pack: Option<unsafe fn(&Panel<T>)>,
    ) {
        let wide = &self.axes[2];
        let (k, within) = (part.numbers.start / self.channels, part.numbers.end.div_ceil(self.channels));
        let inside = wide.inside(part.run.k[2] + k..part.run.k[2] + within);
        let mut row = depth.start;
        while row < depth.end {
            let place = self.place(row);
            let end = depth.end.min(row + wide.out - place.o[2]);
            let here = place.o[2]..place.o[2] + end - row;
            let line = self.line(&place, &part.run);
            let whole = if line.is_some() { clip(&inside, &here) } else { here.start..here.start };
            let target = |o: usize| (row + o - here.start - depth.start) * panel.pitch + part.lane;
            // Safety: the caller's promise; what is read lies inside the picture.
            unsafe {
                for o in (here.start..whole.start).chain(whole.end..here.end) {
                    self.copy_partly(panel, part, line, o, panel.target.add(target(o)));
                }
                if let (Some(line), false) = (line, whole.is_empty()) {
                    let x = wide.place(whole.start, part.run.k[2]) * self.pixel as isize;
                    let at = (line * self.pixel) as isize + x + part.numbers.start as isize;
                    self.copy_whole(panel, part, whole.len(), at, target(whole.start), pack);
                }
            }
            row = end;
        }
    }

    /// The columns of a part for windows that lie inside the picture.
    ///
    /// # Safety
    /// That of [`Self::pack_cols`].
    unsafe fn copy_whole<T: Float>(
        &self,
        panel: &Panel<T>,
        part: &Part,
        windows: usize,
        at: isize,
        target: usize,
        pack: Option<unsafe fn(&Panel<T>)>,
    ) {
        let source = panel.source.wrapping_offset(at);
        let (lanes, stride) = (part.numbers.len(), self.axes[2].stride * self.pixel);
        // Safety: the caller's promise.
        unsafe {
            let target = panel.target.add(target);
            if let Some(pack) = pack {
                let (lane_stride, depth_stride) = (1, stride as isize);
                return pack(&Panel {
                    source,
                    lane_stride,
                    depth_stride,
                    lanes,
                    depth: windows,
                    target,
                    pitch: panel.pitch,
                });
            }
            if lanes < FEW_LANES {
                for (window, lane) in (0..lanes).flat_map(|lane| (0..windows).map(move |window| (window, lane))) {
                    *target.add(window * panel.pitch + lane) = *source.add(window * stride + lane);
                }
                return;
            }
            for window in 0..windows {
                source.add(window * stride).copy_to_nonoverlapping(target.add(window * panel.pitch), lanes);
            }
        }
    }

    /// The columns of a part for one window that may lie outside the picture: zero there.
    ///
    /// # Safety
    /// That of [`Self::pack_cols`]; `target` is valid for the columns of the part.
    unsafe fn copy_partly<T: Float>(
        &self,
        panel: &Panel<T>,
        part: &Part,
        line: Option<usize>,
        window: usize,
        target: *mut T,
    ) {
        let x = self.axes[2].place(window, part.run.k[2]);
        let until = (self.axes[2].size as isize - x).clamp(0, part.run.places as isize) as usize;
        let inside = (-x).max(0) as usize * self.channels..until * self.channels;
        let inside = if line.is_some() { clip(&inside, &part.numbers) } else { 0..0 };
        // Safety: the caller's promise; numbers of a run lie side by side.
        unsafe {
            target.write_bytes(0, part.numbers.len());
            if let (Some(line), false) = (line, inside.is_empty()) {
                let at = (line as isize + x) * self.pixel as isize + inside.start as isize;
                let target = target.add(inside.start - part.numbers.start);
                target.copy_from_nonoverlapping(panel.source.add(at as usize), inside.len());
            }
        }
    }
}

/// Neighbouring columns that belong to one run.
struct Part {
    run: Run,
    /// Of the run's numbers.
    numbers: Range<usize>,
    /// The lane of the first.
    lane: usize,
}

/// What of `range` lies in `window`; empty at the start of `window` where nothing does.
fn clip(range: &Range<usize>, window: &Range<usize>) -> Range<usize> {
    let start = range.start.clamp(window.start, window.end);
    start..range.end.clamp(start, window.end)
}

/// Zeroes the lanes between the last one and the pitch.
///
/// # Safety
/// `target` is valid for `depth · pitch` numbers.
unsafe fn zero_pads<T: Float>(panel: &Panel<T>) {
    if panel.lanes == panel.pitch {
        return;
    }
    for depth in 0..panel.depth {
        // Safety: the caller's promise.
        unsafe { panel.target.add(depth * panel.pitch + panel.lanes).write_bytes(0, panel.pitch - panel.lanes) };
    }
}
