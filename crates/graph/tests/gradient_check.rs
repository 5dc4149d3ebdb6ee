//! Every op's gradient rule against central differences in f64, for every example that the op supplies, on every
//! instruction set.

mod support;

use ferrograd_graph::gradient::gradient;
use ferrograd_graph::op::{Example, ExampleInput, Op, Values};
use ferrograd_graph::ops::{TABLE, add, mul, sum};
use ferrograd_graph::{DType, Tensor};
use ferrograd_kernels::target::Target;
use std::sync::Arc;
use support::targets::sets;
use support::{Dice, Filled, filled, placeholders, program, run};

/// Step of the differences. Four points leave an error of h⁴·f⁗′/30, and rounding 10⁻¹⁶·f/h: both about 10⁻¹².
const STEP: f64 = 2e-4;
/// Asked of every element, relative to the larger of it and the floor.
const TOLERANCE: f64 = 1e-6;
/// Below this a gradient is compared as it is: what cancels to 0 has no relative error.
const FLOOR: f64 = 1e-3;

/// `Σ w·y` over every float64 tensor, `w` fixed and random: a scalar that feels every element of each.
fn combine(tensors: &[Tensor], seed: u32) -> Option<Tensor> {
    let mut dice = Dice::new(seed);
    let mut total: Option<Tensor> = None;
    for tensor in tensors.iter().filter(|tensor| tensor.dtype() == DType::F64) {
        let weights: Vec<f64> = (0..tensor.shape().size()).map(|_| dice.fraction() + 0.5).collect();
        let weights = Tensor::from_slice(tensor.shape().clone(), &weights);
        let axes: Vec<usize> = (0..tensor.shape().rank()).collect();
        let part = sum(&mul(tensor, &weights).unwrap(), &axes, false).unwrap();
        total = Some(match total {
            Some(total) => add(&total, &part).unwrap(),
            None => part,
        });
    }
    total
}

/// `∂y/∂x` by differences, for each element of each float input.
fn differences(y: &Tensor, xs: &[Tensor], inputs: &[Filled], target: Target) -> Vec<Vec<f64>> {
    let program = program(xs, std::slice::from_ref(y), target);
    let value = |inputs: &[Filled]| {
        let memory: Vec<_> = inputs.iter().map(|input| input.memory(DType::F64)).collect();
        run(&program, &memory)[0][0]
    };
    let at = |i: usize, j: usize, step: f64| {
        let mut moved = inputs.to_vec();
        let Filled::Float(_, values) = &mut moved[i] else { unreachable!("a float input") };
        values[j] += step;
        value(&moved)
    };
    let slope = |i, j| {
        let near = at(i, j, STEP) - at(i, j, -STEP);
        let far = at(i, j, 2.0 * STEP) - at(i, j, -2.0 * STEP);
        (8.0 * near - far) / (12.0 * STEP)
    };
    let of = |(i, input): (usize, &Filled)| match input {
        Filled::Float(_, values) => (0..values.len()).map(|j| slope(i, j)).collect(),
        Filled::Int(..) | Filled::Bool(..) => vec![],
    };
    inputs.iter().enumerate().map(of).collect()
}

/// Compares the drawn gradient of `y` with its differences; gives the gradients.
fn check(what: &str, y: &Tensor, xs: &[Tensor], inputs: &[Filled], target: Target) -> Vec<Tensor> {
    let drawn = gradient(y, xs, None).expect("a gradient");
    let memory: Vec<_> = inputs.iter().map(|input| input.memory(DType::F64)).collect();
    for (i, (drawn, expected)) in drawn.iter().zip(differences(y, xs, inputs, target)).enumerate() {
        let got = match drawn {
            Some(drawn) => {
                assert_eq!(drawn.spec(), xs[i].spec(), "{what}: the gradient of input {i} is like it");
                run(&program(xs, std::slice::from_ref(drawn), target), &memory).remove(0)
            }
            None => vec![0.0; expected.len()],
        };
        assert_eq!(got.len(), expected.len());
        for (j, (got, expected)) in got.into_iter().zip(expected).enumerate() {
            let error = (got - expected).abs() / got.abs().max(expected.abs()).max(FLOOR);
            assert!(error <= TOLERANCE, "{what}: input {i}, element {j}: drawn {got}, by differences {expected}");
        }
    }
    drawn.into_iter().flatten().collect()
}

fn check_example(example: &Example, seed: u32) {
    sets().for_each(|target| check_example_on(target, example, seed));
}

fn check_example_on(target: Target, example: &Example, seed: u32) {
    let inputs = filled(example, seed);
    let xs = placeholders(&inputs, DType::F64);
    let outputs = Tensor::apply_all(example.op.clone(), xs.iter().cloned().collect()).expect("an example fits");
    let Some(y) = combine(&outputs, 1) else { return };
    let shapes: Vec<_> = example.inputs.iter().map(|input| input.shape.to_string()).collect();
    let op = &example.op;
    let what = format!("{} {:?} of {} on {:?}", op.name(), op.attributes(), shapes.join(", "), target.isa);
    let gradients = check(&what, &y, &xs, &inputs, target);
    if let (true, Some(slope)) = (example.smooth, combine(&gradients, 2)) {
        check(&format!("gradient of {what}"), &slope, &xs, &inputs, target);
    }
}

/// Searches: how likely what they find is has a slope, which they do not give.
const SEARCHES: [&str; 1] = ["ctcBeamSearch"];

#[test]
fn every_example_of_every_op() {
    for declaration in TABLE.iter().filter(|declaration| !SEARCHES.contains(&declaration.name)) {
        let examples = (declaration.examples)();
        assert!(!examples.is_empty(), "{} has no examples", declaration.name);
        for (i, example) in examples.iter().enumerate() {
            check_example(example, i as u32);
        }
    }
}

/// Shapes that broadcast against each other: some axes of the first are 1 in the second or missing.
fn random_shapes(dice: &mut Dice, count: usize) -> Vec<Vec<usize>> {
    let full: Vec<usize> = (0..dice.below(4)).map(|_| [1, 2, 3, 5, 7][dice.below(5)]).collect();
    let mut part = |k: usize| {
        let from = if k == 0 { 0 } else { dice.below(full.len() + 1) };
        full[from..].iter().map(|&size| if dice.below(3) == 0 { 1 } else { size }).collect()
    };
    (0..count).map(&mut part).collect()
}

/// The first example's op, ranges and kinds at other shapes.
fn reshaped(example: &Example, shapes: &[Vec<usize>]) -> Example {
    let inputs = example.inputs.iter().zip(shapes);
    let input = |(input, shape): (&ExampleInput, &Vec<usize>)| match &input.values {
        Values::Float(range) => ExampleInput::float(shape, range.clone()),
        Values::Int(range) => ExampleInput::int(shape, range.clone()),
        Values::Bool => ExampleInput::boolean(shape),
        Values::Given(_) => unreachable!("first examples are drawn"),
    };
    Example { op: example.op.clone(), inputs: inputs.map(input).collect(), smooth: example.smooth }
}

fn encoded(name: &str, attributes: &[f64]) -> Arc<dyn Op> {
    let declaration = TABLE.iter().find(|declaration| declaration.name == name).expect("a name of the table");
    (declaration.read)(&mut ferrograd_graph::op::Reader::new(declaration.name, attributes)).expect("attributes")
}

#[test]
fn elementwise_ops_at_fifty_random_shapes() {
    let names = ["multiply", "divide", "maximum", "power", "where", "tanh", "subtract"];
    for (i, name) in names.iter().cycle().take(7 * 50).enumerate() {
        let declaration = TABLE.iter().find(|declaration| declaration.name == *name).expect("a name of the table");
        let example = (declaration.examples)().swap_remove(0);
        let shapes = random_shapes(&mut Dice::new(1000 + i as u32), example.inputs.len());
        check_example(&reshaped(&example, &shapes), i as u32);
    }
}

#[test]
fn reductions_at_fifty_random_shapes() {
    for (i, name) in ["sum", "max", "min", "prod"].iter().cycle().take(4 * 50).enumerate() {
        let mut dice = Dice::new(2000 + i as u32);
        let shape: Vec<usize> = (0..1 + dice.below(3)).map(|_| [1, 2, 3, 5][dice.below(4)]).collect();
        let axes: Vec<f64> = (0..shape.len()).filter(|_| dice.below(2) == 0).map(|axis| axis as f64).collect();
        let attributes: Vec<f64> = [axes.len() as f64].into_iter().chain(axes).chain([dice.below(2) as f64]).collect();
        let inputs = vec![ExampleInput::float(&shape, -2.0..2.0)];
        check_example(&Example { op: encoded(name, &attributes), inputs, smooth: true }, i as u32);
    }
}

#[test]
fn matrix_products_at_fifty_random_shapes() {
    for i in 0..50 {
        let mut dice = Dice::new(3000 + i);
        let [m, k, n] = [(); 3].map(|()| 1 + dice.below(5));
        let (ta, tb) = (dice.below(2), dice.below(2));
        let mut shapes = random_shapes(&mut dice, 2);
        shapes[0].truncate(2);
        let first = shapes[0].len();
        let skip = shapes[1].len().saturating_sub(first);
        shapes[1].drain(..skip);
        let broadcasts = shapes[0].iter().rev().zip(shapes[1].iter().rev()).all(|(&a, &b)| a == b || a == 1 || b == 1);
        if !broadcasts {
            shapes[1].clear();
        }
        shapes[0].extend(if ta == 1 { [k, m] } else { [m, k] });
        shapes[1].extend(if tb == 1 { [n, k] } else { [k, n] });
        let inputs = shapes.iter().map(|shape| ExampleInput::float(shape, -2.0..2.0)).collect();
        check_example(&Example { op: encoded("matmul", &[ta as f64, tb as f64]), inputs, smooth: true }, i);
    }
}
