//! The pool under stress: more threads than cores, nested runs, several callers, panics.

use ferrograd_kernels::threads::{Threads, split};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn assert_send_sync<T: Send + Sync + Clone + std::fmt::Debug>() {}

fn counters(n: usize) -> Vec<AtomicUsize> {
    (0..n).map(|_| AtomicUsize::new(0)).collect()
}

fn assert_each_ran_once(counters: &[AtomicUsize]) {
    assert!(counters.iter().all(|c| c.load(Ordering::Relaxed) == 1));
}

#[test]
fn handles_cross_threads() {
    assert_send_sync::<Threads>();
    assert_eq!(Threads::new(0).count(), 1);
    assert_eq!(Threads::new(3).clone().count(), 3);
    assert_eq!(Threads::serial().count(), 1);
    assert_eq!(format!("{:?}", Threads::new(2)), "Threads { count: 2 }");
}

#[test]
fn more_tasks_than_can_be_counted_are_refused_and_the_pool_goes_on() {
    let threads = Threads::new(2);
    for _ in 0..2 {
        assert!(catch_unwind(AssertUnwindSafe(|| threads.run(1 << 32, &|_| ()))).is_err());
        // Two tasks that wait for each other end only where two threads are at them.
        let met = AtomicUsize::new(0);
        threads.run(2, &|_| {
            met.fetch_add(1, Ordering::SeqCst);
            let start = Instant::now();
            while met.load(Ordering::SeqCst) < 2 {
                assert!(start.elapsed() < Duration::from_secs(60), "the pool is still taken");
                std::thread::yield_now();
            }
        });
    }
}

#[test]
fn every_task_runs_once_at_any_count() {
    for count in 1..=8 {
        let threads = Threads::new(count);
        for round in 0..2000 {
            let ran = counters(round % 23);
            threads.run(ran.len(), &|i| {
                ran[i].fetch_add(1, Ordering::Relaxed);
            });
            assert_each_ran_once(&ran);
        }
    }
}

#[test]
fn workers_do_take_part() {
    let threads = Threads::new(2);
    let arrived = AtomicUsize::new(0);
    // Each task waits for the other: one thread alone would never return.
    threads.run(2, &|_| {
        arrived.fetch_add(1, Ordering::SeqCst);
        while arrived.load(Ordering::SeqCst) < 2 {
            std::thread::yield_now();
        }
    });
}

#[test]
fn all_threads_meet_after_sleeping() {
    let threads = Threads::new(4);
    for pause in [0, 20, 60, 200, 2000] {
        std::thread::sleep(Duration::from_micros(pause));
        let arrived = AtomicUsize::new(0);
        threads.run(4, &|_| {
            arrived.fetch_add(1, Ordering::SeqCst);
            while arrived.load(Ordering::SeqCst) < 4 {
                std::thread::yield_now();
            }
        });
    }
}

#[test]
fn pauses_around_the_spinning_time_lose_no_wake_up() {
    let threads = Threads::new(3);
    for round in 0..3000u64 {
        let pause = Instant::now();
        while pause.elapsed() < Duration::from_micros(40 + round % 20) {
            std::hint::spin_loop();
        }
        let ran = counters(7);
        threads.run(7, &|i| {
            ran[i].fetch_add(1, Ordering::Relaxed);
        });
        assert_each_ran_once(&ran);
    }
}

#[test]
fn nested_runs_are_done_by_their_caller() {
    for count in [1, 2, 3, 8] {
        let threads = Threads::new(count);
        for _ in 0..200 {
            let ran = counters(8 * 5);
            threads.run(8, &|i| {
                threads.run(5, &|j| {
                    ran[i * 5 + j].fetch_add(1, Ordering::Relaxed);
                });
            });
            assert_each_ran_once(&ran);
        }
    }
}

#[test]
fn several_callers_share_one_pool() {
    for count in [2, 3, 8] {
        let threads = Threads::new(count);
        std::thread::scope(|scope| {
            for caller in 0..4 {
                let threads = threads.clone();
                scope.spawn(move || {
                    for round in 0..1000 {
                        let ran = counters((round + caller) % 17);
                        threads.run(ran.len(), &|i| {
                            ran[i].fetch_add(1, Ordering::Relaxed);
                        });
                        assert_each_ran_once(&ran);
                    }
                });
            }
        });
    }
}

#[test]
fn a_panic_reaches_the_caller_after_the_others_ran() {
    for count in [1, 2, 4, 8] {
        let threads = Threads::new(count);
        for round in 0..200 {
            let ran = counters(11);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                threads.run(11, &|i| {
                    ran[i].fetch_add(1, Ordering::Relaxed);
                    if i == round % 11 || i == 3 {
                        std::panic::resume_unwind(Box::new(i));
                    }
                });
            }));
            let payload = outcome.expect_err("the panic must come through");
            let index = *payload.downcast::<usize>().expect("with its payload");
            assert!(index == 3 || index == round % 11);
            assert_each_ran_once(&ran);
        }
        threads.run(4, &|_| {});
    }
}

#[test]
fn pools_come_and_go_quickly() {
    let start = Instant::now();
    for round in 0..300 {
        let threads = Threads::new(1 + round % 8);
        let clone = threads.clone();
        drop(threads);
        let sum = AtomicUsize::new(0);
        clone.run(round % 5, &|i| {
            sum.fetch_add(i + 1, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), (1..=round % 5).sum());
    }
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn parts_are_the_items_of_their_chunk() {
    let threads = Threads::new(3);
    for (rows, width) in [(0, 3), (1, 1), (7, 5), (1000, 2), (129, 0)] {
        let mut out = vec![0; rows * width];
        threads.for_each_part(split(rows, 2), &mut out, width, |range, part| {
            for (row, cells) in range.zip(part.chunks_exact_mut(width.max(1))) {
                cells.fill(row + 1);
            }
        });
        assert!(out.iter().enumerate().all(|(i, &cell)| cell == i / width + 1));
    }
}
