//! A loop at its run: the program of its step, turn after turn over one small arena.

use super::{Course, Scan};
use crate::compile::compile;
use crate::op::{Fault, Io, Kernel, Recipe, Site};
use crate::program::Program;
use smallvec::SmallVec;
use std::mem::swap;
use std::ops::Range;

/// Parts of the workspace begin at multiples of this.
const ALIGNMENT: usize = 64;

/// How a loop is computed.
#[derive(Debug)]
pub(crate) struct Turns {
    pub scan: Scan,
}

impl Recipe for Turns {
    /// The step gives only what somebody reads.
    fn cpu(&self, site: &Site<'_>) -> Box<dyn Kernel> {
        let Scan { body, carries, course, .. } = &self.scan;
        let read = |output: &usize| output < carries || site.live >> output & 1 == 1;
        let kept: Vec<usize> = (0..body.outputs.len()).filter(read).collect();
        let outputs: Vec<_> = kept.iter().map(|&output| body.outputs[output].clone()).collect();
        let step = body.request(&outputs, |request| compile(request, site.target)).expect("a step that was drawn");
        let mut end = 0;
        let place = |carry: usize| {
            let start = end;
            let bytes = body.outputs[carry].spec().bytes();
            end += bytes.next_multiple_of(ALIGNMENT);
            start..start + bytes
        };
        let places = (0..*carries).map(place).collect();
        let rows = self.scan.rows;
        let widths = body.inputs[*carries..][..rows].iter().map(|row| row.spec().bytes()).collect();
        let (outputs, Course { length, reverse }) = (body.outputs.len(), *course);
        Box::new(ScanKernel { step, kept, outputs, places, state: end, widths, length, reverse })
    }
}

struct ScanKernel {
    step: Program,
    /// Which output of the loop each output of the step belongs to.
    kept: Vec<usize>,
    /// How many outputs the loop has.
    outputs: usize,
    /// Where each carry lies in the state.
    places: Vec<Range<usize>>,
    /// Bytes of the state.
    state: usize,
    /// Bytes of a row of each sequence.
    widths: Vec<usize>,
    length: usize,
    reverse: bool,
}

impl Kernel for ScanKernel {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn describe(&self) -> Option<String> {
        let kernels: Vec<&str> = self.step.step_names().collect();
        Some(format!("{} × ({})", self.length, kernels.join(", ")))
    }

    fn flops(&self) -> Option<f64> {
        let of_step: f64 = self.step.kernels().iter().filter_map(|kernel| kernel.flops).sum();
        (of_step > 0.0).then_some(of_step * self.length as f64)
    }

    fn may_stop(&self) -> bool {
        self.step.may_stop()
    }

    /// The state twice, for a step to read one and write the other; then what the step works in.
    fn workspace(&self) -> usize {
        2 * self.state + self.step.turn_bytes()
    }

    fn run(&self, io: &mut Io<'_>) -> Result<(), Fault> {
        let carries = self.places.len();
        let mut outputs: SmallVec<[&mut [u8]; 64]> = SmallVec::new();
        outputs.extend((0..self.outputs).map(|output| io.output_bytes(output)));
        let (threads, workspace) = (io.threads(), io.workspace());
        let (state, room) = workspace.split_at_mut(2 * self.state);
        let (mut now, mut next) = state.split_at_mut(self.state);
        for (carry, place) in self.places.iter().enumerate() {
            now[place.clone()].copy_from_slice(&io.input_bytes(carry)[..place.len()]);
        }
        for turn in 0..self.length {
            let at = if self.reverse { self.length - 1 - turn } else { turn };
            let input = |index: usize| match index.checked_sub(carries) {
                None => &now[self.places[index].clone()],
                Some(row) => match self.widths.get(row) {
                    Some(&width) => &io.input_bytes(index)[at * width..][..width],
                    None => io.input_bytes(index),
                },
            };
            let keep = |index: usize, value: &[u8]| match self.places.get(index) {
                Some(place) => next[place.clone()].copy_from_slice(value),
                None => outputs[self.kept[index]][at * value.len()..][..value.len()].copy_from_slice(value),
            };
            self.step.turn(room, input, keep, threads)?;
            swap(&mut now, &mut next);
        }
        for (carry, place) in self.places.iter().enumerate() {
            outputs[carry][..place.len()].copy_from_slice(&now[place.clone()]);
        }
        Ok(())
    }
}
