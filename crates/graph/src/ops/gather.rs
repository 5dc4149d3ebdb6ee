//! Rows picked by number.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
};
use crate::ops::elementwise::Takes;
use crate::ops::kernel::{index_fault, kernel_of_indices};
use crate::ops::scatter_add;
use crate::ops::take_along_axis::around;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::dispatch;
use ferrograd_kernels::rows::GatherRows;
use smallvec::smallvec;
use std::sync::Arc;

/// `y[…, i…, …] = x[…, indices[i…], …]`: the axes of `indices` (int32, any rank) take the place of `axis`.
#[derive(Clone, Copy, Debug)]
pub struct Gather {
    /// The axis that the indices number, negative ones counted from the end.
    pub axis: i64,
}

/// `x[:axis] + indices.shape + x[axis+1:]`, elements of `x` at `indices` along `axis`.
///
/// An index outside the axis stops the run.
///
/// # Errors
/// `ERR_SHAPE` where the axis is out of range, `ERR_DTYPE` where the indices are not int32.
pub fn gather(x: &Tensor, indices: &Tensor, axis: usize) -> Result<Tensor> {
    Tensor::apply(Gather { axis: axis as i64 }, &[x, indices])
}

/// `shape` with `axis` replaced by the axes of `by`.
fn replaced(shape: &Shape, axis: usize, by: &Shape) -> Shape {
    shape[..axis].iter().chain(by.iter()).chain(&shape[axis + 1..]).copied().collect()
}

impl Op for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![self.axis as f64]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [x, indices] = inputs else { unreachable!("two inputs") };
        Takes::Indices.check("gather", indices)?;
        let axis = x.shape.axis("gather", self.axis)?;
        let shape = replaced(&x.shape, axis, &indices.shape);
        if Shape::checked_size(&shape).is_none() || x.shape[axis] > i32::MAX as usize {
            return Err(Error::shape(format!("gather: {shape} out of {} is too large", x.shape)));
        }
        Ok(smallvec![Spec::new(shape, x.dtype)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let [x, indices] = inputs else { unreachable!("two inputs") };
        let axis = x.shape.axis("gather", self.axis).expect("checked by infer");
        let [outer, limit, width] = around(&x.shape, axis);
        let rows = GatherRows::new(outer, limit, width, indices.shape.size()).expect("checked by infer");
        dispatch!(x.dtype, T => kernel_of_indices("gather", limit, move |io| {
            let y = io.output::<T>(0);
            rows.run(io.threads(), io.input::<T>(0), io.input::<i32>(1), y).map_err(index_fault)
        }))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (shape, indices) = (node.inputs[0].shape(), &node.inputs[1]);
        let axis = shape.axis("gather", self.axis)?;
        Ok(smallvec![Some(scatter_add(node.dy(), indices, axis, shape[axis])?), None])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "gather",
    doc: "`y[…, i…, …] = x[…, indices[i…], …]`: the axes of `indices` (int32) take the place of `axis`.",
    inputs: Inputs::Named(&["x", "indices"]),
    outputs: 1,
    attributes: &[Attribute { name: "axis", kind: AttributeKind::Int, doc: "The axis that the indices number." }],
    read: |reader| Ok(Arc::new(Gather { axis: reader.int()? })),
    examples: || {
        let case = |x: &[usize], axis: i64, indices: &[usize], size: i32| Example {
            op: Arc::new(Gather { axis }),
            inputs: vec![ExampleInput::float(x, -2.0..2.0), ExampleInput::int(indices, 0..size)],
            smooth: true,
        };
        vec![
            case(&[5, 3], 0, &[7], 5),
            case(&[5, 3], -1, &[2, 2], 3),
            case(&[2, 5, 3], 1, &[], 5),
            case(&[7], 0, &[3, 1, 2], 7),
            case(&[5, 3], 0, &[0], 5),
            case(&[5, 0], 0, &[4], 5),
        ]
    },
};
