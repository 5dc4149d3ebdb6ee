//! The distributions: each a rule from random words to numbers.

use super::Distribution;
use super::math::{ln_f32, ln_f64, normal_quantile, sin_cos_f32, sin_cos_f64};
use super::permutation::below;
use super::philox::{LANES, Words};
use crate::element::{Float, Truth};

/// Elements of a group where one takes a word.
const BY_WORD: usize = 4 * LANES;
/// Elements of a group where one takes two words.
const BY_PAIR: usize = 2 * LANES;

/// Uniform in [0, 1): 24 bits in `f32`, 53 in `f64`.
#[derive(Clone, Copy, Debug)]
pub struct Uniform;

/// Uniform in the open interval (0, 1): 23 bits and a half in `f32`, 52 and a half in `f64`. Its logarithm is finite.
#[derive(Clone, Copy, Debug)]
pub struct UniformOpen;

/// Normal with mean 0 and deviation 1, by Box and Muller.
#[derive(Clone, Copy, Debug)]
pub struct Normal;

/// Normal with mean 0 and deviation 1, cut at ±2 (its own deviation is 0.87962566), by the inverse of its distribution.
#[derive(Clone, Copy, Debug)]
pub struct TruncatedNormal;

/// Whole numbers in [low, high), biased by at most 2⁻³².
#[derive(Clone, Copy, Debug)]
pub struct Integers {
    low: i32,
    span: u64,
}

/// 1 with a probability, else 0, exact to 2⁻³²; as a truth value or a float.
#[derive(Clone, Copy, Debug)]
pub struct Bernoulli {
    /// The largest word that gives 1; none does when there is no limit.
    limit: Option<u32>,
}

/// `1 / keep` with probability `keep`, else 0: the mask of dropout, with the same choices as [`Bernoulli`].
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    keep: Bernoulli,
    scale: f64,
}

impl Integers {
    /// Refuses an empty interval.
    pub fn new(low: i32, high: i32) -> Result<Self, String> {
        match u64::try_from(i64::from(high) - i64::from(low)) {
            Ok(span) if span > 0 => Ok(Integers { low, span }),
            Ok(_) | Err(_) => Err(format!("random integers: expected low < high, got [{low}, {high})")),
        }
    }
}

impl Bernoulli {
    /// Refuses what is not a probability.
    pub fn new(probability: f64) -> Result<Self, String> {
        if !(0.0..=1.0).contains(&probability) {
            return Err(format!("probability: expected a number from 0 to 1, got {probability}"));
        }
        let words = (probability * 2f64.powi(32)).round() as u64;
        Ok(Bernoulli { limit: words.checked_sub(1).map(|last| last as u32) })
    }

    /// All bits where `word` gives 1, none elsewhere: choosing by mask leaves the compiler no branch to take.
    #[inline(always)]
    fn mask(&self, word: u32) -> u32 {
        let any = if self.limit.is_some() { u32::MAX } else { 0 };
        if word <= self.limit.unwrap_or(0) { any } else { 0 }
    }
}

impl Dropout {
    /// Refuses what is not a probability; with `keep` 0 everything is 0.
    pub fn new(keep: f64) -> Result<Self, String> {
        let scale = if keep > 0.0 { 1.0 / keep } else { 0.0 };
        Ok(Dropout { keep: Bernoulli::new(keep)?, scale })
    }
}

/// `out[e] = rule(its word)`
#[inline(always)]
fn by_word<T>(words: &Words, out: &mut [T], rule: impl Fn(u32) -> T) {
    for (&word, out) in words.as_flattened().iter().zip(out) {
        *out = rule(word);
    }
}

/// `out[e] = rule(its two words)`
#[inline(always)]
fn by_pair<T>(words: &Words, out: &mut [T], rule: impl Fn(u32, u32) -> T) {
    for (pair, out) in words.chunks_exact(2).zip(out.chunks_exact_mut(LANES)) {
        for ((&high, &low), out) in pair[0].iter().zip(&pair[1]).zip(out) {
            *out = rule(high, low);
        }
    }
}

/// The 53 high bits of two words as a whole number.
#[inline(always)]
fn bits53(high: u32, low: u32) -> f64 {
    // Two signed conversions: every instruction set has them.
    f64::from((high >> 5) as i32) * f64::from(1 << 26) + f64::from((low >> 6) as i32)
}

/// (word + ½) / 2³², above 0 and at most 1.
#[inline(always)]
fn fraction_f32(word: u32) -> f32 {
    ((word >> 8) as i32 as f32) * 2f32.powi(-24) + ((word & 0xff) as i32 as f32 + 0.5) * 2f32.powi(-32)
}

/// (high, low and ½) / 2⁶⁴, above 0 and at most 1.
#[inline(always)]
fn fraction_f64(high: u32, low: u32) -> f64 {
    f64::from(high) * 2f64.powi(-32) + (f64::from(low) + 0.5) * 2f64.powi(-64)
}

/// `Φ⁻¹` of the part of (0, 1) between −2 and 2 deviations.
#[inline(always)]
fn truncated(fraction: f64) -> f64 {
    /// Φ(−2)
    const OUTSIDE: f64 = 0.022_750_131_948_179_21;
    normal_quantile(OUTSIDE + fraction * (1.0 - 2.0 * OUTSIDE)).clamp(-2.0, 2.0)
}

impl Distribution<f32> for Uniform {
    const GROUP: usize = BY_WORD;
    const COST: usize = 400;
    #[inline(always)]
    fn group(&self, words: &Words, out: &mut [f32]) {
        by_word(words, out, |word| (word >> 8) as i32 as f32 * 2f32.powi(-24));
    }
}

impl Distribution<f64> for Uniform {
    const GROUP: usize = BY_PAIR;
    const COST: usize = 800;
    #[inline(always)]
    fn group(&self, words: &Words, out: &mut [f64]) {
        by_pair(words, out, |high, low| bits53(high, low) * 2f64.powi(-53));
    }
}

impl Distribution<f32> for UniformOpen {
    const GROUP: usize = BY_WORD;
    const COST: usize = 400;
    #[inline(always)]
    fn group(&self, words: &Words, out: &mut [f32]) {
        by_word(words, out, |word| ((word >> 9) as i32 as f32 + 0.5) * 2f32.powi(-23));
    }
}

impl Distribution<f64> for UniformOpen {
    const GROUP: usize = BY_PAIR;
    const COST: usize = 800;
    #[inline(always)]
    fn group(&self, words: &Words, out: &mut [f64]) {
        by_pair(words, out, |high, low| (bits53(high >> 1, low) + 0.5) * 2f64.powi(-52));
    }
}

impl Distribution<f32> for Normal {
    const GROUP: usize = BY_WORD;
    const COST: usize = 1500;
    #[inline(always)]
    fn group(&self, words: &Words, out: &mut [f32]) {
        for (pair, out) in words.chunks_exact(2).zip(out.chunks_exact_mut(2 * LANES)) {
            let (cosines, sines) = out.split_at_mut(LANES);
            for i in 0..LANES {
                let radius = (-2.0 * ln_f32(fraction_f32(pair[0][i]))).sqrt();
                let (sin, cos) = sin_cos_f32(pair[1][i]);
                (cosines[i], sines[i]) = (radius * cos, radius * sin);
            }
        }
    }
}

impl Distribution<f64> for Normal {
    const GROUP: usize = BY_PAIR;
    const COST: usize = 5000;
    #[inline(always)]
    fn group(&self, words: &Words, out: &mut [f64]) {
        let (cosines, sines) = out.split_at_mut(LANES);
        for i in 0..LANES {
            let radius = (-2.0 * ln_f64(fraction_f64(words[0][i], words[1][i]))).sqrt();
            let (sin, cos) = sin_cos_f64(words[2][i], words[3][i]);
            (cosines[i], sines[i]) = (radius * cos, radius * sin);
        }
    }
}

impl Distribution<f32> for TruncatedNormal {
    const GROUP: usize = BY_WORD;
    const COST: usize = 5000;
    #[inline(always)]
    fn group(&self, words: &Words, out: &mut [f32]) {
        by_word(words, out, |word| truncated((f64::from(word) + 0.5) * 2f64.powi(-32)) as f32);
    }
}

impl Distribution<f64> for TruncatedNormal {
    const GROUP: usize = BY_PAIR;
    const COST: usize = 5000;
    #[inline(always)]
    fn group(&self, words: &Words, out: &mut [f64]) {
        by_pair(words, out, |high, low| truncated(fraction_f64(high, low)));
    }
}

impl Distribution<i32> for Integers {
    const GROUP: usize = BY_PAIR;
    const COST: usize = 1000;
    #[inline(always)]
    fn group(&self, words: &Words, out: &mut [i32]) {
        let Integers { low: start, span } = *self;
        by_pair(words, out, |high, low| start.wrapping_add(below(high, low, span) as u32 as i32));
    }
}

impl Distribution<Truth> for Bernoulli {
    const GROUP: usize = BY_WORD;
    const COST: usize = 400;
    #[inline(always)]
    fn group(&self, words: &Words, out: &mut [Truth]) {
        // A copy, which nothing written to `out` can change: the loop need not read it again.
        let keep = *self;
        by_word(words, out, |word| Truth::of_bit((keep.mask(word) & 1) as u8));
    }
}

macro_rules! float_masks {
    ($($t:ty, $bits:ty, $signed:ty;)*) => {$(
        impl Distribution<$t> for Bernoulli {
            const GROUP: usize = BY_WORD;
            const COST: usize = 400;
            #[inline(always)]
            fn group(&self, words: &Words, out: &mut [$t]) {
                Dropout { keep: *self, scale: 1.0 }.group(words, out);
            }
        }

        impl Distribution<$t> for Dropout {
            const GROUP: usize = BY_WORD;
            const COST: usize = 400;
            #[inline(always)]
            fn group(&self, words: &Words, out: &mut [$t]) {
                let (keep, scale) = (self.keep, <$t as Float>::from_f64(self.scale).to_bits());
                // Through the signed type, so that the mask keeps all its bits as it widens.
                by_word(words, out, |word| <$t>::from_bits(scale & keep.mask(word) as i32 as $signed as $bits));
            }
        }
    )*};
}
float_masks! {
    f32, u32, i32;
    f64, u64, i64;
}
