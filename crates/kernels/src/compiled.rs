//! Plain Rust compiled once per instruction set: the compiler vectorises each copy for what it may use.

use crate::isa::Isa;
use crate::per_isa::{on, per_isa};

/// A piece of work whose code is compiled for every [`Isa`].
///
/// `run` and everything hot that it calls must be `#[inline(always)]`: what is not inlined is compiled once, without
/// the instruction set. Floating-point code gives the same bits on all of them, as long as it asks for no `mul_add`.
pub(crate) trait Compiled {
    /// Does the work.
    fn run(self);
}

/// # Safety
/// None but that of the function that it is compiled into.
#[inline(always)]
unsafe fn work_of<W: Compiled>(work: W) {
    work.run();
}

per_isa! {
    /// The copies of a piece of work.
    mod works: fn<W: Compiled>(work: W) = work_of::<W>
}

/// Runs the copy of `work` for `isa`, or for the best that the processor has below it.
#[inline]
pub(crate) fn run<W: Compiled>(isa: Isa, work: W) {
    // Safety: `detect` has found these instructions.
    unsafe { on!(isa.min(Isa::detect()), works::<W>(work)) }
}
