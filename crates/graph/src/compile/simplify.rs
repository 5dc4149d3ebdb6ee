//! Constants folded, neutral operations dropped, common subexpressions merged, dead nodes left behind.

use super::ir::{Ir, Kind, Node, NodeId, Value, leaf};
use crate::op::{Binary, Lowering, Op, Reduce, Scalar, Unary, View};
use crate::shape::Spec;
use ferrograd_kernels::element::DType;
use std::collections::HashMap;
use std::sync::Arc;

/// The same computation in fewer nodes.
pub(crate) fn simplify(ir: Ir) -> Ir {
    let live = ir.live();
    let mut pass = Pass { out: Ir::default(), seen: HashMap::new() };
    let mut map: Vec<Vec<Value>> = Vec::with_capacity(ir.nodes.len());
    for (id, node) in ir.nodes.into_iter().enumerate() {
        map.push(if live[id] { pass.visit(node, &map) } else { Vec::new() });
    }
    let to = |value: Value| map[value.node][value.output];
    pass.out.outputs = ir.outputs.into_iter().map(to).collect();
    pass.out.updates = ir.updates.into_iter().map(|(variable, value)| (variable, to(value))).collect();
    pass.out.guard = ir.guard.map(to);
    Ir { inputs: ir.inputs, variables: ir.variables, constants: ir.constants, ..pass.out }
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Op(&'static str, Vec<u64>, Vec<Value>),
    Fill(u64, Spec),
    Variable(usize),
}

struct Pass {
    out: Ir,
    seen: HashMap<Key, NodeId>,
}

impl Pass {
    /// The values that stand for the node's outputs.
    fn visit(&mut self, node: Node, map: &[Vec<Value>]) -> Vec<Value> {
        let inputs = node.inputs.iter().map(|input| map[input.node][input.output]).collect();
        let node = Node { inputs, ..node };
        if let Kind::Op(op) = &node.kind {
            let op = op.clone();
            if let Some(value) = self.shorter(&op, &node) {
                return vec![value];
            }
        }
        let count = node.outputs.len();
        let id = self.intern(node);
        (0..count).map(|output| Value { node: id, output }).collect()
    }

    fn intern(&mut self, node: Node) -> NodeId {
        let key = match &node.kind {
            Kind::Op(op) if op.pure() => {
                let attributes = op.attributes().into_iter().map(f64::to_bits).collect();
                Some(Key::Op(op.name(), attributes, node.inputs.to_vec()))
            }
            Kind::Fill(value) => Some(Key::Fill(value.to_bits(), node.outputs[0].clone())),
            Kind::Variable(index) => Some(Key::Variable(*index)),
            Kind::Op(_) | Kind::Input(_) | Kind::Constant(_) => None,
        };
        if let Some(&id) = key.as_ref().and_then(|key| self.seen.get(key)) {
            return id;
        }
        let id = self.out.nodes.len();
        self.out.nodes.push(node);
        if let Some(key) = key {
            self.seen.insert(key, id);
        }
        id
    }

    /// An existing or constant value that equals the node's only output.
    fn shorter(&mut self, op: &Arc<dyn Op>, node: &Node) -> Option<Value> {
        let [spec] = &node.outputs[..] else { return None };
        let specs: Vec<Spec> = node.inputs.iter().map(|&input| self.out.spec(input).clone()).collect();
        let fills: Vec<Option<f64>> = node.inputs.iter().map(|&input| self.fill(input)).collect();
        match op.lower(&specs, &node.outputs) {
            Lowering::Elementwise(scalar) => match fold(scalar, &fills, spec.dtype) {
                Some(value) => Some(self.constant(value, spec)),
                None => neutral(scalar, &fills)
                    .map(|index| node.inputs[index])
                    .filter(|&input| self.out.spec(input) == spec),
            },
            Lowering::View(view) => match fills[0] {
                Some(value) => Some(self.constant(value, spec)),
                None => (specs[0] == *spec && keeps_order(&view)).then_some(node.inputs[0]),
            },
            Lowering::Reduce { op, axes, .. } => {
                let count: usize = axes.iter().map(|&axis| specs[0].shape[axis]).product();
                let value = fold_reduce(op, fills[0]?, count)?;
                Some(self.constant(round(value, spec.dtype), spec))
            }
            Lowering::Matmul { .. } | Lowering::Kernel(_) => None,
        }
    }

    fn fill(&self, value: Value) -> Option<f64> {
        match self.out.nodes[value.node].kind {
            Kind::Fill(number) => Some(number),
            Kind::Op(_) | Kind::Input(_) | Kind::Variable(_) | Kind::Constant(_) => None,
        }
    }

    fn constant(&mut self, value: f64, spec: &Spec) -> Value {
        Value { node: self.intern(leaf(Kind::Fill(value), spec.clone())), output: 0 }
    }
}

fn keeps_order(view: &View) -> bool {
    match view {
        View::Reshape | View::Broadcast => true,
        View::Transpose(perm) => perm.iter().enumerate().all(|(to, &from)| to == from),
        View::Slice { start, step } => start.iter().all(|&s| s == 0) && step.iter().all(|&s| s == 1),
    }
}

/// Which operand an operation with a neutral constant returns.
fn neutral(scalar: Scalar, fills: &[Option<f64>]) -> Option<usize> {
    match scalar {
        Scalar::Binary(Binary::Add) if fills[1] == Some(0.0) => Some(0),
        Scalar::Binary(Binary::Add) if fills[0] == Some(0.0) => Some(1),
        Scalar::Binary(Binary::Sub) if fills[1] == Some(0.0) => Some(0),
        Scalar::Binary(Binary::Mul | Binary::Div | Binary::Pow) if fills[1] == Some(1.0) => Some(0),
        Scalar::Binary(Binary::Mul) if fills[0] == Some(1.0) => Some(1),
        Scalar::Select if fills[0].is_some() => Some(if fills[0] == Some(0.0) { 2 } else { 1 }),
        Scalar::Identity | Scalar::Unary(_) | Scalar::Binary(_) | Scalar::Select => None,
    }
}

/// The value of a scalar function of constants, for the few that shapes and gradients produce.
fn fold(scalar: Scalar, fills: &[Option<f64>], dtype: DType) -> Option<f64> {
    let numbers = fills.iter().copied().collect::<Option<Vec<f64>>>()?;
    let value = match (scalar, &numbers[..]) {
        (Scalar::Identity, &[x]) => Some(x),
        (Scalar::Unary(Unary::Neg), &[x]) => Some(-x),
        (Scalar::Unary(Unary::Recip), &[x]) => Some(1.0 / x),
        (Scalar::Binary(Binary::Add), &[a, b]) => Some(a + b),
        (Scalar::Binary(Binary::Sub), &[a, b]) => Some(a - b),
        (Scalar::Binary(Binary::Mul), &[a, b]) => Some(a * b),
        (Scalar::Binary(Binary::Div), &[a, b]) if dtype.is_float() => Some(a / b),
        _ => None,
    }?;
    Some(round(value, dtype)).filter(|&value| dtype.is_float() || value.abs() < 2_147_483_647.0)
}

fn fold_reduce(op: Reduce, value: f64, count: usize) -> Option<f64> {
    match op {
        Reduce::Sum => Some(value * count as f64),
        Reduce::Max | Reduce::Min if count > 0 => Some(value),
        Reduce::Max | Reduce::Min | Reduce::Prod => None,
    }
}

/// A number as the element type holds it.
fn round(value: f64, dtype: DType) -> f64 {
    match dtype {
        DType::F64 => value,
        DType::F32 => f64::from(value as f32),
        DType::I32 => value.trunc(),
        DType::Bool => f64::from(value != 0.0),
    }
}
