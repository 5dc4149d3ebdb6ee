//! A loop as an op of its own, written through the seams alone: its body is a program that runs inside the loop's kernel.
//! One test alone in its process, so that nobody else's allocations are counted.

#[path = "../../kernels/tests/support/counting.rs"]
#[allow(dead_code, reason = "this test has no threads to meet")]
mod counting;

use counting::allocations;
use ferrograd_graph::compile::structure;
use ferrograd_graph::op::{Backward, Fault, Gradients, Io, Kernel, Lowering, Op, Recipe, Site, Specs};
use ferrograd_graph::{DType, Program, Request, Result, Spec, Tensor, compile, evaluate, ops};
use ferrograd_kernels::exec::Base;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;
use smallvec::smallvec;

/// `cₜ = body(cₜ₋₁, xₜ, k)`, all carries stacked: `x` (turns, n), `c₀` (n), `k` (n) → (turns, n).
#[derive(Clone, Debug)]
struct Fold {
    /// The placeholders of carry, row and constant.
    inputs: [Tensor; 3],
    carry: Tensor,
}

impl Fold {
    fn request<R>(&self, use_it: impl FnOnce(&Request<'_>) -> R) -> R {
        use_it(&Request { inputs: &self.inputs, outputs: std::slice::from_ref(&self.carry), updates: &[], guard: None })
    }
}

impl Op for Fold {
    fn name(&self) -> &'static str {
        "fold"
    }
    fn identity(&self, out: &mut Vec<u64>) {
        let body = self.request(structure).expect("a body of its own inputs");
        out.push(body.len() as u64);
        out.extend(body);
    }
    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        Ok(smallvec![inputs[0].clone()])
    }
    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::Kernel(Box::new(Loop { fold: self.clone(), turns: inputs[0].shape[0] }))
    }
    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        unreachable!("nobody asks for it")
    }
}

#[derive(Debug)]
struct Loop {
    fold: Fold,
    turns: usize,
}

impl Recipe for Loop {
    fn cpu(&self, site: &Site<'_>) -> Box<dyn Kernel> {
        let body = self.fold.request(|request| compile(request, site.target)).expect("a body that compiles");
        Box::new(FoldKernel { body, turns: self.turns })
    }
}

struct FoldKernel {
    body: Program,
    turns: usize,
}

impl Kernel for FoldKernel {
    fn name(&self) -> &'static str {
        "fold"
    }
    fn workspace(&self) -> usize {
        self.body.turn_bytes()
    }
    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let (rows, start, constant) = (io.input_bytes(0), io.input_bytes(1), io.input_bytes(2));
        let (stacked, room) = (io.output_bytes(0), io.workspace());
        let width = start.len();
        for turn in 0..self.turns {
            let (before, now) = stacked.split_at_mut(turn * width);
            let carry = if turn == 0 { start } else { &before[(turn - 1) * width..] };
            let given = [carry, &rows[turn * width..][..width], constant];
            let take = |_, value: &[u8]| now[..width].copy_from_slice(value);
            self.body.turn(room, |index| given[index], take, io.threads())?;
        }
        Ok(())
    }
}

const WIDTH: usize = 6;
const TURNS: usize = 5;

/// The body `tanh(c · w + x) + k`, whose product needs scratch, and `w` a constant of its own.
fn body(weight: f64) -> Fold {
    let [carry, row, constant] = [(); 3].map(|()| Tensor::placeholder(Spec::new([WIDTH], DType::F64)));
    let w = Tensor::from_slice([WIDTH, WIDTH], &[weight; WIDTH * WIDTH]);
    let carried = ops::reshape(&carry, &[1, WIDTH].into()).unwrap();
    let product = ops::matmul(&carried, &w, false, false).unwrap();
    let sum = ops::add(&ops::reshape(&product, &[WIDTH].into()).unwrap(), &row).unwrap();
    let next = ops::add(&ops::tanh(&sum).unwrap(), &constant).unwrap();
    Fold { inputs: [carry, row, constant], carry: next }
}

/// The same drawn turn by turn.
fn unrolled(weight: f64, [rows, start, constant]: [&Tensor; 3]) -> Vec<Tensor> {
    let w = Tensor::from_slice([WIDTH, WIDTH], &[weight; WIDTH * WIDTH]);
    let mut carry = ops::reshape(start, &[1, WIDTH].into()).unwrap();
    let turn = |at: usize| {
        let row = ops::slice(rows, &[at, 0], &[1, WIDTH], &[1, 1]).unwrap();
        let sum = ops::add(&ops::matmul(&carry, &w, false, false).unwrap(), &row).unwrap();
        carry = ops::add(&ops::tanh(&sum).unwrap(), constant).unwrap();
        carry.clone()
    };
    (0..TURNS).map(turn).collect()
}

#[test]
fn a_loop_is_an_op_with_a_body_that_runs_at_moving_bases_and_allocates_nothing() {
    let numbers = |count: usize| (0..count).map(|i| (i as f64 * 0.7).sin()).collect::<Vec<f64>>();
    let rows = Tensor::from_slice([TURNS, WIDTH], &numbers(TURNS * WIDTH));
    let start = Tensor::from_slice([WIDTH], &numbers(WIDTH));
    let constant = Tensor::from_slice([WIDTH], &[0.25; WIDTH]);
    let fold = |weight| Tensor::apply(body(weight), &[&rows, &start, &constant]).unwrap();
    let drawn = unrolled(0.1, [&rows, &start, &constant]);
    let expected = evaluate(&drawn, Isa::detect()).unwrap();
    let got = evaluate(&[fold(0.1)], Isa::detect()).unwrap();
    for (turn, expected) in expected.iter().enumerate() {
        let got = &got[0].as_slice::<f64>()[turn * WIDTH..][..WIDTH];
        let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-14;
        assert!(got.iter().zip(expected.as_slice::<f64>()).all(close), "turn {turn}");
    }

    // Loops of one body are one, whoever drew them; their constants are not part of the structure, so bodies that hold
    // such must hand them in, and another body is another loop.
    let identity = |fold: &Fold| {
        let mut identity = Vec::new();
        fold.identity(&mut identity);
        identity
    };
    assert_eq!(identity(&body(0.1)), identity(&body(0.1)));
    let other = Fold { carry: ops::neg(&body(0.1).carry).unwrap(), ..body(0.1) };
    assert!(
        structure(&Request {
            inputs: &other.inputs,
            outputs: std::slice::from_ref(&other.carry),
            updates: &[],
            guard: None
        })
        .is_err()
    );
    let mut negated = body(0.1);
    negated.carry = ops::neg(&negated.carry).unwrap();
    assert_ne!(identity(&body(0.1)), identity(&negated));

    let outputs = [fold(0.1)];
    let request = Request { inputs: &[], outputs: &outputs, updates: &[], guard: None };
    let program = compile(&request, Isa::detect()).unwrap();
    let (mut arena, mut locks) = (program.take_arena().unwrap(), program.lock().unwrap());
    let inputs: [Base<'_>; 0] = [];
    let mut running = program.bind(&mut arena, inputs, program.constants(), &mut locks).unwrap();
    running.step(&Threads::serial()).unwrap();
    let before = allocations();
    running.step(&Threads::serial()).unwrap();
    assert_eq!(allocations() - before, 0, "a run of {TURNS} turns");
}
