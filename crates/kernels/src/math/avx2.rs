//! 8 × `f32` in an AVX register.

use std::arch::x86_64::*;

use super::float32::{methods, methods_of_one};
use super::register::{Register, register};
use super::scalar::Scalar;
use super::set::Avx2;
use super::simd::{Simd, SimdF32};
use crate::functions::formulas;

/// 8 × `f32`.
#[derive(Clone, Copy)]
pub struct F32x8(pub(crate) __m256);

/// The first `n` lanes, `n ≤ 8`.
///
/// # Safety
/// AVX2 exists.
#[inline(always)]
unsafe fn first(n: usize) -> __m256i {
    const ONES_THEN_ZEROS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    // Safety: `n ≤ 8`, so eight elements follow the start.
    unsafe { _mm256_loadu_si256(ONES_THEN_ZEROS.as_ptr().add(8 - n).cast()) }
}

/// Writes the first `n` lanes, `n ≤ 8`: in halves, since a store of chosen lanes takes dozens of cycles on some processors,
/// and what it wrote cannot be read back at once.
///
/// # Safety
/// AVX2 exists; `to` is valid for `n` numbers.
#[inline(always)]
pub(crate) unsafe fn store_first_ps(to: *mut f32, n: usize, value: __m256) {
    // Safety: the caller's promise; each store writes as many lanes as its bit of `n` stands for.
    unsafe {
        if n >= 8 {
            return _mm256_storeu_ps(to, value);
        }
        let (mut to, mut rest) = (to, _mm256_castps256_ps128(value));
        if n & 4 != 0 {
            _mm_storeu_ps(to, rest);
            (to, rest) = (to.add(4), _mm256_extractf128_ps::<1>(value));
        }
        if n & 2 != 0 {
            _mm_store_sd(to.cast(), _mm_castps_pd(rest));
            (to, rest) = (to.add(2), _mm_movehl_ps(rest, rest));
        }
        if n & 1 != 0 {
            _mm_store_ss(to, rest);
        }
    }
}

/// [`store_first_ps`] of float64, `n ≤ 4`: each is as long as two of float32.
///
/// # Safety
/// AVX2 exists; `to` is valid for `n` numbers.
#[inline(always)]
pub(crate) unsafe fn store_first_pd(to: *mut f64, n: usize, value: __m256d) {
    // Safety: the caller's promise.
    unsafe { store_first_ps(to.cast(), 2 * n, _mm256_castpd_ps(value)) }
}

macro_rules! lanewise {
    ($($name:ident($($arg:ident),*) = $call:expr;)*) => {$(
        #[inline(always)]
        fn $name(self $(, $arg: Self)*) -> Self {
            // Safety: a value of this type exists only where AVX2 and FMA do.
            unsafe { F32x8($call(self.0 $(, $arg.0)*)) }
        }
    )*};
}
macro_rules! compare {
    ($($name:ident = $predicate:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, b: Self) -> __m256 {
            // Safety: a value of this type exists only where AVX2 and FMA do.
            unsafe { _mm256_cmp_ps::<$predicate>(self.0, b.0) }
        }
    )*};
}

/// `2ⁿ` for `n` in −126 … 127, the lowest nine bits.
///
/// # Safety
/// AVX2 exists.
#[inline(always)]
unsafe fn power_of_two(n: __m256i) -> __m256 {
    // Safety: the caller's promise.
    unsafe { _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_add_epi32(n, _mm256_set1_epi32(127)))) }
}

register! {
    F32x8, f32, set Avx2, lanes 8, splat _mm256_set1_ps, load _mm256_loadu_ps, store _mm256_storeu_ps, fma _mm256_fmadd_ps, mul _mm256_mul_ps
}

// Safety: only comparisons make masks, of values.
unsafe impl Simd for F32x8 {
    type Mask = __m256;

    #[inline(always)]
    unsafe fn load_first_or(from: *const f32, n: usize, rest: Self) -> Self {
        // Safety: lanes beyond `n` are not read.
        unsafe {
            let mask = first(n);
            F32x8(_mm256_blendv_ps(rest.0, _mm256_maskload_ps(from, mask), _mm256_castsi256_ps(mask)))
        }
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        // Safety: lanes beyond `n` are not written.
        unsafe { store_first_ps(to, n, self.0) }
    }
    #[inline(always)]
    fn whole(set: Avx2, value: i32) -> Self {
        Self::splat(set, value as f32)
    }
    lanewise! {
        add(b) = _mm256_add_ps;
        sub(b) = _mm256_sub_ps;
        div(b) = _mm256_div_ps;
        neg_mul_add(b, c) = _mm256_fnmadd_ps;
        sqrt() = _mm256_sqrt_ps;
        floor() = _mm256_round_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>;
        ceil() = _mm256_round_ps::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>;
        trunc() = _mm256_round_ps::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>;
        round() = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>;
    }
    compare! {
        eq = _CMP_EQ_OQ;
        lt = _CMP_LT_OQ;
        le = _CMP_LE_OQ;
    }
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        // Safety: a value of this type exists only where AVX2 does.
        unsafe {
            let nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, self.0);
            // The instruction gives its second operand when either is NaN.
            F32x8(_mm256_blendv_ps(_mm256_min_ps(self.0, b.0), self.0, nan))
        }
    }
    #[inline(always)]
    fn clamp(self, low: Self, high: Self) -> Self {
        // Safety: as `min`. The instructions give their second operand when either is NaN or they are equal.
        unsafe { F32x8(_mm256_min_ps(high.0, _mm256_max_ps(low.0, self.0))) }
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        // Safety: as `min`.
        unsafe {
            let nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, self.0);
            F32x8(_mm256_blendv_ps(_mm256_max_ps(self.0, b.0), self.0, nan))
        }
    }
    #[inline(always)]
    fn neg(self) -> Self {
        // Safety: a value of this type exists only where AVX2 does.
        unsafe { F32x8(_mm256_xor_ps(self.0, _mm256_set1_ps(-0.0))) }
    }
    #[inline(always)]
    fn abs(self) -> Self {
        // Safety: a value of this type exists only where AVX2 does.
        unsafe { F32x8(_mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0)) }
    }
    #[inline(always)]
    fn mask_and(a: __m256, b: __m256) -> __m256 {
        // Safety: a mask exists only where AVX2 does.
        unsafe { _mm256_and_ps(a, b) }
    }
    #[inline(always)]
    fn mask_or(a: __m256, b: __m256) -> __m256 {
        // Safety: a mask exists only where AVX2 does.
        unsafe { _mm256_or_ps(a, b) }
    }
    #[inline(always)]
    fn mask_not(a: __m256) -> __m256 {
        // Safety: a mask exists only where AVX2 does.
        unsafe { _mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1))) }
    }
    #[inline(always)]
    fn select(mask: __m256, yes: Self, no: Self) -> Self {
        // Safety: a value of this type exists only where AVX2 does.
        unsafe { F32x8(_mm256_blendv_ps(no.0, yes.0, mask)) }
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

impl SimdF32 for F32x8 {
    #[inline(always)]
    fn scale2(self, n: Self) -> Self {
        // Safety: a value of this type exists only where AVX2 does.
        unsafe {
            // In two halves, since 2ⁿ itself may be no float.
            let n = _mm256_cvtps_epi32(n.0);
            let half = _mm256_srai_epi32::<1>(n);
            let rest = _mm256_sub_epi32(n, half);
            F32x8(_mm256_mul_ps(_mm256_mul_ps(self.0, power_of_two(half)), power_of_two(rest)))
        }
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        // Safety: a value of this type exists only where AVX2 does.
        unsafe { F32x8(power_of_two(_mm256_castps_si256(self.0))) }
    }
    #[inline(always)]
    fn split(self) -> (Self, Self) {
        // Safety: a value of this type exists only where AVX2 does.
        unsafe {
            let tiny = self.lt(self.filled(f32::MIN_POSITIVE));
            let scaled = Self::select(tiny, self.mul(self.filled(8_388_608.0)), self);
            let root = _mm256_set1_epi32(0x3f35_04f3);
            let above = _mm256_sub_epi32(_mm256_castps_si256(scaled.0), root);
            let m = _mm256_add_epi32(_mm256_and_si256(above, _mm256_set1_epi32(0x007f_ffff)), root);
            let e = F32x8(_mm256_cvtepi32_ps(_mm256_srai_epi32::<23>(above)));
            let shifted = Self::select(tiny, e.sub(self.filled(23.0)), e);
            (F32x8(_mm256_castsi256_ps(m)), shifted)
        }
    }
    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        // Safety: a value of this type exists only where AVX2 does.
        unsafe {
            let bit = _mm256_set1_ps(-0.0);
            F32x8(_mm256_or_ps(_mm256_andnot_ps(bit, self.0), _mm256_and_ps(bit, sign.0)))
        }
    }
    #[inline(always)]
    fn none(mask: __m256) -> bool {
        // Safety: a mask exists only where AVX2 does.
        unsafe { _mm256_movemask_ps(mask) == 0 }
    }
}
