//! Which products are never stored: all that reads one is the elementwise pass over its elements, which then runs over
//! each part of the product as it is finished, while that is in the cache. What an optimizer does with a gradient.

use super::fuse::{Group, GroupId, Groups};
use super::ir::{NodeId, Plain, Value};
use crate::op::{Contract, Epilogue, Lowering, Reduce};
use std::collections::HashMap;

/// For each group of elementwise ops, the product that it may take in. The two together wait for nothing that waits for
/// them: only the group reads the product.
pub(crate) fn followed(ir: &Plain, groups: &Groups) -> HashMap<GroupId, NodeId> {
    let readers = ir.readers();
    let only = |readers: &[Option<NodeId>]| {
        let group = |reader: &Option<NodeId>| reader.and_then(|reader| groups.of[reader]);
        let first = group(readers.first()?)?;
        readers.iter().all(|reader| group(reader) == Some(first)).then_some(first)
    };
    let taken = (0..ir.nodes.len()).filter(|&node| is_plain_product(ir.lowering(node))).filter_map(|product| {
        let group = only(&readers[product])?;
        let fits = groups.groups[group].as_ref().is_some_and(|group| runs_over(group, ir, product));
        fits.then_some((group, product))
    });
    taken.collect()
}

fn is_plain_product(lowering: Option<&Lowering>) -> bool {
    matches!(lowering, Some(Lowering::Contract(Contract { epilogue: Epilogue::NONE, .. })))
}

/// True where the pass has nothing but elementwise ops over the elements of the one matrix, and sums over its rows.
fn runs_over(group: &Group, ir: &Plain, product: NodeId) -> bool {
    let spec = ir.spec(Value { node: product, output: 0 });
    let takes_part = |&member: &NodeId| match ir.lowering(member) {
        Some(Lowering::Elementwise(_)) => true,
        Some(Lowering::Reduce { op, axes, scale }) => *op == Reduce::Sum && axes[..] == [0] && scale.is_none(),
        _ => false,
    };
    spec.shape.rank() == 2
        && group.shape == spec.shape
        && group.compute == spec.dtype
        && !group.reordered
        && group.members.iter().all(takes_part)
}
