//! An update that takes in the product that its gradient is: the same numbers, one step, and nothing changes before
//! the guard, on every instruction set.

#[path = "support/targets.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod targets;

use ferrograd_graph::ops::{self, matmul};
use ferrograd_graph::{DType, ErrorCode, Program, Request, Spec, Tensor, Variable, compile, compile_guarded};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use std::sync::Arc;
use targets::sets;

/// Wide enough that the gradient, more than a megabyte, would leave the cache.
const SIZES: (usize, usize, usize) = (3, 700, 420);

fn numbers(count: usize, turn: usize) -> Vec<f64> {
    (0..count).map(|i| ((i * 37 + turn * 5) % 23) as f64 / 11.0 - 1.0).collect()
}

/// `w`, the inputs `x (batch, rows)` and `dy (batch, cols)`, and `xᵀ · dy`.
struct Layer {
    w: Variable,
    inputs: [Tensor; 2],
    gradient: Tensor,
}

fn layer() -> Layer {
    let (batch, rows, cols) = SIZES;
    let w = Variable::new("w", Spec::new([rows, cols], DType::F64), &numbers(rows * cols, 1)).unwrap();
    let inputs = [[batch, rows], [batch, cols]].map(|shape| Tensor::placeholder(Spec::new(shape, DType::F64)));
    let gradient = matmul(&inputs[0], &inputs[1], true, false).unwrap();
    Layer { w, inputs, gradient }
}

fn feeds() -> [Arc<Memory>; 2] {
    let (batch, rows, cols) = SIZES;
    [Memory::from_slice(&numbers(batch * rows, 2)), Memory::from_slice(&numbers(batch * cols, 3))].map(Arc::new)
}

/// `w − scale · xᵀ · dy`, one number after the other.
fn expected(scale: f64) -> Vec<f64> {
    let (batch, rows, cols) = SIZES;
    let (w, x, dy) = (numbers(rows * cols, 1), numbers(batch * rows, 2), numbers(batch * cols, 3));
    let gradient = |i: usize, j: usize| (0..batch).map(|b| x[b * rows + i] * dy[b * cols + j]).sum::<f64>();
    (0..rows * cols).map(|at| w[at] - scale * gradient(at / cols, at % cols)).collect()
}

fn program(layer: &Layer, new: Tensor, guard: Option<&Tensor>, target: Target) -> Program {
    let updates = [(layer.w.clone(), new)];
    compile(&Request { inputs: &layer.inputs, outputs: &[], updates: &updates, guard }, target).unwrap()
}

fn is(w: &Variable, expected: &[f64]) {
    for (at, (got, expected)) in w.snapshot().unwrap().as_slice::<f64>().iter().zip(expected).enumerate() {
        assert!((got - expected).abs() <= 1e-12, "element {at}: {got} for {expected}");
    }
}

#[test]
fn an_update_is_one_step_with_its_gradient() {
    for target in sets() {
        let layer = layer();
        let program = program(&layer, Tensor::variable(&layer.w) - &layer.gradient * 0.1, None, target);
        assert_eq!(program.step_names().collect::<Vec<_>>(), ["matmul+map"]);
        let (_, rows, cols) = SIZES;
        assert!(program.arena_bytes() < 8 * rows * cols * 2, "no room for more than parts of the gradient");
        program.run(&feeds(), &Threads::new(2)).unwrap();
        is(&layer.w, &expected(0.1));
    }
}

#[test]
fn a_gradient_that_others_read_is_stored() {
    for target in sets() {
        let layer = layer();
        let norm = ops::sqrt(&ops::sum(&ops::square(&layer.gradient).unwrap(), &[0, 1], false).unwrap()).unwrap();
        let program = program(&layer, Tensor::variable(&layer.w) - &layer.gradient / norm, None, target);
        assert!(!program.step_names().any(|name| name == "matmul+map"));
        program.run(&feeds(), &Threads::serial()).unwrap();
        let length =
            numbers(SIZES.1 * SIZES.2, 1).iter().zip(expected(1.0)).map(|(w, new)| (w - new).powi(2)).sum::<f64>();
        is(&layer.w, &expected(1.0 / length.sqrt()));
    }
}

#[test]
fn a_product_of_the_old_value_is_taken_before_it_changes() {
    for target in sets() {
        let layer = layer();
        let (_, rows, cols) = SIZES;
        // The product's operand is the variable that the pass writes.
        let eye: Vec<f64> = (0..cols * cols).map(|at| f64::from(u8::from(at / cols == at % cols))).collect();
        let same = matmul(&Tensor::variable(&layer.w), &Tensor::from_slice([cols, cols], &eye), false, false).unwrap();
        let program = program(&layer, Tensor::variable(&layer.w) + same, None, target);
        program.run(&feeds(), &Threads::new(2)).unwrap();
        is(&layer.w, &numbers(rows * cols, 1).iter().map(|w| 2.0 * w).collect::<Vec<_>>());
    }
}

#[test]
fn nothing_changes_where_the_guard_is_not_finite() {
    for target in sets() {
        let layer = layer();
        let loss = ops::sum(&layer.inputs[0], &[0, 1], false).unwrap();
        let program = program(&layer, Tensor::variable(&layer.w) - &layer.gradient * 0.1, Some(&loss), target);
        assert!(program.step_names().any(|name| name == "matmul+map"));
        let (batch, rows, _) = SIZES;
        let [mut broken, dy] = feeds();
        Arc::get_mut(&mut broken).unwrap().as_mut_slice::<f64>()[batch * rows - 1] = f64::NAN;
        let error = program.run(&[broken, dy], &Threads::serial()).unwrap_err();
        assert_eq!(error.code, ErrorCode::NonFinite);
        is(&layer.w, &expected(0.0));
        program.run(&feeds(), &Threads::serial()).unwrap();
        is(&layer.w, &expected(0.1));
    }
}

/// The update guarded by its own gradient, and another by its own, `exp(Σ dy)`.
fn guarded(layer: &Layer, target: Target) -> (Program, Variable) {
    let zeros = vec![0.0; SIZES.2];
    let other = Variable::new("other", Spec::new([SIZES.2], DType::F64), &zeros).unwrap();
    let gradient = ops::exp(&ops::sum(&layer.inputs[1], &[0], false).unwrap()).unwrap();
    let updates = [
        (layer.w.clone(), Tensor::variable(&layer.w) - &layer.gradient * 0.1),
        (other.clone(), Tensor::variable(&other) - &gradient * 0.5),
    ];
    let request = Request { inputs: &layer.inputs, outputs: &[], updates: &updates, guard: None };
    (compile_guarded(&request, &[layer.gradient.clone(), gradient], target).unwrap(), other)
}

#[test]
fn a_guarded_gradient_is_followed_still() {
    for target in sets() {
        let layer = layer();
        let (program, other) = guarded(&layer, target);
        assert!(
            program.step_names().any(|name| name == "matmul+map"),
            "{:?}",
            program.step_names().collect::<Vec<_>>()
        );
        program.run(&feeds(), &Threads::new(2)).unwrap();
        is(&layer.w, &expected(0.1));
        let dy = numbers(SIZES.0 * SIZES.2, 3);
        let sum = |j: usize| (0..SIZES.0).map(|b| dy[b * SIZES.2 + j]).sum::<f64>();
        is(&other, &(0..SIZES.2).map(|j| -0.5 * sum(j).exp()).collect::<Vec<_>>());
    }
}

#[test]
fn nothing_changes_where_a_gradient_is_not_finite() {
    let (batch, rows, cols) = SIZES;
    let with = |count: usize, turn: usize, at: usize, value: f64| {
        let mut numbers = numbers(count, turn);
        numbers[at] = value;
        Arc::new(Memory::from_slice(&numbers))
    };
    for target in sets() {
        for (what, x, dy, guard) in [
            ("a factor", with(batch * rows, 2, 1000, f64::NAN), with(batch * cols, 3, 0, 1.0), 0),
            ("the other factor", with(batch * rows, 2, 0, 1.0), with(batch * cols, 3, 999, f64::INFINITY), 0),
            ("a product", with(batch * rows, 2, 7, 1e200), with(batch * cols, 3, 8, -1e200), 0),
            ("a pass", with(batch * rows, 2, 0, 1.0), with(batch * cols, 3, 5, 1e4), 1),
            ("minus infinity", with(batch * rows, 2, 0, 1.0), with(batch * cols, 3, 999, f64::NEG_INFINITY), 0),
        ] {
            let layer = layer();
            let (program, other) = guarded(&layer, target);
            let error = program.run(&[x, dy], &Threads::serial()).unwrap_err();
            assert_eq!(error.code, ErrorCode::NonFinite, "{what}");
            assert!(error.message.starts_with(&format!("guard {guard} is ")), "{what}: {}", error.message);
            is(&layer.w, &numbers(rows * cols, 1));
            is(&other, &vec![0.0; cols]);
        }
    }
}

#[test]
fn a_gradient_is_guarded_by_how_far_it_goes() {
    let (_, rows, cols) = SIZES;
    for target in sets() {
        let layer = layer();
        let rate = Variable::new("rate", Spec::new([], DType::F64), &[0.1]).unwrap();
        let move_by = &layer.gradient * Tensor::variable(&rate);
        let updates = [(layer.w.clone(), Tensor::variable(&layer.w) - &move_by)];
        let request = Request { inputs: &layer.inputs, outputs: &[], updates: &updates, guard: None };
        let program = compile_guarded(&request, &[move_by], target).unwrap();
        assert_eq!(program.step_names().collect::<Vec<_>>(), ["guard", "matmul+map"]);
        program.run(&feeds(), &Threads::new(2)).unwrap();
        is(&layer.w, &expected(0.1));
        rate.set(&[1e308]).unwrap();
        let error = program.run(&feeds(), &Threads::serial()).unwrap_err();
        assert_eq!((error.code, error.message.starts_with("guard 0 is ")), (ErrorCode::NonFinite, true));
        is(&layer.w, &expected(0.1));
        assert_eq!(layer.w.snapshot().unwrap().as_slice::<f64>().len(), rows * cols);
    }
}
