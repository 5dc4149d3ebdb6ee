//! A matrix unit in software, bit for bit what `tdpbf16ps` gives.

use super::unit::{BLOCK, Bf16, MatrixUnit, PACKED_PART, PACKED_TILE, STEP, TILE, Task, parts, products};
use crate::compiled::{self, Compiled};
use crate::isa::Isa;

/// AMX without AMX.
pub(super) struct Emulated;

impl MatrixUnit for Emulated {
    unsafe fn new() -> Self {
        Emulated
    }

    unsafe fn multiply(&mut self, task: &Task) {
        // Safety: the caller's promise.
        let (sums, [a, b]) = unsafe {
            let len = task.steps * parts(task.precision) * PACKED_PART;
            let packed = [task.a, task.b].map(|start| std::slice::from_raw_parts(start, len));
            (std::slice::from_raw_parts_mut(task.sums, BLOCK * BLOCK), packed)
        };
        sums.fill(0.0);
        let step_len = parts(task.precision) * PACKED_PART;
        for pass in products(task.precision) {
            for (a, b) in a.chunks(step_len).zip(b.chunks(step_len)) {
                for &(i, j) in *pass {
                    let (a, b) = (&a[i * PACKED_PART..], &b[j * PACKED_PART..]);
                    for (top, left) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                        let sums = &mut sums[top * TILE * BLOCK + left * TILE..];
                        multiply_tiles(sums, &a[top * PACKED_TILE..], &b[left * PACKED_TILE..]);
                    }
                }
            }
        }
    }
}

/// `sums += a · b` for one tile whose rows are [`BLOCK`] apart, as the manual of `tdpbf16ps` has it: even and odd
/// depths are two chains of fused additions from zero, then they and the old sum are added. Denormals count as zero,
/// going in and coming out.
pub(super) fn multiply_tiles(sums: &mut [f32], a: &[Bf16], b: &[Bf16]) {
    compiled::run(Isa::detect(), Multiply { sums, a, b });
}

struct Multiply<'a> {
    sums: &'a mut [f32],
    a: &'a [Bf16],
    b: &'a [Bf16],
}

impl Compiled for Multiply<'_> {
    #[inline(always)]
    fn run(self) {
        for row in 0..TILE {
            let mut chains = [[0.0f32; TILE]; 2];
            for pair in 0..STEP / 2 {
                for (parity, chain) in chains.iter_mut().enumerate() {
                    let x = widen(self.a[row * STEP + 2 * pair + parity]);
                    for (col, sum) in chain.iter_mut().enumerate() {
                        let y = widen(self.b[pair * STEP + 2 * col + parity]);
                        *sum = flush(x.mul_add(y, *sum));
                    }
                }
            }
            let [even, odd] = chains;
            for (col, sum) in self.sums[row * BLOCK..][..TILE].iter_mut().enumerate() {
                *sum = flush(flush(*sum) + flush(even[col] + odd[col]));
            }
        }
    }
}

/// The number, or zero for a denormal one.
#[inline(always)]
fn widen(x: Bf16) -> f32 {
    flush(f32::from_bits(u32::from(x) << 16))
}

/// Zero of the same sign for a denormal number.
#[inline(always)]
pub(in crate::gemm) fn flush(x: f32) -> f32 {
    if x.abs() < f32::MIN_POSITIVE { 0.0f32.copysign(x) } else { x }
}
