//! Plain Rust compiled once per instruction set: the compiler vectorises each copy for what it may use.

use crate::isa::Isa;

/// A piece of work whose code is compiled for every [`Isa`].
///
/// `run` and everything hot that it calls must be `#[inline(always)]`: what is not inlined is compiled once, without
/// the instruction set. Floating-point code gives the same bits on all of them, as long as it asks for no `mul_add`.
pub(crate) trait Compiled {
    /// Does the work.
    fn run(self);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn run_avx512(work: impl Compiled) {
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2(work: impl Compiled) {
    work.run();
}

/// Runs the copy of `work` for `isa`, or for the best that the processor has below it.
#[inline]
pub(crate) fn run(isa: Isa, work: impl Compiled) {
    match isa.min(Isa::detect()) {
        // Safety: `detect` has found these instructions.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { run_avx512(work) },
        // Safety: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { run_avx2(work) },
        #[cfg(not(target_arch = "x86_64"))]
        Isa::Avx512 | Isa::Avx2 => work.run(),
        Isa::Portable => work.run(),
    }
}
