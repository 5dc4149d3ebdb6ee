//! Whether there is a unit for bfloat16: AMX tiles, asked of the processor and then of the system, or vectors that multiply
//! pairs.

use crate::isa::Isa;

/// A unit that products may use. Only its functions give one of hardware, so whoever holds it may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tiles(pub(crate) Unit);

/// Which unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    not(any(test, all(target_arch = "x86_64", target_os = "linux", not(miri)))),
    expect(dead_code, reason = "where there is no such unit, nobody makes one")
)]
pub(crate) enum Unit {
    /// None: products are plain ones.
    None,
    /// The instructions of AMX, computed bit for bit in software.
    Emulated,
    /// The instructions of AMX.
    Amx,
    /// Vectors of pairs of bfloat16, `vdpbf16ps`: for the medium precision alone.
    Pairs,
}

impl Tiles {
    /// No matrix unit.
    pub const NONE: Tiles = Tiles(Unit::None);

    /// AMX in software: slow, for tests on any machine. Its bits are those of the hardware.
    pub const EMULATED: Tiles = Tiles(Unit::Emulated);

    /// The unit of this processor, where it has one and the system lends it. That is for the whole process.
    pub fn detect() -> Tiles {
        #[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
        if x86::has_tiles() && x86::keeps_tiles() && x86::may_use_tiles() {
            return Tiles(Unit::Amx);
        }
        // Twice as many products in a cycle as of float32 on AMD's processors, half as many on Intel's.
        Tiles::pairs().filter(|_| Isa::is_of_amd()).unwrap_or(Tiles::NONE)
    }

    /// Vectors of pairs of bfloat16, where this processor has them, however fast.
    pub fn pairs() -> Option<Tiles> {
        #[cfg(target_arch = "x86_64")]
        if Isa::detect() == Isa::Avx512 && is_x86_feature_detected!("avx512bf16") {
            return Some(Tiles(Unit::Pairs));
        }
        None
    }

    /// The name that profiles show.
    pub fn name(self) -> &'static str {
        match self.0 {
            Unit::None => "none",
            Unit::Emulated => "emulated",
            Unit::Amx => "amx",
            Unit::Pairs => "avx512-bf16",
        }
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
mod x86 {
    use std::arch::asm;
    use std::arch::x86_64::{__cpuid, __cpuid_count};

    /// CPUID(7, 0).EDX: tiles, and products of bfloat16 in them.
    const FEATURES: u32 = 1 << 24 | 1 << 22;
    /// XCR0: the configuration of tiles (bit 17) and their data (18).
    const STATE: u32 = 1 << 17 | 1 << 18;
    /// The number of the system call `arch_prctl`, its request for permission, and what for: tile data.
    const ARCH_PRCTL: isize = 158;
    const ARCH_REQ_XCOMP_PERM: usize = 0x1023;
    const XFEATURE_XTILEDATA: usize = 18;

    /// Whether the processor has tiles.
    #[allow(unused_unsafe, reason = "reading CPUID is safe from Rust 1.94 on")]
    pub fn has_tiles() -> bool {
        // Safety: every x86-64 has CPUID, and the leaf is asked for only where it exists.
        unsafe { __cpuid(0).eax >= 7 && __cpuid_count(7, 0).edx & FEATURES == FEATURES }
    }

    /// Whether the system keeps tiles over a switch of threads.
    #[allow(unused_unsafe, reason = "as above")]
    pub fn keeps_tiles() -> bool {
        // Safety: as above.
        let saves = unsafe { __cpuid(1).ecx } & 1 << 27 != 0;
        if !saves {
            return false;
        }
        let (low, _high): (u32, u32);
        // Safety: XGETBV exists where OSXSAVE is set.
        unsafe { asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") _high, options(nomem, nostack)) };
        low & STATE == STATE
    }

    /// Asks Linux (5.16 and later) for the 8 KiB of tile data; it may refuse.
    pub fn may_use_tiles() -> bool {
        let mut result = ARCH_PRCTL;
        // Safety: the system call changes nothing but the permission; it clobbers `rcx` and `r11`.
        unsafe {
            asm!(
                "syscall", inout("rax") result, in("rdi") ARCH_REQ_XCOMP_PERM, in("rsi") XFEATURE_XTILEDATA,
                out("rcx") _, out("r11") _, options(nostack)
            );
        }
        result == 0
    }
}
