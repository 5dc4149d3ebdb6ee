//! Which elementwise ops and reductions run in one pass.
//!
//! A group's members share one iteration shape and one compute type. Merging never makes a cycle between groups,
//! and a reduction's result is only seen outside the pass that computes it.

use super::ir::{Ir, Kind, NodeId};
use crate::op::Lowering;
use crate::shape::{Shape, Spec};
use ferrograd_kernels::element::DType;
use std::collections::HashSet;

/// Most members of one pass; keeps temporaries in the first-level cache.
const MEMBERS: usize = 48;

/// Most distinct tensors that one pass reads.
const OPERANDS: usize = 32;

/// Passes over at most this many elements are merged although they share nothing: the call costs more than the work.
const SMALL: usize = 1024;

pub(crate) type GroupId = usize;

/// Nodes that run in one pass.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// In order of dependency.
    pub members: Vec<NodeId>,
    /// What the pass runs over.
    pub shape: Shape,
    /// The type that it computes in.
    pub compute: DType,
    /// Set for a reduction over axes in the middle, which reads its input in another order and stays alone.
    pub reordered: bool,
}

/// The groups, and which group each node is in.
pub(crate) struct Groups {
    pub groups: Vec<Option<Group>>,
    pub of: Vec<Option<GroupId>>,
}

/// Finds the groups.
pub(crate) fn fuse(ir: &Ir, lowerings: &[Option<Lowering>]) -> Groups {
    let mut fuser = Fuser { ir, lowerings, result: Groups { groups: Vec::new(), of: vec![None; ir.nodes.len()] } };
    for node in 0..ir.nodes.len() {
        fuser.place(node);
    }
    fuser.merge_small(&before_guard(ir));
    fuser.result
}

/// What the guard is computed from: it must not wait for updates, which wait for it.
fn before_guard(ir: &Ir) -> HashSet<NodeId> {
    let mut found = HashSet::new();
    let mut stack: Vec<NodeId> = ir.guard.iter().map(|guard| guard.node).collect();
    while let Some(node) = stack.pop() {
        if found.insert(node) {
            stack.extend(ir.nodes[node].inputs.iter().map(|input| input.node));
        }
    }
    found
}

/// The type that an elementwise op computes in: that of its numbers, `float32` for truth values.
pub(crate) fn compute_type(inputs: &[Spec], output: &Spec) -> DType {
    let numeric = inputs.iter().map(|input| input.dtype).filter(|&dtype| dtype != DType::Bool);
    match (output.dtype, inputs) {
        (DType::Bool, _) => numeric.max_by_key(|dtype| dtype.size()).unwrap_or(DType::F32),
        (DType::I32, [input]) if input.dtype.is_float() => input.dtype,
        (dtype, _) => dtype,
    }
}

/// True where the axes are the first, the last, or all.
pub(crate) fn is_edge(axes: &[usize], rank: usize) -> bool {
    let leading = axes.iter().enumerate().all(|(index, &axis)| axis == index);
    let trailing = axes.iter().rev().enumerate().all(|(index, &axis)| axis + 1 + index == rank);
    leading || trailing
}

struct Fuser<'a> {
    ir: &'a Ir,
    lowerings: &'a [Option<Lowering>],
    result: Groups,
}

impl Fuser<'_> {
    fn place(&mut self, node: NodeId) {
        let Some(group) = self.alone(node) else { return };
        let (shape, compute, reordered) = (group.shape.clone(), group.compute, group.reordered);
        let mut id = self.result.groups.len();
        self.result.groups.push(Some(group));
        self.result.of[node] = Some(id);
        if reordered {
            return;
        }
        for input in self.ir.nodes[node].inputs.clone() {
            let Some(other) = self.result.of[input.node].filter(|&other| other != id) else { continue };
            let fits = |group: &Group| group.shape == shape && group.compute == compute && !group.reordered;
            let joins = self.result.groups[other].as_ref().is_some_and(fits);
            if joins && !self.is_reduction(input.node) && self.may_merge(other, id) {
                self.merge(other, id);
                id = other;
            }
        }
    }

    /// The group of this node only, `None` where it is not fusable.
    fn alone(&self, node: NodeId) -> Option<Group> {
        let Kind::Op(_) = self.ir.nodes[node].kind else { return None };
        let inputs: Vec<Spec> = self.ir.nodes[node].inputs.iter().map(|&input| self.ir.spec(input).clone()).collect();
        let output = &self.ir.nodes[node].outputs[0];
        let (shape, compute, reordered) = match self.lowerings[node].as_ref()? {
            Lowering::Elementwise(_) => (output.shape.clone(), compute_type(&inputs, output), false),
            Lowering::Reduce { axes, .. } => {
                let shape = inputs[0].shape.clone();
                let reordered = !is_edge(axes, shape.rank());
                (shape, compute_type(&inputs, output), reordered)
            }
            Lowering::View(_) | Lowering::Matmul { .. } | Lowering::Kernel(_) => return None,
        };
        Some(Group { members: vec![node], shape, compute, reordered })
    }

    fn is_reduction(&self, node: NodeId) -> bool {
        matches!(self.lowerings[node], Some(Lowering::Reduce { .. }))
    }

    fn may_merge(&self, a: GroupId, b: GroupId) -> bool {
        let union: HashSet<NodeId> = self.members(a).iter().chain(self.members(b)).copied().collect();
        if union.len() > MEMBERS || self.operands(&union) > OPERANDS {
            return false;
        }
        !self.reaches_itself(&union)
    }

    fn members(&self, group: GroupId) -> &[NodeId] {
        self.result.groups[group].as_ref().map_or(&[], |group| &group.members)
    }

    fn operands(&self, union: &HashSet<NodeId>) -> usize {
        let inputs = union.iter().flat_map(|&node| &self.ir.nodes[node].inputs);
        inputs.filter(|input| !union.contains(&input.node)).collect::<HashSet<_>>().len()
    }

    /// True where some member needs a result of the union that is only there after the pass.
    fn reaches_itself(&self, union: &HashSet<NodeId>) -> bool {
        let outside = |input: &NodeId| !union.contains(input) || self.is_reduction(*input);
        let mut stack: Vec<NodeId> = union.iter().flat_map(|&node| self.inputs(node)).filter(outside).collect();
        let mut seen: HashSet<NodeId> = HashSet::new();
        while let Some(node) = stack.pop() {
            if union.contains(&node) {
                return true;
            }
            // A node runs when its whole group runs, so it needs whatever any member of the group needs.
            let unit = self.result.of[node].map_or(std::slice::from_ref(&node), |group| self.members(group)).to_vec();
            if !seen.insert(unit[0]) {
                continue;
            }
            let own: HashSet<NodeId> = unit.iter().copied().collect();
            stack.extend(unit.iter().flat_map(|&member| self.inputs(member)).filter(|input| !own.contains(input)));
        }
        false
    }

    fn inputs(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.ir.nodes[node].inputs.iter().map(|input| input.node)
    }

    fn merge(&mut self, into: GroupId, from: GroupId) {
        let Some(group) = self.result.groups[from].take() else { return };
        group.members.iter().for_each(|&node| self.result.of[node] = Some(into));
        if let Some(target) = &mut self.result.groups[into] {
            target.members.extend(group.members);
            target.members.sort_unstable();
        }
    }

    /// Merges small passes over the same shape that do not depend on each other.
    fn merge_small(&mut self, before_guard: &HashSet<NodeId>) {
        let small = |group: &Group| group.shape.size() <= SMALL && !group.reordered;
        let ids: Vec<GroupId> =
            (0..self.result.groups.len()).filter(|&id| self.result.groups[id].as_ref().is_some_and(small)).collect();
        let early = |fuser: &Fuser<'_>, group| fuser.members(group).iter().any(|node| before_guard.contains(node));
        for (position, &into) in ids.iter().enumerate() {
            for &from in &ids[position + 1..] {
                if self.alike(into, from) && early(self, into) == early(self, from) && self.may_merge(into, from) {
                    self.merge(into, from);
                }
            }
        }
    }

    fn alike(&self, a: GroupId, b: GroupId) -> bool {
        match (&self.result.groups[a], &self.result.groups[b]) {
            (Some(a), Some(b)) => a.shape == b.shape && a.compute == b.compute,
            (None, _) | (_, None) => false,
        }
    }
}
