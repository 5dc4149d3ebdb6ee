//! A line fitted to arrays of `ndarray`: the graph, its gradient and a compiled step, without TypeScript.
//!
//! `cargo run -p ferrograd-graph --features ndarray --example arrays`

use ferrograd_graph::gradient::gradient;
use ferrograd_graph::ops::{matmul, mean, square};
use ferrograd_graph::{Request, Result, Tensor, Variable, compile};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;
use ndarray::{Array1, Array2};

fn main() -> Result<()> {
    let x = Array2::from_shape_fn((64, 1), |(i, _)| i as f64 / 32.0 - 1.0);
    let y = x.mapv(|x| 3.0 * x - 1.0);
    let (x, y) = (Tensor::from(x.view()), Tensor::from(y.view()));

    let w = Variable::from_array("w", Array2::<f64>::zeros((1, 1)).view())?;
    let b = Variable::from_array("b", Array1::<f64>::zeros(1).view())?;
    let weights = [Tensor::variable(&w), Tensor::variable(&b)];
    let prediction = matmul(&x, &weights[0], false, false)? + &weights[1];
    let loss = mean(&square(&(prediction - &y))?, &[0, 1], false)?;

    let mut updates = Vec::new();
    for ((variable, value), slope) in [&w, &b].into_iter().zip(&weights).zip(gradient(&loss, &weights, None)?) {
        let slope = slope.expect("the loss depends on every weight");
        updates.push((variable.clone(), value - &(slope * 0.5)));
    }
    let request = Request { inputs: &[], outputs: std::slice::from_ref(&loss), updates: &updates, guard: None };
    let step = compile(&request, Isa::detect())?;
    let threads = Threads::new(2);
    for _ in 0..100 {
        step.run(&[], &threads)?;
    }
    let (w, b) = (w.to_array::<f64>()?, b.to_array::<f64>()?);
    println!("y = {:.3}·x {:+.3}", w[[0, 0]], b[[0]]);
    assert!((w[[0, 0]] - 3.0).abs() < 1e-6 && (b[[0]] + 1.0).abs() < 1e-6, "the line is found");
    Ok(())
}
