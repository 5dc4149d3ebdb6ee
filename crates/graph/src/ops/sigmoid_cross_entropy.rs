//! The cross-entropy between targets in [0, 1] and the sigmoid of logits, at each element.

use crate::error::{Error, Result};
use crate::op::{Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Io, Lowering, Op, Specs};
use crate::ops::elementwise::Takes;
use crate::ops::kernel::kernel_for;
use crate::ops::sigmoid;
use crate::shape::Spec;
use crate::tensor::Tensor;
use ferrograd_kernels::cross_entropy::sigmoid_cross_entropy as elements;
use ferrograd_kernels::dispatch;
use smallvec::smallvec;
use std::sync::Arc;

/// `y = −t · ln σ(x) − (1 − t) · ln σ(−x)` at each element, as `max(x, 0) − x·t + ln(1 + e^−|x|)`.
#[derive(Clone, Copy, Debug)]
pub struct SigmoidCrossEntropy;

/// `−t · ln σ(x) − (1 − t) · ln σ(−x)` at each element, without overflow.
///
/// # Errors
/// `ERR_SHAPE` where the shapes differ, `ERR_DTYPE` where the dtypes differ or are not floats.
pub fn sigmoid_cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    Tensor::apply(SigmoidCrossEntropy, &[logits, targets])
}

impl Op for SigmoidCrossEntropy {
    fn name(&self) -> &'static str {
        "sigmoidCrossEntropy"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [logits, targets] = inputs else { unreachable!("two inputs") };
        Takes::Floats.check("sigmoidCrossEntropy", logits)?;
        if logits.dtype != targets.dtype {
            let what =
                format!("sigmoidCrossEntropy: expected targets of the logits' dtype, got {targets} for {logits}");
            return Err(Error::dtype(what));
        }
        if logits.shape != targets.shape {
            let (a, b) = (&logits.shape, &targets.shape);
            return Err(Error::shape(format!(
                "sigmoidCrossEntropy: expected targets of the logits' shape {a}, got {b}"
            )));
        }
        Ok(smallvec![logits.clone()])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        dispatch!(inputs[0].dtype, T: Float => kernel_for("sigmoidCrossEntropy", |site| {
            let isa = site.target.isa;
            move |io: &mut Io<'_>| {
                let y = io.output::<T>(0);
                elements(isa, io.threads(), io.input::<T>(0), io.input::<T>(1), y);
                Ok(())
            }
        }))
    }

    /// `dx = (σ(x) − t) · dy`, `dt = −x · dy`
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (x, t, dy) = (&node.inputs[0], &node.inputs[1], node.dy());
        let dx = if node.needs[0] { Some((sigmoid(x)? - t) * dy) } else { None };
        let dt = node.needs[1].then(|| -(x * dy));
        Ok(smallvec![dx, dt])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "sigmoidCrossEntropy",
    doc: "`y = −t · ln σ(x) − (1 − t) · ln σ(−x)` at each element, without overflow.",
    inputs: Inputs::Named(&["logits", "targets"]),
    outputs: 1,
    attributes: &[],
    read: |_| Ok(Arc::new(SigmoidCrossEntropy)),
    examples: || {
        let case = |shape: &[usize]| Example {
            op: Arc::new(SigmoidCrossEntropy),
            inputs: vec![ExampleInput::float(shape, -3.0..3.0), ExampleInput::float(shape, 0.0..1.0)],
            smooth: true,
        };
        vec![case(&[3, 5]), case(&[17]), case(&[]), case(&[0])]
    },
};
