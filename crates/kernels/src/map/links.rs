//! A chain run over one tile: several bodies on the same vectors, several results.

use super::sweep::{Kernel, MAX_SOURCES, Operands, RESULTS};
use crate::isa::Isa;
use crate::math::{Compute, Set, Simd};
use crate::per_isa::per_isa;

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
unsafe fn sweep_links<V: Simd, L: Links>(slots: *const *mut V::Elem, o: &Operands, len: usize) {
    // Safety: as `sweep`; all operands are read before a result is written.
    unsafe {
        let dst: [*mut V::Elem; RESULTS] = o.dst.map(|slot| *slots.add(usize::from(slot)));
        let mut src = [dst[0].cast_const(); MAX_SOURCES];
        let set = V::Set::assume();
        let mut x = [V::whole(set, 0); MAX_SOURCES];
        for k in 0..L::SOURCES {
            src[k] = *slots.add(usize::from(o.src[k]));
            if L::SCALARS >> k & 1 != 0 {
                x[k] = V::splat(set, *src[k]);
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

per_isa! {
    /// [`sweep_links`] for each instruction set.
    mod links: fn<T: Compute, L: Links>(slots: *const *mut T, o: &Operands, len: usize) = [T] sweep_links::<L>
}

/// The kernel of a chain for `isa`, which x86-64 has on vectors alone.
pub(super) fn chained<L: Links>(isa: Isa) -> Option<Kernel<f32>> {
    #[cfg(target_arch = "x86_64")]
    return match isa {
        Isa::Avx512 => Some(links::avx512::<f32, L>),
        Isa::Avx2 => Some(links::avx2::<f32, L>),
        Isa::Portable => None,
    };
    #[cfg(not(target_arch = "x86_64"))]
    (isa == Isa::Portable).then_some(links::portable::<f32, L>)
}
