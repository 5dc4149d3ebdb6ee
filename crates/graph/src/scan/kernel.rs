//! A loop at its run: its step, turn after turn over one small arena. What a turn reads and what it leaves lie where the
//! loop's own inputs and outputs do. Where samples do not meet, threads go through all turns with some samples each.

use super::parts::{Division, divided};
use super::{Course, Scan};
use crate::compile::compile_subprogram;
use crate::gradient::key;
use crate::op::{Fault, Io, Kernel, Recipe, SharedInputs, Site};
use crate::subprogram::{ALIGNMENT, Subprogram};
use crate::tensor::Tensor;
use ferrograd_kernels::threads::{Columns, Parts, Threads};
use smallvec::SmallVec;
use std::mem::take;
use std::sync::{Mutex, PoisonError};

/// How a loop is computed.
#[derive(Debug)]
pub(crate) struct Turns {
    pub scan: Scan,
}

impl Recipe for Turns {
    /// The step gives only what somebody reads.
    fn cpu(&self, site: &Site<'_>) -> Box<dyn Kernel> {
        let Scan { carries: count, rows, course: Course { length, reverse }, segment, .. } = &self.scan;
        let Division { parts, body, own } = divided(&self.scan);
        let bytes = |tensor: &Tensor| tensor.spec().bytes();
        let live = (*count..body.outputs.len()).filter(|output| site.live >> output & 1 == 1);
        let mut stacked: Vec<Stacked> = live.map(|output| Stacked { output, before: false }).collect();
        let place = |stacked: &[Stacked], tensor: &Tensor| {
            stacked.iter().position(|all| !all.before && key(&body.outputs[all.output]) == key(tensor))
        };
        // All of these first: what one carry finds may be what another is to be.
        let mut find = |carry: &Tensor| {
            let all = place(&stacked, carry)?;
            stacked[all].before = true;
            Some(all)
        };
        let found: Vec<Option<usize>> = body.inputs[..*count].iter().map(&mut find).collect();
        let home = |(next, found): (&Tensor, Option<usize>)| {
            let left = || place(&stacked, next).map_or(Home::State, Home::After);
            Carry { bytes: bytes(next), home: found.map_or_else(left, Home::Before) }
        };
        let carries: Vec<Carry> = body.outputs[..*count].iter().zip(found).map(home).collect();
        let free = (0..*count).filter(|&carry| !matches!(carries[carry].home, Home::After(_)));
        let computed = stacked.iter().filter(|all| !all.before).map(|all| all.output);
        let outputs: Vec<Tensor> = free.chain(computed).map(|output| body.outputs[output].clone()).collect();
        let step = body
            .request(&outputs, |request| compile_subprogram(request, count + rows, site.target))
            .expect("a step that was drawn");
        let widths = body.inputs[*count..][..*rows].iter().map(bytes).collect();
        let state = carries.iter().map(Carry::room).sum();
        let (length, reverse) = (*length, *reverse);
        let flops = step.flops().map(|flops| flops * (parts * length) as f64);
        let is_long = length * segment.unwrap_or(1) >= MANY_STEPS
            || flops.is_some_and(|flops| flops >= MANY_FLOPS)
            || (parts * length).saturating_mul(step.written()) >= MANY_BYTES;
        Box::new(ScanKernel { parts, step, carries, stacked, state, widths, own, length, reverse, flops, is_long })
    }
}

/// A carry between two turns.
struct Carry {
    bytes: usize,
    home: Home,
}

/// Where a carry lies.
#[derive(Clone, Copy)]
enum Home {
    /// In the workspace.
    State,
    /// It is kept as the turns leave it: a row of that.
    After(usize),
    /// It is kept as the turns find it: a row of that.
    Before(usize),
}

impl Carry {
    /// Bytes of it in the state.
    fn room(&self) -> usize {
        if matches!(self.home, Home::State) { self.bytes.next_multiple_of(ALIGNMENT) } else { 0 }
    }
}

/// An output of all turns.
struct Stacked {
    /// Which output of the loop it is.
    output: usize,
    /// Whether its rows are what the turns find of a carry.
    before: bool,
}

impl Stacked {
    /// The row that a turn may read, and the one that it writes.
    fn rows<'a>(&self, all: &'a mut Columns<'_>, Places { before, at, after }: Places) -> (&'a [u8], &'a mut [u8]) {
        match if self.before { (Some(at), after) } else { (before, Some(at)) } {
            (Some(read), Some(write)) => all.read_and_write(read, write),
            (Some(read), None) => (all.row(read), &mut []),
            (None, Some(write)) => (&[], all.row_mut(write)),
            (None, None) => (&[], &mut []),
        }
    }
}

/// The step that a turn computes, the one before and the one after it in the order of the turns.
#[derive(Clone, Copy)]
struct Places {
    before: Option<usize>,
    at: usize,
    after: Option<usize>,
}

/// Sizes are those of one part.
struct ScanKernel {
    /// How many parts there are, each of some samples, which threads take through all turns.
    parts: usize,
    /// Gives the carries that are not kept as it leaves them, then what is stacked of what it computes.
    step: Subprogram,
    carries: Vec<Carry>,
    stacked: Vec<Stacked>,
    /// Bytes of the state.
    state: usize,
    /// Bytes of a row of each sequence.
    widths: Vec<usize>,
    /// The constants of which each part reads rows of its own.
    own: Vec<bool>,
    length: usize,
    reverse: bool,
    flops: Option<f64>,
    /// Whether it takes milliseconds.
    is_long: bool,
}

impl Kernel for ScanKernel {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn describe(&self) -> Option<String> {
        let list = |kernels: Vec<&str>| kernels.join(", ");
        let before = list(self.step.standing_kernels().collect());
        let before = if before.is_empty() { before } else { format!("{before}, then ") };
        let parts = if self.parts == 1 { String::new() } else { format!("{} of ", self.parts) };
        Some(format!("{parts}{before}{} × ({})", self.length, list(self.step.kernels().collect())))
    }

    fn flops(&self) -> Option<f64> {
        self.flops
    }

    /// Whoever wants a long loop no longer stops it; a short one ends by itself, and changes may be made before it.
    fn may_stop(&self) -> bool {
        self.is_long || self.step.may_stop()
    }

    fn workspace(&self) -> usize {
        self.parts * self.room()
    }

    fn run(&self, io: &mut Io<'_>) -> Result<(), Fault> {
        let (inputs, threads) = (io.shared_inputs(), io.threads());
        let last = (0..self.carries.len()).map(|carry| Parts::new(io.output_bytes(carry), 1, self.parts));
        let last: SmallVec<[Parts<'_>; 64]> = last.collect();
        let stacked = self.stacked.iter();
        let stacked = stacked.map(|all| Parts::new(io.output_bytes(all.output), self.length, self.parts));
        let stacked: SmallVec<[Parts<'_>; 64]> = stacked.collect();
        let rooms = Parts::new(io.workspace(), 1, self.parts);
        let run = Run { kernel: self, inputs, last: &last, stacked: &stacked, rooms, threads };
        let fault = Mutex::new(None);
        threads.run(self.parts, &|part| {
            if let Err(found) = run.part(part) {
                *fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
            }
        });
        fault.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

type Slices<'a> = SmallVec<[&'a mut [u8]; 64]>;

/// What the parts of a run share.
struct Run<'a> {
    kernel: &'a ScanKernel,
    inputs: SharedInputs<'a>,
    /// What is carried out of the last turn.
    last: &'a [Parts<'a>],
    stacked: &'a [Parts<'a>],
    rooms: Parts<'a>,
    threads: &'a Threads,
}

impl Run<'_> {
    /// All turns of one part.
    fn part(&self, part: usize) -> Result<(), Fault> {
        let Run { kernel, inputs, threads, .. } = *self;
        let given = Given { kernel, inputs, part };
        let mut last: Slices<'_> = self.last.iter().map(|all| all.take(part).into_row()).collect();
        let mut stacked: Stack<'_> = self.stacked.iter().map(|all| all.take(part)).collect();
        let (state, room) = self.rooms.take(part).into_row().split_at_mut(2 * kernel.state);
        let halves = state.split_at_mut(kernel.state);
        kernel.begin(&given, &mut stacked);
        let mut turning = kernel.step.begin(room, given.constants());
        for turn in 0..kernel.length {
            if kernel.is_long && threads.stopped() {
                return Err(Fault::Stopped);
            }
            let (now, next) = if turn % 2 == 0 { (&*halves.0, &mut *halves.1) } else { (&*halves.1, &mut *halves.0) };
            let places = kernel.places(turn);
            let (mut found, mut left, mut to) = (SmallVec::<[&[u8]; 64]>::new(), Slices::new(), Slices::new());
            for (of, all) in kernel.stacked.iter().zip(&mut stacked) {
                let (read, write) = of.rows(all, places);
                found.push(read);
                left.push(write);
            }
            kernel.leave(&mut to, &mut left, &mut last, (next, places.after.is_none()));
            let computed = kernel.stacked.iter().zip(&mut left).filter(|(all, _)| !all.before);
            to.extend(computed.map(|(_, row)| take(row)));
            turning.turn(given.turn(places, &found, now), to.drain(..), threads)?;
        }
        kernel.finish(&given, &mut last, &stacked);
        Ok(())
    }
}

type Stack<'a> = SmallVec<[Columns<'a>; 64]>;

/// The inputs of one part.
#[derive(Clone, Copy)]
struct Given<'a> {
    kernel: &'a ScanKernel,
    inputs: SharedInputs<'a>,
    part: usize,
}

impl<'a> Given<'a> {
    /// What a carry begins with.
    fn first(&self, carry: usize) -> &'a [u8] {
        self.rows(carry, 0, self.kernel.carries[carry].bytes)
    }

    /// The part's share of row `at` of an input.
    fn rows(&self, input: usize, at: usize, bytes: usize) -> &'a [u8] {
        &self.inputs.bytes(input)[(at * self.kernel.parts + self.part) * bytes..][..bytes]
    }

    /// What a turn reads anew: the carries, a row of each sequence.
    fn turn(self, places: Places, found: &'a [&'a [u8]], now: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let ScanKernel { carries, widths, .. } = self.kernel;
        let mut start = 0;
        let carried = carries.iter().enumerate().map(move |(index, carry)| {
            let place = start..start + carry.bytes;
            start += carry.room();
            match carry.home {
                _ if places.before.is_none() => self.first(index),
                Home::Before(all) | Home::After(all) => found[all],
                Home::State => &now[place],
            }
        });
        let first = carries.len();
        let rows = widths.iter().enumerate().map(move |(row, &width)| self.rows(first + row, places.at, width));
        carried.chain(rows)
    }

    /// What is the same at each turn.
    fn constants(self) -> impl Iterator<Item = &'a [u8]> {
        let ScanKernel { carries, widths, own, parts, .. } = self.kernel;
        let first = carries.len() + widths.len();
        own.iter().enumerate().map(move |(index, &own)| {
            let all = self.inputs.bytes(first + index);
            if own { self.rows(first + index, 0, all.len() / parts) } else { all }
        })
    }
}

/// Steps, multiplications and additions in all, and bytes written in all, from which on a loop takes milliseconds.
const MANY_STEPS: usize = 10_000;
const MANY_FLOPS: f64 = 1e9;
const MANY_BYTES: usize = 64 << 20;

impl ScanKernel {
    fn places(&self, turn: usize) -> Places {
        let place = |turn: usize| if self.reverse { self.length - 1 - turn } else { turn };
        let after = (turn + 1 < self.length).then(|| place(turn + 1));
        Places { before: turn.checked_sub(1).map(place), at: place(turn), after }
    }

    /// Bytes that a part works in: the state twice, for a step to read one and write the other; then what the step needs.
    fn room(&self) -> usize {
        (2 * self.state + self.step.room()).next_multiple_of(ALIGNMENT)
    }

    /// The first rows of what is kept as the turns find it.
    fn begin(&self, given: &Given<'_>, stacked: &mut Stack<'_>) {
        if self.length == 0 {
            return;
        }
        let first = self.places(0).at;
        for (index, carry) in self.carries.iter().enumerate() {
            if let Home::Before(all) = carry.home {
                stacked[all].row_mut(first).copy_from_slice(given.first(index));
            }
        }
    }

    /// Where a turn leaves the carries that it gives by themselves; the last one leaves them as the loop's own outputs.
    fn leave<'a>(
        &self,
        to: &mut Slices<'a>,
        rows: &mut Slices<'a>,
        last: &'a mut Slices<'_>,
        (mut state, is_last): (&'a mut [u8], bool),
    ) {
        for (carry, last) in self.carries.iter().zip(last) {
            match carry.home {
                Home::After(_) => {}
                _ if is_last => to.push(&mut last[..carry.bytes]),
                Home::Before(all) => to.push(take(&mut rows[all])),
                Home::State => {
                    let (place, others) = take(&mut state).split_at_mut(carry.room());
                    state = others;
                    to.push(&mut place[..carry.bytes]);
                }
            }
        }
    }

    /// The last carries that lie elsewhere: in what is kept of the last turn, without a turn in the first ones.
    fn finish(&self, given: &Given<'_>, last: &mut Slices<'_>, stacked: &Stack<'_>) {
        for (index, (carry, last)) in self.carries.iter().zip(last).enumerate() {
            match (carry.home, self.length.checked_sub(1)) {
                (_, None) => last.copy_from_slice(given.first(index)),
                (Home::After(all), Some(turn)) => last.copy_from_slice(stacked[all].row(self.places(turn).at)),
                (Home::Before(_) | Home::State, Some(_)) => {}
            }
        }
    }
}
