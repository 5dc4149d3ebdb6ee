//! Loops: a step that is drawn once, compiled once, and run along sequences with a carried state.

mod body;
mod gradient;
mod hoist;
mod kernel;
mod parts;
mod segments;
mod stacked;
mod while_loop;

use crate::error::{Error, Result};
use crate::op::{Backward, Gradients, Lowering, Op, Specs};
use crate::shape::{Shape, Spec};
use crate::tensor::{Source, Tensor};
use body::Body;
use hoist::Hoist;
use kernel::Turns;
pub use segments::scan_in_segments;
use std::sync::Arc;
pub use while_loop::{Turn, while_loop};

/// One step of a loop as it was drawn: `(next, outputs) = f(carries, rows)`, the arguments as placeholders. Whatever else
/// it is computed from is constant.
pub struct Step<'a> {
    /// What the step before leaves.
    pub carries: &'a [Tensor],
    /// One element of each sequence.
    pub rows: &'a [Tensor],
    /// What it leaves, like the carries.
    pub next: &'a [Tensor],
    /// What is kept of it.
    pub outputs: &'a [Tensor],
}

/// How a loop goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// How many steps.
    pub length: usize,
    /// True begins at the end; outputs keep the order of the sequences.
    pub reverse: bool,
}

/// What a loop leaves.
pub struct Scanned {
    /// What is carried out of the last step.
    pub carries: Vec<Tensor>,
    /// The outputs of all steps along a new first axis.
    pub outputs: Vec<Tensor>,
}

/// `(cₜ, yₜ) = step(cₜ₋₁, xₜ)` for all elements along the first axis of `sequences`, from `c₀ = init`.
///
/// What the step is computed from besides its placeholders are inputs of the loop, with gradients: what does not change
/// from step to step is computed once, before it. Products with such of what the sequences alone give are one product over
/// all steps.
///
/// # Errors
/// `ERR_SHAPE`, `ERR_DTYPE` where the next carries are not like the carries, or the sequences not of this length.
pub fn scan(step: &Step<'_>, init: &[Tensor], sequences: &[Tensor], course: Course) -> Result<Scanned> {
    check(step, init, sequences, course)?;
    drawn(step, init, sequences, course, None)
}

/// The loop as an op, where `segment` is what [`Scan`] says of it.
fn drawn(
    step: &Step<'_>,
    init: &[Tensor],
    sequences: &[Tensor],
    course: Course,
    segment: Option<usize>,
) -> Result<Scanned> {
    // What is computed of all segments at once has the memory of all.
    let hoist = if segment.is_none() { Hoist::new(step.rows, sequences, course.length) } else { Hoist::nothing() };
    let closed = body::close(step, sequences, hoist)?;
    let inputs: Vec<Tensor> = init.iter().chain(&closed.sequences).chain(&closed.constants).cloned().collect();
    let op = Scan { segment, ..Scan::new(closed.body, init.len(), closed.sequences.len(), course)? };
    Ok(op.apply(inputs)?.0)
}

/// A loop as an op: (initial carries, sequences, constants) → (last carries, outputs of all steps).
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    body: Arc<Body>,
    carries: usize,
    rows: usize,
    course: Course,
    /// Where a turn is a segment: how many steps it is of. Its way back keeps nothing of it but the carries that it begins with.
    segment: Option<usize>,
    identity: Vec<u64>,
    extends: Option<Vec<u64>>,
}

impl Scan {
    fn new(body: Body, carries: usize, rows: usize, course: Course) -> Result<Scan> {
        if body.outputs.len() > 64 || body.inputs.len() > 1 << 16 {
            return Err(Error::config(format!(
                "scan: expected at most 64 tensors out of a step, got {}",
                body.outputs.len()
            )));
        }
        let mut identity = vec![carries as u64, rows as u64, course.length as u64, u64::from(course.reverse)];
        let structure = body.request(&body.outputs, crate::compile::structure)?;
        identity.push(structure.len() as u64);
        identity.extend(structure);
        Ok(Scan { body: Arc::new(body), carries, rows, course, segment: None, identity, extends: None })
    }

    fn apply(self, inputs: Vec<Tensor>) -> Result<(Scanned, Vec<Tensor>)> {
        let carries = self.carries;
        let all = Tensor::apply_all(Arc::new(self), inputs.into())?.into_vec();
        Ok((Scanned { carries: all[..carries].to_vec(), outputs: all[carries..].to_vec() }, all))
    }
}

impl Op for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn identity(&self, out: &mut Vec<u64>) {
        out.extend(&self.identity);
    }

    fn extends(&self) -> Option<&[u64]> {
        self.extends.as_deref()
    }

    fn extendable(&self) -> bool {
        true
    }

    fn infer(&self, _: &[Spec]) -> Result<Specs> {
        let stacked = |output: &Tensor| stacked_spec(output.spec(), self.course.length);
        let (next, outputs) = self.body.outputs.split_at(self.carries);
        Ok(next.iter().map(|next| next.spec().clone()).chain(outputs.iter().map(stacked)).collect())
    }

    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::Kernel(Box::new(Turns { scan: self.clone() }))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        gradient::gradient(self, node)
    }
}

/// True where it is the numbers of another tensor, read otherwise.
fn is_view(tensor: &Tensor) -> bool {
    let (Source::Op(op), inputs) = tensor.source() else { return false };
    let specs: Vec<_> = inputs.iter().map(|input| input.spec().clone()).collect();
    let outputs: Vec<_> = tensor.siblings().iter().map(|output| output.spec().clone()).collect();
    matches!(op.lower(&specs, &outputs), Lowering::View(_))
}

/// (length, …)
fn stacked_spec(spec: &Spec, length: usize) -> Spec {
    let shape: Shape = std::iter::once(length).chain(spec.shape.iter().copied()).collect();
    Spec::new(shape, spec.dtype)
}

fn check(step: &Step<'_>, init: &[Tensor], sequences: &[Tensor], course: Course) -> Result<()> {
    same("scan carry", step.carries, step.next)?;
    same("scan init", step.carries, init)?;
    assert_eq!(step.rows.len(), sequences.len(), "a row for each sequence");
    for (row, sequence) in step.rows.iter().zip(sequences) {
        let expected = stacked_spec(row.spec(), course.length);
        if &expected != sequence.spec() {
            return Err(differs("scan sequence", &expected, sequence.spec()));
        }
    }
    Ok(())
}

/// Refuses tensors of other shapes or types than those expected.
fn same(what: &str, expected: &[Tensor], got: &[Tensor]) -> Result<()> {
    assert_eq!(expected.len(), got.len(), "as many tensors: {what}");
    let wrong = expected.iter().zip(got).find(|(expected, got)| expected.spec() != got.spec());
    wrong.map_or(Ok(()), |(expected, got)| Err(differs(what, expected.spec(), got.spec())))
}

fn differs(what: &str, expected: &Spec, got: &Spec) -> Error {
    let what = format!("{what}: expected {expected}, got {got}");
    if expected.dtype == got.dtype { Error::shape(what) } else { Error::dtype(what) }
}
