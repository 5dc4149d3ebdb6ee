//! Fork and join: our pool against rayon, hot, in interleaved batches.

use ferrograd_kernels::threads::Threads;
use rayon::prelude::*;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const BATCH: usize = 2_000;
const ROUNDS: usize = 31;

/// A task that returns only after all `count` have begun: what is timed is a true hand-over, not one thread's loop.
fn meet(arrived: &AtomicUsize, count: usize) {
    arrived.fetch_add(1, Ordering::AcqRel);
    while !arrived.load(Ordering::Acquire).is_multiple_of(count) {
        std::hint::spin_loop();
    }
}

fn nanoseconds(mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..BATCH {
        run();
    }
    start.elapsed().as_nanos() as f64 / BATCH as f64
}

/// Median and minimum.
fn summary(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[0])
}

fn report(name: &str, ours: Vec<f64>, rayon: Vec<f64>) {
    let ((ours, ours_least), (rayon, rayon_least)) = (summary(ours), summary(rayon));
    println!(
        "{name:20} ours {ours:7.0} ({ours_least:5.0})  rayon {rayon:7.0} ({rayon_least:5.0})  ratio {:.1}",
        rayon / ours
    );
}

fn main() {
    let count = std::thread::available_parallelism().map_or(2, |n| n.get());
    if count < 2 {
        println!("one core: there is nothing to hand over to");
        return;
    }
    let ours = Threads::new(count);
    let rayon = rayon::ThreadPoolBuilder::new().num_threads(count).build().expect("a rayon pool");
    let tasks = 4 * count;
    let mut times: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let arrived = AtomicUsize::new(0);
        times[0].push(nanoseconds(|| ours.run(count, &|_| meet(&arrived, count))));
        times[1].push(nanoseconds(|| {
            rayon.broadcast(|_| meet(&arrived, count));
        }));
        let sum = AtomicUsize::new(0);
        let add = |i: usize| {
            sum.fetch_add(black_box(i), Ordering::Relaxed);
        };
        times[2].push(nanoseconds(|| ours.run(tasks, &add)));
        times[3].push(nanoseconds(|| rayon.install(|| (0..tasks).into_par_iter().for_each(add))));
    }
    let [meet_ours, meet_rayon, few_ours, few_rayon] = times;
    println!("{count} threads, {ROUNDS} interleaved batches of {BATCH}, ns per fork and join: median (least)");
    report("all threads meet", meet_ours, meet_rayon);
    report(&format!("{tasks} empty tasks"), few_ours, few_rayon);
}
