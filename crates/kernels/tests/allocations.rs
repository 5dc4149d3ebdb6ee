//! Running a kernel allocates nothing, on one thread or several, on every instruction set. One test alone in its process, so that nobody else's
//! allocations are counted.

#[path = "support/counting.rs"]
mod counting;

use counting::{allocations, meet};
use ferrograd_kernels::arg::{ArgExtreme, Extreme};
use ferrograd_kernels::convert::convert;
use ferrograd_kernels::copy::{self, StridedCopy};
use ferrograd_kernels::cross_entropy::{self, SoftmaxCrossEntropy};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::random::{Dropout, Key, Normal, TruncatedNormal, Uniform, fill, permute};
use ferrograd_kernels::rows::{GatherAxis, GatherRows, OneHot, ScatterRows};
use ferrograd_kernels::scan::{Join, Scan};
use ferrograd_kernels::softmax::{Softmax, SoftmaxKind};
use ferrograd_kernels::sort::{Direction, Sort, TopK};
use ferrograd_kernels::threads::{FlushDenormals, Threads};

const ROWS: usize = 3000;
const COLS: usize = 40;
const N: usize = ROWS * COLS;

struct Buffers {
    x: Vec<f32>,
    y: Vec<f32>,
    rows: Vec<f32>,
    indices: Vec<i32>,
    places: Vec<i32>,
    order: Vec<u32>,
}

/// Everything that plans, made before anything is counted.
struct Kernels {
    transpose: StridedCopy,
    softmax: [Softmax; 2],
    entropy: SoftmaxCrossEntropy,
    gather: GatherRows,
    scatter: ScatterRows,
    axis: GatherAxis,
    hot: OneHot,
    scan: Scan,
    sort: Sort,
    top: TopK,
    arg: ArgExtreme,
    dropout: Dropout,
}

fn kernels(isa: Isa) -> Result<Kernels, String> {
    Ok(Kernels {
        transpose: StridedCopy::transpose(&[ROWS, COLS], &[1, 0])?,
        softmax: [
            Softmax::new(ROWS, COLS, SoftmaxKind::Softmax, isa)?,
            Softmax::new(ROWS * COLS / 10, 10, SoftmaxKind::LogSoftmax, isa)?,
        ],
        entropy: SoftmaxCrossEntropy::new(ROWS, COLS, isa)?,
        gather: GatherRows::new(1, ROWS, COLS, ROWS)?,
        scatter: ScatterRows::new(1, ROWS, COLS, ROWS)?,
        axis: GatherAxis::new(1, ROWS, 1, ROWS)?,
        hot: OneHot::new(ROWS, COLS)?,
        scan: Scan::new((1, ROWS, COLS), Join::Sum, false, false)?,
        sort: Sort::new(ROWS, COLS, Direction::Descending)?,
        top: TopK::new(ROWS, COLS, 5, Direction::Descending)?,
        arg: ArgExtreme::new(ROWS, COLS, Extreme::Max)?,
        dropout: Dropout::new(0.8)?,
    })
}

fn run_all(isa: Isa, threads: &Threads, k: &Kernels, b: &mut Buffers) {
    let key = Key { seed: 1, stream: 2, step: 3 };
    let _flush = FlushDenormals::new();
    fill(&Uniform, &key, 0, isa, threads, &mut b.y);
    fill(&TruncatedNormal, &key, 0, isa, threads, &mut b.y);
    fill(&k.dropout, &key, 0, isa, threads, &mut b.y);
    fill(&Normal, &key, 0, isa, threads, &mut b.x);
    permute(1, 2, &mut b.order);
    k.transpose.run(threads, &b.x, &mut b.y);
    copy::fill(threads, 1.0, &mut b.y);
    copy::iota(threads, 1.0, 2.0, &mut b.y);
    for softmax in k.softmax {
        softmax.run(threads, &b.x, &mut b.y, None);
    }
    k.entropy.loss(threads, &b.x, &b.x, &mut b.rows);
    k.entropy.sparse_loss(threads, &b.x, &b.indices, &mut b.rows).expect("indices below the classes");
    cross_entropy::sigmoid_cross_entropy(isa, threads, &b.x, &b.x, &mut b.y);
    k.gather.run(threads, &b.x, &b.indices, &mut b.y).expect("indices of rows");
    k.scatter.add(threads, &b.x, &b.indices, &mut b.y).expect("indices of rows");
    k.scatter.max(threads, &b.x, &b.indices, &mut b.y).expect("indices of rows");
    k.axis.run(threads, &b.x[..ROWS], &b.indices, &mut b.rows).expect("indices of rows");
    k.hot.run(threads, &b.indices, (1.0, 0.0), &mut b.y);
    k.scan.run(threads, &b.x, &mut b.y);
    k.arg.run(threads, &b.x, &mut b.places[..ROWS]);
    k.top.run(threads, &b.x, &mut b.y[..ROWS * 5], &mut b.places[..ROWS * 5]);
    k.sort.run(threads, &b.x, &mut b.y, &mut b.places, &mut []);
    convert(threads, &b.x, &mut b.places);
}

#[test]
fn running_allocates_nothing() {
    let indices = (0..ROWS).map(|i| (i * 7 % COLS) as i32).collect();
    let (x, y, rows, places) = (vec![0.0; N], vec![0.0; N], vec![0.0; ROWS], vec![0; N]);
    let mut buffers = Buffers { x, y, rows, indices, places, order: vec![0; ROWS] };
    for isa in Isa::available() {
        let kernels = kernels(isa).expect("valid shapes");
        for count in [1, 2, 4] {
            let threads = Threads::new(count);
            // Once for what the system sets up on first use.
            meet(&threads);
            run_all(isa, &threads, &kernels, &mut buffers);
            let before = allocations();
            for _ in 0..20 {
                run_all(isa, &threads, &kernels, &mut buffers);
            }
            assert_eq!(allocations() - before, 0, "{isa:?}, {count} threads");
        }
    }
    drop(vec![0u8; 3]);
    assert!(allocations() > 10, "the counter counts");
}
