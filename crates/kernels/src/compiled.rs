//! Plain Rust compiled once per instruction set: the compiler vectorises each copy for what it may use.

use crate::instructions::{Set, Work, dispatch};
use crate::isa::Isa;

/// [`Work`] that names no vectors. Floating-point code gives the same bits on all instruction sets, as long as it asks
/// for no `mul_add`.
pub(crate) trait Compiled {
    /// Does the work.
    fn run(self);
}

struct Plain<W>(W);

impl<W: Compiled> Work for Plain<W> {
    #[inline(always)]
    fn run<S: Set>(self) {
        self.0.run();
    }
}

/// Runs the copy of `work` for `isa`, or for the best that the processor has below it.
#[inline]
pub(crate) fn run(isa: Isa, work: impl Compiled) {
    dispatch(isa, Plain(work));
}
