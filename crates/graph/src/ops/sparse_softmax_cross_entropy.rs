//! The cross-entropy between class numbers and the softmax of logits.

use crate::error::{Error, Result};
use crate::op::{Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Io, Lowering, Op, Specs};
use crate::ops::elementwise::Takes;
use crate::ops::kernel::{index_fault, kernel_of_indices_for};
use crate::ops::softmax::{check_rows, rows};
use crate::ops::softmax_cross_entropy::{check_classes, column};
use crate::ops::{cast, equal, iota, one_hot, select, softmax};
use crate::shape::Spec;
use crate::tensor::Tensor;
use ferrograd_kernels::cross_entropy::SoftmaxCrossEntropy as Rows;
use ferrograd_kernels::element::DType;
use smallvec::smallvec;
use std::sync::Arc;

/// Whole numbers up to here are float32, each a number of its own.
const EXACT: usize = 1 << 24;

/// `y = −ln softmax(x)[label]` over the last axis: logits `x` (…, classes), labels (…) int32 → (…).
#[derive(Clone, Copy, Debug)]
pub struct SparseSoftmaxCrossEntropy;

/// `−ln softmax(x)[label]` over the last axis; a label outside the classes stops the run.
///
/// # Errors
/// `ERR_SHAPE` where there is not one label per row, `ERR_DTYPE` where the logits are not floats or the labels not
/// int32.
pub fn sparse_softmax_cross_entropy(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    Tensor::apply(SparseSoftmaxCrossEntropy, &[logits, labels])
}

impl Op for SparseSoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "sparseSoftmaxCrossEntropy"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [logits, labels] = inputs else { unreachable!("two inputs") };
        check_rows("sparseSoftmaxCrossEntropy", logits)?;
        Takes::Indices.check("sparseSoftmaxCrossEntropy", labels)?;
        let out = logits.shape.reduced(&[logits.shape.rank() - 1], false);
        if labels.shape != out {
            let (from, got) = (&logits.shape, &labels.shape);
            let what = format!("expected labels of shape {out} for logits {from}, got {got}");
            return Err(Error::shape(format!("sparseSoftmaxCrossEntropy: {what}")));
        }
        check_classes("sparseSoftmaxCrossEntropy", &logits.shape)?;
        Ok(smallvec![Spec::new(out, logits.dtype)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let [rows, cols] = rows(&inputs[0].shape);
        for_float!(inputs[0].dtype, T => kernel_of_indices_for("sparseSoftmaxCrossEntropy", cols, move |site| {
            let entropy = Rows::new(rows, cols, site.target.isa).expect("checked by infer");
            move |io: &mut Io<'_>| {
                let y = io.output::<T>(0);
                entropy.sparse_loss(io.threads(), io.input::<T>(0), io.input::<i32>(1), y).map_err(index_fault)
            }
        }))
    }

    /// `dx = (softmax(x) − onehot(label)) · dy`, where the ones are found in passing if a float holds the number of each class.
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (x, labels) = (&node.inputs[0], &node.inputs[1]);
        let classes = x.shape()[x.shape().rank() - 1];
        let (y, dy) = (softmax(x)?, column(node.dy(), x.shape())?);
        if x.dtype() == DType::F32 && classes > EXACT {
            return Ok(smallvec![Some((y - one_hot(labels, classes, x.dtype())?) * dy), None]);
        }
        let labels = column(&cast(labels, x.dtype())?, x.shape())?;
        let hit = equal(&labels, &iota(classes, x.dtype())?)?;
        let less = &y - Tensor::scalar(x.dtype(), 1.0);
        Ok(smallvec![Some(select(&hit, &less, &y)? * dy), None])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "sparseSoftmaxCrossEntropy",
    doc: "`y = −ln softmax(x)[label]` over the last axis: logits (…, classes), labels (…) int32 → (…).",
    inputs: Inputs::Named(&["logits", "labels"]),
    outputs: 1,
    attributes: &[],
    read: |_| Ok(Arc::new(SparseSoftmaxCrossEntropy)),
    examples: || {
        let case = |shape: &[usize]| {
            let (&classes, rows) = shape.split_last().expect("not a scalar");
            let inputs = vec![ExampleInput::float(shape, -2.0..2.0), ExampleInput::int(rows, 0..classes as i32)];
            Example { op: Arc::new(SparseSoftmaxCrossEntropy), inputs, smooth: true }
        };
        vec![case(&[3, 5]), case(&[2, 2, 3]), case(&[4, 1]), case(&[17]), case(&[0, 3])]
    },
};
