//! Slices of what an elementwise op gives, where nobody reads the whole: the op of slices. The gates of a cell are cut out of
//! a sum of two products, and the sum is part of the pass over the gates then.

use super::ir::{Ir, Kind, Node, NodeId, Plain, Value};
use crate::op::{Lowering, Specs, View};
use crate::shape::{Shape, Spec};
use smallvec::{SmallVec, smallvec};

/// The fewest neighbours of a slice: shorter ones would be gathered one by one.
const NEIGHBOURS: usize = 16;

/// Rewrites slices of elementwise ops until there are none.
pub(crate) fn narrow(mut ir: Plain) -> Plain {
    loop {
        let cut = cut_up(&ir);
        if !cut.contains(&true) {
            return ir;
        }
        ir = rewritten(ir, &cut).compact();
    }
}

/// The elementwise ops that are read in slices alone, no element twice.
fn cut_up(ir: &Plain) -> Vec<bool> {
    let cut = |(id, readers): (NodeId, Vec<Option<NodeId>>)| {
        if readers.is_empty() || !matches!(ir.lowering(id), Some(Lowering::Elementwise(_))) {
            return false;
        }
        let sliced = readers.iter().map(|reader| reader.and_then(|reader| slice_size(ir, reader)));
        sliced.sum::<Option<usize>>().is_some_and(|read| read <= ir.nodes[id].outputs[0].shape.size())
    };
    ir.readers().into_iter().enumerate().map(cut).collect()
}

/// The elements of a slice whose neighbours are neighbours in what it is of.
fn slice_size(ir: &Plain, node: NodeId) -> Option<usize> {
    let Lowering::View(View::Slice { step, .. }) = ir.lowering(node)? else { return None };
    let shape = &ir.nodes[node].outputs[0].shape;
    let long = shape.last().is_some_and(|&last| last >= NEIGHBOURS);
    (long && step.iter().all(|&step| step == 1)).then(|| shape.size())
}

fn rewritten(ir: Plain, cut: &[bool]) -> Plain {
    let mut out = Plain::default();
    let mut map: Vec<NodeId> = Vec::with_capacity(ir.nodes.len());
    for Node { kind, inputs, outputs } in ir.nodes {
        let whole = inputs.first().filter(|input| cut[input.node]).map(|input| map[input.node]);
        let inputs = inputs.into_iter().map(|input| Value { node: map[input.node], ..input }).collect();
        let node = match (whole, kind) {
            (Some(whole), Kind::Op(Lowering::View(View::Slice { start, .. }))) => {
                sliced(&mut out, whole, &start, outputs)
            }
            (_, kind) => Node { kind, inputs, outputs },
        };
        out.nodes.push(node);
        map.push(out.nodes.len() - 1);
    }
    let to = |value: Value| Value { node: map[value.node], ..value };
    out.outputs = ir.outputs.into_iter().map(to).collect();
    out.updates = ir.updates.into_iter().map(|(variable, value)| (variable, to(value))).collect();
    out.guards = ir.guards.into_iter().map(|check| check.map(to)).collect();
    Ir { inputs: ir.inputs, variables: ir.variables, constants: ir.constants, ..out }
}

/// The op of node `whole` on slices of what it reads.
fn sliced(out: &mut Plain, whole: NodeId, start: &[usize], outputs: Specs) -> Node<Lowering> {
    let Some(&Lowering::Elementwise(scalar)) = out.lowering(whole) else { unreachable!("elementwise ops are cut up") };
    let shape = out.nodes[whole].outputs[0].shape.clone();
    let inputs = out.nodes[whole].inputs.clone();
    let inputs = inputs.into_iter().map(|input| part(out, input, &shape, (start, &outputs[0].shape))).collect();
    Node { kind: Kind::Op(Lowering::Elementwise(scalar)), inputs, outputs }
}

/// The part of an operand that meets a slice of a result of shape `whole`.
fn part(out: &mut Plain, operand: Value, whole: &Shape, (start, size): (&[usize], &Shape)) -> Value {
    let Spec { shape, dtype } = out.spec(operand).clone();
    let new = whole.rank() - shape.rank();
    let repeated = |axis: usize| shape[axis] == 1 && whole[new + axis] != 1;
    let axes = 0..shape.rank();
    let sizes: Shape = axes.clone().map(|axis| if repeated(axis) { 1 } else { size[new + axis] }).collect();
    if sizes == shape {
        return operand;
    }
    let (kind, inputs) = match out.fill(operand) {
        Some(number) => (Kind::Fill(number), SmallVec::new()),
        None => {
            let start = axes.clone().map(|axis| if repeated(axis) { 0 } else { start[new + axis] }).collect();
            let view = View::Slice { start, step: vec![1; shape.rank()] };
            (Kind::Op(Lowering::View(view)), smallvec![operand])
        }
    };
    out.nodes.push(Node { kind, inputs, outputs: smallvec![Spec::new(sizes, dtype)] });
    Value { node: out.nodes.len() - 1, output: 0 }
}
