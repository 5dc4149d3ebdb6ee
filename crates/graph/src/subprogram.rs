//! The compiled step of a loop: a plan that lies anew at each turn.

use crate::compile::internals::{Plain, Planned};
use ferrograd_kernels::exec::{Base, Fault, Memory, Plan};
use ferrograd_kernels::threads::Threads;
use std::sync::Arc;

/// Parts of a workspace begin at multiples of this.
pub(crate) const ALIGNMENT: usize = 64;

/// What [`compile_subprogram`](crate::compile::compile_subprogram) makes. It runs inside of another program's kernel: its inputs and
/// its outputs may lie elsewhere at each turn, so that nothing has to be copied, and nothing is allocated.
pub(crate) struct Subprogram {
    plan: Plan,
    /// How many of the first steps give the same at each turn.
    standing: usize,
    constants: Vec<Arc<Memory>>,
}

impl Subprogram {
    pub fn new(planned: Planned, ir: &Plain, standing: usize) -> Subprogram {
        Subprogram { plan: planned.plan, standing, constants: ir.constants.clone() }
    }

    /// The kernels of a turn in the order in which they run.
    pub fn kernels(&self) -> impl Iterator<Item = &'static str> {
        self.plan.steps().iter().skip(self.standing).map(|step| step.kernel.name())
    }

    /// Those that run before the first turn alone.
    pub fn standing_kernels(&self) -> impl Iterator<Item = &'static str> {
        self.plan.steps().iter().take(self.standing).map(|step| step.kernel.name())
    }

    /// Multiplications and additions of a turn, where they are what it takes time for.
    pub fn flops(&self) -> Option<f64> {
        let flops: f64 = self.plan.steps().iter().filter_map(|step| step.kernel.flops()).sum();
        (flops > 0.0).then_some(flops)
    }

    /// True where one of its kernels may stop it.
    pub fn may_stop(&self) -> bool {
        self.plan.steps().iter().any(|step| step.kernel.may_stop())
    }

    /// Bytes that it works in.
    pub fn room(&self) -> usize {
        self.table_start() + self.plan.table_bytes()
    }

    /// One run. `room` is [`Subprogram::room`] bytes of the kernel's workspace. What is the same at each turn is computed
    /// at the `first` one, and stays in the room until the last.
    ///
    /// # Errors
    /// The fault that stopped it.
    ///
    /// # Panics
    /// Where what it is given does not fit: a bug of the caller's.
    #[expect(clippy::redundant_closure, reason = "the closures shorten what is borrowed longer")]
    pub fn run<'i, 'o>(
        &self,
        first: bool,
        room: &mut [u8],
        inputs: impl Iterator<Item = &'i [u8]>,
        outputs: impl Iterator<Item = &'o mut [u8]>,
        threads: &Threads,
    ) -> Result<(), Fault> {
        let (arena, table) = room.split_at_mut(self.table_start());
        let constants = self.constants.iter().map(|memory| Base::Read(memory));
        let given = inputs.map(|part| Base::Part(part)).chain(constants).chain(outputs.map(|part| Base::PartMut(part)));
        let bases = std::iter::once(Base::PartMut(arena)).chain(given);
        self.plan.run_at(if first { 0 } else { self.standing }, bases, table, threads).map_err(|(_, fault)| fault)
    }

    /// Where the addresses begin, behind the arena.
    fn table_start(&self) -> usize {
        self.plan.spaces()[0].bytes.next_multiple_of(align_of::<*mut u8>())
    }
}
