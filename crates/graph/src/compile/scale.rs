//! A factor on a sum taken into the pass that sums: a mean is one pass and not two.

use super::ir::{Ir, Kind, Node, NodeId, Value};
use crate::error::Result;
use crate::op::{Backward, Binary, Gradients, Lowering, Op, Reduce, Scalar, Specs};
use crate::shape::Spec;
use smallvec::smallvec;
use std::sync::Arc;

/// `y = scale · Σ x` over some axes.
#[derive(Debug)]
struct ScaledSum {
    axes: Vec<usize>,
    scale: f64,
    output: Spec,
}

impl Op for ScaledSum {
    fn name(&self) -> &'static str {
        "scaledSum"
    }

    fn infer(&self, _: &[Spec]) -> Result<Specs> {
        Ok(smallvec![self.output.clone()])
    }

    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::Reduce { op: Reduce::Sum, axes: self.axes.clone(), scale: Some(self.scale) }
    }

    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        unreachable!("made after the gradient was drawn")
    }
}

/// Rewrites products of a sum and a number, and quotients, where nobody else reads the sum.
pub(crate) fn take_in_scales(mut ir: Ir) -> Ir {
    let readers = ir.only_readers();
    let mut changed = false;
    for (sum, reader) in readers.into_iter().enumerate() {
        if let Some((product, node)) = reader.and_then(|reader| Some((reader, scaled(&ir, sum, reader)?))) {
            ir.nodes[product] = node;
            changed = true;
        }
    }
    if changed { ir.compact() } else { ir }
}

/// What `product`, the only reader of `sum`, becomes.
fn scaled(ir: &Ir, sum: NodeId, product: NodeId) -> Option<Node> {
    let Lowering::Reduce { op: Reduce::Sum, axes, scale: None } = ir.lowering(sum)? else { return None };
    let Lowering::Elementwise(Scalar::Binary(op)) = ir.lowering(product)? else { return None };
    let [a, b] = ir.nodes[product].inputs[..] else { return None };
    let factor = |value: Value| match ir.nodes[value.node].kind {
        Kind::Fill(factor) => Some(factor),
        Kind::Op(_) | Kind::Input(_) | Kind::Variable(_) | Kind::Constant(_) => None,
    };
    let scale = match op {
        Binary::Mul => factor(if a.node == sum { b } else { a })?,
        Binary::Div if a.node == sum => 1.0 / factor(b)?,
        _ => return None,
    };
    let output = ir.nodes[sum].outputs[0].clone();
    let alike = output.dtype.is_float() && ir.nodes[product].outputs[0] == output;
    let op = Arc::new(ScaledSum { axes, scale, output: output.clone() });
    let inputs = ir.nodes[sum].inputs.clone();
    alike.then(|| Node { kind: Kind::Op(op), inputs, outputs: smallvec![output] })
}
