//! Bias and activation run inside the matrix product, and change nothing but the number of steps.

use ferrograd_graph::ops::{self, add, matmul};
use ferrograd_graph::{DType, Request, Spec, Tensor, compile, evaluate};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;
use std::sync::Arc;

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
fn apart(f: impl Fn(&Tensor) -> ferrograd_graph::Result<Tensor>, x: &Tensor) -> Tensor {
    let value = evaluate(std::slice::from_ref(x)).unwrap().remove(0);
    f(&Tensor::value(x.spec().clone(), value)).unwrap()
}

fn read(tensor: &Tensor) -> Vec<f64> {
    let memory = evaluate(std::slice::from_ref(tensor)).unwrap().remove(0);
    memory.as_slice::<f64>()[..tensor.shape().size()].to_vec()
}

#[test]
fn the_numbers_are_those_of_the_ops_one_by_one() {
    for (a, b) in [(vec![5, 7], vec![7, 3]), (vec![2, 5, 7], vec![7, 3]), (vec![2, 1, 5, 7], vec![3, 7, 3])] {
        let (a, b, bias) = (given(&a), given(&b), given(&[3]));
        for function in FUNCTIONS {
            let product = matmul(&a, &b, false, false).unwrap();
            let whole = read(&function(&add(&product, &bias).unwrap()).unwrap());
            let parts = read(&apart(function, &apart(|x| add(&bias, x), &product)));
            for (whole, part) in whole.iter().zip(&parts) {
                assert!((whole - part).abs() <= 1e-13 * part.abs().max(1.0), "{whole} for {part}");
            }
        }
    }
}

#[test]
fn a_dense_layer_is_one_step() {
    let specs = [[32, 64], [64, 10]].map(|shape| Spec::new(shape, DType::F32));
    let [x, w] = specs.map(Tensor::placeholder);
    let bias = Tensor::placeholder(Spec::new([10], DType::F32));
    let y = ops::relu(&add(&matmul(&x, &w, false, false).unwrap(), &bias).unwrap()).unwrap();
    let request = Request { inputs: &[x, w, bias], outputs: &[y], updates: &[], guard: None };
    let program = compile(&request, Isa::detect()).unwrap();
    assert_eq!(program.step_names().collect::<Vec<_>>(), ["matmul"]);
}

#[test]
fn a_sum_that_is_read_elsewhere_is_there() {
    let (a, b, bias) = (given(&[4, 3]), given(&[3, 2]), given(&[2]));
    let sum = add(&matmul(&a, &b, false, false).unwrap(), &bias).unwrap();
    let outputs = [ops::relu(&sum).unwrap(), sum];
    let request = Request { inputs: &[], outputs: &outputs, updates: &[], guard: None };
    let program = compile(&request, Isa::detect()).unwrap();
    let values: Vec<Arc<Memory>> = program.run(&[], &Threads::serial()).unwrap();
    for (relu, sum) in values[0].as_slice::<f64>().iter().zip(values[1].as_slice::<f64>()) {
        assert_eq!(*relu, sum.max(0.0));
    }
    assert!(values[1].as_slice::<f64>().iter().any(|&sum| sum < 0.0));
}
