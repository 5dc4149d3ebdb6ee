//! Whether the parts of two operands, and the products of these, stay inside what float32 can hold.

use crate::compiled::{self, Compiled};
use crate::gemm::Operand;
use crate::isa::Isa;
use std::sync::atomic::{AtomicU32, Ordering};

/// The bits of a float32 without its sign; ordered like the numbers, infinity and NaN above all.
const MAGNITUDE: u32 = 0x7fff_ffff;
/// Bits of the fraction of a float32.
const FRACTION: u32 = 23;
/// What the exponent of 1 is stored as.
const BIAS: i32 = 127;

/// The magnitudes of the numbers of an operand, as bits; filled by any number of threads in any order.
pub(super) struct Range {
    /// The least that is not zero, less one; zeros wrap around to the largest.
    least: AtomicU32,
    most: AtomicU32,
}

impl Range {
    pub fn new() -> Range {
        Range { least: AtomicU32::new(u32::MAX), most: AtomicU32::new(0) }
    }

    /// Takes in the numbers of `rows` × `cols`.
    ///
    /// # Safety
    /// `start` is valid for the operand.
    pub unsafe fn add(&self, isa: Isa, start: *const f32, rows: usize, cols: usize, operand: Operand) {
        // Runs along the axis whose elements lie closest together.
        let along_cols = operand.col_stride <= operand.row_stride;
        let operand = if along_cols { operand } else { operand.transposed() };
        let (runs, len) = if along_cols { (rows, cols) } else { (cols, rows) };
        let mut seen = (u32::MAX, 0);
        compiled::run(isa, Scan { start, runs, len, operand, seen: &mut seen });
        self.least.fetch_min(seen.0, Ordering::Relaxed);
        self.most.fetch_max(seen.1, Ordering::Relaxed);
    }

    /// The exponents of the least number that is not zero (a denormal one's is −127) and of the largest.
    fn exponents(&self) -> Option<(i32, i32)> {
        let (least, most) = (self.least.load(Ordering::Relaxed), self.most.load(Ordering::Relaxed));
        let exponent = |bits: u32| (bits >> FRACTION) as i32 - BIAS;
        (most > 0).then(|| (exponent(least + 1), exponent(most)))
    }

    /// Whether a number is infinite or NaN, or would be once it is rounded to bfloat16.
    fn overflows(&self) -> bool {
        self.most.load(Ordering::Relaxed) >> FRACTION >= 254
    }
}

/// Whether the product of two such operands is as good by parts as it is whole.
///
/// The parts of a number are multiples of its last bit, `2^(e − 23)`, which has to be at least `2⁻¹²⁶`. A product of
/// parts that the matrix unit flushes to zero is an error of `2⁻¹²⁶`, which has to be small beside the rounding of a
/// whole product, `2⁻²⁴ |a| |b|`. And the sum must not overflow sooner than that of whole products.
pub(super) fn fits_parts(a: &Range, b: &Range, depth: usize) -> bool {
    if a.overflows() || b.overflows() {
        return false;
    }
    let (Some((a_least, a_most)), Some((b_least, b_most))) = (a.exponents(), b.exponents()) else { return true };
    let sum = a_most + 1 + b_most + 1 + depth.next_power_of_two().trailing_zeros() as i32;
    a_least.min(b_least) >= -102 && a_least + b_least >= -96 && sum <= BIAS
}

struct Scan<'a> {
    start: *const f32,
    runs: usize,
    len: usize,
    /// A run lies along its columns.
    operand: Operand,
    seen: &'a mut (u32, u32),
}

impl Compiled for Scan<'_> {
    #[inline(always)]
    fn run(self) {
        let (mut least, mut most) = (u32::MAX, 0);
        for run in 0..self.runs {
            let start = self.start.wrapping_offset(run as isize * self.operand.row_stride).cast::<u32>();
            // Safety: the caller of `Range::add` vouches for the operand; runs of stride 1 are slices.
            let seen = unsafe {
                if self.operand.col_stride == 1 {
                    extremes(std::slice::from_raw_parts(start, self.len).iter().copied())
                } else {
                    extremes((0..self.len).map(|i| *start.wrapping_offset(i as isize * self.operand.col_stride)))
                }
            };
            least = least.min(seen.0);
            most = most.max(seen.1);
        }
        *self.seen = (least, most);
    }
}

/// The least magnitude but zero, less one, and the largest.
#[inline(always)]
fn extremes(bits: impl Iterator<Item = u32>) -> (u32, u32) {
    bits.fold((u32::MAX, 0), |(least, most), bits| {
        let magnitude = bits & MAGNITUDE;
        (least.min(magnitude.wrapping_sub(1)), most.max(magnitude))
    })
}
