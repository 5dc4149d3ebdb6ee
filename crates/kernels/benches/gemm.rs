//! Matrix products, from the ones of a 2-3-1 net to 1024³, on one thread and two, with the epilogue of a layer.
//!
//! The counter is of multiply-adds: 1 Gitem/s is 2 GF/s.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use ferrograd_kernels::element::Float;
use ferrograd_kernels::gemm::{
    Activation, BatchAxis, BatchedGemm, EpilogueSpec, Gemm, GemmShape, Operand, PackedGemm, RowsGemm, WindowAxis,
    Windows, WindowsGemm, WindowsTransposed,
};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;

fn main() {
    divan::main();
}

/// Rows, columns, depth, and whether `a` and `b` are stored transposed.
type Case = (usize, usize, usize, bool, bool);

const SMALL: [Case; 6] = [
    (4, 3, 2, false, false),
    (4, 2, 3, false, false),
    (3, 2, 4, true, false),
    (32, 10, 784, false, false),
    (784, 10, 32, true, false),
    (32, 784, 10, false, true),
];
const MEDIUM: [Case; 5] = [
    (32, 128, 784, false, false),
    (784, 128, 32, true, false),
    (128, 512, 512, false, false),
    (512, 512, 128, true, false),
    (128, 512, 512, false, true),
];
const LARGE: [Case; 4] = [
    (512, 512, 512, false, false),
    (1024, 1024, 1024, false, false),
    (256, 1024, 4096, false, false),
    (1, 1024, 1024, false, false),
];

fn shape((rows, cols, depth, a_transposed, b_transposed): Case) -> GemmShape {
    let operand = |rows, cols, transposed: bool| {
        if transposed { Operand::row_major(rows).transposed() } else { Operand::row_major(cols) }
    };
    let (a, b) = (operand(rows, depth, a_transposed), operand(depth, cols, b_transposed));
    GemmShape { rows, cols, depth, a, b, c_row_stride: cols }
}

fn numbers<T: Float>(len: usize) -> Vec<T> {
    (0..len).map(|i| T::from_f64((i % 17) as f64 - 8.0)).collect()
}

fn product<T: Float>(bencher: Bencher, case: Case, isa: Isa, threads: usize, activation: Activation) {
    let shape = shape(case);
    let epilogue = EpilogueSpec { bias: true, activation, ..EpilogueSpec::default() };
    let gemm = Gemm::<T>::new(shape, epilogue, isa).expect("row-major shapes are valid");
    let (a, b, bias) = (numbers(shape.rows * shape.depth), numbers(shape.depth * shape.cols), numbers(shape.cols));
    let (mut c, mut workspace) = (numbers(shape.rows * shape.cols), numbers(gemm.workspace_len()));
    let threads = Threads::new(threads);
    bencher.counter(ItemsCount::new(shape.rows * shape.cols * shape.depth)).bench_local(|| {
        gemm.run(&threads, black_box(&a), black_box(&b), Some(&bias), black_box(&mut c), &mut workspace);
    });
}

#[divan::bench(args = SMALL)]
fn small(bencher: Bencher, case: Case) {
    product::<f32>(bencher, case, Isa::detect(), 1, Activation::None);
}

#[divan::bench(args = SMALL)]
fn small_sigmoid(bencher: Bencher, case: Case) {
    product::<f32>(bencher, case, Isa::detect(), 1, Activation::Sigmoid);
}

#[divan::bench(args = MEDIUM, consts = [1, 2])]
fn medium<const THREADS: usize>(bencher: Bencher, case: Case) {
    product::<f32>(bencher, case, Isa::detect(), THREADS, Activation::Relu);
}

#[divan::bench(args = LARGE, consts = [1, 2])]
fn large<const THREADS: usize>(bencher: Bencher, case: Case) {
    product::<f32>(bencher, case, Isa::detect(), THREADS, Activation::None);
}

/// Products whose right side is packed already, of those that pack it.
const PACKED: [Case; 3] =
    [(128, 512, 512, false, false), (512, 512, 512, false, false), (256, 1024, 4096, false, false)];

fn packed_product(case: Case) -> (GemmShape, PackedGemm<f32>) {
    let shape = shape(case);
    let gemm = PackedGemm::<f32>::new(shape, EpilogueSpec::default(), Isa::detect()).expect("a valid shape");
    (shape, gemm.expect("a shape whose right side is packed"))
}

#[divan::bench(args = PACKED, consts = [1, 2])]
fn packed<const THREADS: usize>(bencher: Bencher, case: Case) {
    let (shape, gemm) = packed_product(case);
    let (a, b) = (numbers(shape.rows * shape.depth), numbers(shape.depth * shape.cols));
    let (mut right, mut workspace) = (numbers(gemm.packed_len()), numbers(gemm.workspace_len()));
    let (mut c, threads) = (numbers(shape.rows * shape.cols), Threads::new(THREADS));
    gemm.pack(&threads, &b, &mut right);
    bencher.counter(ItemsCount::new(shape.rows * shape.cols * shape.depth)).bench_local(|| {
        gemm.run(&threads, black_box(&a), black_box(&right), None, black_box(&mut c), &mut workspace);
    });
}

#[divan::bench(args = PACKED)]
fn packing(bencher: Bencher, case: Case) {
    let (shape, gemm) = packed_product(case);
    let (b, mut right) = (numbers(shape.depth * shape.cols), numbers(gemm.packed_len()));
    let threads = Threads::serial();
    bencher.counter(ItemsCount::new(b.len())).bench_local(|| gemm.pack(&threads, black_box(&b), black_box(&mut right)));
}

/// Windows of 3×3 of 32 pictures of 28×28×32, for 64 filters.
const FILTERS: usize = 64;

fn windows() -> (Windows, [usize; 3]) {
    let axis = WindowAxis { size: 28, out: 28, kernel: 3, stride: 1, step: 1, offset: -1 };
    let windows = Windows { images: 32, axes: [WindowAxis::NONE, axis, axis], channels: 32, pixel: 32 };
    let (rows, depth) = (windows.rows().expect("few"), windows.cols().expect("few"));
    (windows, [windows.extent().expect("few"), rows, depth])
}

#[divan::bench(consts = [1, 2])]
fn windows_by_filters<const THREADS: usize>(bencher: Bencher) {
    let (windows, [len, rows, depth]) = windows();
    let lie = (Operand::row_major(FILTERS), FILTERS);
    let gemm = WindowsGemm::<f32>::new(windows, FILTERS, lie, EpilogueSpec::default(), Isa::detect()).expect("valid");
    let (x, b, mut c) = (numbers(len), numbers(depth * FILTERS), numbers(rows * FILTERS));
    let (mut workspace, threads) = (numbers(gemm.workspace_len()), Threads::new(THREADS));
    bencher.counter(ItemsCount::new(rows * depth * FILTERS)).bench_local(|| {
        gemm.run(&threads, black_box(&x), black_box(&b), None, black_box(&mut c), &mut workspace);
    });
}

#[divan::bench(consts = [1, 2])]
fn windows_turned<const THREADS: usize>(bencher: Bencher) {
    let (windows, [len, rows, depth]) = windows();
    let gemm = WindowsTransposed::<f32>::new(windows, FILTERS, (FILTERS, FILTERS), Isa::detect()).expect("valid");
    let (x, b, mut c) = (numbers(len), numbers(rows * FILTERS), numbers(depth * FILTERS));
    let (mut workspace, threads) = (numbers(gemm.workspace_len()), Threads::new(THREADS));
    bencher.counter(ItemsCount::new(rows * depth * FILTERS)).bench_local(|| {
        gemm.run(&threads, black_box(&x), black_box(&b), black_box(&mut c), &mut workspace);
    });
}

/// The products that lead back through layers of 128, 512 and 256, in blocks of whole rows.
const BACKWARD: [Case; 3] = [(32, 128, 10, false, true), (128, 512, 512, false, true), (1024, 256, 128, false, true)];

#[divan::bench(args = BACKWARD, consts = [1, 2])]
fn by_rows<const THREADS: usize>(bencher: Bencher, case: Case) {
    let shape = shape(case);
    let gemm = RowsGemm::<f32>::new(shape, EpilogueSpec::default(), Isa::detect()).expect("row-major shapes are valid");
    let gemm = gemm.expect("products of register tiles");
    let (a, b) = (numbers(shape.rows * shape.depth), numbers(shape.depth * shape.cols));
    let mut c = numbers(shape.rows * shape.cols);
    let (mut workspace, threads) = (numbers(gemm.workspace_len()), Threads::new(THREADS));
    bencher.counter(ItemsCount::new(shape.rows * shape.cols * shape.depth)).bench_local(|| {
        let end = |block: &mut [f32]| _ = black_box(block);
        gemm.run(&threads, (black_box(&a), black_box(&b), None), black_box(&mut c), &mut workspace, &end);
    });
}

#[divan::bench(args = Isa::available())]
fn f32_512(bencher: Bencher, isa: Isa) {
    product::<f32>(bencher, (512, 512, 512, false, false), isa, 1, Activation::None);
}

#[divan::bench(args = Isa::available())]
fn f64_512(bencher: Bencher, isa: Isa) {
    product::<f64>(bencher, (512, 512, 512, false, false), isa, 1, Activation::None);
}

#[divan::bench]
fn attention_scores_64_heads(bencher: Bencher) {
    let (heads, tokens, width) = (64, 64, 32);
    let shape = shape((tokens, tokens, width, false, true));
    let axis = BatchAxis { size: heads, a: tokens * width, b: tokens * width, c: tokens * tokens };
    let gemm = BatchedGemm::<f32>::new(&[axis], shape, EpilogueSpec::default(), Isa::detect());
    let gemm = gemm.expect("row-major shapes are valid");
    let (a, b) = (numbers(heads * axis.a), numbers(heads * axis.b));
    let (mut c, mut workspace) = (numbers(heads * axis.c), numbers(gemm.workspace_len()));
    bencher.counter(ItemsCount::new(heads * tokens * tokens * width)).bench_local(|| {
        gemm.run(&Threads::serial(), black_box(&a), black_box(&b), None, black_box(&mut c), &mut workspace);
    });
}
