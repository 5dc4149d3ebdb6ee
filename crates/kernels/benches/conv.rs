//! Convolutions against the machine: GF/s and the share of the measured peak, for the output and both gradients.
//!
//! `cargo bench -p ferrograd-kernels --bench conv [-- NAME] [--serial]`. One thread is timed by its own clock, so that a
//! busy machine disturbs little; two are timed by the wall's.

use ferrograd_kernels::conv::{
    AveragePool, Axis, ConvolutionFilter, ConvolutionInput, ConvolutionOutput, Geometry, MaxPool,
};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;
use std::hint::black_box;
use std::time::Instant;

#[path = "support/clock.rs"]
mod clock;
#[path = "support/peak.rs"]
mod peak;

/// Name, images, side of the square pictures, kernel, stride, channels, filters, groups; padded as `same` is.
type Case = (&'static str, usize, usize, usize, usize, usize, usize, usize);
const CASES: [Case; 9] = [
    ("3x3 32-64", 32, 28, 3, 1, 32, 64, 1),
    ("3x3 64-128", 32, 14, 3, 1, 64, 128, 1),
    ("3x3 16-16", 32, 32, 3, 1, 16, 16, 1),
    ("3x3 64-64 s2", 32, 16, 3, 2, 64, 64, 1),
    ("3x3 3-32", 32, 32, 3, 1, 3, 32, 1),
    ("5x5 1-6", 64, 28, 5, 1, 1, 6, 1),
    ("1x1 64-128", 32, 16, 1, 1, 64, 128, 1),
    ("3x3 depthwise 64", 32, 16, 3, 1, 64, 64, 64),
    ("3x3 256-256", 8, 8, 3, 1, 256, 256, 1),
];

fn axis(side: usize, kernel: usize, stride: usize) -> Axis {
    let output = side.div_ceil(stride);
    let padding = ((output - 1) * stride + kernel).saturating_sub(side);
    Axis { input: side, output, kernel, stride, dilation: 1, before: padding / 2 }
}

/// The seconds of one call, at the lower tenth of some.
fn tenth(seconds: fn() -> f64, mut run: impl FnMut()) -> f64 {
    run();
    let (start, mut all) = (Instant::now(), Vec::new());
    while start.elapsed().as_secs_f64() < 0.4 || all.len() < 5 {
        let round = seconds();
        run();
        all.push(seconds() - round);
    }
    all.sort_by(f64::total_cmp);
    all[all.len() / 10]
}

fn main() {
    let only = std::env::args().nth(1).filter(|a| !a.starts_with('-')).unwrap_or_default();
    let counts = if std::env::args().any(|a| a == "--serial") { 1..=1 } else { 1..=2 };
    let isa = Isa::detect();
    let peak = peak::gflops(isa);
    println!("peak of one thread, registers only: {peak:.0} GF/s");
    println!("{:18} threads  {:>22} {:>22} {:>22}", "convolution", "output", "input", "filter");
    for (name, images, side, kernel, stride, channels, filters, groups) in CASES {
        if !name.contains(&only) {
            continue;
        }
        let axis = axis(side, kernel, stride);
        let geometry = Geometry { images, axes: [Axis::NONE, axis, axis], channels, filters, groups };
        for count in counts.clone() {
            let flops = 2.0 * (geometry.output_len() * kernel * kernel * channels / groups) as f64;
            let parts = measure(geometry, isa, count).map(|seconds| {
                let rate = flops / seconds / 1e9;
                format!("{rate:5.1} {:3.0}% {:8.0} µs", 100.0 * rate / (peak * count as f64), seconds * 1e6)
            });
            println!("{name:18} {count:7}  {:>22} {:>22} {:>22}", parts[0], parts[1], parts[2]);
        }
    }
    pooling(isa);
}

/// The seconds of the output, the gradient of the input, the gradient of the filter.
fn measure(geometry: Geometry, isa: Isa, count: usize) -> [f64; 3] {
    let fill = |len: usize| (0..len).map(|i| (i % 17) as f32 - 8.0).collect::<Vec<f32>>();
    let (mut x, mut w, mut y) = (fill(geometry.input_len()), fill(geometry.filter_len()), fill(geometry.output_len()));
    let seconds = if count == 1 { clock::of_this_thread } else { clock::of_the_wall };
    let threads = Threads::new(count);
    let output = ConvolutionOutput::<f32>::new(geometry, isa).expect("valid sizes");
    let input = ConvolutionInput::<f32>::new(geometry, isa).expect("valid sizes");
    let filter = ConvolutionFilter::<f32>::new(geometry, isa).expect("valid sizes");
    let len = output.workspace_len().max(input.workspace_len()).max(filter.workspace_len());
    let mut space = vec![0.0; len];
    [
        tenth(seconds, || output.run(&threads, black_box(&x), &w, &mut y, &mut space)),
        tenth(seconds, || input.run(&threads, black_box(&y), &w, &mut x, &mut space)),
        tenth(seconds, || filter.run(&threads, black_box(&x), &y, &mut w, &mut space)),
    ]
}

/// Pooling by 2×2, against the bytes that it reads and writes.
fn pooling(isa: Isa) {
    let axis = Axis { input: 24, output: 12, kernel: 2, stride: 2, dilation: 1, before: 0 };
    let geometry = Geometry { images: 128, axes: [Axis::NONE, axis, axis], channels: 64, filters: 64, groups: 1 };
    let (max, average, threads) = (MaxPool::new(geometry, isa), AveragePool::new(geometry, isa), Threads::serial());
    let (x, mut y) = (vec![1.0f32; geometry.input_len()], vec![0.0f32; geometry.output_len()]);
    let (g, mut dx, (large, small)) = (x.clone(), x.clone(), (x.len(), y.len()));
    let time = |run: &mut dyn FnMut()| tenth(clock::of_this_thread, run);
    let rows = [
        ("max", time(&mut || max.output(&threads, black_box(&x), &mut y)), large + small),
        ("max, gradient", time(&mut || max.input(&threads, black_box(&x), &y, &mut dx)), 2 * large + small),
        ("max, numbers taken", time(&mut || max.taken(&threads, black_box(&x), &g, &mut y)), 2 * large + small),
        ("average", time(&mut || average.output(&threads, black_box(&x), &mut y)), large + small),
        ("average, gradient", time(&mut || average.input(&threads, black_box(&y), &mut dx)), large + small),
    ];
    for (name, seconds, len) in rows {
        let rate = 4e-9 * len as f64 / seconds;
        println!("pooling 2x2, 128x24x24x64: {name:18} {:8.0} µs ({rate:.1} GB/s)", seconds * 1e6);
    }
}
