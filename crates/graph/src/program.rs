//! A compiled program: a flat list of steps over one planned arena.

use crate::compile::internals::{Label, Plain, Planned, Spaces};
use crate::error::{Error, ErrorCode, Result};
use crate::moment::Moment;
use crate::shape::Spec;
use crate::variable::{Variable, lock_order};
use ferrograd_kernels::element::Element;
use ferrograd_kernels::exec::{Arg, Base, Bound, Fault, Memory, OutOfMemory, Plan, Step};
use ferrograd_kernels::threads::Threads;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What [`compile`](crate::compile::compile) makes. Any number of threads may run it at once, each in its own arena.
pub struct Program {
    plan: Plan,
    inputs: Vec<Spec>,
    outputs: Vec<(Spec, Arg)>,
    labels: Vec<Label>,
    spaces: Spaces,
    constants: Vec<Arc<Memory>>,
    variables: Vec<(Variable, bool)>,
    /// The variables' positions, in the order of locking.
    lock_order: Vec<usize>,
    arenas: Mutex<Vec<Memory>>,
}

/// What a kernel of a program does.
#[derive(Clone, Debug)]
pub struct KernelInfo {
    /// Its name.
    pub name: &'static str,
    /// Sizes, and what is computed.
    pub detail: String,
    /// The variables whose new values it computes, or else those that it reads.
    pub variables: Vec<String>,
    /// Multiplications and additions, where they are what it takes time for.
    pub flops: Option<f64>,
    /// Bytes that it reads and writes.
    pub bytes: usize,
}

/// Why a run stopped, with the step that stopped it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// The kernel that stopped it.
    pub kernel: &'static str,
    /// Why.
    pub fault: Fault,
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Error {
        match stop.fault {
            Fault::NonFinite { guard, value } => Error::new(ErrorCode::NonFinite, format!("guard {guard} is {value}")),
            Fault::Index { position, value, limit } => {
                let what = format!("{}: index {value} at position {position} is outside [0, {limit})", stop.kernel);
                Error::new(ErrorCode::Data, what)
            }
            Fault::Stopped => Error::new(ErrorCode::Aborted, format!("{}: stopped", stop.kernel)),
        }
    }
}

impl Program {
    pub(crate) fn new(planned: Planned, ir: &Plain) -> Program {
        let written = |index: usize| ir.updates.iter().any(|update| update.0 == index);
        let specs = ir.outputs.iter().map(|&value| ir.spec(value).clone());
        Program {
            plan: planned.plan,
            inputs: ir.inputs.clone(),
            outputs: specs.zip(planned.outputs).collect(),
            labels: planned.labels,
            spaces: planned.spaces,
            constants: ir.constants.clone(),
            variables: ir.variables.iter().enumerate().map(|(i, v)| (v.clone(), written(i))).collect(),
            lock_order: lock_order(&ir.variables),
            arenas: Mutex::new(Vec::new()),
        }
    }

    /// The inputs' specs, in the order of feeding.
    pub fn inputs(&self) -> &[Spec] {
        &self.inputs
    }

    /// The outputs' specs.
    pub fn outputs(&self) -> impl Iterator<Item = &Spec> {
        self.outputs.iter().map(|output| &output.0)
    }

    /// The variables that it reads or writes, and whether it writes.
    pub fn variables(&self) -> &[(Variable, bool)] {
        &self.variables
    }

    /// Bytes of the arena.
    pub fn arena_bytes(&self) -> usize {
        self.plan.spaces()[0].bytes
    }

    /// The kernels in the order in which they run.
    pub fn step_names(&self) -> impl Iterator<Item = &'static str> {
        self.plan.steps().iter().map(|step| step.kernel.name())
    }

    /// What its kernels do, in the order in which they run.
    pub fn kernels(&self) -> Vec<KernelInfo> {
        let bytes = |args: &[Arg]| args.iter().map(|arg| arg.len * arg.dtype.size()).sum::<usize>();
        let info = |(step, label): (&Step, &Label)| KernelInfo {
            name: step.kernel.name(),
            detail: label.detail.clone(),
            variables: label.variables.iter().map(|&index| self.variables[index].0.name().to_owned()).collect(),
            flops: step.kernel.flops(),
            bytes: bytes(&step.inputs) + bytes(&step.outputs),
        };
        self.plan.steps().iter().zip(&self.labels).map(info).collect()
    }

    /// Refuses a program that could never run in `most` bytes.
    ///
    /// # Errors
    /// `ERR_MEMORY`.
    pub fn check_room(&self, most: usize) -> Result<()> {
        if self.arena_bytes() <= most {
            return Ok(());
        }
        let needed = self.arena_bytes();
        let largest = self.kernels().into_iter().max_by_key(|kernel| kernel.bytes);
        let largest = largest.map(|kernel| format!(", most of it around {} {}", kernel.name, kernel.detail));
        let (hint, largest) = ("Smaller batches take less", largest.unwrap_or_default());
        let what = format!("expected a program that fits {most} bytes of memory, got one of {needed}{largest}. {hint}");
        Err(Error::new(ErrorCode::Memory, what))
    }

    /// Zeroed memory for each input, for whoever fills them between runs.
    ///
    /// # Errors
    /// Where there is not so much.
    pub fn staging(&self) -> std::result::Result<Vec<Memory>, OutOfMemory> {
        self.inputs.iter().map(|spec| Memory::try_zeroed(spec.bytes())).collect()
    }

    /// One run over borrowed inputs; the outputs are fresh memory.
    ///
    /// # Errors
    /// `ERR_DATA` or `ERR_NON_FINITE` where a step stops it, `ERR_MEMORY` where there is no room for it, `ERR_STATE` where
    /// a variable is half-written (see [`Variable::lock`]).
    ///
    /// # Panics
    /// Where the inputs do not fit [`Program::inputs`]: a bug of the caller's.
    pub fn run(&self, inputs: &[Arc<Memory>], threads: &Threads) -> Result<Vec<Arc<Memory>>> {
        self.run_with(inputs, &self.constants, threads)
    }

    /// As [`Program::run`], with other constants of the same shapes: how one program serves every graph of its
    /// structure.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn run_with(
        &self,
        inputs: &[Arc<Memory>],
        constants: &[Arc<Memory>],
        threads: &Threads,
    ) -> Result<Vec<Arc<Memory>>> {
        self.run_locked(self.lock()?, inputs, constants, threads)
    }

    /// As [`Program::run`], with the values of a moment for what that has.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn run_at(&self, moment: &Moment, inputs: &[Arc<Memory>], threads: &Threads) -> Result<Vec<Arc<Memory>>> {
        self.run_locked(self.lock_at(Some(moment))?, inputs, &self.constants, threads)
    }

    /// As [`Program::run`], unless somebody else holds one of its variables: then nothing has happened.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn try_run(&self, inputs: &[Arc<Memory>], threads: &Threads) -> Result<Option<Vec<Arc<Memory>>>> {
        let locks = self.lock_by(None, Variable::try_lock)?;
        locks.map(|locks| self.run_locked(locks, inputs, &self.constants, threads)).transpose()
    }

    fn run_locked(
        &self,
        mut locks: Locks<'_>,
        inputs: &[Arc<Memory>],
        constants: &[Arc<Memory>],
        threads: &Threads,
    ) -> Result<Vec<Arc<Memory>>> {
        let mut arena = self.take_arena()?;
        let outputs = {
            let inputs = inputs.iter().map(|memory| Base::Read(memory));
            let mut running = self.bind(&mut arena, inputs, constants, &mut locks, threads)?;
            running.step(threads).map(|()| (0..self.outputs.len()).map(|index| running.output(index)).collect())
        };
        drop(locks);
        self.give_arena(arena);
        outputs.map_err(Error::from)?
    }

    /// Bytes of the arenas that runs have left.
    pub fn idle_bytes(&self) -> usize {
        self.arenas.lock().unwrap_or_else(PoisonError::into_inner).len() * self.arena_bytes()
    }

    /// Frees the arenas that runs have left: for programs that are not run often any more.
    pub fn free_arenas(&self) {
        self.arenas.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Leaves an arena for later runs.
    pub fn give_arena(&self, arena: Memory) {
        self.arenas.lock().unwrap_or_else(PoisonError::into_inner).push(arena);
    }

    /// A zeroed arena, or one that an earlier run left.
    ///
    /// # Errors
    /// Where there is no memory for another.
    pub fn take_arena(&self) -> std::result::Result<Memory, OutOfMemory> {
        let left = self.arenas.lock().unwrap_or_else(PoisonError::into_inner).pop();
        left.map_or_else(|| Memory::try_zeroed(self.arena_bytes()), Ok)
    }

    /// Locks the variables for some runs.
    ///
    /// # Errors
    /// As [`Variable::lock`].
    pub fn lock(&self) -> Result<Locks<'_>> {
        self.lock_at(None)
    }

    /// Locks the variables for some runs; what a moment has is read as it was then, and not locked.
    ///
    /// # Errors
    /// As [`Variable::lock`].
    pub fn lock_at(&self, moment: Option<&Moment>) -> Result<Locks<'_>> {
        let locks = self.lock_by(moment, |variable| variable.lock().map(Some))?;
        Ok(locks.expect("a lock that waits is given"))
    }

    fn lock_by<'a>(
        &'a self,
        moment: Option<&Moment>,
        lock: impl Fn(&'a Variable) -> Result<Option<Guard<'a>>>,
    ) -> Result<Option<Locks<'a>>> {
        let mut held: Vec<Held<'_>> = self.variables.iter().map(|_| Held::Not).collect();
        for &index in &self.lock_order {
            let (variable, written) = &self.variables[index];
            let known = if *written { None } else { moment.and_then(|moment| moment.value(variable)) };
            held[index] = match known {
                Some(value) => Held::Read(value.clone()),
                None => {
                    let Some(guard) = lock(variable)? else { return Ok(None) };
                    Held::Write(guard)
                }
            };
        }
        // What is only read is let go again once all are held: seen together, as some whole step left them.
        for (held, _) in held.iter_mut().zip(&self.variables).filter(|(_, (_, written))| !written) {
            held.share();
        }
        Ok(Some(Locks(held)))
    }

    /// True while somebody waits for a variable that this program writes.
    pub fn is_awaited(&self) -> bool {
        self.variables.iter().any(|(variable, written)| *written && variable.is_awaited())
    }

    /// How often what it only reads has been given other values: it does not see them while it holds its locks.
    pub fn replaced(&self) -> usize {
        self.variables.iter().filter(|(_, written)| !written).map(|(variable, _)| variable.replaced()).sum()
    }

    /// Fixes addresses for any number of runs under `locks`.
    ///
    /// # Errors
    /// Where there is no memory for the copy of a variable that somebody else holds a snapshot of.
    ///
    /// # Panics
    /// Where the inputs do not fit [`Program::inputs`]: a bug of the caller's.
    pub fn bind<'a>(
        &'a self,
        arena: &'a mut Memory,
        inputs: impl IntoIterator<Item = Base<'a>>,
        constants: &'a [Arc<Memory>],
        locks: &'a mut Locks<'_>,
        threads: &Threads,
    ) -> std::result::Result<Running<'a>, OutOfMemory> {
        let mut bases = Vec::with_capacity(self.plan.spaces().len());
        bases.push(Base::Write(arena));
        bases.extend(inputs);
        bases.extend(constants.iter().map(|memory| Base::Read(memory)));
        for held in &mut locks.0 {
            bases.push(held.base(threads)?);
        }
        Ok(Running { program: self, bound: self.plan.bind(bases) })
    }

    /// Lets go of the constants: every run brings its own, as [`Program::run_with`] does.
    pub fn forget_constants(&mut self) {
        self.constants = Vec::new();
    }

    /// The constants that it was compiled with.
    pub fn constants(&self) -> &[Arc<Memory>] {
        &self.constants
    }

    fn stop(&self, step: usize, fault: Fault) -> Stop {
        Stop { kernel: self.plan.steps()[step].kernel.name(), fault }
    }
}

/// The variables of a program, held for some runs. Those that it only reads are seen as they were when locked.
pub struct Locks<'a>(Vec<Held<'a>>);

type Guard<'a> = MutexGuard<'a, Arc<Memory>>;

enum Held<'a> {
    Not,
    Read(Arc<Memory>),
    Write(Guard<'a>),
}

impl Held<'_> {
    /// Lets go of the lock and keeps the value.
    fn share(&mut self) {
        if let Held::Write(guard) = self {
            *self = Held::Read(Arc::clone(guard));
        }
    }

    fn base(&mut self, threads: &Threads) -> std::result::Result<Base<'_>, OutOfMemory> {
        match self {
            Held::Not => unreachable!("every variable is locked"),
            Held::Read(memory) => Ok(Base::Read(memory)),
            Held::Write(guard) => Ok(Base::Write(own(guard, threads)?)),
        }
    }
}

/// The numbers, to be changed. Whoever holds a snapshot keeps it: they are copied once and the copy is changed.
fn own<'a>(value: &'a mut Arc<Memory>, threads: &Threads) -> std::result::Result<&'a mut Memory, OutOfMemory> {
    if Arc::get_mut(value).is_none() {
        *value = Arc::new(value.try_clone_by(threads)?);
    }
    Ok(Arc::get_mut(value).expect("nobody else holds it"))
}

/// A program with its addresses fixed.
pub struct Running<'a> {
    program: &'a Program,
    bound: Bound<'a>,
}

impl<'a> Running<'a> {
    /// One run over whatever the inputs hold.
    ///
    /// # Errors
    /// The step that stopped it. No variable has changed where the guard did.
    pub fn step(&mut self, threads: &Threads) -> std::result::Result<(), Stop> {
        self.bound.run(threads).map_err(|(step, fault)| self.program.stop(step, fault))
    }

    /// One run that adds the seconds of each step to `seconds`.
    ///
    /// # Errors
    /// As [`Running::step`].
    pub fn profile(&mut self, threads: &Threads, seconds: &mut [f64]) -> std::result::Result<(), Stop> {
        self.bound.profile(threads, seconds).map_err(|(step, fault)| self.program.stop(step, fault))
    }

    /// Input `index`, to be filled before a step, where it was bound to memory that may be written.
    pub fn input<T: Element>(&mut self, index: usize) -> &mut [T] {
        let spec = &self.program.inputs[index];
        let space = self.program.spaces.inputs + index;
        self.bound.slice_mut(&Arg { space, offset: 0, len: spec.shape.size(), dtype: spec.dtype })
    }

    /// Lets input `index` be what lies at byte `offset` of `memory` from now on.
    pub fn read_input(&mut self, index: usize, memory: &'a Memory, offset: usize) {
        self.bound.rebase(self.program.spaces.inputs + index, memory, offset);
    }

    /// Output `index` of the last step.
    pub fn output_slice<T: Element>(&self, index: usize) -> &[T] {
        self.bound.slice(&self.program.outputs[index].1)
    }

    /// A copy of output `index` of the last step.
    ///
    /// # Errors
    /// `ERR_MEMORY` where there is no room for it.
    pub fn output(&self, index: usize) -> Result<Arc<Memory>> {
        let dtype = self.program.outputs[index].0.dtype;
        Ok(Arc::new(for_element!(dtype, T => Memory::try_from_slice(self.output_slice::<T>(index)))?))
    }

    /// Copies output `index` of the last step into `into`, whose rows are the output's, from row `row` on.
    ///
    /// # Panics
    /// Where it does not fit: a bug of the caller's.
    pub fn copy_output(&self, index: usize, into: &mut Memory, row: usize) {
        let (spec, arg) = &self.program.outputs[index];
        let width = spec.shape.iter().skip(1).product::<usize>();
        for_element!(spec.dtype, T => copy_rows(self.bound.slice::<T>(arg), into, row * width));
    }
}

fn copy_rows<T: Element>(from: &[T], into: &mut Memory, start: usize) {
    into.as_mut_slice::<T>()[start..start + from.len()].copy_from_slice(from);
}
