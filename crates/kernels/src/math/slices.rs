//! The functions over slices in place: what softmax and matrix product epilogues call.

use super::compute::Compute;
use super::simd::Simd;
use crate::functions::formulas;
use crate::isa::Isa;
use crate::per_isa::{on, per_isa};

/// A function of one vector.
trait Function {
    fn apply<V: Simd>(x: V) -> V;
}

/// `x[i] ← f(x[i])`
///
/// # Safety
/// `x` is valid for reads and writes of `len` elements, and the instruction set of `V` exists.
#[inline(always)]
unsafe fn sweep<V: Simd, F: Function>(x: *mut V::Elem, len: usize) {
    let mut i = 0;
    // Safety: every access is below `len`.
    unsafe {
        while i + V::LANES <= len {
            F::apply(V::load(x.add(i))).store(x.add(i));
            i += V::LANES;
        }
        if i < len {
            F::apply(V::load_first(x.add(i), len - i)).store_first(x.add(i), len - i);
        }
    }
}

per_isa! {
    /// [`sweep`] for each instruction set.
    mod slices: fn<T: Compute, F: Function>(x: *mut T, len: usize) = [T] sweep::<F>
}

fn run<T: Compute, F: Function>(isa: Isa, x: &mut [T]) {
    // Safety: a slice is valid for its length, and `min` keeps to what the processor has.
    unsafe { on!(isa.min(Isa::detect()), slices::<T, F>(x.as_mut_ptr(), x.len())) }
}

macro_rules! slice_functions {
    ($($(#[$doc:meta])* $name:ident = |$x:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name<T: Compute>(isa: Isa, x: &mut [T]) {
            struct This;
            impl Function for This {
                #[inline(always)]
                fn apply<V: Simd>($x: V) -> V {
                    $body
                }
            }
            run::<T, This>(isa, x);
        }
    )*};
}

macro_rules! of_formulas {
    ($($(#[$note:meta])* $formula:ident = $method:ident, $price:literal, |$x:ident| $scalar:expr;)*) => {
        slice_functions! { $($(#[$note])* $method = |x| x.$method();)* }
    };
}
formulas!(of_formulas);

slice_functions! {
    /// `x ← √x`, correctly rounded.
    sqrt = |x| x.sqrt();
    /// `x ← 1/√x`, two roundings.
    rsqrt = |x| x.one().div(x.sqrt());
    /// `x ← 1/x`, correctly rounded.
    recip = |x| x.one().div(x);
}
