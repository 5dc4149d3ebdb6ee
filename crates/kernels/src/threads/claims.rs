//! Who does which task: each thread begins with a stretch of its own and then helps others from their far ends.
//!
//! Stretches depend on the two counts alone. So what a thread wrote in one job, it reads in the next one that is cut
//! alike, out of its own cache: lines that another core has written cost several times as much.

use super::Padded;
use super::sync::AtomicU64;
use std::sync::atomic::Ordering;

/// As many tasks as can be shared out.
pub(super) const MOST: usize = u32::MAX as usize;

/// What is left of each thread's stretch: the next task in the low half, the end in the high half.
pub(super) struct Claims(Box<[Padded<AtomicU64>]>);

fn pack(start: usize, end: usize) -> u64 {
    start as u64 | (end as u64) << 32
}

fn unpack(stretch: u64) -> (usize, usize) {
    ((stretch & u64::from(u32::MAX)) as usize, (stretch >> 32) as usize)
}

impl Claims {
    /// Room for so many threads, with nothing to do.
    pub fn new(threads: usize) -> Claims {
        Claims((0..threads).map(|_| Padded(AtomicU64::new(0))).collect())
    }

    /// For how many threads there is room.
    pub fn threads(&self) -> usize {
        self.0.len()
    }

    /// Shares tasks `0..tasks`, at most [`MOST`], out among the first `threads` threads. Nobody claims meanwhile.
    pub fn share(&self, tasks: usize, threads: usize) {
        debug_assert!(tasks <= MOST, "too many tasks");
        let stretches = self.0.iter().take(threads);
        for (thread, Padded(stretch)) in stretches.enumerate() {
            stretch.store(pack(thread * tasks / threads, (thread + 1) * tasks / threads), Ordering::Relaxed);
        }
    }

    /// The next task for `thread` of those shared out among the first `threads`: the first of its own stretch, or else
    /// the last of another's.
    pub fn next(&self, thread: usize, threads: usize) -> Option<usize> {
        let first = |(start, end)| (start, (start + 1, end));
        let last = |(start, end)| (end - 1, (start, end - 1));
        let own = if thread < threads { self.take(thread, first) } else { None };
        own.or_else(|| (1..=threads).find_map(|i| self.take((thread + i) % threads, last)))
    }

    /// Splits a task off a stretch that has some.
    fn take(&self, thread: usize, split: impl Fn((usize, usize)) -> (usize, (usize, usize))) -> Option<usize> {
        let rest = |stretch: u64| {
            let (start, end) = unpack(stretch);
            (start < end).then(|| split((start, end)).1).map(|(start, end)| pack(start, end))
        };
        let before = self.0[thread].0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest).ok()?;
        Some(split(unpack(before)).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_tasks_come_first_and_others_from_their_ends() {
        let claims = Claims::new(3);
        claims.share(7, 3);
        // Stretches 0..2, 2..4 and 4..7.
        let order: Vec<_> = std::iter::from_fn(|| claims.next(1, 3)).collect();
        assert_eq!(order, [2, 3, 6, 5, 4, 1, 0]);
        // A thread without a stretch only helps.
        claims.share(3, 2);
        assert_eq!([claims.next(2, 2), claims.next(2, 2), claims.next(2, 2)], [Some(2), Some(1), Some(0)]);
    }

    #[test]
    fn every_task_is_claimed_once_in_any_interleaving() {
        for (tasks, threads) in [(0, 1), (1, 4), (5, 2), (64, 3), (63, 16)] {
            let claims = Claims::new(16);
            claims.share(tasks, threads);
            let mut seen = vec![0; tasks];
            let mut turn = 0;
            while let Some(task) = claims.next(turn % threads, threads) {
                seen[task] += 1;
                turn += 7;
            }
            assert!(seen.iter().all(|&count| count == 1), "{tasks} tasks on {threads} threads");
        }
    }

    #[test]
    fn every_task_is_claimed_once_by_threads_at_once() {
        let claims = Claims::new(4);
        for _ in 0..50 {
            claims.share(1000, 4);
            let counts: Vec<AtomicU64> = (0..1000).map(|_| AtomicU64::new(0)).collect();
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let (claims, counts) = (&claims, &counts);
                    scope.spawn(move || {
                        while let Some(task) = claims.next(thread, 4) {
                            counts[task].fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
            });
            assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        }
    }
}
