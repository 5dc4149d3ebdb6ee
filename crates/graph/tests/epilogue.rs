//! Bias and activation run inside the product or the convolution, and change nothing but the number of steps, on every
//! instruction set.

#[path = "support/targets.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod targets;

use ferrograd_graph::gradient::gradient;
use ferrograd_graph::ops::{self, Steps, add, convolution, matmul};
use ferrograd_graph::{DType, Request, Spec, Tensor, compile, evaluate};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use std::sync::Arc;
use targets::sets;

type Function = fn(&Tensor) -> ferrograd_graph::Result<Tensor>;

const FUNCTIONS: [Function; 5] = [|x| Ok(x.clone()), ops::relu, ops::sigmoid, ops::tanh, ops::softplus];

fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|i| ((i * 37) % 23) as f64 / 11.0 - 1.0).collect()
}

fn given(shape: &[usize]) -> Tensor {
    let size = shape.iter().product();
    Tensor::from_slice(ferrograd_graph::Shape::new(shape), &numbers(size))
}

/// The numbers of `f` of the numbers of `x`, so that nothing can be fused with what came before.
fn apart(f: impl Fn(&Tensor) -> ferrograd_graph::Result<Tensor>, x: &Tensor, target: Target) -> Tensor {
    let value = evaluate(std::slice::from_ref(x), target).unwrap().remove(0);
    f(&Tensor::value(x.spec().clone(), value)).unwrap()
}

fn read(tensor: &Tensor, target: Target) -> Vec<f64> {
    let memory = evaluate(std::slice::from_ref(tensor), target).unwrap().remove(0);
    memory.as_slice::<f64>()[..tensor.shape().size()].to_vec()
}

#[test]
fn the_numbers_are_those_of_the_ops_one_by_one() {
    for target in sets() {
        for (a, b) in [(vec![5, 7], vec![7, 3]), (vec![2, 5, 7], vec![7, 3]), (vec![2, 1, 5, 7], vec![3, 7, 3])] {
            let (a, b, bias) = (given(&a), given(&b), given(&[3]));
            for function in FUNCTIONS {
                let product = matmul(&a, &b, false, false).unwrap();
                let whole = read(&function(&add(&product, &bias).unwrap()).unwrap(), target);
                let parts = read(&apart(function, &apart(|x| add(&bias, x), &product, target), target), target);
                for (whole, part) in whole.iter().zip(&parts) {
                    assert!((whole - part).abs() <= 1e-13 * part.abs().max(1.0), "{whole} for {part}");
                }
            }
        }
    }
}

#[test]
fn a_convolution_ends_with_them_in_one_step() {
    let padded = Steps { padding: vec![(1, 1); 2], ..Steps::plain(2) };
    let cases = [
        (vec![2, 5, 4, 3], vec![3, 3, 3, 6], &padded, 1),
        (vec![2, 5, 4, 4], vec![3, 3, 2, 6], &padded, 2),
        (vec![2, 5, 4, 3], vec![1, 1, 3, 5], &Steps::plain(2), 1),
        (vec![2, 5, 4, 3], vec![3, 3, 1, 3], &padded, 3),
        (vec![2, 5, 4, 3], vec![3, 3, 1, 6], &padded, 3),
    ];
    for target in sets() {
        for (x, w, steps, groups) in &cases {
            let (x, w, bias) = (given(x), given(w), given(&w[3..]));
            for function in FUNCTIONS {
                let product = convolution(&x, &w, steps, *groups).unwrap();
                let whole = function(&add(&product, &bias).unwrap()).unwrap();
                let parts = read(&apart(function, &apart(|x| add(&bias, x), &product, target), target), target);
                let request = Request { inputs: &[], outputs: &[whole], updates: &[], guard: None };
                let program = compile(&request, target).unwrap();
                assert_eq!(program.step_names().collect::<Vec<_>>(), ["convolution"]);
                let values = program.run(&[], &Threads::new(2)).unwrap();
                for (whole, part) in values[0].as_slice::<f64>().iter().zip(&parts) {
                    assert!((whole - part).abs() <= 1e-13 * part.abs().max(1.0), "{whole} for {part}");
                }
            }
        }
    }
}

#[test]
fn a_dense_layer_is_one_step() {
    for target in sets() {
        let specs = [[32, 64], [64, 10]].map(|shape| Spec::new(shape, DType::F32));
        let [x, w] = specs.map(Tensor::placeholder);
        let bias = Tensor::placeholder(Spec::new([10], DType::F32));
        let y = ops::relu(&add(&matmul(&x, &w, false, false).unwrap(), &bias).unwrap()).unwrap();
        let request = Request { inputs: &[x, w, bias], outputs: &[y], updates: &[], guard: None };
        let program = compile(&request, target).unwrap();
        assert_eq!(program.step_names().collect::<Vec<_>>(), ["matmul"]);
    }
}

#[test]
fn a_sum_that_is_read_elsewhere_is_there() {
    for target in sets() {
        let (a, b, bias) = (given(&[4, 3]), given(&[3, 2]), given(&[2]));
        let sum = add(&matmul(&a, &b, false, false).unwrap(), &bias).unwrap();
        let outputs = [ops::relu(&sum).unwrap(), sum];
        let request = Request { inputs: &[], outputs: &outputs, updates: &[], guard: None };
        let program = compile(&request, target).unwrap();
        let values: Vec<Arc<Memory>> = program.run(&[], &Threads::serial()).unwrap();
        for (relu, sum) in values[0].as_slice::<f64>().iter().zip(values[1].as_slice::<f64>()) {
            assert_eq!(*relu, sum.max(0.0));
        }
        assert!(values[1].as_slice::<f64>().iter().any(|&sum| sum < 0.0));
    }
}

#[test]
fn a_backward_product_ends_with_the_slope_and_the_gradient_of_the_bias() {
    for target in sets() {
        let slopes = [
            (ops::relu as Function, (|y| f64::from(u8::from(y > 0.0))) as fn(f64) -> f64),
            (ops::sigmoid, |y| y * (1.0 - y)),
            (ops::tanh, |y| 1.0 - y * y),
        ];
        let (x, w, bias) = (given(&[60, 20]), given(&[20, 70]), given(&[70]));
        let (w2, dz) = (given(&[70, 30]), given(&[60, 30]));
        for (function, slope) in slopes {
            let before = add(&matmul(&x, &w, false, false).unwrap(), &bias).unwrap();
            let y = function(&before).unwrap();
            let z = matmul(&y, &w2, false, false).unwrap();
            let gradients = gradient(&z, &[bias.clone(), before], Some(&dz)).unwrap();
            let outputs: Vec<Tensor> = gradients.into_iter().map(Option::unwrap).collect();
            let program = compile(&Request { inputs: &[], outputs: &outputs, updates: &[], guard: None }, target);
            let program = program.unwrap();
            let names: Vec<_> = program.step_names().collect();
            assert_eq!(names, ["matmul", "matmul+slope"], "{:?}", program.kernels());
            let values = program.run(&[], &Threads::new(2)).unwrap();
            let (y, dy) = (read(&y, target), read(&matmul(&dz, &w2, false, true).unwrap(), target));
            for col in 0..70 {
                let rows = (0..60).map(|row| row * 70 + col);
                let expected: Vec<f64> = rows.clone().map(|at| dy[at] * slope(y[at])).collect();
                for (at, expected) in rows.zip(&expected) {
                    assert!((values[1].as_slice::<f64>()[at] - expected).abs() <= 1e-12, "element {at}");
                }
                let sum: f64 = expected.iter().sum();
                assert!((values[0].as_slice::<f64>()[col] - sum).abs() <= 1e-11, "column {col}");
            }
        }
    }
}
