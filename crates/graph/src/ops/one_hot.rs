//! Class numbers as vectors.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
    dtype_code,
};
use crate::ops::elementwise::Takes;
use crate::ops::kernel::kernel;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::dispatch;
use ferrograd_kernels::element::Cast;
use ferrograd_kernels::element::DType;
use ferrograd_kernels::rows::OneHot as Rows;
use smallvec::smallvec;
use std::sync::Arc;

/// `y[…, j] = 1` where `j = indices[…]`, 0 elsewhere; only zeros for an index outside `[0, depth)`.
#[derive(Clone, Copy, Debug)]
pub struct OneHot {
    /// The size of the new last axis.
    pub depth: usize,
    /// The type of `y`.
    pub dtype: DType,
}

/// 1 at `indices` (int32) along a new last axis of size `depth`, 0 elsewhere.
///
/// # Errors
/// `ERR_DTYPE` where the indices are not int32, `ERR_SHAPE` where the result is too large.
pub fn one_hot(indices: &Tensor, depth: usize, dtype: DType) -> Result<Tensor> {
    Tensor::apply(OneHot { depth, dtype }, &[indices])
}

impl Op for OneHot {
    fn name(&self) -> &'static str {
        "oneHot"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![self.depth as f64, dtype_code(self.dtype)]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        Takes::Indices.check("oneHot", &inputs[0])?;
        let shape: Shape = inputs[0].shape.iter().copied().chain([self.depth]).collect();
        if Shape::checked_size(&shape).is_none() {
            return Err(Error::shape(format!("oneHot: the result {shape} is too large")));
        }
        Ok(smallvec![Spec::new(shape, self.dtype)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let rows = Rows::new(inputs[0].shape.size(), self.depth).expect("checked by infer");
        dispatch!(self.dtype, T => kernel("oneHot", move |io| {
            let y = io.output::<T>(0);
            rows.run(io.threads(), io.input::<i32>(0), (1_i32.cast::<T>(), T::default()), y);
            Ok(())
        }))
    }

    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![None])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "oneHot",
    doc: "`y[…, j] = 1` where `j = indices[…]`, 0 elsewhere; only zeros for an index outside `[0, depth)`.",
    inputs: Inputs::Named(&["indices"]),
    outputs: 1,
    attributes: &[
        Attribute { name: "depth", kind: AttributeKind::Int, doc: "The size of the new last axis." },
        Attribute { name: "dtype", kind: AttributeKind::DType, doc: "The type of `y`." },
    ],
    read: |reader| Ok(Arc::new(OneHot { depth: reader.size()?, dtype: reader.dtype()? })),
    examples: || {
        let case = |shape: &[usize], depth, dtype| Example {
            op: Arc::new(OneHot { depth, dtype }),
            inputs: vec![ExampleInput::int(shape, -1..6)],
            smooth: false,
        };
        vec![
            case(&[7], 5, DType::F32),
            case(&[3, 2], 4, DType::F64),
            case(&[], 3, DType::I32),
            case(&[0], 3, DType::Bool),
        ]
    },
};
