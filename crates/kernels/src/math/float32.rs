//! The transcendental functions of `f32`, written once for every vector type.
//!
//! Bounds are the largest seen over all tested inputs against `f64`, with and without fused multiply-add.

use super::simd::SimdF32;

/// 1.5 · 2²³: adding this to a float below 2²² leaves its nearest whole number in the low bits.
pub const ROUNDER: f32 = 12_582_912.0;

/// Nearest whole number of a float below 2²².
#[inline(always)]
fn nearest<V: SimdF32>(x: V) -> V {
    let rounder = x.filled(ROUNDER);
    x.add(rounder).sub(rounder)
}

/// `c[0]·xⁿ + … + c[n]`
///
/// Odd and even powers apart: two short chains of dependent steps instead of a long one, which processors would wait
/// for.
#[inline(always)]
fn polynomial<V: SimdF32, const N: usize>(x: V, c: [f32; N]) -> V {
    let square = x.mul(x);
    // `sums[0]` ends with the constant term, `sums[1]` with the linear one.
    let mut sums = [square; 2];
    for (parity, sum) in sums.iter_mut().enumerate() {
        let mut at = (N - 1 - parity) % 2;
        *sum = x.filled(c[at]);
        while at + 2 < N {
            at += 2;
            *sum = sum.mul_add(square, x.filled(c[at]));
        }
    }
    sums[1].mul_add(x, sums[0])
}

/// ln 2 in two parts: the first has few bits, so that its product with an exponent is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// `p = e^r − 1` with `r = x − n·ln 2`, `|r| ≤ ½ ln 2`: `eˣ = 2ⁿ·(1 + p)`.
#[inline(always)]
fn exp_rest<V: SimdF32>(x: V, n: V) -> V {
    let r = n.neg_mul_add(x.filled(LN2_LOW), n.neg_mul_add(x.filled(LN2_HIGH), x));
    // Cephes, expf.
    let q = polynomial(r, [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5]);
    q.mul_add(r.mul(r), r)
}

/// `(n, p)` with `eˣ = 2ⁿ·(1 + p)`.
#[inline(always)]
fn exp_parts<V: SimdF32>(x: V) -> (V, V) {
    let n = nearest(x.mul(x.filled(std::f32::consts::LOG2_E)));
    (n, exp_rest(x, n))
}

/// `eˣ` within 1.1 ulp, denormal results within one unit; overflows to ∞, underflows to 0.
#[inline(always)]
pub fn exp<V: SimdF32>(x: V) -> V {
    let (n, p) = exp_parts(x.clamp(x.filled(-104.0), x.filled(89.0)));
    p.add(x.filled(1.0)).scale2(n)
}

/// `eˣ` of `x ≤ 88` within 1.1 ulp, 0 below −87: two thirds of the work of [`exp`], since neither a power nor a result is denormal
/// or infinite.
#[inline(always)]
pub fn exp_flushed<V: SimdF32>(x: V) -> V {
    let rounder = x.filled(ROUNDER);
    let rounded = x.mul_add(x.filled(std::f32::consts::LOG2_E), rounder);
    let (p, power) = (exp_rest(x, rounded.sub(rounder)), rounded.power_of_two());
    V::select(x.lt(x.filled(-87.0)), x.filled(0.0), p.mul_add(power, power))
}

/// `eˣ − 1` within 1.75 ulp, exact near 0.
#[inline(always)]
pub fn expm1<V: SimdF32>(x: V) -> V {
    let (n, p) = exp_parts(x.clamp(x.filled(-104.0), x.filled(89.0)));
    // Half of 2ⁿ, since 2¹²⁸ is not a float.
    let half = x.filled(1.0).scale2(n.sub(x.filled(1.0)));
    let wide = p.mul_add(half, half.sub(x.filled(0.5)));
    let sum = V::select(n.eq(x.filled(0.0)), p, wide.add(wide));
    V::select(x.abs().lt(x.filled(1e-9)), x, sum)
}

/// `ln x` of a positive finite value, within 1 ulp.
#[inline(always)]
fn log_positive<V: SimdF32>(x: V) -> V {
    let (m, e) = x.split();
    let f = m.sub(x.filled(1.0));
    let square = f.mul(f);
    // Cephes, logf.
    let q = polynomial(
        f,
        [
            7.037_683_6e-2,
            -1.151_461e-1,
            1.167_699_9e-1,
            -1.242_014_1e-1,
            1.424_932_3e-1,
            -1.666_805_8e-1,
            2.000_071_5e-1,
            -2.499_999_4e-1,
            0.333_333_3,
        ],
    );
    let tail = e.mul_add(x.filled(LN2_LOW), q.mul(f).mul(square));
    let tail = square.neg_mul_add(x.filled(0.5), tail);
    e.mul_add(x.filled(LN2_HIGH), f.add(tail))
}

/// `ln x` within 1 ulp; −∞ at 0, NaN below.
#[inline(always)]
pub fn log<V: SimdF32>(x: V) -> V {
    let zero = x.filled(0.0);
    let y = log_positive(x);
    let y = V::select(x.lt(x.filled(f32::INFINITY)), y, x);
    let y = V::select(zero.lt(x), y, x.filled(f32::NAN));
    V::select(x.eq(zero), x.filled(f32::NEG_INFINITY), y)
}

/// `ln (1 + x)` within 1.5 ulp, exact near 0; −∞ at −1, NaN below.
#[inline(always)]
pub fn log1p<V: SimdF32>(x: V) -> V {
    let one = x.filled(1.0);
    let u = one.add(x);
    // What rounding lost in 1 + x, to first order.
    let lost = x.sub(u.sub(one)).div(u);
    let exact = V::mask_or(u.eq(x.filled(0.0)), V::mask_not(u.lt(x.filled(f32::INFINITY))));
    let y = log(u).add(V::select(exact, x.filled(0.0), lost));
    V::select(x.abs().lt(x.filled(1e-9)), x, y)
}

/// `tanh x = (e²ˣ − 1)/(e²ˣ + 1)` within 2.5 ulp.
#[inline(always)]
pub fn tanh<V: SimdF32>(x: V) -> V {
    let size = x.abs().clamp(x.filled(0.0), x.filled(10.0));
    let t = expm1(size.add(size));
    let y = t.div(t.add(x.filled(2.0)));
    // Halving a doubled denormal is exact, so this needs no case of its own near 0.
    y.copysign(x)
}

/// `1 / (1 + e⁻ˣ)` within 2.5 ulp for either sign, right down into the denormals.
#[inline(always)]
pub fn sigmoid<V: SimdF32>(x: V) -> V {
    let one = x.filled(1.0);
    let e = exp(x.abs().neg());
    V::select(x.lt(x.filled(0.0)), e, one).div(one.add(e))
}

/// The error function within 1.5 ulp. Polynomials by N. Juffa.
#[inline(always)]
pub fn erf<V: SimdF32>(x: V) -> V {
    let size = x.abs().clamp(x.filled(0.0), x.filled(4.0));
    let square = size.mul(size);
    let near = polynomial(
        square,
        [-5.967_617e-4, 4.991_194_2e-3, -2.676_813_5e-2, 1.128_199_2e-1, -3.761_253_4e-1, 1.283_791_7e-1],
    )
    .mul_add(x, x);
    let far = polynomial(
        size,
        [
            -1.728_534_7e-5,
            3.831_971_3e-4,
            -3.883_964_4e-3,
            2.425_462_2e-2,
            -1.067_778_8e-1,
            -0.634_846_7,
            -1.287_175_1e-1,
        ],
    )
    .mul_add(size, size.neg());
    let far = x.filled(1.0).sub(exp(far)).copysign(x);
    V::select(size.lt(x.filled(0.927_734_4)), near, far)
}

/// `ln (1 + eˣ) = max(x, 0) + ln (1 + e^−|x|)` within 2 ulp.
#[inline(always)]
pub fn softplus<V: SimdF32>(x: V) -> V {
    // The order of arguments keeps NaN: the sum carries it on.
    x.max(x.filled(0.0)).add(log1p(exp(x.abs().neg())))
}

/// `sin` and `cos` of `x` shifted by `quarter` quarter turns, `|x| ≤ 8192`.
#[inline(always)]
fn sine_wave<V: SimdF32>(x: V, quarter: f32) -> V {
    let n = nearest(x.mul(x.filled(std::f32::consts::FRAC_2_PI)));
    let r = n.neg_mul_add(x.filled(1.570_312_5), x);
    let r = n.neg_mul_add(x.filled(4.837_513e-4), r);
    let r = n.neg_mul_add(x.filled(7.549_79e-8), r);
    let square = r.mul(r);
    let sin = polynomial(square, [-1.951_529_6e-4, 8.332_161e-3, -1.666_665_5e-1]).mul(square).mul_add(r, r);
    let cos = polynomial(square, [2.443_315_7e-5, -1.388_731_6e-3, 4.166_664_6e-2]).mul(square.mul(square));
    let cos = cos.add(square.neg_mul_add(x.filled(0.5), x.filled(1.0)));
    let turn = n.add(x.filled(quarter));
    // Quarters in −2 … 2, where −2 is 2 and −1 is 3.
    let turn = nearest(turn.mul(x.filled(0.25))).neg_mul_add(x.filled(4.0), turn);
    let y = V::select(turn.abs().eq(x.filled(1.0)), cos, sin);
    let below = V::mask_or(turn.lt(x.filled(-0.5)), x.filled(1.5).lt(turn));
    V::select(below, y.neg(), y)
}

/// `sin x` within 1e-7; beyond ±8192 lane by lane in `f64`.
#[inline(always)]
pub fn sin<V: SimdF32>(x: V) -> V {
    let y = V::select(x.eq(x.filled(0.0)), x, sine_wave(x, 0.0));
    if V::none(x.filled(8192.0).lt(x.abs())) { y } else { x.each(|x| f64::from(x).sin() as f32) }
}

/// `cos x` within 1e-7; beyond ±8192 lane by lane in `f64`.
#[inline(always)]
pub fn cos<V: SimdF32>(x: V) -> V {
    let y = sine_wave(x, 1.0);
    if V::none(x.filled(8192.0).lt(x.abs())) { y } else { x.each(|x| f64::from(x).cos() as f32) }
}

/// `aᵇ` correctly rounded but for double rounding: lane by lane in `f64`.
#[inline(always)]
pub fn pow<V: SimdF32>(a: V, b: V) -> V {
    a.each_pair(b, super::scalar::Scalar::pow)
}

/// The angle of the point (x, y) in (−π, π], within 2.5 ulp; NaN where one is.
///
/// The shorter side over the longer is the tangent of an angle up to π/4, an odd polynomial; the rest are mirrors.
#[inline(always)]
pub fn arctan2<V: SimdF32>(y: V, x: V) -> V {
    let (high, wide) = (y.abs(), x.abs());
    let (short, long) = (high.min(wide), high.max(wide));
    // Of two zeros and of two infinities the quotient would be NaN.
    let equal = V::select(long.eq(x.filled(0.0)), x.filled(0.0), x.filled(1.0));
    let t = V::select(short.eq(long), equal, short.div(long));
    let square = t.mul(t);
    // SLEEF (N. Shibata), atan2f; but for the last one, which makes an eighth of a turn what it is.
    let q = polynomial(
        square,
        [
            2.823_639e-3,
            -1.595_690_3e-2,
            4.250_499e-2,
            -7.489_009e-2,
            0.106_347_93,
            -0.142_027_36,
            0.199_926_96,
            -0.333_330_96,
        ],
    );
    let angle = q.mul(square).mul_add(t, t);
    let angle = V::select(wide.lt(high), x.filled(std::f32::consts::FRAC_PI_2).sub(angle), angle);
    let left = x.filled(1.0).copysign(x).lt(x.filled(0.0));
    V::select(left, x.filled(std::f32::consts::PI).sub(angle), angle).copysign(y)
}

macro_rules! methods_of_one {
    ($($(#[$note:meta])* $formula:ident = $method:ident, $price:literal, |$x:ident| $scalar:expr;)*) => {$(
        #[inline(always)]
        fn $method(self) -> Self {
            $crate::math::float32::$method(self)
        }
    )*};
}
pub(crate) use methods_of_one;

/// The methods of `Simd` that these functions give.
macro_rules! methods {
    () => {
        formulas!(methods_of_one);
        #[inline(always)]
        fn exp_flushed(self) -> Self {
            $crate::math::float32::exp_flushed(self)
        }
        #[inline(always)]
        fn pow(self, b: Self) -> Self {
            $crate::math::float32::pow(self, b)
        }
        #[inline(always)]
        fn arctan2(self, b: Self) -> Self {
            $crate::math::float32::arctan2(self, b)
        }
    };
}
pub(crate) use methods;
