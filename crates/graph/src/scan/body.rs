//! The body of a loop: a graph of its own, whose every number comes in from outside.

use super::Step;
use super::hoist::Hoist;
use super::is_view;
use crate::compile::Request;
use crate::error::Result;
use crate::gradient::{Key, ancestors, key};
use crate::op::{Access, Epilogue, Lowering, Op};
use crate::ops::{matmul, transpose};
use crate::tensor::{Source, Tensor};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The most rows of a product for which it matters little how the other matrix lies.
const FEW_ROWS: usize = 8;

/// `(next carries, outputs) = f(carries, rows, constants)`
#[derive(Debug)]
pub(crate) struct Body {
    /// Placeholders: carries, rows, constants.
    pub inputs: Vec<Tensor>,
    /// The next carries, then what is kept of a step.
    pub outputs: Vec<Tensor>,
}

impl Body {
    /// Asks something of the program that gives `outputs`.
    pub fn request<R>(&self, outputs: &[Tensor], ask: impl FnOnce(&Request<'_>) -> R) -> R {
        ask(&Request { inputs: &self.inputs, outputs, updates: &[], guard: None })
    }
}

/// A body, and what its rows and constants stand for.
pub(crate) struct Closed {
    pub body: Body,
    pub sequences: Vec<Tensor>,
    pub constants: Vec<Tensor>,
}

/// Cuts a step out of the graph that it was drawn in: what depends on no placeholder of it becomes a constant, what is worth
/// computing for all steps at once becomes a sequence.
pub(crate) fn close(step: &Step<'_>, sequences: &[Tensor], mut hoist: Hoist) -> Result<Closed> {
    let roots = || step.next.iter().chain(step.outputs).cloned();
    let order = ancestors(roots());
    let varying = varying(&order, step);
    let mut closing = Closing::new(step, sequences);
    for tensor in order.iter().filter(|tensor| varying.contains(&tensor.node_id())) {
        hoist.visit(tensor, &varying)?;
        // A view costs nothing where it is read; of all steps it would be copied.
        if hoist.worth(tensor).is_none() || is_view(tensor) {
            closing.copy(tensor, &varying, &hoist)?;
        }
    }
    let outputs = roots().map(|root| closing.value(&root, &varying, &hoist)).collect();
    Ok(closing.finish(step.carries, outputs))
}

/// The nodes that depend on the step's placeholders.
fn varying(order: &[Tensor], step: &Step<'_>) -> HashSet<usize> {
    let mut varying: HashSet<usize> = step.carries.iter().chain(step.rows).map(Tensor::node_id).collect();
    for tensor in order {
        if tensor.source().1.iter().any(|input| varying.contains(&input.node_id())) {
            varying.insert(tensor.node_id());
        }
    }
    varying
}

/// The copy of a step that is being made.
struct Closing {
    values: HashMap<Key, Tensor>,
    rows: Vec<(Tensor, Tensor)>,
    constants: Vec<(Tensor, Tensor)>,
    /// Matrices, and the same with rows for columns.
    turned: Vec<(Tensor, Tensor)>,
}

impl Closing {
    fn new(step: &Step<'_>, sequences: &[Tensor]) -> Closing {
        let own = |tensor: &Tensor| (key(tensor), tensor.clone());
        Closing {
            values: step.carries.iter().chain(step.rows).map(own).collect(),
            rows: step.rows.iter().cloned().zip(sequences.iter().cloned()).collect(),
            constants: Vec::new(),
            turned: Vec::new(),
        }
    }

    /// Copies a node whose inputs have been copied.
    fn copy(&mut self, tensor: &Tensor, varying: &HashSet<usize>, hoist: &Hoist) -> Result<()> {
        let (Source::Op(op), inputs) = tensor.source() else { return Ok(()) };
        if let Some(product) = self.product(&op, tensor, &inputs, varying, hoist)? {
            self.values.insert(key(tensor), product);
            return Ok(());
        }
        let inputs = inputs.iter().map(|input| self.value(input, varying, hoist)).collect();
        let copies = Tensor::apply_all(op, inputs)?;
        self.values.extend(tensor.siblings().iter().zip(copies).map(|(sibling, copy)| (key(sibling), copy)));
        Ok(())
    }

    /// A product with a matrix that is the same at each step and would be turned over at each: it is turned once.
    fn product(
        &mut self,
        op: &Arc<dyn Op>,
        tensor: &Tensor,
        inputs: &[Tensor],
        varying: &HashSet<usize>,
        hoist: &Hoist,
    ) -> Result<Option<Tensor>> {
        let specs: Vec<_> = inputs.iter().map(|input| input.spec().clone()).collect();
        let Lowering::Contract(contract) = op.lower(&specs, std::slice::from_ref(tensor.spec())) else {
            return Ok(None);
        };
        let (Access::Matrix { transposed }, Access::Matrix { transposed: turned }) = (contract.a, contract.b);
        let matrices = inputs.iter().all(|input| input.shape().rank() == 2);
        // Few rows are multiplied row by row, and as fast with the other matrix.
        let many = matrices && tensor.shape()[0] > FEW_ROWS;
        if !turned || !many || varying.contains(&inputs[1].node_id()) || contract.epilogue != Epilogue::NONE {
            return Ok(None);
        }
        let b = self.turned_over(&inputs[1])?;
        let (a, b) = (self.value(&inputs[0], varying, hoist), self.value(&b, varying, hoist));
        matmul(&a, &b, transposed, false).map(Some)
    }

    fn turned_over(&mut self, matrix: &Tensor) -> Result<Tensor> {
        if let Some((_, turned)) = self.turned.iter().find(|(known, _)| known == matrix) {
            return Ok(turned.clone());
        }
        let turned = transpose(matrix, &[1, 0])?;
        self.turned.push((matrix.clone(), turned.clone()));
        Ok(turned)
    }

    /// What stands for a tensor inside.
    fn value(&mut self, tensor: &Tensor, varying: &HashSet<usize>, hoist: &Hoist) -> Tensor {
        if let Some(value) = self.values.get(&key(tensor)) {
            return value.clone();
        }
        if let (Source::Fill(number), _) = tensor.source() {
            // One of its own: what belongs to others may become numbers, which no identity tells apart.
            let own = Tensor::fill(tensor.shape().clone(), tensor.dtype(), number);
            self.values.insert(key(tensor), own.clone());
            return own;
        }
        let inside = Tensor::placeholder(tensor.spec().clone());
        self.values.insert(key(tensor), inside.clone());
        match hoist.worth(tensor).filter(|_| varying.contains(&tensor.node_id())) {
            Some(all) => self.rows.push((inside.clone(), all.clone())),
            None => self.constants.push((inside.clone(), tensor.clone())),
        }
        inside
    }

    /// Leaves out the rows that nothing reads.
    fn finish(self, carries: &[Tensor], outputs: Vec<Tensor>) -> Closed {
        let used: HashSet<usize> = ancestors(outputs.iter().cloned()).iter().map(Tensor::node_id).collect();
        let rows = self.rows.into_iter().filter(|(row, _)| used.contains(&row.node_id()));
        let (rows, sequences): (Vec<_>, Vec<_>) = rows.unzip();
        let (inside, constants): (Vec<_>, Vec<_>) = self.constants.into_iter().unzip();
        let inputs = carries.iter().cloned().chain(rows).chain(inside).collect();
        Closed { body: Body { inputs, outputs }, sequences, constants }
    }
}
