//! What the machine can do at most: fused multiply-adds that never leave the registers.

use super::clock;
use ferrograd_kernels::isa::Isa;
use std::hint::black_box;

/// Chains of dependent multiply-adds, enough to keep two units of latency four or five busy.
const CHAINS: usize = 12;
/// Multiply-adds of a chain in one call.
const LENGTH: usize = 8192;

/// `x · a + b` over and over in `CHAINS` vectors of `LANES` numbers.
#[inline(always)]
fn chains<const LANES: usize>(seed: f32) -> f32 {
    let (a, b) = (black_box(seed), black_box(1.0 - seed));
    let mut sums = [[0.0f32; LANES]; CHAINS];
    for _ in 0..LENGTH {
        for sum in &mut sums {
            for lane in sum.iter_mut() {
                *lane = lane.mul_add(a, b);
            }
        }
    }
    sums.iter().flatten().sum()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn avx512(seed: f32) -> f32 {
    use std::arch::x86_64::*;
    let (a, b) = (_mm512_set1_ps(black_box(seed)), _mm512_set1_ps(black_box(1.0 - seed)));
    let mut sums = [_mm512_setzero_ps(); CHAINS];
    for _ in 0..LENGTH {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(*sum, a, b);
        }
    }
    sums.into_iter().map(|sum| _mm512_reduce_add_ps(sum)).sum()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(seed: f32) -> f32 {
    chains::<8>(seed)
}

/// Billions of additions and multiplications a second of one thread on `isa`: the median of many short rounds.
pub fn gflops(isa: Isa) -> f64 {
    let mut rounds: Vec<f64> = (0..2000).map(|_| gflops_once(isa)).collect();
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

/// The same from one round of some microseconds.
pub fn gflops_once(isa: Isa) -> f64 {
    let round = clock::of_this_thread();
    let lanes = match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => {
            // Safety: the caller's instruction set is there.
            black_box(unsafe { avx512(0.999) });
            16
        }
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => {
            // Safety: as above.
            black_box(unsafe { avx2(0.999) });
            8
        }
        _ => {
            black_box(chains::<4>(0.999));
            4
        }
    };
    2.0 * (CHAINS * LENGTH * lanes) as f64 / (clock::of_this_thread() - round) / 1e9
}
