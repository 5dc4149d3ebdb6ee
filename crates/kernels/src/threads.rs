//! The one place that owns threads: work split by shape, so that results do not depend on how many run it.

/// A handle on a pool of worker threads; cheap to clone.
#[derive(Clone, Debug)]
pub struct Threads {
    count: usize,
}

impl Threads {
    /// A pool that runs on `count` threads, the caller's included.
    pub fn new(count: usize) -> Threads {
        Threads { count: count.max(1) }
    }

    /// No workers: everything runs on the caller.
    pub fn serial() -> Threads {
        Threads::new(1)
    }

    /// How many threads share the work.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Calls `task(i)` once for each `i < tasks`, on any thread in any order, and returns when all are done.
    pub fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        for i in 0..tasks {
            task(i);
        }
    }
}
