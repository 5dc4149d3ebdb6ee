//! The choice between two tensors.

use crate::error::{Error, Result};
use crate::op::{Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Scalar, Specs};
use crate::ops::elementwise::{Takes, broadcast_shape, sum_to};
use crate::shape::Spec;
use crate::tensor::Tensor;
use smallvec::smallvec;
use std::sync::Arc;

/// `y = condition ? a : b` at each element, with broadcasting.
#[derive(Clone, Copy, Debug)]
pub struct Where;

/// `y = condition ? a : b` at each element, with broadcasting.
///
/// # Errors
/// `ERR_DTYPE` where the condition is not bool or `a` and `b` differ in dtype, `ERR_SHAPE` where they do not
/// broadcast.
pub fn select(condition: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    Tensor::apply(Where, &[condition, a, b])
}

/// `x` where the condition holds, 0 elsewhere.
///
/// # Errors
/// As [`select`].
pub fn mask(condition: &Tensor, x: &Tensor) -> Result<Tensor> {
    select(condition, x, &Tensor::scalar(x.dtype(), 0.0))
}

impl Op for Where {
    fn name(&self) -> &'static str {
        "where"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [condition, a, b] = inputs else { unreachable!("three inputs") };
        Takes::Bools.check("where", condition)?;
        if a.dtype != b.dtype {
            return Err(Error::dtype(format!("where: expected two tensors of one dtype, got {a} and {b}")));
        }
        let shape = broadcast_shape("where", &a.shape, &b.shape)?;
        Ok(smallvec![Spec::new(broadcast_shape("where", &condition.shape, &shape)?, a.dtype)])
    }

    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::Elementwise(Scalar::Select)
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (condition, dy) = (&node.inputs[0], node.dy());
        let zero = Tensor::scalar(dy.dtype(), 0.0);
        let fit = |grad: Tensor, i: usize| sum_to(&grad, node.inputs[i].shape());
        let da = node.needs[1].then(|| fit(select(condition, dy, &zero)?, 1)).transpose()?;
        let db = node.needs[2].then(|| fit(select(condition, &zero, dy)?, 2)).transpose()?;
        Ok(smallvec![None, da, db])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "where",
    doc: "`y = condition ? a : b` at each element, with broadcasting.",
    inputs: Inputs::Named(&["condition", "a", "b"]),
    outputs: 1,
    attributes: &[],
    read: |_| Ok(Arc::new(Where)),
    examples: || {
        let case = |c: &[usize], a: &[usize], b: &[usize]| Example {
            op: Arc::new(Where),
            inputs: vec![
                ExampleInput::boolean(c),
                ExampleInput::float(a, -2.0..2.0),
                ExampleInput::float(b, -2.0..2.0),
            ],
            smooth: true,
        };
        vec![case(&[3, 5], &[3, 5], &[3, 5]), case(&[3, 1], &[5], &[]), case(&[], &[2], &[1])]
    },
};
