//! Times by the clock on the wall, each the least of rounds that the runs take in turn.

use std::time::{Duration, Instant};

/// A run is repeated until a round of it takes this long.
const ROUND: Duration = Duration::from_millis(2);
const ROUNDS: usize = 25;
/// Slow runs get fewer rounds, these at least.
const FEWEST: usize = 5;
const BUDGET: Duration = Duration::from_millis(500);

/// The least time of one call of each, in nanoseconds.
pub fn race<const N: usize>(mut runs: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut least = [f64::INFINITY; N];
    let mut batch = [1u32; N];
    for (run, batch) in runs.iter_mut().zip(&mut batch) {
        loop {
            let start = Instant::now();
            (0..*batch).for_each(|_| run());
            if start.elapsed() > ROUND {
                break;
            }
            *batch *= 2;
        }
    }
    let begin = Instant::now();
    for round in 0..ROUNDS {
        if round >= FEWEST && begin.elapsed() > BUDGET {
            break;
        }
        for ((run, &batch), least) in runs.iter_mut().zip(&batch).zip(&mut least) {
            let start = Instant::now();
            (0..batch).for_each(|_| run());
            *least = least.min(start.elapsed().as_nanos() as f64 / f64::from(batch));
        }
    }
    least
}
