//! A filter for each channel: sums that stay in registers, some places and some channels at a time.
#![expect(clippy::needless_range_loop, reason = "counted loops over constants are what unrolls into registers")]

use super::sweep::{Meeting, Run, Sweep};
use crate::conv::geometry::Geometry;
use crate::element::Float;
use crate::math::{Compute, Simd};
use crate::vectors::Vectors;
use std::ops::Range;

/// Places of a line that are summed side by side, two vectors of channels each.
const PLACES: usize = 4;
/// Vectors of channels of a place alone.
const ALONE: usize = 4;

/// `to[i, c] = Σ from[where number k meets i, c] · w[k, c]` for some lines.
pub(super) struct Sums<'a, T> {
    pub sweep: &'a Sweep,
    pub geometry: &'a Geometry,
    pub lines: Range<usize>,
    pub from: &'a [T],
    pub w: &'a [T],
    pub to: &'a mut [T],
}

/// The addresses of a line, at some channel.
struct Line<T> {
    /// The other side's picture.
    from: *const T,
    w: *const T,
    to: *mut T,
    meetings: [Meeting; 2],
    channels: usize,
    /// Of the other side.
    high: usize,
    wide: usize,
    /// Of the filter.
    kernel: [usize; 2],
}

impl<T: Float + Compute> Vectors<T> for Sums<'_, T> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        let (sweep, channels) = (self.sweep, self.geometry.channels);
        let [deep, high, wide] = sweep.from;
        let picture = deep * high * wide * channels;
        let len = sweep.to[2] * channels;
        assert!(self.from.len() >= self.geometry.images * picture && self.w.len() >= self.geometry.filter_len());
        for (line, to) in self.lines.zip(self.to.chunks_exact_mut(len)) {
            let line = Line {
                from: self.from[line / sweep.lines() * picture..].as_ptr(),
                w: self.w.as_ptr(),
                to: to.as_mut_ptr(),
                meetings: sweep.line(line % sweep.lines()),
                channels,
                high,
                wide,
                kernel: [self.geometry.axes[1].kernel, self.geometry.axes[2].kernel],
            };
            for run in &sweep.runs {
                // Safety: runs lie within the line, and meetings within the other side.
                unsafe { line.run::<V>(set, run) };
            }
        }
    }
}

impl<T: Float + Compute> Line<T> {
    /// The places of a run, all channels: some places after the others, so that memory is read as it lies.
    ///
    /// # Safety
    /// The line's pointers are valid for the run, and for all that its places meet.
    #[inline(always)]
    unsafe fn run<V: Simd<Elem = T>>(&self, set: V::Set, run: &Run) {
        // Safety: the caller's promise.
        unsafe {
            if run.count < PLACES {
                for place in 0..run.count {
                    self.places::<V, ALONE, 1>(set, run, place);
                }
            } else {
                // The last ones once more where the places are no multiple.
                for place in (0..run.count).step_by(PLACES) {
                    self.places::<V, 2, PLACES>(set, run, place.min(run.count - PLACES));
                }
            }
        }
    }

    /// `P` neighbouring places of a run, all channels, `N` vectors of them at a time.
    ///
    /// # Safety
    /// That of [`Self::run`].
    #[inline(always)]
    unsafe fn places<V: Simd<Elem = T>, const N: usize, const P: usize>(&self, set: V::Set, run: &Run, place: usize) {
        let (vectors, rest) = (self.channels / V::LANES, self.channels % V::LANES);
        let together = vectors / N * N;
        // Safety: the caller's promise; these channels exist.
        unsafe {
            for vector in (0..together).step_by(N) {
                self.sum::<V, N, P, false>(set, run, place, (vector * V::LANES, V::LANES));
            }
            for vector in together..vectors {
                self.sum::<V, 1, P, false>(set, run, place, (vector * V::LANES, V::LANES));
            }
            if rest > 0 {
                self.sum::<V, 1, P, true>(set, run, place, (self.channels - rest, rest));
            }
        }
    }

    /// `N` vectors of channels, the last one of `last` lanes, for `P` neighbouring places of a run.
    ///
    /// # Safety
    /// That of [`Self::run`].
    #[inline(always)]
    unsafe fn sum<V: Simd<Elem = T>, const N: usize, const P: usize, const PARTIAL: bool>(
        &self,
        set: V::Set,
        run: &Run,
        place: usize,
        (channel, last): (usize, usize),
    ) {
        let [deep, high] = &self.meetings;
        let mut sums = [[V::whole(set, 0); N]; P];
        // Safety: the caller's promise.
        unsafe {
            for i in 0..deep.count {
                for j in 0..high.count {
                    let line = (deep.at(i) * self.high + high.at(j)) * self.wide;
                    let number = (deep.number(i) * self.kernel[0] + high.number(j)) * self.kernel[1];
                    for k in 0..run.meeting.count {
                        let at = line + run.meeting.at(k) + place * run.stride;
                        let x = self.from.add(at * self.channels + channel);
                        let w = self.w.add((number + run.meeting.number(k)) * self.channels + channel);
                        let w = vectors::<V, N, PARTIAL>(set, w, last);
                        for p in 0..P {
                            let x = vectors::<V, N, PARTIAL>(set, x.add(p * run.stride * self.channels), last);
                            for n in 0..N {
                                sums[p][n] = x[n].mul_add(w[n], sums[p][n]);
                            }
                        }
                    }
                }
            }
            for (p, sums) in sums.into_iter().enumerate() {
                let to = self.to.add((run.first + (place + p) * run.step) * self.channels + channel);
                put::<V, N, PARTIAL>(to, last, sums);
            }
        }
    }
}

/// `dw[k, c] = Σ x[place of number k of o, c] · dy[o, c]` over the windows of some lines.
pub(super) struct Filter<'a, T> {
    pub sweep: &'a Sweep,
    pub geometry: &'a Geometry,
    pub lines: Range<usize>,
    pub x: &'a [T],
    pub dy: &'a [T],
    pub dw: &'a mut [T],
}

impl<T: Float + Compute> Vectors<T> for Filter<'_, T> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        let (sweep, channels) = (self.sweep, self.geometry.channels);
        let [_, high, wide] = self.geometry.axes.map(|axis| axis.kernel);
        let picture = sweep.from.iter().product::<usize>() * channels;
        assert!(self.x.len() >= self.geometry.images * picture && self.dw.len() >= self.geometry.filter_len());
        self.dw.fill(T::ZERO);
        for line in self.lines {
            let x = &self.x[line / sweep.lines() * picture..];
            let dy = &self.dy[line * sweep.to[2] * channels..][..sweep.to[2] * channels];
            let [z, y] = sweep.line(line % sweep.lines());
            for (i, j) in (0..z.count).flat_map(|i| (0..y.count).map(move |j| (i, j))) {
                let start = (z.at(i) * sweep.from[1] + y.at(j)) * sweep.from[2];
                let number = (z.number(i) * high + y.number(j)) * wide;
                let (x, dw) = (x[start * channels..].as_ptr(), self.dw[number * channels..].as_mut_ptr());
                let line = Products { x, dy: dy.as_ptr(), dw, channels };
                for run in &sweep.runs {
                    // Safety: runs lie within the line, and meetings within the input.
                    unsafe { line.run::<V>(set, run) };
                }
            }
        }
    }
}

/// The addresses of a line of windows, of the line of the input that numbers of the filter meet it with, and of these.
struct Products<T> {
    x: *const T,
    dy: *const T,
    dw: *mut T,
    channels: usize,
}

impl<T: Float + Compute> Products<T> {
    /// The windows of a run, all channels.
    ///
    /// # Safety
    /// The line's pointers are valid for the run, and for all that its windows meet.
    #[inline(always)]
    unsafe fn run<V: Simd<Elem = T>>(&self, set: V::Set, run: &Run) {
        let (pair, whole) = (self.channels / (2 * V::LANES), self.channels / V::LANES % 2);
        let rest = self.channels % V::LANES;
        // Safety: the caller's promise; these channels exist.
        unsafe {
            for pair in 0..pair {
                self.numbers::<V, 2, false>(set, run, 2 * pair * V::LANES, V::LANES);
            }
            if whole == 1 {
                self.numbers::<V, 1, false>(set, run, 2 * pair * V::LANES, V::LANES);
            }
            if rest > 0 {
                self.numbers::<V, 1, true>(set, run, self.channels - rest, rest);
            }
        }
    }

    /// The numbers of the filter that a run meets, a few at a time.
    ///
    /// # Safety
    /// That of [`Self::run`].
    #[inline(always)]
    unsafe fn numbers<V: Simd<Elem = T>, const N: usize, const PARTIAL: bool>(
        &self,
        set: V::Set,
        run: &Run,
        channel: usize,
        last: usize,
    ) {
        let mut number = 0;
        // Safety: the caller's promise.
        unsafe {
            while number + 5 <= run.meeting.count {
                self.sum::<V, N, 5, PARTIAL>(set, run, number, (channel, last));
                number += 5;
            }
            while number + 3 <= run.meeting.count {
                self.sum::<V, N, 3, PARTIAL>(set, run, number, (channel, last));
                number += 3;
            }
            for number in number..run.meeting.count {
                self.sum::<V, N, 1, PARTIAL>(set, run, number, (channel, last));
            }
        }
    }

    /// `M` neighbouring numbers of the filter.
    ///
    /// # Safety
    /// That of [`Self::run`].
    #[inline(always)]
    unsafe fn sum<V: Simd<Elem = T>, const N: usize, const M: usize, const PARTIAL: bool>(
        &self,
        set: V::Set,
        run: &Run,
        number: usize,
        (channel, last): (usize, usize),
    ) {
        let (meeting, channels) = (&run.meeting, self.channels);
        // Safety: the caller's promise.
        unsafe {
            let dw = self.dw.add((meeting.number + number) * channels + channel);
            let mut sums = [[V::whole(set, 0); N]; M];
            for (m, sums) in sums.iter_mut().enumerate() {
                *sums = vectors::<V, N, PARTIAL>(set, dw.add(m * channels), last);
            }
            let mut x = self.x.add(meeting.at(number) * channels + channel);
            let mut dy = self.dy.add(run.first * channels + channel);
            let apart = meeting.place_step as usize * channels;
            for _ in 0..run.count {
                let slope = vectors::<V, N, PARTIAL>(set, dy, last);
                for m in 0..M {
                    let x = vectors::<V, N, PARTIAL>(set, x.add(m * apart), last);
                    for n in 0..N {
                        sums[m][n] = x[n].mul_add(slope[n], sums[m][n]);
                    }
                }
                (x, dy) = (x.wrapping_add(run.stride * channels), dy.wrapping_add(channels));
            }
            for (m, sums) in sums.into_iter().enumerate() {
                put::<V, N, PARTIAL>(dw.add(m * channels), last, sums);
            }
        }
    }
}

/// `N` vectors side by side, the last one of `last` lanes. A loop and no `from_fn`, whose call of its closure would be a
/// function without the instruction set, and each load in it one more.
///
/// # Safety
/// `from` is valid for as many elements.
#[inline(always)]
unsafe fn vectors<V: Simd, const N: usize, const PARTIAL: bool>(
    set: V::Set,
    from: *const V::Elem,
    last: usize,
) -> [V; N] {
    let mut vectors = [V::whole(set, 0); N];
    for n in 0..N {
        let from = from.wrapping_add(n * V::LANES);
        // Safety: the caller's promise.
        vectors[n] = unsafe { if PARTIAL && n + 1 == N { V::load_first(from, last) } else { V::load(from) } };
    }
    vectors
}

/// Writes them.
///
/// # Safety
/// `to` is valid for as many elements.
#[inline(always)]
unsafe fn put<V: Simd, const N: usize, const PARTIAL: bool>(to: *mut V::Elem, last: usize, vectors: [V; N]) {
    for (n, vector) in vectors.into_iter().enumerate() {
        let to = to.wrapping_add(n * V::LANES);
        // Safety: the caller's promise.
        unsafe { if PARTIAL && n + 1 == N { vector.store_first(to, last) } else { vector.store(to) } }
    }
}
