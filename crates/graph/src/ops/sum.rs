//! The sum over axes.

use crate::error::Result;
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Reduce,
    Specs, encode_list,
};
use crate::ops::elementwise::Takes;
use crate::ops::{broadcast_to, reshape};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use smallvec::smallvec;
use std::sync::Arc;

/// `y = Σ x` over some axes; 0 over none.
#[derive(Clone, Debug)]
pub struct Sum {
    /// Which axes go, negative ones counted from the end.
    pub axes: Vec<i64>,
    /// True leaves them as 1.
    pub keepdims: bool,
}

/// `Σ x` over `axes`.
///
/// # Errors
/// `ERR_SHAPE` where an axis is out of range, `ERR_DTYPE` for bool.
pub fn sum(x: &Tensor, axes: &[usize], keepdims: bool) -> Result<Tensor> {
    Tensor::apply(Sum { axes: axes.iter().map(|&axis| axis as i64).collect(), keepdims }, &[x])
}

/// The axes, checked, sorted and each once.
pub(crate) fn resolve_axes(op: &str, axes: &[i64], shape: &Shape) -> Result<Vec<usize>> {
    let mut axes = axes.iter().map(|&axis| shape.axis(op, axis)).collect::<Result<Vec<_>>>()?;
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}

/// `dy` of a reduction over `axes`, repeated to the shape that was reduced.
pub(crate) fn spread(dy: &Tensor, shape: &Shape, axes: &[usize]) -> Result<Tensor> {
    broadcast_to(&reshape(dy, &shape.reduced(axes, true))?, shape)
}

impl Op for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn attributes(&self) -> Vec<f64> {
        let mut out = Vec::new();
        encode_list(&mut out, &self.axes, |axis| axis as f64);
        out.push(f64::from(self.keepdims));
        out
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        Takes::Numbers.check("sum", &inputs[0])?;
        let axes = resolve_axes("sum", &self.axes, &inputs[0].shape)?;
        Ok(smallvec![Spec::new(inputs[0].shape.reduced(&axes, self.keepdims), inputs[0].dtype)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let axes = resolve_axes("sum", &self.axes, &inputs[0].shape).expect("checked by infer");
        Lowering::Reduce { op: Reduce::Sum, axes }
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let shape = node.inputs[0].shape();
        Ok(smallvec![Some(spread(node.dy(), shape, &resolve_axes("sum", &self.axes, shape)?)?)])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "sum",
    doc: "`y = Σ x` over some axes; 0 over none.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &[
        Attribute { name: "axes", kind: AttributeKind::Ints, doc: "Which axes go." },
        Attribute { name: "keepdims", kind: AttributeKind::Bool, doc: "True leaves them as 1." },
    ],
    read: |reader| Ok(Arc::new(Sum { axes: reader.ints()?, keepdims: reader.bool()? })),
    examples: || {
        let case = |shape: &[usize], axes: &[i64], keepdims| Example {
            op: Arc::new(Sum { axes: axes.to_vec(), keepdims }),
            inputs: vec![ExampleInput::float(shape, -2.0..2.0)],
            smooth: true,
        };
        vec![
            case(&[3, 5], &[0], false),
            case(&[3, 5], &[-1], true),
            case(&[2, 3, 4], &[1], false),
            case(&[2, 3, 4], &[0, 2], false),
            case(&[7], &[0], false),
            case(&[0, 3], &[0], false),
            case(&[3], &[], false),
        ]
    },
};
