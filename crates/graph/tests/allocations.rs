//! A step of a bound program allocates nothing, serial and with threads. One test alone in its process, so that
//! nobody else's allocations are counted.

#[path = "../../kernels/tests/support/counting.rs"]
mod counting;

#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod mlp;

use counting::{allocations, meet};
use ferrograd_graph::DType;
use ferrograd_kernels::exec::Base;
use ferrograd_kernels::threads::Threads;
use mlp::{Mlp, uniform};

#[test]
fn a_step_allocates_nothing() {
    // Wide enough that products and updates are shared among threads, and updates taken in by products.
    let (sizes, batch) = ([600, 500, 10], 128);
    for threads in [1, 2, 4].map(Threads::new) {
        for dtype in [DType::F32, DType::F64] {
            let program = Mlp::new(&sizes, dtype).program(batch);
            let mut arena = program.take_arena();
            let (mut locks, mut staging) = (program.lock(), program.staging());
            let inputs = staging.iter_mut().map(Base::Write);
            let mut running = program.bind(&mut arena, inputs, program.constants(), &mut locks);
            let x = uniform(dtype, batch * sizes[0], 1.0, 1);
            match dtype {
                DType::F64 => running.input::<f64>(0).copy_from_slice(x.as_slice()),
                _ => running.input::<f32>(0).copy_from_slice(x.as_slice()),
            }
            meet(&threads);
            running.step(&threads).expect("a finite loss");
            let before = allocations();
            for _ in 0..10 {
                running.step(&threads).expect("a finite loss");
            }
            assert_eq!(allocations() - before, 0, "{} threads, {dtype:?}", threads.count());
        }
    }
    drop(vec![0u8; 3]);
    assert!(allocations() > 10, "the counter counts");
}
