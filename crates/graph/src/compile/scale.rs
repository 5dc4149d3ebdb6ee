//! A factor on a sum taken into the pass that sums: a mean is one pass and not two.

use super::ir::{Kind, Node, NodeId, Plain};
use crate::op::{Binary, Lowering, Reduce, Scalar};

/// Rewrites products of a sum and a number, and quotients, where nobody else reads the sum.
pub(crate) fn take_in_scales(mut ir: Plain) -> Plain {
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

/// What `product`, the only reader of `sum`, becomes: `y = scale · Σ x`.
fn scaled(ir: &Plain, sum: NodeId, product: NodeId) -> Option<Node<Lowering>> {
    let Lowering::Reduce { op: Reduce::Sum, axes, scale: None } = ir.lowering(sum)? else { return None };
    let Lowering::Elementwise(Scalar::Binary(op)) = ir.lowering(product)? else { return None };
    let [a, b] = ir.nodes[product].inputs[..] else { return None };
    let scale = match op {
        Binary::Mul => ir.fill(if a.node == sum { b } else { a })?,
        Binary::Div if a.node == sum => 1.0 / ir.fill(b)?,
        _ => return None,
    };
    let Node { inputs, outputs, .. } = &ir.nodes[sum];
    let alike = outputs[0].dtype.is_float() && ir.nodes[product].outputs == *outputs;
    let lowering = Lowering::Reduce { op: Reduce::Sum, axes: axes.clone(), scale: Some(scale) };
    alike.then(|| Node { kind: Kind::Op(lowering), inputs: inputs.clone(), outputs: outputs.clone() })
}
