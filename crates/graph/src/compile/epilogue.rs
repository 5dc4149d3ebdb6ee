//! Bias and activation taken into the matrix product that they follow, where nobody else reads the steps between.

use super::ir::{Ir, Kind, Node, NodeId, Value};
use crate::error::Result;
use crate::op::{Backward, Binary, Gradients, Lowering, Op, Scalar, Specs, Unary};
use crate::shape::{Shape, Spec};
use ferrograd_kernels::gemm::Activation;
use smallvec::{SmallVec, smallvec};

/// `y = activation(op(a) · op(b) + bias)`: what the compiler makes of a matrix product and what follows it.
#[derive(Debug)]
struct Linear {
    transpose_a: bool,
    transpose_b: bool,
    activation: Activation,
    output: Spec,
}

impl Op for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn infer(&self, _: &[Spec]) -> Result<Specs> {
        Ok(smallvec![self.output.clone()])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let Linear { transpose_a, transpose_b, activation, .. } = *self;
        Lowering::Matmul { transpose_a, transpose_b, bias: inputs.len() == 3, activation }
    }

    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        unreachable!("made after the gradient was drawn")
    }
}

/// Rewrites products followed by a bias, an activation or both.
pub(crate) fn take_in_epilogues(mut ir: Ir) -> Ir {
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
fn epilogue(ir: &Ir, product: NodeId, readers: &[Option<NodeId>]) -> Option<(NodeId, Node)> {
    let Some(Lowering::Matmul { transpose_a, transpose_b, bias: false, activation: Activation::None }) =
        ir.lowering(product)
    else {
        return None;
    };
    let output = ir.nodes[product].outputs[0].clone();
    let mut inputs: SmallVec<[Value; 2]> = ir.nodes[product].inputs.clone();
    let mut last = product;
    if let Some((node, bias)) = bias(ir, product, readers[product]) {
        inputs.push(bias);
        last = node;
    }
    let mut activation = Activation::None;
    if let Some((node, function)) = readers[last].and_then(|node| Some((node, function(ir, node)?))) {
        activation = function;
        last = node;
    }
    if last == product {
        return None;
    }
    let linear = Linear { transpose_a, transpose_b, activation, output: output.clone() };
    Some((last, Node { kind: Kind::Op(std::sync::Arc::new(linear)), inputs, outputs: smallvec![output] }))
}

/// The addition of one number per column to the product, by `reader`.
fn bias(ir: &Ir, product: NodeId, reader: Option<NodeId>) -> Option<(NodeId, Value)> {
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
fn function(ir: &Ir, node: NodeId) -> Option<Activation> {
    match ir.lowering(node)? {
        Lowering::Elementwise(Scalar::Unary(Unary::Relu)) => Some(Activation::Relu),
        Lowering::Elementwise(Scalar::Unary(Unary::Sigmoid)) => Some(Activation::Sigmoid),
        Lowering::Elementwise(Scalar::Unary(Unary::Tanh)) => Some(Activation::Tanh),
        Lowering::Elementwise(Scalar::Unary(Unary::Softplus)) => Some(Activation::Softplus),
        Lowering::Elementwise(_)
        | Lowering::Reduce { .. }
        | Lowering::View(_)
        | Lowering::Matmul { .. }
        | Lowering::Kernel(_) => None,
    }
}
