//! Loops whose samples do not meet: threads go through the whole loop side by side, each with some samples of the batch, and
//! wait for each other once.

use super::Scan;
use super::body::Body;
use super::stacked::Operand;
use crate::gradient::{Key, ancestors, key};
use crate::op::{Access, Lowering, Op, View};
use crate::ops::{broadcast_to, reshape, slice};
use crate::shape::{Shape, Spec};
use crate::tensor::{Source, Tensor};
use ferrograd_kernels::threads::Parts;
use std::collections::HashMap;
use std::iter::once;
use std::sync::Arc;

/// Samples of a part where there are enough for two of them; the fewest.
const SAMPLES: usize = 16;
const FEWEST: usize = 8;
/// Elements, and eight terms of a product for one, that a part has to compute at the least.
const WORK: f64 = 1e5;
/// Bytes of constants that stay in a thread's own cache: of more, threads had better share each product.
const CONSTANTS: usize = 512 * 1024;

/// How a loop is run.
pub(super) struct Division {
    /// How many parts there are.
    pub parts: usize,
    /// The body of one of them.
    pub body: Arc<Body>,
    /// The constants of which each part reads rows of its own.
    pub own: Vec<bool>,
}

/// In parts where that is possible and pays, else as a whole.
pub(super) fn divided(scan: &Scan) -> Division {
    let Scan { body, carries, rows, .. } = scan;
    let whole = || Division { parts: 1, body: body.clone(), own: vec![false; body.inputs.len() - carries - rows] };
    parts(scan).unwrap_or_else(whole)
}

fn parts(scan: &Scan) -> Option<Division> {
    let Scan { body, carries, rows, course, .. } = scan;
    let varying = &body.inputs[..carries + rows];
    let samples = *varying.first()?.shape().first()?;
    let parts = count(samples)?;
    let work = course.length as f64 * ancestors(body.outputs.iter().cloned()).iter().map(work).sum::<f64>();
    if work < WORK * parts as f64 {
        return None;
    }
    let mut part = Part { samples, own: samples / parts, values: HashMap::new(), inputs: Vec::new() };
    for input in varying {
        part.take_rows(input)?;
    }
    for constant in &body.inputs[carries + rows..] {
        part.values.insert(key(constant), Operand::Same(constant.clone()));
        part.inputs.push(constant.clone());
    }
    for tensor in ancestors(body.outputs.iter().cloned()) {
        part.copy(&tensor)?;
    }
    let outputs = body.outputs.iter().map(|output| part.all(output)).collect::<Option<Vec<_>>>()?;
    // One that is read both as a whole and by samples.
    let is_known = |leaf: &Tensor| part.inputs.contains(leaf);
    let leaves = ancestors(outputs.iter().cloned());
    let mut leaves = leaves.iter().filter(|leaf| matches!(leaf.source().0, Source::Placeholder));
    if !leaves.all(is_known) {
        return None;
    }
    let constants = body.inputs[carries + rows..].iter().zip(&part.inputs[carries + rows..]);
    let own: Vec<bool> = constants.map(|(constant, inside)| constant != inside).collect();
    let shared = part.inputs[carries + rows..].iter().zip(&own).filter(|(_, own)| !**own);
    let bytes: usize = shared.map(|(constant, _)| constant.spec().bytes()).sum();
    let body = Arc::new(Body { inputs: part.inputs, outputs });
    (bytes <= CONSTANTS).then_some(Division { parts, body, own })
}

/// Into how many parts of one size so many samples are cut; the number of threads does not count.
fn count(samples: usize) -> Option<usize> {
    let wanted = (samples / if samples >= 2 * SAMPLES { SAMPLES } else { FEWEST }).min(Parts::MOST);
    (2..=wanted).rev().find(|&parts| samples.is_multiple_of(parts))
}

/// What it takes to compute a tensor, in elements.
fn work(tensor: &Tensor) -> f64 {
    let (Source::Op(op), inputs) = tensor.source() else { return 0.0 };
    let specs: Vec<Spec> = inputs.iter().map(|input| input.spec().clone()).collect();
    let size = tensor.shape().size() as f64;
    match op.lower(&specs, std::slice::from_ref(tensor.spec())) {
        Lowering::Contract(contract) => {
            let Access::Matrix { transposed } = contract.a;
            let a = &specs[0].shape;
            size * (1.0 + a[a.rank() - if transposed { 2 } else { 1 }] as f64 / 8.0)
        }
        Lowering::Elementwise(_) | Lowering::Reduce { .. } | Lowering::Kernel(_) => size,
        Lowering::View(_) => 0.0,
    }
}

/// The body of a part while it is made.
struct Part {
    samples: usize,
    /// Samples of the part.
    own: usize,
    values: HashMap<Key, Operand>,
    inputs: Vec<Tensor>,
}

impl Part {
    fn has_samples(&self, shape: &[usize]) -> bool {
        shape.first() == Some(&self.samples)
    }

    /// (samples, …) with the samples of the part.
    fn shape(&self, shape: &[usize]) -> Shape {
        once(self.own).chain(shape[1..].iter().copied()).collect()
    }

    /// An input of the body of which a part has its samples.
    fn take_rows(&mut self, input: &Tensor) -> Option<Tensor> {
        if !self.has_samples(input.shape()) {
            return None;
        }
        let inside = Tensor::placeholder(Spec::new(self.shape(input.shape()), input.dtype()));
        self.values.insert(key(input), Operand::All(inside.clone()));
        self.inputs.push(inside.clone());
        Some(inside)
    }

    /// What stands for a tensor of all samples.
    fn all(&self, tensor: &Tensor) -> Option<Tensor> {
        match self.values.get(&key(tensor))? {
            Operand::All(all) => Some(all.clone()),
            Operand::Same(_) => None,
        }
    }

    /// Copies a tensor whose inputs have been copied; none where its samples meet, or may do.
    fn copy(&mut self, tensor: &Tensor) -> Option<()> {
        if self.values.contains_key(&key(tensor)) {
            return Some(());
        }
        let value = match tensor.source() {
            (Source::Op(op), inputs) if tensor.siblings().len() == 1 => Operand::All(self.apply(&op, &inputs, tensor)?),
            (Source::Fill(_), _) => Operand::Same(tensor.clone()),
            _ => return None,
        };
        self.values.insert(key(tensor), value);
        Some(())
    }

    fn apply(&mut self, op: &Arc<dyn Op>, inputs: &[Tensor], output: &Tensor) -> Option<Tensor> {
        if !self.has_samples(output.shape()) {
            return None;
        }
        let specs: Vec<Spec> = inputs.iter().map(|input| input.spec().clone()).collect();
        let rank = output.shape().rank();
        let parts: Vec<Tensor> = match op.lower(&specs, std::slice::from_ref(output.spec())) {
            Lowering::View(view) => return self.view(op, &view, &self.all(&inputs[0])?, output.shape()),
            Lowering::Elementwise(_) => inputs.iter().map(|input| self.along(input, rank)).collect::<Option<_>>()?,
            Lowering::Reduce { axes, .. } if axes.contains(&0) => return None,
            Lowering::Reduce { .. } => vec![self.all(&inputs[0])?],
            Lowering::Contract(contract) => {
                self.factors(inputs, contract.a == (Access::Matrix { transposed: false }))?
            }
            Lowering::Kernel(_) if op.rows_apart(rank) => {
                inputs.iter().map(|input| self.along(input, rank)).collect::<Option<_>>()?
            }
            Lowering::Kernel(_) => return None,
        };
        let part = Tensor::apply_all(op.clone(), parts.into_iter().collect()).ok()?.swap_remove(0);
        (*part.shape() == self.shape(output.shape())).then_some(part)
    }

    /// Rows by a matrix that all have, or matrices of a sample each.
    fn factors(&self, inputs: &[Tensor], by_rows: bool) -> Option<Vec<Tensor>> {
        let a = self.all(&inputs[0])?;
        let b = match self.values.get(&key(&inputs[1]))? {
            Operand::Same(b) if by_rows && a.shape().rank() == 2 && b.shape().rank() == 2 => b.clone(),
            Operand::All(b) if b.shape().rank() == a.shape().rank() && b.shape().rank() > 2 => b.clone(),
            _ => return None,
        };
        Some(vec![a, b])
    }

    /// An operand that meets results of `rank` axes element by element: the samples of the part, or the same for all.
    fn along(&mut self, input: &Tensor, rank: usize) -> Option<Tensor> {
        let shape = input.shape();
        let is_wide = shape.rank() == rank && self.has_samples(shape);
        match self.values.get(&key(input))? {
            Operand::All(part) => is_wide.then(|| part.clone()),
            Operand::Same(same) if shape.rank() < rank || shape[0] == 1 => Some(same.clone()),
            Operand::Same(_) if !is_wide => None,
            Operand::Same(same) => match same.source().0 {
                Source::Fill(number) => Some(Tensor::fill(self.shape(shape), same.dtype(), number)),
                _ => self.own_rows(input),
            },
        }
    }

    /// A constant of which the part has its samples, wherever it is read.
    fn own_rows(&mut self, constant: &Tensor) -> Option<Tensor> {
        let place = self.inputs.iter().position(|input| input == constant)?;
        let inside = self.take_rows(constant)?;
        self.inputs.swap_remove(place);
        Some(inside)
    }

    fn view(&self, op: &Arc<dyn Op>, view: &View, x: &Tensor, output: &Shape) -> Option<Tensor> {
        let shape = self.shape(output);
        match view {
            View::Reshape => reshape(x, &shape).ok(),
            View::Broadcast if x.shape().rank() == output.rank() => broadcast_to(x, &shape).ok(),
            View::Transpose(perm) if perm[0] == 0 => {
                Some(Tensor::apply_all(op.clone(), once(x.clone()).collect()).ok()?.swap_remove(0))
            }
            View::Slice { start, step } if start[0] == 0 && step[0] == 1 => slice(x, start, &shape, step).ok(),
            View::Broadcast | View::Transpose(_) | View::Slice { .. } => None,
        }
    }
}
