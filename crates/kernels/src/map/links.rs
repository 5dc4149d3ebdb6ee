//! A chain run over one tile: several bodies on the same vectors, several results.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code, unused_imports, reason = "chains run in vectors alone"))]

use super::sweep::{Kernel, MAX_SOURCES, Operands, RESULTS};
use crate::instructions::copies;
use crate::isa::Isa;
use crate::math::{Compute, Simd};

/// What runs on one vector of each operand of a chain.
pub(super) trait Links {
    /// How many operands there are.
    const SOURCES: usize;
    /// Bit `k` is set where operand `k` is a scalar.
    const SCALARS: u16;
    /// How many of the results count.
    const RESULTS: usize;
    /// The results.
    fn apply<V: Simd>(x: &[V; MAX_SOURCES]) -> [V; RESULTS];
}

/// A chain over a tile.
///
/// # Safety
/// As [`Kernel`].
#[inline(always)]
pub(super) unsafe fn sweep_links<V: Simd, L: Links>(slots: *const *mut V::Elem, o: &Operands, len: usize) {
    // Safety: as `sweep`; all operands are read before a result is written.
    unsafe {
        let dst: [*mut V::Elem; RESULTS] = o.dst.map(|slot| *slots.add(usize::from(slot)));
        let mut src = [dst[0].cast_const(); MAX_SOURCES];
        let mut x = [V::whole(0); MAX_SOURCES];
        for k in 0..L::SOURCES {
            src[k] = *slots.add(usize::from(o.src[k]));
            if L::SCALARS >> k & 1 != 0 {
                x[k] = V::splat(*src[k]);
            }
        }
        let mut i = 0;
        while i + V::LANES <= len {
            for k in 0..L::SOURCES {
                if L::SCALARS >> k & 1 == 0 {
                    x[k] = V::load(src[k].add(i));
                }
            }
            let results = L::apply(&x);
            for k in 0..L::RESULTS {
                results[k].store(dst[k].add(i));
            }
            i += V::LANES;
        }
        if i < len {
            for k in 0..L::SOURCES {
                if L::SCALARS >> k & 1 == 0 {
                    x[k] = V::load_first(src[k].add(i), len - i);
                }
            }
            let results = L::apply(&x);
            for k in 0..L::RESULTS {
                results[k].store_first(dst[k].add(i), len - i);
            }
        }
    }
}

copies! {
    /// The kernel of a chain.
    fn on[L: Links][L](slots: *const *mut f32, o: &Operands, len: usize) = S => sweep_links::<<f32 as Compute>::On<S>, L>,
        else unreachable!("no chain runs in plain Rust");
}

/// The kernel of a chain for `isa`.
pub(super) fn chained<L: Links>(isa: Isa) -> Kernel<f32> {
    on::<L>(isa)
}
