//! A loop at its run: its step, turn after turn over one small arena. What a turn reads and what it leaves lie where the
//! loop's own inputs and outputs do.

use super::{Course, Scan};
use crate::compile::compile_subprogram;
use crate::gradient::key;
use crate::op::{Fault, Io, Kernel, Recipe, Site};
use crate::subprogram::{ALIGNMENT, Subprogram};
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::mem::take;

/// How a loop is computed.
#[derive(Debug)]
pub(crate) struct Turns {
    pub scan: Scan,
}

impl Recipe for Turns {
    /// The step gives only what somebody reads.
    fn cpu(&self, site: &Site<'_>) -> Box<dyn Kernel> {
        let Scan { body, carries: count, rows, course: Course { length, reverse }, segment, .. } = &self.scan;
        let bytes = |tensor: &Tensor| tensor.spec().bytes();
        let live = (*count..body.outputs.len()).filter(|output| site.live >> output & 1 == 1);
        let mut stacked: Vec<Stacked> = live.map(|output| Stacked::new(output, bytes(&body.outputs[output]))).collect();
        let mut carries = Vec::new();
        for (carry, next) in body.outputs[..*count].iter().enumerate() {
            let place = |tensor: &Tensor| {
                stacked.iter().position(|all| !all.before && key(&body.outputs[all.output]) == key(tensor))
            };
            let home = match (place(&body.inputs[carry]), place(next)) {
                (Some(all), _) => Home::Before(all),
                (None, Some(all)) => Home::After(all),
                (None, None) => Home::State,
            };
            if let Home::Before(all) = home {
                stacked[all].before = true;
            }
            carries.push(Carry { bytes: bytes(next), home });
        }
        let free = (0..*count).filter(|&carry| !matches!(carries[carry].home, Home::After(_)));
        let computed = stacked.iter().filter(|all| !all.before).map(|all| all.output);
        let outputs: Vec<Tensor> = free.chain(computed).map(|output| body.outputs[output].clone()).collect();
        let step =
            body.request(&outputs, |request| compile_subprogram(request, site.target)).expect("a step that was drawn");
        let widths = body.inputs[*count..][..*rows].iter().map(bytes).collect();
        let state = carries.iter().map(Carry::room).sum();
        let steps = length * segment.unwrap_or(1);
        Box::new(ScanKernel { step, carries, stacked, state, widths, steps, length: *length, reverse: *reverse })
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
    /// Bytes of a row.
    width: usize,
    /// Whether its rows are what the turns find of a carry.
    before: bool,
}

impl Stacked {
    fn new(output: usize, width: usize) -> Stacked {
        Stacked { output, width, before: false }
    }

    /// The row that a turn may read, and the one that it writes.
    fn rows<'a>(&self, all: &'a mut [u8], Places { before, at, after }: Places) -> (&'a [u8], &'a mut [u8]) {
        let (read, write) = if self.before { (Some(at), after) } else { (before, Some(at)) };
        let width = self.width;
        let row = |place: usize| place * width..(place + 1) * width;
        match (read, write) {
            (Some(read), Some(write)) if read < write => {
                let (earlier, later) = all.split_at_mut(write * width);
                (&earlier[row(read)], &mut later[..width])
            }
            (Some(read), Some(write)) => {
                let (earlier, later) = all.split_at_mut(read * width);
                (&later[..width], &mut earlier[row(write)])
            }
            (Some(read), None) => (&all[row(read)], &mut []),
            (None, Some(write)) => (&[], &mut all[row(write)]),
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

struct ScanKernel {
    /// Gives the carries that are not kept as it leaves them, then what is stacked of what it computes.
    step: Subprogram,
    carries: Vec<Carry>,
    stacked: Vec<Stacked>,
    /// Bytes of the state.
    state: usize,
    /// Bytes of a row of each sequence.
    widths: Vec<usize>,
    /// Steps of all turns.
    steps: usize,
    length: usize,
    reverse: bool,
}

impl Kernel for ScanKernel {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn describe(&self) -> Option<String> {
        let kernels: Vec<&str> = self.step.kernels().collect();
        Some(format!("{} × ({})", self.length, kernels.join(", ")))
    }

    fn flops(&self) -> Option<f64> {
        Some(self.step.flops()? * self.length as f64)
    }

    /// Whoever wants a long loop no longer stops it; a short one ends by itself, and changes may be made before it.
    fn may_stop(&self) -> bool {
        self.is_long() || self.step.may_stop()
    }

    /// The state twice, for a step to read one and write the other; then what the step works in.
    fn workspace(&self) -> usize {
        2 * self.state + self.step.room()
    }

    fn run(&self, io: &mut Io<'_>) -> Result<(), Fault> {
        let mut last: Slices<'_> = (0..self.carries.len()).map(|carry| io.output_bytes(carry)).collect();
        let mut stacked: Slices<'_> = self.stacked.iter().map(|all| io.output_bytes(all.output)).collect();
        let (threads, workspace) = (io.threads(), io.workspace());
        let (state, room) = workspace.split_at_mut(2 * self.state);
        let halves = state.split_at_mut(self.state);
        self.begin(io, &mut stacked);
        let is_long = self.is_long();
        for turn in 0..self.length {
            if is_long && threads.stopped() {
                return Err(Fault::Stopped);
            }
            let (now, next) = if turn % 2 == 0 { (&*halves.0, &mut *halves.1) } else { (&*halves.1, &mut *halves.0) };
            let places = self.places(turn);
            let (mut found, mut left, mut to) = (SmallVec::<[&[u8]; 64]>::new(), Slices::new(), Slices::new());
            for (of, all) in self.stacked.iter().zip(&mut stacked) {
                let (read, write) = of.rows(all, places);
                found.push(read);
                left.push(write);
            }
            self.leave(&mut to, &mut left, &mut last, (next, places.after.is_none()));
            let computed = self.stacked.iter().zip(&mut left).filter(|(all, _)| !all.before);
            to.extend(computed.map(|(_, row)| take(row)));
            let inputs = self.inputs(io, places, &found, now);
            self.step.run(room, inputs, to.drain(..), threads)?;
        }
        self.finish(io, &mut last, &stacked);
        Ok(())
    }
}

type Slices<'a> = SmallVec<[&'a mut [u8]; 64]>;

/// Steps, and multiplications and additions in all, from which on a loop takes milliseconds.
const MANY_STEPS: usize = 10_000;
const MANY_FLOPS: f64 = 1e9;

impl ScanKernel {
    fn is_long(&self) -> bool {
        self.steps >= MANY_STEPS || self.flops().is_some_and(|flops| flops >= MANY_FLOPS)
    }

    fn places(&self, turn: usize) -> Places {
        let place = |turn: usize| if self.reverse { self.length - 1 - turn } else { turn };
        let after = (turn + 1 < self.length).then(|| place(turn + 1));
        Places { before: turn.checked_sub(1).map(place), at: place(turn), after }
    }

    /// The first rows of what is kept as the turns find it.
    fn begin(&self, io: &Io<'_>, stacked: &mut Slices<'_>) {
        if self.length == 0 {
            return;
        }
        let first = self.places(0).at;
        for (index, carry) in self.carries.iter().enumerate() {
            if let Home::Before(all) = carry.home {
                stacked[all][first * carry.bytes..][..carry.bytes].copy_from_slice(io.input_bytes(index));
            }
        }
    }

    /// What a turn reads: the carries, a row of each sequence, the constants.
    fn inputs<'a>(
        &'a self,
        io: &Io<'a>,
        places: Places,
        found: &'a [&'a [u8]],
        now: &'a [u8],
    ) -> impl Iterator<Item = &'a [u8]> {
        let mut start = 0;
        let carried = self.carries.iter().enumerate().map(move |(index, carry)| {
            let place = start..start + carry.bytes;
            start += carry.room();
            match carry.home {
                _ if places.before.is_none() => &io.input_bytes(index)[..carry.bytes],
                Home::Before(all) | Home::After(all) => found[all],
                Home::State => &now[place],
            }
        });
        let first = self.carries.len();
        let rows = self.widths.iter().enumerate();
        let rows = rows.map(move |(row, &width)| &io.input_bytes(first + row)[places.at * width..][..width]);
        carried.chain(rows).chain((first + self.widths.len()..io.inputs()).map(|input| io.input_bytes(input)))
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
    fn finish(&self, io: &Io<'_>, last: &mut Slices<'_>, stacked: &Slices<'_>) {
        for (index, (carry, last)) in self.carries.iter().zip(last).enumerate() {
            match (carry.home, self.length.checked_sub(1)) {
                (_, None) => last.copy_from_slice(io.input_bytes(index)),
                (Home::After(all), Some(turn)) => {
                    let at = self.places(turn).at;
                    last.copy_from_slice(&stacked[all][at * carry.bytes..][..carry.bytes]);
                }
                (Home::Before(_) | Home::State, Some(_)) => {}
            }
        }
    }
}
