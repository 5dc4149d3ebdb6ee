//! A tensor repeated to a larger shape.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
    View, encode_list,
};
use crate::ops::elementwise::sum_to;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use smallvec::smallvec;
use std::sync::Arc;

/// `x` repeated along new leading axes and along axes of size 1.
#[derive(Clone, Debug)]
pub struct BroadcastTo {
    /// The shape of `y`.
    pub shape: Vec<usize>,
}

/// `x` broadcast to `shape`; `x` itself where it has that shape.
///
/// # Errors
/// `ERR_SHAPE` where it does not broadcast to `shape`.
pub fn broadcast_to(x: &Tensor, shape: &Shape) -> Result<Tensor> {
    if x.shape() == shape { Ok(x.clone()) } else { Tensor::apply(BroadcastTo { shape: shape.to_vec() }, &[x]) }
}

impl Op for BroadcastTo {
    fn name(&self) -> &'static str {
        "broadcastTo"
    }

    fn attributes(&self) -> Vec<f64> {
        let mut out = Vec::new();
        encode_list(&mut out, &self.shape, |size| size as f64);
        out
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let shape = Shape::new(&self.shape);
        if Shape::checked_size(&self.shape).is_none() || !inputs[0].shape.broadcasts_to(&shape) {
            return Err(Error::shape(format!("broadcastTo: {} does not broadcast to {shape}", inputs[0].shape)));
        }
        Ok(smallvec![Spec::new(shape, inputs[0].dtype)])
    }

    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::View(View::Broadcast)
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![Some(sum_to(node.dy(), node.inputs[0].shape())?)])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "broadcastTo",
    doc: "`x` repeated along new leading axes and along axes of size 1.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &[Attribute { name: "shape", kind: AttributeKind::Ints, doc: "The shape of `y`." }],
    read: |reader| Ok(Arc::new(BroadcastTo { shape: reader.sizes()? })),
    examples: || {
        let case = |from: &[usize], to: &[usize]| Example {
            op: Arc::new(BroadcastTo { shape: to.to_vec() }),
            inputs: vec![ExampleInput::float(from, -2.0..2.0)],
            smooth: true,
        };
        vec![case(&[], &[2, 3]), case(&[3, 1], &[2, 3, 4]), case(&[4], &[3, 4])]
    },
};
