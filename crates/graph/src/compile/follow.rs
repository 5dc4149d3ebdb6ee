//! Which products end with a pass: an elementwise pass over their elements, with reductions over the rows, runs over each
//! part of the product as it is finished, while that is in the cache. What an optimizer does with a gradient; a residual
//! connection, statistics of a batch, an activation's slope with the gradient of a bias. A product that nobody else reads
//! is never stored.

use super::fuse::{Group, GroupId, Groups};
use super::ir::{NodeId, Plain, Value};
use super::layout;
use crate::op::{Epilogue, Lowering, Site};
use ferrograd_kernels::target::Target;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// A product that ends with a group's pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Followed {
    pub product: NodeId,
    /// Whether others read it too.
    pub kept: bool,
    /// Whether the pass updates variables: it writes over what it reads, so that only a product that is never stored goes
    /// with it.
    pub updates: bool,
}

/// For each kernel that reads groups of rows by themselves, the product that it may take in.
pub(crate) fn grouped(
    ir: &Plain,
    groups: &mut Groups,
    followed: &HashMap<GroupId, Followed>,
    target: Target,
) -> HashMap<NodeId, Followed> {
    let mut taken: HashSet<NodeId> = followed.values().map(|followed| followed.product).collect();
    let readers = ir.readers();
    let mut grouped = HashMap::new();
    for (node, reads) in ir.nodes.iter().enumerate() {
        let (Some(Lowering::Kernel(recipe)), [input]) = (ir.lowering(node), &reads.inputs[..]) else { continue };
        let product = input.node;
        let computed = matches!(ir.lowering(product), Some(Lowering::Contract(_) | Lowering::Kernel(_)));
        let site = Site { target, inputs: &[layout::contiguous(&ir.spec(*input).shape)], live: 1 };
        let fits = computed && ir.nodes[product].outputs.len() == 1 && recipe.by_groups(&site).is_some();
        if fits && !taken.contains(&product) && groups.join_nodes(product, node) {
            taken.insert(product);
            let kept = readers[product].iter().any(|&reader| reader != Some(node));
            grouped.insert(node, Followed { product, kept, updates: false });
        }
    }
    grouped
}

/// For each group of elementwise ops, the product that it may take in: first of those that need not be stored then, and of
/// those the last. The two together wait for nothing that waits for them.
pub(crate) fn followed(ir: &Plain, groups: &mut Groups) -> HashMap<GroupId, Followed> {
    let mut candidates = candidates(ir, groups);
    candidates.sort_by_key(|(_, candidate)| (candidate.kept, Reverse(candidate.product)));
    let (mut followed, mut taken) = (HashMap::new(), HashSet::new());
    for (group, candidate) in candidates {
        let free = !followed.contains_key(&group) && !taken.contains(&candidate.product);
        if free && groups.join(candidate.product, group) {
            taken.insert(candidate.product);
            followed.insert(group, candidate);
        }
    }
    followed
}

/// The groups that each product may end with, in the order of the products.
fn candidates(ir: &Plain, groups: &Groups) -> Vec<(GroupId, Followed)> {
    let updates: HashSet<NodeId> = ir.updates.iter().map(|update| update.1.node).collect();
    let mut candidates = Vec::new();
    for (product, readers) in ir.readers().into_iter().enumerate() {
        let of = |reader: Option<NodeId>| reader.and_then(|reader| groups.of[reader]);
        let readers: Vec<Option<GroupId>> = readers.into_iter().map(of).collect();
        for group in readers.iter().copied().flatten() {
            let Some(pass) = &groups.groups[group] else { continue };
            let kept = readers.iter().any(|&reader| reader != Some(group));
            let updates = pass.members.iter().any(|member| updates.contains(member));
            let candidate = Followed { product, kept, updates };
            if candidate.fits(ir, pass) {
                candidates.push((group, candidate));
            }
        }
    }
    candidates
}

impl Followed {
    /// True where the product may end with the pass.
    fn fits(&self, ir: &Plain, pass: &Group) -> bool {
        let product = match ir.lowering(self.product) {
            Some(Lowering::Contract(contract)) => {
                let unstored = contract.epilogue == Epilogue::NONE && !self.kept;
                let matrix = ir.nodes[self.product].outputs[0].shape.rank() == 2;
                !self.updates || matrix && unstored
            }
            Some(Lowering::Kernel(_)) => !self.updates && ir.nodes[self.product].outputs.len() == 1,
            Some(Lowering::Elementwise(_) | Lowering::Reduce { .. } | Lowering::View(_)) | None => false,
        };
        product && runs_over(pass, ir, self.product)
    }
}

/// True where the pass has nothing but elementwise ops over the elements of the product, and reductions over its rows or
/// within each.
fn runs_over(group: &Group, ir: &Plain, product: NodeId) -> bool {
    let spec = ir.spec(Value { node: product, output: 0 });
    let rank = spec.shape.rank();
    let over_rows = |axes: &[usize]| axes.len() + 1 == rank && axes.iter().copied().eq(0..axes.len());
    let within_rows = |axes: &[usize]| axes == [rank - 1];
    let takes_part = |&member: &NodeId| match ir.lowering(member) {
        Some(Lowering::Elementwise(_)) => true,
        Some(Lowering::Reduce { axes, .. }) => over_rows(axes) || within_rows(axes),
        Some(Lowering::View(_) | Lowering::Contract(_) | Lowering::Kernel(_)) | None => false,
    };
    rank >= 2
        && spec.shape.size() > 0
        && group.shape == spec.shape
        && group.compute == spec.dtype
        && !group.reordered
        && group.members.iter().all(takes_part)
}
