//! An expression compiled for one iteration shape: slots, instructions, tiles, tasks.

use super::convert::{Fill, Write, reader, writer};
use super::expr::{Binary, Expr, Node, ValueId};
use super::layout::{Collapsed, Layout, collapse};
use super::op::Op;
use super::plan::{TILE_BYTES, Tiling};
use super::reduction::{Groups, Rows, Shared};
use super::simplify::{Class, Term, Terms, simplify};
use super::sweep::{Kernel, MapType, Operands};
use super::{Axes, MapError, MapInput, MapOutput, OutputKind, Reduce};
use crate::element::DType;
use crate::isa::Isa;

/// Most dimensions of an iteration after neighbours that every operand walks as one are merged.
pub(super) const MAX_DIMS: usize = 16;
/// Most inputs and outputs together.
const MAX_OPERANDS: usize = 128;
/// Most constants, operands and temporaries alive at once.
pub(super) const MAX_SLOTS: usize = 512;
/// Bytes of all temporaries of a tile together.
pub(super) const TEMP_BYTES: usize = 36 << 10;
/// Keeps equal elements of neighbouring temporaries apart modulo 4 KiB, where stores would hold up loads.
const TEMP_GAP: usize = 128;

/// A compiled elementwise program over one iteration shape, computing in `T`.
///
/// `new` checks everything; [`run`](Map::run) cannot fail and allocates nothing.
#[derive(Debug)]
pub struct Map<T: MapType> {
    pub(super) input_count: usize,
    pub(super) outputs: Vec<Target<T>>,
    pub(super) tiling: Tiling,
    pub(super) tiles_per_task: usize,
    pub(super) tasks: usize,
    pub(super) constants: Vec<T>,
    /// Run-time numbers that do not change during a run.
    pub(super) cells: usize,
    pub(super) scalars: Vec<ScalarInput<T>>,
    /// Instructions that run once.
    pub(super) once: Vec<Instr<T>>,
    /// Instructions that run on every tile.
    pub(super) body: Vec<Instr<T>>,
    pub(super) moving: Vec<Moving>,
    pub(super) gathers: Vec<Gather<T>>,
    pub(super) patterns: Vec<Gather<T>>,
    pub(super) stores: Vec<Store>,
    pub(super) writes: Vec<Converted<T>>,
    pub(super) groups: Vec<Groups<T>>,
    pub(super) rows: Vec<Rows<T>>,
    /// Extents of all dimensions but the innermost.
    pub(super) outer: Vec<usize>,
    pub(super) slots: usize,
    pub(super) first_temp: usize,
    pub(super) temps: usize,
    pub(super) temp_stride: usize,
    pub(super) task_bytes: usize,
    workspace: usize,
}

/// What an output holds when the iteration has no elements.
#[derive(Debug)]
pub(super) struct Target<T> {
    pub empty_len: usize,
    pub empty_value: T,
    pub write: Write<T>,
    pub size: usize,
}

/// One instruction; `scalar` ones make one number a tile.
#[derive(Debug)]
pub(super) struct Instr<T> {
    pub kernel: Kernel<T>,
    pub operands: Operands,
    pub scalar: bool,
}

/// An input that is one number for the whole run; copied into a cell where it must be converted.
#[derive(Debug)]
pub(super) struct ScalarInput<T> {
    pub slot: usize,
    pub input: usize,
    pub offset: usize,
    /// The conversion, and the size of what it reads.
    pub fill: Option<(Fill<T>, usize)>,
}

/// An input read in place.
#[derive(Debug)]
pub(super) struct Moving {
    pub slot: usize,
    pub input: usize,
    pub offset: usize,
    /// `None`: the element `i` of the iteration is element `i`. Otherwise strides of the outer dimensions, and whether
    /// the innermost one counts.
    pub strides: Option<(Vec<isize>, bool)>,
}

/// An input copied into a temporary, converted: per tile, or per task for a row that repeats.
#[derive(Debug)]
pub(super) struct Gather<T> {
    pub slot: usize,
    pub input: usize,
    pub offset: usize,
    pub size: usize,
    pub strides: Vec<isize>,
    pub fill: Fill<T>,
    /// One number per tile is enough.
    pub scalar: bool,
}

/// An output that an instruction writes in place.
#[derive(Debug)]
pub(super) struct Store {
    pub slot: usize,
    pub output: usize,
    /// Inputs that are still read after this is written, with their offsets: where one is the same memory, the tile goes to `spare` first.
    pub hazards: Vec<(usize, usize)>,
    pub spare: usize,
}

/// An output of another type, written at the end of a tile.
#[derive(Debug)]
pub(super) struct Converted<T> {
    pub slot: usize,
    pub output: usize,
    pub write: Write<T>,
    pub size: usize,
}

impl<T: MapType> Map<T> {
    /// Compiles `outputs`, values of `expr`, over every index of `shape`.
    ///
    /// # Errors
    /// A value, input, axis or layout that does not exist or does not fit `shape`; a function of floats in an `i32`
    /// program; more than 16 dimensions that do not merge; more than 128 inputs and outputs; more than 512 constants,
    /// operands and temporaries at once.
    pub fn new(
        shape: &[usize],
        mut expr: Expr,
        inputs: Vec<MapInput>,
        outputs: Vec<MapOutput>,
        isa: Isa,
    ) -> Result<Map<T>, MapError> {
        check::<T>(shape, &expr, &inputs, &outputs)?;
        let total: usize = shape.iter().product();
        let wanted = scaled_stores(&mut expr, &outputs);
        let layout: Vec<&[isize]> = inputs.iter().map(|i| &i.layout.strides[..]).collect();
        // An empty iteration runs no tile; one element gives the compiler something to cut.
        let ones = vec![1; shape.len()];
        let run_shape = if total == 0 { &ones } else { shape };
        let collapsed = collapse(run_shape, &layout, &walls(shape.len(), &outputs));
        if collapsed.shape.len() > MAX_DIMS {
            return Err(MapError(format!(
                "{} dimensions that do not merge; at most {MAX_DIMS}",
                collapsed.shape.len()
            )));
        }
        let job = Job {
            shape,
            run_shape,
            expr: &expr,
            wanted: &wanted,
            inputs: &inputs,
            outputs: &outputs,
            isa: isa.min(Isa::detect()),
            collapsed: &collapsed,
            total: total.max(1),
        };
        let mut cap = TILE_BYTES / size_of::<T>();
        let mut map = job.compile(cap)?;
        while map.temps * map.temp_stride > TEMP_BYTES {
            cap /= 2;
            if cap < 16 {
                return Err(MapError(format!("{} temporaries at once are more than a tile can hold", map.temps)));
            }
            map = job.compile(cap)?;
        }
        if total == 0 {
            map.tiling.total = 0;
        }
        Ok(map)
    }

    /// Bytes that [`run`](Map::run) needs besides inputs and outputs, whatever the number of threads.
    pub fn workspace_len(&self) -> usize {
        self.workspace
    }
}

fn check<T: MapType>(shape: &[usize], expr: &Expr, inputs: &[MapInput], outputs: &[MapOutput]) -> Result<(), MapError> {
    let fail = |message: String| Err(MapError(message));
    if inputs.len() + outputs.len() > MAX_OPERANDS {
        return fail(format!("{} inputs and outputs; at most {MAX_OPERANDS}", inputs.len() + outputs.len()));
    }
    if shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d.max(1))).is_none_or(|n| n > isize::MAX as usize / 16) {
        return fail(format!("shape {shape:?} has more elements than memory"));
    }
    for (i, input) in inputs.iter().enumerate() {
        check_layout(shape, &input.layout).or_else(|why| fail(format!("input {i}: {why}")))?;
    }
    for node in &expr.nodes {
        check_node::<T>(node, inputs.len())?;
    }
    for (i, output) in outputs.iter().enumerate() {
        if output.value.index() >= expr.nodes.len() {
            return fail(format!("output {i}: value {} of {}", output.value.index(), expr.nodes.len()));
        }
        if let OutputKind::Reduce { axes: Axes::Trailing(k) | Axes::Leading(k), .. } = output.kind
            && k > shape.len()
        {
            return fail(format!("output {i}: {k} reduced dimensions of {}", shape.len()));
        }
    }
    Ok(())
}

fn check_layout(shape: &[usize], layout: &Layout) -> Result<(), String> {
    if layout.strides.len() != shape.len() {
        return Err(format!("{} strides for {} dimensions", layout.strides.len(), shape.len()));
    }
    let mut lowest = layout.offset as i128;
    for (&stride, &extent) in layout.strides.iter().zip(shape) {
        lowest += (stride as i128 * (extent.max(1) as i128 - 1)).min(0);
    }
    if lowest < 0 { Err(format!("reaches {} elements before its memory", -lowest)) } else { Ok(()) }
}

fn check_node<T: MapType>(node: &Node, inputs: usize) -> Result<(), MapError> {
    let integer = !T::DTYPE.is_float();
    match *node {
        Node::Input(i) if i >= inputs => Err(MapError(format!("input {i} of {inputs}"))),
        Node::Unary(op, _) if integer && op.float_only() => Err(MapError(format!("{op:?} of {}", T::DTYPE.name()))),
        Node::Binary(op, _, _) if integer && op.float_only() => Err(MapError(format!("{op:?} of {}", T::DTYPE.name()))),
        Node::Input(_) | Node::Constant(_) | Node::Unary(..) | Node::Binary(..) | Node::Select(..) => Ok(()),
    }
}

/// The values to write; a scaled store becomes a product.
fn scaled_stores(expr: &mut Expr, outputs: &[MapOutput]) -> Vec<ValueId> {
    let mut value = |o: &MapOutput| match (o.kind, o.scale) {
        (OutputKind::Store, Some(scale)) => {
            let factor = expr.constant(scale);
            expr.binary(Binary::Mul, o.value, factor)
        }
        (OutputKind::Store, None) | (OutputKind::Reduce { .. }, _) => o.value,
    };
    outputs.iter().map(&mut value).collect()
}

/// `true` at each dimension where a reduction begins or ends.
fn walls(dims: usize, outputs: &[MapOutput]) -> Vec<bool> {
    let mut walls = vec![false; dims + 1];
    for output in outputs {
        match output.kind {
            OutputKind::Reduce { axes: Axes::Trailing(k), .. } => walls[dims - k] = true,
            OutputKind::Reduce { axes: Axes::Leading(k), .. } => walls[k] = true,
            OutputKind::Reduce { axes: Axes::All, .. } | OutputKind::Store => {}
        }
    }
    walls
}

/// What an output asks of the flat iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Want {
    Store,
    /// Each run of so many consecutive elements joins.
    Groups(Reduce, usize),
    /// Elements so far apart join.
    Rows(Reduce, usize),
}

impl Want {
    fn of(output: &MapOutput, shape: &[usize]) -> Want {
        let extent = |dims: &[usize]| dims.iter().product::<usize>();
        match output.kind {
            OutputKind::Store => Want::Store,
            OutputKind::Reduce { op, axes } => match axes {
                Axes::All => Want::Groups(op, extent(shape)),
                Axes::Trailing(k) => Want::Groups(op, extent(&shape[shape.len() - k..])),
                Axes::Leading(k) => match extent(&shape[k..]) {
                    // One column: the same as joining everything, and in longer stretches.
                    1 => Want::Groups(op, extent(shape)),
                    period => Want::Rows(op, period),
                },
            },
        }
    }

    /// Elements of the output when the iteration has none.
    fn empty_len(output: &MapOutput, shape: &[usize]) -> usize {
        match output.kind {
            OutputKind::Store => 0,
            OutputKind::Reduce { axes: Axes::All, .. } => 1,
            OutputKind::Reduce { axes: Axes::Trailing(k), .. } => shape[..shape.len() - k].iter().product(),
            OutputKind::Reduce { axes: Axes::Leading(k), .. } => shape[k..].iter().product(),
        }
    }
}

/// Where a term's value is, before slots are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Constant(usize),
    Cell(usize),
    Memory(usize),
    Temp(usize),
}

/// How an input is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// One number.
    Scalar,
    /// In place, element for element.
    Contiguous,
    /// In place, a stretch per row.
    RowInPlace,
    /// One number per row.
    RowScalar,
    /// A row that repeats, laid out once over a tile.
    Pattern,
    /// Copied tile by tile.
    Gather,
}

/// Everything that compiling looks at.
struct Job<'a> {
    shape: &'a [usize],
    run_shape: &'a [usize],
    expr: &'a Expr,
    wanted: &'a [ValueId],
    inputs: &'a [MapInput],
    outputs: &'a [MapOutput],
    isa: Isa,
    collapsed: &'a Collapsed,
    total: usize,
}

impl Job<'_> {
    fn compile<T: MapType>(&self, cap: usize) -> Result<Map<T>, MapError> {
        let tiling = self.tiling(cap);
        let access: Vec<Access> = (0..self.inputs.len()).map(|i| self.access(i, T::DTYPE, &tiling)).collect();
        let classes: Vec<Class> = access.iter().map(|a| a.class()).collect();
        let terms = simplify::<T>(self.expr, self.wanted, &classes, self.isa);
        let mut assembly = Assembly::new(self, &terms, &access);
        assembly.inputs();
        assembly.instructions();
        assembly.outputs();
        assembly.allocate();
        assembly.finish(tiling)
    }

    fn wants(&self) -> impl Iterator<Item = Want> {
        self.outputs.iter().map(|o| Want::of(o, self.run_shape))
    }

    fn tiling(&self, cap: usize) -> Tiling {
        let inner = *self.collapsed.shape.last().expect("at least one dimension");
        let inner = inner.max(1);
        if inner > cap / 2 {
            return Tiling::within_rows(self.total, inner, cap);
        }
        let periods = self.wants().filter_map(|w| match w {
            Want::Rows(_, period) if period <= cap / 2 => Some(period),
            Want::Rows(..) | Want::Groups(..) | Want::Store => None,
        });
        Tiling::of_rows(self.total, inner, periods.max().unwrap_or(inner).max(inner), cap)
    }

    fn access(&self, i: usize, compute: DType, tiling: &Tiling) -> Access {
        let (shape, strides) = (&self.collapsed.shape, &self.collapsed.strides[i]);
        let own = self.inputs[i].dtype == compute;
        if self.total > 1 && strides.iter().all(|&s| s == 0) {
            return Access::Scalar;
        }
        if *strides == Layout::contiguous(shape).strides {
            return if own { Access::Contiguous } else { Access::Gather };
        }
        let (&inner, outer) = strides.split_last().expect("at least one dimension");
        match (tiling.per_row > 0, inner) {
            (true, 0) => Access::RowScalar,
            (true, 1) if own => Access::RowInPlace,
            (true, _) => Access::Gather,
            (false, _) if outer.iter().all(|&s| s == 0) => Access::Pattern,
            (false, _) => Access::Gather,
        }
    }
}

impl Access {
    fn class(self) -> Class {
        match self {
            Access::Scalar => Class::Run,
            Access::RowScalar => Class::Tile,
            Access::Contiguous | Access::RowInPlace | Access::Pattern | Access::Gather => Class::Element,
        }
    }
}

/// An instruction before slots are numbered.
struct Draft {
    op: Op,
    dst: Place,
    args: Vec<Source>,
    class: Class,
    /// The output whose memory `dst` is.
    output: Option<usize>,
}

/// An operand of a [`Draft`].
#[derive(Clone, Copy)]
struct Source {
    place: Place,
    scalar: bool,
}

/// A program under construction.
struct Assembly<'a, 'j, T> {
    job: &'a Job<'j>,
    terms: &'a Terms<T>,
    access: &'a [Access],
    uses: Vec<usize>,
    /// Where each term's value is.
    place: Vec<Option<Place>>,
    constants: Vec<T>,
    cells: usize,
    memory: usize,
    /// Virtual temporaries; `allocate` maps them to few.
    temps: usize,
    /// Temporaries that live as long as the task.
    lasting: Vec<usize>,
    once: Vec<Draft>,
    body: Vec<Draft>,
    scalars: Vec<(Place, usize, bool)>,
    moving: Vec<(Place, usize)>,
    gathers: Vec<(Place, usize)>,
    patterns: Vec<(Place, usize)>,
    stores: Vec<(Place, usize, usize)>,
    /// What is read when the instructions of a tile are done: place, output, and the reduction.
    ends: Vec<(Place, usize, Want)>,
    physical: Vec<usize>,
}

impl<'a, 'j, T: MapType> Assembly<'a, 'j, T> {
    fn new(job: &'a Job<'j>, terms: &'a Terms<T>, access: &'a [Access]) -> Self {
        Assembly {
            job,
            terms,
            access,
            uses: terms.uses(),
            place: vec![None; terms.terms.len()],
            constants: Vec::new(),
            cells: 0,
            memory: 0,
            temps: 0,
            lasting: Vec::new(),
            once: Vec::new(),
            body: Vec::new(),
            scalars: Vec::new(),
            moving: Vec::new(),
            gathers: Vec::new(),
            patterns: Vec::new(),
            stores: Vec::new(),
            ends: Vec::new(),
            physical: Vec::new(),
        }
    }

    fn new_memory(&mut self) -> Place {
        self.memory += 1;
        Place::Memory(self.memory - 1)
    }

    fn new_cell(&mut self) -> Place {
        self.cells += 1;
        Place::Cell(self.cells - 1)
    }

    fn new_temp(&mut self) -> Place {
        self.temps += 1;
        Place::Temp(self.temps - 1)
    }

    fn lasting_temp(&mut self) -> Place {
        self.lasting.push(self.temps);
        self.new_temp()
    }

    /// Gives a place to every constant and input that something reads.
    fn inputs(&mut self) {
        for t in 0..self.terms.terms.len() {
            if self.uses[t] == 0 {
                continue;
            }
            match &self.terms.terms[t] {
                Term::Constant(value) => {
                    self.place[t] = Some(Place::Constant(self.constants.len()));
                    self.constants.push(*value);
                }
                Term::Input(i) => self.place[t] = Some(self.input(*i)),
                Term::Apply(..) => {}
            }
        }
    }

    fn input(&mut self, i: usize) -> Place {
        let own = self.job.inputs[i].dtype == T::DTYPE;
        match self.access[i] {
            Access::Scalar => {
                let place = if own { self.new_memory() } else { self.new_cell() };
                self.scalars.push((place, i, own));
                place
            }
            Access::Contiguous | Access::RowInPlace => self.moving_input(i),
            Access::RowScalar if own => self.moving_input(i),
            Access::RowScalar | Access::Gather => {
                let place = self.lasting_temp();
                self.gathers.push((place, i));
                place
            }
            Access::Pattern => {
                let place = self.lasting_temp();
                self.patterns.push((place, i));
                place
            }
        }
    }

    fn moving_input(&mut self, i: usize) -> Place {
        let place = self.new_memory();
        self.moving.push((place, i));
        place
    }

    /// The first output that can take term `t` as it is computed.
    fn direct_output(&self, t: usize) -> Option<usize> {
        let outputs = self.job.outputs.iter().zip(&self.terms.wanted);
        outputs
            .enumerate()
            .find(|(_, (o, w))| **w == t && o.kind == OutputKind::Store && o.dtype == T::DTYPE)
            .map(|(i, _)| i)
    }

    fn instructions(&mut self) {
        for t in 0..self.terms.terms.len() {
            let (Term::Apply(op, args), true) = (&self.terms.terms[t], self.uses[t] > 0) else { continue };
            let class = self.terms.class[t];
            let args = args.iter().map(|&a| self.source(a)).collect();
            let output = self.direct_output(t).filter(|_| class == Class::Element);
            let dst = match (class, output) {
                (Class::Run, _) => self.new_cell(),
                (_, Some(output)) => self.store(output),
                (Class::Tile | Class::Element, None) => self.new_temp(),
            };
            self.place[t] = Some(dst);
            let draft = Draft { op: *op, dst, args, class, output };
            if class == Class::Run { self.once.push(draft) } else { self.body.push(draft) }
        }
    }

    fn source(&self, t: usize) -> Source {
        Source { place: self.place[t].expect("made before it is read"), scalar: self.terms.class[t] < Class::Element }
    }

    fn store(&mut self, output: usize) -> Place {
        let place = self.new_memory();
        self.stores.push((place, output, 0));
        place
    }

    /// Copies term `t` to `dst`, repeated where it is a scalar.
    fn copy(&mut self, t: usize, dst: Place, output: Option<usize>) {
        let args = vec![self.source(t)];
        self.body.push(Draft { op: Op::Copy, dst, args, class: Class::Element, output });
    }

    fn outputs(&mut self) {
        for (i, want) in self.job.wants().enumerate().collect::<Vec<_>>() {
            let t = self.terms.wanted[i];
            let own = self.job.outputs[i].dtype == T::DTYPE;
            match want {
                Want::Store if own && self.body.iter().any(|d| d.output == Some(i)) => {}
                Want::Store if own => {
                    let dst = self.store(i);
                    self.copy(t, dst, Some(i));
                }
                Want::Store => {
                    let place = self.tile_of(t, true);
                    self.ends.push((place, i, want));
                }
                Want::Groups(..) | Want::Rows(..) => {
                    let place = self.tile_of(t, false);
                    self.ends.push((place, i, want));
                }
            }
        }
    }

    /// A tile with the value of `t`: its own place, or a copy where that is a scalar, or `own_memory` asks for one that
    /// no output can overwrite.
    fn tile_of(&mut self, t: usize, own_memory: bool) -> Place {
        let place = self.place[t].expect("wanted values are made");
        let input = matches!(self.terms.terms[t], Term::Input(_)) && matches!(place, Place::Memory(_));
        if self.terms.class[t] == Class::Element && !(own_memory && input) {
            return place;
        }
        let copy = self.new_temp();
        self.copy(t, copy, None);
        copy
    }

    /// Inputs read in place, at the same element for element, after instruction `at` of the body.
    fn hazards(&self, at: usize) -> Vec<(usize, usize)> {
        let later = self.body[at + 1..].iter().flat_map(|d| d.args.iter().map(|s| s.place));
        let read: Vec<Place> = later.chain(self.ends.iter().map(|e| e.0)).collect();
        let contiguous = |i: &usize| self.access[*i] == Access::Contiguous;
        let inputs = self.moving.iter().filter(|(place, _)| read.contains(place)).map(|m| m.1).filter(contiguous);
        inputs.map(|i| (i, self.job.inputs[i].layout.offset)).collect()
    }

    /// Maps the temporaries to as few as their lifetimes allow.
    fn allocate(&mut self) {
        let mut last = vec![0; self.temps];
        for (at, draft) in self.body.iter().enumerate() {
            for place in draft.args.iter().map(|s| s.place).chain([draft.dst]) {
                if let Place::Temp(v) = place {
                    last[v] = at;
                }
            }
        }
        let ends: Vec<Place> = self.ends.iter().map(|e| e.0).collect();
        for (v, last) in last.iter_mut().enumerate() {
            if self.lasting.contains(&v) || ends.contains(&Place::Temp(v)) {
                *last = usize::MAX;
            }
        }
        self.physical = vec![usize::MAX; self.temps];
        let mut pool = Pool::default();
        for &v in &self.lasting {
            self.physical[v] = pool.take();
        }
        for (at, draft) in self.body.iter().enumerate() {
            // Operands that end here give their place to the result: an element is read before it is written.
            for source in &draft.args {
                if let Place::Temp(v) = source.place
                    && last[v] == at
                {
                    pool.give(self.physical[v]);
                    last[v] = usize::MAX;
                }
            }
            if let Place::Temp(v) = draft.dst {
                self.physical[v] = pool.take();
            }
        }
        for store in &mut self.stores {
            store.2 = pool.take_new();
        }
        self.temps = pool.made;
    }

    fn finish(self, tiling: Tiling) -> Result<Map<T>, MapError> {
        Finish {
            first_cell: self.constants.len(),
            first_memory: self.constants.len() + self.cells,
            assembly: self,
            tiling,
        }
        .map()
    }
}

/// Numbers handed out, the freed ones first.
#[derive(Default)]
struct Pool {
    free: Vec<usize>,
    made: usize,
}

impl Pool {
    fn take(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| self.take_new())
    }
    fn take_new(&mut self) -> usize {
        self.made += 1;
        self.made - 1
    }
    fn give(&mut self, number: usize) {
        self.free.push(number);
    }
}

/// Numbers the slots and builds the program.
struct Finish<'a, 'j, T> {
    assembly: Assembly<'a, 'j, T>,
    tiling: Tiling,
    first_cell: usize,
    first_memory: usize,
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
        let mut operands = Operands { dst: self.slot(draft.dst) as u16, ..Operands::default() };
        let scalar = draft.class != Class::Element;
        for (k, source) in draft.args.iter().enumerate() {
            operands.src[k] = self.slot(source.place) as u16;
            operands.scalars |= u8::from(source.scalar && !scalar) << k;
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
            fill: reader(input.dtype),
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
        let fill = (!own).then(|| (reader(input.dtype), input.dtype.size()));
        ScalarInput { slot: self.slot(place), input: i, offset: input.layout.offset, fill }
    }

    fn stores(&self) -> Vec<Store> {
        let a = &self.assembly;
        let store = |&(place, output, spare): &(Place, usize, usize)| {
            let at = a.body.iter().position(|d| d.output == Some(output)).expect("stored by an instruction");
            Store { slot: self.slot(place), output, hazards: a.hazards(at), spare: self.first_temp() + spare }
        };
        a.stores.iter().map(store).collect()
    }

    fn target(&self, output: &MapOutput) -> Target<T> {
        let empty_value = match output.kind {
            OutputKind::Store => T::whole(0),
            OutputKind::Reduce { op, .. } => T::narrow(op.start::<T>().widen(), output.scale),
        };
        let empty_len = Want::empty_len(output, self.assembly.job.shape);
        Target { empty_len, empty_value, write: writer(output.dtype), size: output.dtype.size() }
    }

    /// Time per element against an addition.
    fn cost(&self) -> usize {
        let a = &self.assembly;
        let body: usize = a.body.iter().filter(|d| d.class == Class::Element).map(|d| d.op.cost()).sum();
        body + a.ends.len() + 4 * a.gathers.len()
    }

    fn map(self) -> Result<Map<T>, MapError> {
        let a = &self.assembly;
        let slots = self.first_temp() + a.temps;
        if slots > MAX_SLOTS {
            return Err(MapError(format!("{slots} constants, operands and temporaries; at most {MAX_SLOTS}")));
        }
        let cells = a.cells;
        let (mut groups, mut rows, mut writes) = (Vec::new(), Vec::new(), Vec::new());
        for &(place, i, want) in &a.ends {
            let output = &a.job.outputs[i];
            let (slot, write, size) = (self.slot(place), writer(output.dtype), output.dtype.size());
            let end = Converted { slot, output: i, write, size };
            match want {
                Want::Store => writes.push(end),
                Want::Groups(op, len) => groups.push(Groups::new(end, op, len, output.scale, a.job.isa)),
                Want::Rows(op, len) => rows.push(Rows::new(end, op, len, output.scale, a.job.isa, &self.tiling)),
            }
        }
        let most = rows.iter().map(|r: &Rows<T>| self.tiling.total / (16 * r.width)).min().unwrap_or(usize::MAX);
        let tiles_per_task = self.tiling.tiles_per_task(self.cost(), most);
        let mut task_bytes = size_of::<Shared<T::Wide>>() * groups.len();
        for r in &mut rows {
            task_bytes = r.reserve(task_bytes);
        }
        let task_bytes = task_bytes.next_multiple_of(64);
        let tasks = self.tiling.count().div_ceil(tiles_per_task);
        let cell_bytes = (cells * size_of::<T>()).next_multiple_of(64);
        let workspace = if cell_bytes + task_bytes == 0 { 0 } else { cell_bytes + tasks * task_bytes + 64 };
        let outer = &a.job.collapsed.shape[..a.job.collapsed.shape.len() - 1];
        Ok(Map {
            input_count: a.job.inputs.len(),
            outputs: a.job.outputs.iter().map(|o| self.target(o)).collect(),
            tiles_per_task,
            tasks,
            cells,
            scalars: a.scalars.iter().map(|&s| self.scalar(s)).collect(),
            once: a.once.iter().map(|d| self.instr(d)).collect(),
            body: a.body.iter().map(|d| self.instr(d)).collect(),
            moving: a.moving.iter().map(|&m| self.moving(m)).collect(),
            gathers: a.gathers.iter().map(|&g| self.gather(g)).collect(),
            patterns: a.patterns.iter().map(|&g| self.gather(g)).collect(),
            stores: self.stores(),
            writes,
            groups,
            rows,
            outer: outer.to_vec(),
            slots,
            first_temp: self.first_temp(),
            temps: a.temps,
            temp_stride: (self.tiling.len * size_of::<T>()).next_multiple_of(64) + TEMP_GAP,
            task_bytes,
            workspace,
            constants: self.assembly.constants,
            tiling: self.tiling,
        })
    }
}
