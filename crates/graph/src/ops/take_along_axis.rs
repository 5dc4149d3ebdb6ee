//! Elements picked by number within each line along an axis.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
};
use crate::ops::elementwise::Takes;
use crate::ops::kernel::{index_fault, kernel_of_indices};
use crate::ops::scatter_add_along_axis;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::dispatch;
use ferrograd_kernels::rows::GatherAxis;
use smallvec::smallvec;
use std::sync::Arc;

/// `y[…, i, …] = x[…, indices[…, i, …], …]` along `axis`; the other axes of `x` and `indices` are equal.
#[derive(Clone, Copy, Debug)]
pub struct TakeAlongAxis {
    /// The axis that the indices number, negative ones counted from the end.
    pub axis: i64,
}

/// Elements of `x` at `indices` (int32) within each line along `axis`; of the shape of `indices`.
///
/// An index outside the axis stops the run.
///
/// # Errors
/// `ERR_SHAPE` where an axis other than `axis` differs, `ERR_DTYPE` where the indices are not int32.
pub fn take_along_axis(x: &Tensor, indices: &Tensor, axis: usize) -> Result<Tensor> {
    Tensor::apply(TakeAlongAxis { axis: axis as i64 }, &[x, indices])
}

/// Sizes of the axes before `axis`, of itself, and of those after it.
pub(crate) fn around(shape: &Shape, axis: usize) -> [usize; 3] {
    [shape[..axis].iter().product(), shape[axis], shape[axis + 1..].iter().product()]
}

impl Op for TakeAlongAxis {
    fn name(&self) -> &'static str {
        "takeAlongAxis"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![self.axis as f64]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [x, indices] = inputs else { unreachable!("two inputs") };
        Takes::Indices.check("takeAlongAxis", indices)?;
        let axis = x.shape.axis("takeAlongAxis", self.axis)?;
        let others = |shape: &Shape| shape.reduced(&[axis], true);
        if indices.shape.rank() != x.shape.rank() || others(&x.shape) != others(&indices.shape) {
            let (a, b) = (&x.shape, &indices.shape);
            return Err(Error::shape(format!("takeAlongAxis: {a} and the indices {b} differ outside axis {axis}")));
        }
        Ok(smallvec![Spec::new(indices.shape.clone(), x.dtype)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let [x, indices] = inputs else { unreachable!("two inputs") };
        let axis = x.shape.axis("takeAlongAxis", self.axis).expect("checked by infer");
        let [outer, len, inner] = around(&x.shape, axis);
        let lines = GatherAxis::new(outer, len, inner, indices.shape[axis]).expect("checked by infer");
        dispatch!(x.dtype, T => kernel_of_indices("takeAlongAxis", len, move |io| {
            let y = io.output::<T>(0);
            lines.run(io.threads(), io.input::<T>(0), io.input::<i32>(1), y).map_err(index_fault)
        }))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (shape, indices) = (node.inputs[0].shape(), &node.inputs[1]);
        let axis = shape.axis("takeAlongAxis", self.axis)?;
        Ok(smallvec![Some(scatter_add_along_axis(node.dy(), indices, axis, shape[axis])?), None])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "takeAlongAxis",
    doc: "`y[…, i, …] = x[…, indices[…, i, …], …]` along `axis`; the other axes are equal.",
    inputs: Inputs::Named(&["x", "indices"]),
    outputs: 1,
    attributes: &[Attribute { name: "axis", kind: AttributeKind::Int, doc: "The axis that the indices number." }],
    read: |reader| Ok(Arc::new(TakeAlongAxis { axis: reader.int()? })),
    examples: || {
        let case = |x: &[usize], axis: i64, indices: &[usize]| {
            let size = x[if axis < 0 { x.len() - 1 } else { axis as usize }] as i32;
            let inputs = vec![ExampleInput::float(x, -2.0..2.0), ExampleInput::int(indices, 0..size)];
            Example { op: Arc::new(TakeAlongAxis { axis }), inputs, smooth: true }
        };
        vec![
            case(&[5], 0, &[7]),
            case(&[3, 5], -1, &[3, 2]),
            case(&[5, 3], 0, &[2, 3]),
            case(&[2, 5, 3], 1, &[2, 7, 3]),
            case(&[3, 5], 1, &[3, 0]),
        ]
    },
};
