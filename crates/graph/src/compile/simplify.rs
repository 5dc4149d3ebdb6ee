//! Constants folded, neutral operations dropped, common subexpressions merged, dead nodes left behind; of what remains
//! only how it is computed.

use super::ir::{Drawn, Ir, Kind, Node, NodeId, Plain, Value, leaf};
use crate::op::{Binary, Lowering, Op, Reduce, Scalar, Unary, View};
use crate::shape::Spec;
use ferrograd_kernels::element::DType;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;

/// The same computation in fewer nodes.
pub(crate) fn simplify(ir: Drawn) -> Plain {
    let live = ir.live();
    let mut pass = Pass { out: Ir::default(), seen: HashMap::new() };
    let mut map: Vec<Vec<Value>> = Vec::with_capacity(ir.nodes.len());
    for (id, node) in ir.nodes.into_iter().enumerate() {
        map.push(if live[id] { pass.visit(node, &map) } else { Vec::new() });
    }
    let to = |value: Value| map[value.node][value.output];
    pass.out.outputs = ir.outputs.into_iter().map(to).collect();
    pass.out.updates = ir.updates.into_iter().map(|(variable, value)| (variable, to(value))).collect();
    pass.out.guards = ir.guards.into_iter().map(|check| check.map(to)).collect();
    Ir { inputs: ir.inputs, variables: ir.variables, constants: ir.constants, ..pass.out }
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Op(&'static str, Vec<u64>, Vec<Value>),
    Fill(u64, Spec),
    Variable(usize),
}

struct Pass {
    out: Plain,
    seen: HashMap<Key, NodeId>,
}

impl Pass {
    /// The values that stand for the node's outputs.
    fn visit(&mut self, node: Node<Arc<dyn Op>>, map: &[Vec<Value>]) -> Vec<Value> {
        let Node { kind, inputs, outputs } = node;
        let mut inputs: SmallVec<[Value; 2]> = inputs.iter().map(|input| map[input.node][input.output]).collect();
        let (key, kind) = match kind {
            Kind::Op(op) => {
                let specs: Vec<Spec> = inputs.iter().map(|&input| self.out.spec(input).clone()).collect();
                let lowering = as_a_view(op.lower(&specs, &outputs), &specs, &outputs);
                let lowering = self.of_its_source(lowering, &mut inputs);
                if let Some(value) = self.shorter(&lowering, &inputs, &outputs) {
                    return vec![value];
                }
                let key = op.pure().then(|| {
                    let mut identity = Vec::new();
                    op.identity(&mut identity);
                    Key::Op(op.name(), identity, inputs.to_vec())
                });
                (key, Kind::Op(lowering))
            }
            Kind::Fill(value) => (Some(Key::Fill(value.to_bits(), outputs[0].clone())), Kind::Fill(value)),
            Kind::Variable(index) => (Some(Key::Variable(index)), Kind::Variable(index)),
            Kind::Input(index) => (None, Kind::Input(index)),
            Kind::Constant(index) => (None, Kind::Constant(index)),
        };
        let count = outputs.len();
        let id = self.intern(key, Node { kind, inputs, outputs });
        (0..count).map(|output| Value { node: id, output }).collect()
    }

    /// What reduces all of a reshaped tensor reduces all of that tensor: in the pass that computes it, perhaps.
    fn of_its_source(&self, lowering: Lowering, inputs: &mut [Value]) -> Lowering {
        let Lowering::Reduce { op, axes, scale } = lowering else { return lowering };
        let whole = axes.len() == self.out.spec(inputs[0]).shape.rank();
        let node = &self.out.nodes[inputs[0].node];
        if !whole || !matches!(node.kind, Kind::Op(Lowering::View(View::Reshape))) {
            return Lowering::Reduce { op, axes, scale };
        }
        inputs[0] = node.inputs[0];
        Lowering::Reduce { op, axes: (0..self.out.spec(inputs[0]).shape.rank()).collect(), scale }
    }

    /// The node, or the one that was there before under the same key.
    fn intern(&mut self, key: Option<Key>, node: Node<Lowering>) -> NodeId {
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
    fn shorter(&mut self, lowering: &Lowering, inputs: &[Value], outputs: &[Spec]) -> Option<Value> {
        let [spec] = outputs else { return None };
        let fills: Vec<Option<f64>> = inputs.iter().map(|&input| self.out.fill(input)).collect();
        match lowering {
            Lowering::Elementwise(scalar) => match fold(*scalar, &fills, spec.dtype) {
                Some(value) => Some(self.constant(value, spec)),
                None => {
                    neutral(*scalar, &fills).map(|index| inputs[index]).filter(|&input| self.out.spec(input) == spec)
                }
            },
            Lowering::View(view) => match fills[0] {
                Some(value) => Some(self.constant(value, spec)),
                None => (self.out.spec(inputs[0]) == spec && keeps_order(view)).then_some(inputs[0]),
            },
            Lowering::Reduce { op, axes, .. } => {
                let shape = &self.out.spec(inputs[0]).shape;
                let count: usize = axes.iter().map(|&axis| shape[axis]).product();
                let value = fold_reduce(*op, fills[0]?, count)?;
                Some(self.constant(round(value, spec.dtype), spec))
            }
            Lowering::Contract(_) | Lowering::Kernel(_) => None,
        }
    }

    fn constant(&mut self, value: f64, spec: &Spec) -> Value {
        let key = Key::Fill(value.to_bits(), spec.clone());
        Value { node: self.intern(Some(key), leaf(Kind::Fill(value), spec.clone())), output: 0 }
    }
}

/// Where only axes of one element are reduced, the numbers themselves are read in another shape.
fn as_a_view(lowering: Lowering, inputs: &[Spec], outputs: &[Spec]) -> Lowering {
    let Lowering::Reduce { axes, scale: None, .. } = &lowering else { return lowering };
    let [input] = inputs else { return lowering };
    let single = axes.iter().all(|&axis| input.shape[axis] == 1);
    if single && input.dtype == outputs[0].dtype { Lowering::View(View::Reshape) } else { lowering }
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
