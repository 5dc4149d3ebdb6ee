//! The same numbers in another shape.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
    View, encode_list,
};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use smallvec::smallvec;
use std::sync::Arc;

/// `y` has the numbers of `x`, in row-major order, in another shape.
#[derive(Clone, Debug)]
pub struct Reshape {
    /// The new sizes, at most one of them −1: whatever is left.
    pub shape: Vec<i64>,
}

/// `x` in `shape`; `x` itself where it has that shape.
///
/// # Errors
/// `ERR_SHAPE` where the sizes do not multiply to as many elements.
pub fn reshape(x: &Tensor, shape: &Shape) -> Result<Tensor> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    Tensor::apply(Reshape { shape: shape.iter().map(|&size| size as i64).collect() }, &[x])
}

impl Reshape {
    fn resolve(&self, input: &Spec) -> Option<Shape> {
        let known: Vec<usize> = self.shape.iter().filter(|&&size| size >= 0).map(|&size| size as usize).collect();
        let product = Shape::checked_size(&known)?;
        let size = input.shape.size();
        let holes = self.shape.len() - known.len();
        if self.shape.iter().any(|&size| size < -1) || holes > 1 {
            return None;
        }
        let rest = if holes == 1 && product > 0 { size / product } else { 0 };
        let shape: Shape = self.shape.iter().map(|&size| if size < 0 { rest } else { size as usize }).collect();
        (shape.size() == size).then_some(shape)
    }
}

impl Op for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn attributes(&self) -> Vec<f64> {
        let mut out = Vec::new();
        encode_list(&mut out, &self.shape, |size| size as f64);
        out
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let shape = self.resolve(&inputs[0]).ok_or_else(|| {
            let (size, from) = (inputs[0].shape.size(), &inputs[0].shape);
            Error::shape(format!("reshape: cannot turn {from} ({size} elements) into {:?}", self.shape))
        })?;
        Ok(smallvec![Spec::new(shape, inputs[0].dtype)])
    }

    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::View(View::Reshape)
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![Some(reshape(node.dy(), node.inputs[0].shape())?)])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "reshape",
    doc: "`y` has the numbers of `x`, in row-major order, in another shape.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &[Attribute { name: "shape", kind: AttributeKind::Ints, doc: "The new sizes; one may be −1." }],
    read: |reader| Ok(Arc::new(Reshape { shape: reader.ints()? })),
    examples: || {
        let case = |from: &[usize], to: &[i64]| Example {
            op: Arc::new(Reshape { shape: to.to_vec() }),
            inputs: vec![ExampleInput::float(from, -2.0..2.0)],
            smooth: true,
        };
        vec![case(&[2, 6], &[3, -1]), case(&[1], &[]), case(&[2, 3], &[1, 6, 1])]
    },
};
