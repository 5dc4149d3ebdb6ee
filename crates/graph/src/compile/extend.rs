//! An op that gives more stands for the one on the same inputs that gives less ([`Op::extends`](crate::op::Op::extends)):
//! the loop that saves what its gradient reads is the loop that runs forward.

use super::ir::{Drawn, Ir, Kind, NodeId, Value};
use std::collections::HashMap;

/// The same graph with the longer op in the place of the shorter one.
pub(crate) fn join(mut ir: Drawn) -> Drawn {
    if !ir.nodes.iter().any(|node| matches!(&node.kind, Kind::Op(op) if op.extends().is_some())) {
        return ir;
    }
    let mut joining = Joining { known: HashMap::new(), stands: (0..ir.nodes.len()).collect() };
    (0..ir.nodes.len()).for_each(|id| joining.visit(id, &mut ir));
    let to = |value: Value| joining.to(value);
    Ir {
        outputs: ir.outputs.into_iter().map(to).collect(),
        updates: ir.updates.into_iter().map(|(variable, value)| (variable, to(value))).collect(),
        guards: ir.guards.into_iter().map(|check| check.map(to)).collect(),
        ..ir
    }
}

/// An op on its inputs.
type Call = (&'static str, Vec<u64>, Vec<Value>);

struct Joining {
    /// The node that gives what a call gives, and whether it gives no more.
    known: HashMap<Call, (NodeId, bool)>,
    /// The node that stands for each.
    stands: Vec<NodeId>,
}

impl Joining {
    fn to(&self, value: Value) -> Value {
        Value { node: self.stands[value.node], ..value }
    }

    fn visit(&mut self, id: NodeId, ir: &mut Drawn) {
        let inputs: Vec<Value> = ir.nodes[id].inputs.iter().map(|&input| self.to(input)).collect();
        ir.nodes[id].inputs = inputs.iter().copied().collect();
        let Kind::Op(op) = ir.nodes[id].kind.clone() else { return };
        if !op.extendable() {
            return;
        }
        let mut identity = Vec::new();
        op.identity(&mut identity);
        let call = (op.name(), identity, inputs.clone());
        let shorter = op.extends().map(|shorter| (op.name(), shorter.to_vec(), inputs));
        if let Some(&(node, _)) = self.known.get(&call) {
            self.stands[id] = node;
        } else if let Some(exact) =
            shorter.as_ref().and_then(|shorter| self.known.get_mut(shorter)).filter(|known| known.1)
        {
            exact.1 = false;
            let node = exact.0;
            (ir.nodes[node].kind, ir.nodes[node].outputs) = (Kind::Op(op), ir.nodes[id].outputs.clone());
            self.stands[id] = node;
            self.known.insert(call, (node, true));
        } else {
            self.known.insert(call, (id, true));
            // The shorter one may come after it.
            shorter.and_then(|shorter| self.known.insert(shorter, (id, false)));
        }
    }
}
