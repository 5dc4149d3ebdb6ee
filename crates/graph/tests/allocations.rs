//! A step of a bound program allocates nothing, serial and with threads, on every instruction set and at every precision
//! of products. One test alone in its process, so that nobody else's allocations are counted.

#[path = "../../kernels/tests/support/counting.rs"]
mod counting;

#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod mlp;
#[path = "support/targets.rs"]
mod targets;

use counting::{allocations, meet};
use ferrograd_graph::DType;
use ferrograd_kernels::exec::Base;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use ferrograd_kernels::tiles::Tiles;
use mlp::{Mlp, uniform};
use targets::{sets, units};

/// Steps of a network large enough that its products are shared among threads, and go by the target's unit for bfloat16.
fn check(target: Target, dtype: DType, (sizes, batch): ([usize; 3], usize)) {
    let program = Mlp::new(&sizes, dtype).program(batch, target);
    let mut arena = program.take_arena().unwrap();
    let (mut locks, mut staging) = (program.lock().unwrap(), program.staging().unwrap());
    let inputs = staging.iter_mut().map(Base::Write);
    let mut running = program.bind(&mut arena, inputs, program.constants(), &mut locks, &Threads::serial()).unwrap();
    let x = uniform(dtype, batch * sizes[0], 1.0, 1);
    match dtype {
        DType::F64 => running.input::<f64>(0).copy_from_slice(x.as_slice()),
        _ => running.input::<f32>(0).copy_from_slice(x.as_slice()),
    }
    for count in [1, 2, 4] {
        let threads = Threads::new(count);
        meet(&threads);
        running.step(&threads).expect("a finite loss");
        let before = allocations();
        for _ in 0..2 {
            running.step(&threads).expect("a finite loss");
        }
        assert_eq!(allocations() - before, 0, "{count} threads, {dtype:?}");
    }
}

#[test]
fn a_step_allocates_nothing() {
    // Updates are taken in by products of this size. Tiles in software are slow, and products by tiles are stored.
    let (wide, tiled) = (([600, 500, 10], 128), ([200, 320, 10], 200));
    sets().for_each(|target| check(target, DType::F64, wide));
    sets().for_each(|target| check(target, DType::F32, wide));
    units().for_each(|target| check(target, DType::F32, if target.tiles == Tiles::EMULATED { tiled } else { wide }));
    drop(vec![0u8; 3]);
    assert!(allocations() > 10, "the counter counts");
}
