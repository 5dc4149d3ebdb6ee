//! Loops against the same steps drawn one after the other: forward, gradients of any order, nested, and how they run.

mod support;

use ferrograd_graph::gradient::gradient;
use ferrograd_graph::scan::{Course, Step, Turn, scan, scan_in_segments, while_loop};
use ferrograd_graph::{DType, ErrorCode, Program, Request, Spec, Tensor, Variable, compile, evaluate, ops};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::Dice;
use support::targets::sets;

/// `(next carries, outputs)` of carries and rows.
type Drawn = (Vec<Tensor>, Vec<Tensor>);
type Draw<'a> = &'a dyn Fn(&[Tensor], &[Tensor]) -> Drawn;

/// A loop as one op: last carries, then outputs.
fn looped(draw: Draw<'_>, init: &[Tensor], sequences: &[Tensor], course: Course) -> Vec<Tensor> {
    looped_in(None, draw, init, sequences, course)
}

/// The same in segments of some steps.
fn looped_in(
    segment: Option<usize>,
    draw: Draw<'_>,
    init: &[Tensor],
    sequences: &[Tensor],
    course: Course,
) -> Vec<Tensor> {
    let carries: Vec<Tensor> = init.iter().map(|init| Tensor::placeholder(init.spec().clone())).collect();
    let row =
        |all: &Tensor| Tensor::placeholder(Spec::new(ferrograd_graph::Shape::new(&all.shape()[1..]), all.dtype()));
    let rows: Vec<Tensor> = sequences.iter().map(row).collect();
    let (next, outputs) = draw(&carries, &rows);
    let step = Step { carries: &carries, rows: &rows, next: &next, outputs: &outputs };
    let done = match segment {
        None => scan(&step, init, sequences, course),
        Some(steps) => scan_in_segments(&step, init, sequences, course, steps),
    };
    let done = done.unwrap();
    done.carries.into_iter().chain(done.outputs).collect()
}

/// The same, step by step.
fn unrolled(draw: Draw<'_>, init: &[Tensor], sequences: &[Tensor], course: Course) -> Vec<Tensor> {
    let mut carries = init.to_vec();
    let mut outputs: Vec<Vec<Tensor>> = vec![Vec::new(); course.length];
    for turn in 0..course.length {
        let at = if course.reverse { course.length - 1 - turn } else { turn };
        let row = |all: &Tensor| {
            let shape: Vec<usize> = all.shape().to_vec();
            let (mut start, mut size) = (vec![0; shape.len()], shape.clone());
            (start[0], size[0]) = (at, 1);
            let row = ops::slice(all, &start, &size, &vec![1; shape.len()]).unwrap();
            ops::reshape(&row, &ferrograd_graph::Shape::new(&shape[1..])).unwrap()
        };
        let rows: Vec<Tensor> = sequences.iter().map(row).collect();
        (carries, outputs[at]) = draw(&carries, &rows);
    }
    let stack = |index: usize| {
        let parts: Vec<Tensor> = outputs
            .iter()
            .map(|row| {
                let shape = std::iter::once(1).chain(row[index].shape().iter().copied()).collect();
                ops::reshape(&row[index], &shape).unwrap()
            })
            .collect();
        ops::concatenate(&parts.iter().collect::<Vec<_>>(), 0).unwrap()
    };
    let stacked: Vec<Tensor> = (0..outputs[0].len()).map(stack).collect();
    carries.into_iter().chain(stacked).collect()
}

fn random(dice: &mut Dice, shape: &[usize]) -> Tensor {
    let count = shape.iter().product();
    let values: Vec<f64> = (0..count).map(|_| dice.fraction() - 0.5).collect();
    Tensor::from_slice(ferrograd_graph::Shape::new(shape), &values)
}

/// `Σ w·y²` over all of several tensors.
fn scalar(tensors: &[Tensor]) -> Tensor {
    let part = |(i, y): (usize, &Tensor)| {
        let axes: Vec<usize> = (0..y.shape().rank()).collect();
        ops::sum(&(y * y), &axes, false).unwrap() * (1.0 + 0.3 * i as f64)
    };
    tensors.iter().enumerate().map(part).reduce(|a, b| a + b).unwrap()
}

fn numbers(tensors: &[Tensor]) -> Vec<Vec<f64>> {
    numbers_on(Isa::detect().into(), tensors)
}

fn numbers_on(set: Target, tensors: &[Tensor]) -> Vec<Vec<f64>> {
    evaluate(tensors, set).unwrap().iter().map(|memory| memory.as_slice::<f64>().to_vec()).collect()
}

/// The same numbers, on every instruction set.
fn same(what: &str, got: &[Tensor], expected: &[Tensor]) {
    sets().for_each(|set| close(what, &numbers_on(set, got), &numbers_on(set, expected)));
}

fn close(what: &str, got: &[Vec<f64>], expected: &[Vec<f64>]) {
    assert_eq!(got.len(), expected.len());
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_eq!(got.len(), expected.len(), "{what}: tensor {i}");
        for (j, (a, b)) in got.iter().zip(expected).enumerate() {
            assert!((a - b).abs() <= 1e-10 * (1.0 + b.abs()), "{what}: tensor {i}, element {j}: {a}, drawn out {b}");
        }
    }
}

/// The derivatives of a scalar, 0 where it depends on nothing of a leaf.
fn slopes(y: &[Tensor], leaves: &[Tensor]) -> Vec<Tensor> {
    let slopes = gradient(&scalar(y), leaves, None).unwrap();
    let zeros = |leaf: &Tensor| Tensor::fill(leaf.shape().clone(), leaf.dtype(), 0.0);
    slopes.into_iter().zip(leaves).map(|(slope, leaf)| slope.unwrap_or_else(|| zeros(leaf))).collect()
}

/// Forward, first and second derivatives with respect to all leaves, as one op and drawn out.
fn check(what: &str, draw: Draw<'_>, init: &[Tensor], sequences: &[Tensor], constants: &[Tensor], course: Course) {
    check_in(None, what, draw, (init, sequences, constants), course);
}

fn check_in(
    segment: Option<usize>,
    what: &str,
    draw: Draw<'_>,
    (init, sequences, constants): (&[Tensor], &[Tensor], &[Tensor]),
    course: Course,
) {
    let leaves: Vec<Tensor> = init.iter().chain(sequences).chain(constants).cloned().collect();
    let derivatives = |all: Vec<Tensor>| {
        let first = slopes(&all, &leaves);
        let second = slopes(&first, &leaves);
        [all, first, second]
    };
    let (one, many) = (
        derivatives(looped_in(segment, draw, init, sequences, course)),
        derivatives(unrolled(draw, init, sequences, course)),
    );
    for (part, (one, many)) in ["forward", "gradient", "second order"].into_iter().zip(one.iter().zip(&many)) {
        same(&format!("{what}, {part}"), one, many);
    }
}

/// A gated cell: `z = x·W + h·U + b`, four gates of it.
fn lstm(w: &Tensor, u: &Tensor, b: &Tensor, carries: &[Tensor], rows: &[Tensor]) -> Drawn {
    let [h, c] = carries else { unreachable!("two carries") };
    let (batch, units) = (h.shape()[0], h.shape()[1]);
    let product = |x: &Tensor, w: &Tensor| ops::matmul(x, w, false, false).unwrap();
    let z = product(&rows[0], w) + product(h, u) + b;
    let gate = |k: usize| ops::slice(&z, &[0, k * units], &[batch, units], &[1, 1]).unwrap();
    let [i, f, o] = [0, 1, 2].map(|k| ops::sigmoid(&gate(k)).unwrap());
    let c = f * c + i * ops::tanh(&gate(3)).unwrap();
    let h = o * ops::tanh(&c).unwrap();
    (vec![h.clone(), c], vec![h])
}

fn cell(dice: &mut Dice, dtype: DType, [features, units]: [usize; 2]) -> [Tensor; 3] {
    let cast = |x: Tensor| ops::cast(&x, dtype).unwrap();
    [
        cast(random(dice, &[features, 4 * units])),
        cast(random(dice, &[units, 4 * units])),
        cast(random(dice, &[4 * units])),
    ]
}

#[test]
fn a_gated_cell_is_what_its_steps_give_to_the_second_order() {
    let mut dice = Dice::new(1);
    let [w, u, b] = cell(&mut dice, DType::F64, [3, 2]);
    for (length, reverse) in [(4, false), (3, true), (1, false)] {
        let init = [random(&mut dice, &[2, 2]), random(&mut dice, &[2, 2])];
        let xs = [random(&mut dice, &[length, 2, 3])];
        let draw = |carries: &[Tensor], rows: &[Tensor]| lstm(&w, &u, &b, carries, rows);
        let constants = [w.clone(), u.clone(), b.clone()];
        check(&format!("{length} steps"), &draw, &init, &xs, &constants, Course { length, reverse });
    }
}

/// A random step on carries (3) and (2, 3), rows (3), constants (3) and (3, 3).
fn random_step(dice: &mut Dice, k: &Tensor, m: &Tensor, carries: &[Tensor], rows: &[Tensor]) -> Drawn {
    let (mut vectors, mut matrices) = (vec![carries[0].clone(), rows[0].clone(), k.clone()], vec![carries[1].clone()]);
    for _ in 0..6 {
        let (a, b) = (vectors[dice.below(vectors.len())].clone(), vectors[dice.below(vectors.len())].clone());
        let c = matrices[dice.below(matrices.len())].clone();
        match dice.below(6) {
            0 => vectors.push(ops::tanh(&(a + b)).unwrap()),
            1 => vectors.push(a * ops::sigmoid(&b).unwrap()),
            2 => matrices.push(ops::matmul(&c, m, false, dice.below(2) == 1).unwrap()),
            3 => matrices.push(ops::tanh(&(c + a)).unwrap()),
            4 => vectors.push(ops::sum(&c, &[0], false).unwrap()),
            _ => {
                let row = ops::reshape(&a, &[1, 3].into()).unwrap();
                vectors.push(ops::reshape(&ops::matmul(&row, m, false, false).unwrap(), &[3].into()).unwrap());
            }
        }
    }
    let pick = |dice: &mut Dice, from: &[Tensor]| from[dice.below(from.len())].clone();
    let next = vec![pick(dice, &vectors), pick(dice, &matrices)];
    (next, vec![pick(dice, &vectors), pick(dice, &matrices)])
}

#[test]
fn random_loops_are_what_their_steps_give() {
    for seed in 0..40 {
        let mut dice = Dice::new(100 + seed);
        let init = [random(&mut dice, &[3]), random(&mut dice, &[2, 3])];
        let course = Course { length: 1 + dice.below(4), reverse: dice.below(2) == 1 };
        let xs = [random(&mut dice, &[course.length, 3])];
        let constants = [random(&mut dice, &[3]), random(&mut dice, &[3, 3])];
        let draw = |carries: &[Tensor], rows: &[Tensor]| {
            random_step(&mut Dice::new(seed), &constants[0], &constants[1], carries, rows)
        };
        check(&format!("loop {seed}"), &draw, &init, &xs, &constants, course);
    }
}

#[test]
fn carries_that_become_others_and_are_kept_are_what_their_steps_give() {
    for seed in 0..60 {
        let mut dice = Dice::new(500 + seed);
        let init = [(); 3].map(|()| random(&mut dice, &[2]));
        let course = Course { length: 1 + dice.below(5), reverse: dice.below(2) == 1 };
        let draw = |carries: &[Tensor], _: &[Tensor]| {
            let mut dice = Dice::new(seed);
            let sum = &carries[0] + &carries[1];
            let all: Vec<Tensor> = carries.iter().cloned().chain([sum]).collect();
            let mut some = |count: usize| (0..count).map(|_| all[dice.below(all.len())].clone()).collect();
            (some(3), some(1 + seed as usize % 3))
        };
        check(&format!("loop {seed}"), &draw, &init, &[], &[], course);
    }
}

#[test]
fn a_loop_in_a_loop_is_what_its_steps_give() {
    let mut dice = Dice::new(7);
    let (k, init) = (random(&mut dice, &[2]), random(&mut dice, &[2]));
    let xs = random(&mut dice, &[3, 4, 2]);
    let run = |inner: fn(Draw<'_>, &[Tensor], &[Tensor], Course) -> Vec<Tensor>| {
        let k = k.clone();
        move |carries: &[Tensor], rows: &[Tensor]| {
            let step = |carries: &[Tensor], rows: &[Tensor]| {
                let next = ops::tanh(&(&carries[0] * &k + &rows[0])).unwrap();
                (vec![next.clone()], vec![next])
            };
            let all = inner(&step, carries, rows, Course { length: 4, reverse: false });
            (vec![all[0].clone()], vec![ops::sum(&all[1], &[0], false).unwrap()])
        }
    };
    let course = Course { length: 3, reverse: true };
    let (from, along) = (std::slice::from_ref(&init), std::slice::from_ref(&xs));
    let one = looped(&run(looped), from, along, course);
    let many = unrolled(&run(unrolled), from, along, course);
    let leaves = [init.clone(), xs.clone(), k];
    let slopes = |all: &[Tensor]| slopes(all, &leaves);
    close("forward", &numbers(&one), &numbers(&many));
    let (one, many) = (slopes(&one), slopes(&many));
    close("gradient", &numbers(&one), &numbers(&many));
    close("second order", &numbers(&slopes(&one)), &numbers(&slopes(&many)));
}

#[test]
fn a_gradient_agrees_with_central_differences() {
    let mut dice = Dice::new(3);
    let [w, u, b] = cell(&mut dice, DType::F64, [2, 2]);
    let init = [random(&mut dice, &[1, 2]), random(&mut dice, &[1, 2])];
    let xs = random(&mut dice, &[5, 1, 2]);
    let loss = |u: &Tensor| {
        let draw = |carries: &[Tensor], rows: &[Tensor]| lstm(&w, u, &b, carries, rows);
        scalar(&looped(&draw, &init, std::slice::from_ref(&xs), Course { length: 5, reverse: false }))
    };
    let slope = gradient(&loss(&u), std::slice::from_ref(&u), None).unwrap()[0].clone().unwrap();
    let (got, at) = (numbers(&[slope]).remove(0), numbers(std::slice::from_ref(&u)).remove(0));
    for (i, got) in got.iter().enumerate() {
        let moved = |by: f64| {
            let mut at = at.clone();
            at[i] += by;
            numbers(&[loss(&Tensor::from_slice([2, 8], &at))])[0][0]
        };
        let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((got - expected).abs() < 1e-8, "element {i}: {got}, by differences {expected}");
    }
}

/// Forward and gradients of a cell over `length` steps, in f32.
fn training([features, units, batch]: [usize; 3], length: usize) -> Vec<Tensor> {
    let mut dice = Dice::new(5);
    let [w, u, b] = cell(&mut dice, DType::F32, [features, units]);
    let zeros = Tensor::fill([batch, units], DType::F32, 0.0);
    let xs = ops::cast(&random(&mut dice, &[length, batch, features]), DType::F32).unwrap();
    let leaves = [w, u, b, xs.clone()];
    let draw = |carries: &[Tensor], rows: &[Tensor]| lstm(&leaves[0], &leaves[1], &leaves[2], carries, rows);
    let all = looped(&draw, &[zeros.clone(), zeros], &[xs], Course { length, reverse: false });
    let slopes = gradient(&scalar(&all), &leaves, None).unwrap();
    all.into_iter().chain(slopes.into_iter().flatten()).collect()
}

fn program_of(outputs: &[Tensor]) -> Program {
    compile(&Request { inputs: &[], outputs, updates: &[], guard: None }, Isa::detect()).unwrap()
}

#[test]
fn products_of_the_sequence_and_sums_over_the_steps_are_outside_of_the_loop() {
    let outputs = training([3, 4, 2], 50);
    let program = program_of(&outputs);
    let loops: Vec<_> = program.kernels().into_iter().filter(|kernel| kernel.name == "scan").collect();
    // One there and one back: the loop that saves is the loop that runs forward. Each has the recurrent product alone.
    assert_eq!(loops.len(), 2, "{:?}", program.step_names().collect::<Vec<_>>());
    for kernel in &loops {
        assert_eq!(kernel.flops, Some(50.0 * 2.0 * (2 * 4 * 16) as f64), "{}", kernel.detail);
    }
    // As many kernels at any length.
    let longer = program_of(&training([3, 4, 2], 500));
    assert_eq!(longer.step_names().count(), program.step_names().count());
}

#[test]
fn nothing_is_saved_where_nobody_asks_for_a_gradient() {
    let outputs = training([3, 4, 2], 50);
    let [forward, both] = [program_of(&outputs[..1]), program_of(&outputs)];
    let bytes = |program: &Program| program.kernels().iter().map(|kernel| kernel.bytes).sum::<usize>();
    assert_eq!(forward.kernels().iter().filter(|kernel| kernel.name == "scan").count(), 1);
    assert!(bytes(&forward) < bytes(&both) / 3, "{} of {} bytes", bytes(&forward), bytes(&both));
}

#[test]
fn a_step_of_more_tensors_than_are_saved_is_computed_anew_on_the_way_back() {
    let mut dice = Dice::new(11);
    let k = random(&mut dice, &[3]);
    let (init, xs) = ([random(&mut dice, &[3])], [random(&mut dice, &[4, 3])]);
    // A chain of 60 functions whose slopes read what they gave.
    let draw = |carries: &[Tensor], rows: &[Tensor]| {
        let start = &carries[0] * &k + &rows[0];
        let end = (0..60).fold(start, |x, i| ops::sin(&(x + f64::from(i) * 0.1)).unwrap());
        (vec![end.clone()], vec![end])
    };
    let course = Course { length: 4, reverse: false };
    check("a long step", &draw, &init, &xs, std::slice::from_ref(&k), course);
    // The loop that saves gives the carries alone besides what it gives anyway.
    let all = looped(&draw, &init, &xs, course);
    let slopes = slopes(&all, &[k]);
    let program = program_of(&slopes);
    let forward = program.kernels().into_iter().find(|kernel| kernel.name == "scan").unwrap();
    assert!(forward.bytes < 8 * 3 * (4 * 4 + 8), "{} bytes", forward.bytes);
}

/// A program that adds 1 to a variable beside what `outputs` are computed from.
fn counting(output: Tensor) -> (Variable, Program) {
    let count = Variable::new("count", Spec::new([], DType::F64), &[0.0f64]).unwrap();
    let more = Tensor::variable(&count) + 1.0;
    let request = Request { inputs: &[], outputs: &[output], updates: &[(count.clone(), more)], guard: None };
    let program = compile(&request, Isa::detect()).unwrap();
    (count, program)
}

#[test]
fn a_loop_that_a_step_of_its_stops_stops_before_anything_changes() {
    let table = Tensor::from_slice([3], &[1.0f64, 2.0, 3.0]);
    let indices = |last: i32| Tensor::from_slice([3, 1], &[0i32, 2, last]);
    let draw = |_: &[Tensor], rows: &[Tensor]| (vec![], vec![ops::gather(&table, &rows[0], 0).unwrap()]);
    let course = Course { length: 3, reverse: false };
    for (last, added) in [(1, 1.0), (3, 0.0)] {
        let (count, program) = counting(looped(&draw, &[], &[indices(last)], course).remove(0));
        let ran = program.run(&[], &Threads::serial());
        assert_eq!(ran.err().map(|error| error.code), (added == 0.0).then_some(ErrorCode::Data));
        assert_eq!(count.snapshot().unwrap().as_slice::<f64>(), [added]);
    }
}

/// `x` doubled while it is below `limit`.
fn doubled(x: &Tensor, limit: f64, most: Option<usize>) -> Tensor {
    let carry = Tensor::placeholder(x.spec().clone());
    let go = ops::less(&carry, &Tensor::fill([], DType::F64, limit)).unwrap();
    let next = [&carry * 2.0];
    while_loop(&Turn { carries: &[carry], go: &go, next: &next }, std::slice::from_ref(x), most).unwrap().remove(0)
}

#[test]
fn a_while_goes_on_as_long_as_its_condition_and_its_bound_let_it() {
    let x = Tensor::from_slice([], &[3.0f64]);
    let run = |limit, most| numbers(&[doubled(&x, limit, most)])[0][0];
    assert_eq!(
        [run(40.0, None), run(40.0, Some(10)), run(40.0, Some(2)), run(1.0, None), run(9.0, Some(0))],
        [48.0, 48.0, 12.0, 3.0, 3.0]
    );
    let refused = gradient(&doubled(&x, 40.0, None), std::slice::from_ref(&x), None).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Config);
    let slope = |most| gradient(&doubled(&x, 40.0, Some(most)), std::slice::from_ref(&x), None).unwrap()[0].clone();
    assert_eq!([4, 10, 2].map(|most| numbers(&[slope(most).unwrap()])[0][0]), [16.0, 16.0, 4.0]);
}

#[test]
fn an_endless_while_ends_when_it_is_told_before_anything_changes() {
    let stop = Arc::new(AtomicBool::new(false));
    let threads = Threads::serial().stopped_by(Arc::default()).stopped_by(stop.clone());
    // 0 doubled stays below 1.
    let (count, program) = counting(doubled(&Tensor::from_slice([], &[0.0f64]), 1.0, None));
    std::thread::scope(|scope| {
        let run = scope.spawn(|| program.run(&[], &threads));
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(!run.is_finished());
        stop.store(true, Ordering::Relaxed);
        assert_eq!(run.join().unwrap().unwrap_err().code, ErrorCode::Aborted);
    });
    assert_eq!(count.snapshot().unwrap().as_slice::<f64>(), [0.0]);
}

/// It has few steps and no products: what makes it long is how much each writes.
#[test]
fn a_loop_over_large_arrays_ends_when_it_is_told_and_a_short_one_by_itself() {
    let threads = Threads::serial().stopped_by(Arc::new(AtomicBool::new(true)));
    let code = |size: usize| {
        let start = Tensor::fill([size], DType::F64, 1.0);
        let draw = |carries: &[Tensor], _: &[Tensor]| (vec![ops::sin(&carries[0]).unwrap()], vec![]);
        let (count, program) = counting(looped(&draw, &[start], &[], Course { length: 100, reverse: false }).remove(0));
        let code = program.run(&[], &threads).err().map(|error| error.code);
        (code, count.snapshot().unwrap().as_slice::<f64>().to_vec())
    };
    assert_eq!(code(1 << 18), (Some(ErrorCode::Aborted), vec![0.0]));
    assert_eq!(code(1 << 4), (None, vec![1.0]));
}

#[test]
fn the_loop_that_saves_is_the_one_that_runs_whichever_is_asked_for_first() {
    let outputs = training([3, 4, 2], 20);
    let loops = |outputs: &[Tensor]| program_of(outputs).step_names().filter(|&name| name == "scan").count();
    let backwards: Vec<Tensor> = outputs.iter().rev().cloned().collect();
    assert_eq!([loops(&outputs), loops(&backwards)], [2, 2]);
    close(
        "asked for from behind",
        &numbers_f32(Isa::detect().into(), &backwards),
        &numbers_f32(Isa::detect().into(), &outputs).into_iter().rev().collect::<Vec<_>>(),
    );
}

fn numbers_f32(set: Target, tensors: &[Tensor]) -> Vec<Vec<f64>> {
    let memories = evaluate(tensors, set).unwrap();
    let sizes = tensors.iter().map(|tensor| tensor.shape().size());
    let widened = memories
        .iter()
        .zip(sizes)
        .map(|(memory, size)| memory.as_slice::<f32>()[..size].iter().map(|&value| f64::from(value)).collect());
    widened.collect()
}

#[test]
fn a_turn_copies_only_what_is_kept_twice() {
    let outputs = training([3, 16, 9], 20);
    let details: Vec<String> = program_of(&outputs)
        .kernels()
        .into_iter()
        .filter(|kernel| kernel.name == "scan")
        .map(|kernel| kernel.detail)
        .collect();
    // The second pass copies h, which is asked for as a turn leaves it and read on the way back as a turn finds it. Gates are
    // parts of one sum, which nobody else reads: it is part of the pass over them, and their gradients are laid side by side,
    // not padded and added up. The matrix is packed once.
    assert_eq!(details, ["pack, then 20 × (matmul, map, map)", "pack, then 20 × (map, concatenate, matmul)"]);
}

/// What the loops of a program do.
fn loops_of(outputs: &[Tensor]) -> Vec<String> {
    let kernels = program_of(outputs).kernels().into_iter().filter(|kernel| kernel.name == "scan");
    kernels.map(|kernel| kernel.detail).collect()
}

#[test]
fn samples_that_do_not_meet_go_through_the_loop_in_parts() {
    let mut dice = Dice::new(21);
    let (batch, units, length) = (16, 40, 12);
    let [w, u, b] = cell(&mut dice, DType::F64, [3, units]);
    // What is dropped of each sample, all along.
    let kept = random(&mut dice, &[batch, units]);
    let state = || Tensor::fill([batch, units], DType::F64, 0.1);
    let xs = random(&mut dice, &[length, batch, 3]);
    let mean = Tensor::fill([batch, batch], DType::F64, 1.0 / batch as f64);
    let course = Course { length, reverse: true };
    let init = [state(), state()];
    let xs = std::slice::from_ref(&xs);
    let apart = |carries: &[Tensor], rows: &[Tensor]| {
        let dropped = [&carries[0] * &kept, carries[1].clone()];
        lstm(&w, &u, &b, &dropped, rows)
    };
    // The samples meet at the end of each step.
    let meeting = |carries: &[Tensor], rows: &[Tensor]| {
        let (mut next, outputs) = lstm(&w, &u, &b, carries, rows);
        next[0] = ops::matmul(&mean, &next[0], false, false).unwrap();
        (next, outputs)
    };
    let leaves = [init[0].clone(), xs[0].clone(), w.clone(), u.clone(), b.clone(), kept.clone()];
    let cases: [(&str, Draw<'_>, bool); 2] = [("apart", &apart, true), ("meeting", &meeting, false)];
    for (what, draw, in_parts) in cases {
        let (one, many) = (looped(draw, &init, xs, course), unrolled(draw, &init, xs, course));
        let (first, last) = (slopes(&one, &leaves), slopes(&many, &leaves));
        same(what, &one, &many);
        same(&format!("{what}, gradient"), &first, &last);
        let all: Vec<Tensor> = one.into_iter().chain(first).collect();
        let loops = loops_of(&all);
        assert_eq!(loops.len(), 2, "{loops:?}");
        assert!(loops.iter().all(|detail| detail.starts_with("2 of ") == in_parts), "{what}: {loops:?}");
    }
}

#[test]
fn a_constant_that_is_read_by_samples_and_as_a_whole_keeps_the_loop_in_one_part() {
    let mut dice = Dice::new(22);
    let (batch, length) = (64, 40);
    let k = random(&mut dice, &[batch, batch]);
    let init = [random(&mut dice, &[batch, batch])];
    let xs = [random(&mut dice, &[length, batch, batch])];
    let draw = |by_samples: bool| {
        let k = k.clone();
        move |carries: &[Tensor], rows: &[Tensor]| {
            let product = ops::matmul(&carries[0], &k, false, false).unwrap();
            let next = ops::tanh(&(if by_samples { &product * &k } else { product } + &rows[0])).unwrap();
            (vec![next.clone()], vec![next])
        }
    };
    let course = Course { length, reverse: false };
    for (by_samples, start) in [(false, "4 of pack"), (true, "pack")] {
        let (one, many) =
            (looped(&draw(by_samples), &init, &xs, course), unrolled(&draw(by_samples), &init, &xs, course));
        same(start, &one, &many);
        let loops = loops_of(&one);
        assert!(loops[0].starts_with(start), "{loops:?}");
    }
}

#[test]
fn a_while_computes_once_what_is_the_same_at_each_turn() {
    let mut dice = Dice::new(23);
    let (u, init) = (random(&mut dice, &[24, 24]), random(&mut dice, &[12, 24]));
    let carry = Tensor::placeholder(init.spec().clone());
    let step = |x: &Tensor| ops::tanh(&ops::matmul(x, &u, false, false).unwrap()).unwrap() + 0.2;
    let size = ops::sum(&(&carry * &carry), &[0, 1], false).unwrap();
    let go = ops::less(&size, &Tensor::fill([], DType::F64, 1e9)).unwrap();
    let next = [step(&carry)];
    let turn = Turn { carries: std::slice::from_ref(&carry), go: &go, next: &next };
    let end = while_loop(&turn, std::slice::from_ref(&init), Some(4)).unwrap();
    same("four turns", &end, &[step(&step(&step(&step(&init))))]);
    let detail = program_of(&end).kernels().into_iter().find(|kernel| kernel.name == "while").unwrap().detail;
    assert!(detail.contains("pack, then"), "{detail}");
}

#[test]
fn a_constant_that_a_step_reads_often_has_a_gradient() {
    let mut dice = Dice::new(9);
    let (init, w) = (random(&mut dice, &[2, 3]), random(&mut dice, &[3, 3]));
    let draw = |carries: &[Tensor], rows: &[Tensor]| {
        let product = |h: Tensor| ops::tanh(&ops::matmul(&h, &w, false, false).unwrap()).unwrap();
        let h = (0..60).fold(&carries[0] + &rows[0], |h, _| product(h));
        (vec![h.clone()], vec![h])
    };
    let (xs, course) = ([random(&mut dice, &[3, 2, 3])], Course { length: 3, reverse: false });
    let slopes = |all: &[Tensor]| slopes(all, std::slice::from_ref(&w));
    let init = [init];
    let (one, many) = (looped(&draw, &init, &xs, course), unrolled(&draw, &init, &xs, course));
    same("a matrix sixty times", &slopes(&one), &slopes(&many));
}

#[test]
fn loops_in_segments_are_what_their_steps_give_to_the_second_order() {
    let mut dice = Dice::new(21);
    let [w, u, b] = cell(&mut dice, DType::F64, [3, 2]);
    let draw = |carries: &[Tensor], rows: &[Tensor]| lstm(&w, &u, &b, carries, rows);
    let constants = [w.clone(), u.clone(), b.clone()];
    for (length, steps, reverse) in
        [(6, 3, false), (7, 2, true), (5, 2, false), (3, 1, true), (4, 9, false), (4, 3, false)]
    {
        let init = [random(&mut dice, &[2, 2]), random(&mut dice, &[2, 2])];
        let xs = [random(&mut dice, &[length, 2, 3])];
        let what = format!("{length} steps in segments of {steps}");
        check_in(Some(steps), &what, &draw, (&init, &xs, &constants), Course { length, reverse });
    }
}

#[test]
fn random_loops_in_segments_are_what_their_steps_give() {
    for seed in 0..20 {
        let mut dice = Dice::new(300 + seed);
        let init = [random(&mut dice, &[3]), random(&mut dice, &[2, 3])];
        let course = Course { length: 2 + dice.below(6), reverse: dice.below(2) == 1 };
        let xs = [random(&mut dice, &[course.length, 3])];
        let constants = [random(&mut dice, &[3]), random(&mut dice, &[3, 3])];
        let draw = |carries: &[Tensor], rows: &[Tensor]| {
            random_step(&mut Dice::new(seed), &constants[0], &constants[1], carries, rows)
        };
        let segment = Some(1 + dice.below(3));
        check_in(segment, &format!("loop {seed}"), &draw, (&init, &xs, &constants), course);
    }
}

/// Last states, outputs of all steps, gradients with respect to the first states, the sequence and the weights.
fn trained(segment: Option<usize>, [features, units, batch]: [usize; 3], length: usize) -> Vec<Tensor> {
    let mut dice = Dice::new(5);
    let [w, u, b] = cell(&mut dice, DType::F32, [features, units]);
    let mut float = |shape: &[usize]| ops::cast(&random(&mut dice, shape), DType::F32).unwrap();
    let leaves = [float(&[batch, units]), float(&[batch, units]), float(&[length, batch, features]), w, u, b];
    let draw = |carries: &[Tensor], rows: &[Tensor]| lstm(&leaves[3], &leaves[4], &leaves[5], carries, rows);
    let course = Course { length, reverse: false };
    let all = looped_in(segment, &draw, &leaves[..2], &leaves[2..3], course);
    let slopes = gradient(&scalar(&all), &leaves, None).unwrap();
    all.into_iter().chain(slopes.into_iter().flatten()).collect()
}

#[test]
fn segments_give_the_bits_of_the_whole_loop_but_for_the_order_in_which_products_of_all_steps_sum() {
    for (sizes, length, steps) in [([3, 4, 2], 50, 7), ([32, 128, 32], 24, 6), ([8, 16, 1], 20, 5), ([5, 33, 9], 31, 4)]
    {
        let (whole, cut) = (trained(None, sizes, length), trained(Some(steps), sizes, length));
        for set in sets() {
            // Three results and the gradients of two states; those of the sequence and of the weights are such products.
            for (i, (whole, cut)) in numbers_f32(set, &whole).iter().zip(&numbers_f32(set, &cut)).enumerate() {
                let most = whole.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
                let same = |(a, b): (&f64, &f64)| if i < 5 { a == b } else { (a - b).abs() <= 1e-5 * most };
                assert!(whole.iter().zip(cut).all(same), "{set:?}, {sizes:?}, tensor {i}");
            }
        }
    }
}

#[test]
fn memory_of_the_way_back_in_segments_grows_with_the_root_of_the_length() {
    let arena = |length: usize, segment: Option<usize>| {
        let [w, u, b] = cell(&mut Dice::new(5), DType::F32, [3, 8]);
        let xs = Tensor::placeholder(Spec::new([length, 2, 3], DType::F32));
        let zeros = Tensor::fill([2, 8], DType::F32, 0.0);
        let draw = |carries: &[Tensor], rows: &[Tensor]| (lstm(&w, &u, &b, carries, rows).0, vec![]);
        let course = Course { length, reverse: false };
        let last = looped_in(segment, &draw, &[zeros.clone(), zeros], std::slice::from_ref(&xs), course);
        let slopes: Vec<Tensor> =
            gradient(&scalar(&last[..1]), &[w.clone(), u.clone()], None).unwrap().into_iter().flatten().collect();
        // And of the second order.
        let again = gradient(&scalar(&slopes), &[w.clone(), u.clone()], None).unwrap().into_iter().flatten().collect();
        [slopes, again].map(|outputs: Vec<Tensor>| {
            let request = Request { inputs: std::slice::from_ref(&xs), outputs: &outputs, updates: &[], guard: None };
            compile(&request, Isa::detect()).unwrap().arena_bytes() as f64
        })
    };
    let (short, long, whole) = (arena(400, Some(20)), arena(40_000, Some(200)), arena(40_000, None));
    for order in 0..2 {
        // A hundred times the steps: ten times the memory, and what does not depend on them.
        assert!(long[order] < 11.0 * short[order], "{} bytes of 40,000 steps, {} of 400", long[order], short[order]);
        assert!(long[order] * 25.0 < whole[order], "{} bytes in segments, {} as a whole", long[order], whole[order]);
    }
}

#[test]
fn segments_of_no_steps_are_refused() {
    let x = Tensor::from_slice([], &[1.0f64]);
    let carries = [Tensor::placeholder(x.spec().clone())];
    let step = Step { carries: &carries, rows: &[], next: &[&carries[0] * 2.0], outputs: &[] };
    let refused = scan_in_segments(&step, &[x], &[], Course { length: 4, reverse: false }, 0);
    assert_eq!(refused.err().map(|error| error.code), Some(ErrorCode::Config));
}

#[test]
fn a_segmented_loop_in_a_segmented_loop_has_a_gradient() {
    let mut dice = Dice::new(17);
    let (k, init, xs) = (random(&mut dice, &[2]), random(&mut dice, &[2]), random(&mut dice, &[5, 4, 2]));
    let run = |segment: [Option<usize>; 2]| {
        let draw = |carries: &[Tensor], rows: &[Tensor]| {
            let step = |carries: &[Tensor], rows: &[Tensor]| {
                let next = ops::tanh(&(&carries[0] * &k + &rows[0])).unwrap();
                (vec![next.clone()], vec![next])
            };
            let all = looped_in(segment[0], &step, carries, rows, Course { length: 4, reverse: true });
            (vec![all[0].clone()], vec![ops::sum(&all[1], &[0], false).unwrap()])
        };
        let course = Course { length: 5, reverse: false };
        let all = looped_in(segment[1], &draw, std::slice::from_ref(&init), std::slice::from_ref(&xs), course);
        let first = slopes(&all, &[init.clone(), xs.clone(), k.clone()]);
        let second = slopes(&first, &[init.clone(), xs.clone(), k.clone()]);
        [all, first, second].concat()
    };
    same("both", &run([Some(2), Some(2)]), &run([None, None]));
}
