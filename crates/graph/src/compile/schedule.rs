//! The order of the units, and which of them write straight into variables.

use super::lower::{BufferId, Home, Lowered};
use crate::error::Result;
use ferrograd_kernels::isa::Isa;
use std::collections::{HashMap, HashSet};

/// Lets updates write in place where nobody reads the old value later, adds copies elsewhere, and returns the
/// units in order.
pub(crate) fn schedule(lowered: &mut Lowered, isa: Isa) -> Result<Vec<usize>> {
    protect_swapped(lowered, isa)?;
    let mut graph = Dependencies::new(lowered);
    let mut taken: HashSet<BufferId> = HashSet::new();
    let mut late = Vec::new();
    for (variable, buffer) in lowered.updates.clone() {
        if lowered.buffers[buffer].home == Home::Variable(variable) {
            continue;
        }
        if taken.insert(buffer) && graph.write_in_place(lowered, variable, buffer) {
            lowered.buffers[buffer].home = Home::Variable(variable);
        } else {
            late.push((variable, buffer));
        }
    }
    add_copies(lowered, &late, isa)?;
    Ok(graph.order(lowered))
}

/// A new value that is another variable's old one is first copied out: it may change before it is read.
fn protect_swapped(lowered: &mut Lowered, isa: Isa) -> Result<()> {
    let changed: HashSet<usize> = lowered.updates.iter().map(|update| update.0).collect();
    for index in 0..lowered.updates.len() {
        let (variable, buffer) = lowered.updates[index];
        match lowered.buffers[buffer].home {
            Home::Variable(source) if source != variable && changed.contains(&source) => {
                lowered.updates[index].1 = lowered.add_copy(buffer, None, isa)?.1;
            }
            Home::Variable(_) | Home::Arena | Home::Input(_) | Home::Constant(_) => {}
        }
    }
    // An output that is a variable's old value is copied out for the same reason.
    for index in 0..lowered.outputs.len() {
        let buffer = lowered.outputs[index];
        if matches!(lowered.buffers[buffer].home, Home::Variable(variable) if changed.contains(&variable)) {
            lowered.outputs[index] = lowered.add_copy(buffer, None, isa)?.1;
        }
    }
    Ok(())
}

fn add_copies(lowered: &mut Lowered, late: &[(usize, BufferId)], isa: Isa) -> Result<()> {
    for &(variable, buffer) in late {
        let mut target = lowered.buffers[buffer].clone();
        target.home = Home::Variable(variable);
        lowered.buffers.push(target);
        let to = lowered.buffers.len() - 1;
        let (unit, _) = lowered.add_copy(buffer, Some(to), isa)?;
        lowered.last.push(unit);
    }
    Ok(())
}

/// The units that may stop a run: the guard, loops with such inside, and for each tensor of indices the first that checks
/// it most strictly.
/// No variable changes before all of them have run.
fn stops(lowered: &Lowered) -> Vec<usize> {
    // Those that read more of a buffer than others check more.
    let mut strictest: HashMap<(BufferId, usize, Option<usize>), (usize, usize)> = HashMap::new();
    for (unit, call) in lowered.units.iter().enumerate() {
        let Some((input, limit)) = call.kernel.indices() else { continue };
        let read = &call.reads[input];
        let known = strictest.entry((read.buffer, read.offset, read.len)).or_insert((limit, unit));
        *known = (*known).min((limit, unit));
    }
    let inside = |call: &super::lower::Unit| call.kernel.indices().is_none() && call.kernel.may_stop();
    let inside = lowered.units.iter().enumerate().filter(|(_, call)| inside(call)).map(|(unit, _)| unit);
    let mut units: Vec<usize> =
        strictest.into_values().map(|(_, unit)| unit).chain(inside).chain(lowered.guard).collect();
    units.sort_unstable();
    units
}

struct Dependencies {
    /// The units that may stop a run.
    stops: Vec<usize>,
    /// For each unit, the units that must run before it.
    before: Vec<Vec<usize>>,
    producer: HashMap<BufferId, usize>,
    /// For each variable, the units that read its old value.
    readers: HashMap<usize, Vec<usize>>,
}

impl Dependencies {
    fn new(lowered: &Lowered) -> Dependencies {
        let mut producer = HashMap::new();
        let mut readers: HashMap<usize, Vec<usize>> = HashMap::new();
        for (unit, call) in lowered.units.iter().enumerate() {
            producer.extend(call.writes.iter().map(|&buffer| (buffer, unit)));
            for read in &call.reads {
                if let Home::Variable(variable) = lowered.buffers[read.buffer].home {
                    readers.entry(variable).or_default().push(unit);
                }
            }
        }
        let sources = |unit: &super::lower::Unit| {
            unit.reads.iter().filter_map(|read| producer.get(&read.buffer).copied()).collect()
        };
        Dependencies { stops: stops(lowered), before: lowered.units.iter().map(sources).collect(), producer, readers }
    }

    /// Orders the unit that computes `buffer` after every reader of the variable's old value and all that may stop the
    /// run, if that is possible.
    fn write_in_place(&mut self, lowered: &Lowered, variable: usize, buffer: BufferId) -> bool {
        let Some(&unit) = self.producer.get(&buffer) else { return false };
        if lowered.buffers[buffer].home != Home::Arena {
            return false;
        }
        let output = lowered.units[unit].writes.iter().position(|&write| write == buffer).unwrap_or(0);
        let overlaps = |(input, read): (usize, &super::lower::Read)| {
            lowered.buffers[read.buffer].home == Home::Variable(variable)
                && lowered.units[unit].kernel.in_place(input, output).is_none()
        };
        if lowered.units[unit].reads.iter().enumerate().any(overlaps) {
            return false;
        }
        let readers = self.readers.get(&variable).into_iter().flatten().copied().filter(|&reader| reader != unit);
        let first: Vec<usize> = readers.chain(self.stops.iter().copied()).collect();
        if first.iter().any(|&reader| self.depends(reader, unit)) {
            return false;
        }
        self.before[unit].extend(first);
        true
    }

    fn depends(&self, unit: usize, on: usize) -> bool {
        let mut stack = vec![unit];
        let mut seen = HashSet::new();
        while let Some(unit) = stack.pop() {
            if unit == on {
                return true;
            }
            if seen.insert(unit) {
                stack.extend(&self.before[unit]);
            }
        }
        false
    }

    /// Guard first, then outputs, then the updates that need least, of as many the last: a gradient is used as soon as it
    /// is there, and those of the last layers are there first.
    fn order(&self, lowered: &Lowered) -> Vec<usize> {
        let mut updates: Vec<usize> =
            lowered.updates.iter().rev().filter_map(|(_, buffer)| self.producer.get(buffer).copied()).collect();
        updates.sort_by_cached_key(|&unit| self.ancestors(unit));
        let outputs = lowered.outputs.iter().filter_map(|buffer| self.producer.get(buffer).copied());
        let mut order = Vec::new();
        let mut seen = vec![false; lowered.units.len()];
        for root in lowered.guard.into_iter().chain(outputs).chain(updates) {
            self.visit(root, &mut seen, &mut order);
        }
        order.extend(&lowered.last);
        order
    }

    fn ancestors(&self, unit: usize) -> usize {
        let mut seen = vec![false; self.before.len()];
        let mut order = Vec::new();
        self.visit(unit, &mut seen, &mut order);
        order.len()
    }

    fn visit(&self, root: usize, seen: &mut [bool], order: &mut Vec<usize>) {
        let mut stack = vec![(root, false)];
        while let Some((unit, done)) = stack.pop() {
            if done {
                order.push(unit);
            } else if !std::mem::replace(&mut seen[unit], true) {
                stack.push((unit, true));
                stack.extend(self.before[unit].iter().rev().map(|&before| (before, false)));
            }
        }
    }
}
