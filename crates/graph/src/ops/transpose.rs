//! The same numbers with the axes in another order.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
    View, encode_list,
};
use crate::shape::Spec;
use crate::tensor::Tensor;
use smallvec::smallvec;
use std::sync::Arc;

/// Axis `i` of `y` is axis `perm[i]` of `x`.
#[derive(Clone, Debug)]
pub struct Transpose {
    /// A permutation of the axes.
    pub perm: Vec<usize>,
}

/// `x` with axis `perm[i]` in place `i`.
///
/// # Errors
/// `ERR_SHAPE` where `perm` is not a permutation of the axes.
pub fn transpose(x: &Tensor, perm: &[usize]) -> Result<Tensor> {
    Tensor::apply(Transpose { perm: perm.to_vec() }, &[x])
}

impl Op for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn attributes(&self) -> Vec<f64> {
        let mut out = Vec::new();
        encode_list(&mut out, &self.perm, |axis| axis as f64);
        out
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let rank = inputs[0].shape.rank();
        let mut sorted = self.perm.clone();
        sorted.sort_unstable();
        if sorted != (0..rank).collect::<Vec<_>>() {
            let (perm, from) = (&self.perm, &inputs[0].shape);
            return Err(Error::shape(format!("transpose: {perm:?} is not an order of the {rank} axes of {from}")));
        }
        let shape = self.perm.iter().map(|&axis| inputs[0].shape[axis]).collect::<crate::Shape>();
        Ok(smallvec![Spec::new(shape, inputs[0].dtype)])
    }

    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::View(View::Transpose(self.perm.clone()))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let mut inverse = vec![0; self.perm.len()];
        self.perm.iter().enumerate().for_each(|(to, &from)| inverse[from] = to);
        Ok(smallvec![Some(transpose(node.dy(), &inverse)?)])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "transpose",
    doc: "Axis `i` of `y` is axis `perm[i]` of `x`.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &[Attribute { name: "perm", kind: AttributeKind::Ints, doc: "A permutation of the axes." }],
    read: |reader| Ok(Arc::new(Transpose { perm: reader.sizes()? })),
    examples: || {
        let case = |shape: &[usize], perm: &[usize]| Example {
            op: Arc::new(Transpose { perm: perm.to_vec() }),
            inputs: vec![ExampleInput::float(shape, -2.0..2.0)],
            smooth: true,
        };
        vec![case(&[2, 3], &[1, 0]), case(&[2, 3, 4], &[2, 0, 1]), case(&[], &[])]
    },
};
