//! Microseconds of a train step with Adam, over a batch that stays in the caches.
//!
//! `cargo bench -p ferrograd-graph --bench step`; with `-- --profile` it prints instead where the time of a step goes
//! kernel by kernel, and what drawing and compiling cost, with `-- --profile 512` only for sizes with a 512 among them.

#[path = "../tests/support/mlp.rs"]
mod mlp;
#[path = "support/profile.rs"]
mod support;

use divan::{Bencher, counter::ItemsCount};
use ferrograd_graph::program::Running;
use ferrograd_graph::{DType, Program};
use ferrograd_kernels::exec::{Base, Memory};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;
use mlp::{Mlp, uniform};
use std::time::Instant;

/// Sizes of the layers, rows of a batch.
const CASES: [(&[usize], usize); 6] = [
    (&[2, 3, 1], 4),
    (&[784, 10, 10], 32),
    (&[784, 128, 10], 32),
    (&[32, 256, 128, 1], 1024),
    (&[784, 512, 512, 10], 128),
    (&[1024, 4096, 4096, 1024], 256),
];

fn main() {
    if std::env::args().any(|argument| argument == "--profile") {
        // Cargo adds an option of its own at the end.
        let only = std::env::args().skip_while(|argument| argument != "--profile").nth(1);
        let only = only.filter(|only| !only.starts_with("--")).unwrap_or_default();
        let named = CASES.iter().filter(|(sizes, _)| format!("{sizes:?}").contains(&only));
        named.for_each(|&(sizes, batch)| profile(sizes, batch));
    } else {
        divan::main();
    }
}

#[divan::bench(args = CASES.map(|(sizes, batch)| format!("{sizes:?} x {batch}")), consts = [1, 2], max_time = 2)]
fn step<const THREADS: usize>(bencher: Bencher<'_, '_>, name: &str) {
    let case = CASES.iter().find(|(sizes, batch)| format!("{sizes:?} x {batch}") == name);
    let &(sizes, batch) = case.expect("a case of the table");
    let program = Mlp::new(sizes, DType::F32).program(batch, Isa::detect());
    let (mut arena, threads) = (program.take_arena().unwrap(), Threads::new(THREADS));
    let (mut locks, mut staging) = (program.lock().unwrap(), program.staging().unwrap());
    let inputs = staging.iter_mut().map(Base::Write);
    let mut running = program.bind(&mut arena, inputs, program.constants(), &mut locks, &threads).unwrap();
    feed(&program, &mut running);
    bencher.counter(ItemsCount::new(batch)).bench_local(|| running.step(&threads).expect("a finite loss"));
}

/// Rows between −1 and 1; their targets are the rows' share of a class each.
fn feed(program: &Program, running: &mut Running<'_>) {
    for (index, spec) in program.inputs().iter().enumerate() {
        let size = spec.shape.size();
        let values: Memory = uniform(DType::F32, size, 1.0, 100 + index as u32);
        let absolute = |&value: &f32| if index == 1 { value.abs() / spec.shape[1] as f32 } else { value };
        let values: Vec<f32> = values.as_slice::<f32>()[..size].iter().map(absolute).collect();
        running.input::<f32>(index).copy_from_slice(&values);
    }
}

/// Prints the least microseconds of each kernel over many steps of one thread.
fn profile(sizes: &[usize], batch: usize) {
    let start = Instant::now();
    let model = Mlp::new(sizes, DType::F32);
    let made = start.elapsed();
    let [x, targets] = model.inputs(batch);
    let start = Instant::now();
    let _ = model.draw(&x, &targets);
    let drawn = start.elapsed();
    let start = Instant::now();
    let program = model.program(batch, Isa::detect());
    let compiled = start.elapsed().saturating_sub(drawn);
    println!(
        "\n{sizes:?} x {batch}: initial values {made:.0?}, drawn in {drawn:.0?}, compiled in {compiled:.0?}, arena {} kB",
        program.arena_bytes() / 1024
    );
    support::print(&program, feed);
}
