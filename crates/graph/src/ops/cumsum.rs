//! The running sum.

use crate::error::Result;
use crate::op::{Backward, Declaration, Gradients, Inputs, Lowering, Op, Specs};
use crate::ops::scan::Scan;
use crate::shape::Spec;
use crate::tensor::Tensor;
use ferrograd_kernels::scan::Join;
use smallvec::smallvec;
use std::sync::Arc;

/// `yᵢ = x₀ + … + xᵢ` along an axis.
#[derive(Clone, Copy, Debug)]
pub struct Cumsum(pub Scan);

/// `x₀ + … + xᵢ` along `axis`, from the end where `reverse`, without `xᵢ` where `exclusive`.
///
/// # Errors
/// `ERR_SHAPE` where the axis is out of range, `ERR_DTYPE` for bool.
pub fn cumsum(x: &Tensor, axis: usize, reverse: bool, exclusive: bool) -> Result<Tensor> {
    Tensor::apply(Cumsum(Scan { axis: axis as i64, reverse, exclusive }), &[x])
}

impl Op for Cumsum {
    fn name(&self) -> &'static str {
        "cumsum"
    }

    fn attributes(&self) -> Vec<f64> {
        self.0.encode()
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        self.0.infer("cumsum", inputs)
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        self.0.lower("cumsum", Join::Sum, &inputs[0])
    }

    /// The running sum of `dy` the other way.
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let op = Cumsum(Scan { reverse: !self.0.reverse, ..self.0 });
        Ok(smallvec![Some(Tensor::apply(op, &[node.dy()])?)])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "cumsum",
    doc: "`yᵢ = x₀ + … + xᵢ` along an axis.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: Scan::ATTRIBUTES,
    read: |reader| Ok(Arc::new(Cumsum(Scan::read(reader)?))),
    examples: || Scan::examples(|scan| Arc::new(Cumsum(scan))),
};
