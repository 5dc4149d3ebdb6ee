//! Kernels written over a vector type: which type each instruction set takes, and slices read vector by vector.

use crate::isa::Isa;
use crate::math::{Compute, Scalar, Set, Simd};
use crate::per_isa::{on, per_isa};

/// A piece of work over vectors of `T`, compiled for every [`Isa`].
///
/// `run` and everything hot that it calls must be `#[inline(always)]`, as for
/// [`Compiled`](crate::compiled::Compiled).
pub(crate) trait Vectors<T: Compute> {
    /// Does the work; `set` is what vectors are made with.
    fn run<V: Simd<Elem = T>>(self, set: V::Set);
}

/// # Safety
/// The instruction set of `V` is here.
#[inline(always)]
unsafe fn work_of<V: Simd<Elem = T>, T: Compute, W: Vectors<T>>(work: W) {
    // Safety: the caller's promise.
    work.run::<V>(unsafe { Set::assume() });
}

per_isa! {
    /// The copies of a piece of work.
    mod works: fn<T: Compute, W: Vectors<T>>(work: W) = [T] work_of::<T, W>
}

/// Runs `work` with the vectors of `isa`, or of the best that the processor has below it.
#[inline]
pub(crate) fn run<T: Compute, W: Vectors<T>>(isa: Isa, work: W) {
    // Safety: `detect` has found these instructions.
    unsafe { on!(isa.min(Isa::detect()), works::<T, W>(work)) }
}

/// The first `n` lanes.
#[inline(always)]
fn first_lanes<V: Simd<Elem: Compute>>(set: V::Set, n: usize) -> V::Mask {
    let numbers: [V::Elem; 16] = std::array::from_fn(
        #[inline(always)]
        |i| Scalar::whole(i as i32),
    );
    // Safety: no vector has more than 16 lanes; the set is proven.
    let numbers = unsafe { V::load(numbers.as_ptr()) };
    numbers.lt(V::whole(set, n as i32))
}

/// `x[at ..]` as a vector, `missing` in the lanes past the end.
#[inline(always)]
pub(crate) fn load<V: Simd<Elem: Compute>>(x: &[V::Elem], at: usize, missing: V) -> V {
    let x = &x[at..];
    // Safety: both read only elements of `x`; `missing` proves the instruction set.
    unsafe {
        if x.len() >= V::LANES {
            V::load(x.as_ptr())
        } else {
            V::select(first_lanes::<V>(missing.set(), x.len()), V::load_first(x.as_ptr(), x.len()), missing)
        }
    }
}

/// Writes the lanes of `value` to `y[at ..]`, dropping those past the end.
#[inline(always)]
pub(crate) fn store<V: Simd>(y: &mut [V::Elem], at: usize, value: V) {
    let y = &mut y[at..];
    // Safety: both write only elements of `y`.
    unsafe {
        if y.len() >= V::LANES {
            value.store(y.as_mut_ptr());
        } else {
            value.store_first(y.as_mut_ptr(), y.len());
        }
    }
}
