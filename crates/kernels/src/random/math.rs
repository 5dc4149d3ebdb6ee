//! Logarithm, sine and cosine by plain products and sums, so that every processor gives the same bits.
#![allow(clippy::excessive_precision, reason = "constants stand as their authors printed them")]

/// `ln x` for normal positive `x`, within 1 ulp (fdlibm's polynomial).
#[inline(always)]
pub(super) fn ln_f64(x: f64) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238_16e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const C: [f64; 7] = [
        6.666_666_666_666_735_13e-1,
        3.999_999_999_940_941_908e-1,
        2.857_142_874_366_239_149e-1,
        2.222_219_843_214_978_396e-1,
        1.818_357_216_161_805_012e-1,
        1.531_383_769_920_937_332e-1,
        1.479_819_860_511_658_591e-1,
    ];
    // Exponent and mantissa such that √½ ≤ m < √2.
    let bits = x.to_bits().wrapping_add(0x3ff0_0000_0000_0000 - 0x3fe6_a09e_667f_3bcd);
    let e = f64::from((bits >> 52) as i32 - 0x3ff);
    let f = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + 0x3fe6_a09e_667f_3bcd) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z * (C[0] + z * (C[1] + z * (C[2] + z * (C[3] + z * (C[4] + z * (C[5] + z * C[6]))))));
    let half = 0.5 * f * f;
    e * LN2_HIGH - ((half - (s * (half + r) + e * LN2_LOW)) - f)
}

/// `ln x` for normal positive `x`, within 1.5 ulp (the same, shorter).
#[inline(always)]
pub(super) fn ln_f32(x: f32) -> f32 {
    const LN2_HIGH: f32 = 6.931_381e-1;
    const LN2_LOW: f32 = 9.058_001e-6;
    const C: [f32; 4] = [0.666_666_6, 0.400_009_72, 0.284_987_87, 0.242_790_79];
    let bits = x.to_bits().wrapping_add(0x3f80_0000 - 0x3f35_04f3);
    let e = ((bits >> 23) as i32 - 0x7f) as f32;
    let f = f32::from_bits((bits & 0x007f_ffff) + 0x3f35_04f3) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z * (C[0] + z * (C[1] + z * (C[2] + z * C[3])));
    let half = 0.5 * f * f;
    e * LN2_HIGH - ((half - (s * (half + r) + e * LN2_LOW)) - f)
}

/// `(sin, cos)` of `turn / 2⁶⁴` turns, within 1 ulp (fdlibm's polynomials); `turn` in two words, high first.
#[inline(always)]
pub(super) fn sin_cos_f64(high: u32, low: u32) -> (f64, f64) {
    const S: [f64; 6] = [
        -1.666_666_666_666_663_24e-1,
        8.333_333_333_322_489_46e-3,
        -1.984_126_982_985_794_93e-4,
        2.755_731_370_707_006_77e-6,
        -2.505_076_025_340_686_34e-8,
        1.589_690_995_211_550_1e-10,
    ];
    const C: [f64; 6] = [
        4.166_666_666_666_660_19e-2,
        -1.388_888_888_887_410_96e-3,
        2.480_158_728_947_672_94e-5,
        -2.755_731_435_139_066_33e-7,
        2.087_572_321_298_174_83e-9,
        -1.135_964_755_778_819_48e-11,
    ];
    // Quarter turns: a whole number and what is left, −½ … ½.
    let quarter = high.wrapping_add(1 << 29) >> 30;
    let left = f64::from(((high << 2) | (low >> 30)) as i32) * 2f64.powi(-32) + f64::from(low << 2) * 2f64.powi(-64);
    let x = left * std::f64::consts::FRAC_PI_2;
    let z = x * x;
    let sin = x + x * z * (S[0] + z * (S[1] + z * (S[2] + z * (S[3] + z * (S[4] + z * S[5])))));
    let tail = z * z * (C[0] + z * (C[1] + z * (C[2] + z * (C[3] + z * (C[4] + z * C[5])))));
    let cos = 1.0 - (0.5 * z - tail);
    let (s, c) = if quarter & 1 == 0 { (sin, cos) } else { (cos, sin) };
    let sign = |value: f64, negative: u32| f64::from_bits(value.to_bits() ^ (u64::from(negative) << 63));
    (sign(s, quarter >> 1), sign(c, (quarter >> 1) ^ (quarter & 1)))
}

/// `(sin, cos)` of `turn / 2³²` turns, within 1.5 ulp (Cephes' polynomials).
#[inline(always)]
pub(super) fn sin_cos_f32(turn: u32) -> (f32, f32) {
    let quarter = turn.wrapping_add(1 << 29) >> 30;
    let left = (turn << 2) as i32 as f32 * 2f32.powi(-32);
    let x = left * std::f32::consts::FRAC_PI_2;
    let z = x * x;
    let sin = x + x * z * (-1.666_665_5e-1 + z * (8.332_161e-3 + z * -1.951_529_6e-4));
    let tail = z * z * (4.166_664_6e-2 + z * (-1.388_731_6e-3 + z * 2.443_315_7e-5));
    let cos = 1.0 - (0.5 * z - tail);
    let (s, c) = if quarter & 1 == 0 { (sin, cos) } else { (cos, sin) };
    let sign = |value: f32, negative: u32| f32::from_bits(value.to_bits() ^ (negative << 31));
    (sign(s, quarter >> 1), sign(c, (quarter >> 1) ^ (quarter & 1)))
}

/// `c[n]·xⁿ + … + c[0]`
#[inline(always)]
fn polynomial<const N: usize>(x: f64, c: [f64; N]) -> f64 {
    let mut sum = c[N - 1];
    for i in (0..N - 1).rev() {
        sum = sum * x + c[i];
    }
    sum
}

/// `Φ⁻¹(p)` for `2⁻³⁰ < p < 1 − 2⁻³⁰`, to 1e-15: the standard normal's quantile (Wichura, AS 241, 1988).
#[inline(always)]
pub(super) fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    let r = 0.180_625 - q * q;
    let near = q * polynomial(r, NEAR[0]) / polynomial(r, NEAR[1]);
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = (-ln_f64(tail)).sqrt() - 1.6;
    let far = polynomial(r, FAR[0]) / polynomial(r, FAR[1]);
    let far = if q < 0.0 { -far } else { far };
    if q.abs() <= 0.425 { near } else { far }
}

/// AS 241's A and B: |p − ½| ≤ 0.425.
const NEAR: [[f64; 8]; 2] = [
    [
        3.387_132_872_796_366_608,
        1.331_416_678_917_843_774_5e2,
        1.971_590_950_306_551_442_7e3,
        1.373_169_376_550_946_112_5e4,
        4.592_195_393_154_987_145_7e4,
        6.726_577_092_700_870_085_3e4,
        3.343_057_558_358_812_810_5e4,
        2.509_080_928_730_122_672_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091_125_2e1,
        6.871_870_074_920_579_083e2,
        5.394_196_021_424_751_107_7e3,
        2.121_379_430_158_659_586_7e4,
        3.930_789_580_009_271_061e4,
        2.872_908_573_572_194_267_4e4,
        5.226_495_278_852_854_561e3,
    ],
];
/// AS 241's C and D: further out, while √(−ln tail) ≤ 5.
const FAR: [[f64; 8]; 2] = [
    [
        1.423_437_110_749_683_577_34,
        4.630_337_846_156_545_295_9,
        5.769_497_221_460_691_405_5,
        3.647_848_324_763_204_605_04,
        1.270_458_252_452_368_382_58,
        2.417_807_251_774_506_117_7e-1,
        2.272_384_498_926_918_458_33e-2,
        7.745_450_142_783_414_076_4e-4,
    ],
    [
        1.0,
        2.053_191_626_637_758_821_87,
        1.676_384_830_183_803_849_4,
        6.897_673_349_851_000_045_5e-1,
        1.481_039_764_274_800_745_9e-1,
        1.519_866_656_361_645_719_66e-2,
        5.475_938_084_995_344_946e-4,
        1.050_750_071_644_416_843_24e-9,
    ],
];

#[cfg(test)]
mod tests {
    use super::super::philox::philox;
    use super::*;

    fn words(i: u32) -> [u32; 4] {
        philox([i, 0, 0, 0], [1, 2])
    }

    #[test]
    fn logarithms_are_within_their_bounds() {
        for i in 0..20_000 {
            let [a, b, c, _] = words(i);
            let wide = (f64::from(a) + f64::from(b) * 2f64.powi(-32) + 1.0) * 2f64.powi(-32);
            let x = if i % 2 == 0 { wide } else { 1.0 - wide * 2f64.powi(-((c % 40) as i32)) };
            let error = (ln_f64(x) - x.ln()).abs();
            assert!(error <= 2.0 * f64::EPSILON * x.ln().abs(), "ln {x}: off by {error}");
            let narrow = x as f32;
            let exact = f64::from(narrow).ln();
            let error = (f64::from(ln_f32(narrow)) - exact).abs();
            assert!(error <= f64::from(f32::EPSILON) * 1.5 * exact.abs(), "ln {narrow}: off by {error}");
        }
        assert_eq!((ln_f64(1.0), ln_f32(1.0)), (0.0, 0.0));
    }

    #[test]
    fn sines_and_cosines_are_within_their_bounds() {
        let quarters = (0..8).flat_map(|q: u32| [q << 29, (q << 29).wrapping_sub(1), (q << 29) + 1]);
        for turn in quarters.chain((0..20_000).map(|i| words(i)[0])) {
            let angle = f64::from(turn) * 2f64.powi(-32) * std::f64::consts::TAU;
            let (sin, cos) = sin_cos_f32(turn);
            assert!((f64::from(sin) - angle.sin()).abs() <= 1.2e-7, "sin {angle}");
            assert!((f64::from(cos) - angle.cos()).abs() <= 1.2e-7, "cos {angle}");
            let (sin, cos) = sin_cos_f64(turn, 0);
            // The reference's own angle is rounded: up to 2π · 2⁻⁵³.
            assert!((sin - angle.sin()).abs() <= 1e-15, "sin {angle}");
            assert!((cos - angle.cos()).abs() <= 1e-15, "cos {angle}");
            let (further, _) = sin_cos_f64(turn, u32::MAX);
            let slope = cos * std::f64::consts::TAU * 2f64.powi(-32);
            assert!((further - sin - slope).abs() <= 1e-15, "the low word counts at {angle}");
        }
    }

    /// Values of the quantile to 16 digits, from the function's published tables.
    #[test]
    fn quantiles_match_known_values() {
        let known = [
            (0.5, 0.0),
            (0.6, 0.253_347_103_135_799_7),
            (0.75, 0.674_489_750_196_081_7),
            (0.9, 1.281_551_565_544_600_4),
            (0.95, 1.644_853_626_951_472_2),
            (0.975, 1.959_963_984_540_054),
            (0.99, 2.326_347_874_040_841),
        ];
        for (p, z) in known {
            assert!((normal_quantile(p) - z).abs() <= 3e-15, "quantile of {p}");
            assert!((normal_quantile(1.0 - p) + z).abs() <= 3e-15, "quantile of 1 − {p}");
        }
    }
}
