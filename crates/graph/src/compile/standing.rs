//! What a step of a loop computes of nothing but what is the same at each turn: it runs once, before the first turn.

use super::lower::{BufferId, Home, Lowered, Unit};
use std::collections::HashSet;

/// The order with the standing units first, and how many these are; the inputs from `inputs` on are the same at each turn.
pub(crate) fn first(lowered: &Lowered, order: &[usize], inputs: usize) -> (Vec<usize>, usize) {
    let mut made: HashSet<BufferId> = HashSet::new();
    let (mut standing, mut turning) = (Vec::new(), Vec::new());
    for &unit in order {
        let Unit { reads, writes, .. } = &lowered.units[unit];
        let stands = |buffer: BufferId| match lowered.buffers[buffer].home {
            Home::Input(index) => index >= inputs,
            Home::Constant(_) => true,
            Home::Arena => made.contains(&buffer),
            Home::Variable(_) => false,
        };
        // What leaves a turn has another place at each.
        let stays = writes.iter().all(|&buffer| lowered.buffers[buffer].home == Home::Arena);
        if stays && reads.iter().all(|read| stands(read.buffer)) {
            made.extend(writes);
            standing.push(unit);
        } else {
            turning.push(unit);
        }
    }
    let count = standing.len();
    standing.append(&mut turning);
    (standing, count)
}
