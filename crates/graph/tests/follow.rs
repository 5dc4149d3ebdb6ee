//! An update that takes in the product that its gradient is: the same numbers, one step, and nothing changes before
//! the guard, on every instruction set.

#[path = "support/targets.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod targets;

use ferrograd_graph::ops::{self, matmul};
use ferrograd_graph::{DType, ErrorCode, Program, Request, Spec, Tensor, Variable, compile};
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
