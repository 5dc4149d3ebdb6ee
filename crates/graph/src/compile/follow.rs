//! Which products end with the pass over their elements: all that reads one is the pass, which then runs over each part
//! of the product as it is finished, while that is in the cache. A bias and an activation, a residual, a dropout mask, the
//! slope of an activation and the gradient of a bias, what an optimizer does with a gradient: all of them are that.

use super::fuse::{Group, GroupId, Groups};
use super::ir::{NodeId, Plain, Value};
use crate::op::Lowering;
use std::collections::{HashMap, HashSet};

/// For each group of elementwise ops, the product that it may take in. The two together wait for nothing that waits for
/// them: only the group reads the product.
pub(crate) fn followed(ir: &Plain, groups: &Groups) -> HashMap<GroupId, NodeId> {
    let readers = ir.readers();
    let only = |readers: &[Option<NodeId>]| {
        let group = |reader: &Option<NodeId>| reader.and_then(|reader| groups.of[reader]);
        let first = group(readers.first()?)?;
        readers.iter().all(|reader| group(reader) == Some(first)).then_some(first)
    };
    let taken = (0..ir.nodes.len()).filter(|&node| is_product(ir, node)).filter_map(|product| {
        let group = only(&readers[product])?;
        let fits = groups.groups[group].as_ref().is_some_and(|group| runs_over(group, ir, product));
        fits.then_some((group, product))
    });
    taken.collect()
}

fn is_product(ir: &Plain, node: NodeId) -> bool {
    matches!(ir.lowering(node), Some(Lowering::Contract(_)))
}

/// True where the pass has nothing but elementwise ops over the elements of the product, and reductions over its leading
/// axes.
fn runs_over(group: &Group, ir: &Plain, product: NodeId) -> bool {
    let spec = ir.spec(Value { node: product, output: 0 });
    let takes_part =
        |&member: &NodeId| matches!(ir.lowering(member), Some(Lowering::Elementwise(_))) || is_over_rows(ir, member);
    group.shape == spec.shape && group.compute == spec.dtype && !group.reordered && group.members.iter().all(takes_part)
}

/// True for a reduction over leading axes that leaves some: those are rows to it.
pub(crate) fn is_over_rows(ir: &Plain, node: NodeId) -> bool {
    let Some(Lowering::Reduce { axes, .. }) = ir.lowering(node) else { return false };
    let rank = ir.spec(ir.nodes[node].inputs[0]).shape.rank();
    !axes.is_empty() && axes.len() < rank && axes.iter().enumerate().all(|(at, &axis)| at == axis)
}

/// The values with which a product ends that are stored anyway: behind a product and elementwise ops that each only the
/// next one reads, read by something that is no pass. A pass that reads one of them is better off on its own: what an
/// activation's slope looks at, for one, belongs to the gradient and not behind the product of the forward pass.
pub(crate) fn ends(ir: &Plain) -> HashSet<NodeId> {
    let readers = ir.readers();
    let in_pass = |reader: &Option<NodeId>| {
        let lowering = reader.and_then(|reader| ir.lowering(reader));
        matches!(lowering, Some(Lowering::Elementwise(_) | Lowering::Reduce { .. }))
    };
    let follows = |node: NodeId, by: NodeId| {
        let elementwise = matches!(ir.lowering(by), Some(Lowering::Elementwise(_)));
        elementwise && ir.nodes[by].outputs[0].shape == ir.nodes[node].outputs[0].shape
    };
    let last = |product: NodeId| {
        let mut at = product;
        while let [Some(next)] = readers[at][..]
            && follows(at, next)
        {
            at = next;
        }
        at
    };
    let products = (0..ir.nodes.len()).filter(|&node| is_product(ir, node));
    let ends = products.map(|product| (product, last(product))).filter(|(product, last)| product != last);
    ends.map(|(_, last)| last).filter(|&last| !readers[last].iter().all(in_pass)).collect()
}
