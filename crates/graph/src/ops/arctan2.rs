//! Angles of points.

use crate::error::{Error, Result};
use crate::op::{Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs};
use crate::ops::elementwise::Takes;
use crate::ops::kernel::kernel;
use crate::ops::{greater, select};
use crate::shape::Spec;
use crate::tensor::Tensor;
use ferrograd_kernels::arctan;
use smallvec::smallvec;
use std::sync::Arc;

/// `z = the angle of (x, y)`, in (−π, π], as C's `atan2`.
#[derive(Clone, Copy, Debug)]
pub struct Arctan2;

/// The angles of the points (x, y); its gradient at (0, 0) is 0.
///
/// # Errors
/// `ERR_DTYPE` for anything but floats, `ERR_SHAPE` where the two differ.
pub fn arctan2(y: &Tensor, x: &Tensor) -> Result<Tensor> {
    Tensor::apply(Arctan2, &[y, x])
}

impl Op for Arctan2 {
    fn name(&self) -> &'static str {
        "arctan2"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [y, x] = inputs else { unreachable!("two inputs") };
        Takes::Floats.check("arctan2", y)?;
        if y != x {
            return Err(Error::shape(format!("arctan2: expected two of one shape, got {y} and {x}")));
        }
        Ok(smallvec![y.clone()])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        for_float!(inputs[0].dtype, T => kernel("arctan2", |io| {
            arctan::arctan2(io.threads(), io.input::<T>(0), io.input::<T>(1), io.output::<T>(0));
            Ok(())
        }))
    }

    /// `dy = x·dz / (x² + y²)`, `dx = −y·dz / (x² + y²)`
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (y, x) = (&node.inputs[0], &node.inputs[1]);
        let square = &(x * x + y * y);
        let number = |number: f64| Tensor::scalar(x.dtype(), number);
        let share = &(node.dy() / select(&greater(square, &number(0.0))?, square, &number(1.0))?);
        Ok(smallvec![Some(x * share), Some(-(y * share))])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "arctan2",
    doc: "`z = the angle of (x, y)`, in (−π, π]; its gradient at (0, 0) is 0.",
    inputs: Inputs::Named(&["y", "x"]),
    outputs: 1,
    attributes: &[],
    read: |_| Ok(Arc::new(Arctan2)),
    examples: || {
        let case = |shape: &[usize], lowest: [f64; 2]| Example {
            op: Arc::new(Arctan2),
            inputs: lowest.map(|lowest| ExampleInput::float(shape, lowest..2.0)).to_vec(),
            smooth: true,
        };
        // The angle jumps where y changes its sign left of 0.
        vec![case(&[3, 5], [-2.0, 0.3]), case(&[7], [0.3, -2.0]), case(&[], [-2.0, 0.3]), case(&[0, 3], [0.3, -2.0])]
    },
};
