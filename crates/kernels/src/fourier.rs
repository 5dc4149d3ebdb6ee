//! Fourier transforms of rows: frequencies of signals, and signals of frequencies.
//!
//! Complex numbers are two arrays, the real parts and the imaginary ones. The transforms themselves are those of
//! `realfft` and `rustfft`, planned once for a length.

use crate::element::Element;
use crate::threads::{Chunks, Disjoint, Threads, grain, split};
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, FftNum, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// What transforms are made of: `f32` and `f64`.
pub trait Real: Element + FftNum {}

impl Real for f32 {}
impl Real for f64 {}

/// Rows of a transform, cut into chunks that each have room of their own.
#[derive(Clone, Copy, Debug)]
struct Cut {
    chunks: Chunks,
    /// Numbers that a chunk works in.
    room: usize,
}

impl Cut {
    /// `rows` transforms of length `n`, which work in `room` numbers.
    fn new(rows: usize, n: usize, room: usize) -> Cut {
        // About a nanosecond for each number and each halving of their count.
        let cost = n.max(2) * n.max(2).ilog2() as usize * 1000;
        // Chunks keep numbers apart that different threads write.
        Cut { chunks: split(rows, grain(cost)), room: room.next_multiple_of(16) }
    }

    fn numbers(self) -> usize {
        self.chunks.count() * self.room
    }

    /// Calls `row` with each row and its chunk's part of `room`.
    fn run<T: Real>(self, threads: &Threads, room: &mut [T], row: impl Fn(usize, &mut [T]) + Sync) {
        let rooms = Disjoint::new(&mut room[..self.numbers()]);
        threads.for_each_chunk(self.chunks, |chunk, rows| {
            // Safety: each chunk has its own part and is visited once.
            let room = unsafe { rooms.slice(chunk * self.room..(chunk + 1) * self.room) };
            rows.for_each(|at| row(at, room));
        });
    }
}

/// Pairs of numbers as complex ones.
fn complex<T: Real>(numbers: &mut [T]) -> &mut [Complex<T>] {
    // Safety: `Complex` is two `T` in C's layout, so it is aligned as `T`, and any two numbers are one.
    unsafe { std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast::<Complex<T>>(), numbers.len() / 2) }
}

/// Where rows of real and imaginary parts are written, row by row.
struct Parts<'a, T> {
    re: Disjoint<'a, T>,
    im: Disjoint<'a, T>,
    width: usize,
}

impl<'a, T: Real> Parts<'a, T> {
    fn new(re: &'a mut [T], im: &'a mut [T], width: usize) -> Self {
        assert_eq!(re.len(), im.len(), "as many real as imaginary parts");
        Parts { re: Disjoint::new(re), im: Disjoint::new(im), width }
    }

    /// Writes a row.
    ///
    /// # Safety
    /// No other thread is at the same row.
    unsafe fn write(&self, row: usize, from: &[Complex<T>]) {
        let at = row * self.width..(row + 1) * self.width;
        // Safety: the caller's promise.
        let (re, im) = unsafe { (self.re.slice(at.clone()), self.im.slice(at)) };
        for ((re, im), from) in re.iter_mut().zip(im).zip(from) {
            (*re, *im) = (from.re, from.im);
        }
    }
}

fn read<T: Real>(re: &[T], im: &[T], into: &mut [Complex<T>]) {
    for ((re, im), into) in re.iter().zip(im).zip(into) {
        *into = Complex::new(*re, *im);
    }
}

/// `Xₖ = Σⱼ xⱼ e^(−2πi·jk/n)`, `k ≤ n/2`, of each of some rows of `n` real numbers.
#[derive(Clone)]
pub struct RealFourier<T: Real> {
    n: usize,
    plan: Arc<dyn RealToComplex<T>>,
    cut: Cut,
}

impl<T: Real> RealFourier<T> {
    /// For `rows` rows of `n` numbers, `n` at least 1.
    pub fn new(rows: usize, n: usize) -> Self {
        let plan = RealFftPlanner::new().plan_fft_forward(n);
        let room = n.next_multiple_of(2) + 2 * (n / 2 + 1) + 2 * plan.get_scratch_len();
        RealFourier { n, plan, cut: Cut::new(rows, n, room) }
    }

    /// Numbers that [`RealFourier::run`] works in.
    pub fn room(&self) -> usize {
        self.cut.numbers()
    }

    /// `x` (rows, n) → `re`, `im` (rows, n/2 + 1).
    pub fn run(&self, threads: &Threads, x: &[T], parts: (&mut [T], &mut [T]), room: &mut [T]) {
        self.of_rows(threads, |row, signal| signal.copy_from_slice(&x[row * self.n..][..self.n]), parts, room);
    }

    /// The same of rows that `read` writes where it is told.
    fn of_rows(
        &self,
        threads: &Threads,
        read: impl Fn(usize, &mut [T]) + Sync,
        (re, im): (&mut [T], &mut [T]),
        room: &mut [T],
    ) {
        let (n, width) = (self.n, self.n / 2 + 1);
        let parts = Parts::new(re, im, width);
        self.cut.run(threads, room, |row, room| {
            let (signal, rest) = room.split_at_mut(n.next_multiple_of(2));
            let (spectrum, scratch) = complex(rest).split_at_mut(width);
            read(row, &mut signal[..n]);
            let scratch = &mut scratch[..self.plan.get_scratch_len()];
            self.plan.process_with_scratch(&mut signal[..n], spectrum, scratch).expect("lengths of the plan");
            // Safety: a row belongs to one chunk.
            unsafe { parts.write(row, spectrum) };
        });
    }
}

/// Where the frames of signals lie: frame `f` of a signal has its samples from `f · stride` on.
#[derive(Clone, Copy, Debug)]
pub struct Frames {
    /// How many signals there are.
    pub signals: usize,
    /// Samples of each.
    pub samples: usize,
    /// Samples of a frame, at least 1 and at most those of a signal.
    pub length: usize,
    /// Samples from one frame to the next, at least 1.
    pub stride: usize,
}

impl Frames {
    /// Frames of a signal.
    pub fn count(self) -> usize {
        (self.samples - self.length) / self.stride + 1
    }
}

/// [`RealFourier`] of the frames of signals under a window, read where they lie.
#[derive(Clone)]
pub struct ShortFourier<T: Real> {
    frames: Frames,
    each: RealFourier<T>,
}

impl<T: Real> ShortFourier<T> {
    /// For these frames.
    pub fn new(frames: Frames) -> Self {
        ShortFourier { frames, each: RealFourier::new(frames.signals * frames.count(), frames.length) }
    }

    /// Numbers that [`ShortFourier::run`] works in.
    pub fn room(&self) -> usize {
        self.each.room()
    }

    /// `x` (signals, samples), `window` (length) → `re`, `im` (signals, frames, length/2 + 1).
    pub fn run(&self, threads: &Threads, (x, window): (&[T], &[T]), parts: (&mut [T], &mut [T]), room: &mut [T]) {
        let (Frames { samples, length, stride, .. }, count) = (self.frames, self.frames.count());
        let read = |row: usize, frame: &mut [T]| {
            let samples = &x[row / count * samples + row % count * stride..][..length];
            for ((to, &x), &w) in frame.iter_mut().zip(samples).zip(window) {
                *to = x * w;
            }
        };
        self.each.of_rows(threads, read, parts, room);
    }
}

/// `xⱼ = 1/n Σₖ Xₖ e^(2πi·jk/n)`, where the other half of the `Xₖ` are the conjugates of those given: rows of `n` real numbers.
/// Of `X₀`, and of the one at `n/2`, the real part counts.
#[derive(Clone)]
pub struct InverseRealFourier<T: Real> {
    n: usize,
    plan: Arc<dyn ComplexToReal<T>>,
    cut: Cut,
}

impl<T: Real> InverseRealFourier<T> {
    /// For `rows` rows of `n` numbers, `n` at least 1.
    pub fn new(rows: usize, n: usize) -> Self {
        let plan = RealFftPlanner::new().plan_fft_inverse(n);
        let room = 2 * (n / 2 + 1) + 2 * plan.get_scratch_len();
        InverseRealFourier { n, plan, cut: Cut::new(rows, n, room) }
    }

    /// Numbers that [`InverseRealFourier::run`] works in.
    pub fn room(&self) -> usize {
        self.cut.numbers()
    }

    /// `re`, `im` (rows, n/2 + 1) → `x` (rows, n).
    pub fn run(&self, threads: &Threads, (re, im): (&[T], &[T]), x: &mut [T], room: &mut [T]) {
        let (n, width) = (self.n, self.n / 2 + 1);
        let (x, scale) = (Disjoint::new(x), T::one() / T::from_usize(n).expect("a length"));
        self.cut.run(threads, room, |row, room| {
            let (spectrum, scratch) = complex(room).split_at_mut(width);
            read(&re[row * width..][..width], &im[row * width..][..width], spectrum);
            spectrum[0].im = T::zero();
            if n.is_multiple_of(2) {
                spectrum[n / 2].im = T::zero();
            }
            // Safety: a row belongs to one chunk.
            let x = unsafe { x.slice(row * n..(row + 1) * n) };
            let scratch = &mut scratch[..self.plan.get_scratch_len()];
            self.plan.process_with_scratch(spectrum, x, scratch).expect("lengths of the plan");
            x.iter_mut().for_each(|x| *x = *x * scale);
        });
    }
}

/// `Yₖ = Σⱼ Xⱼ e^(∓2πi·jk/n)` of each of some rows of `n` complex numbers: − forward, + inverse, without a factor.
#[derive(Clone)]
pub struct Fourier<T: Real> {
    n: usize,
    plan: Arc<dyn Fft<T>>,
    cut: Cut,
}

impl<T: Real> Fourier<T> {
    /// For `rows` rows of `n` numbers, `n` at least 1.
    pub fn new(rows: usize, n: usize, inverse: bool) -> Self {
        let mut planner = FftPlanner::new();
        let plan = if inverse { planner.plan_fft_inverse(n) } else { planner.plan_fft_forward(n) };
        let room = 2 * n + 2 * plan.get_inplace_scratch_len();
        Fourier { n, plan, cut: Cut::new(rows, n, room) }
    }

    /// Numbers that [`Fourier::run`] works in.
    pub fn room(&self) -> usize {
        self.cut.numbers()
    }

    /// (rows, n) → (rows, n), both as real and imaginary parts.
    pub fn run(&self, threads: &Threads, (re, im): (&[T], &[T]), out: (&mut [T], &mut [T]), room: &mut [T]) {
        let n = self.n;
        let parts = Parts::new(out.0, out.1, n);
        self.cut.run(threads, room, |row, room| {
            let (numbers, scratch) = complex(room).split_at_mut(n);
            read(&re[row * n..][..n], &im[row * n..][..n], numbers);
            self.plan.process_with_scratch(numbers, &mut scratch[..self.plan.get_inplace_scratch_len()]);
            // Safety: a row belongs to one chunk.
            unsafe { parts.write(row, numbers) };
        });
    }
}
