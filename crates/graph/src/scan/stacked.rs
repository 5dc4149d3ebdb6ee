//! An op on the numbers of all steps at once.

use crate::error::Result;
use crate::op::{Access, Lowering, Op, View};
use crate::ops::{broadcast_to, reshape, slice, transpose};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use std::iter::once;
use std::sync::Arc;

/// An input of a step: of all steps, (length, …), or the same for each.
#[derive(Clone)]
pub(crate) enum Operand {
    All(Tensor),
    Same(Tensor),
}

/// `op` of all steps, (length, …), where it is one of those that go through all at once; `output` is that of one step.
pub(crate) fn apply(
    op: &Arc<dyn Op>,
    inputs: &[Operand],
    specs: &[Spec],
    output: &Spec,
    length: usize,
) -> Result<Option<Tensor>> {
    match op.lower(specs, std::slice::from_ref(output)) {
        Lowering::Elementwise(_) => elementwise(op, inputs, output.shape.rank(), length).map(Some),
        Lowering::View(view) => match inputs {
            [Operand::All(x)] => viewed(&view, x, output, length).map(Some),
            _ => Ok(None),
        },
        Lowering::Contract(contract) => match (inputs, &contract.a) {
            ([Operand::All(a), Operand::Same(b)], Access::Matrix { transposed: false })
                if a.shape().rank() == 3 && b.shape().rank() == 2 =>
            {
                let rows = reshape(a, &[length * a.shape()[1], a.shape()[2]].into())?;
                let product = Tensor::apply_all(op.clone(), [rows, b.clone()].into_iter().collect())?.swap_remove(0);
                reshape(&product, &all(&output.shape, length)).map(Some)
            }
            _ => Ok(None),
        },
        Lowering::Reduce { .. } | Lowering::Kernel(_) => Ok(None),
    }
}

/// (length, …)
fn all(shape: &[usize], length: usize) -> Shape {
    once(length).chain(shape.iter().copied()).collect()
}

/// With axes of 1 behind that of the steps, so that the others meet.
fn aligned(x: &Tensor, rank: usize, length: usize) -> Result<Tensor> {
    let own = &x.shape()[1..];
    let ones = std::iter::repeat_n(1, rank.saturating_sub(own.len()));
    reshape(x, &once(length).chain(ones).chain(own.iter().copied()).collect())
}

fn elementwise(op: &Arc<dyn Op>, inputs: &[Operand], rank: usize, length: usize) -> Result<Tensor> {
    let input = |input: &Operand| match input {
        Operand::All(x) => aligned(x, rank, length),
        Operand::Same(x) => Ok(x.clone()),
    };
    let inputs = inputs.iter().map(input).collect::<Result<_>>()?;
    Ok(Tensor::apply_all(op.clone(), inputs)?.swap_remove(0))
}

fn viewed(view: &View, x: &Tensor, output: &Spec, length: usize) -> Result<Tensor> {
    let shape = all(&output.shape, length);
    match view {
        View::Reshape => reshape(x, &shape),
        View::Broadcast => broadcast_to(&aligned(x, output.shape.rank(), length)?, &shape),
        View::Transpose(perm) => transpose(x, &once(0).chain(perm.iter().map(|axis| axis + 1)).collect::<Vec<usize>>()),
        View::Slice { start, step } => {
            let start: Vec<usize> = once(0).chain(start.iter().copied()).collect();
            let step: Vec<isize> = once(1).chain(step.iter().copied()).collect();
            slice(x, &start, &shape, &step)
        }
    }
}
