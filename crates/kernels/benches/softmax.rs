//! Nanoseconds per element of softmax and its cross-entropy, one thread, the least of several batches.

use ferrograd_kernels::cross_entropy::SoftmaxCrossEntropy;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::random::{Key, Normal, fill};
use ferrograd_kernels::softmax::{Softmax, SoftmaxKind};
use ferrograd_kernels::threads::Threads;
use std::hint::black_box;
use std::time::Instant;

fn time(name: &str, n: usize, mut run: impl FnMut()) {
    let repeats = 1 + 50_000 / n.max(1);
    let mut batch = || {
        let start = Instant::now();
        (0..repeats).for_each(|_| run());
        start.elapsed().as_nanos() as f64 / (repeats * n) as f64
    };
    let least = (0..30).map(|_| batch()).fold(f64::INFINITY, f64::min);
    print!("  {name} {least:6.2}");
}

fn main() {
    println!("ns per element, f32");
    let threads = Threads::serial();
    for (rows, cols) in [(32, 3), (32, 10), (128, 10), (128, 64), (64, 1000), (2, 100_000)] {
        let n = rows * cols;
        let mut x = vec![0.0f32; n];
        fill(&Normal, &Key { seed: 1, stream: 1, step: 1 }, 0, Isa::detect(), &threads, &mut x);
        let labels: Vec<i32> = (0..rows).map(|r| (r % cols) as i32).collect();
        let (mut y, mut loss) = (vec![0.0f32; n], vec![0.0f32; rows]);
        for isa in Isa::available() {
            print!("{rows:4} × {cols:6} {isa:?}");
            let softmax = |kind| Softmax::new(rows, cols, kind, isa).expect("a small shape");
            let entropy = SoftmaxCrossEntropy::new(rows, cols, isa).expect("a small shape");
            time("softmax", n, || softmax(SoftmaxKind::Softmax).run(&threads, black_box(&x), &mut y, None));
            time("log", n, || softmax(SoftmaxKind::LogSoftmax).run(&threads, black_box(&x), &mut y, None));
            time("loss", n, || entropy.sparse_loss(&threads, black_box(&x), &labels, &mut loss).expect("good labels"));
            println!();
        }
    }
}
