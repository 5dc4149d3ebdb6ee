//! The matrix unit of Intel's AMX, by inline assembly.

use super::unit::{MatrixUnit, Task};
use crate::target::Precision;
use std::arch::asm;
use std::marker::PhantomData;

/// What `ldtilecfg` reads: eight tiles of 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static CONFIG: Config = Config {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// The tiles of this thread, configured until it is dropped.
pub(super) struct Amx(PhantomData<*const ()>);

impl MatrixUnit for Amx {
    unsafe fn new() -> Self {
        // Safety: the unit is there, as the caller promises; nothing else uses tiles.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const CONFIG, options(nostack, preserves_flags, readonly)) };
        Amx(PhantomData)
    }

    unsafe fn multiply(&mut self, task: &Task) {
        // Safety: the tiles are configured, since `self` is there; the rest is the caller's promise.
        unsafe {
            match task.precision {
                Precision::Highest => highest(task),
                Precision::High => high(task),
                Precision::Medium => medium(task),
            }
        }
    }
}

impl Drop for Amx {
    fn drop(&mut self) {
        // Safety: gives back what `new` took; threads whose tiles are in their initial state are cheap to switch.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags, nomem)) };
    }
}

/// Both tiles of a part of `a`, `$at` bytes into the step.
macro_rules! load_a {
    ($at:literal) => {
        concat!("tileloadd tmm4, [{a} + {row}*1 + ", $at, "]\n", "tileloadd tmm5, [{a} + {row}*1 + ", $at, " + 1024]")
    };
}

/// Both tiles of a part of `b`.
macro_rules! load_b {
    ($at:literal) => {
        concat!("tileloadd tmm6, [{b} + {row}*1 + ", $at, "]\n", "tileloadd tmm7, [{b} + {row}*1 + ", $at, " + 1024]")
    };
}

/// The four tiles of the block, each plus a product: enough that none waits for its own last one.
macro_rules! multiply {
    () => {
        "tdpbf16ps tmm0, tmm4, tmm6
         tdpbf16ps tmm1, tmm4, tmm7
         tdpbf16ps tmm2, tmm5, tmm6
         tdpbf16ps tmm3, tmm5, tmm7"
    };
}

/// One pass over the steps of a block, `$step` bytes each.
macro_rules! pass {
    ($step:literal, $($line:expr),+) => {
        concat!(
            "mov {a}, {first_a}\nmov {b}, {first_b}\nmov {left}, {steps}\n2:\n",
            $($line, "\n",)+
            "add {a}, ", $step, "\nadd {b}, ", $step, "\ndec {left}\njnz 2b"
        )
    };
}

/// The passes of one precision, in the order of [`super::unit::products`], between zeroing and storing.
macro_rules! block {
    ($name:ident, $($pass:expr),+) => {
        /// # Safety
        /// That of [`MatrixUnit::multiply`], and the tiles are configured.
        unsafe fn $name(task: &Task) {
            // Safety: the caller's promise; tiles, unlike vectors, are used by nothing that the compiler makes.
            unsafe {
                asm!(
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    $($pass,)+
                    "tilestored [{sums} + {wide}*1], tmm0",
                    "tilestored [{sums} + {wide}*1 + 64], tmm1",
                    "tilestored [{sums} + {wide}*1 + 2048], tmm2",
                    "tilestored [{sums} + {wide}*1 + 2112], tmm3",
                    first_a = in(reg) task.a,
                    first_b = in(reg) task.b,
                    steps = in(reg) task.steps,
                    sums = in(reg) task.sums,
                    row = in(reg) 64usize,
                    wide = in(reg) 128usize,
                    a = out(reg) _,
                    b = out(reg) _,
                    left = out(reg) _,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack),
                );
            }
        }
    };
}

block!(
    highest,
    pass!(
        6144,
        load_a!(0),
        load_b!(4096),
        multiply!(),
        load_b!(2048),
        multiply!(),
        load_a!(2048),
        multiply!(),
        load_b!(0),
        multiply!(),
        load_a!(4096),
        multiply!()
    ),
    pass!(6144, load_a!(0), load_b!(0), multiply!())
);
block!(
    high,
    pass!(4096, load_a!(0), load_b!(2048), multiply!(), load_a!(2048), load_b!(0), multiply!()),
    pass!(4096, load_a!(0), load_b!(0), multiply!())
);
block!(medium, pass!(2048, load_a!(0), load_b!(0), multiply!()));
