//! The change of element type.

use crate::error::Result;
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Scalar,
    Specs, dtype_code,
};
use crate::shape::Spec;
use crate::tensor::Tensor;
use ferrograd_kernels::element::DType;
use smallvec::smallvec;
use std::sync::Arc;

/// `y = x` as another element type: floats to integers truncate towards zero, anything but 0 is true.
#[derive(Clone, Copy, Debug)]
pub struct Cast {
    /// The type of `y`.
    pub dtype: DType,
}

/// `y = x` as `dtype`; `x` itself where it has that type.
///
/// # Errors
/// None today.
pub fn cast(x: &Tensor, dtype: DType) -> Result<Tensor> {
    if x.dtype() == dtype { Ok(x.clone()) } else { Tensor::apply(Cast { dtype }, &[x]) }
}

impl Op for Cast {
    fn name(&self) -> &'static str {
        "cast"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![dtype_code(self.dtype)]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        Ok(smallvec![Spec::new(inputs[0].shape.clone(), self.dtype)])
    }

    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::Elementwise(Scalar::Identity)
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        if !self.dtype.is_float() {
            return Ok(smallvec![None]);
        }
        Ok(smallvec![Some(cast(node.dy(), node.inputs[0].dtype())?)])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "cast",
    doc: "`y = x` as another element type: floats to integers truncate towards zero, anything but 0 is true.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &[Attribute { name: "dtype", kind: AttributeKind::DType, doc: "The type of `y`." }],
    read: |reader| Ok(Arc::new(Cast { dtype: reader.dtype()? })),
    examples: || {
        let inputs = vec![ExampleInput::float(&[3, 5], -2.0..2.0)];
        vec![Example { op: Arc::new(Cast { dtype: DType::F64 }), inputs, smooth: true }]
    },
};
