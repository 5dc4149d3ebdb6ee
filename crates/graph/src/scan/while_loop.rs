//! Loops that go on while a condition holds.

use super::body::{self, Body};
use super::hoist::Hoist;
use super::{Course, Scan, Step, same};
use crate::compile::compile_subprogram;
use crate::error::{Error, Result};
use crate::gradient::{ancestors, key};
use crate::op::{Backward, Fault, Gradients, Io, Kernel, Lowering, Op, Recipe, Site, Specs};
use crate::ops::{select, stop_gradient};
use crate::shape::{Shape, Spec};
use crate::subprogram::{ALIGNMENT, Subprogram};
use crate::tensor::{Source, Tensor};
use ferrograd_kernels::element::DType;
use std::collections::HashMap;
use std::mem::take;
use std::ops::Range;
use std::sync::Arc;

/// One turn of a loop as it was drawn, on placeholders: `go(carries)`, whether there is one more, and
/// `next = f(carries)`. Whatever else these are computed from is constant.
pub struct Turn<'a> {
    /// What the turn before leaves.
    pub carries: &'a [Tensor],
    /// A truth value.
    pub go: &'a Tensor,
    /// What it leaves, like the carries.
    pub next: &'a [Tensor],
}

/// `c = init; while go(c) { c = f(c) }`, at most `most` turns where there is such a bound.
///
/// The way back of a loop with a bound is that of a [`scan`](super::scan) over as many steps, which do nothing once the
/// condition fails; without a bound there is none.
///
/// # Errors
/// `ERR_SHAPE`, `ERR_DTYPE` where the next carries are not like the carries, or the condition is no truth value.
pub fn while_loop(turn: &Turn<'_>, init: &[Tensor], most: Option<usize>) -> Result<Vec<Tensor>> {
    let &Turn { carries, go, next } = turn;
    same("whileLoop carry", carries, next)?;
    same("whileLoop init", carries, init)?;
    let truth = Spec::new(Shape::new(&[]), DType::Bool);
    if go.spec() != &truth {
        return Err(Error::shape(format!("whileLoop condition: expected {truth}, got {}", go.spec())));
    }
    let step = Step { carries, rows: &[], next, outputs: std::slice::from_ref(go) };
    let drawn = body::close(&step, &[], Hoist::nothing())?;
    let inputs = init.iter().chain(&drawn.constants).cloned().collect();
    Ok(Tensor::apply_all(Arc::new(While::new(drawn.body, most)?), inputs)?.into_vec())
}

/// Such a loop as an op: (initial carries, constants) → last carries.
#[derive(Clone, Debug)]
struct While {
    /// Its outputs are the next carries, then the condition.
    body: Arc<Body>,
    most: Option<usize>,
    identity: Vec<u64>,
}

impl While {
    fn new(body: Body, most: Option<usize>) -> Result<While> {
        if body.outputs.len() > 64 {
            let carries = body.outputs.len() - 1;
            return Err(Error::config(format!("whileLoop: expected at most 63 tensors carried, got {carries}")));
        }
        let mut identity = vec![most.map_or(u64::MAX, |most| most as u64)];
        identity.extend(body.request(&body.outputs, crate::compile::structure)?);
        Ok(While { body: Arc::new(body), most, identity })
    }

    fn carries(&self) -> usize {
        self.body.outputs.len() - 1
    }

    /// The same as a loop of as many steps as there may be turns. Where the condition fails a step leaves what it got;
    /// it is computed from the first carries then, of which the body is known to be defined.
    fn steps(&self, inputs: &[Tensor], most: usize) -> Result<(Scan, Vec<Tensor>)> {
        let (init, constants) = inputs.split_at(self.carries());
        let carries: Vec<Tensor> = init.iter().map(|init| Tensor::placeholder(init.spec().clone())).collect();
        let at = |carries: &[Tensor]| copy(&self.body, &[carries, constants].concat());
        let go = at(&carries)?.pop().expect("the condition comes last");
        let guarded = |(carry, init): (&Tensor, &Tensor)| select(&go, carry, &stop_gradient(init)?);
        let inside = carries.iter().zip(init).map(guarded).collect::<Result<Vec<_>>>()?;
        let next = at(&inside)?;
        let next =
            next.iter().zip(&carries).map(|(next, carry)| select(&go, next, carry)).collect::<Result<Vec<_>>>()?;
        let drawn =
            body::close(&Step { carries: &carries, rows: &[], next: &next, outputs: &[] }, &[], Hoist::nothing())?;
        let scan = Scan::new(drawn.body, carries.len(), 0, Course { length: most, reverse: false })?;
        Ok((scan, init.iter().chain(&drawn.constants).cloned().collect()))
    }
}

/// The outputs of a body for other inputs.
fn copy(body: &Body, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    let mut values: HashMap<_, Tensor> = body.inputs.iter().map(key).zip(inputs.iter().cloned()).collect();
    for tensor in ancestors(body.outputs.iter().cloned()) {
        let (Source::Op(op), inputs) = tensor.source() else {
            values.entry(key(&tensor)).or_insert_with(|| tensor.clone());
            continue;
        };
        let inputs = inputs.iter().map(|input| values[&key(input)].clone()).collect();
        let copies = Tensor::apply_all(op, inputs)?;
        values.extend(tensor.siblings().iter().map(key).zip(copies));
    }
    Ok(body.outputs.iter().map(|output| values[&key(output)].clone()).collect())
}

impl Op for While {
    fn name(&self) -> &'static str {
        "while"
    }

    fn identity(&self, out: &mut Vec<u64>) {
        out.push(self.identity.len() as u64);
        out.extend(&self.identity);
    }

    fn infer(&self, _: &[Spec]) -> Result<Specs> {
        Ok(self.body.outputs[..self.carries()].iter().map(|next| next.spec().clone()).collect())
    }

    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::Kernel(Box::new(Turns { of: self.clone() }))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let Some(most) = self.most else {
            let hint = "Say the most turns that there may be: maximumIterations";
            return Err(Error::config(format!(
                "whileLoop: expected a bound where a gradient is drawn, got none. {hint}"
            )));
        };
        let carries = self.carries();
        let (scan, inputs) = self.steps(node.inputs, most)?;
        let (_, outputs) = scan.clone().apply(inputs.clone())?;
        let place =
            |input: &Tensor| node.inputs.iter().skip(carries).position(|own| own == input).map(|at| at + carries);
        let places: Vec<Option<usize>> = (0..carries).map(Some).chain(inputs[carries..].iter().map(place)).collect();
        let needs: Vec<bool> = places.iter().map(|place| place.is_some_and(|place| node.needs[place])).collect();
        let given =
            scan.gradient(&Backward { inputs: &inputs, outputs: &outputs, grads: node.grads, needs: &needs })?;
        let mut grads: Gradients = node.inputs.iter().map(|_| None).collect();
        for (place, grad) in places.into_iter().zip(given) {
            if let Some(place) = place {
                grads[place] = grad;
            }
        }
        Ok(grads)
    }
}

/// How it is computed.
#[derive(Debug)]
struct Turns {
    of: While,
}

impl Recipe for Turns {
    fn cpu(&self, site: &Site<'_>) -> Box<dyn Kernel> {
        let body = &self.of.body;
        let (next, go) = body.outputs.split_at(self.of.carries());
        let program = |outputs: &[Tensor]| {
            let carries = next.len();
            body.request(outputs, |request| compile_subprogram(request, carries, site.target))
                .expect("a turn that was drawn")
        };
        let mut end = 0;
        let place = |carry: &Tensor| {
            let start = end;
            let bytes = carry.spec().bytes();
            end += bytes.next_multiple_of(ALIGNMENT);
            start..start + bytes
        };
        let places = next.iter().map(place).collect();
        let most = self.of.most.unwrap_or(usize::MAX);
        Box::new(WhileKernel { go: program(go), turn: program(next), places, state: end, most })
    }
}

struct WhileKernel {
    go: Subprogram,
    turn: Subprogram,
    /// Where each carry lies in the state.
    places: Vec<Range<usize>>,
    /// Bytes of the state.
    state: usize,
    most: usize,
}

impl WhileKernel {
    /// Bytes that the condition works in.
    fn room_to_go(&self) -> usize {
        self.go.room().next_multiple_of(ALIGNMENT)
    }
}

impl Kernel for WhileKernel {
    fn name(&self) -> &'static str {
        "while"
    }

    fn describe(&self) -> Option<String> {
        let list = |kernels: Vec<&str>| kernels.join(", ");
        let before = list(self.go.standing_kernels().chain(self.turn.standing_kernels()).collect());
        let before = if before.is_empty() { before } else { format!("{before}, then ") };
        let kernels = |turn: &Subprogram| list(turn.kernels().collect());
        Some(format!("{before}({}) ? ({})", kernels(&self.go), kernels(&self.turn)))
    }

    /// Whoever wants it no longer stops it.
    fn may_stop(&self) -> bool {
        true
    }

    /// The state twice, for a turn to read one and write the other; then what each program works in, and keeps.
    fn workspace(&self) -> usize {
        2 * self.state + self.room_to_go() + self.turn.room()
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let (threads, workspace) = (io.threads(), io.workspace());
        let (state, rooms) = workspace.split_at_mut(2 * self.state);
        let (room_to_go, room) = rooms.split_at_mut(self.room_to_go());
        let halves = state.split_at_mut(self.state);
        for (carry, place) in self.places.iter().enumerate() {
            halves.0[place.clone()].copy_from_slice(io.input_bytes(carry));
        }
        let constants = || (self.places.len()..io.inputs()).map(|input| io.input_bytes(input));
        let (mut condition, mut turning) = (self.go.begin(room_to_go, constants()), self.turn.begin(room, constants()));
        let mut turns = 0;
        while turns < self.most {
            if threads.stopped() {
                return Err(Fault::Stopped);
            }
            let (now, next) = if turns % 2 == 0 { (&*halves.0, &mut *halves.1) } else { (&*halves.1, &mut *halves.0) };
            let inputs = self.places.iter().map(|place| &now[place.clone()]);
            let mut go = [0];
            condition.turn(inputs.clone(), std::iter::once(&mut go[..]), threads)?;
            if go == [0] {
                break;
            }
            let mut rest = next;
            let left = self.places.iter().map(|place| {
                let (part, others) = take(&mut rest).split_at_mut(place.len().next_multiple_of(ALIGNMENT));
                rest = others;
                &mut part[..place.len()]
            });
            turning.turn(inputs, left, threads)?;
            turns += 1;
        }
        let now = if turns % 2 == 0 { halves.0 } else { halves.1 };
        for (output, place) in self.places.iter().enumerate() {
            io.output_bytes(output).copy_from_slice(&now[place.clone()]);
        }
        Ok(())
    }
}
