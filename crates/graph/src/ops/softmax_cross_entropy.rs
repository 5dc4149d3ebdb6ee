//! The cross-entropy between target distributions and the softmax of logits.

use crate::error::{Error, Result};
use crate::op::{Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Io, Lowering, Op, Specs};
use crate::ops::kernel::kernel_for;
use crate::ops::softmax::{check_rows, rows, sum_rows};
use crate::ops::{log_softmax, reshape, softmax};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::cross_entropy::SoftmaxCrossEntropy as Rows;
use ferrograd_kernels::dispatch;
use ferrograd_kernels::isa::Isa;
use smallvec::smallvec;
use std::sync::Arc;

/// `y = −Σᵢ tᵢ · ln softmax(x)ᵢ` over the last axis: logits `x` (…, classes), targets `t` alike → (…).
#[derive(Clone, Copy, Debug)]
pub struct SoftmaxCrossEntropy;

/// `−Σᵢ tᵢ · ln softmax(x)ᵢ` over the last axis.
///
/// # Errors
/// `ERR_SHAPE` where the shapes differ or are scalars, `ERR_DTYPE` where the dtypes differ or are not floats.
pub fn softmax_cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    Tensor::apply(SoftmaxCrossEntropy, &[logits, targets])
}

/// Refuses more classes than an int32 numbers, on any instruction set.
pub(crate) fn check_classes(op: &str, shape: &Shape) -> Result<()> {
    let [rows, cols] = rows(shape);
    Rows::new(rows, cols, Isa::Portable).map(drop).map_err(|why| Error::shape(format!("{op}: {why}")))
}

/// One number per row, as a column beside the rows of `shape`.
pub(crate) fn column(per_row: &Tensor, shape: &Shape) -> Result<Tensor> {
    reshape(per_row, &shape.reduced(&[shape.rank() - 1], true))
}

impl Op for SoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "softmaxCrossEntropy"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [logits, targets] = inputs else { unreachable!("two inputs") };
        check_rows("softmaxCrossEntropy", logits)?;
        if logits.dtype != targets.dtype {
            let what =
                format!("softmaxCrossEntropy: expected targets of the logits' dtype, got {targets} for {logits}");
            return Err(Error::dtype(what));
        }
        if logits.shape != targets.shape {
            let (a, b) = (&logits.shape, &targets.shape);
            return Err(Error::shape(format!(
                "softmaxCrossEntropy: expected targets of the logits' shape {a}, got {b}"
            )));
        }
        check_classes("softmaxCrossEntropy", &logits.shape)?;
        Ok(smallvec![Spec::new(logits.shape.reduced(&[logits.shape.rank() - 1], false), logits.dtype)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let [rows, cols] = rows(&inputs[0].shape);
        dispatch!(inputs[0].dtype, T: Float => kernel_for("softmaxCrossEntropy", move |site| {
            let entropy = Rows::new(rows, cols, site.target.isa).expect("checked by infer");
            move |io: &mut Io<'_>| {
                let y = io.output::<T>(0);
                entropy.loss(io.threads(), io.input::<T>(0), io.input::<T>(1), y);
                Ok(())
            }
        }))
    }

    /// `dx = (softmax(x) · Σt − t) · dy`, `dt = −ln softmax(x) · dy`
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (x, t) = (&node.inputs[0], &node.inputs[1]);
        let dy = column(node.dy(), x.shape())?;
        let dx = if node.needs[0] { Some((softmax(x)? * sum_rows(t)? - t) * &dy) } else { None };
        let dt = if node.needs[1] { Some(-(log_softmax(x)? * &dy)) } else { None };
        Ok(smallvec![dx, dt])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "softmaxCrossEntropy",
    doc: "`y = −Σᵢ tᵢ · ln softmax(x)ᵢ` over the last axis: logits (…, classes), targets alike → (…).",
    inputs: Inputs::Named(&["logits", "targets"]),
    outputs: 1,
    attributes: &[],
    read: |_| Ok(Arc::new(SoftmaxCrossEntropy)),
    examples: || {
        let case = |shape: &[usize]| Example {
            op: Arc::new(SoftmaxCrossEntropy),
            inputs: vec![ExampleInput::float(shape, -2.0..2.0), ExampleInput::float(shape, 0.0..1.0)],
            smooth: true,
        };
        vec![case(&[3, 5]), case(&[2, 2, 3]), case(&[4, 1]), case(&[17]), case(&[0, 3])]
    },
};
