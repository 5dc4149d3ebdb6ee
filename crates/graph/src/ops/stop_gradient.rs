//! The same numbers, as a constant to the gradient.

use crate::error::Result;
use crate::op::{Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs, View};
use crate::shape::Spec;
use crate::tensor::Tensor;
use smallvec::smallvec;
use std::sync::Arc;

/// `y = x`, but no gradient goes through.
#[derive(Clone, Copy, Debug)]
pub struct StopGradient;

/// `x`, but no gradient goes through.
///
/// # Errors
/// None today.
pub fn stop_gradient(x: &Tensor) -> Result<Tensor> {
    Tensor::apply(StopGradient, &[x])
}

impl Op for StopGradient {
    fn name(&self) -> &'static str {
        "stopGradient"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        Ok(smallvec![inputs[0].clone()])
    }

    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::View(View::Reshape)
    }

    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![None])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "stopGradient",
    doc: "`y = x`, but no gradient goes through.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &[],
    read: |_| Ok(Arc::new(StopGradient)),
    // Its gradient is not its derivative: that is its point, and the tests of `gradient` hold it to it.
    examples: || {
        vec![Example { op: Arc::new(StopGradient), inputs: vec![ExampleInput::int(&[3], 0..9)], smooth: false }]
    },
};
