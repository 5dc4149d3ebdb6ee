//! Which elementwise ops and reductions run in one pass.
//!
//! A group's members share one iteration shape and one compute type. Merging never makes a cycle between groups,
//! and a reduction's result is only seen outside the pass that computes it.

use super::ir::{NodeId, Plain, Value};
use super::units::Units;
use crate::op::Lowering;
use crate::shape::{Shape, Spec};
use ferrograd_kernels::element::DType;
use std::collections::{HashMap, HashSet};

/// Most members of one pass; keeps temporaries in the first-level cache.
const MEMBERS: usize = 48;

/// Most distinct tensors that one pass reads.
const OPERANDS: usize = 32;

/// Passes over at most this many elements are merged although they share nothing: the call costs more than the work.
const SMALL: usize = 1024;

/// A small pass that so many others could not be merged with is left alone: only long chains of one shape get there.
const REFUSALS: usize = 64;

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
    units: Units,
    /// What the guard is computed from.
    early: HashSet<NodeId>,
    /// What becomes of it, and must not run with it.
    late: HashSet<NodeId>,
}

impl Groups {
    /// Makes one unit of a node that is in no group and a group; false, and nothing changes, where another unit would have
    /// to run after the one and before the other, or the guard between the two.
    pub fn join(&mut self, node: NodeId, group: GroupId) -> bool {
        let Some(Group { members, .. }) = &self.groups[group] else { return false };
        let guarded = self.early.contains(&node) && members.iter().any(|member| self.late.contains(member));
        !guarded && self.units.merge(node, members[0]).is_some()
    }

    /// The same of two nodes that are in no group.
    pub fn join_nodes(&mut self, a: NodeId, b: NodeId) -> bool {
        self.units.merge(a, b).is_some()
    }
}

/// Finds the groups.
pub(crate) fn fuse(ir: &Plain) -> Groups {
    let inputs = ir.nodes.iter().map(|node| node.inputs.iter().map(|input| input.node).collect());
    let early = before_guard(ir);
    let late = behind_guard(ir, &early);
    let (groups, of, units) = (Vec::new(), vec![None; ir.nodes.len()], Units::new(inputs.collect()));
    let mut fuser = Fuser { ir, result: Groups { groups, of, units, early, late } };
    for node in 0..ir.nodes.len() {
        fuser.place(node);
    }
    fuser.merge_small();
    fuser.result
}

/// What the guard is computed from: it must not wait for updates, which wait for it.
fn before_guard(ir: &Plain) -> HashSet<NodeId> {
    let mut found = HashSet::new();
    let mut stack: Vec<NodeId> = ir.guards.iter().flat_map(|check| &check.values).map(|value| value.node).collect();
    while let Some(node) = stack.pop() {
        if found.insert(node) {
            stack.extend(ir.nodes[node].inputs.iter().map(|input| input.node));
        }
    }
    found
}

/// What a pass would compute together with a variable's new value: elementwise ops of its shape that the guard does not
/// need.
fn behind_guard(ir: &Plain, early: &HashSet<NodeId>) -> HashSet<NodeId> {
    let mut found = HashSet::new();
    if early.is_empty() {
        return found;
    }
    let mut stack: Vec<Value> = ir.updates.iter().map(|update| update.1).collect();
    while let Some(value) = stack.pop() {
        let elementwise = matches!(ir.lowering(value.node), Some(Lowering::Elementwise(_)));
        if elementwise && !early.contains(&value.node) && found.insert(value.node) {
            let inputs = ir.nodes[value.node].inputs.iter().copied();
            stack.extend(inputs.filter(|&input| ir.spec(input).shape == ir.spec(value).shape));
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

/// What small passes must have in common: shape, type, and whether the guard is computed from them.
type Likeness = (Shape, DType, bool);

struct Fuser<'a> {
    ir: &'a Plain,
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
            if joins && !self.is_reduction(input.node) && self.merge(other, id) {
                id = other;
            }
        }
    }

    /// The group of this node only, `None` where it is not fusable.
    fn alone(&self, node: NodeId) -> Option<Group> {
        let inputs: Vec<Spec> = self.ir.nodes[node].inputs.iter().map(|&input| self.ir.spec(input).clone()).collect();
        let output = &self.ir.nodes[node].outputs[0];
        let (shape, compute, reordered) = match self.ir.lowering(node)? {
            Lowering::Elementwise(_) => (output.shape.clone(), compute_type(&inputs, output), false),
            Lowering::Reduce { axes, .. } => {
                let shape = inputs[0].shape.clone();
                let reordered = !is_edge(axes, shape.rank());
                (shape, compute_type(&inputs, output), reordered)
            }
            Lowering::View(_) | Lowering::Contract(_) | Lowering::Kernel(_) => return None,
        };
        Some(Group { members: vec![node], shape, compute, reordered })
    }

    fn is_reduction(&self, node: NodeId) -> bool {
        matches!(self.ir.lowering(node), Some(Lowering::Reduce { .. }))
    }

    /// Makes one pass of two, unless it would be too large or need a result of its own.
    fn merge(&mut self, into: GroupId, from: GroupId) -> bool {
        let union: HashSet<NodeId> = self.members(into).iter().chain(self.members(from)).copied().collect();
        let fits = union.len() <= MEMBERS && self.operands(&union) <= OPERANDS && !self.reads_its_reduction(&union);
        let (first, other) = (self.members(into)[0], self.members(from)[0]);
        if !fits || self.straddles_guard(&union) || self.result.units.merge(first, other).is_none() {
            return false;
        }
        let Some(group) = self.result.groups[from].take() else { return false };
        group.members.iter().for_each(|&node| self.result.of[node] = Some(into));
        if let Some(target) = &mut self.result.groups[into] {
            target.members.extend(group.members);
            target.members.sort_unstable();
        }
        true
    }

    /// True where a pass would compute both what the guard needs and the new value of a variable: it could not write that
    /// in place, and neither wait for the guard.
    fn straddles_guard(&self, union: &HashSet<NodeId>) -> bool {
        let Groups { early, late, .. } = &self.result;
        union.iter().any(|node| early.contains(node)) && union.iter().any(|node| late.contains(node))
    }

    fn members(&self, group: GroupId) -> &[NodeId] {
        self.result.groups[group].as_ref().map_or(&[], |group| &group.members)
    }

    fn operands(&self, union: &HashSet<NodeId>) -> usize {
        let inputs = union.iter().flat_map(|&node| &self.ir.nodes[node].inputs);
        inputs.filter(|input| !union.contains(&input.node)).collect::<HashSet<_>>().len()
    }

    /// True where some member needs a reduction of the union, which is only there after the pass.
    fn reads_its_reduction(&self, union: &HashSet<NodeId>) -> bool {
        let mut inputs = union.iter().flat_map(|&node| &self.ir.nodes[node].inputs);
        inputs.any(|input| union.contains(&input.node) && self.is_reduction(input.node))
    }

    /// Merges small passes over the same shape that do not depend on each other.
    fn merge_small(&mut self) {
        let small = |group: &Group| group.shape.size() <= SMALL && !group.reordered;
        let ids: Vec<GroupId> =
            (0..self.result.groups.len()).filter(|&id| self.result.groups[id].as_ref().is_some_and(small)).collect();
        let mut alike: HashMap<Likeness, Vec<GroupId>> = HashMap::new();
        for &id in &ids {
            if let Some(likeness) = self.likeness(id) {
                alike.entry(likeness).or_default().push(id);
            }
        }
        for into in ids {
            let Some(likeness) = self.likeness(into) else { continue };
            let others = alike.remove(&likeness).unwrap_or_default();
            let mut refused = 0;
            let left = others.into_iter().filter(|&from| {
                let stays = from > into && (refused >= REFUSALS || !self.merge(into, from));
                refused += usize::from(stays);
                stays
            });
            let left = left.collect();
            alike.insert(likeness, left);
        }
    }

    fn likeness(&self, group: GroupId) -> Option<Likeness> {
        let group = self.result.groups[group].as_ref()?;
        let early = group.members.iter().any(|node| self.result.early.contains(node));
        Some((group.shape.clone(), group.compute, early))
    }
}
