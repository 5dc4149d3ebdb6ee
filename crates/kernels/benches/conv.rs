//! Convolutions and pooling against the machine: GF/s and the share of the measured peak, for the output and both gradients.
//!
//! `cargo bench -p ferrograd-kernels --bench conv [-- NAME] [--serial]`. One thread is timed by its own clock, so that a
//! busy machine disturbs little; two are timed by the wall's. With `--ask` it answers lines `images side kernel stride
//! channels filters groups` with the microseconds of all three on one thread (`pool` in place of groups: of max pooling
//! and its gradient): `bench/conv_vs_pytorch.py` asks both sides in turn.

use ferrograd_kernels::conv::{
    AveragePool, Axis, ConvolutionFilter, ConvolutionInput, ConvolutionOutput, Geometry, MaxPool,
};
use ferrograd_kernels::gemm::Activation;
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
const CASES: [Case; 18] = [
    ("LeNet 5x5 1-6", 64, 28, 5, 1, 1, 6, 1),
    ("LeNet 5x5 6-16", 64, 14, 5, 1, 6, 16, 1),
    ("convnet 3x3 1-32", 128, 28, 3, 1, 1, 32, 1),
    ("convnet 3x3 32-64", 128, 13, 3, 1, 32, 64, 1),
    ("ResNet 3x3 3-16", 64, 32, 3, 1, 3, 16, 1),
    ("ResNet 3x3 16-16", 64, 32, 3, 1, 16, 16, 1),
    ("ResNet 3x3 16-32 s2", 64, 32, 3, 2, 16, 32, 1),
    ("ResNet 3x3 32-32", 64, 16, 3, 1, 32, 32, 1),
    ("ResNet 3x3 64-64", 64, 8, 3, 1, 64, 64, 1),
    ("3x3 32-64", 32, 28, 3, 1, 32, 64, 1),
    ("3x3 64-128", 32, 14, 3, 1, 64, 128, 1),
    ("3x3 256-256", 8, 8, 3, 1, 256, 256, 1),
    ("1x1 64-128", 32, 16, 1, 1, 64, 128, 1),
    ("depthwise 3x3 32", 64, 32, 3, 1, 32, 32, 32),
    ("depthwise 3x3 64", 64, 16, 3, 1, 64, 64, 64),
    ("depthwise 3x3 128", 64, 16, 3, 1, 128, 128, 128),
    ("depthwise 3x3 64 s2", 64, 16, 3, 2, 64, 64, 64),
    ("depthwise 5x5 96", 32, 14, 5, 1, 96, 96, 96),
];

/// Name, images, side, window, stride, channels.
const POOLS: [(&str, usize, usize, usize, usize, usize); 3] =
    [("pool 2x2 6", 64, 28, 2, 2, 6), ("pool 2x2 64", 128, 24, 2, 2, 64), ("pool 3x3 s2 64", 32, 28, 3, 2, 64)];

fn axis(side: usize, kernel: usize, stride: usize) -> Axis {
    let output = side.div_ceil(stride);
    let padding = ((output - 1) * stride + kernel).saturating_sub(side);
    Axis { input: side, output, kernel, stride, dilation: 1, before: padding / 2 }
}

fn square(images: usize, axis: Axis, channels: usize, filters: usize, groups: usize) -> Geometry {
    Geometry { images, axes: [Axis::NONE, axis, axis], channels, filters, groups }
}

/// The seconds of one call, at the lower tenth of some.
fn tenth(seconds: fn() -> f64, mut run: impl FnMut()) -> f64 {
    run();
    let (start, mut all) = (Instant::now(), Vec::new());
    while start.elapsed().as_secs_f64() < 0.2 || all.len() < 5 {
        let round = seconds();
        run();
        all.push(seconds() - round);
    }
    all.sort_by(f64::total_cmp);
    all[all.len() / 10]
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args.iter().any(|arg| arg == "--ask") {
        return std::io::stdin().lines().for_each(|line| answer(&line.expect("text")));
    }
    let only = args.get(1).filter(|arg| !arg.starts_with('-')).cloned().unwrap_or_default();
    let most = if args.iter().any(|arg| arg == "--serial") { 1 } else { 2 };
    let isa = Isa::detect();
    let peak = peak::gflops(isa);
    println!("peak of one thread, registers only: {peak:.0} GF/s");
    println!("{:22} threads  {:>22} {:>22} {:>22}", "convolution", "output", "input", "filter");
    for (name, images, side, kernel, stride, channels, filters, groups) in CASES {
        if name.contains(&only) {
            let geometry = square(images, axis(side, kernel, stride), channels, filters, groups);
            (1..=most).for_each(|count| report(name, geometry, isa, count, peak));
        }
    }
    for (name, images, side, window, stride, channels) in POOLS {
        if name.contains(&only) {
            report_pool(name, square(images, axis(side, window, stride), channels, channels, 1), isa);
        }
    }
}

/// One line of the table.
fn report(name: &str, geometry: Geometry, isa: Isa, count: usize, peak: f64) {
    let parts = measure(geometry, isa, count).map(|seconds| {
        let rate = geometry.flops() / seconds / 1e9;
        format!("{rate:5.1} {:3.0}% {:8.0} µs", 100.0 * rate / (peak * count as f64), seconds * 1e6)
    });
    println!("{name:22} {count:7}  {:>22} {:>22} {:>22}", parts[0], parts[1], parts[2]);
}

/// Pooling, against the bytes that it reads and writes.
fn report_pool(name: &str, geometry: Geometry, isa: Isa) {
    let (x, y) = (geometry.input_len(), geometry.output_len());
    let parts = ["max", "max, gradient", "max, numbers taken", "average", "average, gradient"];
    let lens = [x + y, 2 * x + y, 2 * x + y, x + y, x + y];
    for ((part, seconds), len) in parts.iter().zip(measure_pool(geometry, isa)).zip(lens) {
        let rate = 4e-9 * len as f64 / seconds;
        println!("{name:22} {part:18} {:8.0} µs ({rate:.1} GB/s)", seconds * 1e6);
    }
}

/// Answers one line.
fn answer(line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |i: usize| words[i].parse().expect("an integer");
    let axis = axis(number(1), number(2), number(3));
    let seconds = match words[6] {
        "pool" => measure_pool(square(number(0), axis, number(4), number(5), 1), Isa::detect())[..2].to_vec(),
        _ => measure(square(number(0), axis, number(4), number(5), number(6)), Isa::detect(), 1).to_vec(),
    };
    println!("{}", seconds.iter().map(|seconds| format!("{:.2}", seconds * 1e6)).collect::<Vec<_>>().join(" "));
}

fn fill(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i * 7 % 17) as f32 - 8.0).collect()
}

/// The seconds of the output, the gradient of the input, the gradient of the filter.
fn measure(geometry: Geometry, isa: Isa, count: usize) -> [f64; 3] {
    let (mut x, mut w, mut y) = (fill(geometry.input_len()), fill(geometry.filter_len()), fill(geometry.output_len()));
    let seconds = if count == 1 { clock::of_this_thread } else { clock::of_the_wall };
    let threads = Threads::new(count);
    let output = ConvolutionOutput::<f32>::new(geometry, false, Activation::None, isa).expect("valid sizes");
    let input = ConvolutionInput::<f32>::new(geometry, isa).expect("valid sizes");
    let filter = ConvolutionFilter::<f32>::new(geometry, isa).expect("valid sizes");
    let len = output.workspace_len().max(input.workspace_len()).max(filter.workspace_len());
    let mut space = vec![0.0; len];
    [
        tenth(seconds, || output.run(&threads, (black_box(&x), &w, None), &mut y, &mut space, None)),
        tenth(seconds, || input.run(&threads, (black_box(&y), &w), &mut x, &mut space, None)),
        tenth(seconds, || filter.run(&threads, black_box(&x), &y, &mut w, &mut space)),
    ]
}

/// The seconds of max pooling, its gradient, the numbers taken at its places; of average pooling and its gradient: on one
/// thread.
fn measure_pool(geometry: Geometry, isa: Isa) -> [f64; 5] {
    let (max, average, threads) = (MaxPool::new(geometry, isa), AveragePool::new(geometry, isa), Threads::serial());
    let (x, mut y) = (fill(geometry.input_len()), fill(geometry.output_len()));
    let (g, mut dx) = (x.clone(), x.clone());
    let time = |run: &mut dyn FnMut()| tenth(clock::of_this_thread, run);
    [
        time(&mut || max.output(&threads, black_box(&x), &mut y)),
        time(&mut || max.input(&threads, (black_box(&x), &y), &mut dx, None)),
        time(&mut || max.taken(&threads, black_box(&x), &g, &mut y)),
        time(&mut || average.output(&threads, black_box(&x), &mut y)),
        time(&mut || average.input(&threads, black_box(&y), &mut dx)),
    ]
}
