//! The logarithm of softmax over the last axis.

use crate::error::Result;
use crate::op::{Backward, Declaration, Gradients, Inputs, Lowering, Op, Specs};
use crate::ops::softmax;
use crate::ops::softmax::{check_rows, lower_rows, row_examples, sum_rows};
use crate::shape::Spec;
use crate::tensor::Tensor;
use ferrograd_kernels::softmax::SoftmaxKind;
use smallvec::smallvec;
use std::sync::Arc;

/// `yᵢ = xᵢ − ln Σⱼ eˣʲ` over the last axis.
#[derive(Clone, Copy, Debug)]
pub struct LogSoftmax;

/// `xᵢ − ln Σⱼ eˣʲ` over the last axis.
///
/// # Errors
/// `ERR_SHAPE` for a scalar, `ERR_DTYPE` for other than floats.
pub fn log_softmax(x: &Tensor) -> Result<Tensor> {
    Tensor::apply(LogSoftmax, &[x])
}

impl Op for LogSoftmax {
    fn name(&self) -> &'static str {
        "logSoftmax"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        check_rows("logSoftmax", &inputs[0])?;
        Ok(smallvec![inputs[0].clone()])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        lower_rows("logSoftmax", SoftmaxKind::LogSoftmax, &inputs[0])
    }

    /// `dx = dy − softmax(x) · Σ dy`
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let dy = node.dy();
        Ok(smallvec![Some(dy - softmax(&node.inputs[0])? * sum_rows(dy)?)])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "logSoftmax",
    doc: "`yᵢ = xᵢ − ln Σⱼ eˣʲ` over the last axis.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &[],
    read: |_| Ok(Arc::new(LogSoftmax)),
    examples: || row_examples(Arc::new(LogSoftmax)),
};
