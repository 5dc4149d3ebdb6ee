//! A first-order linear recurrence along an axis.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
};
use crate::ops::elementwise::Takes;
use crate::ops::kernel::kernel;
use crate::ops::take_along_axis::around;
use crate::ops::{Padding, pad, slice};
use crate::shape::Spec;
use crate::tensor::Tensor;
use ferrograd_kernels::dispatch;
use ferrograd_kernels::recurrence::Recurrence;
use smallvec::smallvec;
use std::sync::Arc;

/// `yᵢ = aᵢ · yᵢ₋₁ + bᵢ` along an axis, with 0 before the first.
#[derive(Clone, Copy, Debug)]
pub struct LinearRecurrence {
    /// The axis, negative ones counted from the end.
    pub axis: i64,
    /// True begins at the end.
    pub reverse: bool,
}

/// `yᵢ = aᵢ · yᵢ₋₁ + bᵢ` along `axis`; from the end where `reverse`.
///
/// # Errors
/// `ERR_SHAPE` where the shapes differ or have no such axis, `ERR_DTYPE` where the dtypes differ or are not floats.
pub fn linear_recurrence(a: &Tensor, b: &Tensor, axis: usize, reverse: bool) -> Result<Tensor> {
    Tensor::apply(LinearRecurrence { axis: axis as i64, reverse }, &[a, b])
}

/// The element after each one along `axis`, in the order of a scan that begins at the end where `reverse`; 0 after
/// the last.
pub(crate) fn following(x: &Tensor, axis: usize, reverse: bool) -> Result<Tensor> {
    if x.shape()[axis] == 0 {
        return Ok(x.clone());
    }
    let rank = x.shape().rank();
    let (mut start, mut size) = (vec![0; rank], x.shape().to_vec());
    start[axis] = usize::from(!reverse);
    size[axis] -= 1;
    let mut padding = vec![Padding { low: 0, high: 0, between: 0 }; rank];
    padding[axis] = Padding { low: usize::from(reverse), high: usize::from(!reverse), between: 0 };
    pad(&slice(x, &start, &size, &vec![1; rank])?, &padding, 0.0)
}

impl Op for LinearRecurrence {
    fn name(&self) -> &'static str {
        "linearRecurrence"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![self.axis as f64, f64::from(self.reverse)]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [a, b] = inputs else { unreachable!("two inputs") };
        Takes::Floats.check("linearRecurrence", a)?;
        if a != b {
            let what = format!("linearRecurrence: expected two tensors of one shape and dtype, got {a} and {b}");
            return Err(if a.dtype == b.dtype { Error::shape(what) } else { Error::dtype(what) });
        }
        a.shape.axis("linearRecurrence", self.axis)?;
        Ok(smallvec![a.clone()])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let axis = inputs[0].shape.axis("linearRecurrence", self.axis).expect("checked by infer");
        let [outer, len, inner] = around(&inputs[0].shape, axis);
        let lines = Recurrence::new((outer, len, inner), self.reverse).expect("checked by infer");
        dispatch!(inputs[0].dtype, T: Float => kernel("linearRecurrence", move |io| {
            let y = io.output::<T>(0);
            lines.run(io.threads(), io.input::<T>(0), io.input::<T>(1), y);
            Ok(())
        }))
    }

    /// `gᵢ = dyᵢ + aᵢ₊₁ · gᵢ₊₁`, `da = gᵢ · yᵢ₋₁`, `db = g`
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (a, y) = (&node.inputs[0], node.y());
        let axis = a.shape().axis("linearRecurrence", self.axis)?;
        let db = linear_recurrence(&following(a, axis, self.reverse)?, node.dy(), axis, !self.reverse)?;
        let da = if node.needs[0] { Some(&db * following(y, axis, !self.reverse)?) } else { None };
        Ok(smallvec![da, Some(db)])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "linearRecurrence",
    doc: "`yᵢ = aᵢ · yᵢ₋₁ + bᵢ` along an axis, with 0 before the first.",
    inputs: Inputs::Named(&["a", "b"]),
    outputs: 1,
    attributes: &[
        Attribute { name: "axis", kind: AttributeKind::Int, doc: "The axis, negative from the end." },
        Attribute { name: "reverse", kind: AttributeKind::Bool, doc: "True begins at the end." },
    ],
    read: |reader| Ok(Arc::new(LinearRecurrence { axis: reader.int()?, reverse: reader.bool()? })),
    examples: || {
        let case = |shape: &[usize], axis, reverse| Example {
            op: Arc::new(LinearRecurrence { axis, reverse }),
            inputs: vec![ExampleInput::float(shape, -1.5..1.5), ExampleInput::float(shape, -2.0..2.0)],
            smooth: true,
        };
        vec![
            case(&[7], 0, false),
            case(&[3, 5], -1, true),
            case(&[5, 3], 0, false),
            case(&[2, 3, 4], 1, true),
            case(&[3, 1], 1, false),
            case(&[0, 2], 0, false),
        ]
    },
};
