//! What feeding costs: microseconds of a train step over one batch that stays in the caches, inside an epoch over rows
//! in order, and inside a shuffled one. Interleaved, one thread, the least and the median of many short rounds.
//!
//! `cargo bench -p ferrograd-graph --bench epoch`

#[path = "../tests/support/epochs.rs"]
mod epochs;
#[path = "../tests/support/mlp.rs"]
mod mlp;

use epochs::{Deaf, columns};
use ferrograd_graph::DType;
use ferrograd_graph::epoch::{Epoch, Order};
use ferrograd_kernels::exec::Base;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;
use mlp::Mlp;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Sizes of the layers, rows of a batch, batches of an epoch: as in `npm run bench`.
const CASES: [(&[usize], usize, usize); 4] =
    [(&[2, 3, 1], 4, 1024), (&[784, 10, 10], 32, 128), (&[784, 128, 10], 32, 128), (&[784, 512, 512, 10], 128, 32)];

const ROUNDS: usize = 25;

fn main() {
    println!("{:<28}{:>14}{:>22}{:>22}", "µs a step, least (median)", "same batch", "in order", "shuffled");
    for (sizes, batch, batches) in CASES {
        let mut times = [const { Vec::new() }; 3];
        let (one, whole) = (epoch(sizes, batch, 1), epoch(sizes, batch, batches));
        for round in 0..ROUNDS as u64 {
            let shuffled = Order::Shuffled { seed: 1, epoch: round };
            times[0].push(same(&one, batches));
            times[1].push(seconds(&whole));
            times[2].push(seconds(&Epoch { order: shuffled, ..whole.clone() }));
        }
        let cells = times.map(|times| summary(&times, batches));
        println!("{:<28}{:>20}{:>20}{:>20}", format!("{sizes:?} x {batch}"), cells[0], cells[1], cells[2]);
    }
}

fn epoch(sizes: &[usize], batch: usize, batches: usize) -> Epoch {
    let model = Mlp::new(sizes, DType::F32);
    let rows = batch * batches;
    Epoch {
        program: Arc::new(model.program(batch, Isa::detect())),
        tail: None,
        columns: columns(DType::F32, rows, sizes),
        rows: 0..rows,
        batch,
        order: Order::Sequential,
        first_step: 0,
        moment: None,
        max_steps: None,
        watch: None,
        collect: false,
        every_step: false,
        report_every: Duration::from_secs(60),
        profile: None,
    }
}

fn seconds(epoch: &Epoch) -> f64 {
    let start = Instant::now();
    let end = epoch.run(&Threads::serial(), &mut Deaf).expect("an epoch that fits");
    assert_eq!((end.steps, end.stop), (epoch.steps(), None));
    start.elapsed().as_secs_f64()
}

/// As many steps over the only batch.
fn same(epoch: &Epoch, steps: usize) -> f64 {
    let program = &epoch.program;
    let mut arena = program.take_arena().unwrap();
    let mut locks = program.lock().unwrap();
    let inputs = epoch.columns.columns.iter().map(|column| Base::Read(&column.memory));
    let mut running = program.bind(&mut arena, inputs, program.constants(), &mut locks, &Threads::serial()).unwrap();
    let start = Instant::now();
    (0..steps).for_each(|_| running.step(&Threads::serial()).expect("a finite loss"));
    start.elapsed().as_secs_f64()
}

fn summary(seconds: &[f64], steps: usize) -> String {
    let mut sorted: Vec<f64> = seconds.iter().map(|seconds| seconds * 1e6 / steps as f64).collect();
    sorted.sort_by(f64::total_cmp);
    format!("{:.2} ({:.2})", sorted[0], sorted[sorted.len() / 2])
}
