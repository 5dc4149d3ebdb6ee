//! Softmax over the last axis.

use crate::error::{Error, Result};
use crate::op::{
    Backward, Declaration, Example, ExampleInput, Fault, Gradients, Inputs, Io, Kernel, Lowering, Op, Specs,
};
use crate::ops::elementwise::Takes;
use crate::ops::sum;
use crate::shape::Spec;
use crate::tensor::Tensor;
use ferrograd_kernels::element::{DType, Float};
use smallvec::smallvec;
use std::marker::PhantomData;
use std::sync::Arc;

/// `yᵢ = eˣⁱ / Σⱼ eˣʲ` over the last axis.
#[derive(Clone, Copy, Debug)]
pub struct Softmax;

/// `eˣⁱ / Σⱼ eˣʲ` over the last axis.
///
/// # Errors
/// `ERR_SHAPE` for a scalar, `ERR_DTYPE` for other than floats.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    Tensor::apply(Softmax, &[x])
}

impl Op for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        Takes::Floats.check("softmax", &inputs[0])?;
        if inputs[0].shape.rank() == 0 {
            return Err(Error::shape("softmax: expected at least 1 axis, got a scalar"));
        }
        Ok(smallvec![inputs[0].clone()])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let cols = inputs[0].shape[inputs[0].shape.rank() - 1];
        Lowering::Kernel(match inputs[0].dtype {
            DType::F64 => Box::new(SoftmaxKernel::<f64> { cols, marker: PhantomData }),
            _ => Box::new(SoftmaxKernel::<f32> { cols, marker: PhantomData }),
        })
    }

    /// `dx = y · (dy − Σ dy·y)`
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (y, dy) = (node.y(), node.dy());
        let inner = sum(&(dy * y), &[y.shape().rank() - 1], true)?;
        Ok(smallvec![Some(y * (dy - inner))])
    }
}

struct SoftmaxKernel<T> {
    cols: usize,
    marker: PhantomData<T>,
}

impl<T: Float> Kernel for SoftmaxKernel<T> {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        // The kernels crate's row softmax replaces this loop as soon as it is in the tree.
        let (x, y) = (io.input::<T>(0), io.output::<T>(0));
        for (x, y) in x.chunks(self.cols.max(1)).zip(y.chunks_mut(self.cols.max(1))) {
            let max = x.iter().copied().fold(T::NEG_INFINITY, |a, b| if a > b { a } else { b });
            x.iter().zip(y.iter_mut()).for_each(|(&x, y)| *y = T::from_f64((x - max).to_f64().exp()));
            let total: T = y.iter().copied().sum();
            y.iter_mut().for_each(|y| *y = *y / total);
        }
        Ok(())
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "softmax",
    doc: "`yᵢ = eˣⁱ / Σⱼ eˣʲ` over the last axis.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &[],
    read: |_| Ok(Arc::new(Softmax)),
    examples: || {
        let case = |shape: &[usize]| Example {
            op: Arc::new(Softmax),
            inputs: vec![ExampleInput::float(shape, -2.0..2.0)],
            smooth: true,
        };
        vec![case(&[3, 5]), case(&[2, 2, 3]), case(&[4, 1])]
    },
};
