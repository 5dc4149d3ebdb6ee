//! What tests compile for: every path of the kernels that this processor can run. A failing test shows the last one.

use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::target::{Precision, Target};
use ferrograd_kernels::tiles::Tiles;

/// Each instruction set, products in plain float32 and float64.
pub fn sets() -> impl Iterator<Item = Target> {
    Isa::available().into_iter().map(Target::from).inspect(|target| println!("{target:?}"))
}

/// Each instruction set at every precision with each unit for bfloat16: AMX in software, and vectors of pairs where the
/// processor has them.
pub fn units() -> impl Iterator<Item = Target> {
    let levels = |isa, tiles| Precision::ALL.map(|precision| Target { isa, tiles, precision });
    let emulated = Isa::available().into_iter().flat_map(move |isa| levels(isa, Tiles::EMULATED));
    let pairs = Tiles::pairs().into_iter().flat_map(move |tiles| levels(Isa::Avx512, tiles));
    emulated.chain(pairs).inspect(|target| println!("{target:?}"))
}
