//! The compiled step of a loop: a plan that lies anew at each turn.

use crate::compile::internals::{Plain, Planned};
use ferrograd_kernels::exec::{Base, Fault, Laid, Memory, Plan};
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
    /// The spaces that lie elsewhere at each turn: the inputs that are not the same, and the outputs.
    moving: Box<[usize]>,
    constants: Vec<Arc<Memory>>,
}

/// A subprogram on its way through its turns.
pub(crate) struct Turning<'a> {
    laid: Laid<'a>,
    /// The first step of the next turn, and of those after it.
    first: usize,
    standing: usize,
}

impl Subprogram {
    /// The inputs from `same` on are the same at each turn, and what the first `standing` steps compute.
    pub fn new(planned: Planned, ir: &Plain, same: usize, standing: usize) -> Subprogram {
        let plan = planned.plan;
        let spaces = plan.spaces().len();
        let moving = (1..=same).chain(spaces - ir.outputs.len()..spaces).collect();
        Subprogram { plan, standing, moving, constants: ir.constants.clone() }
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

    /// Bytes that a turn writes.
    pub fn written(&self) -> usize {
        let turn = self.plan.steps().iter().skip(self.standing);
        turn.flat_map(|step| &step.outputs).map(|arg| arg.len * arg.dtype.size()).sum()
    }

    /// True where one of its kernels may stop it.
    pub fn may_stop(&self) -> bool {
        self.plan.steps().iter().any(|step| step.kernel.may_stop())
    }

    /// Bytes that it works in.
    pub fn room(&self) -> usize {
        self.table_start() + self.plan.table_bytes()
    }

    /// Begins turns. `room` is [`Subprogram::room`] bytes of the kernel's workspace, `same` the inputs that are the same at
    /// each.
    ///
    /// # Panics
    /// Where what it is given does not fit: a bug of the caller's.
    #[expect(clippy::redundant_closure, reason = "the closures shorten what is borrowed longer")]
    pub fn begin<'a>(&'a self, room: &'a mut [u8], same: impl Iterator<Item = &'a [u8]>) -> Turning<'a> {
        let (arena, table) = room.split_at_mut(self.table_start());
        let constants = self.constants.iter().map(|memory| Base::Read(memory));
        let same = same.map(|part| Base::Part(part)).chain(constants);
        let laid = self.plan.lay(&self.moving, std::iter::once(Base::PartMut(arena)).chain(same), table);
        Turning { laid, first: 0, standing: self.standing }
    }

    /// Where the addresses begin, behind the arena.
    fn table_start(&self) -> usize {
        self.plan.spaces()[0].bytes.next_multiple_of(align_of::<*mut u8>())
    }
}

impl Turning<'_> {
    /// One turn. What is the same at each is computed at the first one, and stays in the room until the last.
    ///
    /// # Errors
    /// The fault that stopped it.
    ///
    /// # Panics
    /// Where what it is given does not fit: a bug of the caller's.
    #[expect(clippy::redundant_closure, reason = "the closures shorten what is borrowed longer")]
    pub fn turn<'i, 'o>(
        &mut self,
        inputs: impl Iterator<Item = &'i [u8]>,
        outputs: impl Iterator<Item = &'o mut [u8]>,
        threads: &Threads,
    ) -> Result<(), Fault> {
        let first = std::mem::replace(&mut self.first, self.standing);
        let bases = inputs.map(|part| Base::Part(part)).chain(outputs.map(|part| Base::PartMut(part)));
        self.laid.run(first, bases, threads).map_err(|(_, fault)| fault)
    }
}
