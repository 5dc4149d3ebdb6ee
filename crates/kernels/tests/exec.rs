//! Plans that cannot run are refused when they are made; memory is zeroed, aligned and its own.

use ferrograd_kernels::element::DType;
use ferrograd_kernels::exec::{Arg, Base, Fault, Io, Kernel, MapKernel, Memory, Plan, Space, Step};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::map::{Expr, Layout, MapInput, MapOutput, Unary};
use ferrograd_kernels::threads::Threads;

/// `y = −x`, by a kernel that needs `workspace` bytes and never works in place.
struct Negate {
    workspace: usize,
}

impl Kernel for Negate {
    fn name(&self) -> &'static str {
        "negate"
    }
    fn workspace(&self) -> usize {
        self.workspace
    }
    fn run(&self, io: &mut Io<'_>) -> Result<(), Fault> {
        let (x, y) = (io.input::<f32>(0), io.output::<f32>(0));
        x.iter().zip(y).for_each(|(x, y)| *y = -x);
        Ok(())
    }
}

/// `y = −x` over four numbers, which may be done in place.
fn map() -> Box<dyn Kernel> {
    let mut expr = Expr::new();
    let x = expr.input(0);
    let y = expr.unary(Unary::Neg, x);
    let input = MapInput { dtype: DType::F32, layout: Layout::contiguous(&[4]) };
    let output = MapOutput::store(y, DType::F32);
    Box::new(MapKernel::<f32>::new(&[4], expr, vec![input], vec![output], Isa::detect()).unwrap())
}

/// Four floats of `space` from byte `offset` on.
fn part(space: usize, offset: usize) -> Arg {
    Arg { space, offset, len: 4, dtype: DType::F32 }
}

fn step(kernel: Box<dyn Kernel>, inputs: &[Arg], outputs: &[Arg], workspace: Option<Arg>) -> Step {
    Step { kernel, inputs: inputs.into(), outputs: outputs.into(), workspace }
}

/// An arena of 256 bytes and an input of 64.
fn plan(step: Step) -> Result<Plan, String> {
    Plan::new(vec![step], vec![Space { bytes: 256, writable: true }, Space { bytes: 64, writable: false }])
}

fn negate(inputs: &[Arg], outputs: &[Arg]) -> Result<Plan, String> {
    plan(step(Box::new(Negate { workspace: 0 }), inputs, outputs, None))
}

fn scratch(workspace: Option<Arg>) -> Result<Plan, String> {
    plan(step(Box::new(Negate { workspace: 64 }), &[part(1, 0)], &[part(0, 0)], workspace))
}

fn refused(plan: Result<Plan, String>, what: &str) {
    let message = plan.err().unwrap_or_else(|| panic!("not refused: {what}"));
    assert!(message.contains(what), "{message}, not {what}");
    assert!(message.starts_with("step 0 ("), "{message} names the step");
}

#[test]
fn arguments_outside_their_space_are_refused() {
    assert!(negate(&[part(1, 48)], &[part(0, 240)]).is_ok(), "up to the end");
    refused(negate(&[part(2, 0)], &[part(0, 0)]), "no space 2");
    refused(negate(&[part(1, 52)], &[part(0, 0)]), "outside its space");
    refused(negate(&[part(1, 0)], &[part(0, 244)]), "outside its space");
    let endless = Arg { len: usize::MAX / 2, ..part(1, 0) };
    refused(negate(&[endless], &[part(0, 0)]), "outside its space");
    refused(negate(&[part(1, 2)], &[part(0, 0)]), "not aligned");
}

#[test]
fn what_must_not_be_written_is_refused() {
    refused(negate(&[part(0, 0)], &[part(1, 0)]), "read-only");
    refused(negate(&[part(1, 0)], &[part(0, 0), part(0, 12)]), "overlaps another output");
}

#[test]
fn outputs_lie_on_inputs_only_where_the_kernel_works_in_place_and_only_exactly() {
    refused(negate(&[part(0, 0)], &[part(0, 0)]), "overlaps input 0");
    refused(negate(&[part(0, 0)], &[part(0, 8)]), "overlaps input 0");
    assert!(plan(step(map(), &[part(0, 0)], &[part(0, 0)], None)).is_ok());
    refused(plan(step(map(), &[part(0, 0)], &[part(0, 4)], None)), "overlaps input 0");
    assert!(negate(&[part(0, 0)], &[part(0, 16)]).is_ok(), "side by side");
}

#[test]
fn workspace_is_large_aligned_and_apart() {
    let bytes = |offset, len| Some(Arg { space: 0, offset, len, dtype: DType::Bool });
    assert!(scratch(bytes(64, 64)).is_ok());
    refused(scratch(None), "needs 64 bytes");
    refused(scratch(bytes(64, 63)), "needs 64 bytes");
    refused(scratch(bytes(80, 64)), "aligned workspace");
    refused(scratch(Some(part(0, 64))), "aligned workspace");
    refused(scratch(bytes(0, 64)), "overlaps another output or the workspace");
    refused(scratch(Some(Arg { space: 1, offset: 0, len: 64, dtype: DType::Bool })), "read-only");
    let reads = step(Box::new(Negate { workspace: 64 }), &[part(0, 64)], &[part(0, 0)], bytes(64, 64));
    refused(plan(reads), "workspace overlaps an input");
}

#[test]
fn a_plan_runs_its_steps_in_order_over_what_it_is_bound_to() {
    let steps = vec![
        step(map(), &[part(1, 0)], &[part(0, 0)], None),
        step(map(), &[part(0, 0)], &[part(0, 0)], None),
        step(Box::new(Negate { workspace: 0 }), &[part(0, 0)], &[part(0, 64)], None),
    ];
    let plan = Plan::new(steps, vec![Space { bytes: 128, writable: true }, Space { bytes: 16, writable: false }]);
    let plan = plan.unwrap();
    let (mut arena, input) = (Memory::zeroed(128), Memory::from_slice(&[1.0f32, -2.0, 3.0, 0.5]));
    let mut bound = plan.bind(vec![Base::Write(&mut arena), Base::Read(&input)]);
    bound.run(&Threads::serial()).unwrap();
    assert_eq!(bound.slice::<f32>(&part(0, 0)), [1.0, -2.0, 3.0, 0.5], "twice negated, once in place");
    assert_eq!(bound.slice::<f32>(&part(0, 64)), [-1.0, 2.0, -3.0, -0.5]);
}

/// One step that negates four numbers of an input.
fn negated() -> Plan {
    let spaces = vec![Space { bytes: 16, writable: true }, Space { bytes: 16, writable: false }];
    Plan::new(vec![step(map(), &[part(1, 0)], &[part(0, 0)], None)], spaces).unwrap()
}

#[test]
fn an_input_may_lie_elsewhere_in_each_run() {
    let (plan, numbers) = (negated(), Memory::from_slice(&[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]));
    let mut arena = Memory::zeroed(16);
    let mut bound = plan.bind(vec![Base::Write(&mut arena), Base::Read(&numbers)]);
    for first in [3, 0, 1] {
        bound.rebase(1, &numbers, 4 * first);
        bound.run(&Threads::serial()).unwrap();
        let expected: Vec<f32> = (0..4).map(|i| -((first + i) as f32 + 1.0)).collect();
        assert_eq!(bound.slice::<f32>(&part(0, 0)), expected);
    }
}

/// Room for the addresses of a small plan.
#[repr(align(8))]
struct Table([u8; 64]);

#[test]
fn what_moves_lies_elsewhere_in_each_run_and_what_stands_is_laid_once() {
    let (plan, mut table, mut y) = (negated(), Table([0; 64]), Memory::zeroed(16));
    let rows = [1.0f32, 2.0].map(|number| Memory::from_slice(&[number; 4]));
    let mut negative = [Memory::zeroed(16), Memory::zeroed(16)];
    let mut laid = plan.lay(&[0, 1], std::iter::empty(), &mut table.0);
    for (negative, row) in negative.iter_mut().zip(&rows) {
        laid.run(0, [Base::Write(negative), Base::Read(row)].into_iter(), &Threads::serial()).unwrap();
    }
    let mut laid = plan.lay(&[1], [Base::Write(&mut y)].into_iter(), &mut table.0);
    for negative in &negative {
        laid.run(0, [Base::Read(negative)].into_iter(), &Threads::serial()).unwrap();
    }
    let [first, second] = &negative;
    let numbers = |memory: &Memory| memory.as_slice::<f32>().to_vec();
    assert_eq!((numbers(first), numbers(second), numbers(&y)), (vec![-1.0; 4], vec![-2.0; 4], vec![2.0; 4]));
}

#[test]
fn a_plan_that_is_laid_has_one_base_for_each_space() {
    let (plan, mut table, x) = (negated(), Table([0; 64]), Memory::zeroed(16));
    let (mut y, mut z) = (Memory::zeroed(16), Memory::zeroed(16));
    let one = "one base per space";
    refuses(one, || _ = plan.lay(&[1], std::iter::empty(), &mut table.0));
    refuses(one, || _ = plan.lay(&[1], [Base::Write(&mut y), Base::Read(&x)].into_iter(), &mut table.0));
    refuses("in order", || _ = plan.lay(&[1, 1], [Base::Write(&mut y)].into_iter(), &mut table.0));
    refuses("for every argument", || _ = plan.lay(&[0, 1], std::iter::empty(), &mut table.0[..8]));
    let mut laid = plan.lay(&[0, 1], std::iter::empty(), &mut table.0);
    let moving = "one base per moving space";
    refuses(moving, || laid.run(0, [Base::Write(&mut y)].into_iter(), &Threads::serial()).unwrap());
    let three = [Base::Write(&mut y), Base::Read(&x), Base::Write(&mut z)];
    refuses(moving, || laid.run(0, three.into_iter(), &Threads::serial()).unwrap());
}

#[test]
fn an_input_is_filled_only_in_memory_lent_for_it() {
    let (plan, numbers) = (negated(), Memory::from_slice(&[1.0f32; 4]));
    let (mut arena, mut input) = (Memory::zeroed(16), Memory::zeroed(16));
    let mut bound = plan.bind(vec![Base::Write(&mut arena), Base::Write(&mut input)]);
    bound.slice_mut::<f32>(&part(1, 0)).fill(2.0);
    bound.run(&Threads::serial()).unwrap();
    assert_eq!(bound.slice::<f32>(&part(0, 0)), [-2.0; 4]);
    bound.rebase(1, &numbers, 0);
    refuses("lent to be written", || bound.slice_mut::<f32>(&part(1, 0)).fill(3.0));
}

#[test]
fn an_input_lies_whole_and_aligned_in_its_memory() {
    let (plan, numbers) = (negated(), Memory::zeroed(32));
    let mut arena = Memory::zeroed(16);
    let mut bound = plan.bind(vec![Base::Write(&mut arena), Base::Read(&numbers)]);
    bound.rebase(1, &numbers, 16);
    refuses("memory for a space of 16 bytes", || bound.rebase(1, &numbers, 20));
    refuses("memory for a space of 16 bytes", || bound.rebase(1, &numbers, 36));
    refuses("aligned elements", || bound.rebase(1, &numbers, 2));
    refuses("only read", || bound.rebase(0, &numbers, 0));
}

/// Holds that `act` panics with `what`.
fn refuses(what: &str, act: impl FnOnce()) {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act)).expect_err(what);
    let message = panic.downcast_ref::<String>().cloned().or(panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
    assert!(message.as_ref().is_some_and(|message| message.contains(what)), "{message:?}, not {what}");
}

#[test]
#[should_panic(expected = "a writable space needs writable memory")]
fn a_writable_space_needs_writable_memory() {
    let plan = Plan::new(Vec::new(), vec![Space { bytes: 8, writable: true }]).unwrap();
    plan.bind(vec![Base::Read(&Memory::zeroed(8))]);
}

#[test]
#[should_panic(expected = "memory of 4 bytes for a space of 8")]
fn a_space_needs_its_bytes() {
    let plan = Plan::new(Vec::new(), vec![Space { bytes: 8, writable: false }]).unwrap();
    plan.bind(vec![Base::Read(&Memory::zeroed(4))]);
}

#[test]
fn memory_is_zeroed_aligned_and_its_own() {
    for bytes in [0, 1, 63, 64, 65, 4096] {
        let memory = Memory::zeroed(bytes);
        assert_eq!((memory.len(), memory.is_empty()), (bytes, bytes == 0));
        assert_eq!(memory.as_slice::<u8>(), vec![0; bytes]);
        assert_eq!(memory.as_slice::<u8>().as_ptr() as usize % 64, 0);
        assert_eq!(memory.as_slice::<f64>().len(), bytes / 8, "whole elements only");
    }
    let memory = Memory::from_slice(&[1.5f64, 2.5]);
    let mut copy = memory.try_clone().unwrap();
    copy.as_mut_slice::<f64>()[0] = 9.0;
    assert_eq!(memory.as_slice::<f64>(), [1.5, 2.5]);
    assert_eq!(copy.as_slice::<f64>(), [9.0, 2.5]);
}
