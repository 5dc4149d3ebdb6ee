//! Rows added up by number: what `gather` does, backwards.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
};
use crate::ops::elementwise::Takes;
use crate::ops::gather;
use crate::ops::kernel::{FromNumber, index_fault, kernel_of_indices};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::copy::fill;
use ferrograd_kernels::rows::ScatterRows;
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
        scattered("scatterAdd", self.axis, self.size, inputs)
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let rows = rows_of(self.axis, self.size, inputs);
        for_number!(inputs[0].dtype, T => kernel_of_indices("scatterAdd", self.size, move |io| {
            let y = io.output::<T>(0);
            fill(io.threads(), T::from_number(0.0), y);
            rows.add(io.threads(), io.input::<T>(0), io.input::<i32>(1), y).map_err(index_fault)
        }))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![Some(gather(node.dy(), &node.inputs[1], self.axis)?), None])
    }
}

/// What scatters have in common: (…, i…, …) and indices (i…) → (…, size, …).
pub(crate) fn scattered(op: &str, axis: usize, size: usize, inputs: &[Spec]) -> Result<Specs> {
    let [updates, indices] = inputs else { unreachable!("two inputs") };
    Takes::Numbers.check(op, updates)?;
    Takes::Indices.check(op, indices)?;
    let end = axis.saturating_add(indices.shape.rank());
    if updates.shape.get(axis..end) != Some(&*indices.shape) {
        let (from, by) = (&updates.shape, &indices.shape);
        return Err(Error::shape(format!("{op}: {from} has not the axes of the indices {by} from {axis} on")));
    }
    let (lead, tail) = (&updates.shape[..axis], &updates.shape[end..]);
    let shape: Shape = lead.iter().chain([&size]).chain(tail).copied().collect();
    if Shape::checked_size(&shape).is_none() || size > i32::MAX as usize {
        return Err(Error::shape(format!("{op}: the result {shape} is too large")));
    }
    Ok(smallvec![Spec::new(shape, updates.dtype)])
}

/// The rows that a scatter joins.
pub(crate) fn rows_of(axis: usize, size: usize, inputs: &[Spec]) -> ScatterRows {
    let [updates, indices] = inputs else { unreachable!("two inputs") };
    let outer = updates.shape[..axis].iter().product();
    let width = updates.shape[axis + indices.shape.rank()..].iter().product();
    ScatterRows::new(outer, size, width, indices.shape.size()).expect("checked by infer")
}

pub(crate) const ATTRIBUTES: &[Attribute] = &[
    Attribute { name: "axis", kind: AttributeKind::Int, doc: "Where the axes of `indices` begin in `updates`." },
    Attribute { name: "size", kind: AttributeKind::Int, doc: "The size of that axis of `y`." },
];

pub(crate) fn example(op: Arc<dyn Op>, updates: &[usize], indices: &[usize], size: usize) -> Example {
    let inputs = vec![ExampleInput::float(updates, -2.0..2.0), ExampleInput::int(indices, 0..size.max(1) as i32)];
    Example { op, inputs, smooth: true }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "scatterAdd",
    doc: "`y[…, indices[i…], …] += updates[…, i…, …]` over all `i…`, from 0: what `gather` does, backwards.",
    inputs: Inputs::Named(&["updates", "indices"]),
    outputs: 1,
    attributes: ATTRIBUTES,
    read: |reader| Ok(Arc::new(ScatterAdd { axis: reader.size()?, size: reader.size()? })),
    examples: || {
        let case = |updates: &[usize], axis, indices: &[usize], size| {
            example(Arc::new(ScatterAdd { axis, size }), updates, indices, size)
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
