//! Packing two depths into one number: both rounded to bfloat16, the first in the lower half.

#[cfg(test)]
mod tests;

use super::pack::{Panel, pack as pack_numbers};
use crate::math::F32x16;
use std::arch::x86_64::*;

/// Lanes of a vector.
const LANES: usize = 16;
/// Lanes whose pairs are turned at once: at least as many as a strip or a panel has.
const TURNED_LANES: usize = 32;

/// Packs one panel: `target[d · pitch + l]` holds depths `2d` and `2d + 1` of lane `l`, zero where there are none.
///
/// # Safety
/// The instruction sets of the table are present; `source` is valid for its strides, `target` for
/// `⌈depth / 2⌉ · pitch` numbers; a panel has at most [`TURNED_LANES`] lanes.
#[inline(always)]
pub(super) unsafe fn pack(panel: &Panel<f32>) {
    // Safety: the caller's promise, passed on.
    unsafe {
        if panel.lane_stride == 1 {
            join_rows(panel);
        } else if panel.depth_stride == 1 {
            turn(panel);
        } else {
            gather(panel);
        }
    }
}

/// Lanes are neighbours: the numbers of two rows become pairs.
///
/// # Safety
/// That of [`pack`].
#[inline(always)]
unsafe fn join_rows(panel: &Panel<f32>) {
    // Safety: loads are limited to the lanes that exist, stores to the pitch.
    unsafe {
        for lane in (0..panel.pitch).step_by(LANES) {
            let mask = low_bits(panel.lanes.saturating_sub(lane));
            let stored = low_bits(panel.pitch - lane);
            for depth in (0..panel.depth).step_by(2) {
                let row = panel.source.wrapping_offset(depth as isize * panel.depth_stride).wrapping_add(lane);
                let first = _mm512_maskz_loadu_ps(mask, row);
                let odd = if depth + 1 < panel.depth { mask } else { 0 };
                let second = _mm512_maskz_loadu_ps(odd, row.wrapping_offset(panel.depth_stride));
                let target = panel.target.add(depth / 2 * panel.pitch + lane);
                _mm512_mask_storeu_ps(target, stored, interleave(first, second));
            }
        }
    }
}

/// The numbers of two vectors, rounded, as pairs.
///
/// # Safety
/// The instruction sets are present.
#[inline(always)]
unsafe fn interleave(first: __m512, second: __m512) -> __m512 {
    // Safety: the caller's promise; registers are bits.
    unsafe {
        // Words 0 to 15 are the first numbers, 16 to 31 the second ones.
        let words: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(second, first));
        let lower = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        let order = _mm512_or_si512(lower, _mm512_slli_epi32::<16>(_mm512_add_epi32(lower, _mm512_set1_epi32(16))));
        _mm512_castsi512_ps(_mm512_permutexvar_epi16(order, words))
    }
}

/// Depths are neighbours: they are pairs once they are rounded, 32 depths of a lane at a time, and these are turned.
///
/// # Safety
/// That of [`pack`].
#[inline(always)]
unsafe fn turn(panel: &Panel<f32>) {
    let mut pairs = [0.0f32; TURNED_LANES * LANES];
    debug_assert!(panel.lanes <= TURNED_LANES, "{} lanes", panel.lanes);
    for start in (0..panel.depth).step_by(2 * LANES) {
        let depth = (panel.depth - start).min(2 * LANES);
        // Safety: loads are limited to the depths that exist; there is a row of pairs for each lane.
        unsafe {
            let (first, second) = (low_bits(depth), low_bits(depth.saturating_sub(LANES)));
            for lane in 0..panel.lanes {
                let row = panel.source.wrapping_offset(lane as isize * panel.lane_stride).wrapping_add(start);
                let first = _mm512_maskz_loadu_ps(first, row);
                let second = _mm512_maskz_loadu_ps(second, row.wrapping_add(LANES));
                let rounded: __m512 = std::mem::transmute(_mm512_cvtne2ps_pbh(second, first));
                _mm512_storeu_ps(pairs.as_mut_ptr().add(lane * LANES), rounded);
            }
            pack_numbers::<F32x16>(&Panel {
                source: pairs.as_ptr(),
                lane_stride: LANES as isize,
                depth_stride: 1,
                lanes: panel.lanes,
                depth: depth.div_ceil(2),
                target: panel.target.add(start / 2 * panel.pitch),
                pitch: panel.pitch,
            });
        }
    }
}

/// Any strides, one pair at a time.
///
/// # Safety
/// That of [`pack`].
#[inline(always)]
unsafe fn gather(panel: &Panel<f32>) {
    for depth in (0..panel.depth).step_by(2) {
        for lane in 0..panel.pitch {
            let number = |depth: usize| {
                if depth >= panel.depth || lane >= panel.lanes {
                    return 0;
                }
                let (across, along) = (lane as isize * panel.lane_stride, depth as isize * panel.depth_stride);
                // Safety: within the panel, as the caller promises.
                unsafe { rounded(*panel.source.wrapping_offset(across + along)) }
            };
            let pair = number(depth) | number(depth + 1) << 16;
            // Safety: below `⌈depth / 2⌉ · pitch`.
            unsafe { *panel.target.add(depth / 2 * panel.pitch + lane) = f32::from_bits(pair) };
        }
    }
}

/// The bits of the nearest number in bfloat16.
///
/// # Safety
/// The instruction sets are present.
#[inline(always)]
unsafe fn rounded(x: f32) -> u32 {
    // Safety: the caller's promise; registers are bits.
    unsafe {
        let words: __m128i = std::mem::transmute(_mm_cvtneps_pbh(_mm_set_ss(x)));
        _mm_cvtsi128_si32(words) as u32 & 0xffff
    }
}

/// A mask of the first `lanes` lanes, or of all.
#[inline(always)]
fn low_bits(lanes: usize) -> __mmask16 {
    ((1u32 << lanes.min(LANES)) - 1) as __mmask16
}
