//! The largest of rows by number.

use crate::error::Result;
use crate::op::{Backward, Declaration, Gradients, Inputs, Lowering, Op, Specs};
use crate::ops::kernel::{FromNumber, index_fault, kernel_of_indices};
use crate::ops::scatter_add::{ATTRIBUTES, example, rows_of, scattered};
use crate::ops::{cast, equal, gather, mask, maximum, scatter_add};
use crate::shape::Spec;
use crate::tensor::Tensor;
use ferrograd_kernels::copy::fill;
use smallvec::smallvec;
use std::sync::Arc;

/// `y[…, indices[i…], …] = max updates[…, i…, …]` over all `i…`, from −∞ (of int32 from the lowest number).
#[derive(Clone, Copy, Debug)]
pub struct ScatterMax {
    /// Where the axes of `indices` begin among those of `updates`, and the axis of `y` in their place.
    pub axis: usize,
    /// The size of that axis of `y`.
    pub size: usize,
}

/// The largest of `updates` over equal `indices` (int32), along a new axis of `size` in place of the axes of `indices`. NaN
/// wins; where there is no index it is −∞, of int32 the lowest number. Equals share the gradient.
///
/// An index outside the axis stops the run.
///
/// # Errors
/// `ERR_SHAPE` where `updates` does not have the axes of `indices` from `axis` on, `ERR_DTYPE` where the indices are
/// not int32 or the updates bool.
pub fn scatter_max(updates: &Tensor, indices: &Tensor, axis: usize, size: usize) -> Result<Tensor> {
    Tensor::apply(ScatterMax { axis, size }, &[updates, indices])
}

impl Op for ScatterMax {
    fn name(&self) -> &'static str {
        "scatterMax"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![self.axis as f64, self.size as f64]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        scattered("scatterMax", self.axis, self.size, inputs)
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let rows = rows_of(self.axis, self.size, inputs);
        for_number!(inputs[0].dtype, T => kernel_of_indices("scatterMax", self.size, move |io| {
            let y = io.output::<T>(0);
            fill(io.threads(), T::from_number(f64::NEG_INFINITY), y);
            rows.max(io.threads(), io.input::<T>(0), io.input::<i32>(1), y).map_err(index_fault)
        }))
    }

    /// `dy / n` at the `n` places of a row where `x = y`, 0 elsewhere.
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (updates, indices) = (&node.inputs[0], &node.inputs[1]);
        let hit = equal(updates, &gather(node.y(), indices, self.axis)?)?;
        let hits = scatter_add(&cast(&hit, updates.dtype())?, indices, self.axis, self.size)?;
        let share = node.dy() / maximum(&hits, &Tensor::scalar(updates.dtype(), 1.0))?;
        Ok(smallvec![Some(mask(&hit, &gather(&share, indices, self.axis)?)?), None])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "scatterMax",
    doc: "`y[…, indices[i…], …] = max updates[…, i…, …]` over all `i…`, from −∞; equals share the gradient. NaN wins.",
    inputs: Inputs::Named(&["updates", "indices"]),
    outputs: 1,
    attributes: ATTRIBUTES,
    read: |reader| Ok(Arc::new(ScatterMax { axis: reader.size()?, size: reader.size()? })),
    // As many indices that no row is without one: differences of −∞ are no numbers.
    examples: || {
        let case = |updates: &[usize], axis, indices: &[usize], size| {
            example(Arc::new(ScatterMax { axis, size }), updates, indices, size)
        };
        vec![
            case(&[17, 3], 0, &[17], 2),
            case(&[2, 4, 4, 2], 1, &[4, 4], 2),
            case(&[2, 3], 1, &[], 1),
            case(&[5, 1, 2], 0, &[5, 1, 2], 1),
            case(&[0, 3], 0, &[0], 0),
        ]
    },
};
