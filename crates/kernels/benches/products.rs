//! Products of training steps against the machine: GF/s and the share of the measured peak.
//!
//! `cargo bench -p ferrograd-kernels --bench products [-- NAME] [--serial] [--medium]`. Each product is measured twice: over the same
//! operands again and again (`warm`), and with its operands taken in turn from a ring that is larger than the
//! second-level cache, as in a step where other kernels have run between (`ring`). One thread is timed by its own
//! clock, so that a busy machine disturbs little; two are timed by the wall's.

use ferrograd_kernels::gemm::{EpilogueSpec, Gemm, GemmShape, Operand};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::target::{Precision, Target};
use ferrograd_kernels::threads::Threads;
use std::hint::black_box;
use std::time::Instant;

#[path = "support/clock.rs"]
mod clock;
#[path = "support/peak.rs"]
mod peak;

/// Bytes of operands that a ring goes around.
const RING: usize = 12 << 20;

/// Net, rows, columns, depth, layout: `tn` reads `a` transposed.
const PRODUCTS: [(&str, usize, usize, usize, &str); 35] = [
    ("784-10-10 b32", 32, 10, 784, "nn"),
    ("784-10-10 b32", 784, 10, 32, "tn"),
    ("784-128-10 b32", 32, 128, 784, "nn"),
    ("784-128-10 b32", 784, 128, 32, "tn"),
    ("784-128-10 b32", 32, 10, 128, "nn"),
    ("784-128-10 b32", 32, 128, 10, "nt"),
    ("784-512-512-10 b128", 128, 512, 784, "nn"),
    ("784-512-512-10 b128", 128, 512, 512, "nn"),
    ("784-512-512-10 b128", 128, 512, 512, "nt"),
    ("784-512-512-10 b128", 512, 512, 128, "tn"),
    ("784-512-512-10 b128", 784, 512, 128, "tn"),
    ("784-512-512-10 b128", 128, 10, 512, "nn"),
    ("784-512-512-10 b128", 512, 10, 128, "tn"),
    ("784-512-512-10 b128", 128, 512, 10, "nt"),
    ("predict b1", 1, 128, 784, "nn"),
    ("predict b1024", 1024, 128, 784, "nn"),
    ("tabular b1024", 1024, 256, 32, "nn"),
    ("tabular b1024", 1024, 128, 256, "nn"),
    ("tabular b1024", 256, 128, 1024, "tn"),
    ("tabular b1024", 1024, 256, 128, "nt"),
    ("tabular b1024", 32, 256, 1024, "tn"),
    ("encoder d 128", 1024, 128, 128, "nn"),
    ("encoder d 128", 1024, 512, 128, "nn"),
    ("encoder d 128", 1024, 128, 512, "nn"),
    ("encoder d 128", 1024, 128, 512, "nt"),
    ("encoder d 128", 128, 512, 1024, "tn"),
    ("encoder d 128", 512, 128, 1024, "tn"),
    ("head of 64 steps", 64, 32, 64, "tn"),
    ("LSTM 128", 32, 512, 128, "nn"),
    ("LSTM 128", 32, 128, 512, "nt"),
    ("wide b256", 256, 4096, 1024, "nn"),
    ("wide b256", 256, 4096, 4096, "nn"),
    ("wide b256", 256, 4096, 4096, "nt"),
    ("wide b256", 4096, 4096, 256, "tn"),
    ("wide b256", 1024, 4096, 256, "tn"),
];

struct Operands {
    a: Vec<f32>,
    b: Vec<f32>,
    c: Vec<f32>,
}

/// The seconds of one call, at the lower tenth of rounds of about half a millisecond.
fn tenth(seconds: fn() -> f64, mut run: impl FnMut(usize)) -> f64 {
    let start = seconds();
    run(0);
    let calls = (5e-4 / (seconds() - start)).clamp(1.0, 1e5) as usize;
    let (start, mut all, mut turn) = (Instant::now(), Vec::new(), 1);
    while start.elapsed().as_secs_f64() < 0.25 || turn < 4 {
        let round = seconds();
        for _ in 0..calls {
            run(turn);
            turn += 1;
        }
        all.push((seconds() - round) / calls as f64);
    }
    all.sort_by(f64::total_cmp);
    all[all.len() / 10]
}

fn aligned(buffer: &[f32]) -> usize {
    buffer.as_ptr().align_offset(64)
}

fn main() {
    let only = std::env::args().nth(1).filter(|a| !a.starts_with('-')).unwrap_or_default();
    let counts = if std::env::args().any(|a| a == "--serial") { 1..=1 } else { 1..=2 };
    let medium = std::env::args().any(|a| a == "--medium");
    let precision = if medium { Precision::Medium } else { Precision::Highest };
    let target = Target::detect().with_precision(precision);
    println!("precision {}, unit for bfloat16: {}", precision.name(), target.tiles.name());
    let peak = peak::gflops(Isa::detect());
    println!("peak of one thread, registers only: {peak:.0} GF/s");
    println!("{:22}{:>24}  threads   warm GF/s  of peak   ring GF/s  of peak        µs", "net", "product");
    for (net, rows, cols, depth, layout) in PRODUCTS {
        let name = format!("{rows}x{cols}x{depth} {layout}");
        if !format!("{net} {name}").contains(&only) {
            continue;
        }
        for count in counts.clone() {
            let (warm, ring) = product((rows, cols, depth), layout, count, target);
            let rate = |seconds: f64| 2.0 * (rows * cols * depth) as f64 / seconds / 1e9;
            let share = |seconds: f64| 100.0 * rate(seconds) / (peak * count as f64);
            println!(
                "{net:22}{name:>24}  {count:7}  {:10.1}  {:6.0}%  {:10.1}  {:6.0}%  {:8.1}",
                rate(warm),
                share(warm),
                rate(ring),
                share(ring),
                ring * 1e6
            );
        }
    }
}

/// The seconds of one product over the same operands, and around the ring.
fn product((rows, cols, depth): (usize, usize, usize), layout: &str, count: usize, target: Target) -> (f64, f64) {
    let a = if layout.starts_with('t') { Operand::row_major(rows).transposed() } else { Operand::row_major(depth) };
    let b = if layout.ends_with('t') { Operand::row_major(depth).transposed() } else { Operand::row_major(cols) };
    let shape = GemmShape { rows, cols, depth, a, b, c_row_stride: cols };
    let gemm = Gemm::<f32>::new(shape, EpilogueSpec::default(), target).expect("row-major shapes");
    let bytes = 4 * (rows * depth + depth * cols + rows * cols);
    let fill = |len: usize| (0..len + 16).map(|i| (i % 17) as f32 - 8.0).collect::<Vec<f32>>();
    let copies = (RING / bytes).clamp(1, 4096) + 1;
    let mut ring: Vec<Operands> =
        (0..copies).map(|_| Operands { a: fill(rows * depth), b: fill(depth * cols), c: fill(rows * cols) }).collect();
    let seconds = if count == 1 { clock::of_this_thread } else { clock::of_the_wall };
    let mut workspace = vec![0.0; gemm.workspace_len()];
    let threads = Threads::new(count);
    let mut run = |set: &mut Operands| {
        let (i, j, k) = (aligned(&set.a), aligned(&set.b), aligned(&set.c));
        gemm.run(&threads, black_box(&set.a[i..]), &set.b[j..], None, &mut set.c[k..], &mut workspace);
    };
    let warm = tenth(seconds, |_| run(&mut ring[0]));
    (warm, tenth(seconds, |turn| run(&mut ring[turn % copies])))
}
