//! The running product.

use crate::error::Result;
use crate::op::{Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs, Values};
use crate::ops::linear_recurrence::{following, linear_recurrence};
use crate::ops::scan::Scan;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::scan::Join;
use smallvec::smallvec;
use std::sync::Arc;

/// `yᵢ = x₀ · … · xᵢ` along an axis.
#[derive(Clone, Copy, Debug)]
pub struct Cumprod(pub Scan);

/// `x₀ · … · xᵢ` along `axis`, from the end where `reverse`, without `xᵢ` where `exclusive`.
///
/// # Errors
/// `ERR_SHAPE` where the axis is out of range, `ERR_DTYPE` for bool.
pub fn cumprod(x: &Tensor, axis: usize, reverse: bool, exclusive: bool) -> Result<Tensor> {
    Tensor::apply(Cumprod(Scan { axis: axis as i64, reverse, exclusive }), &[x])
}

impl Op for Cumprod {
    fn name(&self) -> &'static str {
        "cumprod"
    }

    fn attributes(&self) -> Vec<f64> {
        self.0.encode()
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        self.0.infer("cumprod", inputs)
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        self.0.lower("cumprod", Join::Product, &inputs[0])
    }

    /// `dxⱼ = (∏ₖ₍ₖ﹤ⱼ₎ xₖ) · sⱼ` with `sⱼ = dyⱼ + xⱼ₊₁ · sⱼ₊₁`: no division, so zeros are right as well. Without the
    /// element itself each `yⱼ₊₁` stands where `yⱼ` would.
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let x = &node.inputs[0];
        let axis = x.shape().axis("cumprod", self.0.axis)?;
        let reverse = self.0.reverse;
        let dy = if self.0.exclusive { following(node.dy(), axis, reverse)? } else { node.dy().clone() };
        let before = cumprod(x, axis, reverse, true)?;
        let after = linear_recurrence(&following(x, axis, reverse)?, &dy, axis, !reverse)?;
        Ok(smallvec![Some(before * after)])
    }
}

/// A zero, and two, among the factors.
fn with_zeros(values: &[f64], reverse: bool) -> Example {
    let shape = Shape::new(&[values.len()]);
    Example {
        op: Arc::new(Cumprod(Scan { axis: 0, reverse, exclusive: false })),
        inputs: vec![ExampleInput { shape, values: Values::Given(values.to_vec()) }],
        smooth: true,
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "cumprod",
    doc: "`yᵢ = x₀ · … · xᵢ` along an axis.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: Scan::ATTRIBUTES,
    read: |reader| Ok(Arc::new(Cumprod(Scan::read(reader)?))),
    examples: || {
        let mut cases = Scan::examples(|scan| Arc::new(Cumprod(scan)));
        cases.push(with_zeros(&[1.5, 0.0, -0.7, 2.0], false));
        cases.push(with_zeros(&[1.5, 0.0, -0.7, 0.0, 0.3], true));
        cases
    },
};
