//! Every function on every instruction set against `f64`, in units of the last place, over all binades and corners.

use super::*;
use crate::isa::Isa;
use crate::vectors::{Vectors, load, run, store};

type Slice<T> = fn(Isa, &mut [T]);
type Reference = fn(f64) -> f64;

/// The distance between neighbouring `f32` at `x`, denormals included.
fn unit(x: f64) -> f64 {
    let exponent = ((x.abs().to_bits() >> 52) as i32 - 1023).clamp(-126, 127);
    2f64.powi(exponent - 23)
}

/// How far `got` is from `exact`, in units of the last place of `f32`.
fn ulp(got: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if rounded.is_nan() {
        return if got.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if rounded.is_infinite() || got.is_infinite() {
        // One step from the largest number is infinity, and the other way round.
        let close =
            rounded.is_sign_positive() == got.is_sign_positive() && exact.abs() > f64::from(f32::MAX) * 0.999_999;
        return if f64::from(rounded) == f64::from(got) {
            0.0
        } else if close {
            1.0
        } else {
            f64::INFINITY
        };
    }
    (f64::from(got) - exact).abs() / unit(exact)
}

fn sigmoid64(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

fn softplus64(x: f64) -> f64 {
    if x.is_nan() { x } else { x.max(0.0) + (-x.abs()).exp().ln_1p() }
}

/// Name, function, reference, bound in ulp, and an absolute error that is right as well.
fn functions() -> [(&'static str, Slice<f32>, Reference, f64, f64); 13] {
    [
        ("exp", exp::<f32>, f64::exp, 1.1, 0.0),
        ("expm1", expm1::<f32>, f64::exp_m1, 1.75, 0.0),
        ("log", log::<f32>, f64::ln, 1.0, 0.0),
        ("log1p", log1p::<f32>, f64::ln_1p, 1.5, 0.0),
        ("tanh", tanh::<f32>, f64::tanh, 2.5, 0.0),
        ("sigmoid", sigmoid::<f32>, sigmoid64, 2.5, 0.0),
        ("erf", erf::<f32>, libm::erf, 1.5, 0.0),
        ("softplus", softplus::<f32>, softplus64, 2.0, 0.0),
        ("sin", sin::<f32>, f64::sin, 0.0, 1e-7),
        ("cos", cos::<f32>, f64::cos, 0.0, 1e-7),
        ("sqrt", sqrt::<f32>, f64::sqrt, 0.5, 0.0),
        ("rsqrt", rsqrt::<f32>, |x| 1.0 / x.sqrt(), 1.5, 0.0),
        ("recip", recip::<f32>, |x| 1.0 / x, 0.5, 0.0),
    ]
}

/// Every 4,099th bit pattern, every 61st between 1e-3 and 200 of either sign, and the corners.
fn arguments() -> Vec<f32> {
    let mut x: Vec<f32> = (0..=u32::MAX).step_by(4099).map(f32::from_bits).collect();
    x.extend((1e-3f32.to_bits()..200f32.to_bits()).step_by(61).flat_map(|b| [f32::from_bits(b), -f32::from_bits(b)]));
    x.extend(corners());
    x
}

fn corners() -> Vec<f32> {
    let positive = [
        0.0,
        f32::from_bits(1),
        f32::MIN_POSITIVE,
        f32::from_bits(f32::MIN_POSITIVE.to_bits() - 1),
        1e-9,
        f32::EPSILON,
        0.5,
        1.0,
        1.0 - f32::EPSILON / 2.0,
        1.0 + f32::EPSILON,
        17.328_68,
        88.722_83,
        88.722_84,
        87.336_54,
        103.972_08,
        104.0,
        105.0,
        8192.0,
        8193.0,
        1e30,
        f32::MAX,
        f32::INFINITY,
        f32::NAN,
    ];
    positive.into_iter().flat_map(|x| [x, -x]).collect()
}

#[test]
fn f32_functions_keep_their_bounds() {
    let x = arguments();
    for (name, function, reference, bound, absolute) in functions() {
        for isa in Isa::available() {
            let mut y = x.clone();
            function(isa, &mut y);
            let mut worst = (0.0, 0.0);
            for (&x, &y) in x.iter().zip(&y) {
                let exact = reference(f64::from(x));
                let off = ulp(y, exact);
                if off > worst.0 && (f64::from(y) - exact).abs() > absolute || off.is_infinite() {
                    worst = (off, x);
                }
            }
            println!("{name:9} {isa:?} {:.3} ulp at {:e}", worst.0, worst.1);
            assert!(worst.0 <= bound + 1e-6, "{name} {isa:?}: {} ulp at {:e}", worst.0, worst.1);
        }
    }
}

/// `x ← exp(x)` by [`Simd::exp_flushed`].
struct Flushed<'a>(&'a mut [f32]);

impl Vectors<f32> for Flushed<'_> {
    #[inline(always)]
    fn run<V: Simd<Elem = f32>>(self, set: V::Set) {
        for at in (0..self.0.len()).step_by(V::LANES) {
            let y = load::<V>(self.0, at, V::whole(set, 0)).exp_flushed();
            store(self.0, at, y);
        }
    }
}

#[test]
fn flushed_exponentials_keep_their_bound_are_zero_below_and_keep_nan() {
    let with_rest = f32::from_bits(f32::NAN.to_bits() | 0x1ff);
    let x: Vec<f32> =
        arguments().into_iter().filter(|x| x.is_nan() || *x <= 88.0).chain([with_rest, -87.0, -86.999]).collect();
    for isa in Isa::available() {
        let mut y = x.clone();
        run(isa, Flushed(&mut y));
        for (&x, &y) in x.iter().zip(&y) {
            let exact = if x < -87.0 { 0.0 } else { f64::from(x).exp() };
            assert!(ulp(y, exact) <= 1.1, "{isa:?}: exp({x:e}) is {exact:e}, not {y:e}");
        }
    }
}

#[test]
fn odd_functions_keep_the_sign_of_zero() {
    for (name, function, ..) in functions() {
        if ["exp", "log", "sigmoid", "softplus", "cos"].contains(&name) {
            continue;
        }
        for isa in Isa::available() {
            let mut y = [0.0f32, -0.0];
            function(isa, &mut y);
            assert!(y[0].is_sign_positive() && y[1].is_sign_negative(), "{name} {isa:?}: {y:?}");
        }
    }
}

#[test]
fn a_lane_gives_the_same_bits_wherever_it_is() {
    let x: Vec<f32> = (0..67).map(|i| (i as f32 - 33.0) * 0.37).collect();
    for (name, function, ..) in functions() {
        for isa in Isa::available() {
            let mut all = x.clone();
            function(isa, &mut all);
            for (i, &x) in x.iter().enumerate() {
                let mut one = [x];
                function(isa, &mut one);
                assert_eq!(one[0].to_bits(), all[i].to_bits(), "{name} {isa:?} at {i}");
            }
        }
    }
}

#[test]
fn f64_functions_are_the_standard_ones() {
    let x: Vec<f64> =
        corners().into_iter().map(f64::from).chain((0..999).map(|i| (i as f64 - 500.0) * 0.731)).collect();
    let functions: [(Slice<f64>, Reference); 9] = [
        (exp, f64::exp),
        (expm1, f64::exp_m1),
        (log, f64::ln),
        (log1p, f64::ln_1p),
        (tanh, f64::tanh),
        (sin, f64::sin),
        (cos, f64::cos),
        (erf, libm::erf),
        (softplus, softplus64),
    ];
    for (function, reference) in functions {
        for isa in Isa::available() {
            let mut y = x.clone();
            function(isa, &mut y);
            for (&x, &y) in x.iter().zip(&y) {
                assert!(y == reference(x) || y.is_nan() && reference(x).is_nan(), "{isa:?} at {x:e}: {y:e}");
            }
        }
    }
    let mut y = [-1000.0f64, -30.0, 0.0, 30.0, 1000.0];
    sigmoid(Isa::Portable, &mut y);
    assert_eq!(y, [0.0, sigmoid64(-30.0), 0.5, sigmoid64(30.0), 1.0]);
}

/// Roots by products, beside roots as they should be.
struct ByProducts<'a>(&'a [f32]);

impl Vectors<f32> for ByProducts<'_> {
    #[inline(always)]
    fn run<V: Simd<Elem = f32>>(self, set: V::Set) {
        for at in (0..self.0.len()).step_by(V::LANES) {
            let mut roots = [0.0; 16];
            let x = &self.0[at..self.0.len().min(at + V::LANES)];
            store(&mut roots[..x.len()], 0, load(self.0, at, V::whole(set, 0)).sqrt_by_products());
            for (x, root) in x.iter().zip(roots) {
                let same = root.to_bits() == x.sqrt().to_bits() || root.is_nan() && x.sqrt().is_nan();
                assert!(same, "√{x:e} = {root:e}, not {:e}", x.sqrt());
            }
        }
    }
}

/// Checks the numbers whose bits are `bits`, by stretches.
fn check_roots(bits: impl Iterator<Item = u32>) {
    let mut x = Vec::with_capacity(4096);
    let mut bits = bits.peekable();
    while bits.peek().is_some() {
        x.clear();
        x.extend(bits.by_ref().take(4096).map(f32::from_bits));
        run(Isa::Avx512, ByProducts(&x));
    }
}

#[test]
fn roots_by_products_round_as_roots_do() {
    // All digits at an even and at an odd exponent: others only shift them. Then some of every size, in any company.
    check_roots(1f32.to_bits()..4f32.to_bits());
    check_roots((0..=u32::MAX).step_by(4099));
    check_roots((0..1 << 20).map(|i: u32| if i.is_multiple_of(3) { 0 } else { i.wrapping_mul(0x9e37_79b9) }));
    let least = 127 - 100;
    check_roots((least - 1) << 23..(least + 2) << 23);
}

#[test]
#[ignore = "half a minute: every number there is"]
fn every_root_by_products_rounds_as_roots_do() {
    check_roots(0..=u32::MAX);
}
