//! Epochs over row-aligned data: which rows are seen, in which order, and what a stop leaves behind.

use ferrograd_graph::epoch::{Column, Columns, End, Epoch, Listener, Order};
use ferrograd_graph::moment::Moment;
use ferrograd_graph::profile::Profile;
use ferrograd_graph::variable::{replace_all, snapshot_all};
use ferrograd_graph::{DType, ErrorCode, Program, Request, Result, Spec, Tensor, Variable, compile, ops};
use ferrograd_kernels::exec::{Fault, Memory};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Counts the reports, and cancels after some.
#[derive(Default)]
struct Ear {
    reports: Vec<(usize, usize, Vec<f64>)>,
    cancel_after: Option<usize>,
}

impl Listener for Ear {
    fn cancelled(&self) -> bool {
        self.cancel_after.is_some_and(|most| self.reports.len() >= most)
    }
    fn progress(&mut self, step: usize, steps: usize, values: &[f64]) -> Result<()> {
        self.reports.push((step, steps, values.to_vec()));
        Ok(())
    }
}

/// Adds up rows: `sum += Σ x`, `squares += Σ x²`, `steps += 1`.
struct Adder {
    sum: Variable,
    squares: Variable,
    steps: Variable,
}

fn scalar(name: &str) -> Variable {
    Variable::new(name, Spec::new([], DType::F64), &[0.0f64]).unwrap()
}

fn value(variable: &Variable) -> f64 {
    variable.snapshot().unwrap().as_slice::<f64>()[0]
}

fn total(x: &Tensor) -> Tensor {
    ops::sum(x, &[0, 1], false).unwrap()
}

impl Adder {
    fn new() -> Adder {
        Adder { sum: scalar("sum"), squares: scalar("squares"), steps: scalar("steps") }
    }

    /// The step for `batch` rows; it gives back `10·x` and is guarded by `Σ x`.
    fn program(&self, batch: usize) -> Arc<Program> {
        let x = Tensor::placeholder(Spec::new([batch, 1], DType::F64));
        let grown = |variable: &Variable, by: Tensor| (variable.clone(), Tensor::variable(variable) + by);
        let updates = [
            grown(&self.sum, total(&x)),
            grown(&self.squares, total(&ops::square(&x).unwrap())),
            grown(&self.steps, Tensor::scalar(DType::F64, 1.0)),
        ];
        let (output, guard) = (&x * 10.0, total(&x));
        let request = Request { inputs: &[x], outputs: &[output], updates: &updates, guard: Some(&guard) };
        Arc::new(compile(&request, Isa::detect()).unwrap())
    }

    fn watch(&self) -> Arc<Program> {
        let outputs = [Tensor::variable(&self.sum), Tensor::variable(&self.steps)];
        let request = Request { inputs: &[], outputs: &outputs, updates: &[], guard: None };
        Arc::new(compile(&request, Isa::detect()).unwrap())
    }

    /// An epoch over the rows 0, 1, … of `values`.
    fn epoch(&self, values: &[f64], batch: usize) -> Epoch {
        let rest = values.len() % batch;
        Epoch {
            program: self.program(batch),
            tail: (rest > 0).then(|| self.program(rest)),
            columns: columns(values),
            rows: 0..values.len(),
            batch,
            order: Order::Sequential,
            first_step: 0,
            moment: None,
            max_steps: None,
            watch: Some(self.watch()),
            collect: false,
            every_step: false,
            report_every: Duration::from_secs(60),
            profile: None,
        }
    }
}

fn rows(count: usize) -> Vec<f64> {
    (0..count).map(|row| row as f64).collect()
}

fn run(epoch: &Epoch) -> End {
    epoch.run(&Threads::serial(), &mut Ear::default()).unwrap()
}

#[test]
fn every_row_is_seen_once_in_either_order() {
    for order in [Order::Sequential, Order::Shuffled { seed: 1, epoch: 0 }, Order::Shuffled { seed: 1, epoch: 5 }] {
        for (count, batch) in [(12, 4), (13, 4), (3, 4), (1, 1), (1000, 7), (4, 4), (0, 4)] {
            let adder = Adder::new();
            let mut epoch = adder.epoch(&rows(count), batch);
            if count < batch {
                epoch.program = adder.program(batch);
            }
            let end = run(&Epoch { order: order.clone(), ..epoch });
            let expected: [f64; 2] = [rows(count).iter().sum(), rows(count).iter().map(|x| x * x).sum()];
            assert_eq!([value(&adder.sum), value(&adder.squares)], expected, "{order:?} {count} {batch}");
            assert_eq!((end.steps, end.stop, end.cancelled), (count.div_ceil(batch), None, false));
            assert_eq!(end.values, [expected[0], end.steps as f64], "the watched values are those at the end");
        }
    }
}

#[test]
fn outputs_without_a_row_for_each_sample_of_the_last_batch_are_refused() {
    let adder = Adder::new();
    let x = Tensor::placeholder(Spec::new([3, 1], DType::F64));
    let four = Tensor::from_slice([4], &rows(4)) + total(&x);
    let request = Request { inputs: &[x], outputs: &[four], updates: &[], guard: None };
    let tail = Some(Arc::new(compile(&request, Isa::detect()).unwrap()));
    let epoch = Epoch { tail, collect: true, watch: None, ..adder.epoch(&rows(11), 4) };
    let error = epoch.check().unwrap_err();
    assert_eq!(error.code, ErrorCode::Shape);
    assert!(error.message.contains("each of the 3 samples"), "{}", error.message);
    assert!(Epoch { collect: false, ..epoch }.check().is_ok(), "nobody reads them");
}

#[test]
fn a_part_of_the_rows_is_that_part() {
    let adder = Adder::new();
    run(&Epoch { rows: 3..9, tail: None, order: Order::Shuffled { seed: 2, epoch: 0 }, ..adder.epoch(&rows(20), 3) });
    assert_eq!([value(&adder.sum), value(&adder.steps)], [33.0, 2.0]);
}

#[test]
fn outputs_are_collected_in_the_order_of_the_epoch() {
    let collected = |order| {
        let adder = Adder::new();
        let end = run(&Epoch { collect: true, order, ..adder.epoch(&rows(11), 4) });
        end.collected[0].as_slice::<f64>().to_vec()
    };
    let tenfold: Vec<f64> = rows(11).iter().map(|row| row * 10.0).collect();
    assert_eq!(collected(Order::Sequential), tenfold);
    let mut shuffled = collected(Order::Shuffled { seed: 1, epoch: 1 });
    assert_ne!(shuffled, tenfold);
    assert_eq!(shuffled, collected(Order::Shuffled { seed: 1, epoch: 1 }), "the order is a function of its numbers");
    assert_ne!(shuffled, collected(Order::Shuffled { seed: 1, epoch: 2 }));
    shuffled.sort_by(f64::total_cmp);
    assert_eq!(shuffled, tenfold);
}

#[test]
fn the_most_steps_end_an_epoch_before_a_tail_that_has_no_program() {
    for (most, steps) in [(0, 0), (1, 1), (2, 2)] {
        let adder = Adder::new();
        let end = run(&Epoch { max_steps: Some(most), tail: None, ..adder.epoch(&rows(11), 4) });
        assert_eq!((end.steps, value(&adder.steps)), (steps, steps as f64));
    }
    let adder = Adder::new();
    let epoch = Epoch { max_steps: Some(3), tail: None, ..adder.epoch(&rows(11), 4) };
    assert!(epoch.check().unwrap_err().message.contains("3 rows has no program"));
    let epoch = Epoch { max_steps: Some(9), ..adder.epoch(&rows(11), 4) };
    assert_eq!(run(&epoch).steps, 3);
}

#[test]
fn wrong_columns_are_refused_by_name() {
    let adder = Adder::new();
    let good = adder.epoch(&rows(8), 4);
    let with = |column: Column| {
        let columns = Arc::new(Columns { columns: vec![column], rows: 8 });
        Epoch { columns, ..good.clone() }.check().unwrap_err().message
    };
    let memory = || Arc::new(Memory::zeroed(64));
    assert!(with(Column { memory: memory(), row: 1, dtype: DType::F32 }).contains("input 0 is float64"));
    assert!(with(Column { memory: memory(), row: 2, dtype: DType::F64 }).contains("2 a row"));
    assert!(with(Column { memory: Arc::new(Memory::zeroed(8)), row: 1, dtype: DType::F64 }).contains("input 0"));
    assert!(Epoch { rows: 0..9, ..good.clone() }.check().is_err());
    assert!(Epoch { batch: 0, ..good.clone() }.check().is_err());
    assert!(good.check().is_ok());
}

#[test]
fn every_step_is_reported_and_cancelling_leaves_whole_steps() {
    let adder = Adder::new();
    let epoch = Epoch { every_step: true, ..adder.epoch(&rows(40), 4) };
    let mut ear = Ear { cancel_after: Some(3), ..Ear::default() };
    let end = epoch.run(&Threads::serial(), &mut ear).unwrap();
    assert!(end.cancelled);
    assert_eq!((end.steps, value(&adder.steps), value(&adder.sum)), (3, 3.0, 66.0));
    let expected = [(1, 10, vec![6.0, 1.0]), (2, 10, vec![28.0, 2.0]), (3, 10, vec![66.0, 3.0])];
    assert_eq!(ear.reports, expected, "the watched values of each step");
}

#[test]
fn a_number_that_is_not_finite_stops_before_anything_changes() {
    for (at, bad) in [(0, f64::NAN), (9, f64::INFINITY), (10, f64::NAN), (5, f64::NEG_INFINITY)] {
        let adder = Adder::new();
        let mut values = rows(11);
        values[at] = bad;
        let end = run(&adder.epoch(&values, 4));
        let step = at / 4;
        let stop = end.stop.expect("a stop");
        assert!(matches!(stop.fault, Fault::NonFinite { guard: 0, value } if !value.is_finite()));
        assert_eq!((stop.kernel, end.steps), ("guard", step));
        let before: f64 = rows(step * 4).iter().sum();
        assert_eq!([value(&adder.sum), value(&adder.steps)], [before, step as f64], "only the steps before");
    }
}

#[test]
fn a_reader_sees_whole_steps_and_is_served_soon() {
    let adder = Adder::new();
    let epoch = adder.epoch(&vec![1.0; 4_000_000], 4);
    let (done, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut waits = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            run(&epoch);
            done.store(true, Ordering::SeqCst);
        });
        while !done.load(Ordering::SeqCst) {
            let start = Instant::now();
            let outputs = epoch.watch.as_ref().unwrap().run(&[], &Threads::serial()).unwrap();
            waits.push(start.elapsed());
            let [sum, steps] = [0, 1].map(|index: usize| outputs[index].as_slice::<f64>()[0]);
            assert_eq!(sum, 4.0 * steps, "both are of one step");
            reads.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    assert_eq!(value(&adder.steps), 1_000_000.0);
    assert!(reads.load(Ordering::SeqCst) >= 3, "the epoch was long enough to be read during it");
    waits.sort();
    // The median: on a machine with other work a single wait says nothing.
    assert!(waits[waits.len() / 2] < Duration::from_millis(20), "{waits:?}");
}

#[test]
fn outputs_that_have_no_row_for_each_sample_are_not_collected() {
    let adder = Adder::new();
    let x = Tensor::placeholder(Spec::new([4, 1], DType::F64));
    let outputs = [total(&x)];
    let program = compile(&Request { inputs: &[x], outputs: &outputs, updates: &[], guard: None }, Isa::detect());
    let epoch = Epoch { program: Arc::new(program.unwrap()), collect: true, ..adder.epoch(&rows(8), 4) };
    let error = epoch.run(&Threads::serial(), &mut Ear::default()).unwrap_err();
    assert!(error.message.contains("a row for each of the 4 samples"), "{error}");
}

#[test]
fn a_profile_holds_the_times_of_whole_batches_and_changes_no_number() {
    let (plain, measured) = (Adder::new(), Adder::new());
    run(&plain.epoch(&rows(1003), 8));
    let epoch = measured.epoch(&rows(1003), 8);
    let profile = Arc::new(Mutex::new(Profile::new(&epoch.program)));
    let order = Order::Shuffled { seed: 1, epoch: 0 };
    for _ in 0..20 {
        run(&Epoch { profile: Some(profile.clone()), order: order.clone(), ..epoch.clone() });
    }
    assert_eq!(value(&measured.steps), 20.0 * value(&plain.steps), "as many steps as without it");
    let profile = profile.lock().unwrap();
    assert_eq!(profile.steps(), 20 * 125, "the shorter last batch is another program");
    let rows = profile.rows();
    assert_eq!(rows.len(), 1 + epoch.program.step_names().count(), "feeding, and each kernel");
    assert!(rows[0].kernel.is_none() && rows[1..].iter().all(|row| row.kernel.is_some()));
    assert!(rows.iter().all(|row| row.times.least >= 0.0 && row.times.least <= row.times.median * 1.0001));
    let sum: f64 = rows.iter().map(|row| row.times.mean).sum();
    let whole = profile.whole().expect("steps ran").mean;
    assert!(sum > 0.0 && sum <= whole, "{sum} of {whole}");
}

#[test]
fn two_epochs_at_once_are_each_what_they_are_alone() {
    let train = |adder: &Adder, seed| {
        let order = Order::Shuffled { seed, epoch: 0 };
        run(&Epoch { order, collect: true, ..adder.epoch(&rows(20_001), 8) }).collected.remove(0)
    };
    let alone = [1, 2].map(|seed| train(&Adder::new(), seed));
    let together: Vec<Memory> = std::thread::scope(|scope| {
        let started: Vec<_> = [1, 2].into_iter().map(|seed| scope.spawn(move || train(&Adder::new(), seed))).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (alone, together) in alone.iter().zip(&together) {
        assert_eq!(alone.as_slice::<f64>(), together.as_slice::<f64>());
    }
}

#[test]
fn programs_that_share_variables_take_turns_without_waiting_for_each_other_for_ever() {
    let variables: Vec<Variable> = (0..4).map(|index| scalar(&format!("v{index}"))).collect();
    // Each program adds 1 to two of them, in every order, and reads the other two.
    let program = |a: usize, b: usize| {
        let grown = |index: usize| (variables[index].clone(), Tensor::variable(&variables[index]) + 1.0);
        let others: Vec<Tensor> =
            (0..4).filter(|&index| index != a && index != b).map(|index| Tensor::variable(&variables[index])).collect();
        let request = Request { inputs: &[], outputs: &others, updates: &[grown(a), grown(b)], guard: None };
        compile(&request, Isa::detect()).unwrap()
    };
    let programs = [(0, 1), (1, 0), (1, 2), (2, 1), (3, 0), (0, 3)].map(|(a, b)| program(a, b));
    const RUNS: usize = 500;
    std::thread::scope(|scope| {
        for program in &programs {
            scope.spawn(move || (0..RUNS).for_each(|_| drop(program.run(&[], &Threads::serial()).unwrap())));
        }
    });
    let runs = RUNS as f64;
    let values: Vec<f64> = variables.iter().map(value).collect();
    assert_eq!(values, [4.0 * runs, 4.0 * runs, 2.0 * runs, 2.0 * runs], "no addition is lost");
}

#[test]
fn an_epoch_goes_on_from_any_step_as_if_it_had_never_stopped() {
    for order in [Order::Sequential, Order::Shuffled { seed: 3, epoch: 2 }] {
        for (count, batch) in [(12, 4), (1003, 7)] {
            // Sums of such numbers depend on their order to the last bit.
            let values: Vec<f64> = (0..count).map(|row| 1.0 / (1.0 + row as f64)).collect();
            let whole = Adder::new();
            let end = run(&Epoch { order: order.clone(), ..whole.epoch(&values, batch) });
            for first in [0, 1, end.steps - 1, end.steps] {
                let parts = Adder::new();
                let epoch = Epoch { order: order.clone(), ..parts.epoch(&values, batch) };
                assert_eq!(run(&Epoch { max_steps: Some(first), ..epoch.clone() }).steps, first);
                assert_eq!(run(&Epoch { first_step: first, ..epoch }).steps, end.steps);
                let all = |adder: &Adder| [&adder.sum, &adder.squares, &adder.steps].map(value);
                assert_eq!(all(&parts), all(&whole), "{order:?}, {count} rows, from step {first}");
            }
        }
    }
    let adder = Adder::new();
    let refused = |epoch: Epoch| epoch.check().unwrap_err().message;
    let late = Epoch { first_step: 4, ..adder.epoch(&rows(12), 4) };
    assert_eq!(refused(late), "epoch: begins at step 4 of 3");
    let collects = Epoch { first_step: 1, collect: true, ..adder.epoch(&rows(12), 4) };
    assert_eq!(refused(collects), "epoch: begins at step 1 of 3, gathering every step");
}

#[test]
fn a_snapshot_of_many_variables_is_of_one_moment_between_two_steps() {
    let adder = Adder::new();
    let (batch, steps) = (4, 300_000);
    let epoch = adder.epoch(&vec![1.0; batch * steps], batch);
    // One is listed twice, and the order is not that of locking.
    let variables = [&adder.steps, &adder.sum, &adder.squares, &adder.steps].map(Clone::clone);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&epoch));
        let mut seen = Vec::new();
        while !running.is_finished() {
            let numbers = snapshot_all(&variables).unwrap();
            let numbers: Vec<f64> = numbers.iter().map(|memory| memory.as_slice::<f64>()[0]).collect();
            let done = numbers[0];
            let sum = done * batch as f64;
            assert_eq!(numbers, [done, sum, sum, done], "every variable is of the same step");
            seen.push(done);
        }
        assert_eq!(running.join().unwrap().steps, steps);
        let between = seen.iter().filter(|&&done| done > 0.0 && done < steps as f64).count();
        assert!(between > 2, "{between} of {} snapshots fell inside the epoch", seen.len());
        assert!(seen.is_sorted());
    });
}

/// Assigns something to a variable at some step.
struct Assigning<'a> {
    at: usize,
    act: &'a dyn Fn(),
}

impl Listener for Assigning<'_> {
    fn cancelled(&self) -> bool {
        false
    }
    fn progress(&mut self, step: usize, _steps: usize, _values: &[f64]) -> Result<()> {
        if step == self.at {
            (self.act)();
        }
        Ok(())
    }
}

/// `sum += factor` a step, with a factor that is only read.
fn scaled(sum: &Variable, factor: &Variable) -> Epoch {
    let x = Tensor::placeholder(Spec::new([1, 1], DType::F64));
    let updates = [(sum.clone(), Tensor::variable(sum) + Tensor::variable(factor) * total(&x))];
    let request = Request { inputs: &[x], outputs: &[], updates: &updates, guard: None };
    let program = Arc::new(compile(&request, Isa::detect()).unwrap());
    Epoch { program, every_step: true, watch: None, ..Adder::new().epoch(&[1.0; 6], 1) }
}

#[test]
fn what_is_assigned_between_two_steps_holds_at_the_next() {
    let (sum, factor) = (scalar("sum"), scalar("factor"));
    let act = || replace_all(vec![(factor.clone(), number(10.0)), (sum.clone(), number(100.0))]);
    scaled(&sum, &factor).run(&Threads::serial(), &mut Assigning { at: 2, act: &act }).unwrap();
    assert_eq!(value(&sum), 140.0);
}

#[test]
fn an_epoch_at_a_moment_reads_what_held_then() {
    let (sum, factor) = (scalar("sum"), scalar("factor"));
    factor.set(&[1.0]).unwrap();
    let epoch = scaled(&sum, &factor);
    let moment = Moment::take(std::slice::from_ref(&factor)).unwrap();
    factor.set(&[5.0]).unwrap();
    let act = || factor.set(&[7.0]).unwrap();
    let epoch = Epoch { moment: Some(Arc::new(moment)), ..epoch };
    epoch.run(&Threads::serial(), &mut Assigning { at: 2, act: &act }).unwrap();
    assert_eq!([value(&sum), value(&factor)], [6.0, 7.0]);
}

#[test]
fn a_moment_is_none_while_a_variable_is_held() {
    let both = [scalar("a"), scalar("b")];
    let held = both[1].lock().unwrap();
    assert!(Moment::try_take(&both).unwrap().is_none());
    drop(held);
    assert!(Moment::try_take(&both).unwrap().is_some_and(|moment| moment.value(&both[0]).is_some()));
}

fn columns(values: &[f64]) -> Arc<Columns> {
    let column = Column { memory: Arc::new(Memory::from_slice(values)), row: 1, dtype: DType::F64 };
    Arc::new(Columns { columns: vec![column], rows: values.len() })
}

fn number(value: f64) -> Arc<Memory> {
    Arc::new(Memory::from_slice(&[value]))
}
