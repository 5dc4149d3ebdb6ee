//! Kernels written over a vector type: which type each instruction set takes, and slices read vector by vector.

use crate::instructions::{Set, Work, dispatch};
use crate::isa::Isa;
use crate::math::{Compute, Scalar, Simd};
use std::marker::PhantomData;

/// [`Work`] over vectors of `T`.
pub(crate) trait Vectors<T: Compute> {
    /// Does the work.
    fn run<V: Simd<Elem = T>>(self);
}

struct Over<T, W>(W, PhantomData<T>);

impl<T: Compute, W: Vectors<T>> Work for Over<T, W> {
    #[inline(always)]
    fn run<S: Set>(self) {
        self.0.run::<T::On<S>>();
    }
}

/// Runs `work` with the vectors of `isa`, or of the best that the processor has below it.
#[inline]
pub(crate) fn run<T: Compute>(isa: Isa, work: impl Vectors<T>) {
    dispatch(isa, Over(work, PhantomData::<T>));
}

/// The first `n` lanes.
#[inline(always)]
fn first_lanes<V: Simd<Elem: Compute>>(n: usize) -> V::Mask {
    let numbers: [V::Elem; 16] = std::array::from_fn(
        #[inline(always)]
        |i| Scalar::whole(i as i32),
    );
    // Safety: no vector has more than 16 lanes.
    let numbers = unsafe { V::load(numbers.as_ptr()) };
    numbers.lt(V::whole(n as i32))
}

/// `x[at ..]` as a vector, `missing` in the lanes past the end.
#[inline(always)]
pub(crate) fn load<V: Simd<Elem: Compute>>(x: &[V::Elem], at: usize, missing: V) -> V {
    let x = &x[at..];
    // Safety: both read only elements of `x`.
    unsafe {
        if x.len() >= V::LANES {
            V::load(x.as_ptr())
        } else {
            V::select(first_lanes::<V>(x.len()), V::load_first(x.as_ptr(), x.len()), missing)
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
