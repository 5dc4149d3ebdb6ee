//! The kernels that move, look up and join numbers, each beside `memcpy` of as many bytes, in turn in the same run.
//!
//! `cargo bench -p ferrograd-kernels --bench kernels [-- NAME]`, one thread. Rates count the bytes of all operands once,
//! those of `memcpy` its two sides, so 100 % is what a kernel reaches that does next to nothing with its numbers.
//! *Cached*: arrays of 128 KB, a few of which fit the second-level cache; *memory*: of 16 MB.

use ferrograd_kernels::arg::{ArgExtreme, Extreme};
use ferrograd_kernels::convert::convert;
use ferrograd_kernels::copy::{StridedCopy, fill, iota};
use ferrograd_kernels::cross_entropy::{SoftmaxCrossEntropy, sigmoid_cross_entropy};
use ferrograd_kernels::element::Element;
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::finite::first_non_finite;
use ferrograd_kernels::fourier::{Fourier, Frames, InverseRealFourier, RealFourier, ShortFourier};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::math::Cast;
use ferrograd_kernels::random::{Key, Normal, permute};
use ferrograd_kernels::recurrence::Recurrence;
use ferrograd_kernels::rows::{GatherAxis, GatherRows, OneHot, ScatterRows, check_indices};
use ferrograd_kernels::scan::{Join, Scan};
use ferrograd_kernels::softmax::{Softmax, SoftmaxKind};
use ferrograd_kernels::sort::{Direction, Sort, TopK};
use ferrograd_kernels::threads::Threads;
use race::race;
use std::hint::black_box;

#[path = "support/race.rs"]
mod race;

/// Elements of an array, of four bytes each.
const SIZES: [usize; 2] = [1 << 15, 1 << 22];
/// Columns of the matrices.
const COLS: usize = 256;
/// Columns of matrices with short rows, as of classes.
const FEW: usize = 16;

/// A kernel's rate and that of `memcpy`, in GB/s, at each size.
struct Row {
    name: String,
    rates: Vec<[f64; 2]>,
}

struct Bench {
    only: String,
    rows: Vec<Row>,
    serial: Threads,
    isa: Isa,
}

impl Bench {
    /// Times `run`, which goes over `bytes`.
    fn row(&mut self, name: &str, bytes: usize, mut run: impl FnMut(&Threads)) {
        if !name.contains(&self.only) {
            return;
        }
        let (from, mut to) = (Memory::from_slice(&vec![1u8; bytes / 2]), Memory::zeroed(bytes / 2));
        let mut copy = || black_box(to.as_mut_slice::<u8>()).copy_from_slice(black_box(from.as_slice()));
        let times = race([&mut || run(&self.serial), &mut copy]);
        let rates = times.map(|nanoseconds| bytes as f64 / nanoseconds);
        match self.rows.iter_mut().find(|row| row.name == name) {
            Some(row) => row.rates.push(rates),
            None => self.rows.push(Row { name: name.to_owned(), rates: vec![rates] }),
        }
    }

    fn print(&self) {
        println!("| kernel | cached, GB/s | of memcpy | memory, GB/s | of memcpy |\n|---|---:|---:|---:|---:|");
        for Row { name, rates } in &self.rows {
            let cells = rates.iter().map(|[ours, copy]| format!(" {ours:.1} | {:.0} % |", 100.0 * ours / copy));
            println!("| {name} |{}", cells.collect::<String>());
        }
    }
}

/// Normal numbers.
fn numbers(len: usize) -> Vec<f32> {
    let mut numbers = vec![0.0; len];
    let key = Key { seed: 1, stream: 2, step: 3 };
    ferrograd_kernels::random::fill(&Normal, &key, 0, Isa::detect(), &Threads::serial(), &mut numbers);
    numbers
}

/// Indices below `limit` in no order.
fn indices(len: usize, limit: usize) -> Vec<i32> {
    let mut order = vec![0; len];
    permute(1, 2, &mut order);
    order.into_iter().map(|i| (i as usize % limit) as i32).collect()
}

fn fills(bench: &mut Bench, n: usize) {
    let mut y = vec![0.0f32; n];
    bench.row("fill", 4 * n, |serial| fill(serial, 1.5, black_box(&mut y)));
    bench.row("iota", 4 * n, |serial| iota(serial, 0.0, 0.5, black_box(&mut y)));
}

/// Copies `shape` out of an array of `n` by strides into a contiguous one.
fn copy(bench: &mut Bench, name: &str, n: usize, shape: &[usize], strides: &[isize], offset: usize) {
    let (len, x) = (shape.iter().product(), numbers(n));
    let mut y = vec![0.0f32; len];
    let to = ferrograd_kernels::copy::row_major(shape);
    let copy = StridedCopy::new(shape, (strides, offset, n), (&to, 0, len)).expect("strides inside the array");
    let read: usize = shape.iter().zip(strides).map(|(&len, &stride)| if stride == 0 { 1 } else { len }).product();
    bench.row(name, 4 * (read + len), |serial| copy.run(serial, black_box(&x), black_box(&mut y)));
}

fn copies(bench: &mut Bench, n: usize) {
    let (rows, row) = (n / COLS, COLS as isize);
    let memory = Memory::from_slice(&numbers(n));
    bench.row("copy of memory", 8 * n, |serial| {
        black_box(memory.try_clone_by(serial).expect("room for a copy"));
    });
    copy(bench, "copy", n, &[n], &[1], 0);
    copy(bench, "slice, 200 of 256 columns", n, &[rows, 200], &[row, 1], 20);
    copy(bench, "slice, each second column", n, &[rows, COLS / 2], &[row, 2], 0);
    copy(bench, "flip of columns", n, &[rows, COLS], &[row, -1], COLS - 1);
    copy(bench, "broadcast of a row", COLS, &[rows, COLS], &[0, 1], 0);
    copy(bench, "broadcast of a column", rows, &[rows, COLS], &[1, 0], 0);
    copy(bench, "transpose, 256 columns", n, &[COLS, rows], &[1, row], 0);
    copy(bench, "transpose, 16 columns", n, &[FEW, n / FEW], &[1, FEW as isize], 0);
    // (batch, tokens, heads, width) to (batch, heads, tokens, width)
    let (heads, width) = (8, COLS / 8);
    copy(bench, "transpose of heads", n, &[rows / 64, heads, 64, width], &[64 * row, width as isize, row, 1], 0);
}

fn conversion<S: Element + Cast, D: Element + Cast>(bench: &mut Bench, n: usize) {
    let (mut x, mut y) = (vec![S::default(); n], vec![D::default(); n]);
    convert(&Threads::serial(), &numbers(n), &mut x);
    let name = format!("convert, {} to {}", S::DTYPE.name(), D::DTYPE.name());
    bench.row(&name, (size_of::<S>() + size_of::<D>()) * n, |serial| convert(serial, black_box(&x), black_box(&mut y)));
}

fn checks(bench: &mut Bench, n: usize) {
    let (x, i) = (numbers(n), indices(n, n));
    bench.row("first not finite", 4 * n, |_| {
        black_box(first_non_finite(black_box(&x)));
    });
    bench.row("check of indices", 4 * n, |_| check_indices(black_box(&i), n).expect("indices below the limit"));
}

fn extremes(bench: &mut Bench, n: usize) {
    let x = numbers(n);
    for cols in [COLS, FEW] {
        let mut y = vec![0; n / cols];
        let arg = ArgExtreme::new(n / cols, cols, Extreme::Max).expect("a shape");
        bench.row(&format!("argmax, rows of {cols}"), 4 * (n + n / cols), |serial| {
            arg.run(serial, black_box(&x), &mut y);
        });
    }
}

fn scans(bench: &mut Bench, n: usize) {
    // Products of these stay between 1/2 and 1.
    let (a, b) = ((0..n).map(|i| [0.5, 2.0][(i / COLS + i) % 2]).collect::<Vec<f32>>(), numbers(n));
    let mut y = vec![0.0f32; n];
    for (axis, shape) in [("rows", (n / COLS, COLS, 1)), ("columns", (1, n / COLS, COLS))] {
        for (name, join, x) in [("cumsum", Join::Sum, &b), ("cumprod", Join::Product, &a)] {
            let scan = Scan::new(shape, join, false, false).expect("a shape");
            bench.row(&format!("{name} along {axis}"), 8 * n, |serial| scan.run(serial, black_box(x), &mut y));
        }
        let recurrence = Recurrence::new(shape, false).expect("a shape");
        bench.row(&format!("recurrence along {axis}"), 12 * n, |serial| {
            recurrence.run(serial, black_box(&a), black_box(&b), &mut y);
        });
    }
}

fn rows(bench: &mut Bench, n: usize) {
    let (x, mut y) = (numbers(n), vec![0.0f32; n]);
    for width in [COLS, FEW, 1] {
        let count = n / width;
        let i = indices(count, count);
        let gather = GatherRows::new(1, count, width, count).expect("a shape");
        bench.row(&format!("gather, rows of {width}"), 8 * n + 4 * count, |serial| {
            gather.run(serial, black_box(&x), &i, &mut y).expect("indices of rows");
        });
        let scatter = ScatterRows::new(1, count, width, count).expect("a shape");
        bench.row(&format!("scatterAdd, rows of {width}"), 8 * n + 4 * count, |serial| {
            scatter.add(serial, black_box(&x), &i, &mut y).expect("indices of rows");
        });
        bench.row(&format!("scatterMax, rows of {width}"), 8 * n + 4 * count, |serial| {
            scatter.max(serial, black_box(&x), &i, &mut y).expect("indices of rows");
        });
    }
    let along = GatherAxis::new(n / COLS, COLS, 1, COLS).expect("a shape");
    let i = indices(n, COLS);
    bench.row("takeAlongAxis, rows of 256", 12 * n, |serial| {
        along.run(serial, black_box(&x), &i, &mut y).expect("indices of columns");
    });
    bench.row("scatterAddAlongAxis, rows of 256", 12 * n, |serial| {
        along.scatter_add(serial, black_box(&x), &i, &mut y).expect("indices of columns");
    });
    for depth in [COLS, FEW] {
        let one_hot = OneHot::new(n / depth, depth).expect("a shape");
        bench.row(&format!("oneHot of {depth}"), 4 * (n + n / depth), |serial| {
            one_hot.run(serial, black_box(&i[..n / depth]), (1.0, 0.0), &mut y);
        });
    }
}

fn transforms(bench: &mut Bench, n: usize) {
    let (rows, half) = (n / COLS, COLS / 2 + 1);
    let x = vec![0.5f32; rows * COLS];
    let [mut re, mut im] = [(); 2].map(|()| vec![0.5f32; rows * half]);
    let [mut u, mut v] = [(); 2].map(|()| vec![0.5f32; rows * COLS]);
    let (there, back) = (RealFourier::new(rows, COLS), InverseRealFourier::new(rows, COLS));
    let whole = Fourier::new(rows, COLS, false);
    let mut room = vec![0.0f64; there.room().max(back.room()).max(whole.room())];
    bench.row("real transform, rows of 256", 8 * n, |serial| {
        there.run(serial, black_box(&x), (&mut re, &mut im), &mut room);
    });
    let frames = Frames { signals: 1, samples: n, length: COLS, stride: COLS };
    let framed = ShortFourier::new(frames);
    let window = vec![0.5f32; COLS];
    room.resize(room.len().max(framed.room()), 0.0);
    bench.row("real transform of frames of 256", 8 * n, |serial| {
        framed.run(serial, (black_box(&x), &window), (&mut re, &mut im), &mut room);
    });
    bench.row("inverse real transform, rows of 256", 8 * n, |serial| {
        back.run(serial, (black_box(&re), black_box(&im)), &mut u, &mut room);
    });
    bench.row("complex transform, rows of 256", 16 * n, |serial| {
        whole.run(serial, (black_box(&x), black_box(&x)), (&mut u, &mut v), &mut room);
    });
}

fn sorts(bench: &mut Bench, n: usize) {
    let (x, rows) = (numbers(n), n / COLS);
    let (mut values, mut places) = (vec![0.0f32; n], vec![0; n]);
    let sort = Sort::new(rows, COLS, Direction::Ascending).expect("a shape");
    bench.row("sort, rows of 256", 12 * n, |threads| {
        sort.run(threads, black_box(&x), &mut values, &mut places, &mut []);
    });
    let sort = Sort::new(1, n, Direction::Ascending).expect("a shape");
    let mut room = vec![0; sort.workspace_len()];
    bench.row("sort, one row", 12 * n, |threads| {
        sort.run(threads, black_box(&x), &mut values, &mut places, &mut room);
    });
    let k = 8;
    let top = TopK::new(rows, COLS, k, Direction::Descending).expect("a shape");
    bench.row("top 8 of 256", 4 * n + 8 * k * rows, |serial| {
        top.run(serial, black_box(&x), &mut values[..k * rows], &mut places[..k * rows]);
    });
}

fn softmaxes(bench: &mut Bench, n: usize) {
    let (x, mut y) = (numbers(n), vec![0.0f32; n]);
    for cols in [COLS, FEW] {
        let softmax = |kind| Softmax::new(n / cols, cols, kind, Isa::detect()).expect("a shape");
        for (name, kind) in [("softmax", SoftmaxKind::Softmax), ("logSoftmax", SoftmaxKind::LogSoftmax)] {
            let softmax = softmax(kind);
            bench.row(&format!("{name}, rows of {cols}"), 8 * n, |serial| {
                softmax.run(serial, black_box(&x), &mut y, None)
            });
        }
    }
}

fn cross_entropies(bench: &mut Bench, n: usize) {
    let (x, mut t) = (numbers(n), vec![0.0f32; n]);
    for cols in [COLS, FEW] {
        let rows = n / cols;
        t.fill(1.0 / cols as f32);
        let (labels, mut loss) = (indices(rows, cols), vec![0.0f32; rows]);
        let entropy = SoftmaxCrossEntropy::new(rows, cols, bench.isa).expect("a shape");
        let of = format!("rows of {cols}");
        bench.row(&format!("crossEntropy, {of}"), 4 * (2 * n + rows), |serial| {
            entropy.loss(serial, black_box(&x), &t, &mut loss);
        });
        bench.row(&format!("crossEntropy of labels, {of}"), 4 * (n + 2 * rows), |serial| {
            entropy.sparse_loss(serial, black_box(&x), &labels, &mut loss).expect("labels of classes");
        });
    }
    let isa = bench.isa;
    let mut loss = vec![0.0f32; n];
    bench.row("sigmoidCrossEntropy", 12 * n, |serial| {
        sigmoid_cross_entropy(isa, serial, black_box(&x), &t, &mut loss);
    });
}

fn main() {
    let only = std::env::args().nth(1).filter(|a| !a.starts_with('-')).unwrap_or_default();
    let mut bench = Bench { only, rows: Vec::new(), serial: Threads::serial(), isa: Isa::detect() };
    for n in SIZES {
        fills(&mut bench, n);
        copies(&mut bench, n);
        conversion::<f32, f64>(&mut bench, n);
        conversion::<f64, f32>(&mut bench, n);
        conversion::<f32, i32>(&mut bench, n);
        conversion::<i32, f32>(&mut bench, n);
        conversion::<f32, u8>(&mut bench, n);
        conversion::<u8, f32>(&mut bench, n);
        checks(&mut bench, n);
        extremes(&mut bench, n);
        scans(&mut bench, n);
        rows(&mut bench, n);
        sorts(&mut bench, n);
        transforms(&mut bench, n);
        softmaxes(&mut bench, n);
        cross_entropies(&mut bench, n);
    }
    bench.print();
}
