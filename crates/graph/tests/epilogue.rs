//! What follows a matrix product element by element runs inside it, and changes nothing but the number of steps, on
//! every instruction set.

#[path = "support/targets.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod targets;

use ferrograd_graph::gradient::gradient;
use ferrograd_graph::ops::{self, add, matmul, mul};
use ferrograd_graph::{DType, Request, Shape, Spec, Tensor, compile, evaluate};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use std::sync::Arc;
use targets::sets;

type Function = fn(&Tensor) -> ferrograd_graph::Result<Tensor>;

const FUNCTIONS: [Function; 9] =
    [|x| Ok(x.clone()), ops::relu, ops::sigmoid, ops::tanh, ops::softplus, gelu, silu, elu, leaky_relu];

/// `x/2 · (1 + erf(x/√2))`
fn gelu(x: &Tensor) -> ferrograd_graph::Result<Tensor> {
    mul(&(x * 0.5), &(ops::erf(&(x * std::f64::consts::FRAC_1_SQRT_2))? + 1.0))
}

/// `x · σ(x)`
fn silu(x: &Tensor) -> ferrograd_graph::Result<Tensor> {
    mul(x, &ops::sigmoid(x)?)
}

/// `x` where it is positive, else `eˣ − 1`.
fn elu(x: &Tensor) -> ferrograd_graph::Result<Tensor> {
    ops::select(&ops::greater(x, &(x * 0.0))?, x, &ops::expm1(x)?)
}

/// `max(x, x/5)`
fn leaky_relu(x: &Tensor) -> ferrograd_graph::Result<Tensor> {
    ops::maximum(x, &(x * 0.2))
}

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

/// The kernels of a layer of `function` and what follows it, over one matrix or a batch.
fn layer(sizes: [&[usize]; 2], function: impl Fn(&Tensor) -> Tensor, target: Target) -> Vec<String> {
    let [x, w] = sizes.map(|shape| Tensor::placeholder(Spec::new(Shape::new(shape), DType::F32)));
    let bias = Tensor::placeholder(Spec::new([sizes[1][sizes[1].len() - 1]], DType::F32));
    let y = function(&add(&matmul(&x, &w, false, false).unwrap(), &bias).unwrap());
    let request = Request { inputs: &[x, w, bias], outputs: &[y], updates: &[], guard: None };
    let kernels = compile(&request, target).unwrap().kernels();
    kernels.into_iter().map(|kernel| format!("{} {}", kernel.name, kernel.detail)).collect()
}

#[test]
fn a_dense_layer_is_one_step() {
    for target in sets() {
        for function in FUNCTIONS {
            for sizes in [[&[32, 64][..], &[64, 10]], [&[3, 5, 70], &[3, 70, 10]]] {
                let kernels = layer(sizes, |x| function(x).unwrap(), target);
                assert_eq!(kernels.len(), 1, "{kernels:?}");
                assert!(
                    kernels[0].starts_with("matmul ") && kernels[0].contains("·") && kernels[0].contains(" + bias")
                );
            }
        }
    }
}

#[test]
fn a_mask_and_a_residual_are_part_of_the_step() {
    for target in sets() {
        let given = |shape: &[usize], dtype| Tensor::placeholder(Spec::new(Shape::new(shape), dtype));
        let [x, w, b, r] = [&[40, 30][..], &[30, 20], &[20], &[40, 20]].map(|shape| given(shape, DType::F64));
        let mask = given(&[40, 20], DType::Bool);
        let h = gelu(&add(&matmul(&x, &w, false, false).unwrap(), &b).unwrap()).unwrap();
        let kept = mul(&h, &ops::cast(&mask, DType::F64).unwrap()).unwrap();
        let y = add(&kept, &r).unwrap();
        let inputs = [x, w, b, r, mask];
        let request = Request { inputs: &inputs, outputs: std::slice::from_ref(&y), updates: &[], guard: None };
        let program = compile(&request, target).unwrap();
        assert_eq!(program.step_names().collect::<Vec<_>>(), ["matmul"]);
        let feeds = [1200, 600, 20, 800].map(|count| Arc::new(Memory::from_slice(&numbers(count))));
        let bits: Vec<u8> = (0..800).map(|i| u8::from(i % 3 != 0)).collect();
        let feeds: Vec<_> = feeds.into_iter().chain([Arc::new(Memory::from_slice(&bits))]).collect();
        let got = program.run(&feeds, &Threads::new(2)).unwrap().remove(0);
        let (a, c, bias, res) = (numbers(1200), numbers(600), numbers(20), numbers(800));
        for at in 0..800 {
            let (i, j) = (at / 20, at % 20);
            let x = (0..30).map(|d| a[i * 30 + d] * c[d * 20 + j]).sum::<f64>() + bias[j];
            let h = read(&gelu(&Tensor::from_slice([1], &[x])).unwrap(), target)[0];
            let expected = h * f64::from(bits[at]) + res[at];
            assert!((got.as_slice::<f64>()[at] - expected).abs() <= 1e-12, "element {at}");
        }
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
            assert_eq!(names, ["matmul", "matmul"], "{:?}", program.kernels());
            assert!(program.kernels()[1].detail.ends_with(" sum"), "{:?}", program.kernels());
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
