//! The gradient of a loop: a loop that runs the other way.
//!
//! What it reads of the forward steps, the forward loop saves: where a gradient is drawn, a longer form of that loop stands
//! for it. Gradients of constants are sums over the steps. Where a term is a product, or the sum of a larger tensor, the
//! steps give the factors, and one product of the stacked ones follows the loop; other terms are added up in its state.

use super::body::Body;
use super::{Course, Scan, Step, drawn, is_view};
use crate::error::Result;
use crate::gradient::{Key, ancestors, key, pull_back};
use crate::op::{Access, Backward, Binary, Contract, Epilogue, Gradients, Lowering, Reduce, Scalar, View};
use crate::ops::{add, matmul, reshape, sum, transpose};
use crate::shape::Shape;
use crate::tensor::{Source, Tensor};
use std::collections::{HashMap, HashSet};

/// More than so many tensors are not saved: the way back computes them anew from the carries.
const SAVED: usize = 48;

/// Where so many tensors leave the steps already, what is left of a sum is added up in the state.
const FACTORS: usize = 32;

pub(super) fn gradient(forward: &Scan, node: &Backward<'_>) -> Result<Gradients> {
    let like = |tensor: &Tensor| Tensor::placeholder(tensor.spec().clone());
    let Scan { body, carries, .. } = forward;
    let carried: Vec<usize> = (0..*carries).filter(|&carry| body.outputs[carry].dtype().is_float()).collect();
    let arriving: Vec<usize> = (*carries..body.outputs.len()).filter(|&output| node.grads[output].is_some()).collect();
    let seeds: Vec<Tensor> = carried.iter().map(|&carry| like(&body.outputs[carry])).collect();
    let rows: Vec<Tensor> = arriving.iter().map(|&output| like(&body.outputs[output])).collect();
    let seeded = carried.iter().chain(&arriving).map(|&output| body.outputs[output].clone());
    let seeded: Vec<_> = seeded.zip(seeds.iter().chain(&rows).cloned()).collect();
    let wanted: Vec<usize> = (0..body.inputs.len())
        .filter(|&input| if input < *carries { carried.contains(&input) } else { node.needs[input] })
        .collect();
    let pulled = pull_back(&seeded, &wanted.iter().map(|&input| body.inputs[input].clone()).collect::<Vec<_>>())?;

    let zeros = |tensor: &Tensor| Tensor::fill(tensor.shape().clone(), tensor.dtype(), 0.0);
    let sequences = arriving.iter().map(|&output| node.grads[output].clone().expect("one that arrives")).collect();
    let mut back = Way { carries: seeds, rows, sequences, segments: forward.segment.is_some(), ..Way::default() };
    for &carry in &carried {
        back.init.push(node.grads[carry].clone().unwrap_or_else(|| zeros(&node.outputs[carry])));
    }
    let mut parts: Vec<(usize, Part)> = Vec::new();
    let first_constant = carries + forward.rows;
    for (&input, grad) in wanted.iter().zip(pulled) {
        let inside = &body.inputs[input];
        if input < *carries {
            back.next.push(grad.unwrap_or_else(|| zeros(inside)));
        } else if let Some(grad) = grad {
            parts.push((input, if input < first_constant { Part::Row(back.keep(&grad)) } else { back.sum(&grad) }));
        }
    }
    let run = back.run(forward, node)?;
    let mut grads: Gradients = node.inputs.iter().map(|_| None).collect();
    for (place, &carry) in carried.iter().enumerate() {
        grads[carry] = node.needs[carry].then(|| run.carries[place].clone());
    }
    for (input, part) in parts {
        grads[input] = Some(part.total(&run)?);
    }
    Ok(grads)
}

/// How the gradient of an input comes out of the way back.
enum Part {
    /// An output: that of a sequence.
    Row(usize),
    /// Added up in a carry.
    Carried(usize),
    /// `Σₜ aₜ · bₜ` of outputs, each perhaps transposed.
    Product {
        a: usize,
        b: usize,
        transpose_a: bool,
        transpose_b: bool,
    },
    /// The sum of an output over the steps and some axes.
    Sum {
        x: usize,
        axes: Vec<usize>,
        shape: Shape,
    },
    /// The same numbers in another shape.
    Reshape(Box<Part>, Shape),
    Add(Box<Part>, Box<Part>),
}

/// The way back as it is drawn, still of tensors of the forward step.
#[derive(Default)]
struct Way {
    carries: Vec<Tensor>,
    init: Vec<Tensor>,
    rows: Vec<Tensor>,
    sequences: Vec<Tensor>,
    next: Vec<Tensor>,
    outputs: Vec<Tensor>,
    /// Whether a turn is a segment.
    segments: bool,
}

/// The way back at its end.
struct Run {
    carries: Vec<Tensor>,
    outputs: Vec<Tensor>,
}

impl Way {
    /// An output of the steps; the same one where it is kept already.
    fn keep(&mut self, tensor: &Tensor) -> usize {
        let known = self.outputs.iter().position(|output| output == tensor);
        known.unwrap_or_else(|| {
            self.outputs.push(tensor.clone());
            self.outputs.len() - 1
        })
    }

    /// A term that is added up over the turns: in the state where these are segments, whose factors would be those of all steps.
    fn sum(&mut self, term: &Tensor) -> Part {
        if self.segments { self.add_up(term) } else { self.split(term) }
    }

    /// How a term that is added up over the steps is best had.
    fn split(&mut self, term: &Tensor) -> Part {
        let (Source::Op(op), inputs) = term.source() else { return self.add_up(term) };
        if self.outputs.len() >= FACTORS {
            return self.add_up(term);
        }
        let specs: Vec<_> = inputs.iter().map(|input| input.spec().clone()).collect();
        match op.lower(&specs, std::slice::from_ref(term.spec())) {
            Lowering::Elementwise(Scalar::Binary(Binary::Add)) if specs.iter().all(|spec| spec == term.spec()) => {
                // The first is the sum of what arrived before: once there are enough factors, it goes as a whole.
                let last = self.split(&inputs[1]);
                Part::Add(Box::new(self.split(&inputs[0])), Box::new(last))
            }
            Lowering::View(View::Reshape) => Part::Reshape(Box::new(self.split(&inputs[0])), term.shape().clone()),
            Lowering::Reduce { op: Reduce::Sum, axes, scale: None } => {
                Part::Sum { x: self.keep(&inputs[0]), axes, shape: term.shape().clone() }
            }
            Lowering::Contract(Contract {
                a: Access::Matrix { transposed: transpose_a },
                b: Access::Matrix { transposed: transpose_b },
                epilogue: Epilogue::NONE,
            }) if specs.iter().all(|spec| spec.shape.rank() == 2) => {
                Part::Product { a: self.keep(&inputs[0]), b: self.keep(&inputs[1]), transpose_a, transpose_b }
            }
            _ => self.add_up(term),
        }
    }

    fn add_up(&mut self, term: &Tensor) -> Part {
        let so_far = Tensor::placeholder(term.spec().clone());
        self.next.push(&so_far + term);
        self.init.push(Tensor::fill(term.shape().clone(), term.dtype(), 0.0));
        self.carries.push(so_far);
        Part::Carried(self.carries.len() - 1)
    }

    /// Draws it: what it reads of the forward steps comes in as sequences.
    fn run(mut self, forward: &Scan, node: &Backward<'_>) -> Result<Run> {
        let mut cut = Cut::new(forward, node, self.next.iter().chain(&self.outputs));
        let next = self.next.iter().map(|root| cut.value(root)).collect::<Result<Vec<_>>>()?;
        let outputs = self.outputs.iter().map(|root| cut.value(root)).collect::<Result<Vec<_>>>()?;
        let (rows, saved) = cut.finish()?;
        self.rows.extend(rows);
        self.sequences.extend(saved);
        // An output that is a row of the way back already is its sequence.
        let given = |output: &Tensor| self.rows.iter().position(|row| row == output);
        let kept: Vec<Tensor> = outputs.iter().filter(|output| given(output).is_none()).cloned().collect();
        let step = Step { carries: &self.carries, rows: &self.rows, next: &next, outputs: &kept };
        let Course { length, reverse } = forward.course;
        let back = Course { length, reverse: !reverse };
        let done = drawn(&step, &self.init, &self.sequences, back, forward.segment)?;
        let mut own = done.outputs.into_iter();
        let all = outputs.iter().map(|output| match given(output) {
            Some(row) => self.sequences[row].clone(),
            None => own.next().expect("an output for each that is kept"),
        });
        Ok(Run { carries: done.carries, outputs: all.collect() })
    }
}

/// What the way back reads of the forward steps.
struct Cut<'a> {
    forward: &'a Scan,
    node: &'a Backward<'a>,
    /// Nodes of the forward step.
    own: HashSet<usize>,
    /// Whether only carries are saved, and all else is computed anew.
    lean: bool,
    values: HashMap<Key, Tensor>,
    /// (a tensor of the forward step, the row that stands for it)
    saved: Vec<(Tensor, Tensor)>,
    /// (a sequence of the loop, the row that stands for its element)
    rows: Vec<(Tensor, Tensor)>,
}

impl<'a> Cut<'a> {
    fn new<'b>(forward: &'a Scan, node: &'a Backward<'a>, roots: impl Iterator<Item = &'b Tensor>) -> Cut<'a> {
        let own = ancestors(forward.body.outputs.iter().cloned());
        let own: HashSet<usize> = own.iter().chain(&forward.body.inputs).map(Tensor::node_id).collect();
        let order = ancestors(roots.cloned());
        let reads = order.iter().filter(|tensor| !own.contains(&tensor.node_id())).flat_map(|tensor| tensor.source().1);
        let read: HashSet<Key> =
            reads.filter(|input| own.contains(&input.node_id())).map(|input| key(&input)).collect();
        let lean = forward.segment.is_some() || read.len() > SAVED;
        Cut { forward, node, own, lean, values: HashMap::new(), saved: Vec::new(), rows: Vec::new() }
    }

    /// What stands for a tensor on the way back.
    fn value(&mut self, root: &Tensor) -> Result<Tensor> {
        let mut stack = vec![root.clone()];
        while let Some(tensor) = stack.last().cloned() {
            if self.values.contains_key(&key(&tensor)) || self.leaf(&tensor) {
                stack.pop();
                continue;
            }
            let (Source::Op(op), inputs) = tensor.source() else { unreachable!("other sources are leaves") };
            let before = stack.len();
            stack.extend(inputs.iter().filter(|input| !self.values.contains_key(&key(input))).cloned());
            if stack.len() == before {
                let inputs = inputs.iter().map(|input| self.values[&key(input)].clone()).collect();
                let copies = Tensor::apply_all(op, inputs)?;
                self.values.extend(tensor.siblings().iter().zip(copies).map(|(own, copy)| (key(own), copy)));
                stack.pop();
            }
        }
        Ok(self.values[&key(root)].clone())
    }

    /// Takes in what is not copied with its inputs; false where it is.
    fn leaf(&mut self, tensor: &Tensor) -> bool {
        let value = if !self.own.contains(&tensor.node_id()) {
            if matches!(tensor.source().0, Source::Op(_)) {
                return false;
            }
            tensor.clone()
        } else {
            match tensor.source().0 {
                Source::Fill(_) => tensor.clone(),
                Source::Placeholder => self.input(tensor),
                Source::Op(_) if self.lean || is_view(tensor) => return false,
                Source::Op(_) | Source::Value | Source::Variable(_) => self.save(tensor),
            }
        };
        self.values.insert(key(tensor), value);
        true
    }

    fn input(&mut self, tensor: &Tensor) -> Tensor {
        let inputs = &self.forward.body.inputs;
        let index = inputs.iter().position(|input| input == tensor).expect("a body has no other placeholders");
        if index < self.forward.carries {
            return self.save(tensor);
        }
        let given = self.node.inputs[index].clone();
        if index >= self.forward.carries + self.forward.rows {
            return given;
        }
        let row = Tensor::placeholder(tensor.spec().clone());
        self.rows.push((given, row.clone()));
        row
    }

    fn save(&mut self, tensor: &Tensor) -> Tensor {
        let row = Tensor::placeholder(tensor.spec().clone());
        self.saved.push((tensor.clone(), row.clone()));
        row
    }

    /// The rows, and the sequences that they are of: outputs of the loop, longer by what it has to save.
    fn finish(self) -> Result<(Vec<Tensor>, Vec<Tensor>)> {
        let Scan { body, carries, rows, course, identity, .. } = self.forward;
        let mut outputs = body.outputs.clone();
        let mut places = Vec::new();
        for (tensor, _) in &self.saved {
            let known = outputs.iter().skip(*carries).position(|output| output == tensor);
            places.push(known.map_or(outputs.len(), |known| known + carries));
            if known.is_none() {
                outputs.push(tensor.clone());
            }
        }
        let all = if outputs.len() == body.outputs.len() {
            self.node.outputs.to_vec()
        } else {
            let body = Body { inputs: body.inputs.clone(), outputs };
            let longer = Scan {
                segment: self.forward.segment,
                extends: Some(identity.clone()),
                ..Scan::new(body, *carries, *rows, *course)?
            };
            longer.apply(self.node.inputs.to_vec())?.1
        };
        let saved = self.saved.iter().zip(places).map(|((_, row), place)| (row.clone(), all[place].clone()));
        Ok(self.rows.iter().map(|(all, row)| (row.clone(), all.clone())).chain(saved).unzip())
    }
}

impl Part {
    /// The sum over all steps.
    fn total(&self, run: &Run) -> Result<Tensor> {
        match self {
            Part::Row(output) => Ok(run.outputs[*output].clone()),
            Part::Carried(carry) => Ok(run.carries[*carry].clone()),
            Part::Product { a, b, transpose_a, transpose_b } => {
                let a = deep(&run.outputs[*a], !transpose_a)?;
                let b = deep(&run.outputs[*b], *transpose_b)?;
                matmul(&a, &b, true, false)
            }
            Part::Sum { x, axes, shape } => {
                let axes: Vec<usize> = std::iter::once(0).chain(axes.iter().map(|axis| axis + 1)).collect();
                reshape(&sum(&run.outputs[*x], &axes, false)?, shape)
            }
            Part::Reshape(part, shape) => reshape(&part.total(run)?, shape),
            Part::Add(a, b) => add(&a.total(run)?, &b.total(run)?),
        }
    }
}

/// (length, depth, n), or (length, n, depth) where it is `wide`, as (length · depth, n).
fn deep(all: &Tensor, wide: bool) -> Result<Tensor> {
    let all = if wide { transpose(all, &[0, 2, 1])? } else { all.clone() };
    let (length, depth, n) = (all.shape()[0], all.shape()[1], all.shape()[2]);
    reshape(&all, &[length * depth, n].into())
}
