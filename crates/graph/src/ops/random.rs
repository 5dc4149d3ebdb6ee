//! Random tensors: a pure function of (seed, step, stream, element), seed and step being the only input.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Io, Lowering, Op,
    Reader, Specs, dtype_code, encode_list,
};
use crate::ops::kernel::kernel_for;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::dispatch;
use ferrograd_kernels::element::{DType, Element, Truth};
use ferrograd_kernels::random::{self, Distribution, Key};
use smallvec::smallvec;
use std::sync::Arc;

/// Which numbers are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Uniform in [0, 1).
    Uniform,
    /// Uniform in (0, 1): its logarithm is finite.
    UniformOpen,
    /// Normal with mean 0 and deviation 1.
    Normal,
    /// The same, cut at ±2.
    TruncatedNormal,
    /// 1 with this probability, else 0; or true and false.
    Bernoulli(f64),
    /// `1 / keep` with probability `keep`, else 0: the mask of dropout.
    Dropout(f64),
    /// Whole numbers in [low, high).
    Integers(i32, i32),
}

/// A tensor of random numbers of some law.
#[derive(Clone, Debug)]
pub struct Random {
    /// The law.
    pub law: Law,
    /// Which of the random operations on one state this is.
    pub stream: u32,
    /// The shape of `y`.
    pub shape: Vec<usize>,
    /// The type of `y`.
    pub dtype: DType,
}

/// What every random op's attributes begin with.
const KEY: [Attribute; 3] = [
    Attribute { name: "stream", kind: AttributeKind::Int, doc: "Which random operation this is; 32 bits." },
    Attribute { name: "shape", kind: AttributeKind::Ints, doc: "The shape of `y`." },
    Attribute { name: "dtype", kind: AttributeKind::DType, doc: "The type of `y`." },
];

impl Law {
    fn name(self) -> &'static str {
        match self {
            Law::Uniform => "randomUniform",
            Law::UniformOpen => "randomUniformOpen",
            Law::Normal => "randomNormal",
            Law::TruncatedNormal => "randomTruncatedNormal",
            Law::Bernoulli(_) => "randomBernoulli",
            Law::Dropout(_) => "randomDropout",
            Law::Integers(..) => "randomIntegers",
        }
    }

    fn parameters(self) -> Vec<f64> {
        match self {
            Law::Uniform | Law::UniformOpen | Law::Normal | Law::TruncatedNormal => vec![],
            Law::Bernoulli(probability) | Law::Dropout(probability) => vec![probability],
            Law::Integers(low, high) => vec![f64::from(low), f64::from(high)],
        }
    }

    fn check(self, dtype: DType) -> Result<()> {
        let (taken, expected) = match self {
            Law::Integers(..) => (dtype == DType::I32, "int32"),
            Law::Bernoulli(_) => (dtype != DType::I32, "a float or bool"),
            Law::Uniform | Law::UniformOpen | Law::Normal | Law::TruncatedNormal | Law::Dropout(_) => {
                (dtype.is_float(), "a float")
            }
        };
        if !taken {
            return Err(Error::dtype(format!("{}: expected {expected} dtype, got {}", self.name(), dtype.name())));
        }
        match self {
            Law::Uniform | Law::UniformOpen | Law::Normal | Law::TruncatedNormal => Ok(()),
            Law::Bernoulli(probability) => random::Bernoulli::new(probability).map(drop),
            Law::Dropout(keep) => random::Dropout::new(keep).map(drop),
            Law::Integers(low, high) => random::Integers::new(low, high).map(drop),
        }
        .map_err(|why| Error::config(format!("{}: {why}", self.name())))
    }
}

impl Random {
    fn read(reader: &mut Reader<'_>, law: impl Fn(&mut Reader<'_>) -> Result<Law>) -> Result<Arc<dyn Op>> {
        let (stream, shape, dtype) = (word(reader)?, reader.sizes()?, reader.dtype()?);
        Ok(Arc::new(Random { law: law(reader)?, stream, shape, dtype }))
    }

    /// A kernel that fills the output with the numbers of `distribution`.
    fn fill<T: Element>(&self, distribution: impl Distribution<T> + Copy + Send + 'static) -> Lowering {
        let stream = self.stream;
        kernel_for(self.law.name(), move |site| {
            let isa = site.target.isa;
            move |io: &mut Io<'_>| {
                let key = key(io.input::<i32>(0), stream);
                let (threads, y) = (io.threads(), io.output::<T>(0));
                random::fill(&distribution, &key, 0, isa, threads, y);
                Ok(())
            }
        })
    }
}

/// The bits of a state are without sign.
fn key(state: &[i32], stream: u32) -> Key {
    let [low, high, step] = [0, 1, 2].map(|i| u64::from(state[i] as u32));
    Key { seed: low | high << 32, stream, step }
}

fn word(reader: &mut Reader<'_>) -> Result<u32> {
    let value = reader.int()?;
    u32::try_from(value).map_err(|_| Error::config(format!("random: expected 32 bits without sign, got {value}")))
}

fn int32(reader: &mut Reader<'_>) -> Result<i32> {
    let value = reader.int()?;
    i32::try_from(value).map_err(|_| Error::config(format!("random: expected a 32-bit integer, got {value}")))
}

/// Random numbers of `law`, keyed by the stream and by `state` (3) int32: the low and the high 32 bits of the seed, and
/// the step; each step draws anew.
///
/// # Errors
/// `ERR_DTYPE` where the law has no numbers of `spec`'s dtype or the state is anything else, `ERR_CONFIG` where the law's
/// parameters are out of range.
pub fn random(law: Law, stream: u32, spec: &Spec, state: &Tensor) -> Result<Tensor> {
    Tensor::apply(Random { law, stream, shape: spec.shape.to_vec(), dtype: spec.dtype }, &[state])
}

impl Op for Random {
    fn name(&self) -> &'static str {
        self.law.name()
    }

    fn attributes(&self) -> Vec<f64> {
        let mut out = vec![f64::from(self.stream)];
        encode_list(&mut out, &self.shape, |size| size as f64);
        out.push(dtype_code(self.dtype));
        out.extend(self.law.parameters());
        out
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        self.law.check(self.dtype)?;
        if inputs[0] != Spec::new(Shape::new(&[3]), DType::I32) {
            return Err(Error::dtype(format!("{}: expected a state int32[3], got {}", self.name(), inputs[0])));
        }
        match Shape::checked_size(&self.shape) {
            Some(size) if size <= 1 << 33 => Ok(smallvec![Spec::new(Shape::new(&self.shape), self.dtype)]),
            Some(_) | None => Err(Error::shape(format!("{}: shape {:?} is too large", self.name(), self.shape))),
        }
    }

    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        let valid = "checked by infer";
        match self.law {
            Law::Uniform => dispatch!(self.dtype, T: Float => self.fill::<T>(random::Uniform)),
            Law::UniformOpen => dispatch!(self.dtype, T: Float => self.fill::<T>(random::UniformOpen)),
            Law::Normal => dispatch!(self.dtype, T: Float => self.fill::<T>(random::Normal)),
            Law::TruncatedNormal => dispatch!(self.dtype, T: Float => self.fill::<T>(random::TruncatedNormal)),
            Law::Bernoulli(probability) => {
                let choice = random::Bernoulli::new(probability).expect(valid);
                if self.dtype == DType::Bool {
                    return self.fill::<Truth>(choice);
                }
                dispatch!(self.dtype, T: Float => self.fill::<T>(choice))
            }
            Law::Dropout(keep) => {
                let mask = random::Dropout::new(keep).expect(valid);
                dispatch!(self.dtype, T: Float => self.fill::<T>(mask))
            }
            Law::Integers(low, high) => self.fill::<i32>(random::Integers::new(low, high).expect(valid)),
        }
    }

    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![None])
    }
}

fn examples(laws: &[(Law, DType)]) -> Vec<Example> {
    let case = |(law, dtype): (Law, DType), shape: &[usize]| Example {
        op: Arc::new(Random { law, stream: 7, shape: shape.to_vec(), dtype }),
        inputs: vec![ExampleInput::int(&[3], -1000..1000)],
        smooth: false,
    };
    laws.iter().flat_map(|&law| [case(law, &[3, 67]), case(law, &[]), case(law, &[0, 2])]).collect()
}

const BOTH: [DType; 2] = [DType::F32, DType::F64];

macro_rules! random {
    ($const:ident, $name:literal, $doc:literal, [$($parameter:expr),*], $read:expr, $examples:expr) => {
        pub(crate) const $const: Declaration = Declaration {
            name: $name,
            doc: $doc,
            inputs: Inputs::Named(&["state"]),
            outputs: 1,
            attributes: &[KEY[0], KEY[1], KEY[2], $($parameter),*],
            read: |reader| Random::read(reader, $read),
            examples: || examples(&$examples),
        };
    };
}

random!(UNIFORM, "randomUniform", "Uniform in [0, 1).", [], |_| Ok(Law::Uniform), BOTH.map(|t| (Law::Uniform, t)));
random!(
    UNIFORM_OPEN,
    "randomUniformOpen",
    "Uniform in (0, 1): its logarithm is finite.",
    [],
    |_| Ok(Law::UniformOpen),
    BOTH.map(|t| (Law::UniformOpen, t))
);
random!(
    NORMAL,
    "randomNormal",
    "Normal with mean 0 and deviation 1.",
    [],
    |_| Ok(Law::Normal),
    BOTH.map(|t| (Law::Normal, t))
);
random!(
    TRUNCATED_NORMAL,
    "randomTruncatedNormal",
    "Normal with mean 0 and deviation 1, cut at ±2.",
    [],
    |_| Ok(Law::TruncatedNormal),
    BOTH.map(|t| (Law::TruncatedNormal, t))
);
random!(
    BERNOULLI,
    "randomBernoulli",
    "1 (or true) with a probability, else 0.",
    [Attribute { name: "probability", kind: AttributeKind::Float, doc: "From 0 to 1." }],
    |reader| Ok(Law::Bernoulli(reader.float()?)),
    [DType::F32, DType::F64, DType::Bool].map(|t| (Law::Bernoulli(0.3), t))
);
random!(
    DROPOUT,
    "randomDropout",
    "`1 / keep` with probability `keep`, else 0: the mask of dropout.",
    [Attribute { name: "keep", kind: AttributeKind::Float, doc: "From 0 to 1." }],
    |reader| Ok(Law::Dropout(reader.float()?)),
    BOTH.map(|t| (Law::Dropout(0.8), t))
);
random!(
    INTEGERS,
    "randomIntegers",
    "Whole numbers in [low, high), int32.",
    [
        Attribute { name: "low", kind: AttributeKind::Int, doc: "The smallest." },
        Attribute { name: "high", kind: AttributeKind::Int, doc: "One above the largest." }
    ],
    |reader| Ok(Law::Integers(int32(reader)?, int32(reader)?)),
    [(Law::Integers(-3, 9), DType::I32)]
);
