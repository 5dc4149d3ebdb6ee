//! Bias and activation taken into the product or the kernel that they follow, where nobody else reads the steps between.

use super::ir::{Kind, Node, NodeId, Plain, Value};
use crate::op::{Binary, Epilogue, Lowering, Scalar, Unary};
use crate::shape::Shape;
use ferrograd_kernels::gemm::Activation;
use smallvec::{SmallVec, smallvec};

/// Rewrites products followed by a bias, an activation or both.
pub(crate) fn take_in_epilogues(mut ir: Plain) -> Plain {
    let readers = ir.only_readers();
    let mut changed = false;
    for product in 0..ir.nodes.len() {
        if let Some((last, node)) = epilogue(&ir, product, &readers) {
            ir.nodes[last] = node;
            changed = true;
        }
    }
    if changed { ir.compact() } else { ir }
}

/// The last node that the product can take in, and what it becomes.
fn epilogue(ir: &Plain, product: NodeId, readers: &[Option<NodeId>]) -> Option<(NodeId, Node<Lowering>)> {
    let lowering =
        ir.lowering(product).filter(|lowering| matches!(lowering, Lowering::Contract(_) | Lowering::Kernel(_)))?;
    let [output] = &ir.nodes[product].outputs[..] else { return None };
    let mut inputs: SmallVec<[Value; 2]> = ir.nodes[product].inputs.clone();
    let (mut last, mut epilogue) = (product, Epilogue::NONE);
    if let Some((node, bias)) = bias(ir, product, readers[product]) {
        inputs.push(bias);
        (last, epilogue.bias) = (node, true);
    }
    if let Some((node, function)) = readers[last].and_then(|node| Some((node, function(ir, node)?))) {
        (last, epilogue.activation) = (node, function);
    }
    if last == product {
        return None;
    }
    let kind = Kind::Op(lowering.with_epilogue(epilogue)?);
    Some((last, Node { kind, inputs, outputs: smallvec![output.clone()] }))
}

/// The addition of one number per column to the product, by `reader`.
fn bias(ir: &Plain, product: NodeId, reader: Option<NodeId>) -> Option<(NodeId, Value)> {
    let reader = reader?;
    let Some(Lowering::Elementwise(Scalar::Binary(Binary::Add))) = ir.lowering(reader) else { return None };
    let [a, b] = ir.nodes[reader].inputs[..] else { return None };
    let bias = if a.node == product { b } else { a };
    let columns = Shape::from([*ir.nodes[product].outputs[0].shape.last()?]);
    let computed = !matches!(ir.nodes[bias.node].kind, Kind::Fill(_));
    let fits = ir.spec(bias).shape == columns && ir.nodes[reader].outputs == ir.nodes[product].outputs;
    (computed && fits).then_some((reader, bias))
}

/// The activation that `node` applies.
fn function(ir: &Plain, node: NodeId) -> Option<Activation> {
    match ir.lowering(node)? {
        Lowering::Elementwise(Scalar::Unary(Unary::Relu)) => Some(Activation::Relu),
        Lowering::Elementwise(Scalar::Unary(Unary::Sigmoid)) => Some(Activation::Sigmoid),
        Lowering::Elementwise(Scalar::Unary(Unary::Tanh)) => Some(Activation::Tanh),
        Lowering::Elementwise(Scalar::Unary(Unary::Softplus)) => Some(Activation::Softplus),
        Lowering::Elementwise(_)
        | Lowering::Reduce { .. }
        | Lowering::View(_)
        | Lowering::Contract(_)
        | Lowering::Kernel(_) => None,
    }
}
