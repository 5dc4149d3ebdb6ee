//! The numbers from 0 on.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, Gradients, Inputs, Lowering, Op, Specs, dtype_code,
};
use crate::ops::kernel::kernel;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::copy::iota as numbers;
use ferrograd_kernels::dispatch;
use ferrograd_kernels::element::Cast;
use ferrograd_kernels::element::DType;
use smallvec::smallvec;
use std::sync::Arc;

/// `y = 0, 1, …, size − 1`.
#[derive(Clone, Copy, Debug)]
pub struct Iota {
    /// How many.
    pub size: usize,
    /// The type of `y`, numbers.
    pub dtype: DType,
}

/// `0, 1, …, size − 1`.
///
/// # Errors
/// `ERR_DTYPE` for bool, `ERR_SHAPE` where that is too large.
pub fn iota(size: usize, dtype: DType) -> Result<Tensor> {
    Tensor::apply(Iota { size, dtype }, &[])
}

impl Op for Iota {
    fn name(&self) -> &'static str {
        "iota"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![self.size as f64, dtype_code(self.dtype)]
    }

    fn infer(&self, _: &[Spec]) -> Result<Specs> {
        if self.dtype == DType::Bool {
            return Err(Error::dtype("iota: expected float32, float64 or int32, got bool"));
        }
        if self.size > i32::MAX as usize {
            return Err(Error::shape(format!("iota: {} numbers are too many", self.size)));
        }
        Ok(smallvec![Spec::new(Shape::new(&[self.size]), self.dtype)])
    }

    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        dispatch!(self.dtype, T: Number => kernel("iota", |io| {
            let y = io.output::<T>(0);
            numbers(io.threads(), T::default(), 1_i32.cast::<T>(), y);
            Ok(())
        }))
    }

    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        Ok(Gradients::new())
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "iota",
    doc: "`y = 0, 1, …, size − 1`.",
    inputs: Inputs::Named(&[]),
    outputs: 1,
    attributes: &[
        Attribute { name: "size", kind: AttributeKind::Int, doc: "How many." },
        Attribute { name: "dtype", kind: AttributeKind::DType, doc: "The type of `y`, numbers." },
    ],
    read: |reader| Ok(Arc::new(Iota { size: reader.size()?, dtype: reader.dtype()? })),
    examples: || {
        let case = |size, dtype| Example { op: Arc::new(Iota { size, dtype }), inputs: vec![], smooth: false };
        vec![case(7, DType::F32), case(5, DType::F64), case(0, DType::F32), case(17, DType::I32)]
    },
};
