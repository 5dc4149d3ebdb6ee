//! Whole programs: what fusing, planning and updating in place must not change, on every instruction set.

#[path = "support/targets.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod targets;

use ferrograd_graph::gradient::gradient;
use ferrograd_graph::ops::{add, gather, matmul, mul, square, sub, sum};
use ferrograd_graph::{DType, Program, Request, Spec, Tensor, Variable, compile, evaluate};
use ferrograd_kernels::element::Element;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use std::fmt::Debug;
use targets::sets;

fn numbers(target: Target, tensor: &Tensor) -> Vec<f64> {
    evaluate(std::slice::from_ref(tensor), target).unwrap()[0].as_slice::<f64>()[..tensor.shape().size()].to_vec()
}

fn build(
    target: Target,
    inputs: &[Tensor],
    outputs: &[Tensor],
    updates: &[(Variable, Tensor)],
    guard: Option<&Tensor>,
) -> Program {
    compile(&Request { inputs, outputs, updates, guard }, target).unwrap()
}

#[test]
fn a_chain_with_views_and_reductions_has_the_numbers_of_its_parts() {
    for target in sets() {
        let a = Tensor::from_slice([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let b = Tensor::from_slice([3], &[10.0, 20.0, 30.0]);
        let product = mul(&a, &b).unwrap();
        assert_eq!(numbers(target, &product), [10.0, 40.0, 90.0, 40.0, 100.0, 180.0]);
        assert_eq!(numbers(target, &sum(&product, &[0], false).unwrap()), [50.0, 140.0, 270.0]);
        assert_eq!(numbers(target, &sum(&product, &[1], false).unwrap()), [140.0, 320.0]);
        assert_eq!(numbers(target, &matmul(&a, &a, false, true).unwrap()), [14.0, 32.0, 32.0, 77.0]);
    }
}

#[test]
fn the_gradient_of_a_square_is_twice_its_root_and_its_second_derivative_two() {
    for target in sets() {
        let x = Tensor::from_slice([3], &[1.0, -2.0, 3.0]);
        let y = sum(&mul(&x, &x).unwrap(), &[0], false).unwrap();
        let dx = gradient(&y, std::slice::from_ref(&x), None).unwrap().remove(0).unwrap();
        assert_eq!(numbers(target, &dx), [2.0, -4.0, 6.0]);
        let total = sum(&dx, &[0], false).unwrap();
        let ddx = gradient(&total, &[x], None).unwrap().remove(0).unwrap();
        assert_eq!(numbers(target, &ddx), [2.0, 2.0, 2.0]);
    }
}

#[test]
fn two_variables_may_be_swapped_in_one_step() {
    for target in sets() {
        let spec = Spec::new([2], DType::F64);
        let a = Variable::new("a", spec.clone(), &[1.0f64, 2.0]).unwrap();
        let b = Variable::new("b", spec, &[3.0f64, 4.0]).unwrap();
        let updates = [(a.clone(), Tensor::variable(&b)), (b.clone(), Tensor::variable(&a))];
        build(target, &[], &[], &updates, None).run(&[], &Threads::serial()).unwrap();
        assert_eq!(a.snapshot().unwrap().as_slice::<f64>(), [3.0, 4.0]);
        assert_eq!(b.snapshot().unwrap().as_slice::<f64>(), [1.0, 2.0]);
    }
}

#[test]
fn an_update_is_seen_by_no_reader_of_the_old_value() {
    for target in sets() {
        let w = Variable::new("w", Spec::new([2], DType::F64), &[1.0f64, 2.0]).unwrap();
        let old = Tensor::variable(&w);
        let new = add(&old, &Tensor::scalar(DType::F64, 1.0)).unwrap();
        let both = matmul_with_itself(&old);
        let program = build(target, &[], &[both, old.clone()], &[(w.clone(), new)], None);
        let snapshot = w.snapshot().unwrap();
        let outputs = program.run(&[], &Threads::serial()).unwrap();
        assert_eq!(outputs[0].as_slice::<f64>(), [1.0, 2.0, 2.0, 4.0]);
        assert_eq!(outputs[1].as_slice::<f64>(), [1.0, 2.0]);
        assert_eq!(w.snapshot().unwrap().as_slice::<f64>(), [2.0, 3.0]);
        assert_eq!(snapshot.as_slice::<f64>(), [1.0, 2.0], "a snapshot keeps what it saw");
    }
}

fn matmul_with_itself(x: &Tensor) -> Tensor {
    let column = ferrograd_graph::ops::reshape(x, &[2, 1].into()).unwrap();
    matmul(&column, &column, false, true).unwrap()
}

/// A step that adds to `w` and is stopped where the number that it adds is not finite.
fn check_stopped<T: Element + From<f32> + Debug>() {
    let numbers = |value: f32| [T::from(value)];
    for target in sets() {
        let w = Variable::new("w", Spec::new([1], T::DTYPE), &numbers(1.0)).unwrap();
        let x = Tensor::placeholder(Spec::new([1], T::DTYPE));
        let loss = sum(&mul(&Tensor::variable(&w), &x).unwrap(), &[0], false).unwrap();
        let new = sub(&Tensor::variable(&w), &x).unwrap();
        let program = build(target, std::slice::from_ref(&x), &[], &[(w.clone(), new)], Some(&loss));
        let feed = |value: f32| [std::sync::Arc::new(ferrograd_kernels::exec::Memory::from_slice(&numbers(value)))];
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = program.run(&feed(wrong), &Threads::serial()).unwrap_err();
            assert_eq!(error.code, ferrograd_graph::ErrorCode::NonFinite, "{wrong}");
            assert_eq!(w.snapshot().unwrap().as_slice::<T>(), numbers(1.0));
        }
        program.run(&feed(0.25), &Threads::serial()).unwrap();
        assert_eq!(w.snapshot().unwrap().as_slice::<T>(), numbers(0.75));
    }
}

#[test]
fn a_loss_that_is_not_finite_changes_nothing() {
    check_stopped::<f32>();
    check_stopped::<f64>();
}

#[test]
fn an_index_outside_changes_nothing() {
    for target in sets() {
        let [w, v] = ["w", "v"].map(|name| Variable::new(name, Spec::new([2], DType::F64), &[1.0f64, 2.0]).unwrap());
        let indices = Tensor::placeholder(Spec::new([2], DType::I32));
        let picked = gather(&square(&Tensor::variable(&v)).unwrap(), &indices, 0).unwrap();
        // What needs least comes first: without care w would change before the indices are looked at.
        let updates = [(w.clone(), Tensor::variable(&w) + 1.0), (v.clone(), picked)];
        let program = build(target, std::slice::from_ref(&indices), &[], &updates, None);
        let feed = |indices: [i32; 2]| [std::sync::Arc::new(ferrograd_kernels::exec::Memory::from_slice(&indices))];
        let error = program.run(&feed([0, 2]), &Threads::serial()).unwrap_err();
        assert_eq!(error.code, ferrograd_graph::ErrorCode::Data);
        assert_eq!(
            (w.snapshot().unwrap().as_slice::<f64>(), v.snapshot().unwrap().as_slice::<f64>()),
            (&[1.0, 2.0][..], &[1.0, 2.0][..])
        );
        program.run(&feed([1, 1]), &Threads::serial()).unwrap();
        assert_eq!(
            (w.snapshot().unwrap().as_slice::<f64>(), v.snapshot().unwrap().as_slice::<f64>()),
            (&[2.0, 3.0][..], &[4.0, 4.0][..])
        );
    }
}

#[test]
fn every_part_of_an_index_tensor_is_checked_before_anything_changes() {
    for target in sets() {
        let [w, v] = ["w", "v"].map(|name| Variable::new(name, Spec::new([2], DType::F64), &[0.0f64; 2]).unwrap());
        let indices = Tensor::placeholder(Spec::new([10], DType::I32));
        let (short, long) = (Tensor::from_slice([10], &[0.0; 10]), Tensor::from_slice([20], &[0.0; 20]));
        // Both read from the start of one buffer, one of them only half of it, with the smaller limit.
        let half = ferrograd_graph::ops::slice(&indices, &[0], &[5], &[1]).unwrap();
        let total = |x: &Tensor| sum(x, &[0], false).unwrap();
        let first = total(&gather(&short, &half, 0).unwrap()) + &Tensor::variable(&w);
        let second = total(&gather(&long, &indices, 0).unwrap()) + &Tensor::variable(&v);
        let updates = [(w.clone(), first + 1.0), (v.clone(), second + 1.0)];
        let program = build(target, std::slice::from_ref(&indices), &[], &updates, None);
        for bad in [4, 9] {
            let mut feed = [0i32; 10];
            feed[bad] = 25;
            let feed = [std::sync::Arc::new(ferrograd_kernels::exec::Memory::from_slice(&feed))];
            assert_eq!(program.run(&feed, &Threads::serial()).unwrap_err().code, ferrograd_graph::ErrorCode::Data);
            for variable in [&w, &v] {
                assert_eq!(
                    variable.snapshot().unwrap().as_slice::<f64>(),
                    [0.0; 2],
                    "index {bad}: {}",
                    variable.name()
                );
            }
        }
    }
}

#[test]
fn a_linear_model_learns_the_line_it_is_shown() {
    for target in sets() {
        let (w, b) = (Variable::new("w", Spec::new([1, 1], DType::F64), &[0.0f64]).unwrap(), scalar("b"));
        let x = Tensor::from_slice([4, 1], &[0.0, 1.0, 2.0, 3.0]);
        let y = Tensor::from_slice([4, 1], &[1.0, 3.0, 5.0, 7.0]);
        let (tw, tb) = (Tensor::variable(&w), Tensor::variable(&b));
        let error = sub(&add(&matmul(&x, &tw, false, false).unwrap(), &tb).unwrap(), &y).unwrap();
        let loss = sum(&(&error * &error), &[0, 1], false).unwrap();
        let grads = gradient(&loss, &[tw.clone(), tb.clone()], None).unwrap();
        let step = |value: &Tensor, grad: &Option<Tensor>| value - grad.as_ref().unwrap() * 0.02;
        let updates = [(w.clone(), step(&tw, &grads[0])), (b.clone(), step(&tb, &grads[1]))];
        let program = build(target, &[], std::slice::from_ref(&loss), &updates, Some(&loss));
        for _ in 0..2000 {
            program.run(&[], &Threads::serial()).unwrap();
        }
        assert!((w.snapshot().unwrap().as_slice::<f64>()[0] - 2.0).abs() < 1e-9);
        assert!((b.snapshot().unwrap().as_slice::<f64>()[0] - 1.0).abs() < 1e-9);
    }
}

fn scalar(name: &str) -> Variable {
    Variable::new(name, Spec::new([], DType::F64), &[0.0f64]).unwrap()
}
