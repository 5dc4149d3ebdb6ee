//! Registers of NEON, which every aarch64 has.

use super::vector::Vector;
use crate::math::{Plain, Register, register};
use std::arch::aarch64::*;
use std::arch::asm;

/// Four registers of four `f32`, turned.
#[inline(always)]
unsafe fn turn4(r: [float32x4_t; 4]) -> [float32x4_t; 4] {
    // Safety: every aarch64 has NEON.
    unsafe {
        let pairs = |low, high| (vreinterpretq_f64_f32(low), vreinterpretq_f64_f32(high));
        let even = pairs(vtrn1q_f32(r[0], r[1]), vtrn1q_f32(r[2], r[3]));
        let odd = pairs(vtrn2q_f32(r[0], r[1]), vtrn2q_f32(r[2], r[3]));
        [
            vreinterpretq_f32_f64(vtrn1q_f64(even.0, even.1)),
            vreinterpretq_f32_f64(vtrn1q_f64(odd.0, odd.1)),
            vreinterpretq_f32_f64(vtrn2q_f64(even.0, even.1)),
            vreinterpretq_f32_f64(vtrn2q_f64(odd.0, odd.1)),
        ]
    }
}

/// Two registers of two `f64`, turned.
#[inline(always)]
unsafe fn turn2(r: [float64x2_t; 2]) -> [float64x2_t; 2] {
    // Safety: every aarch64 has NEON.
    unsafe { [vtrn1q_f64(r[0], r[1]), vtrn2q_f64(r[0], r[1])] }
}

/// `a · b + c`: the instruction's first operand is what it adds to.
#[inline(always)]
unsafe fn fma_f32(a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
    // Safety: every aarch64 has NEON.
    unsafe { vfmaq_f32(c, a, b) }
}

/// As [`fma_f32`].
#[inline(always)]
unsafe fn fma_f64(a: float64x2_t, b: float64x2_t, c: float64x2_t) -> float64x2_t {
    // Safety: every aarch64 has NEON.
    unsafe { vfmaq_f64(c, a, b) }
}

macro_rules! vector {
    (
        $(#[$doc:meta])* $name:ident($register:ty), $element:ty, lanes $lanes:literal, splat $splat:ident, load $load:ident,
        store $store:ident, fma $fma:ident, mul $mul:ident, max $max:ident, sum $sum:ident, turn $turn:ident
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(super) struct $name($register);

        register! {
            $name, $element, set Plain, lanes $lanes, splat $splat, load $load, store $store, fma $fma, mul $mul
        }

        // Safety: each method is the instruction that its name says; there are no masks, so parts go by a copy.
        unsafe impl Vector for $name {
            type Part = usize;
            const BLOCK: usize = $lanes;

            #[inline(always)]
            unsafe fn part(lanes: usize) -> usize {
                lanes
            }
            #[inline(always)]
            unsafe fn load_part(source: *const $element, part: usize) -> Self {
                // Safety: lanes of the part, which the caller vouches for.
                unsafe {
                    if part == $lanes {
                        return Self::load(source);
                    }
                    let mut lanes = [0.0; $lanes];
                    for (i, lane) in lanes.iter_mut().enumerate().take(part) {
                        *lane = *source.add(i);
                    }
                    Self::load(lanes.as_ptr())
                }
            }
            #[inline(always)]
            unsafe fn store_part(self, target: *mut $element, part: usize) {
                // Safety: lanes of the part, which the caller vouches for.
                unsafe {
                    if part == $lanes {
                        return self.store(target);
                    }
                    let mut lanes = [0.0; $lanes];
                    self.store(lanes.as_mut_ptr());
                    for (i, &lane) in lanes.iter().enumerate().take(part) {
                        *target.add(i) = lane;
                    }
                }
            }
            #[inline(always)]
            unsafe fn relu(self) -> Self {
                // NaN stays, and of two zeros the instruction gives the positive one.
                // Safety: every aarch64 has NEON.
                $name(unsafe { $max(self.0, $splat(0.0)) })
            }
            #[inline(always)]
            unsafe fn sum(self) -> $element {
                // Safety: every aarch64 has NEON.
                unsafe { $sum(self.0) }
            }
            #[inline(always)]
            unsafe fn prefetch_own(address: *const $element) {
                // Safety: a prefetch never faults.
                unsafe { asm!("prfm pstl1keep, [{}]", in(reg) address, options(nostack, preserves_flags, readonly)) }
            }
            #[inline(always)]
            unsafe fn prefetch_second(address: *const $element) {
                // Safety: a prefetch never faults.
                unsafe { asm!("prfm pldl2keep, [{}]", in(reg) address, options(nostack, preserves_flags, readonly)) }
            }
            #[inline(always)]
            unsafe fn transpose(
                source: *const $element,
                source_stride: isize,
                lanes: usize,
                target: *mut $element,
                target_stride: usize,
            ) {
                // Safety: `Vector`'s contract; rows are clamped to those that exist, stores to the lanes asked for.
                unsafe {
                    let mut rows = [$splat(0.0); $lanes];
                    for (lane, row) in rows.iter_mut().enumerate() {
                        let lane = lane.min(lanes - 1) as isize;
                        *row = $load(source.wrapping_offset(lane * source_stride));
                    }
                    for (depth, row) in $turn(rows).into_iter().enumerate() {
                        $name(row).store_part(target.add(depth * target_stride), lanes);
                    }
                }
            }
        }
    };
}

vector! {
    /// Four `f32`.
    F32x4(float32x4_t), f32, lanes 4, splat vdupq_n_f32, load vld1q_f32,
    store vst1q_f32, fma fma_f32, mul vmulq_f32, max vmaxq_f32, sum vaddvq_f32, turn turn4
}
vector! {
    /// Two `f64`.
    F64x2(float64x2_t), f64, lanes 2, splat vdupq_n_f64, load vld1q_f64,
    store vst1q_f64, fma fma_f64, mul vmulq_f64, max vmaxq_f64, sum vaddvq_f64, turn turn2
}
