//! Rates of the matrix product: reads lines `rows cols depth layout threads` and answers each with GF/s, median
//! and best.
//!
//! `layout` is `nn`, `tn`, `nt` or `tt`: whether `a` and `b` are stored transposed. The script
//! `bench/gemm_vs_openblas.py` talks to this, turn by turn with NumPy.

use ferrograd_kernels::gemm::{EpilogueSpec, Gemm, GemmShape, Operand};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;
use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

/// Elements of a cache line.
const LINE: usize = 16;

/// How long one answer may measure.
const BUDGET: Duration = Duration::from_millis(60);

fn main() -> io::Result<()> {
    let isa = match std::env::args().nth(1).as_deref() {
        Some("portable") => Isa::Portable,
        Some("avx2") => Isa::Avx2,
        Some("avx512") => Isa::Avx512,
        Some(_) | None => Isa::detect(),
    };
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [rows, cols, depth, layout, threads] = words[..] else {
            println!("expected: rows cols depth layout threads");
            continue;
        };
        let number = |word: &str| word.parse().map_err(io::Error::other);
        let (median, best) = rates((number(rows)?, number(cols)?, number(depth)?), layout, number(threads)?, isa);
        println!("{median:.2} {best:.2}");
        io::stdout().flush()?;
    }
    Ok(())
}

/// The part of a buffer that starts at a cache line, as an arena's tensors do.
fn aligned(buffer: &mut [f32]) -> &mut [f32] {
    let start = buffer.as_ptr().align_offset(4 * LINE);
    let len = buffer.len() - LINE;
    &mut buffer[start..start + len]
}

/// The median and the best rate of a product, in GF/s.
fn rates((rows, cols, depth): (usize, usize, usize), layout: &str, threads: usize, isa: Isa) -> (f64, f64) {
    let a = if layout.starts_with('t') { Operand::row_major(rows).transposed() } else { Operand::row_major(depth) };
    let b = if layout.ends_with('t') { Operand::row_major(depth).transposed() } else { Operand::row_major(cols) };
    let shape = GemmShape { rows, cols, depth, a, b, c_row_stride: cols };
    let gemm = Gemm::<f32>::new(shape, EpilogueSpec::default(), isa).expect("row-major shapes are valid");
    let (mut x, mut w) = (vec![0.0; rows * depth + LINE], vec![0.0; depth * cols + LINE]);
    let (mut y, mut workspace) = (vec![0.0; rows * cols + LINE], vec![0.0; gemm.workspace_len()]);
    let (x, w, y) = (aligned(&mut x), aligned(&mut w), aligned(&mut y));
    x.iter_mut().enumerate().for_each(|(i, x)| *x = (i % 17) as f32 - 8.0);
    w.iter_mut().enumerate().for_each(|(i, w)| *w = (i % 13) as f32 - 6.0);
    let threads = Threads::new(threads);
    let mut run = || gemm.run(&threads, x, w, None, y, &mut workspace);
    let (median, best) = nanoseconds(&mut run);
    let flops = 2.0 * (rows * cols * depth) as f64;
    (flops / median, flops / best)
}

/// The median and the least over batches of calls, each batch long enough for the clock.
fn nanoseconds(run: &mut impl FnMut()) -> (f64, f64) {
    let start = Instant::now();
    run();
    let calls = (20_000 / start.elapsed().as_nanos().max(1) as usize).max(1);
    let mut times = Vec::new();
    while start.elapsed() < BUDGET || times.len() < 3 {
        let batch = Instant::now();
        (0..calls).for_each(|_| run());
        times.push(batch.elapsed().as_nanos() as f64 / calls as f64);
    }
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[0])
}
