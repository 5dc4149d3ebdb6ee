//! The pool under loom, which runs every way in which its threads may meet, and every order that the memory model allows for
//! what they see of each other: `npm run check:deep`.
#![cfg(loom)]

use ferrograd_kernels::threads::Threads;
use loom::cell::UnsafeCell;
use loom::thread;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A place that one task writes: loom fails where two threads reach it without an order between them.
struct Place(UnsafeCell<usize>);

// Safety: loom watches over it.
unsafe impl Sync for Place {}
// Safety: as above.
unsafe impl Send for Place {}

impl Place {
    fn add(&self, value: usize) {
        // Safety: loom watches over it.
        self.0.with_mut(|place| unsafe { *place += value });
    }

    fn get(&self) -> usize {
        // Safety: loom watches over it.
        self.0.with(|place| unsafe { *place })
    }
}

fn places(count: usize) -> Vec<Place> {
    (0..count).map(|_| Place(UnsafeCell::new(0))).collect()
}

/// Every task once, and its writes seen by who asked for it.
fn run(threads: &Threads, tasks: usize) {
    let places = places(tasks);
    threads.run(tasks, &|i| places[i].add(1 + i));
    let found: Vec<usize> = places.iter().map(Place::get).collect();
    assert_eq!(found, (1..=tasks).collect::<Vec<_>>());
}

fn check(bound: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(bound);
    builder.check(model);
}

#[test]
fn a_job_is_done_when_run_returns_and_the_pool_goes_home() {
    check(4, || run(&Threads::new(2), 2));
}

#[test]
fn a_worker_that_comes_late_touches_nothing_of_the_next_job() {
    check(3, || {
        let threads = Threads::new(2);
        run(&threads, 2);
        run(&threads, 3);
    });
}

#[test]
fn two_workers_share_a_job() {
    check(2, || run(&Threads::new(3), 3));
}

#[test]
fn two_callers_at_once_both_get_their_work_done() {
    check(2, || {
        let threads = Threads::new(2);
        let other = threads.clone();
        let caller = thread::spawn(move || run(&other, 2));
        run(&threads, 2);
        caller.join().unwrap();
    });
}

#[test]
fn a_panic_goes_on_in_the_caller_and_the_pool_works_on() {
    check(2, || {
        let threads = Threads::new(2);
        let done = Arc::new(places(2));
        let task = |i: usize| {
            done[i].add(1);
            assert!(i == 0, "as asked");
        };
        assert!(catch_unwind(AssertUnwindSafe(|| threads.run(2, &task))).is_err());
        assert_eq!((done[0].get(), done[1].get()), (1, 1));
        run(&threads, 2);
    });
}
