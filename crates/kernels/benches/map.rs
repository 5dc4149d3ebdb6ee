//! Elementwise programs against loops written by hand, in nanoseconds per element; the least of interleaved rounds.

use std::hint::black_box;

use ferrograd_kernels::element::DType::F32;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::map::{Axes, Binary, Expr, Layout, Map, MapInput, MapOutput, Reduce, Unary, ValueId};
use ferrograd_kernels::math;
use ferrograd_kernels::threads::Threads;
use race::race;

#[path = "support/race.rs"]
mod race;

fn contiguous(shape: &[usize]) -> MapInput {
    MapInput { dtype: F32, layout: Layout::contiguous(shape) }
}

fn scalar(shape: &[usize]) -> MapInput {
    MapInput { dtype: F32, layout: Layout::scalar(shape.len()) }
}

fn broadcast(from: &[usize], shape: &[usize]) -> MapInput {
    MapInput { dtype: F32, layout: Layout::broadcast(from, shape).expect("shapes that go together") }
}

/// `m ← m + (g − m)·(1 − β₁)`, `v ← v + (g² − v)·(1 − β₂)`, `w ← w − m·α/(√v + ε)`; inputs g, m, v, w, α.
fn adam(n: usize) -> Map<f32> {
    let mut e = Expr::new();
    let [g, m, v, w, rate] = [0, 1, 2, 3, 4].map(|i| e.input(i));
    let keep = |e: &mut Expr, old: ValueId, new: ValueId, part: f64| {
        let part = e.constant(part);
        let change = e.binary(Binary::Sub, new, old);
        let change = e.binary(Binary::Mul, change, part);
        e.binary(Binary::Add, old, change)
    };
    let m2 = keep(&mut e, m, g, 0.1);
    let square = e.unary(Unary::Square, g);
    let v2 = keep(&mut e, v, square, 0.001);
    let up = e.binary(Binary::Mul, m2, rate);
    optimizer(n, e, w, (m2, v2), (up, v2))
}

/// `m ← m·β₁ + g·(1 − β₁)`, `v ← v·β₂ + g²·(1 − β₂)`, `w ← w − η·(m/c)/(√(v/c) + ε)`, as a user may write it; inputs
/// g, m, v, w, and a number that stands for both η and c.
fn own_adam(n: usize) -> Map<f32> {
    let mut e = Expr::new();
    let [g, m, v, w, number] = [0, 1, 2, 3, 4].map(|i| e.input(i));
    let blend = |e: &mut Expr, old: ValueId, new: ValueId, part: f64| {
        let (keep, part) = (e.constant(1.0 - part), e.constant(part));
        let (old, new) = (e.binary(Binary::Mul, old, keep), e.binary(Binary::Mul, new, part));
        e.binary(Binary::Add, old, new)
    };
    let m2 = blend(&mut e, m, g, 0.1);
    let square = e.unary(Unary::Square, g);
    let v2 = blend(&mut e, v, square, 0.001);
    let [m_hat, v_hat] = [m2, v2].map(|x| e.binary(Binary::Div, x, number));
    let up = e.binary(Binary::Mul, number, m_hat);
    optimizer(n, e, w, (m2, v2), (up, v_hat))
}

/// The pass that stores `m`, `v` and `w − up/(√down + ε)`.
fn optimizer(
    n: usize,
    mut e: Expr,
    w: ValueId,
    (m, v): (ValueId, ValueId),
    (up, down): (ValueId, ValueId),
) -> Map<f32> {
    let root = e.unary(Unary::Sqrt, down);
    let epsilon = e.constant(1e-7);
    let down = e.binary(Binary::Add, root, epsilon);
    let step = e.binary(Binary::Div, up, down);
    let w2 = e.binary(Binary::Sub, w, step);
    let shape = [n];
    let mut inputs = vec![contiguous(&shape); 4];
    inputs.push(scalar(&shape));
    let outputs = [m, v, w2].map(|value| MapOutput::store(value, F32)).to_vec();
    Map::new(&shape, e, inputs, outputs, Isa::detect()).expect("compiles")
}

/// # Safety
/// Where this is x86-64, it has AVX-512.
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx512f,avx512vl,fma"))]
unsafe fn adam_by_hand(g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32], rate: f32) {
    for (((&g, m), v), w) in g.iter().zip(m).zip(v).zip(w) {
        *m = (g - *m).mul_add(0.1, *m);
        *v = g.mul_add(g, -*v).mul_add(0.001, *v);
        *w -= *m * rate / (v.sqrt() + 1e-7);
    }
}

/// A program with state of its own, run in place.
struct Optimizer {
    map: Map<f32>,
    g: Vec<f32>,
    state: [Vec<f32>; 3],
    workspace: Vec<u8>,
}

impl Optimizer {
    fn new(map: Map<f32>, n: usize) -> Optimizer {
        let workspace = vec![0; map.workspace_len()];
        Optimizer { map, g: gradient(n), state: [0.01, 0.0001, 0.5].map(|x| vec![x; n]), workspace }
    }

    fn step(&mut self) {
        let number = [1e-6f32];
        let outputs = self.state.each_mut().map(|x| x.as_mut_ptr().cast::<u8>());
        let [m, v, w] = outputs.map(<*mut u8>::cast_const);
        let inputs = [self.g.as_ptr().cast(), m, v, w, number.as_ptr().cast()];
        // Safety: all operands have as many elements as the program; the outputs are the memory of inputs 1 to 3, which
        // are contiguous.
        unsafe { self.map.run(&Threads::serial(), &inputs, &outputs, &mut self.workspace) };
    }
}

/// Numbers of either sign, none of them zero.
fn gradient(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 % 1000) as f32 - 499.5) * 1e-4).collect()
}

fn bench_adam(n: usize) {
    let (mut ours, mut own) = (Optimizer::new(adam(n), n), Optimizer::new(own_adam(n), n));
    let g = gradient(n);
    let [mut m, mut v, mut w] = [0.01f32, 0.0001, 0.5].map(|x| vec![x; n]);
    let mut hand = || {
        // Safety: the benchmark runs where AVX-512 is.
        unsafe {
            adam_by_hand(&g, &mut m, &mut v, &mut w, 1e-6);
        }
    };
    let times = race([&mut || ours.step(), &mut || own.step(), &mut hand]);
    let [ours, own, hand] = times.map(|time| time / n as f64);
    println!("adam {n:9}: {ours:.3} ns/element; a user's own {own:.3}; a loop by hand {hand:.3}");
}

/// Runs `e` over `shape` and prints its time.
fn bench(name: &str, shape: &[usize], e: Expr, inputs: Vec<MapInput>, outputs: Vec<MapOutput>) {
    let total: usize = shape.iter().product();
    let data: Vec<Vec<f32>> =
        inputs.iter().map(|_| (0..total).map(|i| (i % 97) as f32 * 0.02 - 1.0).collect()).collect();
    let mut results = vec![vec![0.0f32; total]; outputs.len()];
    let map = Map::<f32>::new(shape, e, inputs, outputs, Isa::detect()).expect("compiles");
    let from: Vec<*const u8> = data.iter().map(|d| d.as_ptr().cast()).collect();
    let to: Vec<*mut u8> = results.iter_mut().map(|d| d.as_mut_ptr().cast()).collect();
    let mut workspace = vec![0; map.workspace_len()];
    let serial = Threads::serial();
    // Safety: every operand has at least as many elements as the shape, and nothing overlaps.
    let mut run = || unsafe { map.run(&serial, black_box(&from), &to, &mut workspace) };
    let [time] = race([&mut run]);
    println!("{name:24} {shape:?}: {time:10.1} ns, {:.3} ns/element", time / total as f64);
}

fn bias_relu(shape: [usize; 2]) {
    let mut e = Expr::new();
    let (x, b) = (e.input(0), e.input(1));
    let y = e.binary(Binary::Add, x, b);
    let y = e.unary(Unary::Relu, y);
    let inputs = vec![contiguous(&shape), broadcast(&shape[1..], &shape)];
    bench("bias + relu", &shape, e, inputs, vec![MapOutput::store(y, F32)]);
}

/// `dz = z > 0 ? dy : 0`, `db = Σ rows dz`.
fn relu_backward(shape: [usize; 2]) {
    let mut e = Expr::new();
    let (z, dy) = (e.input(0), e.input(1));
    let zero = e.constant(0.0);
    let mask = e.binary(Binary::Gt, z, zero);
    let dz = e.select(mask, dy, zero);
    let outputs = vec![MapOutput::store(dz, F32), MapOutput::reduce(dz, F32, Reduce::Sum, Axes::Leading(1))];
    bench("relu backward + db", &shape, e, vec![contiguous(&shape); 2], outputs);
}

fn reduction(name: &str, shape: [usize; 2], axes: Axes) {
    let mut e = Expr::new();
    let x = e.input(0);
    bench(name, &shape, e, vec![contiguous(&shape)], vec![MapOutput::reduce(x, F32, Reduce::Sum, axes)]);
}

/// `(x − mean)·scale` with both one number per row.
fn normalise(shape: [usize; 2]) {
    let mut e = Expr::new();
    let [x, mean, scale] = [0, 1, 2].map(|i| e.input(i));
    let y = e.binary(Binary::Sub, x, mean);
    let y = e.binary(Binary::Mul, y, scale);
    let column = broadcast(&[shape[0], 1], &shape);
    let inputs = vec![contiguous(&shape), column.clone(), column];
    bench("normalise rows", &shape, e, inputs, vec![MapOutput::store(y, F32)]);
}

fn tiny() {
    let shape = [4, 3];
    let mut e = Expr::new();
    let [a, b] = [0, 1].map(|i| e.input(i));
    let y = e.binary(Binary::Max, a, b);
    let y = e.binary(Binary::Div, y, b);
    let y = e.unary(Unary::Abs, y);
    bench("three instructions", &shape, e, vec![contiguous(&shape); 2], vec![MapOutput::store(y, F32)]);
}

fn functions() {
    let n = 4096;
    type Slice = fn(Isa, &mut [f32]);
    let all: [(&str, Slice); 11] = [
        ("exp", math::exp),
        ("expm1", math::expm1),
        ("log", math::log),
        ("log1p", math::log1p),
        ("sin", math::sin),
        ("tanh", math::tanh),
        ("sigmoid", math::sigmoid),
        ("erf", math::erf),
        ("softplus", math::softplus),
        ("sqrt", math::sqrt),
        ("rsqrt", math::rsqrt),
    ];
    let source: Vec<f32> = (0..n).map(|i| 0.01 + i as f32 * 0.001).collect();
    for (name, function) in all {
        print!("{name:10}");
        for isa in Isa::available() {
            let mut x = source.clone();
            let mut run = || {
                x.copy_from_slice(&source);
                function(isa, &mut x);
            };
            let [time] = race([&mut run]);
            print!("  {isa:?} {:.3}", time / n as f64);
        }
        println!("  ns/element");
    }
}

fn main() {
    let only = std::env::args().nth(1).filter(|a| !a.starts_with('-')).unwrap_or_default();
    let on = |name: &str| name.contains(&only);
    if on("tiny") {
        tiny();
        bench_adam(13);
    }
    if on("adam") {
        [1_000, 10_000, 100_000, 1_000_000, 10_000_000].into_iter().for_each(bench_adam);
    }
    if on("rows") {
        [[32, 10], [128, 512], [256, 100]].into_iter().for_each(bias_relu);
        [[32, 10], [128, 512], [256, 100]].into_iter().for_each(relu_backward);
        [[32, 10], [128, 512]].into_iter().for_each(normalise);
        for shape in [[32, 10], [128, 512], [1000, 1000]] {
            reduction("sum of rows", shape, Axes::Trailing(1));
            reduction("sum of columns", shape, Axes::Leading(1));
            reduction("sum of all", shape, Axes::All);
        }
    }
    if on("functions") {
        functions();
    }
}
