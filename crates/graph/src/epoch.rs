//! One pass over row-aligned data: gather a batch, run the program, again.

use crate::error::{Error, ErrorCode, Result};
use crate::moment::Moment;
use crate::profile::Profile;
use crate::program::{Program, Running, Stop};
use ferrograd_kernels::element::{DType, Element};
use ferrograd_kernels::exec::{Base, Fault, Memory};
use ferrograd_kernels::random::permutation;
use ferrograd_kernels::threads::Threads;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One array of the data: `rows` rows of `row` elements each.
#[derive(Clone, Debug)]
pub struct Column {
    /// The elements, row after row.
    pub memory: Arc<Memory>,
    /// Elements of a row.
    pub row: usize,
    /// Their type.
    pub dtype: DType,
}

/// Arrays whose rows belong together.
#[derive(Clone, Debug)]
pub struct Columns {
    /// The arrays, in the order of the program's inputs.
    pub columns: Vec<Column>,
    /// How many rows each has.
    pub rows: usize,
}

/// The order of the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they lie.
    Sequential,
    /// A permutation that depends on these two numbers alone.
    Shuffled {
        /// The seed of the whole training.
        seed: u64,
        /// Counted from 0.
        epoch: u64,
    },
    /// These rows, as many as the epoch has, counted from the first.
    Listed(Vec<u32>),
}

/// What to run over which rows.
#[derive(Clone)]
pub struct Epoch {
    /// The step for whole batches.
    pub program: Arc<Program>,
    /// The step for the last, smaller batch.
    pub tail: Option<Arc<Program>>,
    /// The data.
    pub columns: Arc<Columns>,
    /// Which rows.
    pub rows: Range<usize>,
    /// Rows of a whole batch.
    pub batch: usize,
    /// In which order.
    pub order: Order,
    /// The step of that order to begin with: the ones before are taken for done.
    pub first_step: usize,
    /// What the programs read, as it was at some moment; without it, each step reads what holds then.
    pub moment: Option<Arc<Moment>>,
    /// Stops after so many steps, those before the first one counted.
    pub max_steps: Option<usize>,
    /// A program without inputs whose scalars are reported with the progress.
    pub watch: Option<Arc<Program>>,
    /// Gathers every output of every step, in row order.
    pub collect: bool,
    /// Reports every step.
    pub every_step: bool,
    /// Least time between two reports.
    pub report_every: Duration,
    /// Takes the times of every whole batch's kernels. Made for this epoch's program.
    pub profile: Option<Arc<Mutex<Profile>>>,
}

/// Who is told, and who may stop it.
pub trait Listener {
    /// Asked between steps.
    fn cancelled(&self) -> bool;
    /// Told now and then; the epoch waits until it returns.
    ///
    /// # Errors
    /// An error ends the epoch.
    fn progress(&mut self, step: usize, steps: usize, values: &[f64]) -> Result<()>;
}

/// How an epoch ended.
#[derive(Debug)]
pub struct End {
    /// The step that it came to: those before it are done.
    pub steps: usize,
    /// Seconds that its own steps took, reports included.
    pub seconds: f64,
    /// The watched scalars at the end.
    pub values: Vec<f64>,
    /// The gathered outputs.
    pub collected: Vec<Memory>,
    /// The step that a fault stopped.
    pub stop: Option<Stop>,
    /// True where the listener cancelled it.
    pub cancelled: bool,
}

impl Epoch {
    /// Checks that the programs take batches of the columns.
    ///
    /// # Errors
    /// `ERR_SHAPE` or `ERR_DTYPE`, naming the column.
    pub fn check(&self) -> Result<()> {
        let (first, last) = (self.rows.start, self.rows.end);
        if self.batch == 0 || first > last || last > self.columns.rows {
            let rows = self.columns.rows;
            return Err(Error::config(format!("epoch: rows {first}..{last} of {rows} in batches of {}", self.batch)));
        }
        if self.first_step > self.steps() || (self.collect && self.first_step > 0) {
            let (step, steps) = (self.first_step, self.steps());
            let collect = if self.collect { ", gathering every step" } else { "" };
            return Err(Error::config(format!("epoch: begins at step {step} of {steps}{collect}")));
        }
        if let Order::Listed(list) = &self.order {
            let rows = self.columns.rows - first;
            if list.len() != last - first || list.iter().any(|&row| row as usize >= rows) {
                let (listed, wanted) = (list.len(), last - first);
                return Err(Error::config(format!("epoch: {listed} rows of {rows} are listed for {wanted}")));
            }
        }
        let rest = (last - first) % self.batch;
        let whole = (last - first) / self.batch;
        if rest != 0 && self.tail.is_none() && self.max_steps.is_none_or(|most| most > whole) {
            return Err(Error::config(format!("epoch: the last batch of {rest} rows has no program")));
        }
        self.check_program(&self.program, self.batch)?;
        self.tail.as_ref().map_or(Ok(()), |tail| self.check_program(tail, rest))
    }

    fn check_program(&self, program: &Program, batch: usize) -> Result<()> {
        if self.collect
            && let Some(output) = program.outputs().find(|output| output.shape.first() != Some(&batch))
        {
            return Err(Error::shape(format!(
                "expected outputs with a row for each of the {batch} samples of a batch, got {output}"
            )));
        }
        check_program(program, &self.columns, batch)
    }

    /// How many steps it takes.
    pub fn steps(&self) -> usize {
        let all = (self.rows.end - self.rows.start).div_ceil(self.batch);
        self.max_steps.map_or(all, |most| most.min(all))
    }

    /// Runs it. A listener hears at most one report at a time.
    ///
    /// # Errors
    /// What [`Epoch::check`] refuses, `ERR_MEMORY`, and what the listener returns; a fault of a step is part of the [`End`].
    pub fn run(&self, threads: &Threads, listener: &mut dyn Listener) -> Result<End> {
        self.check()?;
        let mut run = Run::new(self, threads)?;
        while run.step < run.steps && run.goes_on() && !listener.cancelled() {
            run.stretch(listener)?;
            let due = self.every_step || (run.reported.elapsed() >= self.report_every && run.step < run.steps);
            // A step that stopped is no step: what came before it has been reported.
            if due && run.goes_on() {
                run.report(listener)?;
            }
        }
        let cancelled = run.stopped || listener.cancelled();
        run.end(cancelled)
    }
}

fn check_program(program: &Program, columns: &Columns, batch: usize) -> Result<()> {
    if program.inputs().len() != columns.columns.len() {
        let (inputs, given) = (program.inputs().len(), columns.columns.len());
        return Err(Error::new(ErrorCode::Internal, format!("epoch: {inputs} inputs for {given} columns")));
    }
    for (index, (spec, column)) in program.inputs().iter().zip(&columns.columns).enumerate() {
        if spec.dtype != column.dtype {
            let (expected, got) = (spec.dtype.name(), column.dtype.name());
            return Err(Error::dtype(format!("epoch: input {index} is {expected}, its column {got}")));
        }
        if spec.shape.size() != batch * column.row
            || column.memory.len() < columns.rows * column.row * spec.dtype.size()
        {
            let (shape, row) = (&spec.shape, column.row);
            return Err(Error::shape(format!(
                "epoch: input {index} is {shape}, its column has {row} a row, {batch} rows"
            )));
        }
    }
    Ok(())
}

/// An epoch on its way.
struct Run<'a> {
    epoch: &'a Epoch,
    threads: &'a Threads,
    permutation: Option<Cow<'a, [u32]>>,
    /// Where the rows of a shuffled batch are gathered; rows in order are read where they lie.
    staging: Vec<Memory>,
    collected: Vec<Memory>,
    start: Instant,
    reported: Instant,
    step: usize,
    steps: usize,
    /// Steps between two looks at the clock.
    stride: usize,
    stop: Option<Stop>,
    /// A step ended amid its work because nobody wants it any more.
    stopped: bool,
}

/// Variables are held for about this long at a time, so that others may read them.
const STRETCH: Duration = Duration::from_millis(5);

/// About how often a stretch looks at the clock and at who waits.
const LOOK: Duration = Duration::from_micros(100);

impl<'a> Run<'a> {
    fn new(epoch: &'a Epoch, threads: &'a Threads) -> Result<Run<'a>> {
        let rows = epoch.rows.end - epoch.rows.start;
        let permutation = match &epoch.order {
            Order::Sequential => None,
            Order::Shuffled { seed, epoch } => Some(Cow::Owned(permutation(*seed, *epoch, rows))),
            Order::Listed(list) => Some(Cow::Borrowed(list.as_slice())),
        };
        let now = Instant::now();
        let steps = epoch.steps();
        let staging = if permutation.is_some() { epoch.program.staging()? } else { Vec::new() };
        let collected = if epoch.collect { room(epoch, steps)? } else { Vec::new() };
        let (step, stride) = (epoch.first_step, 1);
        Ok(Run {
            epoch,
            threads,
            permutation,
            staging,
            collected,
            start: now,
            reported: now,
            step,
            steps,
            stride,
            stop: None,
            stopped: false,
        })
    }

    /// Steps until the clock, a waiting reader, the listener or a change of program ends the stretch.
    fn stretch(&mut self, listener: &dyn Listener) -> Result<()> {
        let epoch = self.epoch;
        let rows = self.rows();
        let (program, until) = match &epoch.tail {
            Some(tail) if rows.len() < epoch.batch => (tail, self.step + 1),
            Some(_) | None => (&epoch.program, (epoch.rows.len() / epoch.batch).clamp(self.step + 1, self.steps)),
        };
        let (mut arena, mut staging) = (program.take_arena()?, std::mem::take(&mut self.staging));
        {
            let replaced = program.replaced();
            let mut locks = program.lock_at(epoch.moment.as_deref())?;
            let inputs = bases(epoch, &mut staging);
            let mut running = program.bind(&mut arena, inputs, program.constants(), &mut locks, self.threads)?;
            let began = Instant::now();
            let mut looked = began;
            let mut look_at = self.step + self.stride;
            while self.step < until {
                let ran = match &epoch.profile {
                    Some(profile) if rows.len() == epoch.batch => self.profiled(&mut running, profile),
                    Some(_) | None => self.one(&mut running),
                };
                if let Err(stop) = ran {
                    self.stopped = stop.fault == Fault::Stopped;
                    self.stop = Some(stop).filter(|_| !self.stopped);
                    break;
                }
                if epoch.every_step {
                    break;
                }
                if self.step >= look_at {
                    let now = Instant::now();
                    self.stride = if now - looked < LOOK { self.stride * 2 } else { (self.stride / 2).max(1) };
                    look_at = self.step + self.stride;
                    looked = now;
                    let changed = program.is_awaited() || program.replaced() != replaced;
                    if now - began >= STRETCH || changed || listener.cancelled() {
                        break;
                    }
                }
            }
        }
        program.give_arena(arena);
        self.staging = staging;
        give_way(program);
        Ok(())
    }

    fn goes_on(&self) -> bool {
        self.stop.is_none() && !self.stopped
    }

    fn one<'r>(&mut self, running: &mut Running<'r>) -> std::result::Result<(), Stop>
    where
        'a: 'r,
    {
        self.feed(running);
        running.step(self.threads)?;
        self.done(running);
        Ok(())
    }

    /// As [`Run::one`], with the times of its parts.
    fn profiled<'r>(&mut self, running: &mut Running<'r>, profile: &Mutex<Profile>) -> std::result::Result<(), Stop>
    where
        'a: 'r,
    {
        let mut profile = profile.lock().unwrap_or_else(PoisonError::into_inner);
        let start = Instant::now();
        self.feed(running);
        let (feed, kernels) = profile.begin().split_first_mut().expect("feeding comes first");
        *feed = start.elapsed().as_secs_f64();
        running.profile(self.threads, kernels)?;
        self.done(running);
        profile.end(start.elapsed());
        Ok(())
    }

    /// Hands the step's rows to the program.
    fn feed<'r>(&self, running: &mut Running<'r>)
    where
        'a: 'r,
    {
        let rows = self.rows();
        for (index, column) in self.epoch.columns.columns.iter().enumerate() {
            match &self.permutation {
                None => {
                    let first = self.epoch.rows.start + rows.start;
                    running.read_input(index, &column.memory, first * column.row * column.dtype.size());
                }
                Some(permutation) => {
                    let rows = permutation[rows.clone()].iter().map(|&row| self.epoch.rows.start + row as usize);
                    gather(running, index, column, rows);
                }
            }
        }
    }

    /// Gathers what the step gave.
    fn done(&mut self, running: &Running<'_>) {
        for (index, into) in self.collected.iter_mut().enumerate() {
            running.copy_output(index, into, self.step * self.epoch.batch);
        }
        self.step += 1;
    }

    /// Positions of the step's rows in the epoch's order.
    fn rows(&self) -> Range<usize> {
        let first = self.step * self.epoch.batch;
        first..(first + self.epoch.batch).min(self.epoch.rows.len())
    }

    fn report(&mut self, listener: &mut dyn Listener) -> Result<()> {
        let values = self.watched()?;
        listener.progress(self.step, self.steps, &values)?;
        self.reported = Instant::now();
        Ok(())
    }

    fn watched(&self) -> Result<Vec<f64>> {
        let Some(watch) = &self.epoch.watch else { return Ok(Vec::new()) };
        let outputs = watch.run(&[], self.threads)?;
        Ok(outputs.iter().zip(watch.outputs()).map(|(memory, spec)| first(memory, spec.dtype)).collect())
    }

    fn end(self, cancelled: bool) -> Result<End> {
        let values = self.watched()?;
        let seconds = self.start.elapsed().as_secs_f64();
        Ok(End { steps: self.step, seconds, values, collected: self.collected, stop: self.stop, cancelled })
    }
}

/// The memory of the inputs: the columns themselves, or where their rows are gathered.
fn bases<'a>(epoch: &'a Epoch, staging: &'a mut [Memory]) -> Vec<Base<'a>> {
    match staging {
        [] => epoch.columns.columns.iter().map(|column| Base::Read(&column.memory)).collect(),
        staging => staging.iter_mut().map(Base::Write).collect(),
    }
}

/// Copies rows of a column into an input.
fn gather(running: &mut Running<'_>, index: usize, column: &Column, rows: impl Iterator<Item = usize>) {
    for_element!(column.dtype, T => gather_of::<T>(running, index, column, rows));
}

fn gather_of<T: Element>(running: &mut Running<'_>, index: usize, column: &Column, rows: impl Iterator<Item = usize>) {
    let (from, width) = (column.memory.as_slice::<T>(), column.row);
    for (row, to) in rows.zip(running.input::<T>(index).chunks_exact_mut(width.max(1))) {
        to.copy_from_slice(&from[row * width..][..width]);
    }
}

/// Zeroed memory for every output of every step.
fn room(epoch: &Epoch, steps: usize) -> Result<Vec<Memory>> {
    let rows = epoch.rows.len().min(steps * epoch.batch);
    let bytes = |spec: &crate::Spec| spec.bytes() / epoch.batch * rows;
    epoch.program.outputs().map(|spec| Ok(Memory::try_zeroed(bytes(spec))?)).collect()
}

/// Leaves the variables to whoever waits, for a moment at most: a mutex is not fair by itself.
fn give_way(program: &Program) {
    let start = Instant::now();
    while program.is_awaited() && start.elapsed() < Duration::from_millis(10) {
        std::thread::sleep(Duration::from_micros(20));
    }
}

fn first(memory: &Memory, dtype: DType) -> f64 {
    fn number<T: Element + Into<f64>>(memory: &Memory) -> f64 {
        memory.as_slice::<T>()[0].into()
    }
    for_element!(dtype, T => number::<T>(memory))
}
