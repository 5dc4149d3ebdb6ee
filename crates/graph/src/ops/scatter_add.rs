//! Rows added up by number: what `gather` does, backwards.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
};
use crate::ops::elementwise::Takes;
use crate::ops::gather;
use crate::ops::kernel::{index_fault, kernel_of_indices};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::copy::fill;
use ferrograd_kernels::dispatch;
use ferrograd_kernels::rows::ScatterAddRows;
use smallvec::smallvec;
use std::sync::Arc;

/// `y[…, indices[i…], …] += updates[…, i…, …]` over all `i…`, from 0, always in the order of the indices.
#[derive(Clone, Copy, Debug)]
pub struct ScatterAdd {
    /// Where the axes of `indices` begin among those of `updates`, and the axis of `y` in their place.
    pub axis: usize,
    /// The size of that axis of `y`.
    pub size: usize,
}

/// The sums of `updates` over equal `indices` (int32), along a new axis of `size` in place of the axes of `indices`.
///
/// An index outside the axis stops the run.
///
/// # Errors
/// `ERR_SHAPE` where `updates` does not have the axes of `indices` from `axis` on, `ERR_DTYPE` where the indices are
/// not int32 or the updates bool.
pub fn scatter_add(updates: &Tensor, indices: &Tensor, axis: usize, size: usize) -> Result<Tensor> {
    Tensor::apply(ScatterAdd { axis, size }, &[updates, indices])
}

impl Op for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatterAdd"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![self.axis as f64, self.size as f64]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [updates, indices] = inputs else { unreachable!("two inputs") };
        Takes::Numbers.check("scatterAdd", updates)?;
        Takes::Indices.check("scatterAdd", indices)?;
        let end = self.axis.saturating_add(indices.shape.rank());
        if updates.shape.get(self.axis..end) != Some(&*indices.shape) {
            let (from, by, axis) = (&updates.shape, &indices.shape, self.axis);
            return Err(Error::shape(format!(
                "scatterAdd: {from} has not the axes of the indices {by} from {axis} on"
            )));
        }
        let (lead, tail) = (&updates.shape[..self.axis], &updates.shape[end..]);
        let shape: Shape = lead.iter().chain([&self.size]).chain(tail).copied().collect();
        if Shape::checked_size(&shape).is_none() || self.size > i32::MAX as usize {
            return Err(Error::shape(format!("scatterAdd: the result {shape} is too large")));
        }
        Ok(smallvec![Spec::new(shape, updates.dtype)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let [updates, indices] = inputs else { unreachable!("two inputs") };
        let outer = updates.shape[..self.axis].iter().product();
        let width = updates.shape[self.axis + indices.shape.rank()..].iter().product();
        let rows = ScatterAddRows::new(outer, self.size, width, indices.shape.size()).expect("checked by infer");
        let limit = self.size;
        dispatch!(updates.dtype, T: Number => kernel_of_indices("scatterAdd", limit, move |io| {
            let y = io.output::<T>(0);
            fill(io.threads(), T::default(), y);
            rows.run(io.threads(), io.input::<T>(0), io.input::<i32>(1), y).map_err(index_fault)
        }))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![Some(gather(node.dy(), &node.inputs[1], self.axis)?), None])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "scatterAdd",
    doc: "`y[…, indices[i…], …] += updates[…, i…, …]` over all `i…`, from 0: what `gather` does, backwards.",
    inputs: Inputs::Named(&["updates", "indices"]),
    outputs: 1,
    attributes: &[
        Attribute { name: "axis", kind: AttributeKind::Int, doc: "Where the axes of `indices` begin in `updates`." },
        Attribute { name: "size", kind: AttributeKind::Int, doc: "The size of that axis of `y`." },
    ],
    read: |reader| Ok(Arc::new(ScatterAdd { axis: reader.size()?, size: reader.size()? })),
    examples: || {
        let case = |updates: &[usize], axis: usize, indices: &[usize], size: usize| Example {
            op: Arc::new(ScatterAdd { axis, size }),
            inputs: vec![ExampleInput::float(updates, -2.0..2.0), ExampleInput::int(indices, 0..size.max(1) as i32)],
            smooth: true,
        };
        vec![
            case(&[7, 3], 0, &[7], 5),
            case(&[5, 2, 2], 1, &[2, 2], 3),
            case(&[2, 3], 1, &[], 5),
            case(&[3, 1, 2], 0, &[3, 1, 2], 7),
            case(&[0, 3], 0, &[0], 5),
        ]
    },
};
