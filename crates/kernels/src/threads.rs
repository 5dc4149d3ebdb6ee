//! The one place that owns threads: work split by shape, so that results do not depend on how many run it.
//!
//! A fork and join while the workers still spin costs about a quarter of a microsecond on two cores, a fiftieth or
//! less of what a rayon pool entered from outside costs (`cargo bench -p ferrograd-kernels --bench threads` prints
//! both and their ratio; 45 to 75 where it was written).

mod chunks;
mod claims;
mod columns;
mod disjoint;
mod float_mode;
mod pool;
mod priority;
mod sync;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use chunks::{Chunks, grain, split, split_into};
pub use columns::{Columns, Parts};
pub use disjoint::Disjoint;
pub use float_mode::FlushDenormals;
pub use priority::let_callers_go_first;

/// A handle on a pool of worker threads; cheap to clone. Dropping the last one joins the workers.
#[derive(Clone)]
pub struct Threads {
    pool: Option<Arc<pool::Pool>>,
    stops: Option<Arc<[Arc<AtomicBool>]>>,
}

impl Threads {
    /// A pool that runs on `count` threads, the caller's included; on fewer where the system refuses to start them.
    pub fn new(count: usize) -> Threads {
        let pool = pool::Pool::new(count.saturating_sub(1));
        Threads { pool: (pool.workers() > 0).then(|| Arc::new(pool)), stops: None }
    }

    /// No workers: everything runs on the caller.
    pub fn serial() -> Threads {
        Threads { pool: None, stops: None }
    }

    /// The same threads for work that is to end once `flag` is set: see [`Threads::stopped`].
    #[must_use]
    pub fn stopped_by(&self, flag: Arc<AtomicBool>) -> Threads {
        let known = self.stops.iter().flat_map(|stops| stops.iter().cloned());
        Threads { pool: self.pool.clone(), stops: Some(known.chain([flag]).collect()) }
    }

    /// True where nobody wants the work any more. Kernels that may take without an end ask it between two turns.
    pub fn stopped(&self) -> bool {
        self.stops.iter().flat_map(|stops| stops.iter()).any(|flag| flag.load(Ordering::Relaxed))
    }

    /// How many threads share the work.
    pub fn count(&self) -> usize {
        1 + self.pool.as_ref().map_or(0, |pool| pool.workers())
    }

    /// Calls `task(i)` once for each `i < tasks`, on any thread in any order, and returns when all are done.
    ///
    /// Workers run with the caller's floating-point mode. Where the pool is busy (another caller's run, or this call
    /// comes from inside a task) the caller runs everything itself. When tasks panic the others still run, then the
    /// first panic goes on in the caller.
    ///
    /// Each thread begins with a stretch of neighbouring tasks that depends on `tasks` alone: jobs that are cut alike find
    /// in a thread's cache what it left there.
    pub fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        self.run_numbered(usize::MAX, tasks, &|_, i| task(i));
    }

    /// As [`Self::run`], on at most `most` threads: calls `task(thread, i)`, and no two threads that run at once have
    /// the same `thread < most`.
    pub fn run_numbered(&self, most: usize, tasks: usize, task: &(dyn Fn(usize, usize) + Sync)) {
        let shared = tasks > 1 && self.pool.as_ref().is_some_and(|pool| pool.try_run(most, tasks, task));
        if !shared {
            pool::run_here(tasks, task);
        }
    }

    /// Calls `task(chunk, range)` once for each chunk of items.
    pub fn for_each_chunk(&self, chunks: Chunks, task: impl Fn(usize, Range<usize>) + Sync) {
        match chunks.count() {
            0 => {}
            1 => task(0, chunks.range(0)),
            count => self.run(count, &|i| task(i, chunks.range(i))),
        }
    }

    /// Calls `task(range, out)` once for each chunk, `out` being the chunk's part of `out`, `width` elements an item.
    pub fn for_each_part<T: Send>(
        &self,
        chunks: Chunks,
        out: &mut [T],
        width: usize,
        task: impl Fn(Range<usize>, &mut [T]) + Sync,
    ) {
        assert_eq!(out.len(), chunks.len() * width, "output length does not match the chunks");
        let parts = Disjoint::new(out);
        self.for_each_chunk(chunks, |_, range| {
            // Safety: chunks do not overlap and each is visited once.
            let part = unsafe { parts.slice(range.start * width..range.end * width) };
            task(range, part);
        });
    }
}

/// A value on cache lines of its own (two: processors fetch them in pairs).
#[repr(align(128))]
struct Padded<T>(T);

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").field("count", &self.count()).finish()
    }
}
