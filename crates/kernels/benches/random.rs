//! Nanoseconds per random number, one thread, the least of several batches.

use ferrograd_kernels::element::{Element, Truth};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::random::*;
use ferrograd_kernels::threads::Threads;
use std::time::Instant;

const N: usize = 1 << 16;

fn time<T: Element, D: Distribution<T>>(name: &str, distribution: &D) {
    let mut out = vec![T::default(); N];
    let key = Key { seed: 1, stream: 2, step: 3 };
    print!("{name:24}");
    for isa in Isa::available() {
        let batch = |_| {
            let start = Instant::now();
            fill(distribution, &key, 0, isa, &Threads::serial(), std::hint::black_box(&mut out));
            start.elapsed().as_nanos() as f64 / N as f64
        };
        print!("  {isa:?} {:6.2}", (0..40).map(batch).fold(f64::INFINITY, f64::min));
    }
    println!();
}

fn main() {
    println!("ns per element, {N} elements");
    time::<f32, _>("uniform f32", &Uniform);
    time::<f64, _>("uniform f64", &Uniform);
    time::<f32, _>("normal f32", &Normal);
    time::<f64, _>("normal f64", &Normal);
    time::<f32, _>("truncated normal f32", &TruncatedNormal);
    time::<f64, _>("truncated normal f64", &TruncatedNormal);
    time::<i32, _>("integers", &Integers::new(0, 10).expect("an interval"));
    time::<Truth, _>("mask bool", &Bernoulli::new(0.5).expect("a probability"));
    time::<f32, _>("dropout f32", &Dropout::new(0.5).expect("a probability"));
    let start = Instant::now();
    std::hint::black_box(permutation(1, 2, 60_000));
    println!("permutation of 60000: {:.2} ns per element", start.elapsed().as_nanos() as f64 / 60_000.0);
}
