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
use ferrograd_graph::gradient::gradient;
use ferrograd_graph::ops::{Pool, Steps, convolution, max_pool, mean, relu, sum};
use ferrograd_graph::{DType, Program, Request, Shape, Spec, Tensor, compile};
use ferrograd_kernels::exec::Base;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use ferrograd_kernels::tiles::Tiles;
use mlp::{Mlp, uniform};
use targets::{sets, units};

/// Steps of a network large enough that its products are shared among threads, and go by the target's unit for bfloat16.
fn check(target: Target, dtype: DType, (sizes, batch): ([usize; 3], usize)) {
    check_steps(&Mlp::new(&sizes, dtype).program(batch, target), dtype, batch * sizes[0]);
}

/// Steps of a program with one input of so many numbers.
fn check_steps(program: &Program, dtype: DType, size: usize) {
    let mut arena = program.take_arena().unwrap();
    let (mut locks, mut staging) = (program.lock().unwrap(), program.staging().unwrap());
    let inputs = staging.iter_mut().map(Base::Write);
    let mut running = program.bind(&mut arena, inputs, program.constants(), &mut locks, &Threads::serial()).unwrap();
    let x = uniform(dtype, size, 1.0, 1);
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

/// Convolutions that end with normalisation, a residual and an activation, statistics, a slope and its sums; pooling.
fn check_endings(target: Target, dtype: DType) {
    let x = Tensor::placeholder(Spec::new([4, 24, 25, 8], dtype));
    let padded = Steps { padding: vec![(1, 1); 2], ..Steps::plain(2) };
    let weights = |shape: &[usize]| {
        let spec = Spec::new(Shape::new(shape), dtype);
        Tensor::value(spec, std::sync::Arc::new(uniform(dtype, shape.iter().product(), 0.1, 3)))
    };
    let convolved = |x: &Tensor, w: &[usize]| convolution(x, &weights(w), &padded, 1).unwrap();
    let y = relu(&(convolved(&x, &[3, 3, 8, 8]) + &x)).unwrap();
    let z = convolved(&y, &[3, 3, 8, 17]);
    let centred = &z - mean(&z, &[0, 1, 2], true).unwrap();
    let scaled = relu(&(convolved(&centred, &[3, 3, 17, 40]) * weights(&[40]))).unwrap();
    let pool = Pool { sizes: vec![2, 2], steps: Steps { strides: vec![2, 2], ..Steps::plain(2) } };
    let loss = sum(&max_pool(&scaled, &pool).unwrap(), &[0, 1, 2, 3], false).unwrap();
    let slope = gradient(&loss, std::slice::from_ref(&x), None).unwrap().remove(0).unwrap();
    let request = Request { inputs: &[x], outputs: &[loss, slope], updates: &[], guard: None };
    let program = compile(&request, target).unwrap();
    let ended = program.kernels().iter().filter(|kernel| kernel.detail.contains(", then ")).count();
    assert!(ended >= 5, "{:?}", program.kernels());
    check_steps(&program, dtype, 4 * 24 * 25 * 8);
}

#[test]
fn a_step_allocates_nothing() {
    // Updates are taken in by products of this size. Tiles in software are slow, and products by tiles are stored.
    let (wide, tiled) = (([600, 500, 10], 128), ([200, 320, 10], 200));
    sets().for_each(|target| check(target, DType::F64, wide));
    sets().for_each(|target| check(target, DType::F32, wide));
    for target in sets() {
        [DType::F32, DType::F64].into_iter().for_each(|dtype| check_endings(target, dtype));
    }
    units().for_each(|target| check(target, DType::F32, if target.tiles == Tiles::EMULATED { tiled } else { wide }));
    drop(vec![0u8; 3]);
    assert!(allocations() > 10, "the counter counts");
}
