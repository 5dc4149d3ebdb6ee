//! A panic in the middle of a step: what it may have left half-written says so until it is assigned.

use ferrograd_graph::op::{Backward, Fault, Gradients, Io, Kernel, Lowering, Op, Recipe, Site, Specs};
use ferrograd_graph::variable::snapshot_all;
use ferrograd_graph::{DType, ErrorCode, Program, Request, Result, Spec, Tensor, Variable, compile};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Its input as it is, and a panic where the first number is 13: a bug.
#[derive(Debug)]
struct Buggy;

impl Op for Buggy {
    fn name(&self) -> &'static str {
        "buggy"
    }
    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        Ok(inputs.iter().cloned().collect())
    }
    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::Kernel(Box::new(BuggyKernel))
    }
    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        unreachable!("nobody asks for it")
    }
}

#[derive(Debug)]
struct BuggyKernel;

impl Recipe for BuggyKernel {
    fn cpu(&self, _: &Site<'_>) -> Box<dyn Kernel> {
        Box::new(BuggyKernel)
    }
}

impl Kernel for BuggyKernel {
    fn name(&self) -> &'static str {
        "buggy"
    }
    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let (x, y) = (io.input::<f64>(0), io.output::<f64>(0));
        assert_ne!(x[0], 13.0, "a bug");
        y.copy_from_slice(x);
        Ok(())
    }
}

fn variable(name: &str) -> Variable {
    Variable::new(name, Spec::new([2], DType::F64), &[1.0f64, 2.0]).unwrap()
}

/// `changed += x` by way of the bug, and `read` only read.
fn program(changed: &Variable, read: &Variable) -> Program {
    let x = Tensor::placeholder(Spec::new([2], DType::F64));
    let passed = Tensor::apply(Buggy, &[&x]).unwrap();
    let new = Tensor::variable(changed) + &passed;
    let output = Tensor::variable(read) + 1.0;
    let updates = [(changed.clone(), new)];
    let request = Request { inputs: &[x], outputs: &[output], updates: &updates, guard: None };
    compile(&request, Isa::detect()).unwrap()
}

fn feed(first: f64) -> [Arc<Memory>; 1] {
    [Arc::new(Memory::from_slice(&[first, 1.0]))]
}

#[test]
fn what_a_panic_left_half_written_says_so_until_it_is_assigned() {
    for threads in [Threads::serial(), Threads::new(2)] {
        let (changed, read) = (variable("changed"), variable("read"));
        let program = program(&changed, &read);
        program.run(&feed(1.0), &threads).unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| program.run(&feed(13.0), &threads))).is_err());
        let errors = [
            program.run(&feed(1.0), &threads).unwrap_err(),
            program.try_run(&feed(1.0), &threads).unwrap_err(),
            changed.snapshot().unwrap_err(),
            snapshot_all(&[read.clone(), changed.clone()]).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.code, ErrorCode::State);
            assert!(error.message.starts_with("variable 'changed': a bug stopped a step"), "{error}");
        }
        assert_eq!(read.snapshot().unwrap().as_slice::<f64>(), [1.0, 2.0], "what is only read is whole");
        changed.set(&[5.0f64, 6.0]).unwrap();
        program.run(&feed(1.0), &threads).unwrap();
        assert_eq!(changed.snapshot().unwrap().as_slice::<f64>(), [6.0, 7.0]);
    }
}
