//! The precision of a program is that of its products, alone and with the pass that follows them.

use ferrograd_graph::evaluate::Cache;
use ferrograd_graph::ops::{matmul, mul, sub};
use ferrograd_graph::{Request, Shape, Tensor, compile};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::target::{Precision, Target};
use ferrograd_kernels::threads::Threads;
use ferrograd_kernels::tiles::Tiles;

const SIZE: usize = 256;

fn given(seed: f32) -> Tensor {
    let numbers: Vec<f32> = (0..SIZE * SIZE).map(|i| (seed + 12.9898 * i as f32).sin()).collect();
    Tensor::from_slice(Shape::new(&[SIZE, SIZE]), &numbers)
}

fn emulated(precision: Precision) -> Target {
    Target { isa: Isa::detect(), tiles: Tiles::EMULATED, precision }
}

/// The product of two matrices, and a descent along it.
fn outputs() -> [Tensor; 2] {
    let (a, b) = (given(1.0), given(2.0));
    let product = matmul(&a, &b, true, false).unwrap();
    let rate = Tensor::fill(Shape::new(&[]), a.dtype(), 0.5);
    [product.clone(), sub(&b, &mul(&rate, &matmul(&b, &a, true, false).unwrap()).unwrap()).unwrap()]
}

fn run(target: impl Into<Target>, threads: usize) -> Vec<Vec<f32>> {
    let request = Request { inputs: &[], outputs: &outputs(), updates: &[], guard: None };
    let values = compile(&request, target).unwrap().run(&[], &Threads::new(threads)).unwrap();
    values.iter().map(|memory| memory.as_slice::<f32>()[..SIZE * SIZE].to_vec()).collect()
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn each_level_is_as_far_from_float32_as_it_says() {
    let plain = run(Isa::detect(), 1);
    let far = Precision::ALL.map(|precision| run(emulated(precision), 1));
    for output in 0..2 {
        // Σ |a| · |b| is about a hundred; float32 itself is some 1e-4 off.
        let [highest, high, medium] = [0, 1, 2].map(|level| distance(&far[level][output], &plain[output]));
        assert!(highest > 0.0 && highest < 5e-4, "{output}: {highest}");
        assert!(high != highest && high < 4e-3, "{output}: {high}");
        assert!(medium > 4.0 * high && medium < 0.5, "{output}: {medium}");
    }
}

#[test]
fn threads_do_not_change_a_bit_of_any_level() {
    for precision in Precision::ALL {
        let serial = run(emulated(precision), 1);
        assert!(serial == run(emulated(precision), 3), "{precision:?}");
    }
}

#[test]
fn pending_tensors_have_a_program_for_each_precision() {
    let cache = Cache::new(usize::MAX);
    let value = |precision| {
        let tensors = [outputs()[0].clone()];
        let memory = cache.evaluate(&tensors, emulated(precision), &Threads::serial()).unwrap().remove(0);
        memory.as_slice::<f32>().to_vec()
    };
    let (highest, medium) = (value(Precision::Highest), value(Precision::Medium));
    assert!(highest != medium);
    assert!(highest == value(Precision::Highest) && medium == value(Precision::Medium));
}

/// The product alone, and the one whose parts the descent takes: both at the medium precision on vectors of pairs.
#[test]
fn vectors_of_pairs_serve_the_medium_level_alone() {
    let Some(tiles) = Tiles::pairs() else { return println!("skipped: this processor has no vdpbf16ps") };
    let at = |precision| Target { isa: Isa::Avx512, tiles, precision };
    let plain = run(Isa::Avx512, 1);
    for (medium, plain) in run(at(Precision::Medium), 1).iter().zip(&plain) {
        let medium = distance(medium, plain);
        assert!(medium > 5e-3 && medium < 0.5, "{medium}");
    }
    assert!(run(at(Precision::Medium), 1) == run(at(Precision::Medium), 3));
    assert!(run(at(Precision::High), 1) == plain && run(at(Precision::Highest), 2) == plain);
}
