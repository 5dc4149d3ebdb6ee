//! The likeliest labellings of sequences of classes and blanks.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
};
use crate::ops::kernel::{FromNumber, kernel};
use crate::shape::Spec;
use ferrograd_kernels::element::DType;
use smallvec::smallvec;
use std::sync::{Arc, Mutex, PoisonError};

/// The `paths` likeliest labellings of each sequence of log probabilities (batch, steps, classes), of which the first
/// `length` (batch) steps count: (batch, paths, steps) as int32, −1 behind the end, and their log probabilities (batch,
/// paths), −∞ where there is none.
///
/// A labelling is what is left of a row of classes without repeats and then without `blank`; its probability is the sum of
/// those of all rows that give it. After each step the `width` likeliest beginnings are kept (Graves et al., 2006, and
/// Hannun et al., 2014, without a language model).
#[derive(Clone, Copy, Debug)]
pub struct CtcBeamSearch {
    /// How many beginnings are kept.
    pub width: usize,
    /// How many labellings are given, at most `width`.
    pub paths: usize,
    /// The class that is no label.
    pub blank: usize,
}

impl CtcBeamSearch {
    fn check(&self, classes: usize) -> Result<()> {
        let CtcBeamSearch { width, paths, blank } = *self;
        if paths == 0 || paths > width {
            return Err(Error::config(format!("ctcBeamSearch: expected 1 to {width} paths, the width, got {paths}")));
        }
        if blank >= classes {
            return Err(Error::config(format!("ctcBeamSearch: expected a blank below {classes} classes, got {blank}")));
        }
        Ok(())
    }
}

impl Op for CtcBeamSearch {
    fn name(&self) -> &'static str {
        "ctcBeamSearch"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![self.width as f64, self.paths as f64, self.blank as f64]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let (x, length) = (&inputs[0], &inputs[1]);
        if !x.dtype.is_float() || length.dtype != DType::I32 {
            return Err(Error::dtype(format!("ctcBeamSearch: expected floats and int32, got {x} and {length}")));
        }
        let &[batch, steps, classes] = &x.shape[..] else {
            return Err(Error::shape(format!("ctcBeamSearch: expected [batch, steps, classes], got {}", x.shape)));
        };
        if length.shape[..] != [batch] {
            return Err(Error::shape(format!("ctcBeamSearch length: expected [{batch}], got {}", length.shape)));
        }
        self.check(classes)?;
        let paths = Spec::new([batch, self.paths, steps], DType::I32);
        Ok(smallvec![paths, Spec::new([batch, self.paths], x.dtype)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let (search, steps, classes) = (*self, inputs[0].shape[1], inputs[0].shape[2]);
        for_float!(inputs[0].dtype, T => kernel("ctcBeamSearch", move |io| {
            let (x, lengths) = (io.input::<T>(0), io.input::<i32>(1));
            let (paths, scores) = (io.output::<i32>(0), io.output::<T>(1));
            let paths = paths.chunks_mut((search.paths * steps).max(1));
            let rows: Vec<_> = paths.zip(scores.chunks_mut(search.paths)).map(Mutex::new).collect();
            io.threads().run(rows.len(), &|row| {
                let length = (lengths[row].max(0) as usize).min(steps);
                let x = &x[row * steps * classes..][..length * classes];
                let mut beams = Beams::new(search, classes);
                x.chunks(classes).for_each(|x| beams.step(x));
                let (paths, scores) = &mut *rows[row].lock().unwrap_or_else(PoisonError::into_inner);
                for (rank, score) in scores.iter_mut().enumerate() {
                    *score = T::from_number(beams.path(rank, &mut paths[rank * steps..][..steps]));
                }
            });
            Ok(())
        }))
    }

    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![None; 2])
    }
}

/// A beginning of a labelling: one label more than that of its parent.
struct Prefix {
    parent: usize,
    label: usize,
    /// Those that have been kept at some step, each with its label.
    longer: Vec<(usize, usize)>,
    /// Where it is among the beams, if it is.
    beam: Option<usize>,
}

/// A beginning that is kept, with the log probabilities of the rows for it that end in a blank and in its last label.
#[derive(Clone, Copy)]
struct Beam {
    prefix: usize,
    blank: f64,
    label: f64,
}

impl Beam {
    fn score(&self) -> f64 {
        log_add(self.blank, self.label)
    }
}

/// What may be kept after a step: a beam, or one of a new label.
struct Candidate {
    beam: Beam,
    label: Option<usize>,
    score: f64,
}

struct Beams {
    search: CtcBeamSearch,
    classes: usize,
    prefixes: Vec<Prefix>,
    /// The likeliest first.
    beams: Vec<Beam>,
}

const NEVER: f64 = f64::NEG_INFINITY;

impl Beams {
    /// One beginning, that of no labels.
    fn new(search: CtcBeamSearch, classes: usize) -> Beams {
        let root = Prefix { parent: 0, label: search.blank, longer: Vec::new(), beam: Some(0) };
        let beams = vec![Beam { prefix: 0, blank: 0.0, label: NEVER }];
        Beams { search, classes, prefixes: vec![root], beams }
    }

    /// Goes on by one step with the log probability of each class.
    fn step<T: Copy + Into<f64>>(&mut self, x: &[T]) {
        let x = |class: usize| x[class].into();
        let mut candidates = self.stay(&x);
        for from in 0..self.beams.len() {
            self.longer(from, &x, &mut candidates);
        }
        for candidate in &mut candidates {
            candidate.score = candidate.beam.score();
        }
        candidates.retain(|candidate| candidate.score > NEVER);
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        candidates.truncate(self.search.width);
        for beam in &self.beams {
            self.prefixes[beam.prefix].beam = None;
        }
        self.beams.clear();
        for Candidate { mut beam, label, .. } in candidates {
            if let Some(label) = label {
                beam.prefix = self.child(beam.prefix, label);
            }
            self.prefixes[beam.prefix].beam = Some(self.beams.len());
            self.beams.push(beam);
        }
    }

    /// The same beginnings: a blank, or the last label once more.
    fn stay(&self, x: &impl Fn(usize) -> f64) -> Vec<Candidate> {
        let stay = |beam: &Beam| {
            let Beam { prefix, label, .. } = *beam;
            let again = if prefix == 0 { NEVER } else { label + x(self.prefixes[prefix].label) };
            let beam = Beam { prefix, blank: beam.score() + x(self.search.blank), label: again };
            Candidate { beam, label: None, score: NEVER }
        };
        self.beams.iter().map(stay).collect()
    }

    /// Beginnings with one label more. The last label comes again only after a blank.
    fn longer(&self, from: usize, x: &impl Fn(usize) -> f64, candidates: &mut Vec<Candidate>) {
        let beam = self.beams[from];
        let prefix = &self.prefixes[beam.prefix];
        let score = beam.score();
        for label in (0..self.classes).filter(|&class| class != self.search.blank) {
            let again = beam.prefix != 0 && label == prefix.label;
            let chance = x(label) + if again { beam.blank } else { score };
            let known = prefix.longer.iter().find(|(own, _)| *own == label);
            match known.and_then(|&(_, longer)| self.prefixes[longer].beam) {
                Some(other) => {
                    let sum = &mut candidates[other].beam.label;
                    *sum = log_add(*sum, chance);
                }
                None => {
                    let beam = Beam { prefix: beam.prefix, blank: NEVER, label: chance };
                    candidates.push(Candidate { beam, label: Some(label), score: NEVER });
                }
            }
        }
    }

    fn child(&mut self, parent: usize, label: usize) -> usize {
        if let Some(&(_, known)) = self.prefixes[parent].longer.iter().find(|(own, _)| *own == label) {
            return known;
        }
        let new = self.prefixes.len();
        self.prefixes[parent].longer.push((label, new));
        self.prefixes.push(Prefix { parent, label, longer: Vec::new(), beam: None });
        new
    }

    /// Writes the labelling of some rank, −1 behind its end; its log probability.
    fn path(&self, rank: usize, into: &mut [i32]) -> f64 {
        into.fill(-1);
        let Some(beam) = self.beams.get(rank) else { return NEVER };
        let up = |&prefix: &usize| (prefix != 0).then(|| self.prefixes[prefix].parent);
        let line: Vec<usize> = std::iter::successors(Some(beam.prefix), up).filter(|&prefix| prefix != 0).collect();
        for (place, &prefix) in into.iter_mut().zip(line.iter().rev()) {
            *place = self.prefixes[prefix].label as i32;
        }
        beam.score()
    }
}

/// `log(eᵃ + eᵇ)`
fn log_add(a: f64, b: f64) -> f64 {
    let (most, least) = if a > b { (a, b) } else { (b, a) };
    if least == NEVER { most } else { most + (least - most).exp().ln_1p() }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "ctcBeamSearch",
    doc: "The likeliest labellings of log probabilities (batch, steps, classes), of which the first `length` (batch) steps count:\n\
          (batch, paths, steps), −1 behind the end, and their log probabilities (batch, paths).",
    inputs: Inputs::Named(&["x", "length"]),
    outputs: 2,
    attributes: &[
        Attribute { name: "width", kind: AttributeKind::Int, doc: "How many beginnings are kept after each step." },
        Attribute { name: "paths", kind: AttributeKind::Int, doc: "How many labellings are given." },
        Attribute { name: "blank", kind: AttributeKind::Int, doc: "The class that is no label." },
    ],
    read: |reader| Ok(Arc::new(CtcBeamSearch { width: reader.size()?, paths: reader.size()?, blank: reader.size()? })),
    examples: || {
        let case = |[batch, steps, classes]: [usize; 3], shortest: usize, [width, paths, blank]: [usize; 3]| Example {
            op: Arc::new(CtcBeamSearch { width, paths, blank }),
            inputs: vec![
                ExampleInput::float(&[batch, steps, classes], -4.0..0.0),
                ExampleInput::int(&[batch], shortest as i32..steps as i32 + 1),
            ],
            smooth: false,
        };
        // Beams as wide as there are beginnings: what they give is defined without them.
        vec![
            case([2, 5, 3], 5, [63, 4, 0]),
            case([3, 4, 3], 0, [31, 1, 1]),
            case([1, 1, 4], 1, [4, 2, 3]),
            case([2, 0, 2], 0, [1, 1, 1]),
        ]
    },
};
