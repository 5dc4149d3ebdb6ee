//! Softmax and the cross-entropies against the plain formulas in f64, on every instruction set and thread count.

use ferrograd_kernels::convert::convert;
use ferrograd_kernels::cross_entropy::*;
use ferrograd_kernels::element::Float;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::math::{Cast, Compute};
use ferrograd_kernels::random::{Integers, Key, Normal, Uniform, fill};
use ferrograd_kernels::rows::BadIndex;
use ferrograd_kernels::softmax::{Softmax, SoftmaxKind};
use ferrograd_kernels::threads::Threads;

trait Tested: Compute + Float + Cast {
    /// Allowed error of a result of size 1, as a multiple of which all bounds here are stated.
    const UNIT: f64;
}
impl Tested for f32 {
    // Half a dozen roundings of 6e-8, exp and log of 1.5 ulp.
    const UNIT: f64 = 1e-6;
}
impl Tested for f64 {
    const UNIT: f64 = 2e-15;
}

fn key(stream: usize) -> Key {
    Key { seed: 21, stream: stream as u32, step: 0 }
}

fn wide<T: Tested>(x: &[T]) -> Vec<f64> {
    x.iter().map(|&x| Float::to_f64(x)).collect()
}

/// Normal numbers, some of them stretched far out, rounded to `T`.
fn scores<T: Tested>(n: usize, stretch: f64) -> Vec<T> {
    let mut out = vec![0.0; n];
    fill(&Normal, &key(n), 0, Isa::detect(), &Threads::serial(), &mut out);
    out.iter().map(|&x: &f64| <T as Float>::from_f64(x * stretch)).collect()
}

fn weights<T: Tested>(n: usize) -> Vec<T> {
    let mut out = vec![0.0; n];
    fill(&Uniform, &key(n + 1), 0, Isa::detect(), &Threads::serial(), &mut out);
    out.iter().map(|&x: &f64| <T as Float>::from_f64((x - 0.2).max(0.0))).collect()
}

fn labels(rows: usize, cols: usize) -> Vec<i32> {
    let mut out = vec![0; rows];
    let integers = Integers::new(0, cols as i32).unwrap();
    fill(&integers, &key(rows), 0, Isa::detect(), &Threads::serial(), &mut out);
    out
}

fn log_softmax(row: &[f64]) -> Vec<f64> {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = row.iter().map(|x| (x - max).exp()).sum::<f64>().ln();
    row.iter().map(|x| x - max - log_sum).collect()
}

fn softmax(row: &[f64]) -> Vec<f64> {
    log_softmax(row).into_iter().map(f64::exp).collect()
}

/// Runs `kernel` on every instruction set and thread count: each within `bound` (of size 1, or of the value beyond)
/// of `expected`, and the same bits at any count.
fn check<T: Tested>(expected: &[f64], bound: f64, kernel: impl Fn(Isa, &Threads, &mut [T])) {
    for isa in Isa::available() {
        let run = |count| {
            let mut out = vec![T::NEG_INFINITY; expected.len()];
            kernel(isa, &Threads::new(count), &mut out);
            out
        };
        let out = run(1);
        for (i, (&got, &want)) in out.iter().zip(expected).enumerate() {
            let error = (Float::to_f64(got) - want).abs();
            assert!(error <= bound * want.abs().max(1.0), "{isa:?} [{i}]: {got:?}, expected {want}");
        }
        assert!([2, 3, 4, 8].into_iter().all(|count| run(count) == out), "{isa:?}: bits differ between thread counts");
    }
}

const SHAPES: [(usize, usize); 14] = [
    (0, 3),
    (1, 1),
    (5, 2),
    (33, 3),
    (7, 7),
    (9, 8),
    (32, 10),
    (4, 15),
    (3, 16),
    (6, 17),
    (11, 33),
    (300, 129),
    (2, 10_007),
    (4000, 10),
];

fn softmaxes<T: Tested>() {
    for (rows, cols) in SHAPES {
        for stretch in [1.0, 300.0] {
            let x = scores::<T>(rows * cols, stretch);
            let exact = wide(&x);
            let expected: Vec<f64> = exact.chunks(cols).flat_map(softmax).collect();
            let new = |kind, isa| Softmax::new(rows, cols, kind, isa).unwrap();
            // A score of 300 loses what its ulp is worth before the exponential sees it.
            let bound = T::UNIT * (1.0 + stretch / 100.0);
            check::<T>(&expected, bound, |isa, threads, y| new(SoftmaxKind::Softmax, isa).run(threads, &x, y, None));
            let expected: Vec<f64> = exact.chunks(cols).flat_map(log_softmax).collect();
            check::<T>(&expected, bound, |isa, threads, y| new(SoftmaxKind::LogSoftmax, isa).run(threads, &x, y, None));
        }
    }
}

#[test]
fn softmax_and_its_logarithm() {
    softmaxes::<f32>();
    softmaxes::<f64>();
}

fn cross_entropies<T: Tested>() {
    for (rows, cols) in SHAPES {
        let (x, t) = (scores::<T>(rows * cols, 3.0), weights::<T>(rows * cols));
        let new = |isa| SoftmaxCrossEntropy::new(rows, cols, isa).unwrap();
        let (exact_x, exact_t) = (wide(&x), wide(&t));
        let per_row = exact_x.chunks(cols).zip(exact_t.chunks(cols));
        let loss = |(x, t): (&[f64], &[f64])| -> f64 { log_softmax(x).iter().zip(t).map(|(l, t)| -l * t).sum() };
        let expected: Vec<f64> = per_row.map(loss).collect();
        check::<T>(&expected, T::UNIT, |isa, threads, out| new(isa).loss(threads, &x, &t, out));
        sparse::<T>(rows, cols, &x);
    }
}

/// The sparse forms against the plain formulas with a target of 1 at the label.
fn sparse<T: Tested>(rows: usize, cols: usize, x: &[T]) {
    let labels = labels(rows, cols);
    let exact = wide(x);
    let new = |isa| SoftmaxCrossEntropy::new(rows, cols, isa).unwrap();
    let expected: Vec<f64> =
        exact.chunks(cols).zip(&labels).map(|(row, &label)| -log_softmax(row)[label as usize]).collect();
    check::<T>(&expected, T::UNIT, |isa, threads, out| new(isa).sparse_loss(threads, x, &labels, out).unwrap());
}

#[test]
fn cross_entropies_of_targets_and_labels() {
    cross_entropies::<f32>();
    cross_entropies::<f64>();
}

fn sigmoids<T: Tested>() {
    for n in [0, 1, 7, 16, 33, 100_003] {
        let (x, t) = (scores::<T>(n, 20.0), weights::<T>(n));
        let (exact_x, exact_t) = (wide(&x), wide(&t));
        let loss = |(x, t): (&f64, &f64)| x.max(0.0) - x * t + (-x.abs()).exp().ln_1p();
        let expected: Vec<f64> = exact_x.iter().zip(&exact_t).map(loss).collect();
        check::<T>(&expected, T::UNIT, |isa, threads, out| sigmoid_cross_entropy(isa, threads, &x, &t, out));
    }
}

#[test]
fn sigmoid_cross_entropies() {
    sigmoids::<f32>();
    sigmoids::<f64>();
}

#[test]
fn extreme_scores_stay_finite() {
    let threads = Threads::serial();
    for isa in Isa::available() {
        let softmax = Softmax::new(1, 3, SoftmaxKind::Softmax, isa).unwrap();
        let mut y = [0.0f32; 3];
        softmax.run(&threads, &[1e30, -1e30, 1e30], &mut y, None);
        assert_eq!(y, [0.5, 0.0, 0.5]);
        softmax.run(&threads, &[f32::NEG_INFINITY, 2.0, f32::NEG_INFINITY], &mut y, None);
        assert_eq!(y, [0.0, 1.0, 0.0]);
        softmax.run(&threads, &[f32::NAN, 2.0, 1.0], &mut y, None);
        assert!(y.iter().all(|y| y.is_nan()));
        let entropy = SoftmaxCrossEntropy::new(1, 3, isa).unwrap();
        let mut loss = [0.0f32];
        entropy.sparse_loss(&threads, &[-30.0, 0.0, 30.0], &[0], &mut loss).unwrap();
        assert_eq!(loss, [60.0]);
        entropy.loss(&threads, &[f32::NEG_INFINITY, 0.0, f32::NEG_INFINITY], &[0.0, 1.0, 0.0], &mut loss);
        assert_eq!(loss, [0.0]);
        let mut losses = [0.0f32; 4];
        sigmoid_cross_entropy(isa, &threads, &[1e30, -1e30, 200.0, -200.0], &[1.0, 0.0, 0.0, 1.0], &mut losses);
        assert_eq!(losses, [0.0, 0.0, 200.0, 200.0]);
    }
}

#[test]
fn a_label_outside_the_classes_is_named_and_nothing_is_written() {
    let threads = Threads::new(2);
    let kernel = SoftmaxCrossEntropy::new(3, 4, Isa::detect()).unwrap();
    for (label, labels) in [(4, [0, 4, 1]), (-1, [3, -1, 9])] {
        let expected = Err(BadIndex { position: 1, index: label, limit: 4 });
        let mut out = [7.0f32; 3];
        assert_eq!(kernel.sparse_loss(&threads, &[0.5; 12], &labels, &mut out), expected);
        assert_eq!(out, [7.0; 3]);
    }
    assert!(SoftmaxCrossEntropy::new(usize::MAX, 2, Isa::detect()).is_err());
    assert!(Softmax::new(usize::MAX, 2, SoftmaxKind::Softmax, Isa::detect()).is_err());
}

#[test]
fn conversions() {
    let threads = Threads::new(2);
    let mut whole = [0i32; 8];
    convert(&threads, &[1.9f32, -1.9, f32::NAN, 3e9, -3e9, f32::INFINITY, -0.0, 0.5], &mut whole);
    assert_eq!(whole, [1, -1, 0, i32::MAX, i32::MIN, i32::MAX, 0, 0]);
    let mut truth = [9u8; 5];
    convert(&threads, &[0.0f64, -0.0, 1e-300, f64::NAN, -7.0], &mut truth);
    assert_eq!(truth, [0, 0, 1, 1, 1]);
    let mut narrow = [0.0f32; 3];
    convert(&threads, &[1.0f64 / 3.0, 1e300, -1e-300], &mut narrow);
    assert_eq!(narrow, [1.0 / 3.0, f32::INFINITY, -0.0]);
    let mut back = [0.0f64; 5];
    convert(&threads, &truth, &mut back);
    assert_eq!(back, [0.0, 0.0, 1.0, 1.0, 1.0]);
    let many: Vec<i32> = (-200_000..200_000).collect();
    let mut floats = vec![0.0f32; many.len()];
    convert(&threads, &many, &mut floats);
    assert!(many.iter().zip(&floats).all(|(&i, &x)| i as f32 == x));
}
