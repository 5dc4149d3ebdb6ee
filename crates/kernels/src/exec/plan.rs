//! The checked list of steps, and its run over bound memory.

use super::memory::{ALIGN, Memory};
use super::{Fault, Io, Kernel};
use crate::element::DType;
use crate::threads::{FlushDenormals, Threads};
use std::marker::PhantomData;

/// A block of memory that a plan reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Its size in bytes.
    pub bytes: usize,
    /// False for inputs and constants.
    pub writable: bool,
}

/// Elements of one type inside a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arg {
    /// Index of the space.
    pub space: usize,
    /// Where it starts, in bytes.
    pub offset: usize,
    /// How many elements.
    pub len: usize,
    /// Their type.
    pub dtype: DType,
}

impl Arg {
    fn end(&self) -> Option<usize> {
        self.len.checked_mul(self.dtype.size())?.checked_add(self.offset)
    }

    fn overlaps(&self, other: &Arg) -> bool {
        let (Some(end), Some(other_end)) = (self.end(), other.end()) else { return true };
        let some = self.len > 0 && other.len > 0;
        some && self.space == other.space && self.offset < other_end && other.offset < end
    }
}

/// One call of a kernel.
pub struct Step {
    /// What to call.
    pub kernel: Box<dyn Kernel>,
    /// What it reads.
    pub inputs: Box<[Arg]>,
    /// What it writes.
    pub outputs: Box<[Arg]>,
    /// Its scratch, in bytes.
    pub workspace: Option<Arg>,
}

/// A checked list of steps.
pub struct Plan {
    steps: Vec<Step>,
    spaces: Vec<Space>,
    /// For each space, what its start must be a multiple of: the widest element in it, more where scratch is.
    widths: Vec<usize>,
    /// Where each step's addresses begin in [`Bound`]'s list: of its workspace, its inputs, its outputs.
    starts: Vec<usize>,
    /// For each space, the places in that list of what lies in it, with their offsets in bytes.
    places: Vec<Vec<(usize, usize)>>,
}

impl Plan {
    /// Checks every argument of every step against the spaces and against each other.
    ///
    /// # Errors
    /// A sentence that names the step: a bug of the planner's.
    pub fn new(steps: Vec<Step>, spaces: Vec<Space>) -> Result<Plan, String> {
        for (index, step) in steps.iter().enumerate() {
            check(step, &spaces).map_err(|what| format!("step {index} ({}): {what}", step.kernel.name()))?;
        }
        let mut widths = vec![1; spaces.len()];
        for step in &steps {
            let operands = step.inputs.iter().chain(&step.outputs).map(|arg| (arg.space, arg.dtype.size()));
            for (space, width) in operands.chain(step.workspace.iter().map(|arg| (arg.space, ALIGN))) {
                widths[space] = width.max(widths[space]);
            }
        }
        let (starts, places) = placed(&steps, spaces.len());
        Ok(Plan { steps, spaces, widths, starts, places })
    }

    /// The steps, for profiles.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The memory that [`Plan::bind`] expects, in order.
    pub fn spaces(&self) -> &[Space] {
        &self.spaces
    }

    /// Fixes the addresses for any number of runs.
    ///
    /// # Panics
    /// Where the bases do not fit [`Plan::spaces`]: a bug of the caller's.
    pub fn bind<'a>(&'a self, bases: Vec<Base<'a>>) -> Bound<'a> {
        assert_eq!(bases.len(), self.spaces.len(), "one base per space");
        let owned = bases.iter().map(|base| matches!(base, Base::Write(_) | Base::PartMut(_))).collect();
        let addresses = bases.into_iter().enumerate().map(|(space, base)| self.address(space, base)).collect();
        let at = vec![std::ptr::null_mut(); self.arguments()];
        let mut bound = Bound { plan: self, addresses, at, owned, memory: PhantomData };
        for (space, &base) in bound.addresses.iter().enumerate() {
            self.place(space, base, &mut bound.at);
        }
        bound
    }

    /// How many addresses the steps take.
    fn arguments(&self) -> usize {
        self.starts[self.steps.len()]
    }

    /// Bytes that [`Plan::lay`] keeps its addresses in.
    pub fn table_bytes(&self) -> usize {
        self.arguments() * size_of::<*mut u8>()
    }

    /// Fixes the addresses of all spaces but those that are `moving`, in ascending order, which lie elsewhere at each run: for a
    /// kernel that runs a plan of its own, turn after turn. Nothing is allocated; the addresses go into `table`,
    /// [`Plan::table_bytes`] of the kernel's workspace.
    ///
    /// # Panics
    /// Where the bases do not fit the other spaces of [`Plan::spaces`], or the table is too small: bugs of the caller's.
    pub fn lay<'a>(
        &'a self,
        moving: &'a [usize],
        standing: impl Iterator<Item = Base<'a>>,
        table: &'a mut [u8],
    ) -> Laid<'a> {
        // Safety: every pattern of bits is a raw pointer, and one leaves initialised bytes behind.
        let (before, table, _) = unsafe { table.align_to_mut::<*mut u8>() };
        assert!(before.is_empty() && table.len() >= self.arguments(), "an aligned table for every argument");
        assert!(moving.windows(2).all(|pair| pair[0] < pair[1]), "each space once, in order");
        let table = &mut table[..self.arguments()];
        let mut spaces = (0..self.spaces.len()).filter(|space| moving.binary_search(space).is_err());
        standing.for_each(|base| {
            let space = spaces.next().expect("one base per space");
            self.place(space, self.address(space, base), table);
        });
        assert!(spaces.next().is_none(), "one base per space");
        Laid { plan: self, moving, table, memory: PhantomData }
    }

    /// Where a space begins.
    fn address(&self, space: usize, base: Base<'_>) -> *mut u8 {
        let Space { bytes, writable } = self.spaces[space];
        let (start, len, lent) = match base {
            Base::Read(memory) => (memory.address(), memory.len(), false),
            Base::Write(memory) => (memory.address(), memory.len(), true),
            Base::Part(part) => (part.as_ptr().cast_mut(), part.len(), false),
            Base::PartMut(part) => (part.as_mut_ptr(), part.len(), true),
            Base::None => (std::ptr::null_mut(), 0, true),
        };
        assert!(lent || !writable, "a writable space needs writable memory");
        assert!(len >= bytes, "memory of {len} bytes for a space of {bytes}");
        assert!(bytes == 0 || start.addr().is_multiple_of(self.widths[space]), "aligned elements");
        start
    }

    /// Points the steps to what they use of a space that begins at `base`.
    fn place(&self, space: usize, base: *mut u8, at: &mut [*mut u8]) {
        for &(place, offset) in &self.places[space] {
            at[place] = base.wrapping_add(offset);
        }
    }

    /// The steps from `first` on with the addresses of their arguments, out of the list of all.
    #[inline]
    fn steps_at<'a>(
        &'a self,
        first: usize,
        at: &'a [*mut u8],
    ) -> impl Iterator<Item = (usize, &'a Step, &'a [*mut u8])> {
        let ends = self.starts[first..].windows(2);
        (first..)
            .zip(self.steps[first..].iter().zip(ends))
            .map(|(index, (step, ends))| (index, step, &at[ends[0]..ends[1]]))
    }

    /// Runs the steps from `first` on in order. `at` was placed for this plan, all of it, in memory that the caller borrows.
    #[inline]
    fn run_steps(&self, first: usize, at: &[*mut u8], threads: &Threads) -> Result<(), (usize, Fault)> {
        for (index, step, at) in self.steps_at(first, at) {
            let mut io = Io { at, step, threads, taken: 0, workspace_taken: false };
            step.kernel.run(&mut io).map_err(|fault| (index, fault))?;
        }
        Ok(())
    }
}

/// Where each step's addresses begin in the list of all, and what of the list lies in each space.
fn placed(steps: &[Step], spaces: usize) -> (Vec<usize>, Vec<Vec<(usize, usize)>>) {
    let (mut starts, mut places) = (vec![0], vec![Vec::new(); spaces]);
    for step in steps {
        let start = starts[starts.len() - 1];
        let operands = step.inputs.iter().chain(&step.outputs);
        for (index, arg) in step.workspace.iter().map(|arg| (0, arg)).chain(operands.zip(1..).map(|(arg, i)| (i, arg)))
        {
            places[arg.space].push((start + index, arg.offset));
        }
        starts.push(start + 1 + step.inputs.len() + step.outputs.len());
    }
    (starts, places)
}

/// The memory behind a space.
pub enum Base<'a> {
    /// Inputs and constants.
    Read(&'a Memory),
    /// Arena, variables, and inputs that are filled between runs.
    Write(&'a mut Memory),
    /// As [`Base::Read`], in memory that is somebody else's.
    Part(&'a [u8]),
    /// As [`Base::Write`], in memory that is somebody else's.
    PartMut(&'a mut [u8]),
    /// Nothing, for a space of 0 bytes.
    None,
}

/// A plan with its addresses fixed.
pub struct Bound<'a> {
    plan: &'a Plan,
    addresses: Vec<*mut u8>,
    /// For every step where its workspace, its inputs and its outputs begin.
    at: Vec<*mut u8>,
    /// Which spaces lie in memory that was lent to be written.
    owned: Vec<bool>,
    memory: PhantomData<&'a mut Memory>,
}

/// A plan with the addresses of some spaces fixed.
pub struct Laid<'a> {
    plan: &'a Plan,
    /// The other spaces.
    moving: &'a [usize],
    /// As in [`Bound`].
    table: &'a mut [*mut u8],
    memory: PhantomData<&'a mut Memory>,
}

impl Laid<'_> {
    /// Runs the steps from `first` on once each, with the moving spaces at `bases`.
    ///
    /// # Errors
    /// The step that stopped the run, and why.
    ///
    /// # Panics
    /// Where the bases do not fit these spaces: a bug of the caller's.
    pub fn run<'b>(
        &mut self,
        first: usize,
        bases: impl Iterator<Item = Base<'b>>,
        threads: &Threads,
    ) -> Result<(), (usize, Fault)> {
        let Laid { plan, moving, table, .. } = self;
        let mut given = 0;
        // Chained iterators are fast from the inside alone.
        bases.for_each(|base| {
            let space = *moving.get(given).expect("one base per moving space");
            plan.place(space, plan.address(space, base), table);
            given += 1;
        });
        assert_eq!(given, moving.len(), "one base per moving space");
        plan.run_steps(first, table, threads)
    }
}

// Safety: the addresses come from `&'a Memory` and `&'a mut Memory`, both of which may cross threads.
unsafe impl Send for Bound<'_> {}

impl<'a> Bound<'a> {
    /// Lets a space that no step writes begin at byte `offset` of `memory` from now on.
    ///
    /// # Panics
    /// Where a step writes the space, or it does not fit there: a bug of the caller's.
    pub fn rebase(&mut self, space: usize, memory: &'a Memory, offset: usize) {
        let Space { bytes, writable } = self.plan.spaces[space];
        assert!(!writable, "a space that is only read");
        assert!(offset.is_multiple_of(self.plan.widths[space]), "aligned elements");
        assert!(offset <= memory.len() && bytes <= memory.len() - offset, "memory for a space of {bytes} bytes");
        // Safety: just checked to lie inside the memory.
        self.addresses[space] = unsafe { memory.address().add(offset) };
        self.owned[space] = false;
        self.plan.place(space, self.addresses[space], &mut self.at);
    }

    /// Runs every step in order, with denormals flushed to zero.
    ///
    /// # Errors
    /// The step that stopped the run, and why.
    pub fn run(&mut self, threads: &Threads) -> Result<(), (usize, Fault)> {
        let _flush = FlushDenormals::new();
        self.plan.run_steps(0, &self.at, threads)
    }

    /// Runs as [`Bound::run`] and adds each step's seconds to `seconds`, one look at the clock included.
    ///
    /// # Errors
    /// As [`Bound::run`].
    pub fn profile(&mut self, threads: &Threads, seconds: &mut [f64]) -> Result<(), (usize, Fault)> {
        let _flush = FlushDenormals::new();
        let mut last = std::time::Instant::now();
        for (index, step, at) in self.plan.steps_at(0, &self.at) {
            let mut io = Io { at, step, threads, taken: 0, workspace_taken: false };
            step.kernel.run(&mut io).map_err(|fault| (index, fault))?;
            let now = std::time::Instant::now();
            seconds[index] += (now - last).as_secs_f64();
            last = now;
        }
        Ok(())
    }

    /// The elements of an argument, to be read between runs.
    ///
    /// # Panics
    /// Where the argument lies outside its space or has another type.
    pub fn slice<T: crate::element::Element>(&self, arg: &Arg) -> &[T] {
        assert_eq!(arg.dtype, T::DTYPE, "the argument's type");
        check_bounds(arg, &self.plan.spaces).expect("an argument of this plan");
        if arg.len == 0 {
            return &[];
        }
        let start = self.addresses[arg.space].wrapping_add(arg.offset).cast::<T>();
        assert!(start.is_aligned(), "aligned elements");
        // Safety: inside its space, aligned, and nothing writes while `self` is borrowed.
        unsafe { std::slice::from_raw_parts(start, arg.len) }
    }

    /// The elements of an argument in memory that was lent to be written, for feeding inputs between runs.
    ///
    /// # Panics
    /// Where the argument lies outside its space or has another type, or its memory may only be read.
    pub fn slice_mut<T: crate::element::Element>(&mut self, arg: &Arg) -> &mut [T] {
        assert_eq!(arg.dtype, T::DTYPE, "the argument's type");
        check_bounds(arg, &self.plan.spaces).expect("an argument of this plan");
        assert!(self.owned[arg.space], "memory that was lent to be written");
        // Safety: inside a space that is lent to be written, aligned, borrowed alone through `&mut self`.
        unsafe { std::slice::from_raw_parts_mut(self.addresses[arg.space].add(arg.offset).cast(), arg.len) }
    }
}

fn check(step: &Step, spaces: &[Space]) -> Result<(), String> {
    let scratch = step.workspace.as_ref();
    for arg in step.inputs.iter().chain(&step.outputs).chain(scratch) {
        check_bounds(arg, spaces)?;
    }
    let needed = step.kernel.workspace();
    let given = scratch.map_or(0, |arg| arg.len);
    if given < needed || scratch.is_some_and(|arg| arg.dtype != DType::Bool || !arg.offset.is_multiple_of(ALIGN)) {
        return Err(format!("needs {needed} bytes of aligned workspace, got {given}"));
    }
    for (j, output) in step.outputs.iter().enumerate() {
        check_output(step, spaces, j, output)?;
    }
    match scratch {
        Some(arg) if !spaces[arg.space].writable => Err("workspace in a read-only space".into()),
        Some(arg) if step.inputs.iter().any(|input| input.overlaps(arg)) => Err("workspace overlaps an input".into()),
        _ => Ok(()),
    }
}

fn check_bounds(arg: &Arg, spaces: &[Space]) -> Result<(), String> {
    let space = spaces.get(arg.space).ok_or_else(|| format!("no space {}", arg.space))?;
    if arg.end().is_none_or(|end| end > space.bytes) {
        return Err(format!("{arg:?} ends outside its space of {} bytes", space.bytes));
    }
    if !arg.offset.is_multiple_of(arg.dtype.size()) {
        return Err(format!("{arg:?} is not aligned"));
    }
    Ok(())
}

fn check_output(step: &Step, spaces: &[Space], j: usize, output: &Arg) -> Result<(), String> {
    if !spaces[output.space].writable {
        return Err(format!("output {j} in a read-only space"));
    }
    if step.outputs[..j].iter().chain(&step.workspace).any(|other| other.overlaps(output)) {
        return Err(format!("output {j} overlaps another output or the workspace"));
    }
    for (i, input) in step.inputs.iter().enumerate().filter(|(_, input)| input.overlaps(output)) {
        let same =
            input.offset == output.offset && input.len == output.len && input.dtype.size() == output.dtype.size();
        if !same || step.kernel.in_place(i, j).is_none() {
            return Err(format!("output {j} overlaps input {i}"));
        }
    }
    Ok(())
}
