//! Where the time of a program goes.

use ferrograd_graph::Program;
use ferrograd_graph::program::Running;
use ferrograd_kernels::exec::Base;
use ferrograd_kernels::threads::Threads;
use std::time::Instant;

/// Runs that a profile looks at, however long they take: the first ones also touch new pages.
const LEAST_ROUNDS: usize = 10;

/// Prints the least microseconds of each kernel over many runs, by one thread and by two.
pub fn print(program: &Program, feed: impl Fn(&Program, &mut Running<'_>)) {
    for threads in [1, 2].map(Threads::new) {
        let least = least(program, &threads, &feed);
        println!("  {} threads: {:.2} µs", threads.count(), least.iter().sum::<f64>() * 1e6);
        for (kernel, seconds) in program.kernels().iter().zip(&least) {
            println!("    {:9.2} µs  {:<20} {}", seconds * 1e6, kernel.name, kernel.detail);
        }
    }
}

fn least(program: &Program, threads: &Threads, feed: impl Fn(&Program, &mut Running<'_>)) -> Vec<f64> {
    let mut arena = program.take_arena().unwrap();
    let (mut locks, mut staging) = (program.lock().unwrap(), program.staging().unwrap());
    let inputs = staging.iter_mut().map(Base::Write);
    let mut running = program.bind(&mut arena, inputs, program.constants(), &mut locks, threads).unwrap();
    feed(program, &mut running);
    let mut least = vec![f64::INFINITY; program.step_names().count()];
    let start = Instant::now();
    let mut rounds = 0;
    while start.elapsed().as_secs_f64() < 0.5 || rounds < LEAST_ROUNDS {
        rounds += 1;
        let mut once = vec![0.0; least.len()];
        running.profile(threads, &mut once).expect("nothing stops it");
        least.iter_mut().zip(once).for_each(|(least, once)| *least = least.min(once));
    }
    least
}
