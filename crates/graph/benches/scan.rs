//! Microseconds of a loop's forward run and of its gradients, as a recurrent layer draws it: (batch, steps, features) in,
//! the last state out.
//!
//! `cargo bench -p ferrograd-graph --bench scan [-- NAME]`: kernel by kernel, the least of many runs by one thread and two.

#[path = "support/profile.rs"]
mod profile;

use ferrograd_graph::gradient::gradient;
use ferrograd_graph::program::Running;
use ferrograd_graph::scan::{Course, Step, scan};
use ferrograd_graph::{DType, Program, Request, Spec, Tensor, compile, ops};
use ferrograd_kernels::target::Target;
use std::time::Instant;

struct Case {
    name: &'static str,
    steps: usize,
    batch: usize,
    features: usize,
    units: usize,
}

const CASES: [Case; 5] = [
    Case { name: "lstm", steps: 50, batch: 32, features: 32, units: 128 },
    Case { name: "gru", steps: 50, batch: 32, features: 32, units: 128 },
    Case { name: "lstm", steps: 100, batch: 16, features: 64, units: 64 },
    Case { name: "lstm", steps: 20, batch: 1, features: 8, units: 16 },
    Case { name: "lstm", steps: 64, batch: 32, features: 64, units: 256 },
];

fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    for case in CASES.iter().filter(|case| case.name.contains(&only)) {
        let Case { name, steps, batch, features, units } = case;
        let start = Instant::now();
        let program = program(case);
        println!("\n{name} {features} → {units}, {steps} steps, batch {batch}: compiled in {:.0?}", start.elapsed());
        profile::print(&program, feed);
    }
}

fn program(case: &Case) -> Program {
    let &Case { name, steps, batch, features, units } = case;
    let gates = if name == "gru" { 3 } else { 4 };
    let given = |shape: &[usize]| Tensor::placeholder(Spec::new(ferrograd_graph::Shape::new(shape), DType::F32));
    let x = given(&[batch, steps, features]);
    let weights = [given(&[features, gates * units]), given(&[units, gates * units]), given(&[gates * units])];
    let rows = [given(&[batch, features])];
    let carries: Vec<Tensor> = (0..if name == "gru" { 1 } else { 2 }).map(|_| given(&[batch, units])).collect();
    let next = if name == "gru" { gru(&weights, &carries, &rows) } else { lstm(&weights, &carries, &rows) };
    let step = Step { carries: &carries, rows: &rows, next: &next, outputs: &[] };
    let init: Vec<Tensor> = carries.iter().map(|carry| Tensor::fill(carry.shape().clone(), DType::F32, 0.0)).collect();
    let along = ops::transpose(&x, &[1, 0, 2]).unwrap();
    let done = scan(&step, &init, &[along], Course { length: steps, reverse: false }).unwrap();
    let loss = ops::mean(&ops::square(&done.carries[0]).unwrap(), &[0, 1], false).unwrap();
    let slopes = gradient(&loss, &weights, None).unwrap();
    let outputs: Vec<Tensor> = slopes.into_iter().map(|slope| slope.expect("every weight is used")).collect();
    let inputs: Vec<Tensor> = std::iter::once(x).chain(weights).collect();
    compile(&Request { inputs: &inputs, outputs: &outputs, updates: &[], guard: None }, Target::detect()).unwrap()
}

fn product(x: &Tensor, w: &Tensor) -> Tensor {
    ops::matmul(x, w, false, false).unwrap()
}

/// Gate `k` of `z`.
fn gate(z: &Tensor, k: usize, units: usize) -> Tensor {
    ops::slice(z, &[0, k * units], &[z.shape()[0], units], &[1, 1]).unwrap()
}

fn lstm([w, u, b]: &[Tensor; 3], carries: &[Tensor], rows: &[Tensor]) -> Vec<Tensor> {
    let [h, c] = carries else { unreachable!("two carries") };
    let units = h.shape()[1];
    let z = product(&rows[0], w) + b + product(h, u);
    let [i, f, o] = [0, 1, 3].map(|k| ops::sigmoid(&gate(&z, k, units)).unwrap());
    let c = f * c + i * ops::tanh(&gate(&z, 2, units)).unwrap();
    vec![o * ops::tanh(&c).unwrap(), c]
}

/// With the reset after the product.
fn gru([w, u, b]: &[Tensor; 3], carries: &[Tensor], rows: &[Tensor]) -> Vec<Tensor> {
    let [h] = carries else { unreachable!("one carry") };
    let units = h.shape()[1];
    let (of_x, of_h) = (product(&rows[0], w) + b, product(h, u) + b);
    let sigmoid = |k| ops::sigmoid(&(gate(&of_x, k, units) + gate(&of_h, k, units))).unwrap();
    let (update, reset) = (sigmoid(0), sigmoid(1));
    let candidate = ops::tanh(&(gate(&of_x, 2, units) + reset * gate(&of_h, 2, units))).unwrap();
    vec![&update * h + (Tensor::scalar(DType::F32, 1.0) - &update) * candidate]
}

/// Numbers between −0.1 and 0.1.
fn feed(program: &Program, running: &mut Running<'_>) {
    for index in 0..program.inputs().len() {
        let values = running.input::<f32>(index).iter_mut().enumerate();
        values.for_each(|(i, value)| *value = 0.1 * (i as f32 * 0.37 + index as f32).sin());
    }
}
