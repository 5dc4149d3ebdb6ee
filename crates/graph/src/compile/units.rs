//! Nodes that run together, in an order that merging keeps: whether two may become one is answered by looking only at
//! what lies between them.
//!
//! After Pearce and Kelly, "A dynamic topological sort algorithm for directed acyclic graphs" (2006).

use super::ir::NodeId;

/// A unit is named by one of its nodes.
pub(crate) type UnitId = NodeId;

/// A search gives up past so many units: then the two stay apart, and compiling a long graph stays quick.
const FAR: usize = 2048;

/// To what a unit reads, or to what reads it.
#[derive(Clone, Copy)]
enum Way {
    Back,
    Forth,
}

/// A partition of the nodes whose units do not depend on each other in a circle.
pub(crate) struct Units {
    inputs: Vec<Vec<NodeId>>,
    readers: Vec<Vec<NodeId>>,
    unit: Vec<UnitId>,
    members: Vec<Vec<NodeId>>,
    /// Every unit comes after those that it reads.
    rank: Vec<usize>,
    /// The number of the search that came by last.
    seen: Vec<u32>,
    searches: u32,
}

impl Units {
    /// Each node alone; `inputs[node]` are the nodes that it reads, all of them before it.
    pub fn new(inputs: Vec<Vec<NodeId>>) -> Units {
        let count = inputs.len();
        let mut readers = vec![Vec::new(); count];
        for (node, inputs) in inputs.iter().enumerate() {
            inputs.iter().for_each(|&input| readers[input].push(node));
        }
        Units {
            inputs,
            readers,
            unit: (0..count).collect(),
            members: (0..count).map(|node| vec![node]).collect(),
            rank: (0..count).collect(),
            seen: vec![0; count],
            searches: 0,
        }
    }

    /// Merges the units of two nodes, and names the result; none, and nothing changes, where another unit would have to
    /// run both after and before it.
    pub fn merge(&mut self, a: NodeId, b: NodeId) -> Option<UnitId> {
        let (a, b) = (self.unit[a], self.unit[b]);
        let (first, last) = if self.rank[a] < self.rank[b] { (a, b) } else { (b, a) };
        let before = self.between(last, first, Way::Back)?;
        let after = self.between(first, last, Way::Forth)?;
        self.reorder(&before, first, last, &after);
        let nodes = std::mem::take(&mut self.members[last]);
        nodes.iter().for_each(|&node| self.unit[node] = first);
        self.members[first].extend(nodes);
        Some(first)
    }

    /// The units other than `to` on the ways from `from` that stay between the two; none where one of them leads to `to`.
    fn between(&mut self, from: UnitId, to: UnitId, way: Way) -> Option<Vec<UnitId>> {
        self.searches += 1;
        let (low, high) = (self.rank[from].min(self.rank[to]), self.rank[from].max(self.rank[to]));
        let edges = match way {
            Way::Back => &self.inputs,
            Way::Forth => &self.readers,
        };
        let mut found = Vec::new();
        let mut at = from;
        for next in 0.. {
            for &node in self.members[at].iter().flat_map(|&node| &edges[node]) {
                let unit = self.unit[node];
                if unit == to && at != from {
                    return None;
                }
                let inside = low < self.rank[unit] && self.rank[unit] < high;
                if inside && self.seen[unit] != self.searches {
                    self.seen[unit] = self.searches;
                    found.push(unit);
                }
            }
            if found.len() > FAR {
                return None;
            }
            match found.get(next) {
                Some(&unit) => at = unit,
                None => break,
            }
        }
        Some(found)
    }

    /// In the places that they have now: what `last` reads, then `first`, which is to hold both, then what reads
    /// `first`.
    fn reorder(&mut self, before: &[UnitId], first: UnitId, last: UnitId, after: &[UnitId]) {
        let sorted = |units: &[UnitId], rank: &[usize]| {
            let mut units = units.to_vec();
            units.sort_unstable_by_key(|&unit| rank[unit]);
            units
        };
        let (before, after) = (sorted(before, &self.rank), sorted(after, &self.rank));
        let all: Vec<UnitId> = before.into_iter().chain([first]).chain(after).collect();
        let mut places: Vec<usize> = all.iter().chain([&last]).map(|&unit| self.rank[unit]).collect();
        places.sort_unstable();
        // One place more than units: what comes before goes to the first ones, what comes after to the last ones.
        let at = all.iter().position(|&unit| unit == first).expect("it is among them");
        for (index, &unit) in all.iter().enumerate() {
            self.rank[unit] = places[if index <= at { index } else { index + 1 }];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// True where units depend on each other in a circle: taken away one by one, some are left.
    fn has_circle(units: &Units) -> bool {
        let mut left: Vec<UnitId> = (0..units.members.len()).filter(|&unit| !units.members[unit].is_empty()).collect();
        loop {
            let reads = |unit: UnitId| units.members[unit].iter().flat_map(|&node| &units.inputs[node]);
            let free = |unit: UnitId, of: UnitId| of == unit || !left.contains(&of);
            let ready = |unit: UnitId| reads(unit).all(|&node| free(unit, units.unit[node]));
            let waiting: Vec<UnitId> = left.iter().copied().filter(|&unit| !ready(unit)).collect();
            if waiting.len() == left.len() {
                return !left.is_empty();
            }
            left = waiting;
        }
    }

    /// The partition with the units of two nodes merged, whatever comes of it.
    fn forced(units: &Units, a: NodeId, b: NodeId) -> Units {
        let mut all = Units::new(units.inputs.clone());
        let (a, b) = (units.unit[a], units.unit[b]);
        all.unit = units.unit.iter().map(|&unit| if unit == b { a } else { unit }).collect();
        all.members = vec![Vec::new(); all.unit.len()];
        for (node, &unit) in all.unit.iter().enumerate() {
            all.members[unit].push(node);
        }
        all
    }

    #[test]
    fn random_graphs_merge_exactly_where_no_circle_comes_of_it() {
        let mut state = 7u64;
        let mut dice = |sides: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % sides
        };
        let (mut merged, mut refused) = (0, 0);
        for _ in 0..60 {
            let inputs = (0..40).map(|node| (0..dice(4).min(node)).map(|_| node - 1 - dice(node.min(8))).collect());
            let mut units = Units::new(inputs.collect());
            for _ in 0..60 {
                let (a, b) = (dice(40), dice(40));
                if units.unit[a] == units.unit[b] {
                    continue;
                }
                let allowed = !has_circle(&forced(&units, a, b));
                assert_eq!(units.merge(a, b).is_some(), allowed);
                assert!(!has_circle(&units));
                let ordered = |node: NodeId, input: NodeId| {
                    let (unit, of) = (units.unit[node], units.unit[input]);
                    unit == of || units.rank[of] < units.rank[unit]
                };
                assert!((0..40).all(|node| units.inputs[node].iter().all(|&input| ordered(node, input))));
                if allowed { merged += 1 } else { refused += 1 }
            }
        }
        assert!(merged > 300 && refused > 300, "{merged} merged, {refused} refused: too few of a kind");
    }
}
