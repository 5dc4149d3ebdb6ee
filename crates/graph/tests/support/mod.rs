//! What the tests of ops share: random numbers, filled examples, programs as functions.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod graphs;
pub mod targets;

use ferrograd_graph::op::{Example, ExampleInput, Values};
use ferrograd_graph::{DType, Program, Request, Shape, Spec, Tensor, compile};
use ferrograd_kernels::element::{Cast, Truth};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::random::philox;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use std::sync::Arc;

/// Numbers from a counter: the same ones every time.
pub struct Dice {
    seed: u32,
    drawn: u32,
}

impl Dice {
    pub fn new(seed: u32) -> Dice {
        Dice { seed, drawn: 0 }
    }

    /// Uniform in [0, 1).
    pub fn fraction(&mut self) -> f64 {
        self.drawn += 1;
        f64::from(philox([self.drawn, 0, 0, 0], [self.seed, 0])[0]) * 2f64.powi(-32)
    }

    /// Uniform below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.fraction() * limit as f64) as usize
    }

    /// `0 .. count` in any order.
    pub fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        (1..count).rev().for_each(|i| order.swap(i, self.below(i + 1)));
        order
    }

    /// Numbers of a range, each from a stratum of its own, so that no two of them are close.
    pub fn spread(&mut self, count: usize, range: &std::ops::Range<f64>) -> Vec<f64> {
        let width = (range.end - range.start) / count as f64;
        let order = self.order(count);
        order.into_iter().map(|i| range.start + (i as f64 + 0.2 + 0.6 * self.fraction()) * width).collect()
    }
}

/// An input with its numbers, as floats of both widths or in its own type.
#[derive(Clone)]
pub enum Filled {
    Float(Shape, Vec<f64>),
    Int(Shape, Vec<i32>),
    Bool(Shape, Vec<Truth>),
}

impl Filled {
    pub fn spec(&self, float: DType) -> Spec {
        match self {
            Filled::Float(shape, _) => Spec::new(shape.clone(), float),
            Filled::Int(shape, _) => Spec::new(shape.clone(), DType::I32),
            Filled::Bool(shape, _) => Spec::new(shape.clone(), DType::Bool),
        }
    }

    pub fn memory(&self, float: DType) -> Arc<Memory> {
        Arc::new(match self {
            Filled::Float(_, values) if float == DType::F32 => {
                Memory::from_slice(&values.iter().map(|&value| value as f32).collect::<Vec<_>>())
            }
            Filled::Float(_, values) => Memory::from_slice(values),
            Filled::Int(_, values) => Memory::from_slice(values),
            Filled::Bool(_, values) => Memory::from_slice(values),
        })
    }
}

fn fill(input: &ExampleInput, dice: &mut Dice) -> Filled {
    let size = input.shape.size();
    // Numbers that f32 holds exactly, so that both widths compute the same.
    let exact = |values: Vec<f64>| values.into_iter().map(|value| f64::from(value as f32)).collect();
    match &input.values {
        Values::Float(range) => Filled::Float(input.shape.clone(), exact(dice.spread(size, range))),
        Values::Given(values) => Filled::Float(input.shape.clone(), exact(values.clone())),
        Values::Int(range) => {
            let span = (range.end - range.start) as usize;
            Filled::Int(input.shape.clone(), (0..size).map(|_| range.start + dice.below(span) as i32).collect())
        }
        Values::Bool => Filled::Bool(input.shape.clone(), (0..size).map(|_| Truth::from(dice.below(2) == 1)).collect()),
    }
}

/// The example's inputs with numbers.
pub fn filled(example: &Example, seed: u32) -> Vec<Filled> {
    let mut dice = Dice::new(seed);
    example.inputs.iter().map(|input| fill(input, &mut dice)).collect()
}

/// A placeholder for each input, floats as `float`.
pub fn placeholders(inputs: &[Filled], float: DType) -> Vec<Tensor> {
    inputs.iter().map(|input| Tensor::placeholder(input.spec(float))).collect()
}

/// The program from `inputs` to `outputs`.
pub fn program(inputs: &[Tensor], outputs: &[Tensor], target: Target) -> Program {
    let request = Request { inputs, outputs, updates: &[], guard: None };
    compile(&request, target).unwrap_or_else(|error| panic!("{error}: {inputs:?} -> {outputs:?}"))
}

/// Every output of one run, as `f64`.
pub fn run(program: &Program, inputs: &[Arc<Memory>]) -> Vec<Vec<f64>> {
    let outputs = program.run(inputs, &Threads::serial()).expect("no fault");
    outputs.iter().zip(program.outputs()).map(|(memory, spec)| numbers(memory, spec)).collect()
}

/// The elements of a tensor, as `f64`.
pub fn numbers(memory: &Memory, spec: &Spec) -> Vec<f64> {
    let size = spec.shape.size();
    match spec.dtype {
        DType::F32 => memory.as_slice::<f32>()[..size].iter().map(|&value| f64::from(value)).collect(),
        DType::F64 => memory.as_slice::<f64>()[..size].to_vec(),
        DType::I32 => memory.as_slice::<i32>()[..size].iter().map(|&value| f64::from(value)).collect(),
        DType::Bool => memory.as_slice::<Truth>()[..size].iter().map(|&value| value.cast()).collect(),
    }
}
