//! Random numbers: the distributions by moments, limits and Kolmogorov–Smirnov; the bits by element.

use ferrograd_kernels::element::{Element, Float, Truth};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::random::*;
use ferrograd_kernels::threads::Threads;

const N: usize = 200_000;

fn key(stream: u32) -> Key {
    Key { seed: 0x5eed_0123_4567_89ab, stream, step: 3 }
}

fn draw<T: Element, D: Distribution<T>>(distribution: &D, stream: u32) -> Vec<T> {
    let mut out = vec![T::default(); N];
    fill(distribution, &key(stream), 0, Isa::detect(), &Threads::serial(), &mut out);
    out
}

fn floats<T: Float, D: Distribution<T>>(distribution: &D, stream: u32) -> Vec<f64> {
    draw(distribution, stream).into_iter().map(Float::to_f64).collect()
}

/// The largest distance between the sample's distribution and `cdf`, times √n: above 2.2 once in 8,000 times.
fn kolmogorov(mut sample: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    let distance = |(i, &x): (usize, &f64)| (cdf(x) - i as f64 / n).abs().max((cdf(x) - (i + 1) as f64 / n).abs());
    sample.iter().enumerate().map(distance).fold(0.0, f64::max) * n.sqrt()
}

fn moment(sample: &[f64], power: i32) -> f64 {
    sample.iter().map(|x| x.powi(power)).sum::<f64>() / sample.len() as f64
}

/// Φ(x) by Simpson's rule, to 1e-10: independent of everything under test.
fn normal_cdf(x: f64) -> f64 {
    let x = x.clamp(-8.0, 8.0);
    let density = |t: f64| (-0.5 * t * t).exp() / std::f64::consts::TAU.sqrt();
    let (steps, h) = (200, x / 200.0);
    let weight = |i: usize| if i == 0 || i == steps { 1.0 } else { 2.0 + 2.0 * (i % 2) as f64 };
    0.5 + h / 3.0 * (0..=steps).map(|i| weight(i) * density(i as f64 * h)).sum::<f64>()
}

fn uniform_is_uniform<T: Float>(closed: bool)
where
    Uniform: Distribution<T>,
    UniformOpen: Distribution<T>,
{
    let sample = if closed { floats::<T, _>(&Uniform, 1) } else { floats::<T, _>(&UniformOpen, 2) };
    assert!(sample.iter().all(|&x| (0.0..1.0).contains(&x) && (closed || x > 0.0)));
    assert!((moment(&sample, 1) - 0.5).abs() < 5.0 * (1.0f64 / 12.0 / N as f64).sqrt());
    assert!((moment(&sample, 2) - 1.0 / 3.0).abs() < 5.0 * (4.0f64 / 45.0 / N as f64).sqrt());
    assert!(kolmogorov(sample, |x| x) < 2.2);
}

#[test]
fn uniforms() {
    uniform_is_uniform::<f32>(true);
    uniform_is_uniform::<f64>(true);
    uniform_is_uniform::<f32>(false);
    uniform_is_uniform::<f64>(false);
}

fn normal_is_normal<T: Float>()
where
    Normal: Distribution<T>,
{
    let sample = floats::<T, _>(&Normal, 4);
    let n = (N as f64).sqrt();
    // Each moment within five of its own deviations: Var x = 1, x² 2, x³ 15, x⁴ 96.
    assert!(moment(&sample, 1).abs() < 5.0 / n);
    assert!((moment(&sample, 2) - 1.0).abs() < 5.0 * 2f64.sqrt() / n);
    assert!(moment(&sample, 3).abs() < 5.0 * 15f64.sqrt() / n);
    assert!((moment(&sample, 4) - 3.0).abs() < 5.0 * 96f64.sqrt() / n);
    assert!(sample.iter().all(|x| x.is_finite()));
    // The two of a pair stand 16 elements apart: they must not know of each other.
    let joint = sample.windows(17).map(|w| w[0] * w[16]).sum::<f64>() / N as f64;
    assert!(joint.abs() < 5.0 / n);
    assert!(kolmogorov(sample, normal_cdf) < 2.2);
}

#[test]
fn normals() {
    normal_is_normal::<f32>();
    normal_is_normal::<f64>();
}

fn truncated_is_truncated<T: Float>()
where
    TruncatedNormal: Distribution<T>,
{
    let sample = floats::<T, _>(&TruncatedNormal, 5);
    let (low, high) = sample.iter().fold((0.0f64, 0.0f64), |(l, h), &x| (l.min(x), h.max(x)));
    assert!((-2.0..-1.999).contains(&low) && high > 1.999 && high <= 2.0);
    // 0.87962566 is the deviation that Keras divides by.
    assert!((moment(&sample, 2).sqrt() - 0.879_625_66).abs() < 0.005);
    let inside = normal_cdf(2.0) - normal_cdf(-2.0);
    assert!(kolmogorov(sample, |x| (normal_cdf(x) - normal_cdf(-2.0)) / inside) < 2.2);
}

#[test]
fn truncated_normals() {
    truncated_is_truncated::<f32>();
    truncated_is_truncated::<f64>();
}

#[test]
fn integers_fill_their_interval_evenly() {
    let sample = draw(&Integers::new(-3, 4).unwrap(), 6);
    let mut counts = [0.0f64; 7];
    sample.iter().for_each(|&x| counts[(x + 3) as usize] += 1.0);
    let expected = N as f64 / 7.0;
    let chi: f64 = counts.iter().map(|c| (c - expected).powi(2) / expected).sum();
    // 99.99 % point of chi squared with 6 degrees of freedom.
    assert!(chi < 27.9, "chi squared {chi}");
    let wide = draw(&Integers::new(i32::MIN, i32::MAX).unwrap(), 6);
    let positive = wide.iter().filter(|&&x| x >= 0).count() as f64;
    assert!((positive / N as f64 - 0.5).abs() < 5.0 * 0.5 / (N as f64).sqrt());
    assert!(draw(&Integers::new(5, 6).unwrap(), 6).iter().all(|&x| x == 5));
    assert!(Integers::new(4, 4).is_err() && Integers::new(4, -4).is_err());
}

#[test]
fn masks_keep_their_share() {
    for p in [0.0, 0.1, 0.5, 0.93, 1.0] {
        let mask: Vec<Truth> = draw(&Bernoulli::new(p).unwrap(), 7);
        let kept = mask.iter().map(|&m| f64::from(m.byte())).sum::<f64>() / N as f64;
        assert!((kept - p).abs() <= 5.0 * (p * (1.0 - p) / N as f64).sqrt());
        let scaled: Vec<f32> = draw(&Dropout::new(p).unwrap(), 7);
        let plain: Vec<f64> = draw(&Bernoulli::new(p).unwrap(), 7);
        for ((&m, &s), &one) in mask.iter().zip(&scaled).zip(&plain) {
            assert_eq!(s, if bool::from(m) { (1.0 / p) as f32 } else { 0.0 });
            assert_eq!(one, f64::from(m.byte()));
        }
    }
    assert!(Bernoulli::new(1.1).is_err() && Bernoulli::new(f64::NAN).is_err() && Dropout::new(-0.1).is_err());
}

/// The bits of element `e` are the same whatever is drawn around it, on every thread count and instruction set.
fn depends_on_the_element_alone<T: Element, D: Distribution<T>>(distribution: &D) {
    let whole = draw(distribution, 8);
    for isa in Isa::available() {
        for count in [1, 2, 3, 4, 8] {
            let mut again = vec![T::default(); N];
            fill(distribution, &key(8), 0, isa, &Threads::new(count), &mut again);
            assert!(whole == again, "{isa:?}, {count} threads");
        }
        for (first, len) in [(0, 1), (1, 1), (15, 2), (63, 66), (64, 64), (100, 1), (31, 500), (129, 7), (77, 0)] {
            let mut part = vec![T::default(); len];
            fill(distribution, &key(8), first as u64, isa, &Threads::serial(), &mut part);
            assert_eq!(part, whole[first..first + len]);
        }
    }
    for other in [Key { seed: 1, ..key(8) }, Key { step: 4, ..key(8) }, Key { step: 3 + (1 << 32), ..key(8) }, key(9)] {
        let mut different = vec![T::default(); N];
        fill(distribution, &other, 0, Isa::detect(), &Threads::serial(), &mut different);
        let same = different.iter().zip(&whole).filter(|(a, b)| a == b).count();
        assert!(same < N * 3 / 4, "{other:?} repeats {same} of {N}");
    }
}

#[test]
fn numbers_depend_on_the_element_alone() {
    depends_on_the_element_alone::<f32, _>(&Uniform);
    depends_on_the_element_alone::<f64, _>(&Uniform);
    depends_on_the_element_alone::<f32, _>(&UniformOpen);
    depends_on_the_element_alone::<f64, _>(&UniformOpen);
    depends_on_the_element_alone::<f32, _>(&Normal);
    depends_on_the_element_alone::<f64, _>(&Normal);
    depends_on_the_element_alone::<f32, _>(&TruncatedNormal);
    depends_on_the_element_alone::<f64, _>(&TruncatedNormal);
    depends_on_the_element_alone::<i32, _>(&Integers::new(0, 1000).unwrap());
    depends_on_the_element_alone::<Truth, _>(&Bernoulli::new(0.5).unwrap());
    depends_on_the_element_alone::<f32, _>(&Dropout::new(0.5).unwrap());
}

/// The first numbers of a key, written down: they must never change, or no old run could be repeated.
#[test]
fn the_first_numbers_stay_what_they_are() {
    let block = philox([0, 3, 8, 0], [0x4567_89ab, 0x5eed_0123]);
    assert_eq!(draw::<f32, _>(&Uniform, 8)[0], (block[0] >> 8) as f32 / 16_777_216.0);
    assert_eq!(draw::<f32, _>(&Uniform, 8)[16], (block[1] >> 8) as f32 / 16_777_216.0);
    let bits = u64::from(block[2]) << 32 | u64::from(block[3]);
    let high = (bits >> 37 << 26 | (bits & 0xffff_ffff) >> 6) as f64;
    assert_eq!(draw::<f64, _>(&Uniform, 8)[16], high / 9_007_199_254_740_992.0);
}
