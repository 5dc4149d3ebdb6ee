//! Elements added up by number within each line along an axis: what `takeAlongAxis` does, backwards.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
};
use crate::ops::elementwise::Takes;
use crate::ops::kernel::{index_fault, kernel_of_indices};
use crate::ops::take_along_axis;
use crate::ops::take_along_axis::around;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::copy::fill;
use ferrograd_kernels::dispatch;
use ferrograd_kernels::rows::GatherAxis;
use smallvec::smallvec;
use std::sync::Arc;

/// `y[…, indices[…, i, …], …] += updates[…, i, …]` along `axis` over all `i`, from 0.
#[derive(Clone, Copy, Debug)]
pub struct ScatterAddAlongAxis {
    /// The axis that the indices number.
    pub axis: usize,
    /// Its size in `y`.
    pub size: usize,
}

/// The sums of `updates` over equal `indices` (int32) within each line along `axis`, which has `size` in the result.
///
/// An index outside the axis stops the run.
///
/// # Errors
/// `ERR_SHAPE` where `updates` and `indices` differ in shape or have no such axis, `ERR_DTYPE` where the indices are
/// not int32 or the updates bool.
pub fn scatter_add_along_axis(updates: &Tensor, indices: &Tensor, axis: usize, size: usize) -> Result<Tensor> {
    Tensor::apply(ScatterAddAlongAxis { axis, size }, &[updates, indices])
}

impl Op for ScatterAddAlongAxis {
    fn name(&self) -> &'static str {
        "scatterAddAlongAxis"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![self.axis as f64, self.size as f64]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [updates, indices] = inputs else { unreachable!("two inputs") };
        Takes::Numbers.check("scatterAddAlongAxis", updates)?;
        Takes::Indices.check("scatterAddAlongAxis", indices)?;
        updates.shape.axis("scatterAddAlongAxis", self.axis as i64)?;
        let mut sizes = updates.shape.to_vec();
        sizes[self.axis] = self.size;
        if updates.shape != indices.shape || Shape::checked_size(&sizes).is_none() || self.size > i32::MAX as usize {
            let (a, b) = (&updates.shape, &indices.shape);
            return Err(Error::shape(format!("scatterAddAlongAxis: cannot add {a} at the indices {b} into {sizes:?}")));
        }
        Ok(smallvec![Spec::new(Shape::new(&sizes), updates.dtype)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let [outer, count, inner] = around(&inputs[0].shape, self.axis);
        let lines = GatherAxis::new(outer, self.size, inner, count).expect("checked by infer");
        let limit = self.size;
        dispatch!(inputs[0].dtype, T: Number => kernel_of_indices("scatterAddAlongAxis", limit, move |io| {
            let y = io.output::<T>(0);
            fill(io.threads(), T::default(), y);
            lines.scatter_add(io.threads(), io.input::<T>(0), io.input::<i32>(1), y).map_err(index_fault)
        }))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![Some(take_along_axis(node.dy(), &node.inputs[1], self.axis)?), None])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "scatterAddAlongAxis",
    doc: "`y[…, indices[…, i, …], …] += updates[…, i, …]` along `axis`, from 0: `takeAlongAxis` backwards.",
    inputs: Inputs::Named(&["updates", "indices"]),
    outputs: 1,
    attributes: &[
        Attribute { name: "axis", kind: AttributeKind::Int, doc: "The axis that the indices number." },
        Attribute { name: "size", kind: AttributeKind::Int, doc: "Its size in `y`." },
    ],
    read: |reader| Ok(Arc::new(ScatterAddAlongAxis { axis: reader.size()?, size: reader.size()? })),
    examples: || {
        let case = |shape: &[usize], axis: usize, size: usize| {
            let inputs = vec![ExampleInput::float(shape, -2.0..2.0), ExampleInput::int(shape, 0..size as i32)];
            Example { op: Arc::new(ScatterAddAlongAxis { axis, size }), inputs, smooth: true }
        };
        vec![case(&[7], 0, 3), case(&[3, 2], 1, 5), case(&[5, 3], 0, 2), case(&[2, 3, 2], 1, 4), case(&[2, 0], 1, 3)]
    },
};
