//! Random graphs compiled whole have the numbers that their nodes have one by one, on every instruction set.
//!
//! In float64 to 1e-12 of the tensor's largest number: passes may contract `a·b + c`, and sum in another order.
//! In float32 to 2e-4, which says that nothing is confused.

mod support;

use ferrograd_graph::{DType, Program, Request, Spec, Tensor, Variable, compile};
use ferrograd_kernels::exec::{Base, Memory};
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use std::sync::Arc;
use support::graphs::{Flavor, Graph, feed};
use support::numbers;
use support::targets::sets;

const SMALL: Flavor = Flavor { float: DType::F64, sizes: &[1, 1, 2, 3, 4, 5, 7], tensors: 30, limit: 2000 };
const EMPTY: Flavor = Flavor { float: DType::F64, sizes: &[0, 1, 2, 3], tensors: 25, limit: 100 };
const LARGE: Flavor = Flavor { float: DType::F64, sizes: &[1, 3, 17, 64, 130], tensors: 25, limit: 40_000 };

fn compiled(graph: &Graph, target: Target) -> Program {
    let Graph { inputs, outputs, updates, guard, .. } = graph;
    let request = Request { inputs, outputs, updates, guard: guard.as_ref() };
    compile(&request, target).unwrap_or_else(|error| panic!("{error}\n{}", graph.describe()))
}

fn near(got: &Memory, expected: &Memory, spec: &Spec, what: &dyn Fn() -> String) {
    let (got, expected) = (numbers(got, spec), numbers(expected, spec));
    let tolerance = match spec.dtype {
        DType::F64 => 1e-12,
        DType::F32 => 2e-4,
        DType::I32 | DType::Bool => 0.0,
    };
    let scale = expected.iter().filter(|value| value.is_finite()).fold(1.0, |scale: f64, value| scale.max(value.abs()));
    for (at, (got, expected)) in got.iter().zip(&expected).enumerate() {
        let same = got == expected || (got.is_nan() && expected.is_nan());
        assert!(
            same || (got - expected).abs() <= tolerance * scale,
            "{}, {spec}, element {at}: {got}, alone {expected}",
            what()
        );
    }
}

/// Runs a step and compares its outputs and what it leaves in the variables with what each node gives alone.
fn check_step(graph: &Graph, target: Target, what: &str, step: &mut dyn FnMut() -> Vec<Arc<Memory>>) {
    let mut values = graph.values(target);
    let mut alone = |tensor: &Tensor| values.of(tensor).expect("no fault");
    let expected: Vec<Arc<Memory>> = graph.outputs.iter().map(&mut alone).collect();
    let new = |variable: &Variable| match graph.updates.iter().find(|update| update.0 == *variable) {
        Some((_, value)) => alone(value),
        None => variable.snapshot().unwrap(),
    };
    let left: Vec<Arc<Memory>> = graph.variables.iter().map(new).collect();
    let outputs = step();
    for (at, tensor) in graph.outputs.iter().enumerate() {
        near(&outputs[at], &expected[at], tensor.spec(), &|| format!("{what}: output {at}\n{}", graph.describe()));
    }
    for (variable, left) in graph.variables.iter().zip(&left) {
        let what = || format!("{what}: {variable:?}\n{}", graph.describe());
        near(&variable.snapshot().unwrap(), left, variable.spec(), &what);
    }
}

fn check_runs(graph: &Graph, target: Target, what: &str) {
    let program = compiled(graph, target);
    for step in 0..2 {
        let what = format!("{what}, run {step}");
        check_step(graph, target, &what, &mut || program.run(&graph.feeds, &Threads::serial()).expect("no fault"));
    }
}

/// Steps of a bound program, over inputs that are filled once.
fn check_bound(graph: &Graph, target: Target, what: &str) {
    let program = compiled(graph, target);
    let (mut arena, mut staging) = (program.take_arena().unwrap(), program.staging().unwrap());
    // What an earlier run left must not be seen.
    arena.as_mut_slice::<u8>().fill(0xa5);
    for step in 0..2 {
        check_step(graph, target, &format!("{what}, bound, step {step}"), &mut || {
            let mut locks = program.lock().unwrap();
            let inputs = staging.iter_mut().map(Base::Write);
            let mut running =
                program.bind(&mut arena, inputs, program.constants(), &mut locks, &Threads::serial()).unwrap();
            // No step changes its inputs, so the second finds them as the first did.
            if step == 0 {
                feed(&mut running, graph);
            }
            running.step(&Threads::serial()).expect("no fault");
            (0..graph.outputs.len()).map(|index| running.output(index).unwrap()).collect()
        });
    }
}

fn check(seeds: std::ops::Range<u32>, flavor: Flavor) {
    for (seed, target) in seeds.flat_map(|seed| sets().map(move |target| (seed, target))) {
        let what = format!("{flavor:?}, seed {seed} on {:?}", target.isa);
        check_runs(&Graph::random(seed, flavor), target, &what);
        check_bound(&Graph::random(seed, flavor), target, &what);
    }
}

#[test]
fn small_graphs() {
    check(0..300, SMALL);
}

#[test]
fn graphs_with_empty_tensors() {
    check(1000..1150, EMPTY);
}

#[test]
fn large_graphs() {
    check(2000..2030, LARGE);
}

#[test]
fn graphs_in_float32() {
    check(3000..3150, Flavor { float: DType::F32, ..SMALL });
}
