//! Flushing denormals to zero for the length of an evaluation: they cost a hundred times a normal number's time.

use std::marker::PhantomData;

/// While alive, this thread computes with denormals flushed to zero; dropping it restores what was there.
///
/// JavaScript needs its denormals, so no evaluation may leave the mode behind. [`super::Threads::run`] hands the
/// caller's mode to the workers. On processors other than x86-64 and aarch64 it does nothing.
#[derive(Debug)]
#[must_use = "the mode is restored when this is dropped"]
pub struct FlushDenormals {
    saved: FloatMode,
    /// The mode belongs to one thread, so the guard must not leave it.
    not_send: PhantomData<*const ()>,
}

impl FlushDenormals {
    /// Sets the mode on this thread.
    pub fn new() -> Self {
        let saved = FloatMode::current();
        saved.flushing().set();
        FlushDenormals { saved, not_send: PhantomData }
    }
}

impl Default for FlushDenormals {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for FlushDenormals {
    fn drop(&mut self) {
        self.saved.set();
    }
}

/// This thread's floating-point control word, without its sticky exception flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FloatMode(u64);

#[cfg(all(target_arch = "x86_64", not(miri)))]
impl FloatMode {
    /// The bits of MXCSR that record exceptions rather than control anything.
    const FLAGS: u32 = 0x3f;
    /// FTZ (bit 15: results) and DAZ (bit 6: operands).
    const FLUSH: u64 = 1 << 15 | 1 << 6;

    pub(super) fn current() -> Self {
        let mut word = 0u32;
        // Safety: stores the 32-bit control register into `word`, which lives on.
        unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &mut word, options(nostack, preserves_flags)) };
        FloatMode(u64::from(word & !Self::FLAGS))
    }

    fn flushing(self) -> Self {
        FloatMode(self.0 | Self::FLUSH)
    }

    pub(super) fn set(self) {
        let word = self.0 as u32;
        // Safety: `word` came from `current`, at most with FTZ and DAZ added, so no reserved bit is set; those two
        // only change how denormals are treated, which no Rust code here relies on.
        unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &word, options(nostack, preserves_flags)) };
    }
}

#[cfg(all(target_arch = "aarch64", not(miri)))]
impl FloatMode {
    /// FZ (bit 24 of FPCR: operands and results of single and double precision).
    const FLUSH: u64 = 1 << 24;

    pub(super) fn current() -> Self {
        let word: u64;
        // Safety: reads the control register.
        unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) word, options(nostack, preserves_flags)) };
        FloatMode(word)
    }

    fn flushing(self) -> Self {
        FloatMode(self.0 | Self::FLUSH)
    }

    pub(super) fn set(self) {
        // Safety: the word came from `current`, at most with FZ added, which only changes how denormals are treated.
        unsafe { std::arch::asm!("msr fpcr, {}", in(reg) self.0, options(nostack, preserves_flags)) };
    }
}

#[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
impl FloatMode {
    pub(super) fn current() -> Self {
        FloatMode(0)
    }

    fn flushing(self) -> Self {
        self
    }

    pub(super) fn set(self) {}
}

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests {
    use super::super::Threads;
    use super::*;
    use std::hint::black_box;

    fn flushes() -> bool {
        black_box(black_box(f32::MIN_POSITIVE) * black_box(0.5)) == 0.0
    }

    fn reads_zero() -> bool {
        black_box(black_box(f64::from_bits(1)) * black_box(1e300)) == 0.0
    }

    #[test]
    fn the_guard_flushes_nests_and_restores() {
        assert!(!flushes() && !reads_zero());
        {
            let _outer = FlushDenormals::new();
            assert!(flushes() && reads_zero());
            drop(FlushDenormals::new());
            assert!(flushes() && reads_zero());
        }
        assert!(!flushes() && !reads_zero());
    }

    #[test]
    fn workers_take_the_callers_mode() {
        let threads = Threads::new(4);
        for round in 0..200 {
            let guard = (round % 2 == 0).then(FlushDenormals::new);
            let expected = guard.is_some();
            threads.run(16, &|_| assert!(flushes() == expected && reads_zero() == expected));
        }
    }
}
