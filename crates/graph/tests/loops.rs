//! A loop and its gradient, on every instruction set: the same bits at any thread count, and nothing allocated by its steps.
//! One test alone in its process, so that nobody else's allocations are counted.

#[path = "../../kernels/tests/support/counting.rs"]
mod counting;

use counting::{allocations, meet};
use ferrograd_graph::gradient::gradient;
use ferrograd_graph::scan::{Course, Step, Turn, scan, while_loop};
use ferrograd_graph::{Request, Spec, Tensor, compile, ops};
use ferrograd_kernels::exec::Base;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;

const LENGTH: usize = 6;
const BATCH: usize = 64;
const UNITS: usize = 128;

fn waves(shape: &[usize]) -> Tensor {
    let count = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|i| (i as f32 * 0.7).sin() * 0.1).collect();
    Tensor::from_slice(ferrograd_graph::Shape::new(shape), &values)
}

/// `hₜ = tanh(xₜ + hₜ₋₁ · U)`: all of it, and the gradients of `Σ h²`. Its products are large enough for several threads.
fn outputs() -> Vec<Tensor> {
    let (xs, init, u) = (waves(&[LENGTH, BATCH, UNITS]), waves(&[BATCH, UNITS]), waves(&[UNITS, UNITS]));
    let [carry, row] = [(); 2].map(|()| Tensor::placeholder(Spec::new([BATCH, UNITS], xs.dtype())));
    let next = [ops::tanh(&(&row + ops::matmul(&carry, &u, false, false).unwrap())).unwrap()];
    let step = Step { carries: &[carry], rows: &[row], next: &next, outputs: &next };
    let course = Course { length: LENGTH, reverse: false };
    let all = scan(&step, std::slice::from_ref(&init), std::slice::from_ref(&xs), course).unwrap();
    let loss = ops::sum(&(&all.outputs[0] * &all.outputs[0]), &[0, 1, 2], false).unwrap();
    let slopes = gradient(&loss, &[xs, init, u.clone()], None).unwrap();
    all.carries.into_iter().chain(slopes.into_iter().flatten()).chain(turns(&u)).collect()
}

/// `h = tanh(h · U) + 0.1` until it is large, some turns.
fn turns(u: &Tensor) -> Vec<Tensor> {
    let carry = Tensor::placeholder(Spec::new([BATCH, UNITS], u.dtype()));
    let next = [ops::tanh(&ops::matmul(&carry, u, false, false).unwrap()).unwrap() + 0.1];
    let size = ops::sum(&(&carry * &carry), &[0, 1], false).unwrap();
    let go = ops::less(&size, &Tensor::fill([], u.dtype(), 80.0)).unwrap();
    let turn = Turn { carries: &[carry], go: &go, next: &next };
    while_loop(&turn, &[waves(&[BATCH, UNITS])], None).unwrap()
}

#[test]
fn a_loop_gives_the_same_bits_at_any_thread_count_and_allocates_nothing() {
    let outputs = outputs();
    let request = Request { inputs: &[], outputs: &outputs, updates: &[], guard: None };
    for isa in Isa::available() {
        let program = compile(&request, isa).unwrap();
        let run = |threads: &Threads| {
            let all = program.run(&[], threads).unwrap();
            all.iter().flat_map(|memory| memory.as_slice::<u8>().to_vec()).collect::<Vec<u8>>()
        };
        let expected = run(&Threads::serial());
        for count in [1, 2, 4] {
            let threads = Threads::new(count);
            meet(&threads);
            assert!(run(&threads) == expected, "{isa:?}, {count} threads");
            let (mut arena, mut locks) = (program.take_arena().unwrap(), program.lock().unwrap());
            let inputs: [Base<'_>; 0] = [];
            let mut running = program.bind(&mut arena, inputs, program.constants(), &mut locks, &threads).unwrap();
            running.step(&threads).unwrap();
            let before = allocations();
            running.step(&threads).unwrap();
            assert_eq!(allocations() - before, 0, "{isa:?}, {count} threads");
        }
    }
}
