//! A step of a bound program allocates nothing, serial and with threads. One test alone in its process, so that
//! nobody else's allocations are counted.
#![allow(unsafe_code, reason = "a counting allocator is an unsafe trait")]

#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod mlp;

use ferrograd_graph::{DType, Feed};
use ferrograd_kernels::threads::Threads;
use mlp::{Mlp, uniform};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// Safety: everything is the system's allocator's; counting touches no memory of its.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // Safety: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // Safety: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // Safety: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns when every thread of the pool has begun: starting one allocates.
fn meet(threads: &Threads) {
    let arrived = AtomicUsize::new(0);
    threads.run(threads.count(), &|_| {
        arrived.fetch_add(1, Ordering::SeqCst);
        while arrived.load(Ordering::SeqCst) < threads.count() {
            std::thread::yield_now();
        }
    });
}

#[test]
fn a_step_allocates_nothing() {
    // Wide enough that products and updates are shared among threads.
    let (sizes, batch) = ([300, 400, 10], 128);
    for threads in [1, 2, 4].map(Threads::new) {
        for dtype in [DType::F32, DType::F64] {
            let program = Mlp::new(&sizes, dtype).program(batch, Feed::Arena);
            let mut arena = program.take_arena();
            let mut locks = program.lock();
            let mut running = program.bind(&mut arena, &[], program.constants(), &mut locks);
            let x = uniform(dtype, batch * sizes[0], 1.0, 1);
            match dtype {
                DType::F64 => running.input::<f64>(0).copy_from_slice(x.as_slice()),
                _ => running.input::<f32>(0).copy_from_slice(x.as_slice()),
            }
            meet(&threads);
            running.step(&threads).expect("a finite loss");
            let before = ALLOCATIONS.load(Ordering::Relaxed);
            for _ in 0..10 {
                running.step(&threads).expect("a finite loss");
            }
            assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0, "{} threads, {dtype:?}", threads.count());
        }
    }
    drop(vec![0u8; 3]);
    assert!(ALLOCATIONS.load(Ordering::Relaxed) > 10, "the counter counts");
}
