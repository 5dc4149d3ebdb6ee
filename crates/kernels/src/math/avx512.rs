//! 16 × `f32` in an AVX-512 register.

use std::arch::x86_64::*;

use super::float32::{methods, methods_of_one};
use super::register::{Register, register};
use super::scalar::Scalar;
use super::set::Avx512;
use super::simd::{Simd, SimdF32};
use crate::functions::formulas;

/// 16 × `f32`.
#[derive(Clone, Copy)]
pub struct F32x16(pub(crate) __m512);

/// A bit for each lane.
#[derive(Clone, Copy)]
pub struct Mask16(__mmask16);

/// The first `n` lanes, `n ≤ 16`.
#[inline(always)]
fn first(n: usize) -> __mmask16 {
    ((1u32 << n) - 1) as __mmask16
}

/// The least number but zero whose root [`F32x16::sqrt_by_products`] finds by itself, 2⁻¹⁰⁰: what the square of a root
/// is off is a normal number from there on.
const LEAST_ROOTED: f32 = f32::from_bits((127 - 100) << 23);

/// True where every lane is 0 or between 2⁻¹⁰⁰ and the largest number.
#[inline(always)]
fn products_root(x: __m512) -> bool {
    // Safety: called only where AVX-512 exists.
    unsafe {
        // As whole numbers, negative ones and NaN lie above infinity; zero less one lies above all.
        let bits = _mm512_castps_si512(x);
        let finite = _mm512_cmplt_epu32_mask(bits, _mm512_set1_epi32(f32::INFINITY.to_bits() as i32));
        let before = _mm512_sub_epi32(bits, _mm512_set1_epi32(1));
        let least = _mm512_set1_epi32(LEAST_ROOTED.to_bits() as i32 - 1);
        _mm512_mask_cmpge_epu32_mask(finite, before, least) == !0
    }
}

macro_rules! lanewise {
    ($($name:ident($($arg:ident),*) = $call:expr;)*) => {$(
        #[inline(always)]
        fn $name(self $(, $arg: Self)*) -> Self {
            // Safety: a value of this type exists only where AVX-512 does.
            unsafe { F32x16($call(self.0 $(, $arg.0)*)) }
        }
    )*};
}
macro_rules! compare {
    ($($name:ident = $predicate:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, b: Self) -> Mask16 {
            // Safety: a value of this type exists only where AVX-512 does.
            unsafe { Mask16(_mm512_cmp_ps_mask::<$predicate>(self.0, b.0)) }
        }
    )*};
}

register! {
    F32x16, f32, set Avx512, lanes 16, splat _mm512_set1_ps, load _mm512_loadu_ps, store _mm512_storeu_ps, fma _mm512_fmadd_ps, mul _mm512_mul_ps
}

// Safety: the field of masks is private, and only comparisons make masks.
unsafe impl Simd for F32x16 {
    type Mask = Mask16;

    #[inline(always)]
    unsafe fn load_first_or(from: *const f32, n: usize, rest: Self) -> Self {
        // Safety: lanes beyond `n` are not read.
        unsafe { F32x16(_mm512_mask_loadu_ps(rest.0, first(n), from)) }
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        // Safety: lanes beyond `n` are not written.
        unsafe { _mm512_mask_storeu_ps(to, first(n), self.0) }
    }
    #[inline(always)]
    fn whole(set: Avx512, value: i32) -> Self {
        Self::splat(set, value as f32)
    }
    lanewise! {
        add(b) = _mm512_add_ps;
        sub(b) = _mm512_sub_ps;
        div(b) = _mm512_div_ps;
        neg_mul_add(b, c) = _mm512_fnmadd_ps;
        abs() = _mm512_abs_ps;
        sqrt() = _mm512_sqrt_ps;
        floor() = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>;
        ceil() = _mm512_roundscale_ps::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>;
        trunc() = _mm512_roundscale_ps::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>;
        round() = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>;
    }
    compare! {
        eq = _CMP_EQ_OQ;
        lt = _CMP_LT_OQ;
        le = _CMP_LE_OQ;
    }
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        // Safety: a value of this type exists only where AVX-512 does.
        unsafe {
            let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, self.0);
            // The instruction gives its second operand when either is NaN.
            F32x16(_mm512_mask_mov_ps(_mm512_min_ps(self.0, b.0), nan, self.0))
        }
    }
    #[inline(always)]
    fn clamp(self, low: Self, high: Self) -> Self {
        // Safety: as `min`. The instructions give their second operand when either is NaN or they are equal.
        unsafe { F32x16(_mm512_min_ps(high.0, _mm512_max_ps(low.0, self.0))) }
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        // Safety: as `min`.
        unsafe {
            let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, self.0);
            F32x16(_mm512_mask_mov_ps(_mm512_max_ps(self.0, b.0), nan, self.0))
        }
    }
    #[inline(always)]
    fn neg(self) -> Self {
        // Safety: a value of this type exists only where AVX-512 does.
        unsafe { F32x16(_mm512_xor_ps(self.0, _mm512_set1_ps(-0.0))) }
    }
    #[inline(always)]
    fn mask_and(a: Mask16, b: Mask16) -> Mask16 {
        Mask16(a.0 & b.0)
    }
    #[inline(always)]
    fn mask_or(a: Mask16, b: Mask16) -> Mask16 {
        Mask16(a.0 | b.0)
    }
    #[inline(always)]
    fn mask_not(a: Mask16) -> Mask16 {
        Mask16(!a.0)
    }
    #[inline(always)]
    fn select(mask: Mask16, yes: Self, no: Self) -> Self {
        // Safety: a value of this type exists only where AVX-512 does.
        unsafe { F32x16(_mm512_mask_blend_ps(mask.0, no.0, yes.0)) }
    }
    /// An estimate of `1/√self` in 14 bits, a step of Newton's for the root and its reciprocal together, then what the
    /// square of the root is off: rounded as the instruction rounds (Markstein 1990; the tests try every number).
    #[inline(always)]
    fn sqrt_by_products(self) -> Self {
        if !products_root(self.0) {
            return self.sqrt();
        }
        // Safety: a value of this type exists only where AVX-512 does.
        unsafe {
            let half = _mm512_set1_ps(0.5);
            // Zero has no reciprocal; any other number's in its place gives zero back.
            let estimate = _mm512_rsqrt14_ps(_mm512_max_ps(self.0, _mm512_set1_ps(LEAST_ROOTED)));
            let root = _mm512_mul_ps(self.0, estimate);
            let reciprocal = _mm512_mul_ps(half, estimate);
            let off = _mm512_fnmadd_ps(root, reciprocal, half);
            let root = _mm512_fmadd_ps(root, off, root);
            let reciprocal = _mm512_fmadd_ps(reciprocal, off, reciprocal);
            F32x16(_mm512_fmadd_ps(_mm512_fnmadd_ps(root, root, self.0), reciprocal, root))
        }
    }
    #[inline(always)]
    fn floor_div(self, b: Self) -> Self {
        self.each_pair(b, Scalar::floor_div)
    }
    #[inline(always)]
    fn modulo(self, b: Self) -> Self {
        self.each_pair(b, Scalar::modulo)
    }
    methods!();
}

impl SimdF32 for F32x16 {
    lanewise! {
        scale2(n) = _mm512_scalef_ps;
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        // Safety: a value of this type exists only where AVX-512 does.
        unsafe {
            let n = _mm512_add_epi32(_mm512_castps_si512(self.0), _mm512_set1_epi32(127));
            F32x16(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(n)))
        }
    }
    #[inline(always)]
    fn split(self) -> (Self, Self) {
        // Safety: a value of this type exists only where AVX-512 does.
        unsafe {
            // m in [1, 2), halved above √2: both instructions see denormals for what they are.
            let m = _mm512_getmant_ps::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_SRC>(self.0);
            let e = _mm512_getexp_ps(self.0);
            let high = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(m, _mm512_set1_ps(std::f32::consts::SQRT_2));
            let m = _mm512_mask_mul_ps(m, high, m, _mm512_set1_ps(0.5));
            (F32x16(m), F32x16(_mm512_mask_add_ps(e, high, e, _mm512_set1_ps(1.0))))
        }
    }
    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        // Safety: a value of this type exists only where AVX-512 does.
        unsafe {
            let bit = _mm512_set1_ps(-0.0);
            F32x16(_mm512_or_ps(_mm512_andnot_ps(bit, self.0), _mm512_and_ps(bit, sign.0)))
        }
    }
    #[inline(always)]
    fn none(mask: Mask16) -> bool {
        mask.0 == 0
    }
}
