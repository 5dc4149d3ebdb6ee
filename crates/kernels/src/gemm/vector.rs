//! What products ask of vectors beyond [`Register`], so that each kernel is written once for every instruction set.

use crate::element::Float;
use crate::math::Register;

/// A register of numbers that matrix products are computed in.
///
/// # Safety
/// Every method may be called only where the instruction set of the implementor is present, and must be inlined
/// into a function that enables it; pointers must be valid for the lanes that the method touches.
pub(super) unsafe trait Vector: Register<Elem: Float> {
    /// Which lanes a partial load or store touches.
    type Part: Copy;
    /// Side of the square that [`Self::transpose`] turns.
    const BLOCK: usize;

    /// The first `lanes` lanes, `lanes ≤ LANES`.
    unsafe fn part(lanes: usize) -> Self::Part;
    /// These lanes of memory; zero elsewhere.
    unsafe fn load_part(source: *const Self::Elem, part: Self::Part) -> Self;
    unsafe fn store_part(self, target: *mut Self::Elem, part: Self::Part);
    /// `max(self, 0)`, NaN where this is, never −0.
    unsafe fn relu(self) -> Self;
    /// `sum` and what a lane of this and one of `b` multiply to: packed elements, of one depth or of two.
    #[inline(always)]
    unsafe fn add_product(self, b: Self, sum: Self) -> Self {
        self.mul_add(b, sum)
    }
    /// The sum of the lanes, as a tree.
    unsafe fn sum(self) -> Self::Elem;
    /// Asks for the cache line of `address` ahead of a write.
    unsafe fn prefetch_own(address: *const Self::Elem);
    /// Asks for the cache line of `address` ahead of a later read, no closer than the second-level cache.
    unsafe fn prefetch_second(address: *const Self::Elem);
    /// `target[d · target_stride + l] = source[l · source_stride + d]` for `l < lanes ≤ BLOCK`, `d < BLOCK`.
    unsafe fn transpose(
        source: *const Self::Elem,
        source_stride: isize,
        lanes: usize,
        target: *mut Self::Elem,
        target_stride: usize,
    );
}

/// Plain Rust, for processors without a path of their own: an array that the compiler vectorises.
#[cfg(not(target_arch = "aarch64"))]
mod plain {
    use super::Vector;
    use crate::element::Float;
    use crate::math::{Lanes, Register, Scalar};

    // Safety: needs no instruction set; pointers are the caller's promise.
    unsafe impl<T: Float + Scalar, const N: usize> Vector for Lanes<T, N> {
        type Part = usize;
        const BLOCK: usize = 4;

        #[inline(always)]
        unsafe fn part(lanes: usize) -> usize {
            lanes
        }
        #[inline(always)]
        unsafe fn load_part(source: *const T, part: usize) -> Self {
            if part == N {
                // Safety: all lanes are asked for.
                return unsafe { Self::load(source) };
            }
            let mut lanes = [T::ZERO; N];
            for (i, lane) in lanes.iter_mut().enumerate().take(part) {
                // Safety: a lane of the part, which the caller vouches for.
                *lane = unsafe { *source.add(i) };
            }
            Lanes(lanes)
        }
        #[inline(always)]
        unsafe fn store_part(self, target: *mut T, part: usize) {
            if part == N {
                // Safety: all lanes are asked for.
                return unsafe { self.store(target) };
            }
            for (i, lane) in self.0.into_iter().enumerate().take(part) {
                // Safety: a lane of the part, which the caller vouches for.
                unsafe { *target.add(i) = lane };
            }
        }
        #[inline(always)]
        unsafe fn relu(mut self) -> Self {
            for i in 0..N {
                let x = self.0[i];
                // NaN is neither.
                self.0[i] = if x <= T::ZERO { T::ZERO } else { x };
            }
            self
        }
        #[inline(always)]
        unsafe fn sum(self) -> T {
            let mut lanes = self.0;
            let mut width = N;
            while width > 1 {
                width /= 2;
                for i in 0..width {
                    let upper = lanes[i + width];
                    lanes[i] += upper;
                }
            }
            lanes[0]
        }
        #[inline(always)]
        unsafe fn prefetch_own(_address: *const T) {}
        #[inline(always)]
        unsafe fn prefetch_second(_address: *const T) {}
        #[inline(always)]
        unsafe fn transpose(
            source: *const T,
            source_stride: isize,
            lanes: usize,
            target: *mut T,
            target_stride: usize,
        ) {
            for lane in 0..lanes {
                let row = source.wrapping_offset(lane as isize * source_stride);
                for depth in 0..Self::BLOCK {
                    // Safety: both squares are the caller's promise.
                    unsafe { *target.add(depth * target_stride + lane) = *row.add(depth) };
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use super::Vector;
    use crate::math::{Avx2, Avx512, F32x8, F32x16, Register, register, store_first_pd, store_first_ps};
    use std::arch::x86_64::*;

    /// Eight registers of eight `f32`, turned.
    #[inline(always)]
    unsafe fn turn8(r: [__m256; 8]) -> [__m256; 8] {
        // Safety: AVX is present, by the contract of `Vector`.
        unsafe {
            let (a0, a1) = (_mm256_unpacklo_ps(r[0], r[1]), _mm256_unpackhi_ps(r[0], r[1]));
            let (a2, a3) = (_mm256_unpacklo_ps(r[2], r[3]), _mm256_unpackhi_ps(r[2], r[3]));
            let (a4, a5) = (_mm256_unpacklo_ps(r[4], r[5]), _mm256_unpackhi_ps(r[4], r[5]));
            let (a6, a7) = (_mm256_unpacklo_ps(r[6], r[7]), _mm256_unpackhi_ps(r[6], r[7]));
            let (b0, b1) = (_mm256_shuffle_ps::<0x44>(a0, a2), _mm256_shuffle_ps::<0xee>(a0, a2));
            let (b2, b3) = (_mm256_shuffle_ps::<0x44>(a1, a3), _mm256_shuffle_ps::<0xee>(a1, a3));
            let (b4, b5) = (_mm256_shuffle_ps::<0x44>(a4, a6), _mm256_shuffle_ps::<0xee>(a4, a6));
            let (b6, b7) = (_mm256_shuffle_ps::<0x44>(a5, a7), _mm256_shuffle_ps::<0xee>(a5, a7));
            [
                _mm256_permute2f128_ps::<0x20>(b0, b4),
                _mm256_permute2f128_ps::<0x20>(b1, b5),
                _mm256_permute2f128_ps::<0x20>(b2, b6),
                _mm256_permute2f128_ps::<0x20>(b3, b7),
                _mm256_permute2f128_ps::<0x31>(b0, b4),
                _mm256_permute2f128_ps::<0x31>(b1, b5),
                _mm256_permute2f128_ps::<0x31>(b2, b6),
                _mm256_permute2f128_ps::<0x31>(b3, b7),
            ]
        }
    }

    /// Four registers of four `f64`, turned.
    #[inline(always)]
    unsafe fn turn4(r: [__m256d; 4]) -> [__m256d; 4] {
        // Safety: AVX is present, by the contract of `Vector`.
        unsafe {
            let (a0, a1) = (_mm256_unpacklo_pd(r[0], r[1]), _mm256_unpackhi_pd(r[0], r[1]));
            let (a2, a3) = (_mm256_unpacklo_pd(r[2], r[3]), _mm256_unpackhi_pd(r[2], r[3]));
            [
                _mm256_permute2f128_pd::<0x20>(a0, a2),
                _mm256_permute2f128_pd::<0x20>(a1, a3),
                _mm256_permute2f128_pd::<0x31>(a0, a2),
                _mm256_permute2f128_pd::<0x31>(a1, a3),
            ]
        }
    }

    /// The body of `Vector::transpose` over 256-bit registers; lanes that are not there repeat the last one.
    macro_rules! transpose {
        ($half:ident, $side:literal, $turn:ident) => {
            #[inline(always)]
            unsafe fn transpose(
                source: *const Self::Elem,
                source_stride: isize,
                lanes: usize,
                target: *mut Self::Elem,
                target_stride: usize,
            ) {
                // Safety: `Vector`'s contract; rows are clamped to those that exist, stores to the lanes asked for.
                unsafe {
                    let mut rows = [$half::load(source).0; $side];
                    for (lane, row) in rows.iter_mut().enumerate() {
                        let lane = lane.min(lanes - 1) as isize;
                        *row = $half::load(source.wrapping_offset(lane * source_stride)).0;
                    }
                    let turned = $turn(rows);
                    let part = $half::part(lanes);
                    for (depth, row) in turned.into_iter().enumerate() {
                        let target = target.add(depth * target_stride);
                        if lanes == $side {
                            $half(row).store(target);
                        } else {
                            $half(row).store_part(target, part);
                        }
                    }
                }
            }
        };
    }

    /// What products ask of a type of registers.
    macro_rules! vector {
        (
            $name:ident, part $part:ty, max $max:ident, $(product $product:ident,)?
            part_of $part_of:ident, load_part $load_part:ident, store_part $store_part:ident,
            sum $sum:ident, transpose ($half:ident, $side:literal, $turn:ident)
        ) => {
            // Safety: each method is the intrinsic that its name says.
            unsafe impl Vector for $name {
                type Part = $part;
                const BLOCK: usize = $side;

                #[inline(always)]
                unsafe fn part(lanes: usize) -> $part {
                    // Safety: `Vector`'s contract.
                    unsafe { $part_of(lanes) }
                }
                #[inline(always)]
                unsafe fn load_part(source: *const Self::Elem, part: $part) -> Self {
                    // Safety: `Vector`'s contract.
                    $name(unsafe { $load_part(source, part) })
                }
                #[inline(always)]
                unsafe fn store_part(self, target: *mut Self::Elem, part: $part) {
                    // Safety: `Vector`'s contract.
                    unsafe { $store_part(target, part, self.0) }
                }
                $(#[inline(always)]
                unsafe fn add_product(self, b: Self, sum: Self) -> Self {
                    // Safety: `Vector`'s contract.
                    $name(unsafe { $product(self.0, b.0, sum.0) })
                })?
                #[inline(always)]
                unsafe fn relu(self) -> Self {
                    let (zero, one) = (self.filled(0.0), self.filled(1.0));
                    // Of two zeros, and of NaN and another number, the instruction gives the second; −0 + 0 is 0.
                    // Safety: `Vector`'s contract.
                    $name(unsafe { $max(zero.0, self.0) }).mul_add(one, zero)
                }
                #[inline(always)]
                unsafe fn sum(self) -> Self::Elem {
                    // Safety: `Vector`'s contract.
                    unsafe { $sum(self.0) }
                }
                #[inline(always)]
                unsafe fn prefetch_own(address: *const Self::Elem) {
                    // Not `_mm_prefetch::<_MM_HINT_ET0>`, which only fetches where PREFETCHW is not among the features that a
                    // function is compiled for.
                    // Safety: a prefetch never faults; processors without it do nothing.
                    unsafe {
                        std::arch::asm!("prefetchw [{}]", in(reg) address, options(nostack, preserves_flags, readonly))
                    }
                }
                #[inline(always)]
                unsafe fn prefetch_second(address: *const Self::Elem) {
                    // Safety: a prefetch never faults.
                    unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) }
                }
                transpose!($half, $side, $turn);
            }
        };
    }

    /// AVX2 has masks for loads; stores count.
    #[inline(always)]
    unsafe fn first(lanes: usize) -> usize {
        lanes
    }
    #[inline(always)]
    unsafe fn load_first_ps(source: *const f32, lanes: usize) -> __m256 {
        // Safety: AVX2 is present, by the contract of `Vector`; lanes that are not there are not read.
        unsafe {
            let places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            _mm256_maskload_ps(source, _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes as i32), places))
        }
    }
    #[inline(always)]
    unsafe fn load_first_pd(source: *const f64, lanes: usize) -> __m256d {
        // Safety: as above.
        unsafe {
            let places = _mm256_setr_epi64x(0, 1, 2, 3);
            _mm256_maskload_pd(source, _mm256_cmpgt_epi64(_mm256_set1_epi64x(lanes as i64), places))
        }
    }
    #[inline(always)]
    unsafe fn sum_ps(v: __m256) -> f32 {
        // Safety: AVX2 is present, by the contract of `Vector`.
        unsafe {
            let four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }
    #[inline(always)]
    unsafe fn sum_pd(v: __m256d) -> f64 {
        // Safety: AVX2 is present, by the contract of `Vector`.
        unsafe {
            let two = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd::<1>(v));
            _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
        }
    }

    #[inline(always)]
    unsafe fn low_bits8(lanes: usize) -> __mmask8 {
        ((1u32 << lanes) - 1) as __mmask8
    }
    #[inline(always)]
    unsafe fn low_bits16(lanes: usize) -> __mmask16 {
        ((1u32 << lanes) - 1) as __mmask16
    }

    /// A zeroing masked load with the operands in the order of AVX2's.
    macro_rules! masked_load {
        ($name:ident, $intrinsic:ident, $element:ty, $mask:ty, $register:ty) => {
            #[inline(always)]
            unsafe fn $name(source: *const $element, mask: $mask) -> $register {
                // Safety: AVX-512 is present, by the contract of `Vector`.
                unsafe { $intrinsic(mask, source) }
            }
        };
    }
    masked_load!(masked256_ps, _mm256_maskz_loadu_ps, f32, __mmask8, __m256);
    masked_load!(masked256_pd, _mm256_maskz_loadu_pd, f64, __mmask8, __m256d);
    masked_load!(masked512_ps, _mm512_maskz_loadu_ps, f32, __mmask16, __m512);
    masked_load!(masked512_pd, _mm512_maskz_loadu_pd, f64, __mmask8, __m512d);

    /// Four `f64` of AVX2.
    #[derive(Clone, Copy)]
    pub(in super::super) struct F64x4(__m256d);
    register! {
        F64x4, f64, set Avx2, lanes 4,
        splat _mm256_set1_pd, load _mm256_loadu_pd, store _mm256_storeu_pd, fma _mm256_fmadd_pd, mul _mm256_mul_pd
    }
    /// Eight `f32` with the mask registers of AVX-512.
    #[derive(Clone, Copy)]
    pub(in super::super) struct F32x8Masked(__m256);
    register! {
        F32x8Masked, f32, set Avx512, lanes 8,
        splat _mm256_set1_ps, load _mm256_loadu_ps, store _mm256_storeu_ps, fma _mm256_fmadd_ps, mul _mm256_mul_ps
    }
    /// Four `f64` with the mask registers of AVX-512.
    #[derive(Clone, Copy)]
    pub(in super::super) struct F64x4Masked(__m256d);
    register! {
        F64x4Masked, f64, set Avx512, lanes 4,
        splat _mm256_set1_pd, load _mm256_loadu_pd, store _mm256_storeu_pd, fma _mm256_fmadd_pd, mul _mm256_mul_pd
    }
    /// Sixteen `f32` of AVX-512, whose packed numbers are pairs of bfloat16.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Bf16x32(__m512);
    register! {
        Bf16x32, f32, set Avx512, lanes 16,
        splat _mm512_set1_ps, load _mm512_loadu_ps, store _mm512_storeu_ps, fma _mm512_fmadd_ps, mul _mm512_mul_ps
    }
    /// Eight `f64` of AVX-512.
    #[derive(Clone, Copy)]
    pub(in super::super) struct F64x8(__m512d);
    register! {
        F64x8, f64, set Avx512, lanes 8,
        splat _mm512_set1_pd, load _mm512_loadu_pd, store _mm512_storeu_pd, fma _mm512_fmadd_pd, mul _mm512_mul_pd
    }

    vector! {
        F32x8, part usize, max _mm256_max_ps,
        part_of first, load_part load_first_ps, store_part store_first_ps, sum sum_ps, transpose (F32x8, 8, turn8)
    }
    vector! {
        F64x4, part usize, max _mm256_max_pd,
        part_of first, load_part load_first_pd, store_part store_first_pd, sum sum_pd, transpose (F64x4, 4, turn4)
    }
    vector! {
        F32x8Masked, part __mmask8, max _mm256_max_ps,
        part_of low_bits8, load_part masked256_ps, store_part _mm256_mask_storeu_ps, sum sum_ps,
        transpose (F32x8Masked, 8, turn8)
    }
    vector! {
        F64x4Masked, part __mmask8, max _mm256_max_pd,
        part_of low_bits8, load_part masked256_pd, store_part _mm256_mask_storeu_pd, sum sum_pd,
        transpose (F64x4Masked, 4, turn4)
    }
    vector! {
        F32x16, part __mmask16, max _mm512_max_ps,
        part_of low_bits16, load_part masked512_ps, store_part _mm512_mask_storeu_ps, sum _mm512_reduce_add_ps,
        transpose (F32x8Masked, 8, turn8)
    }
    /// `sum` and two products of bfloat16 a lane: that of the upper halves, then that of the lower ones, each rounded
    /// with the sum. Denormal numbers are zero, going in and coming out.
    #[inline(always)]
    unsafe fn dot_pairs(a: __m512, b: __m512, sum: __m512) -> __m512 {
        use std::mem::transmute;
        // Safety: the instruction is there where a table of pairs is, and registers are bits.
        unsafe { _mm512_dpbf16_ps(sum, transmute::<__m512, __m512bh>(a), transmute::<__m512, __m512bh>(b)) }
    }

    vector! {
        Bf16x32, part __mmask16, max _mm512_max_ps, product dot_pairs,
        part_of low_bits16, load_part masked512_ps, store_part _mm512_mask_storeu_ps, sum _mm512_reduce_add_ps,
        transpose (F32x8Masked, 8, turn8)
    }
    vector! {
        F64x8, part __mmask8, max _mm512_max_pd,
        part_of low_bits8, load_part masked512_pd, store_part _mm512_mask_storeu_pd, sum _mm512_reduce_add_pd,
        transpose (F64x4Masked, 4, turn4)
    }
}
