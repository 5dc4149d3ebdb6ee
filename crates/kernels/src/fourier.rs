//! Fourier transforms of rows: frequencies of signals, and signals of frequencies.
//!
//! Complex numbers are two arrays, the real parts and the imaginary ones. The transforms themselves are those of
//! `realfft` and `rustfft`, planned once for a length. They run in float64 for float32 too: their butterflies are a
//! quarter of a megabyte of code for a type, so that one type is enough, and results are rounded once.

use crate::element::Float;
use crate::threads::{Chunks, Disjoint, Threads, grain, split};
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Rows of a transform, cut into chunks that each have room of their own.
#[derive(Clone, Copy, Debug)]
struct Cut {
    chunks: Chunks,
    /// float64 numbers that a chunk works in.
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
    fn run(self, threads: &Threads, room: &mut [f64], row: impl Fn(usize, &mut [f64]) + Sync) {
        let rooms = Disjoint::new(&mut room[..self.numbers()]);
        threads.for_each_chunk(self.chunks, |chunk, rows| {
            // Safety: each chunk has its own part and is visited once.
            let room = unsafe { rooms.slice(chunk * self.room..(chunk + 1) * self.room) };
            rows.for_each(|at| row(at, room));
        });
    }
}

/// Pairs of numbers as complex ones.
fn complex(numbers: &mut [f64]) -> &mut [Complex<f64>] {
    // Safety: `Complex` is two numbers in C's layout, so it is aligned as one, and any two numbers are one.
    unsafe { std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast::<Complex<f64>>(), numbers.len() / 2) }
}

/// Where rows of real and imaginary parts are written, row by row.
struct Parts<'a, T> {
    re: Disjoint<'a, T>,
    im: Disjoint<'a, T>,
    width: usize,
}

impl<'a, T: Float> Parts<'a, T> {
    fn new(re: &'a mut [T], im: &'a mut [T], width: usize) -> Self {
        assert_eq!(re.len(), im.len(), "as many real as imaginary parts");
        Parts { re: Disjoint::new(re), im: Disjoint::new(im), width }
    }

    /// Writes a row.
    ///
    /// # Safety
    /// No other thread is at the same row.
    unsafe fn write(&self, row: usize, from: &[Complex<f64>]) {
        let at = row * self.width..(row + 1) * self.width;
        // Safety: the caller's promise.
        let (re, im) = unsafe { (self.re.slice(at.clone()), self.im.slice(at)) };
        for ((re, im), from) in re.iter_mut().zip(im).zip(from) {
            (*re, *im) = (T::from_f64(from.re), T::from_f64(from.im));
        }
    }
}

fn read<T: Float>(re: &[T], im: &[T], into: &mut [Complex<f64>]) {
    for ((re, im), into) in re.iter().zip(im).zip(into) {
        *into = Complex::new(re.to_f64(), im.to_f64());
    }
}

/// `Xₖ = Σⱼ xⱼ e^(−2πi·jk/n)`, `k ≤ n/2`, of each of some rows of `n` real numbers.
#[derive(Clone)]
pub struct RealFourier {
    n: usize,
    plan: Arc<dyn RealToComplex<f64>>,
    cut: Cut,
}

impl RealFourier {
    /// For `rows` rows of `n` numbers, `n` at least 1.
    pub fn new(rows: usize, n: usize) -> Self {
        let plan = RealFftPlanner::new().plan_fft_forward(n);
        let room = n.next_multiple_of(2) + 2 * (n / 2 + 1) + 2 * plan.get_scratch_len();
        RealFourier { n, plan, cut: Cut::new(rows, n, room) }
    }

    /// float64 numbers that [`RealFourier::run`] works in.
    pub fn room(&self) -> usize {
        self.cut.numbers()
    }

    /// `x` (rows, n) → `re`, `im` (rows, n/2 + 1).
    pub fn run<T: Float>(&self, threads: &Threads, x: &[T], parts: (&mut [T], &mut [T]), room: &mut [f64]) {
        let read = |row: usize, signal: &mut [f64]| {
            for (to, x) in signal.iter_mut().zip(&x[row * self.n..][..self.n]) {
                *to = x.to_f64();
            }
        };
        self.of_rows(threads, read, parts, room);
    }

    /// The same of rows that `read` writes where it is told.
    fn of_rows<T: Float>(
        &self,
        threads: &Threads,
        read: impl Fn(usize, &mut [f64]) + Sync,
        (re, im): (&mut [T], &mut [T]),
        room: &mut [f64],
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
pub struct ShortFourier {
    frames: Frames,
    each: RealFourier,
}

impl ShortFourier {
    /// For these frames.
    pub fn new(frames: Frames) -> Self {
        ShortFourier { frames, each: RealFourier::new(frames.signals * frames.count(), frames.length) }
    }

    /// float64 numbers that [`ShortFourier::run`] works in.
    pub fn room(&self) -> usize {
        self.each.room()
    }

    /// `x` (signals, samples), `window` (length) → `re`, `im` (signals, frames, length/2 + 1).
    pub fn run<T: Float>(
        &self,
        threads: &Threads,
        (x, window): (&[T], &[T]),
        parts: (&mut [T], &mut [T]),
        room: &mut [f64],
    ) {
        let (Frames { samples, length, stride, .. }, count) = (self.frames, self.frames.count());
        let read = |row: usize, frame: &mut [f64]| {
            let samples = &x[row / count * samples + row % count * stride..][..length];
            for ((to, &x), &w) in frame.iter_mut().zip(samples).zip(window) {
                *to = x.to_f64() * w.to_f64();
            }
        };
        self.each.of_rows(threads, read, parts, room);
    }
}

/// `xⱼ = 1/n Σₖ Xₖ e^(2πi·jk/n)`, where the other half of the `Xₖ` are the conjugates of those given: rows of `n` real numbers.
/// Of `X₀`, and of the one at `n/2`, the real part counts.
#[derive(Clone)]
pub struct InverseRealFourier {
    n: usize,
    plan: Arc<dyn ComplexToReal<f64>>,
    cut: Cut,
}

impl InverseRealFourier {
    /// For `rows` rows of `n` numbers, `n` at least 1.
    pub fn new(rows: usize, n: usize) -> Self {
        let plan = RealFftPlanner::new().plan_fft_inverse(n);
        let room = n.next_multiple_of(2) + 2 * (n / 2 + 1) + 2 * plan.get_scratch_len();
        InverseRealFourier { n, plan, cut: Cut::new(rows, n, room) }
    }

    /// float64 numbers that [`InverseRealFourier::run`] works in.
    pub fn room(&self) -> usize {
        self.cut.numbers()
    }

    /// `re`, `im` (rows, n/2 + 1) → `x` (rows, n).
    pub fn run<T: Float>(&self, threads: &Threads, (re, im): (&[T], &[T]), x: &mut [T], room: &mut [f64]) {
        let (n, width) = (self.n, self.n / 2 + 1);
        let (x, scale) = (Disjoint::new(x), 1.0 / n as f64);
        self.cut.run(threads, room, |row, room| {
            let (signal, rest) = room.split_at_mut(n.next_multiple_of(2));
            let (spectrum, scratch) = complex(rest).split_at_mut(width);
            read(&re[row * width..][..width], &im[row * width..][..width], spectrum);
            spectrum[0].im = 0.0;
            if n.is_multiple_of(2) {
                spectrum[n / 2].im = 0.0;
            }
            // Safety: a row belongs to one chunk.
            let x = unsafe { x.slice(row * n..(row + 1) * n) };
            let scratch = &mut scratch[..self.plan.get_scratch_len()];
            self.plan.process_with_scratch(spectrum, &mut signal[..n], scratch).expect("lengths of the plan");
            for (x, signal) in x.iter_mut().zip(signal) {
                *x = T::from_f64(*signal * scale);
            }
        });
    }
}

/// `Yₖ = Σⱼ Xⱼ e^(∓2πi·jk/n)` of each of some rows of `n` complex numbers: − forward, + inverse, without a factor.
#[derive(Clone)]
pub struct Fourier {
    n: usize,
    plan: Arc<dyn Fft<f64>>,
    cut: Cut,
}

impl Fourier {
    /// For `rows` rows of `n` numbers, `n` at least 1.
    pub fn new(rows: usize, n: usize, inverse: bool) -> Self {
        let mut planner = FftPlanner::new();
        let plan = if inverse { planner.plan_fft_inverse(n) } else { planner.plan_fft_forward(n) };
        let room = 2 * n + 2 * plan.get_inplace_scratch_len();
        Fourier { n, plan, cut: Cut::new(rows, n, room) }
    }

    /// float64 numbers that [`Fourier::run`] works in.
    pub fn room(&self) -> usize {
        self.cut.numbers()
    }

    /// (rows, n) → (rows, n), both as real and imaginary parts.
    pub fn run<T: Float>(
        &self,
        threads: &Threads,
        (re, im): (&[T], &[T]),
        out: (&mut [T], &mut [T]),
        room: &mut [f64],
    ) {
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
