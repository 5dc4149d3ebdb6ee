//! Instructions drafted from terms, their operands given places, their temporaries given as few as lifetimes allow.

use super::compile::{Access, Job, Want};
use super::finish::Finish;
use super::op::Op;
use super::plan::Tiling;
use super::program::Map;
use super::simplify::{Class, Term, Terms};
use super::sweep::MapType;
use super::{MapError, OutputKind};

/// Where a term's value is, before slots are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Constant(usize),
    Cell(usize),
    Memory(usize),
    Temp(usize),
}

/// An instruction before slots are numbered.
pub(super) struct Draft {
    pub op: Op,
    pub results: Vec<Sink>,
    pub args: Vec<Source>,
    pub class: Class,
}

/// A result of a [`Draft`].
#[derive(Clone, Copy)]
pub(super) struct Sink {
    pub place: Place,
    /// The output whose memory the place is.
    pub output: Option<usize>,
}

impl Draft {
    /// Whether it writes output `i` where that lies.
    fn stores(&self, i: usize) -> bool {
        self.results.iter().any(|sink| sink.output == Some(i))
    }
}

/// An operand of a [`Draft`].
#[derive(Clone, Copy)]
pub(super) struct Source {
    pub place: Place,
    pub scalar: bool,
}

/// A program under construction.
pub(super) struct Assembly<'a, 'j, T> {
    pub job: &'a Job<'j>,
    pub terms: &'a Terms<T>,
    pub access: &'a [Access],
    pub uses: Vec<usize>,
    /// Where each term's value is.
    pub place: Vec<Option<Place>>,
    pub constants: Vec<T>,
    pub cells: usize,
    pub memory: usize,
    /// Virtual temporaries; `allocate` maps them to few.
    pub temps: usize,
    /// Temporaries that live as long as the task.
    pub lasting: Vec<usize>,
    pub once: Vec<Draft>,
    pub body: Vec<Draft>,
    pub scalars: Vec<(Place, usize, bool)>,
    pub moving: Vec<(Place, usize)>,
    pub gathers: Vec<(Place, usize)>,
    pub patterns: Vec<(Place, usize)>,
    pub stores: Vec<(Place, usize, usize)>,
    /// What is read when the instructions of a tile are done: place, output, and the reduction.
    pub ends: Vec<(Place, usize, Want)>,
    pub physical: Vec<usize>,
}

impl<'a, 'j, T: MapType> Assembly<'a, 'j, T> {
    pub fn new(job: &'a Job<'j>, terms: &'a Terms<T>, access: &'a [Access]) -> Self {
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
    pub fn inputs(&mut self) {
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

    pub fn instructions(&mut self) {
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
            let draft = Draft { op: *op, results: vec![Sink { place: dst, output }], args, class };
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
        let results = vec![Sink { place: dst, output }];
        self.body.push(Draft { op: Op::Copy, results, args, class: Class::Element });
    }

    pub fn outputs(&mut self) {
        for (i, want) in self.job.wants().enumerate().collect::<Vec<_>>() {
            let t = self.terms.wanted[i];
            let own = self.job.outputs[i].dtype == T::DTYPE;
            match want {
                Want::Store if own && self.body.iter().any(|d| d.stores(i)) => {}
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

    /// The instruction that stores output `i`.
    pub fn stored_at(&self, i: usize) -> usize {
        self.body.iter().position(|d| d.stores(i)).expect("stored by an instruction")
    }

    /// Inputs read in place, at the same element for element, after instruction `at` of the body.
    pub fn hazards(&self, at: usize) -> Vec<usize> {
        let later = self.body[at + 1..].iter().flat_map(|d| d.args.iter().map(|s| s.place));
        let read: Vec<Place> = later.chain(self.ends.iter().map(|e| e.0)).collect();
        let contiguous = |i: &usize| self.access[*i] == Access::Contiguous;
        self.moving.iter().filter(|(place, _)| read.contains(place)).map(|m| m.1).filter(contiguous).collect()
    }

    /// Maps the temporaries to as few as their lifetimes allow.
    pub fn allocate(&mut self) {
        let mut last = vec![0; self.temps];
        for (at, draft) in self.body.iter().enumerate() {
            for place in draft.args.iter().map(|s| s.place).chain(draft.results.iter().map(|s| s.place)) {
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
            for sink in &draft.results {
                if let Place::Temp(v) = sink.place {
                    self.physical[v] = pool.take();
                }
            }
        }
        for i in 0..self.stores.len() {
            if !self.hazards(self.stored_at(self.stores[i].1)).is_empty() {
                self.stores[i].2 = pool.take_new();
            }
        }
        self.temps = pool.made;
    }

    pub fn finish(self, tiling: Tiling) -> Result<Map<T>, MapError> {
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
