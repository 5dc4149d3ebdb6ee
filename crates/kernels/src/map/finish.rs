//! Slots numbered, workspace laid out: the program as it will run.

use super::assembly::{Assembly, Draft, Place};
use super::compile::{Access, Want};
use super::convert::{reader, writer};
use super::places::{INPUTS, WORKSPACE};
use super::plan::{MAX_SLOTS, TEMP_GAP, Tiling};
use super::program::{Converted, Gather, Hazard, Instr, Map, Moving, Origin, ScalarInput, Store, Target};
use super::reduction::{Groups, Rows, Shared};
use super::simplify::Class;
use super::sweep::{MapType, Operands};
use super::{MapError, MapOutput, OutputKind};

/// Numbers the slots and builds the program.
pub(super) struct Finish<'a, 'j, T> {
    pub assembly: Assembly<'a, 'j, T>,
    pub tiling: Tiling,
    pub first_cell: usize,
    pub first_memory: usize,
}

impl<T: MapType> Finish<'_, '_, T> {
    fn first_temp(&self) -> usize {
        self.first_memory + self.assembly.memory
    }

    fn slot(&self, place: Place) -> usize {
        match place {
            Place::Constant(i) => i,
            Place::Cell(i) => self.first_cell + i,
            Place::Memory(i) => self.first_memory + i,
            Place::Temp(v) => self.first_temp() + self.assembly.physical[v],
        }
    }

    fn instr(&self, draft: &Draft) -> Instr<T> {
        let mut operands = Operands::default();
        for (to, sink) in operands.dst.iter_mut().zip(&draft.results) {
            *to = self.slot(sink.place) as u16;
        }
        let scalar = draft.class != Class::Element;
        for (k, source) in draft.args.iter().enumerate() {
            operands.src[k] = self.slot(source.place) as u16;
            operands.scalars |= u16::from(source.scalar && !scalar) << k;
        }
        Instr { kernel: T::kernel(draft.op, self.assembly.job.isa, operands.scalars), operands, scalar }
    }

    fn gather(&self, (place, i): (Place, usize)) -> Gather<T> {
        let input = &self.assembly.job.inputs[i];
        Gather {
            slot: self.slot(place),
            input: i,
            offset: input.layout.offset,
            size: input.dtype.size(),
            strides: self.assembly.job.collapsed.strides[i].clone(),
            fill: reader(input.dtype, self.assembly.job.isa),
            scalar: self.assembly.access[i] == Access::RowScalar,
        }
    }

    fn moving(&self, (place, i): (Place, usize)) -> Moving {
        let strides = &self.assembly.job.collapsed.strides[i];
        let (&inner, outer) = strides.split_last().expect("at least one dimension");
        let contiguous = self.assembly.access[i] == Access::Contiguous;
        Moving {
            slot: self.slot(place),
            input: i,
            offset: self.assembly.job.inputs[i].layout.offset,
            strides: (!contiguous).then(|| (outer.to_vec(), inner != 0)),
        }
    }

    fn scalar(&self, (place, i, own): (Place, usize, bool)) -> ScalarInput<T> {
        let input = &self.assembly.job.inputs[i];
        let fill = (!own).then(|| (reader(input.dtype, self.assembly.job.isa), input.dtype.size()));
        ScalarInput { slot: self.slot(place), input: i, offset: input.layout.offset, fill }
    }

    /// Where the slots between constants and temporaries begin: one number for the whole run, or the first tile of an
    /// operand.
    fn origins(&self) -> Vec<Origin> {
        let a = &self.assembly;
        let cell = |i: usize| Origin { place: WORKSPACE, bytes: i * size_of::<T>() };
        let mut origins: Vec<Origin> = (0..self.first_temp() - self.first_cell).map(cell).collect();
        let scalars = a.scalars.iter().filter(|scalar| scalar.2).map(|&(place, i, _)| (place, self.of_input(i)));
        let moving = a.moving.iter().map(|&(place, i)| (place, self.of_input(i)));
        let stores = a.stores.iter().map(|&(place, i, _)| (place, Origin { place: self.of_output(i), bytes: 0 }));
        for (place, origin) in scalars.chain(moving).chain(stores) {
            origins[self.slot(place) - self.first_cell] = origin;
        }
        origins
    }

    /// Where an input begins.
    fn of_input(&self, i: usize) -> Origin {
        Origin { place: INPUTS + i, bytes: self.assembly.job.inputs[i].layout.offset * size_of::<T>() }
    }

    /// The place of an output.
    fn of_output(&self, i: usize) -> usize {
        INPUTS + self.assembly.job.inputs.len() + i
    }

    fn stores(&self) -> Vec<Store> {
        let store = |&(place, output, spare): &(Place, usize, usize)| Store {
            slot: self.slot(place),
            output,
            spare: self.first_temp() + spare,
        };
        self.assembly.stores.iter().map(store).collect()
    }

    fn hazards(&self) -> Vec<Hazard> {
        let a = &self.assembly;
        let of_store = |(store, &(_, output, _)): (usize, &(Place, usize, usize))| {
            let read = a.hazards(a.stored_at(output)).into_iter();
            read.map(move |input| Hazard { store, read: self.of_input(input), written: self.of_output(output) })
        };
        a.stores.iter().enumerate().flat_map(of_store).collect()
    }

    fn target(&self, output: &MapOutput) -> Target<T> {
        let empty_value = match output.kind {
            OutputKind::Store => T::whole(0),
            OutputKind::Reduce { op, .. } => T::narrow(op.start::<T>().widen(), output.scale),
        };
        let empty_len = Want::empty_len(output, self.assembly.job.shape);
        Target { empty_len, empty_value, write: writer(output.dtype, self.assembly.job.isa), size: output.dtype.size() }
    }

    /// Time per element against an addition.
    fn cost(&self) -> usize {
        let a = &self.assembly;
        let body: usize = a.body.iter().filter(|d| d.class == Class::Element).map(|d| d.op.cost()).sum();
        body + a.ends.len() + 4 * a.gathers.len()
    }

    /// What happens to values at the end of a tile.
    fn ends(&self) -> Ends<T> {
        let a = &self.assembly;
        let mut ends = Ends { groups: Vec::new(), rows: Vec::new(), writes: Vec::new(), task_bytes: 0 };
        for &(place, i, want) in &a.ends {
            let output = &a.job.outputs[i];
            let (slot, write, size) = (self.slot(place), writer(output.dtype, a.job.isa), output.dtype.size());
            let end = Converted { slot, output: i, write, size };
            match want {
                Want::Store => ends.writes.push(end),
                Want::Groups(op, len) => {
                    ends.groups.push(Groups::new(end, op, len, output.scale, a.job.isa, self.tiling.total))
                }
                Want::Rows(op, len) => ends.rows.push(Rows::new(end, op, len, output.scale, a.job.isa, &self.tiling)),
            }
        }
        let shared = size_of::<Shared<T::Wide>>() * ends.groups.len();
        ends.task_bytes = ends.rows.iter_mut().fold(shared, |from, rows| rows.reserve(from)).next_multiple_of(64);
        ends
    }

    /// Tiles of each task: few enough tasks that joining their columns costs little.
    fn tiles_per_task(&self, ends: &Ends<T>) -> usize {
        let most = ends.rows.iter().map(|r| self.tiling.total / (16 * r.width)).min();
        self.tiling.tiles_per_task(self.cost(), most.unwrap_or(usize::MAX))
    }

    /// Longer than most, since it names every field once.
    pub fn map(self) -> Result<Map<T>, MapError> {
        let a = &self.assembly;
        let slots = self.first_temp() + a.temps;
        if slots > MAX_SLOTS {
            return Err(MapError(format!("{slots} constants, operands and temporaries; at most {MAX_SLOTS}")));
        }
        let ends = self.ends();
        let tiles_per_task = self.tiles_per_task(&ends);
        let tasks = self.tiling.count().div_ceil(tiles_per_task);
        let cell_bytes = (a.cells * size_of::<T>()).next_multiple_of(64);
        let bytes = cell_bytes + tasks * ends.task_bytes;
        let hazards = self.hazards();
        let converted = a.scalars.iter().any(|scalar| !scalar.2);
        let beside = a.once.len() + a.gathers.len() + a.patterns.len() + a.ends.len();
        Ok(Map {
            input_count: a.job.inputs.len(),
            outputs: a.job.outputs.iter().map(|o| self.target(o)).collect(),
            tiles_per_task,
            tasks,
            single: self.tiling.count() == 1,
            cells: a.cells,
            scalars: a.scalars.iter().map(|&s| self.scalar(s)).collect(),
            once: a.once.iter().map(|d| self.instr(d)).collect(),
            body: a.body.iter().map(|d| self.instr(d)).collect(),
            moving: a.moving.iter().map(|&m| self.moving(m)).collect(),
            gathers: a.gathers.iter().map(|&g| self.gather(g)).collect(),
            patterns: a.patterns.iter().map(|&g| self.gather(g)).collect(),
            plain: beside == 0 && !converted && hazards.is_empty(),
            hazards,
            stores: self.stores(),
            writes: ends.writes,
            groups: ends.groups,
            rows: ends.rows,
            outer: a.job.collapsed.outer().to_vec(),
            origins: self.origins(),
            table: (slots * size_of::<*mut T>()).next_multiple_of(64),
            temps: a.temps,
            temp_stride: (self.tiling.len * size_of::<T>()).next_multiple_of(64) + TEMP_GAP,
            task_bytes: ends.task_bytes,
            // Room to begin at a multiple of 64.
            workspace: if bytes == 0 { 0 } else { bytes + 64 },
            constants: self.assembly.constants,
            tiling: self.tiling,
        })
    }
}

/// What happens to values at the end of a tile, and the bytes that a task needs for it.
struct Ends<T: MapType> {
    groups: Vec<Groups<T>>,
    rows: Vec<Rows<T>>,
    writes: Vec<Converted<T>>,
    task_bytes: usize,
}
