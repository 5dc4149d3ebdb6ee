//! Splitting numbers into parts and laying them out as tiles.

use super::unit::{BLOCK, Bf16, PACKED_PART, PACKED_TILE, STEP, TILE};
use crate::compiled::Compiled;

/// One step of a panel of 32 rows of `a`, or of a strip of 32 columns of `b`, as float32 in row-major order.
pub(super) type Square = [f32; BLOCK * STEP];

/// Splits a square into `P` parts of two tiles each.
pub(super) struct Split<'a, const P: usize> {
    pub square: &'a Square,
    /// Rows of `b`, which are depths, go into a tile in pairs; rows of `a` as they are.
    pub paired: bool,
    /// `P` parts.
    pub target: &'a mut [Bf16],
}

impl<const P: usize> Compiled for Split<'_, P> {
    #[inline(always)]
    fn run(self) {
        if self.paired { pair_rows::<P>(self.square, self.target) } else { keep_rows::<P>(self.square, self.target) }
    }
}

/// Row `r` of the square becomes row `r` of the tiles, one below the other.
#[inline(always)]
fn keep_rows<const P: usize>(square: &Square, target: &mut [Bf16]) {
    for (row, numbers) in square.as_chunks::<STEP>().0.iter().enumerate() {
        let parts = split_row::<P>(numbers);
        for (part, numbers) in parts.iter().enumerate() {
            let target = &mut target[part * PACKED_PART + row * STEP..][..STEP];
            for (target, &bits) in target.iter_mut().zip(numbers) {
                *target = (bits >> 16) as Bf16;
            }
        }
    }
}

/// Rows `2r` and `2r + 1` of the square become row `r` of the tiles, side by side: columns stay columns, the two
/// numbers of a pair are neighbours.
#[inline(always)]
fn pair_rows<const P: usize>(square: &Square, target: &mut [Bf16]) {
    for (row, pair) in square.as_chunks::<{ 2 * BLOCK }>().0.iter().enumerate() {
        let (even, odd) = pair.split_at(BLOCK);
        let even = split_row::<P>(even.try_into().expect("half of a pair"));
        let odd = split_row::<P>(odd.try_into().expect("half of a pair"));
        for part in 0..P {
            for (tile, col) in [(0, 0), (1, TILE)] {
                let start = part * PACKED_PART + tile * PACKED_TILE + row * STEP;
                let target = target[start..][..STEP].as_chunks_mut::<2>().0;
                for (i, target) in target.iter_mut().enumerate() {
                    *target = [(even[part][col + i] >> 16) as Bf16, (odd[part][col + i] >> 16) as Bf16];
                }
            }
        }
    }
}

/// Each number as a sum of parts, each part the bits of a float32 whose lower half is zero.
#[inline(always)]
fn split_row<const P: usize>(numbers: &[f32; BLOCK]) -> [[u32; BLOCK]; P] {
    let mut rest = *numbers;
    let mut parts = [[0; BLOCK]; P];
    for part in &mut parts {
        for (part, rest) in part.iter_mut().zip(&mut rest) {
            *part = round(rest.to_bits());
            *rest -= f32::from_bits(*part);
        }
    }
    parts
}

/// The nearest number in bfloat16, ties to even; NaN stays NaN. Denormals are kept: the matrix unit drops them.
#[inline(always)]
pub(in crate::gemm) fn round(bits: u32) -> u32 {
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    let nan = bits & 0x7fff_ffff > 0x7f80_0000;
    (if nan { bits | 0x0040_0000 } else { nearest }) & 0xffff_0000
}
