//! Addresses: one arena whose parts are reused, in place where nobody else reads.

use super::lower::{Buffer, BufferId, Home, Lowered, Unit, internal};
use crate::error::Result;
use ferrograd_kernels::element::DType;
use ferrograd_kernels::exec::{Arg, Plan, Space, Step};
use std::collections::HashMap;

/// Every part of the arena starts on a cache line.
const ALIGN: usize = 64;

/// Where the memory that a plan runs on comes from, in the order of its spaces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spaces {
    pub arena: usize,
    pub inputs: usize,
    pub constants: usize,
    pub variables: usize,
    /// How many there are.
    pub count: usize,
}

impl Spaces {
    /// The arena, then the inputs, the constants and the variables.
    pub fn new(inputs: usize, constants: usize, variables: usize) -> Spaces {
        let first = 1 + inputs + constants;
        Spaces { arena: 0, inputs: 1, constants: 1 + inputs, variables: first, count: first + variables }
    }
}

/// A plan and where its outputs are.
pub(crate) struct Planned {
    pub plan: Plan,
    pub spaces: Spaces,
    pub outputs: Vec<Arg>,
    /// What each step does, for profiles.
    pub labels: Vec<Label>,
}

/// What a step does, and the variables whose new values it computes, or else those that it reads.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub detail: String,
    pub variables: Vec<usize>,
}

impl Label {
    fn new(unit: &Unit, buffers: &[Buffer]) -> Label {
        let of = |buffer: BufferId| match buffers[buffer].home {
            Home::Variable(index) => Some(index),
            Home::Arena | Home::Input(_) | Home::Constant(_) => None,
        };
        let mut variables: Vec<usize> = unit.writes.iter().filter_map(|&buffer| of(buffer)).collect();
        if variables.is_empty() {
            variables = unit.reads.iter().filter_map(|read| of(read.buffer)).collect();
        }
        let shapes = |list: Vec<BufferId>| -> String {
            let shapes: Vec<String> = list.iter().map(|&buffer| buffers[buffer].spec.shape.to_string()).collect();
            shapes.join(" ")
        };
        let operands = || {
            let (from, to) = (unit.reads.iter().map(|read| read.buffer).collect(), unit.writes.clone());
            format!("{} → {}", shapes(from), shapes(to)).trim_end_matches(" → ").to_owned()
        };
        Label { detail: unit.kernel.describe().unwrap_or_else(operands), variables }
    }
}

/// Assigns addresses to the units in `order`; what the first `standing` of them write stays to the end.
pub(crate) fn plan(lowered: Lowered, order: &[usize], standing: usize, spaces: Spaces) -> Result<Planned> {
    let mut last = last_reads(&lowered, order);
    let kept = order[..standing].iter().flat_map(|&unit| &lowered.units[unit].writes);
    last.extend(kept.map(|&buffer| (buffer, usize::MAX)));
    let mut arena = Arena::default();
    let mut offsets: HashMap<BufferId, usize> = HashMap::new();
    let mut scratch: HashMap<usize, usize> = HashMap::new();
    for (time, &unit) in order.iter().enumerate() {
        place(&lowered, unit, time, &last, &mut arena, &mut offsets, &mut scratch);
    }
    finish(lowered, order, spaces, arena.high, &offsets, &scratch)
}

/// When each buffer is last read; never, for outputs.
fn last_reads(lowered: &Lowered, order: &[usize]) -> HashMap<BufferId, usize> {
    let mut last = HashMap::new();
    for (time, &unit) in order.iter().enumerate() {
        let Unit { reads, writes, .. } = &lowered.units[unit];
        last.extend(writes.iter().map(|&buffer| (buffer, time)));
        last.extend(reads.iter().map(|read| (read.buffer, time)));
    }
    last.extend(lowered.outputs.iter().map(|&buffer| (buffer, usize::MAX)));
    last
}

fn place(
    lowered: &Lowered,
    unit: usize,
    time: usize,
    last: &HashMap<BufferId, usize>,
    arena: &mut Arena,
    offsets: &mut HashMap<BufferId, usize>,
    scratch: &mut HashMap<usize, usize>,
) {
    let call = &lowered.units[unit];
    let bytes = |buffer: BufferId| lowered.buffers[buffer].spec.bytes();
    let in_arena = |buffer: BufferId| lowered.buffers[buffer].home == Home::Arena;
    let dies = |buffer: BufferId| in_arena(buffer) && last.get(&buffer) == Some(&time);
    let mut inherited: Vec<BufferId> = Vec::new();
    for (output, &write) in call.writes.iter().enumerate().filter(|(_, write)| in_arena(**write)) {
        let heir = call.reads.iter().enumerate().find(|(input, read)| {
            dies(read.buffer)
                && !inherited.contains(&read.buffer)
                && bytes(read.buffer) == bytes(write)
                && may_overlap(call, *input, output)
        });
        match heir {
            Some((_, read)) => {
                inherited.push(read.buffer);
                offsets.insert(write, offsets[&read.buffer]);
            }
            None => {
                offsets.insert(write, arena.take(bytes(write)));
            }
        }
    }
    let workspace = call.kernel.workspace();
    if workspace > 0 {
        let offset = arena.take(workspace);
        scratch.insert(unit, offset);
        arena.give(offset, workspace);
    }
    let mut freed: Vec<BufferId> =
        call.reads.iter().map(|read| read.buffer).chain(call.writes.iter().copied()).collect();
    freed.sort_unstable();
    freed.dedup();
    for buffer in freed.into_iter().filter(|&buffer| dies(buffer) && !inherited.contains(&buffer)) {
        arena.give(offsets[&buffer], bytes(buffer));
    }
}

/// True where the kernel may write `output` over `input`, and reads that buffer in no other way.
fn may_overlap(call: &Unit, input: usize, output: usize) -> bool {
    let buffer = call.reads[input].buffer;
    let mut same = call.reads.iter().enumerate().filter(|(_, read)| read.buffer == buffer);
    same.all(|(index, read)| read.offset == 0 && call.kernel.in_place(index, output).is_some())
}

fn finish(
    lowered: Lowered,
    order: &[usize],
    spaces: Spaces,
    arena: usize,
    offsets: &HashMap<BufferId, usize>,
    scratch: &HashMap<usize, usize>,
) -> Result<Planned> {
    let Lowered { buffers, units, outputs, .. } = lowered;
    let part = |buffer: BufferId, skip: usize, len: Option<usize>| {
        let (spec, home) = (&buffers[buffer].spec, buffers[buffer].home);
        let (space, start) = match home {
            Home::Arena => (spaces.arena, offsets[&buffer]),
            Home::Input(index) => (spaces.inputs + index, 0),
            Home::Constant(index) => (spaces.constants + index, 0),
            Home::Variable(index) => (spaces.variables + index, 0),
        };
        // A view of nothing may start anywhere; it is moved to where its buffer ends.
        let skip = skip.min(spec.shape.size());
        let offset = start + skip * spec.dtype.size();
        Arg { space, offset, len: len.unwrap_or(spec.shape.size() - skip), dtype: spec.dtype }
    };
    let arg = |buffer: BufferId| part(buffer, 0, None);
    let outputs: Vec<Arg> = outputs.iter().map(|&buffer| arg(buffer)).collect();
    let sizes = space_sizes(&buffers, &units, &spaces, arena);
    let mut units: Vec<Option<Unit>> = units.into_iter().map(Some).collect();
    let mut steps = Vec::with_capacity(order.len());
    let mut labels = Vec::with_capacity(order.len());
    for &id in order {
        let unit = units[id].take().ok_or_else(|| internal(format!("unit {id} is scheduled twice")))?;
        let workspace = unit.kernel.workspace();
        labels.push(Label::new(&unit, &buffers));
        steps.push(Step {
            inputs: unit.reads.iter().map(|read| part(read.buffer, read.offset, read.len)).collect(),
            outputs: unit.writes.iter().map(|&buffer| arg(buffer)).collect(),
            workspace: (workspace > 0).then(|| Arg {
                space: spaces.arena,
                offset: scratch[&id],
                len: workspace,
                dtype: DType::Bool,
            }),
            kernel: unit.kernel,
        });
    }
    let plan = Plan::new(steps, sizes).map_err(internal)?;
    Ok(Planned { plan, spaces, outputs, labels })
}

fn space_sizes(buffers: &[Buffer], units: &[Unit], spaces: &Spaces, arena: usize) -> Vec<Space> {
    let mut sizes = vec![Space { bytes: 0, writable: false }; spaces.count];
    sizes[spaces.arena] = Space { bytes: arena, writable: true };
    for buffer in buffers {
        let space = match buffer.home {
            Home::Arena => continue,
            Home::Input(index) => spaces.inputs + index,
            Home::Constant(index) => spaces.constants + index,
            Home::Variable(index) => spaces.variables + index,
        };
        sizes[space].bytes = sizes[space].bytes.max(buffer.spec.bytes());
    }
    for &write in units.iter().flat_map(|unit| &unit.writes) {
        if let Home::Variable(index) = buffers[write].home {
            sizes[spaces.variables + index].writable = true;
        }
    }
    sizes
}

/// Hands out parts of a growing block, best fit first.
#[derive(Default)]
struct Arena {
    /// (offset, bytes) of the gaps, by offset.
    gaps: Vec<(usize, usize)>,
    high: usize,
}

impl Arena {
    fn take(&mut self, bytes: usize) -> usize {
        let bytes = bytes.max(1).next_multiple_of(ALIGN);
        let fits = self.gaps.iter().enumerate().filter(|(_, gap)| gap.1 >= bytes);
        match fits.min_by_key(|(_, gap)| gap.1).map(|(index, _)| index) {
            Some(index) => {
                let (offset, size) = self.gaps[index];
                if size == bytes {
                    self.gaps.remove(index);
                } else {
                    self.gaps[index] = (offset + bytes, size - bytes);
                }
                offset
            }
            None => {
                // A gap at the end grows instead of being left behind.
                let start = match self.gaps.last() {
                    Some(&(offset, size)) if offset + size == self.high => {
                        self.gaps.pop();
                        offset
                    }
                    _ => self.high,
                };
                self.high = start + bytes;
                start
            }
        }
    }

    fn give(&mut self, offset: usize, bytes: usize) {
        let bytes = bytes.max(1).next_multiple_of(ALIGN);
        let at = self.gaps.partition_point(|gap| gap.0 < offset);
        self.gaps.insert(at, (offset, bytes));
        if at + 1 < self.gaps.len() && offset + bytes == self.gaps[at + 1].0 {
            self.gaps[at].1 += self.gaps.remove(at + 1).1;
        }
        if at > 0 && self.gaps[at - 1].0 + self.gaps[at - 1].1 == offset {
            self.gaps[at - 1].1 += self.gaps.remove(at).1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Arena;

    #[test]
    fn freed_parts_are_reused_and_joined() {
        let mut arena = Arena::default();
        let (a, b, c) = (arena.take(64), arena.take(100), arena.take(64));
        arena.give(a, 64);
        arena.give(b, 100);
        assert_eq!(arena.take(192), a, "the two gaps became one");
        arena.give(c, 64);
        assert_eq!(arena.take(128), c, "the gap at the end grew");
        assert_eq!(arena.high, c + 128);
    }
}
